"""pumplinectl against a daemon that only replays replies: what it asks for, what it prints, how it
exits. The contract is the control API; no real daemon is needed."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import socketserver
import struct
import subprocess
import termios
import threading
import time
import unicodedata
from http.server import BaseHTTPRequestHandler

import pytest

REPO = pathlib.Path(__file__).resolve().parents[2]
CTL = pathlib.Path(os.environ.get("PUMPLINE_BUILD", REPO / "build")) / "pumplinectl"
SHOP = "Bennys Auto"
PATH = "/workshops/Bennys%20Auto"


def order(uniqueid="a1", **changes):
    one = {
        "workshop": SHOP, "uniqueid": uniqueid, "worksheet": "558", "product_nr": "10",
        "product_amount": "4.5", "status": "placed", "reason_code": None, "reason_text": None,
        "attempts": 0, "placed_at": "2026-11-24T08:15:30.123Z",
        "updated_at": "2026-11-24T08:15:30.123Z", "next_attempt_at": None, "erp_reference": None,
    }
    one.update(changes)
    return one


def integration(workshop=SHOP, slug="bennys-auto", **changes):
    one = {
        "workshop": workshop, "slug": slug, "port": 8101, "erp_system": "tryton", "active": True,
        "process": "running", "pid": 4711, "restarts": 2, "last_exit": None, "api": "running",
        "worker": "parked", "worker_reason": "auth_failed", "queue_length": 7,
        "oldest_placed_age_s": 200,
        "orders": {"placed": 6, "processing": 1, "created": 90, "error": 3}, "uptime_s": 7500,
        "version": "0.1.0",
    }
    one.update(changes)
    return one


def health(*integrations):
    return {
        "version": "0.1.0", "pid": 812, "uptime_s": 90061,
        "summary": {"total": len(integrations), "active": 1, "running": 1, "parked": 1,
                    "failed": 0, "queue_length": 7},
        "integrations": list(integrations),
    }


def problem(status, code, detail, title="Refused"):
    return {"type": "about:blank", "title": title, "status": status, "code": code,
            "detail": detail}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length or 0))
        self.server.seen.append((self.command, self.path, json.loads(body) if body else None))
        self.server.headers.append(dict(self.headers))
        status, reply = self.server.replies.get((self.command, self.path), self.server.otherwise)
        if callable(reply):
            reply = reply()
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        kind = "application/problem+json" if status >= 400 else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) + self.server.missing_bytes))
        self.end_headers()
        self.wfile.write(data)
        if self.server.missing_bytes:
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def address_string(self):
        return "unix"

    def log_message(self, *args):
        pass


class Daemon(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path):
        super().__init__(path, Handler)
        self.path = path
        self.replies, self.seen, self.headers = {}, [], []
        self.otherwise = (404, problem(404, "not_found", "no such call"))
        self.missing_bytes = 0  # promised in Content-Length and never sent

    def on(self, method, path, reply, status=200):
        self.replies[(method, path)] = (status, reply)


@pytest.fixture
def daemon(tmp_path):
    server = Daemon(str(tmp_path / "control.sock"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def environment(daemon=None, **more):
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "xterm"}
    if daemon:
        env["PUMPLINE_SOCKET"] = daemon.path
    env.update(more)
    return env


def ctl(daemon, *args, stdin="", **more):
    return subprocess.run([CTL, *args], env=environment(daemon, **more), input=stdin,
                          capture_output=True, encoding="utf-8", timeout=30)


def columns(line):
    return re.split(r" {2,}", line.strip())


class Terminal:
    """The program with its stdin, stdout and stderr on a terminal of its own."""

    def __init__(self, daemon, *args, width=200, **more):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # Here, not in the parent, so that the program can't look before it is set.
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
            os.execve(CTL, [str(CTL), *args], environment(daemon, **more))
        self.output = b""

    def read_until(self, text, timeout=20):
        end = time.monotonic() + timeout
        while text is None or text.encode() not in self.output:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"no {text!r} in {self.output!r}")
            try:
                chunk = os.read(self.fd, 4096)
            except OSError:  # EIO: the program has closed its end
                chunk = b""
            if not chunk:
                break
            self.output += chunk
        return self.output.decode()

    def type(self, text):
        os.write(self.fd, text.encode())

    def finish(self):
        """All output, and the exit status (negative for a signal)."""
        self.read_until(None)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return self.output.decode(), status


# ---- what each command asks for ----

SIMPLE = [
    (["start"], "PUT", "/start", {"workshop": SHOP, "process": "starting"}, "started"),
    (["stop"], "PUT", "/stop", {"workshop": SHOP, "was_running": True}, "stopped"),
    (["restart"], "PUT", "/restart", {"workshop": SHOP}, "restarted"),
    (["kill"], "PUT", "/kill", {"workshop": SHOP, "was_running": True}, "killed"),
    (["kill"], "PUT", "/kill", {"workshop": SHOP, "was_running": False}, "was not running"),
    (["start-worker"], "PUT", "/start_worker",
     {"workshop": SHOP, "worker": "running", "was_running": False}, "worker started"),
    (["start-worker"], "PUT", "/start_worker",
     {"workshop": SHOP, "worker": "running", "was_running": True}, "worker was already running"),
    (["stop-worker"], "PUT", "/stop_worker",
     {"workshop": SHOP, "worker": "stopped", "was_running": True}, "worker stopped"),
    (["clear-queue"], "PUT", "/clear_queue", {"workshop": SHOP, "cleared": 7, "processing": 1},
     "7 orders cleared, 1 being processed"),
]


@pytest.mark.parametrize("command, method, path, reply, said", SIMPLE)
def test_put_commands(daemon, command, method, path, reply, said):
    daemon.on(method, PATH + path, reply)
    done = ctl(daemon, *command, SHOP)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{SHOP}: " in done.stdout and said in done.stdout
    assert daemon.seen == [(method, PATH + path, None)]
    assert daemon.headers[0]["Content-Length"] == "0"
    assert "Content-Type" not in daemon.headers[0]


def test_reload(daemon):
    reply = {"added": ["bennys-auto", "x"], "changed": [], "removed": ["y"], "unchanged": 3,
             "needs_restart": []}
    daemon.on("PUT", "/reload", reply)
    done = ctl(daemon, "reload")
    assert done.returncode == 0
    assert done.stdout == ("configuration read again\n  added: bennys-auto, x\n  changed: -\n"
                           "  removed: y\n  unchanged: 3\n")
    assert daemon.seen == [("PUT", "/reload", None)]
    reply["needs_restart"] = ["control_socket", "state_dir"]
    assert ctl(daemon, "reload").stdout == done.stdout + (
        "not applied until the daemon is restarted: control_socket, state_dir\n")


def test_status_shows_every_integration(daemon):
    daemon.on("GET", "/health", health(
        integration(),
        integration("Värkstad Öst 修理", "vst", port=8102, active=False, process="stopped", pid=None,
                    restarts=0, worker=None, worker_reason=None, queue_length=None,
                    oldest_placed_age_s=None, orders=None, uptime_s=None)))
    done = ctl(daemon, "status")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert columns(lines[0]) == ["WORKSHOP", "PORT", "ERP", "PROCESS", "WORKER", "QUEUE", "OLDEST",
                                 "ERRORS", "RESTARTS", "PID", "UPTIME"]
    assert columns(lines[1]) == [SHOP, "8101", "tryton", "running", "parked (auth_failed)", "7",
                                 "3m", "3", "2", "4711", "2h 5m"]
    assert columns(lines[2]) == ["Värkstad Öst 修理", "8102", "tryton", "stopped, inactive", "-", "-",
                                 "-", "-", "0", "-", "-"]
    # A wide character is one code point and two columns.
    assert lines[1].index("8101") == lines[2].index("8102") + 2
    assert lines[0].index("PORT") == lines[1].index("8101")
    assert "2 integrations: 1 active, 1 running, 1 parked, 0 failed; 7 in the queues" in lines[-1]
    assert "up 1d 1h" in lines[-1]


@pytest.mark.parametrize("state", ["flat", "nested"])
def test_status_of_one(daemon, state):
    one = integration(last_exit={"at": "2026-11-24T08:15:30Z", "code": None, "signal": 9})
    if state == "nested":
        one = {"workshop": SHOP, "slug": "bennys-auto", "listen": "127.0.0.1:8101",
               "erp": {"system": "tryton"},
               "state": {name: value for name, value in one.items()
                         if name not in ("workshop", "port", "erp_system")}}
    daemon.on("GET", "/workshops/bennys-auto", one)
    done = ctl(daemon, "status", "bennys-auto")
    assert done.returncode == 0
    assert columns(done.stdout.splitlines()[1])[:5] == [SHOP, "8101", "tryton", "running",
                                                        "parked (auth_failed)"]
    assert "last exit: signal 9 at 2026-11-24 08:15:30" in done.stdout
    assert "last error" not in done.stdout and "salvaged" not in done.stdout


@pytest.mark.parametrize("orders, said", [(7, "7 orders, 2"), (1, "1 order, 2")])
def test_status_of_one_with_trouble(daemon, orders, said):
    daemon.on("GET", PATH, integration(
        last_error="port 8101 of 127.0.0.1 can't be listened on: Address already in use",
        salvaged={"at": "2026-11-24T08:15:30Z", "file": "/q/data.mdb.damaged", "orders": orders,
                  "for_a_person": 2}))
    lines = ctl(daemon, "status", SHOP).stdout.splitlines()
    assert ("last error: port 8101 of 127.0.0.1 can't be listened on: Address already in use"
            in lines)
    assert re.fullmatch(r"queue salvaged 2026-11-24 08:15:30 \(.*\): " + said +
                        " of them for a person; the damaged file is /q/data.mdb.damaged", lines[-1])


def pages(daemon, total=250, size=100):
    ids = [f"id{i}" for i in range(total)]
    for start in range(0, total, size):
        cursor = f"&after=c%20{start}" if start else ""
        end = start + size
        daemon.on("GET", f"{PATH}/queue?limit=100{cursor}",
                  {"workshop": SHOP, "length": total, "tasks": [order(i) for i in ids[start:end]],
                   "next": f"c {end}" if end < total else None})
    return ids


def test_queue_follows_pages(daemon):
    ids = pages(daemon)
    done = ctl(daemon, "queue", SHOP)
    assert done.returncode == 0
    assert [columns(line)[0] for line in done.stdout.splitlines()[1:251]] == ids
    assert "250 orders in the queue, 250 shown" in done.stdout
    assert len(daemon.seen) == 3


def test_queue_pages_are_one_json_object(daemon):
    ids = pages(daemon)
    reply = json.loads(ctl(daemon, "--json", "queue", SHOP).stdout)
    assert [one["uniqueid"] for one in reply["tasks"]] == ids
    assert reply["length"] == 250 and reply["next"] is None


def test_queue_limit(daemon):
    pages(daemon)
    daemon.on("GET", f"{PATH}/queue?limit=20&after=c%20100",
              {"workshop": SHOP, "length": 250, "tasks": [order()] * 20, "next": "c 120"})
    reply = json.loads(ctl(daemon, "queue", SHOP, "--limit", "120", "--json").stdout)
    assert len(reply["tasks"]) == 120 and reply["next"] == "c 120"


def test_queue_with_a_cursor_that_stands_still_ends(daemon):
    page = {"workshop": SHOP, "length": 9, "tasks": [order()], "next": "c"}
    daemon.on("GET", f"{PATH}/queue?limit=100", page)
    daemon.on("GET", f"{PATH}/queue?limit=100&after=c", page)
    assert ctl(daemon, "queue", SHOP).returncode == 0
    assert len(daemon.seen) == 2


def test_queue_refused_on_a_later_page(daemon):
    pages(daemon)
    daemon.on("GET", f"{PATH}/queue?limit=100&after=c%20100", problem(503, "not_running", "down"),
              503)
    done = ctl(daemon, "queue", SHOP)
    assert (done.returncode, done.stdout) == (1, "")


def test_queue_shows_retries(daemon):
    daemon.on("GET", f"{PATH}/queue?limit=100", {
        "workshop": SHOP, "length": 1, "next": None,
        "tasks": [order(attempts=3, reason_code="erp_busy", reason_text="503 try later",
                        next_attempt_at="2026-11-24T08:16:00Z")]})
    header, row = map(columns, ctl(daemon, "queue", SHOP).stdout.splitlines()[:2])
    assert header == ["UNIQUEID", "WORKSHEET", "PRODUCT", "AMOUNT", "STATUS", "REASON",
                      "REASON TEXT", "ATTEMPTS", "PLACED", "NEXT ATTEMPT"]
    assert row[:8] == ["a1", "558", "10", "4.5", "placed", "erp_busy", "503 try later", "3"]
    assert row[8].startswith("2026-11-24 08:15:30 (")


def test_empty_queue(daemon):
    daemon.on("GET", f"{PATH}/queue?limit=100",
              {"workshop": SHOP, "length": 0, "tasks": [], "next": None})
    assert ctl(daemon, "queue", SHOP).stdout == f"{SHOP}: 0 orders in the queue, 0 shown\n"


def test_errors(daemon):
    daemon.on("GET", f"{PATH}/orders?status=error&limit=100", {
        "workshop": SHOP, "next": None,
        "orders": [order(status="error", reason_code="worksheet_closed",
                         reason_text="Arbetsordern är stängd")]})
    done = ctl(daemon, "errors", SHOP)
    lines = done.stdout.splitlines()
    assert columns(lines[0]) == ["UNIQUEID", "WORKSHEET", "PRODUCT", "AMOUNT", "REASON",
                                 "REASON TEXT", "SINCE"]
    assert columns(lines[1])[:6] == ["a1", "558", "10", "4.5", "worksheet_closed",
                                     "Arbetsordern är stängd"]
    assert "pumplinectl retry 'Bennys Auto' UNIQUEID" in lines[-1]
    assert "pumplinectl resolve 'Bennys Auto' UNIQUEID --note TEXT" in lines[-1]


def test_hint_can_be_pasted_into_a_shell(daemon):
    daemon.on("GET", "/workshops/Benny%27s/orders?status=error&limit=100",
              {"workshop": "Benny's", "next": None, "orders": [order(status="error")]})
    assert r"retry 'Benny'\''s' UNIQUEID" in ctl(daemon, "errors", "Benny's").stdout


def test_order_status(daemon):
    daemon.on("GET", f"{PATH}/get_order_status?uniqueid=a%2F1%26x%3D",
              order("a/1&x=", status="created", erp_reference="LINE-9"))
    done = ctl(daemon, "order-status", SHOP, "a/1&x=")
    assert done.returncode == 0
    assert re.search(r"^status +created$", done.stdout, re.M)
    assert re.search(r"^ERP reference +LINE-9$", done.stdout, re.M)


def test_order_history(daemon):
    daemon.on("GET", f"{PATH}/orders/a1/history", {
        "workshop": SHOP, "uniqueid": "a1", "history": [
            {"at": "2026-11-24T08:15:30Z", "status": "placed", "attempt": 0, "reason_code": None},
            {"at": "2026-11-24T08:15:31Z", "status": "error", "attempt": 1, "duration_ms": 12,
             "reason_code": "worksheet_closed", "reason_text": "closed"},
            {"at": "2026-11-24T08:15:32Z", "status": "placed", "attempt": 0, "note": "typo",
             "changes": {"worksheet": ["558", "559"], "product_amount": ["5", "6"]}}]})
    lines = ctl(daemon, "order-status", "--history", SHOP, "a1").stdout.splitlines()
    assert columns(lines[0]) == ["AT", "STATUS", "ATTEMPT", "MS", "REASON", "REASON TEXT", "CHANGES", "NOTE"]
    assert columns(lines[2])[1:6] == ["error", "1", "12", "worksheet_closed", "closed"]
    assert [one for one in columns(lines[3])[1:] if one != "-"] == ["placed", "0", "worksheet 558 -> 559, product_amount 5 -> 6", "typo"]


def test_order_history_names_the_evidence(daemon):
    daemon.on("GET", f"{PATH}/orders/a1/history", {
        "workshop": SHOP, "uniqueid": "a1", "history": [
            {"at": "2026-11-24T08:15:30Z", "status": "placed", "attempt": 0},
            {"at": "2026-11-24T08:15:31Z", "status": "error", "attempt": 1, "reason_code": "ui_changed",
             "evidence": ["a1-0f-2.png", "a1-0f-2.html"]}]})
    lines = ctl(daemon, "order-status", "--history", SHOP, "a1").stdout.splitlines()
    assert columns(lines[0])[-1] == "EVIDENCE"
    assert columns(lines[2])[-1] == "a1-0f-2.png a1-0f-2.html"


@pytest.mark.parametrize("args, body", [
    ([], None),
    (["--worksheet", "559"], {"worksheet": "559"}),
    (["--amount=3.000001", "--product", "11", "--worksheet", "1"],
     {"worksheet": "1", "product_nr": "11", "product_amount": "3.000001"}),
])
def test_retry(daemon, args, body):
    daemon.on("PUT", f"{PATH}/orders/a%201/retry", order("a 1"))
    done = ctl(daemon, "retry", SHOP, "a 1", *args)
    assert (done.returncode, done.stderr) == (0, "")
    assert daemon.seen == [("PUT", f"{PATH}/orders/a%201/retry", body)]
    assert daemon.headers[0].get("Content-Type") == ("application/json" if body else None)


def test_resolve(daemon):
    daemon.on("PUT", f"{PATH}/orders/a1/resolve", order(status="created"))
    done = ctl(daemon, "resolve", SHOP, "a1", "--note", 'av Ann, "för hand"')
    assert done.returncode == 0
    assert daemon.seen[0][2] == {"note": 'av Ann, "för hand"'}


# ---- placing an order ----

CONTENT = ["--worksheet", "558", "--product", "10", "--amount", "4.5"]


def takes_orders(daemon, path=PATH, **changes):
    reply = {"workshop": SHOP, "uniqueid": "u1", "status": "placed", "duplicate": False,
             "queue_length": 3}
    reply.update(changes)
    daemon.on("GET", f"{path}/alive", {"workshop": SHOP, "api": "running"})
    daemon.on("POST", f"{path}/create", reply)


def placed(daemon):
    return [body for method, path, body in daemon.seen if method == "POST"]


def test_order(daemon):
    takes_orders(daemon)
    done = ctl(daemon, "order", SHOP, *CONTENT, "--id", "u1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{SHOP}: u1 is placed; 3 orders in the queue\n"
    assert placed(daemon) == [{"workshop": SHOP, "worksheet": "558", "product_nr": "10",
                               "product_amount": "4.5", "uniqueid": "u1"}]


def test_order_by_slug_names_the_workshop_in_full(daemon):
    takes_orders(daemon, "/workshops/bennys-auto")
    assert ctl(daemon, "order", "bennys-auto", *CONTENT).returncode == 0
    assert placed(daemon)[0]["workshop"] == SHOP


def test_order_makes_a_random_id_and_says_it(daemon):
    takes_orders(daemon)
    ids = []
    for _ in range(2):
        done = ctl(daemon, "order", SHOP, *CONTENT)
        ids.append(re.fullmatch(r"uniqueid (ctl-[0-9a-f]{32})\n", done.stderr).group(1))
    assert [body["uniqueid"] for body in placed(daemon)] == ids
    assert ids[0] != ids[1]


def test_order_that_was_placed_before(daemon):
    takes_orders(daemon, duplicate=True, status="created")
    done = ctl(daemon, "order", SHOP, *CONTENT, "--id", "u1")
    assert "u1 was placed before and is created; nothing was placed twice" in done.stdout


def test_order_whose_reply_is_lost_says_how_to_go_on(daemon):
    takes_orders(daemon)
    # Only the reply to POST is cut short.
    daemon.on("POST", f"{PATH}/create", lambda: setattr(daemon, "missing_bytes", 9) or {})
    done = ctl(daemon, "order", SHOP, *CONTENT, "--id", "u1")
    assert done.returncode == 3
    assert "--id u1 is safe" in done.stderr


def test_password_from_a_file(daemon, tmp_path):
    takes_orders(daemon)
    secret = tmp_path / "secret"
    secret.write_text("gyg äg\"\\\nsecond line\n")
    done = ctl(daemon, "order", SHOP, *CONTENT, "--username", "admin", "--password-file", secret)
    assert done.returncode == 0
    assert placed(daemon)[0]["username"] == "admin"
    assert placed(daemon)[0]["password"] == 'gyg äg"\\'
    assert "gyg" not in done.stdout + done.stderr


@pytest.mark.parametrize("given", ["gygag", "gygag\n", "gygag\r\n"])
def test_password_from_stdin_is_in_no_argv(daemon, given):
    takes_orders(daemon)
    commands = []

    def alive():
        # The program waits for this very reply: what can others see of it?
        commands.append(subprocess.run(["ps", "-eo", "args"], capture_output=True,
                                       encoding="utf-8").stdout)
        return {"workshop": SHOP}

    daemon.on("GET", f"{PATH}/alive", alive)
    done = ctl(daemon, "order", SHOP, *CONTENT, "--username", "admin", "--password-file", "-",
               stdin=given)
    assert done.returncode == 0
    assert placed(daemon)[0]["password"] == "gygag"
    assert "--password-file -" in commands[0] and "gygag" not in commands[0]
    assert "gygag" not in done.stdout + done.stderr


@pytest.mark.parametrize("args", [["--password-file", "-"], []])
def test_password_prompt_does_not_echo(daemon, args):
    takes_orders(daemon)
    terminal = Terminal(daemon, "order", SHOP, *CONTENT, "--username", "admin", *args)
    terminal.read_until("Password: ")
    assert not termios.tcgetattr(terminal.fd)[3] & termios.ECHO
    terminal.type("gygag\n")
    output, status = terminal.finish()
    assert status == 0
    assert placed(daemon)[0]["password"] == "gygag"
    assert "gygag" not in output


def test_interrupted_prompt_leaves_the_terminal_as_it_was(daemon):
    takes_orders(daemon)
    terminal = Terminal(daemon, "order", SHOP, *CONTENT, "--username", "admin")
    terminal.read_until("Password: ")
    terminal.type("gyg\x03")
    terminal.read_until(None)
    assert termios.tcgetattr(terminal.fd)[3] & termios.ECHO
    assert terminal.finish()[1] == -signal.SIGINT
    assert daemon.seen == []


@pytest.mark.parametrize("args, stdin", [
    (["--password", "gygag"], ""),
    (["--password=gygag"], ""),
    (["--passwd=gygag"], ""),
    (["--username", "admin"], "gygag"),  # no source was named, and stdin is no terminal
    (["--password-file", "-"], "gygag"),
    (["--username", "admin", "--password-file", "/nonexistent/file"], ""),
    (["--username", "admin", "--password-file", "-"], ""),
    (["--username", "admin", "--password-file", "-"], "\n"),
    (["--username", "admin", "--password-file", "-"], "gygag" * 103),
])
def test_no_password_no_request(daemon, args, stdin):
    takes_orders(daemon)
    done = ctl(daemon, "order", SHOP, *CONTENT, *args, stdin=stdin)
    assert done.returncode == 2
    assert done.stderr.startswith("pumplinectl: ") and "gygag" not in done.stderr
    assert daemon.seen == []


def test_password_of_the_greatest_length(daemon):
    takes_orders(daemon)
    ctl(daemon, "order", SHOP, *CONTENT, "--username", "a", "--password-file", "-",
        stdin="p" * 512 + "\r\n")
    assert placed(daemon)[0]["password"] == "p" * 512


# ---- exit statuses, JSON ----

EVERY = [
    ["status"], ["status", SHOP], ["start", SHOP], ["stop", SHOP], ["restart", SHOP],
    ["kill", SHOP], ["start-worker", SHOP], ["stop-worker", SHOP], ["queue", SHOP],
    ["clear-queue", SHOP], ["order", SHOP, *CONTENT], ["order-status", SHOP, "u"],
    ["order-status", SHOP, "u", "--history"], ["errors", SHOP], ["retry", SHOP, "u"],
    ["resolve", SHOP, "u", "--note", "n"], ["reload"],
]


@pytest.mark.parametrize("args", EVERY)
def test_no_socket(tmp_path, args):
    done = ctl(None, "--socket", tmp_path / "none.sock", *args)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"can't reach the daemon at {tmp_path}/none.sock: No such file" in done.stderr


@pytest.mark.parametrize("args", EVERY)
def test_refused(daemon, args):
    refusal = problem(404, "unknown_workshop", "no workshop has this name", "Not Found")
    daemon.otherwise = (404, refusal)
    done = ctl(daemon, *args)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(
        "pumplinectl: Not Found: no workshop has this name (unknown_workshop, 404)\n")
    done = ctl(daemon, *args, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, refusal)


@pytest.mark.parametrize("status", [400, 401, 409, 429, 500, 503, 504])
def test_refusal_that_is_no_json(daemon, status):
    daemon.on("GET", "/health", b"<html>\x1b[31m</html>", status)
    done = ctl(daemon, "status", "--json")
    assert done.returncode == 1
    assert str(status) in done.stderr and "\x1b" not in done.stderr
    assert json.loads(done.stdout)["status"] == status


def test_faults_of_a_configuration_are_all_named(daemon):
    refusal = problem(400, "bad_config", "2 faults")
    refusal["fields"] = ["left", "to", "detail"]
    refusal["faults"] = [{"pointer": "/erp/url", "detail": "is no URL"}, {"x": 1},
                         {"file": "a.json", "pointer": "/listen", "detail": "is used twice"}]
    daemon.on("PUT", "/reload", refusal, 400)
    assert ctl(daemon, "reload").stderr.splitlines() == [
        "pumplinectl: Refused: 2 faults (bad_config, 400)",
        "pumplinectl:   /erp/url: is no URL",
        'pumplinectl:   {"x":1}',
        "pumplinectl:   a.json /listen: is used twice",
    ]


@pytest.mark.parametrize("reply", [b"", b"[]", b"nonsense", b'{"a": 1', b"{} {}"])
def test_success_that_makes_no_sense(daemon, reply):
    daemon.on("GET", "/health", reply)
    done = ctl(daemon, "status")
    assert (done.returncode, done.stdout) == (3, "")


def test_reply_cut_short(daemon):
    daemon.missing_bytes = 5
    daemon.on("GET", "/health", health())
    assert ctl(daemon, "status").returncode == 3


def test_reply_with_members_missing(daemon):
    for method, path in [("GET", "/health"), ("GET", PATH), ("GET", f"{PATH}/queue?limit=100"),
                         ("GET", f"{PATH}/orders?status=error&limit=100"),
                         ("GET", f"{PATH}/get_order_status?uniqueid=u"), ("PUT", "/reload"),
                         ("GET", f"{PATH}/orders/u/history"), ("PUT", f"{PATH}/start"),
                         ("GET", f"{PATH}/alive"), ("POST", f"{PATH}/create")]:
        daemon.on(method, path, {})
    for args in (["status"], ["status", SHOP], ["queue", SHOP], ["errors", SHOP], ["reload"],
                 ["order-status", SHOP, "u"], ["order-status", SHOP, "u", "--history"],
                 ["start", SHOP], ["order", SHOP, *CONTENT]):
        assert ctl(daemon, *args).returncode == 0, args


def test_reply_with_members_of_other_types(daemon):
    odd = {"workshop": 1, "integrations": [5, None, {"process": [], "orders": 7, "last_exit": 3,
                                                     "oldest_placed_age_s": "x"}],
           "summary": [], "tasks": {"a": 1}, "orders": [[], "x"], "history": [1], "next": 5}
    for path in ("/health", PATH, f"{PATH}/queue?limit=100", f"{PATH}/orders/u/history",
                 f"{PATH}/orders?status=error&limit=100"):
        daemon.on("GET", path, odd)
    for args in (["status"], ["status", SHOP], ["queue", SHOP], ["errors", SHOP],
                 ["order-status", SHOP, "u", "--history"]):
        assert ctl(daemon, *args).returncode == 0, args


def test_json_is_the_reply_as_it_is(daemon):
    reply = health(integration("Värkstad Öst 修理", oldest_placed_age_s=12.3))
    reply["later_member"] = {"b": 0.1, "a": [1, None, 9007199254740993]}
    daemon.on("GET", "/health", reply)
    done = ctl(daemon, "status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == json.dumps(reply, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("args", [
    [], ["frobnicate"], ["start"], ["start", "a", "b"], ["start", ""], ["reload", "x"],
    ["order-status", "a"], ["resolve", "a", "b"], ["order", SHOP],
    ["order", SHOP, "--worksheet", "1", "--product", "2"], ["start", SHOP, "--limit", "1"],
    ["queue", SHOP, "--limit", "0"], ["queue", SHOP, "--limit", "-1"],
    ["queue", SHOP, "--limit", "x"], ["queue", SHOP, "--limit"], ["status", "--bogus"],
    ["status", "-x"], ["status", "--socket"], ["resolve", "a", "b", "--note", b"\xff"],
])
def test_usage(daemon, args):
    done = ctl(daemon, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"pumplinectl: [^\n]+\n", done.stderr)
    assert daemon.seen == []


def test_options_stand_before_or_after_the_command(daemon):
    daemon.on("GET", "/health", health())
    for more in ({}, {"POSIXLY_CORRECT": "1"}):
        for args in (["--json", "--socket", daemon.path, "status"],
                     ["status", f"--socket={daemon.path}", "--json"]):
            done = ctl(None, *args, **more)
            assert done.returncode == 0 and json.loads(done.stdout) == health()


def test_socket_option_goes_before_the_environment(daemon):
    daemon.on("GET", "/health", health())
    assert ctl(None, "status", "--socket", daemon.path, PUMPLINE_SOCKET="/none").returncode == 0
    assert ctl(None, "status", PUMPLINE_SOCKET="/none").returncode == 3


@pytest.mark.parametrize("command", [args[0] for args in EVERY])
def test_help_of_a_command(command):
    done = ctl(None, command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for part in (f"Usage: pumplinectl [OPTIONS] {command}", "Options:", "Example:", "Exit status:"):
        assert part in done.stdout
    assert "--password " not in done.stdout


@pytest.mark.parametrize("command, said", [
    ("stop", "until it is started or the daemon is restarted"),
    ("kill", "until it is started or the daemon is restarted"),
    ("stop-worker", "until it is started or the daemon is restarted"),
    ("start-worker", "parked with erp_unreachable goes on by itself"),
    ("start-worker", "auth_failed needs"),
])
def test_help_says_how_long_it_lasts(command, said):
    assert said in ctl(None, command, "--help").stdout


def test_help_and_version():
    done = ctl(None, "--help")
    assert done.returncode == 0
    for args in EVERY:
        assert f"\n  {args[0]} " in done.stdout
    for part in ("--socket", "--json", "PUMPLINE_SOCKET", "Exit status:"):
        assert part in done.stdout
    done = ctl(None, "--version")
    assert re.fullmatch(r"pumplinectl \d+\.\d+\.\d+\n", done.stdout)


def test_full_disk_is_told(daemon):
    daemon.on("GET", "/health", health())
    with open("/dev/full", "w") as full:
        done = subprocess.run([CTL, "status"], env=environment(daemon), stdout=full,
                              stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 1 and b"stdout" in done.stderr


def test_proxies_of_the_environment_are_left_alone(daemon):
    daemon.on("GET", "/health", health())
    assert ctl(daemon, "status", http_proxy="http://127.0.0.1:1", ALL_PROXY="socks5://x:1"
               ).returncode == 0
    assert daemon.seen == [("GET", "/health", None)]


@pytest.mark.parametrize("name, encoded", [
    ("..", "%2E%2E"), (".", "%2E"), ("a/b?c#d%", "a%2Fb%3Fc%23d%25"), ("Öst", "%C3%96st"),
    ("v1.2_x~-", "v1.2_x~-"), ("'\"&=+", "%27%22%26%3D%2B"),
])
def test_names_are_percent_encoded(daemon, name, encoded):
    daemon.on("PUT", f"/workshops/{encoded}/stop", {"workshop": name})
    assert ctl(daemon, "stop", "--", name).returncode == 0


# ---- for the eye ----

def test_no_colour_in_a_pipe(daemon):
    daemon.on("GET", "/health", health(integration()))
    assert "\x1b" not in ctl(daemon, "status").stdout


def test_colours_on_a_terminal(daemon):
    daemon.on("GET", "/health", health(integration()))
    output, status = Terminal(daemon, "status").finish()
    assert status == 0
    assert "\x1b[1mWORKSHOP\x1b[0m" in output
    assert "\x1b[32mrunning\x1b[0m" in output
    assert "\x1b[31mparked (auth_failed)\x1b[0m" in output


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_not_wanted(daemon, more):
    daemon.on("GET", "/health", health(integration()))
    assert "\x1b" not in Terminal(daemon, "status", **more).finish()[0]


def long_errors(daemon):
    text = "Arbetsordern är stängd 修理 " * 20
    daemon.on("GET", f"{PATH}/orders?status=error&limit=100", {
        "workshop": SHOP, "next": None,
        "orders": [order(status="error", reason_code="erp_rejected", reason_text=text)]})
    return text


@pytest.mark.parametrize("width", [200, 100, 60, 20, 3, 1])
def test_long_text_is_cut_on_a_terminal(daemon, width):
    long_errors(daemon)
    terminal = Terminal(daemon, "errors", SHOP, width=width, NO_COLOR="1")
    lines = terminal.finish()[0].splitlines()
    for line in lines[:2]:
        wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
        assert len(line) + wide <= max(width, 3)
    assert "…" in lines[1] or width < 60
    if width >= 100:
        assert "2026-11-24" in lines[1]


def test_long_text_is_not_cut_in_a_pipe(daemon):
    assert long_errors(daemon).strip() in ctl(daemon, "errors", SHOP).stdout


EVIL = "a\x1b]0;owned\x07\r\n\tb\x7f\x9b31m\u202ec\u2028d"
TAME = r"a\u001b]0;owned\u0007\u000d\u000a\u0009b\u007f\u009b31m\u202ec\u2028d"
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]")


def evil_replies(daemon):
    one = order(EVIL, worksheet=EVIL, status=EVIL, reason_code=EVIL, reason_text=EVIL,
                placed_at=EVIL, updated_at=EVIL, erp_reference=EVIL)
    daemon.on("GET", "/health", health(integration(EVIL, process=EVIL, worker=EVIL, port=EVIL)))
    daemon.on("GET", PATH, integration(EVIL, last_exit={"at": EVIL, "signal": EVIL}))
    daemon.on("GET", f"{PATH}/queue?limit=100",
              {"workshop": EVIL, "length": 1, "tasks": [one], "next": None})
    daemon.on("GET", f"{PATH}/orders?status=error&limit=100",
              {"workshop": EVIL, "orders": [one], "next": None})
    daemon.on("GET", f"{PATH}/get_order_status?uniqueid=u", one)
    daemon.on("GET", f"{PATH}/orders/u/history", {"history": [{"at": EVIL, "status": EVIL}]})
    daemon.on("PUT", f"{PATH}/start", {"workshop": EVIL, "process": EVIL})
    daemon.on("PUT", "/reload", {EVIL: [EVIL, {EVIL: EVIL}]})
    daemon.on("PUT", f"{PATH}/kill", problem(500, EVIL, EVIL, EVIL), 500)
    takes_orders(daemon, workshop=EVIL, uniqueid=EVIL, status=EVIL)


EVIL_COMMANDS = [["status"], ["status", SHOP], ["queue", SHOP], ["errors", SHOP], ["start", SHOP],
                 ["order-status", SHOP, "u"], ["order-status", SHOP, "u", "--history"], ["reload"],
                 ["kill", SHOP], ["order", SHOP, *CONTENT]]


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "xx_YY.ISO-8859-1"])
@pytest.mark.parametrize("args", EVIL_COMMANDS)
def test_control_characters_are_escaped(daemon, args, locale):
    evil_replies(daemon)
    done = ctl(daemon, *args, LANG=locale)
    assert not RAW.search(done.stdout + done.stderr)
    assert TAME in done.stdout + done.stderr
    assert len(done.stdout.splitlines()) <= 15


def test_control_characters_are_escaped_in_json(daemon):
    evil_replies(daemon)
    done = ctl(daemon, "--json", "order-status", SHOP, "u")
    assert not RAW.search(done.stdout)
    assert json.loads(done.stdout)["reason_text"] == EVIL


def test_control_characters_in_arguments_are_escaped(daemon):
    done = ctl(daemon, "fro\x1b[31mb")
    assert done.returncode == 2 and "\x1b" not in done.stderr
