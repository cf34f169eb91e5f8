"""Who may use the control socket, as whom, and what is recorded of it."""

import contextlib
import grp
import hashlib
import json
import os
import pwd
import signal
import subprocess

import pytest

from pumpline import BUILD, SECRET, until

NOBODY = 65534


ME = pwd.getpwuid(os.geteuid()).pw_name


def audit(daemon, query=""):
    reply = daemon.call("GET", f"/audit{query}")
    assert reply.status == 200, reply.text
    return reply.json["entries"]


def done(daemon, query=""):
    """What was done, the oldest first."""
    return [(one["what"], one["status"], one["code"]) for one in reversed(audit(daemon, query))]


def open_folders(daemon):
    """Lets other users reach the socket's folder."""
    for folder in [daemon.folder, *daemon.folder.parents]:
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)


@contextlib.contextmanager
def user_in_group():
    """A real user whose supplementary group is another real one."""
    user, group = f"pltest{os.getpid()}", f"plgroup{os.getpid()}"
    subprocess.run(["groupadd", group], check=True)
    try:
        subprocess.run(["useradd", "--no-create-home", "--user-group", "--groups", group, user], check=True)
        yield user, group
    finally:
        subprocess.run(["userdel", user], check=False, capture_output=True)
        subprocess.run(["groupdel", group], check=False)


def curl(daemon, user, groups, *more):
    """A call as that user; groups: --init-groups or --clear-groups."""
    done = subprocess.run(["setpriv", f"--reuid={user}", f"--regid={user}", groups, "curl", "-s", "--unix-socket",
                           str(daemon.socket), *more], capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make users")
def test_a_supplementary_group_counts(daemon):
    with user_in_group() as (user, group):
        daemon.write_config(control_group=group)
        daemon.add_file()
        daemon.start()
        open_folders(daemon)
        _, health = curl(daemon, user, "--init-groups", "http://pumpline/health")
        assert health["summary"]["total"] == 1
        curl(daemon, user, "--init-groups", "-X", "PUT", "http://pumpline/workshops/bennys-auto/stop_worker")
        assert audit(daemon)[0]["by"] == {"who": user, "via": "socket"}
        assert (daemon.folder / "state" / "audit.jsonl").stat().st_gid == grp.getgrnam(group).gr_gid
        daemon.socket.chmod(0o666)  # without the group, the kernel would not even connect
        _, refused = curl(daemon, user, "--clear-groups", "http://pumpline/health")
        assert refused["status"] == 403


def test_an_invalid_author_is_refused(daemon):
    daemon.add_file()
    daemon.start()
    for name in ("", "x" * 129, "caf\xe9"):  # the last one is Latin-1 on the wire
        reply = daemon.call("PUT", "/workshops/bennys-auto/stop_worker", headers={"Pumpline-By": name})
        assert (reply.status, reply.json["fields"]) == (400, ["Pumpline-By"]), name
    assert daemon.integration()["worker"] == "running"


def test_each_change_is_recorded(daemon):
    bennys = daemon.add_file()
    daemon.start()
    daemon.call("PUT", "/workshops/bennys-auto/stop_worker", headers={"Pumpline-By": "Ann Müller".encode()})
    bennys.place("a1")
    daemon.call("GET", "/workshops/bennys-auto/queue")
    daemon.call("PUT", "/workshops/Bennys%20Auto/clear_queue")
    daemon.call("PUT", "/workshops/bennys-auto/orders/a1/retry", {"worksheet": "559"})
    daemon.call("PUT", "/workshops/bennys-auto/orders/none/retry")
    daemon.call("PUT", "/workshops/nobodys/stop")
    stored = json.loads((daemon.folder / "workshops.d" / "bennys-auto.json").read_text())
    secret = {**stored, "credentials": {"username": "bot", "password": SECRET}}
    assert daemon.call("PUT", "/workshops/bennys-auto?dry_run=true", secret).status == 200
    assert daemon.call("POST", "/seal", {"workshop": "bennys-auto", "password": SECRET}).status == 200
    assert daemon.call("PUT", "/workshops/bennys-auto/nothing").status == 404
    assert daemon.call("PUT", "/workshops/bennys-auto", secret).status == 200
    assert daemon.call("DELETE", "/workshops/bennys-auto").status == 409
    assert daemon.call("PUT", "/reload").status == 200
    assert daemon.call("DELETE", "/workshops/bennys-auto?force=true").status == 200
    assert done(daemon) == [
        ("PUT /workshops/bennys-auto/stop_worker", 200, None),
        ("PUT /workshops/Bennys%20Auto/clear_queue", 200, None),
        ("PUT /workshops/bennys-auto/orders/a1/retry", 200, None),
        ("PUT /workshops/bennys-auto/orders/none/retry", 404, "unknown_order"),
        ("PUT /workshops/nobodys/stop", 404, "unknown_workshop"),
        ("PUT /workshops/bennys-auto", 200, None),
        ("DELETE /workshops/bennys-auto", 409, "orders_waiting"),
        ("PUT /reload", 200, None),
        ("DELETE /workshops/bennys-auto?force=true", 200, None)]
    first, cleared, *_ = reversed(audit(daemon))
    assert (first["by"], first["from"], first["user"], first["address"]) == ({"who": "Ann Müller", "via": "console"}, "console", ME, None)
    assert (cleared["by"], cleared["from"], cleared["user"]) == ({"who": ME, "via": "socket"}, "socket", ME)
    assert {(one["workshop"], one["slug"]) for one in audit(daemon, "?workshop=bennys-auto")} == {("Bennys Auto", "bennys-auto")}
    assert len(done(daemon, "?workshop=Bennys+Auto")) == 7
    assert [one["what"] for one in audit(daemon, "?by=Ann%20M%C3%BCller")] == ["PUT /workshops/bennys-auto/stop_worker"]
    assert done(daemon, f"?to={first['at']}&limit=1") == done(daemon)[:1]
    reply = daemon.call("GET", "/audit?who=ann")
    assert (reply.status, reply.json["code"], reply.json["fields"]) == (400, "unknown_parameter", ["who"])
    file = (daemon.folder / "state" / "audit.jsonl").read_text()
    assert SECRET not in file
    with_jq = subprocess.run(["jq", "-r", "select(.status >= 400) | .code"], input=file, capture_output=True, text=True, check=True)
    assert with_jq.stdout.split() == ["unknown_order", "unknown_workshop", "orders_waiting"]


def test_changes_on_the_port_are_recorded(daemon):
    token = "t" * 43
    tokens = [{"scope": scope, "name": name, "hash": hashlib.blake2b(secret.encode(), digest_size=32).hexdigest()}
              for scope, name, secret in (("manage", "gui", token), ("order", "oilmat", "o" * 43))]
    bennys = daemon.add_file(api_tokens=tokens)
    carls = daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()

    def put(target, given):
        return bennys.call("PUT", target, headers={"Authorization": f"Bearer {given}"}).status

    assert put("/stop_worker", token) == 200
    assert put("/stop_worker", "o" * 43) == 403 and put("/stop_worker", "wrong") == 401  # no one could change anything
    assert put("/orders/none/retry", token) == 404
    assert carls.put("/start_worker").status == 200
    assert put("/kill", token) == 200
    until(lambda: len(audit(daemon)) == 4, "all are recorded")
    assert sorted(done(daemon)) == sorted([("PUT /stop_worker", 200, None), ("PUT /orders/none/retry", 404, "unknown_order"),
                                           ("PUT /start_worker", 200, None), ("PUT /kill", 200, None)])
    for one in audit(daemon, "?workshop=bennys-auto"):
        assert (one["by"], one["from"], one["user"], one["address"]) == ({"who": "gui", "via": "token"}, "port", None, "127.0.0.1")
    assert audit(daemon, "?workshop=carls-cars")[0]["by"] == {"who": "anonymous", "via": "token"}
    assert token not in (daemon.folder / "state" / "audit.jsonl").read_text()


def test_the_trail_outlives_the_daemon_and_follows_logrotate(daemon):
    daemon.add_file()
    daemon.start()
    file = daemon.folder / "state" / "audit.jsonl"
    daemon.call("PUT", "/workshops/bennys-auto/stop_worker")
    daemon.kill()
    daemon.start()
    daemon.call("PUT", "/workshops/bennys-auto/start_worker")
    file.rename(file.with_suffix(".jsonl.1"))
    daemon.process.send_signal(signal.SIGHUP)
    until(file.exists, "it is opened again")
    daemon.call("PUT", "/workshops/bennys-auto/stop_worker")
    assert [what for what, _, _ in done(daemon)] == [f"PUT /workshops/bennys-auto/{what}_worker" for what in ("stop", "start", "stop")]
    assert len(file.read_text().splitlines()) == 1


def test_pumplinectl_shows_it(daemon):
    daemon.add_file()
    daemon.start()

    def ctl(*words):
        return subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, *words], capture_output=True, text=True, check=True).stdout

    assert ctl("audit") == "no changes found\n"
    daemon.call("PUT", "/workshops/bennys-auto/stop_worker", headers={"Pumpline-By": "ann"})
    daemon.call("PUT", "/workshops/nobodys/stop")
    shown = ctl("audit")
    assert "console as " + ME in shown and "404 unknown_workshop" in shown
    assert ctl("audit", "bennys-auto", "--by", "ann").count("PUT /workshops/bennys-auto/stop_worker") == 1
    assert len(json.loads(ctl("audit", "--json", "--limit", "1"))["entries"]) == 1
