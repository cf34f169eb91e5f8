"""pumplinectl's management commands against a real daemon."""

import hashlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from pumpline import BUILD, DEADLINE_S, SECRET, Workshop, free_port, until

SHOP = "Bennys Auto"


def run(daemon, *args, stdin="", **more):
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PUMPLINE_SOCKET": str(daemon.socket)}
    return subprocess.run([BUILD / "pumplinectl", *map(str, args)], env=env, input=stdin, capture_output=True,
                          encoding="utf-8", timeout=120, **more)


def ok(daemon, *args, stdin=""):
    done = run(daemon, *args, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def document(daemon, **more):
    lines = daemon.folder / "lines"
    lines.mkdir(exist_ok=True)
    return {"workshop": SHOP, "listen": f"127.0.0.1:{free_port()}",
            "erp": {"system": "file", "folder": str(lines), "format": "json"}, **more}


def stored(daemon, slug="bennys-auto"):
    return json.loads((daemon.folder / "workshops.d" / f"{slug}.json").read_text())


def api(one):
    return Workshop(SHOP, int(one["listen"].rsplit(":", 1)[1]))


def test_add_change_and_remove(daemon, tmp_path):
    daemon.start()
    one = document(daemon, credentials={"username": "bot", "password": SECRET})
    file = tmp_path / "bennys-auto.json"
    file.write_text(json.dumps(one))
    assert ok(daemon, "add", file) == f"{SHOP}: created as bennys-auto; process running\n"
    assert SECRET not in (daemon.folder / "workshops.d" / "bennys-auto.json").read_text()
    workshop = api(one)
    workshop.place("a1")
    workshop.wait("a1", "created")
    assert ok(daemon, "add", SHOP, "-", stdin=json.dumps({**one, "retention_days": 7})) == (
        f"{SHOP} (bennys-auto): changed; process running\n")
    assert stored(daemon)["retention_days"] == 7
    shown = ok(daemon, "show", SHOP)
    assert json.loads(shown)["retention_days"] == 7 and SECRET not in shown and "sealed" in shown
    said = ok(daemon, "remove", SHOP)
    kept = re.fullmatch(rf"{SHOP}: removed\nits queue is kept in (.*)\n", said).group(1)
    assert os.path.isdir(kept)
    assert run(daemon, "show", SHOP).returncode == 1


def test_a_new_name_gives_the_slug(daemon):
    daemon.start()
    assert ok(daemon, "add", "-", stdin=json.dumps(document(daemon))).startswith(f"{SHOP}: created as bennys-auto;")
    assert stored(daemon)["workshop"] == SHOP


def test_what_was_shown_can_be_given_again(daemon):
    """The usual way to change something: show, edit, add."""
    daemon.start()
    ok(daemon, "add", "-", stdin=json.dumps(document(daemon, credentials={"username": "u", "password": SECRET})))
    before = stored(daemon)
    shown = json.loads(ok(daemon, "show", SHOP))
    ok(daemon, "add", SHOP, "-", stdin=json.dumps({**shown, "stop_timeout_s": 9}))
    assert stored(daemon) == {**before, "stop_timeout_s": 9}


def test_every_fault_is_named_and_nothing_is_changed(daemon):
    daemon.start()
    one = document(daemon, retention_days=0)
    one["erp"]["folder"] = "relative"
    done = run(daemon, "add", "bennys-auto", "-", stdin=json.dumps(one))
    assert (done.returncode, done.stdout) == (1, "")
    for pointer in ("/erp/folder", "/retention_days"):
        assert re.search(rf"^pumplinectl:   \S*bennys-auto\S* {pointer}: .+$", done.stderr, re.M), done.stderr
    assert list((daemon.folder / "workshops.d").iterdir()) == []
    refusal = json.loads(run(daemon, "add", "bennys-auto", "-", "--json", stdin=json.dumps(one)).stdout)
    assert {fault["pointer"] for fault in refusal["faults"]} == {"/erp/folder", "/retention_days"}


def test_remove_with_orders_waiting_needs_force(daemon):
    workshop = daemon.add_file()
    daemon.start()
    ok(daemon, "stop-worker", SHOP)
    workshop.place("a1")
    done = run(daemon, "remove", SHOP)
    assert done.returncode == 1 and "orders_waiting" in done.stderr
    assert f"pumplinectl remove '{SHOP}' --force" in done.stderr and "?force" not in done.stderr
    assert ok(daemon, "remove", SHOP, "--force").startswith(f"{SHOP}: removed\n1 order still in its queue\nits queue is kept in ")


def test_activate_and_deactivate(daemon):
    workshop = daemon.add_file()
    daemon.start()
    assert ok(daemon, "activate", SHOP).startswith(f"{SHOP}: was already active; process running")
    assert ok(daemon, "deactivate", SHOP).startswith(f"{SHOP}: deactivated; process stopped")
    for command in ("start", "restart", "queue", "errors"):
        assert "pumplinectl activate bennys-auto" in run(daemon, command, SHOP).stderr
    assert ok(daemon, "deactivate", SHOP).startswith(f"{SHOP}: was not active")
    assert stored(daemon)["active"] is False and not workshop.up()
    assert ok(daemon, "activate", SHOP).startswith(f"{SHOP}: activated; process running")
    assert workshop.up()


# ---- tokens ----

def test_a_token_opens_the_port_until_it_is_revoked(daemon):
    workshop = daemon.add_file()
    daemon.start()

    def status(token):
        return workshop.call("GET", "/queue", headers={"Authorization": f"Bearer {token}"}).status

    assert ok(daemon, "token", "list", SHOP) == f"{SHOP}: no tokens\n"
    said = ok(daemon, "token", "add", SHOP, "--scope", "order", "--name", "oil mat")
    token = said.splitlines()[1]
    files = b"".join(path.read_bytes() for path in daemon.folder.rglob("*") if path.is_file())
    assert token.encode() not in files
    assert hashlib.blake2b(token.encode(), digest_size=32).hexdigest().encode() in files
    until(lambda: status(token) == 200, "the token is taken")
    assert workshop.call("GET", "/queue").status == 401
    other = json.loads(ok(daemon, "token", "add", SHOP, "--scope", "manage", "--json"))
    listed = [line.split() for line in ok(daemon, "token", "list", SHOP).splitlines()]
    assert listed[0] == ["NAME", "SCOPE", "LAST", "USED"] and listed[1][:3] == ["oil", "mat", "order"]
    assert listed[2] == [other["name"], "manage", "-"]
    assert "token_exists" in run(daemon, "token", "add", SHOP, "--scope", "order", "--name", "oil mat").stderr
    assert ok(daemon, "token", "revoke", SHOP, "oil mat") == f"{SHOP}: token oil mat revoked\n"
    until(lambda: status(token) == 401, "the token is refused")
    assert status(other["token"]) == 200
    done = run(daemon, "token", "revoke", SHOP, "oil mat")
    assert done.returncode == 1 and "unknown_token" in done.stderr


def test_a_token_of_no_scope_is_refused(daemon):
    daemon.add_file()
    daemon.start()
    done = run(daemon, "token", "add", SHOP, "--scope", "all")
    assert (done.returncode, done.stdout) == (1, "") and "scope" in done.stderr
    assert "api_tokens" not in stored(daemon)


# ---- seal ----

@pytest.mark.parametrize("away", [False, True])
def test_a_sealed_password_is_taken(daemon, away):
    """Sealed by the daemon, or with the key file if the daemon is down; both values can be put into the file."""
    daemon.add_file()
    daemon.start()
    if away:
        daemon.stop()
        done = run(daemon, "seal", "bennys-auto", stdin=SECRET)
        assert done.returncode == 3 and "--config" in done.stderr
        said = ok(daemon, "seal", "bennys-auto", "-c", daemon.config, stdin=SECRET + "\n")
    else:
        said = ok(daemon, "seal", SHOP, stdin=SECRET)
    value = json.loads(said)
    assert set(value) == {"sealed"} and SECRET not in said
    one = {**stored(daemon), "credentials": {"username": "bot", "password": value}}
    (daemon.folder / "workshops.d" / "bennys-auto.json").write_text(json.dumps(one))
    if away:
        daemon.start()
    else:
        ok(daemon, "reload")
    until(lambda: daemon.integration()["process"] == "running", "the password opens")
    assert daemon.integration()["worker"] == "running"


def test_what_was_sealed_for_another_is_refused(daemon, tmp_path):
    daemon.start()
    file = tmp_path / "other.json"
    file.write_text(json.dumps(document(daemon)))
    refused = run(daemon, "seal", "other", stdin=SECRET)
    assert refused.returncode == 1 and "1 fault in the request" in refused.stderr and 'there is no workshop "other"' in refused.stderr
    value = json.loads(ok(daemon, "seal", "other", "--file", file, stdin=SECRET))
    one = document(daemon, credentials={"username": "bot", "password": value})
    done = run(daemon, "add", "bennys-auto", "-", stdin=json.dumps(one))
    assert done.returncode == 1 and "/credentials/password" in done.stderr


@pytest.mark.parametrize("args, said", [
    (["Bennys Auto"], "is not a valid slug"), (["../x"], "is not a valid slug"),
])
def test_local_sealing_takes_a_slug(daemon, args, said):
    done = run(daemon, "seal", *args, "-c", daemon.config, stdin=SECRET)
    assert (done.returncode, done.stdout) == (2, "") and said in done.stderr and SECRET not in done.stderr


def test_local_sealing_needs_a_private_key_file(daemon, tmp_path):
    def refused(said):
        done = run(daemon, "seal", "x", "--config", daemon.config, stdin=SECRET)
        assert (done.returncode, done.stdout) == (2, "") and said in done.stderr, done

    key = daemon.folder / "master.key"
    refused("master.key")
    assert not key.exists()
    key.write_bytes(os.urandom(32))
    key.chmod(0o644)
    refused("chmod 600")
    daemon.config.write_text("[")
    refused("pumpline.json")
    daemon.config.write_text("[]")
    refused("must be an object")


def test_rekey(daemon):
    workshop = daemon.add_file(credentials={"username": "bot", "password": SECRET})
    daemon.start()
    before = (daemon.folder / "master.key").read_bytes()
    assert ok(daemon, "rekey") == "the new master key is in use; 1 workshop resealed (removed ones included)\n"
    assert (daemon.folder / "master.key").read_bytes() != before
    until(workshop.up, "it serves again")
    workshop.place("a1")
    workshop.wait("a1", "created")


# ---- status --watch ----

class Watching:
    """A command that keeps running, on a pipe or a terminal."""

    def __init__(self, daemon, *args, command=("status", "--watch"), terminal=False):
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm", "PUMPLINE_SOCKET": str(daemon.socket)}
        self.fd, there = pty.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen([BUILD / "pumplinectl", *command, *args], env=env, stdout=there,
                                        stdin=there if terminal else subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True)
        os.close(there)
        self.all, self.seen, self.end = b"", 0, None

    def read(self):
        if not select.select([self.fd], [], [], 0.01)[0]:
            return
        try:
            self.all += os.read(self.fd, 1 << 20)
        except OSError:  # EIO: the terminal has no writer left
            pass

    def sees(self, text):
        """Waits for new output that contains the text, or for the end."""
        def seen():
            self.read()
            return text.encode() in self.all[self.seen:]
        left = DEADLINE_S if self.end is None else max(0, self.end - time.monotonic())
        until(seen, f"{text!r} in {self.all[self.seen:][-2000:]!r}", left)
        self.seen = self.all.index(text.encode(), self.seen) + len(text.encode())

    def finish(self, number=None):
        if number:
            self.process.send_signal(number)
        until(lambda: self.read() or self.process.poll() is not None, "it ends")
        self.read()
        os.close(self.fd)
        return self.process.returncode


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_sees_changes_and_a_daemon_that_comes_back(daemon, terminal, number):
    daemon.add_file()
    daemon.start()
    watching = Watching(daemon, terminal=terminal)
    watching.sees(f"{SHOP} ")
    watching.sees("running")
    ok(daemon, "stop", SHOP)
    watching.sees("stopped")
    ok(daemon, "start", SHOP)
    watching.sees("running")
    daemon.stop()
    if terminal:
        watching.sees("retrying")
    daemon.start()
    watching.sees(f"pid {daemon.process.pid},")
    assert watching.finish(number) == 0
    assert watching.all.endswith(b"\x1b[?25h\x1b[?1049l") == terminal


def test_watch_as_json_is_a_line_a_change(daemon):
    daemon.add_file()
    daemon.start()
    watching = Watching(daemon, SHOP, "--json")
    watching.sees('"process":"running"')
    ok(daemon, "stop", SHOP)
    watching.sees('"process":"stopped"')
    assert watching.finish(signal.SIGTERM) == 0
