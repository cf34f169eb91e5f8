"""pumplinectl's commands for configuration, tokens, passwords, logs and metrics."""
import hashlib
import json
import os
import re
import signal
import subprocess
import termios

import pytest
from fake_daemon import CTL, PATH, Running, SHOP, Terminal, columns, ctl, daemon, environment, integration, problem  # noqa: F401: a fixture

pytestmark = pytest.mark.release  # see fake_daemon.py


def document(**more):
    return {"workshop": SHOP, "listen": "127.0.0.1:8101", "erp": {"system": "file", "folder": "/x"}, **more}


@pytest.mark.parametrize("args, file, path", [
    (["bennys-auto.json"], "bennys-auto.json", "bennys-auto"),
    (["x/öst.json"], "x/öst.json", "Bennys%20Auto"),
    (["other", "bennys-auto.json"], "bennys-auto.json", "other"),
    (["--slug", "other", "bennys-auto.json"], "bennys-auto.json", "other"),
    (["-"], None, "Bennys%20Auto"),
    (["Some Shop", "-"], None, "Some%20Shop"),
])
@pytest.mark.parametrize("created, said", [(True, f"{SHOP}: created as s"), (False, f"{SHOP} (s): changed")])
def test_add(daemon, tmp_path, args, file, path, created, said):
    text = json.dumps(document())
    if file:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    daemon.on("PUT", f"/workshops/{path}", {"workshop": SHOP, "slug": "s", "created": created, "process": "running"})
    daemon.on("POST", f"/workshops/{path}/test", {"ok": True, "steps": []})
    done = subprocess.run([CTL, "add", *args], env=environment(daemon), input=text, capture_output=True,
                          encoding="utf-8", cwd=tmp_path, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{said}; process running\n"
    assert [one for one in daemon.seen if one[0] == "PUT"] == [("PUT", f"/workshops/{path}", document())]


@pytest.mark.parametrize("text", ['{"password": "gygag', '{"a": 1, "a": 2}', "[1", '{"a": 1} x', '"a"gygag',
                                  "{}", '{"workshop": 1}', "[]"])
def test_add_of_an_invalid_document(daemon, text):
    done = ctl(daemon, "add", "-", stdin=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"pumplinectl: [^\n]+\n", done.stderr) and "gygag" not in done.stderr
    assert [one for one in daemon.seen if one[0] != "GET"] == []


def test_add_warns_that_the_erp_refuses_the_password(daemon):
    daemon.on("PUT", "/workshops/ben", {"workshop": SHOP, "slug": "ben", "created": True, "process": "running"})
    daemon.on("POST", "/workshops/ben/test", {"ok": False, "steps": [
        {"what": "login", "ok": False, "ms": 3, "reason_code": "auth_failed", "text": "login: status 401"}]})
    done = ctl(daemon, "add", "ben", "-", stdin=json.dumps(document()))
    assert done.returncode == 0 and done.stdout.startswith(f"{SHOP}: created")
    assert done.stderr == "pumplinectl: warning: the test of the connection failed (auth_failed): login: status 401\n"


def test_add_of_too_much(daemon):
    done = ctl(daemon, "add", "-", stdin=json.dumps(document(x="x" * (512 << 10))))
    assert done.returncode == 2 and "exceeds 524288 bytes" in done.stderr


def test_add_names_every_fault(daemon):
    refusal = problem(400, "bad_configuration", "2 faults")
    refusal["faults"] = [{"file": "ben.json", "pointer": "/erp/url", "detail": "is no URL"},
                         {"file": "ben.json", "pointer": "/listen", "detail": "is used"}]
    daemon.on("PUT", "/workshops/ben", refusal, 400)
    done = ctl(daemon, "add", "ben", "-", stdin="{}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == ["pumplinectl:   ben.json /erp/url: is no URL",
                                            "pumplinectl:   ben.json /listen: is used"]


@pytest.mark.parametrize("args, query", [([], ""), (["--force"], "?force=true")])
@pytest.mark.parametrize("reply, said", [
    ({"waiting": 0, "queue_kept": None}, ""), ({"waiting": 0, "queue_kept": "/q"}, "its queue is kept in /q\n"),
    ({"waiting": 1, "queue_kept": "/q"}, "1 order still in its queue\nits queue is kept in /q\n"),
    ({"waiting": None, "queue_kept": "/q"}, "the number of waiting orders is unknown\nits queue is kept in /q\n"),
    ({"waiting": 3, "queue_kept": "/q"}, "3 orders still in its queue\nits queue is kept in /q\n")])
def test_remove(daemon, args, query, reply, said):
    daemon.on("DELETE", PATH + query, {"workshop": SHOP, "slug": "s", "removed": True, **reply})
    done = ctl(daemon, "remove", SHOP, *args)
    assert (done.returncode, done.stdout) == (0, f"{SHOP}: removed\n{said}")


@pytest.mark.parametrize("command, was, said", [
    ("activate", False, "activated"), ("activate", True, "was already active"),
    ("deactivate", True, "deactivated"), ("deactivate", False, "was not active")])
def test_activate(daemon, command, was, said):
    daemon.on("PUT", f"{PATH}/{command}", integration(was_active=was, was_running=not was))
    assert ctl(daemon, command, SHOP).stdout == f"{SHOP}: {said}; process running\n"
    assert daemon.seen == [("PUT", f"{PATH}/{command}", None)]


@pytest.mark.parametrize("process, said", [("failed", "failed: no key"), ("backoff", "backoff: no key"), ("running", "running")])
def test_why_a_process_does_not_run(daemon, process, said):
    daemon.on("PUT", f"{PATH}/activate", integration(was_active=False, process=process, last_error="no key"))
    assert ctl(daemon, "activate", SHOP).stdout == f"{SHOP}: activated; process {said}\n"


def test_show(daemon):
    daemon.on("GET", PATH, integration(configuration=document()))
    assert json.loads(ctl(daemon, "show", SHOP).stdout) == document()
    assert json.loads(ctl(daemon, "show", SHOP, "--json").stdout) == integration(configuration=document())


def test_rekey(daemon):
    daemon.on("PUT", "/rekey", {"rekeyed": 1})
    assert ctl(daemon, "rekey").stdout == "the new master key is in use; 1 workshop resealed (removed ones included)\n"


def test_token_add_shows_it_once_and_sends_its_hash(daemon):
    daemon.on("POST", f"{PATH}/tokens", {"workshop": SHOP})
    tokens = []
    for args in ([], ["--name", "oil mat"]):
        done = ctl(daemon, "token", "add", SHOP, "--scope", "order", *args)
        token = done.stdout.splitlines()[1]
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token) and done.stdout.count(token) == 1
        digest = hashlib.blake2b(token.encode(), digest_size=32).hexdigest()
        name = args[1] if args else f"order-{digest[:8]}"
        assert done.stdout == f"{SHOP}: token {name} added; it is shown only once:\n{token}\n"
        assert daemon.seen[-1][2] == {"name": name, "scope": "order", "hash": digest}
        tokens.append(token)
    assert tokens[0] != tokens[1]
    reply = json.loads(ctl(daemon, "token", "add", SHOP, "--scope", "manage", "--json").stdout)
    assert set(reply) == {"workshop", "name", "scope", "token"} and reply["scope"] == "manage"


def test_the_first_token_and_the_last_change_who_is_refused(daemon):
    one, other = {"name": "oilmat", "scope": "order"}, {"name": "gui", "scope": "manage"}
    for tokens, said in (([one], True), ([one, other], False)):
        daemon.on("POST", f"{PATH}/tokens", {"workshop": SHOP, "tokens": tokens})
        done = ctl(daemon, "token", "add", SHOP, "--scope", "order")
        assert ("from now on its port refuses clients without one (401)" in done.stdout) == said
    for tokens, said in (([], True), ([one], False)):
        daemon.on("DELETE", f"{PATH}/tokens/gui", {"workshop": SHOP, "tokens": tokens})
        done = ctl(daemon, "token", "revoke", SHOP, "gui")
        assert ("from now on the port accepts clients without one" in done.stdout) == said


def test_token_whose_reply_is_lost_is_not_shown(daemon):
    daemon.on("POST", f"{PATH}/tokens", lambda: setattr(daemon, "missing_bytes", 9) or {})
    done = ctl(daemon, "token", "add", SHOP, "--scope", "order", "--name", "n")
    assert (done.returncode, done.stdout) == (3, "") and "revoke it" in done.stderr


def test_reconcile(daemon):
    shown = {"workshop": SHOP, "state": "none", "checked": None, "same": None, "missing": [], "changed": [], "unknown": [], "next": None}
    daemon.on("GET", f"{PATH}/reconcile?limit=1000", shown)
    assert ctl(daemon, "reconcile", SHOP).stdout == f"{SHOP}: nothing has been reconciled yet\n"
    ordered = {"worksheet": "558", "product_nr": "10", "product_amount": "5"}
    changed = {"result": "changed", "uniqueid": "b", "text": "", "ordered": ordered, "found": {**ordered, "product_amount": "7"}}
    daemon.on("GET", f"{PATH}/reconcile?limit=1000", {
        **shown, "state": "done", "checked": 3, "same": 1, "changed": [changed],
        "missing": [{"result": "missing", "uniqueid": "a", "text": "no such line", "ordered": ordered, "found": None}]})
    header, *rows, last = ctl(daemon, "reconcile", SHOP).stdout.splitlines()
    assert columns(header) == ["RESULT", "UNIQUEID", "WORKSHEET", "PRODUCT", "AMOUNT", "FOUND", "AMOUNT", "TEXT"]
    assert [row.split()[:2] for row in rows] == [["missing", "a"], ["changed", "b"]]
    assert last == f"{SHOP}: reconciliation done, 3 orders checked, 1 as ordered"
    daemon.on("POST", f"{PATH}/reconcile", {**shown, "state": "running", "checked": 0, "same": 0}, status=202)
    assert ctl(daemon, "reconcile", SHOP, "--from", "2026-11-01T00:00:00Z", "--to", "2026-12-01T00:00:00Z").returncode == 0
    assert daemon.seen[-1] == ("POST", f"{PATH}/reconcile", {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"})


def test_token_list_and_revoke(daemon):
    daemon.on("GET", f"{PATH}/tokens", {"workshop": SHOP, "tokens": [
        {"name": "oil mat", "scope": "order"}, {"scope": "manage"}]})
    assert [columns(line) for line in ctl(daemon, "token", "list", SHOP).stdout.splitlines()] == [
        ["NAME", "SCOPE", "LAST USED"], ["oil mat", "order", "-"], ["-", "manage", "-"]]
    daemon.on("GET", f"{PATH}/tokens", {"workshop": SHOP, "tokens": []})
    assert ctl(daemon, "token", "list", SHOP).stdout == f"{SHOP}: no tokens\n"
    daemon.on("DELETE", f"{PATH}/tokens/oil%20mat", {"workshop": SHOP})
    assert ctl(daemon, "token", "revoke", SHOP, "oil mat").stdout == f"{SHOP}: token oil mat revoked\n"


def test_seal_from_stdin(daemon):
    daemon.on("POST", "/seal", {"slug": "bennys-auto", "sealed": "QUJD"})
    done = ctl(daemon, "seal", SHOP, stdin="gyg äg\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"sealed": "QUJD"}\n', "")
    assert daemon.seen == [("POST", "/seal", {"workshop": SHOP, "password": "gyg äg"})]


def test_seal_asks_without_echo(daemon):
    daemon.on("POST", "/seal", {"slug": "bennys-auto", "sealed": "QUJD"})
    terminal = Terminal(daemon, "seal", SHOP)
    terminal.read_until("Password: ")
    assert not termios.tcgetattr(terminal.fd)[3] & termios.ECHO
    terminal.type("gygag\n")
    output, status = terminal.finish()
    assert status == 0 and "gygag" not in output and '{"sealed": "QUJD"}' in output
    assert daemon.seen[0][2]["password"] == "gygag"


def test_logs_are_the_ends_of_the_files(daemon, tmp_path):
    files = [tmp_path / "s_api.log", tmp_path / "s_create_orderline.log"]
    for file in files:
        file.write_text("".join(f"{file.name} {i}\n" for i in range(100)))
    daemon.on("GET", PATH, integration(log_files=[str(file) for file in files]))
    done = ctl(daemon, "logs", SHOP)
    assert (done.returncode, done.stderr) == (0, "")
    for file in files:
        assert f"{file.name} 50\n" in done.stdout and f"{file.name} 49\n" not in done.stdout
    assert "s_api.log 98" not in ctl(daemon, "logs", SHOP, "--limit", "1").stdout


@pytest.mark.parametrize("option", ["-f", "--follow"])
def test_logs_are_followed(daemon, tmp_path, option):
    log = tmp_path / "s_api.log"
    log.write_text("one\n")
    daemon.on("GET", PATH, integration(log_files=[str(log)]))
    program = Running(daemon, "logs", SHOP, option)
    program.read_until("one\n")
    with log.open("a") as file:
        file.write("two\n")
    program.read_until("two\n")
    assert program.finish(signal.SIGTERM)[0] == -signal.SIGTERM


def test_logs_without_files_are_in_the_journal(daemon, tmp_path):
    (tmp_path / "journalctl").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "journalctl").chmod(0o755)
    daemon.on("GET", PATH, integration("Benny+Co"))
    done = ctl(daemon, "logs", SHOP, "-f", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.stdout.splitlines() == ["--identifier=pumplined", "--output=cat", "--case-sensitive=yes",
                                        "--grep=^\\QBenny+Co\\E: ", "-n", "50", "-f"]
    done = ctl(daemon, "logs", SHOP, PATH=str(tmp_path / "none"))
    assert done.returncode == 2 and "cannot run journalctl" in done.stderr


def test_metrics_are_printed_as_they_are(daemon):
    text = '# TYPE x gauge\nx{workshop="Värkstad"} 1\n# EOF\n'
    daemon.on("GET", "/metrics", text.encode())
    assert ctl(daemon, "metrics").stdout == text
