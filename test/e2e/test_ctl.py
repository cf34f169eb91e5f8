"""pumplinectl against a fake daemon with scripted replies: its requests, output and exit status. The contract is the control
API, so no real daemon is needed."""
import fcntl
import hashlib
import json
import os
import pathlib
import pty
import queue
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
import unicodedata

import pytest
import web_server

REPO = pathlib.Path(__file__).resolve().parents[2]
CTL = pathlib.Path(os.environ.get("PUMPLINE_BUILD", REPO / "build")) / "pumplinectl"
# It starts the program some thousand times, at three times the price with sanitizers, which test_ctl_*.py run it with.
pytestmark = pytest.mark.release
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


class Daemon(web_server.Server):
    def __init__(self, path):
        super().__init__(path)
        self.path = path
        self.replies, self.seen, self.headers = {}, [], []
        self.events, self.followed = None, threading.Event()
        self.otherwise = (404, problem(404, "not_found", "no such call"))
        self.missing_bytes = 0  # announced in Content-Length but never sent

    def on(self, method, path, reply, status=200):
        self.replies[(method, path)] = (status, reply)

    def handle(self, connection, request):
        self.seen.append((request.method, request.path, request.json if request.body else None))
        self.headers.append(request.headers)
        if request.path == "/events" and self.events is not None:
            return self.stream(connection)
        answer = self.answer(request)
        connection.sendall(answer[:len(answer) - self.missing_bytes])
        return not self.missing_bytes

    def answer(self, request):
        status, said = self.replies.get((request.method, request.path), self.otherwise)
        if callable(said):
            said = said()
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        kind = "application/problem+json" if status >= 400 else "application/json"
        return web_server.reply(status, data + b" " * self.missing_bytes, [f"Content-Type: {kind}"])

    def stream(self, connection):
        """Streams what the test puts into the queue, until None."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        self.followed.set()
        while (part := self.events.get()) is not None:
            connection.sendall(part.encode())
        return False


@pytest.fixture
def daemon(tmp_path):
    with Daemon(str(tmp_path / "control.sock")) as server:
        yield server


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
    """The program with stdin, stdout and stderr on its own terminal."""

    def __init__(self, daemon, *args, width=200, **more):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # Set here, before the program can read it, not in the parent.
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
        """All output and the exit status (negative: killed by a signal)."""
        self.read_until(None)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return self.output.decode(), status


# ---- requests of each command ----

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
     "7 orders cleared, 1 still being processed"),
]


@pytest.mark.parametrize("command, method, path, reply, said", SIMPLE)
def test_put_commands(daemon, command, method, path, reply, said):
    daemon.on(method, PATH + path, reply)
    done = ctl(daemon, *command, SHOP)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{SHOP}: " in done.stdout and said in done.stdout
    assert daemon.seen == [(method, PATH + path, None)]
    assert daemon.headers[0]["content-length"] == "0"
    assert "content-type" not in daemon.headers[0]


# ---- several workshops ----

def shops(daemon):
    daemon.on("GET", "/health", health(integration(), integration("Öst", "st"),
                                       integration("Old", "old", active=False, process="stopped")))


@pytest.mark.parametrize("command, path, reply, said", [
    (row[0][0], row[2], row[3], row[4]) for row in SIMPLE])
def test_several_workshops(daemon, command, path, reply, said):
    for name in ("a", "b"):
        daemon.on("PUT", f"/workshops/{name}{path}", {**reply, "workshop": name})
    done = ctl(daemon, command, "a", "b")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"a: {said}" in done.stdout and f"b: {said}" in done.stdout
    assert [one[1] for one in daemon.seen] == [f"/workshops/{name}{path}" for name in "ab"]


@pytest.mark.parametrize("command, slugs", [("stop", ["bennys-auto", "st"]), ("kill", ["bennys-auto", "st"]),
                                            ("clear-queue", ["bennys-auto", "st"]),
                                            ("activate", ["bennys-auto", "st", "old"]),
                                            ("deactivate", ["bennys-auto", "st", "old"])])
def test_all_workshops(daemon, command, slugs):
    """An inactive one has no process: only its indicator can be changed."""
    shops(daemon)
    path = command.replace("-", "_")
    for slug in slugs:
        daemon.on("PUT", f"/workshops/{slug}/{path}", {"workshop": slug})
    done = ctl(daemon, command, "all", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"workshops": [{"workshop": slug} for slug in slugs]}


def test_no_workshop_is_meant_by_all(daemon):
    daemon.on("GET", "/health", health())
    assert (done := ctl(daemon, "stop", "all")).returncode == 0 and done.stdout == "no workshop is active\n"
    daemon.on("GET", "/health", health(integration("Alles", "all"), integration()))
    done = ctl(daemon, "kill", "all")
    assert (done.returncode, done.stdout) == (2, "") and 'one workshop is called "all"' in done.stderr
    assert {one[:2] for one in daemon.seen} == {("GET", "/health")}


def test_several_go_on_after_a_refusal(daemon):
    daemon.on("PUT", "/workshops/a/start", problem(409, "inactive", "not active"), 409)
    daemon.on("PUT", "/workshops/b/start", {"workshop": "b"})
    done = ctl(daemon, "start", "a", "b")
    assert (done.returncode, done.stdout) == (1, "b: started\n")
    assert done.stderr.startswith("pumplinectl: a: Refused: not active (inactive, 409)\n")
    reply = json.loads(ctl(daemon, "start", "a", "b", "--json").stdout)
    assert [(one["workshop"], one.get("code")) for one in reply["workshops"]] == [("a", "inactive"), ("b", None)]


@pytest.mark.parametrize("command, path", [("kill", "kill"), ("clear-queue", "clear_queue")])
def test_a_terminal_is_asked(daemon, command, path):
    daemon.on("PUT", f"{PATH}/{path}", {"workshop": SHOP})
    for answer, expected, calls in (("n", 1, 0), ("", 1, 0), ("y", 0, 1)):
        terminal = Terminal(daemon, command, SHOP)
        terminal.read_until(f": {SHOP}? [y/N] ")
        terminal.type(answer + "\n")
        assert terminal.finish()[1] == expected
        assert len(daemon.seen) == calls
    output, status = Terminal(daemon, command, SHOP, "--yes").finish()
    assert status == 0 and "[y/N]" not in output


def test_a_terminal_is_asked_once_for_all(daemon):
    shops(daemon)
    terminal = Terminal(daemon, "kill", "all")
    terminal.read_until("all 2 workshops? [y/N] ")
    terminal.type("\n")
    assert terminal.finish()[1] == 1
    assert [one[:2] for one in daemon.seen] == [("GET", "/health")]


def test_reload(daemon):
    reply = {"added": ["bennys-auto", "x"], "changed": [], "removed": ["y"], "unchanged": 3,
             "needs_restart": []}
    daemon.on("PUT", "/reload", reply)
    done = ctl(daemon, "reload")
    assert done.returncode == 0
    assert done.stdout == ("configuration reloaded\n  added: bennys-auto, x\n  changed: -\n"
                           "  removed: y\n  unchanged: 3\n")
    assert daemon.seen == [("PUT", "/reload", None)]
    reply["needs_restart"] = ["control_socket", "state_dir"]
    assert ctl(daemon, "reload").stdout == done.stdout + (
        "restart the daemon to apply: control_socket, state_dir\n")


def test_status_shows_every_integration(daemon):
    daemon.on("GET", "/health", health(
        integration(),
        integration("Värkstad Öst 修理", "vst", port=8102, active=False, process="stopped", pid=None,
                    restarts=0, worker=None, worker_reason=None, queue_length=None,
                    oldest_placed_age_s=None, orders=None, uptime_s=None)))
    done = ctl(daemon, "status")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert columns(lines[0]) == ["WORKSHOP", "SLUG", "PORT", "ERP", "PROCESS", "WORKER", "QUEUE", "OLDEST",
                                 "ERRORS", "RESTARTS", "PID", "UPTIME"]
    assert columns(lines[1]) == [SHOP, "bennys-auto", "8101", "tryton", "running", "parked (auth_failed)", "7",
                                 "3m", "3", "2", "4711", "2h 5m"]
    assert columns(lines[2]) == ["Värkstad Öst 修理", "vst", "8102", "tryton", "stopped, inactive", "-", "-",
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
    assert columns(done.stdout.splitlines()[1])[:6] == [SHOP, "bennys-auto", "8101", "tryton", "running",
                                                        "parked (auth_failed)"]
    assert "last exit: signal 9 at 2026-11-24 08:15:30 UTC (" in done.stdout
    assert "last error" not in done.stdout and "salvaged" not in done.stdout


def test_status_of_one_says_why_the_worker_is_parked(daemon):
    daemon.on("GET", PATH, integration(worker_since="2026-11-24T08:15:30.123Z", worker_text="connection refused",
                                       next_probe_at="2126-11-24T08:16:00Z"))
    lines = ctl(daemon, "status", SHOP).stdout.splitlines()
    assert any(line.startswith("worker: parked since 2026-11-24 08:15:30 UTC (") for line in lines)
    assert "worker's reason: connection refused" in lines
    assert any(line.startswith("next probe of the ERP: 2126-11-24 08:16:00 UTC (in ") for line in lines)


@pytest.mark.parametrize("orders, said", [(7, "7 orders, 2"), (1, "1 order, 2")])
def test_status_of_one_with_trouble(daemon, orders, said):
    daemon.on("GET", PATH, integration(
        last_error="cannot listen on 127.0.0.1:8101: Address already in use",
        salvaged={"at": "2026-11-24T08:15:30Z", "file": "/q/data.mdb.damaged", "orders": orders,
                  "for_a_person": 2}))
    lines = ctl(daemon, "status", SHOP).stdout.splitlines()
    assert ("last error: cannot listen on 127.0.0.1:8101: Address already in use"
            in lines)
    assert re.fullmatch(r"queue salvaged at 2026-11-24 08:15:30 UTC \(.*\): " + said +
                        " need attention; the damaged file is kept as /q/data.mdb.damaged", lines[-1])


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


def test_queue_ends_if_the_cursor_does_not_advance(daemon):
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
    assert row[8].startswith("2026-11-24 08:15:30 UTC (")


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
    assert "pumplinectl retry 'Bennys Auto' UNIQUEID" in lines[-2]
    assert "pumplinectl resolve 'Bennys Auto' UNIQUEID --note TEXT" in lines[-1]


def test_errors_of_all(daemon):
    """In pages; a workshop that could not be asked for the second one is named, too."""
    daemon.on("GET", "/orders?status=error&limit=100",
              {"orders": [order("a", status="error", reason_code="erp_rejected")], "incomplete": ["old"], "next": "c1"})
    daemon.on("GET", "/orders?status=error&limit=100&after=c1",
              {"orders": [order("b", workshop="Öst", status="error")], "incomplete": ["old", "bennys-auto"], "next": None})
    done = ctl(daemon, "errors")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [columns(line)[:2] for line in lines[:3]] == [["WORKSHOP", "UNIQUEID"], [SHOP, "a"], ["Öst", "b"]]
    assert "pumplinectl retry WORKSHOP UNIQUEID" in done.stdout
    assert lines[-1] == "Not included, because they did not answer: old, bennys-auto"
    assert done.stdout == ctl(daemon, "errors", "all").stdout
    reply = json.loads(ctl(daemon, "errors", "--json").stdout)
    assert ([one["uniqueid"] for one in reply["orders"]], reply["incomplete"]) == (["a", "b"], ["old", "bennys-auto"])


def test_no_errors_of_all(daemon):
    daemon.on("GET", "/orders?status=error&limit=100", {"orders": [], "incomplete": [], "next": None})
    assert ctl(daemon, "errors").stdout == "no orders in error\n"


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
    assert daemon.headers[0].get("content-type") == ("application/json" if body else None)


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
    assert done.stdout == f"{SHOP}: u1 is placed; queue length 3\n"
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
    assert "u1 is a duplicate of an order that is created" in done.stdout


def test_order_whose_reply_is_lost_says_how_to_go_on(daemon):
    takes_orders(daemon)
    # Only the reply to POST is cut short.
    daemon.on("POST", f"{PATH}/create", lambda: setattr(daemon, "missing_bytes", 9) or {})
    done = ctl(daemon, "order", SHOP, *CONTENT, "--id", "u1")
    assert done.returncode == 3
    assert "to retry safely, repeat the command with --id u1 " in done.stderr


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
        # The program waits for this reply: what can other users see of it meanwhile?
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
    (["--username", "admin"], "gygag"),  # no source was given, and stdin is not a terminal
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
    ["order-status", SHOP, "u", "--history"], ["errors", SHOP], ["errors"], ["retry", SHOP, "u"],
    ["resolve", SHOP, "u", "--note", "n"], ["reload"], ["show", SHOP], ["remove", SHOP],
    ["activate", SHOP], ["deactivate", SHOP], ["token", "add", SHOP, "--scope", "order"],
    ["token", "list", SHOP], ["token", "revoke", SHOP, "n"], ["rekey"], ["status", "--watch"],
    ["status", SHOP, "--watch"],
]


@pytest.mark.parametrize("args", EVERY)
def test_no_socket(tmp_path, args):
    done = ctl(None, "--socket", tmp_path / "none.sock", *args)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"cannot reach the daemon at {tmp_path}/none.sock: No such file or directory (is pumplined running?)" in done.stderr


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
def test_refusal_that_is_not_json(daemon, status):
    daemon.on("GET", "/health", b"<html>\x1b[31m</html>", status)
    done = ctl(daemon, "status", "--json")
    assert done.returncode == 1
    assert str(status) in done.stderr and "\x1b" not in done.stderr
    assert json.loads(done.stdout)["status"] == status


@pytest.mark.parametrize("args, code, said", [
    (["remove", "Ben's"], "orders_waiting",
     r"to remove it anyway and keep its queue aside: pumplinectl remove 'Ben'\''s' --force"),
    (["remove", "Ben's"], "queue_unknown",
     r"to remove it anyway and keep its queue aside: pumplinectl remove 'Ben'\''s' --force"),
])
def test_a_refusal_says_what_to_do(daemon, args, code, said):
    daemon.otherwise = (409, problem(409, code, "no"))
    assert ctl(daemon, *args).stderr.splitlines()[1:] == [f"pumplinectl: {said}"]


@pytest.mark.parametrize("typed, said", [
    ("benny-auto", "did you mean bennys-auto?"), ("bennys auot", "did you mean Bennys Auto?"), ("BENN", "did you mean bennys-auto?"),
    ("x", "run `pumplinectl status` to list the workshops"), ("a" * 4000, "run `pumplinectl status` to list the workshops")])
def test_an_unknown_workshop_gets_the_nearest(daemon, typed, said):
    shops(daemon)
    daemon.otherwise = (404, problem(404, "unknown_workshop", "no"))
    assert ctl(daemon, "stop", typed).stderr.splitlines()[1:] == [f"pumplinectl: {said}"]


@pytest.mark.parametrize("args, said", [
    (["stat"], "unknown command: stat; did you mean status?"), (["eror", SHOP], "did you mean errors?"),
    (["clear_queue"], "did you mean clear-queue?"), (["frobnicate"], "frobnicate; see pumplinectl --help"),
    (["status", "--wacth"], "unknown option --wacth; did you mean --watch?"),
    (["order", "--pasword-file=gygag"], "unknown option --pasword-file; did you mean --password-file?"),
    (["status", "--zzzz"], "unknown option --zzzz; see pumplinectl --help"),
])
def test_did_you_mean(daemon, args, said):
    done = ctl(daemon, *args)
    assert done.returncode == 2 and said in done.stderr


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
def test_nonsensical_success(daemon, reply):
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
    [], ["frobnicate"], ["start"], ["show", "a", "b"], ["start", ""], ["start", "a", ""], ["reload", "x"],
    ["order-status", "a"], ["resolve", "a", "b"], ["order", SHOP],
    ["order", SHOP, "--worksheet", "1", "--product", "2"], ["start", SHOP, "--limit", "1"],
    ["queue", SHOP, "--limit", "0"], ["queue", SHOP, "--limit", "-1"],
    ["queue", SHOP, "--limit", "x"], ["queue", SHOP, "--limit"], ["status", "--bogus"],
    ["status", "-x"], ["status", "--socket"], ["resolve", "a", "b", "--note", b"\xff"],
    ["token"], ["token", "x"], ["token", "add", SHOP], ["token", "revoke", SHOP], ["status", "token", "add"],
    ["token", "add", SHOP, "--scope", b"\xff"], ["add"], ["add", "a", "b", "c"], ["metrics", "--json"],
    ["add", "a", "/dev/null", "--slug", "b"], ["add", "/none"], ["add", "/dev/null"], ["add", "-"],
    ["logs", SHOP, "--json"], ["seal"], ["seal", SHOP, "--password", "x"], ["seal", SHOP], ["rekey", "x"], ["reload", "-c", "x"],
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


def test_socket_option_overrides_the_environment(daemon):
    daemon.on("GET", "/health", health())
    assert ctl(None, "status", "--socket", daemon.path, PUMPLINE_SOCKET="/none").returncode == 0
    assert ctl(None, "status", PUMPLINE_SOCKET="/none").returncode == 3


def listed():
    """{command: (arguments, options)} as printed by the program."""
    rows = [line.split("\t") for line in ctl(None, "--commands").stdout.splitlines()]
    return {name: (arguments, options.split()) for name, arguments, options in rows}


@pytest.mark.parametrize("command", listed())
def test_help_of_a_command(command):
    done = ctl(None, *command.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for part in (f"Usage: pumplinectl [OPTIONS] {command}", "Options:", "Example:", "Exit status:"):
        assert part in done.stdout
    assert "--password " not in done.stdout


@pytest.mark.parametrize("command, said", [
    ("stop", "stays down until you start it or the daemon restarts"),
    ("kill", "stays down until you start it or the daemon restarts"),
    ("stop-worker", "stays stopped until you start it or the daemon restarts"),
    ("start-worker", "parked with erp_unreachable resumes by itself"),
    ("start-worker", "auth_failed needs"),
])
def test_help_says_how_long_it_lasts(command, said):
    assert said in ctl(None, command, "--help").stdout


def test_help_and_version():
    done = ctl(None, "--help")
    assert done.returncode == 0
    for name in listed():
        assert f"\n  {name} " in done.stdout
    for part in ("--socket", "--json", "PUMPLINE_SOCKET", "Exit status:"):
        assert part in done.stdout
    done = ctl(None, "--version")
    assert re.fullmatch(r"pumplinectl \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.long
def test_help_is_a_command_too():
    assert ctl(None, "help").stdout == ctl(None, "--help").stdout
    for command in listed():
        assert ctl(None, "help", *command.split()).stdout == ctl(None, *command.split(), "--help").stdout
    assert ctl(None, "help", "frobnicate").returncode == 2


def test_full_disk_is_reported(daemon):
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


# ---- management ----

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
@pytest.mark.parametrize("created, said", [(True, "created"), (False, "changed")])
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
    assert done.stdout == f"{SHOP}: {said} as s; process running\n"
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


def test_show(daemon):
    daemon.on("GET", PATH, integration(configuration=document()))
    assert json.loads(ctl(daemon, "show", SHOP).stdout) == document()
    assert json.loads(ctl(daemon, "show", SHOP, "--json").stdout) == integration(configuration=document())


def test_rekey(daemon):
    daemon.on("PUT", "/rekey", {"rekeyed": 1})
    assert ctl(daemon, "rekey").stdout == "the new master key is in use; 1 workshop resealed\n"


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


# ---- events and --watch ----

def event(name, **data):
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


class Running:
    """The program with its output in pipes, which are read while it runs."""

    def __init__(self, daemon, *args):
        self.process = subprocess.Popen([CTL, *args], env=environment(daemon), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, encoding="utf-8")
        self.lines, self.end = [], time.monotonic() + 60
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""

    def read_until(self, text):
        while text not in self.text:
            assert select.select([self.process.stdout], [], [], max(0, self.end - time.monotonic()))[0], self.text
            chunk = os.read(self.process.stdout.fileno(), 65536).decode()
            assert chunk, self.process.stderr.read()
            self.text += chunk
        return self.text

    def finish(self, number=None):
        if number:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, self.text + (out or ""), err


def test_events_are_lines(daemon):
    daemon.events = queue.Queue()
    program = Running(daemon, "events")
    for part in (": hello\n\n", event("snapshot", **health(integration())), event("integration", **integration()),
                 "data: no JSON\n\n", event("integration", workshop="Öst", process="backoff"),
                 event("removed", workshop="Öst", slug="st")):
        daemon.events.put(part)
    program.read_until("removed\n")
    daemon.events.put(None)
    status, out, err = program.finish()
    assert status == 3 and "closed the event stream" in err
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC ", line) for line in out.splitlines())
    assert [line[24:] for line in out.splitlines()] == [
        "pumplined: 1 integration, 1 running, 1 parked, 0 failed",
        f"{SHOP}: running, worker parked (auth_failed), 7 in the queue, 3 in error",
        "Öst: backoff", "Öst: removed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_events_as_json_until_a_signal(daemon, number):
    daemon.events = queue.Queue()
    program = Running(daemon, "events", "--json")
    daemon.events.put(event("state", workshop=EVIL))
    program.read_until("\n")
    status, out, err = program.finish(number)
    daemon.events.put(None)
    assert (status, err) == (0, "") and not RAW.search(out)
    assert json.loads(out) == {"event": "state", "workshop": EVIL}


def test_no_events_no_daemon(daemon, tmp_path):
    assert ctl(None, "events", "--socket", tmp_path / "none").returncode == 3
    done = ctl(daemon, "events")
    assert done.returncode == 1 and "HTTP 404" in done.stderr


def test_watch_prints_every_change_and_ages_are_none(daemon):
    """Five changes before the deadline: polling every ten seconds would be too slow, so the events must trigger the refresh."""
    daemon.events = queue.Queue()
    daemon.on("GET", "/health", health(integration(queue_length=100)))
    program = Running(daemon, "status", "--watch")
    program.read_until(" 100 ")
    assert daemon.followed.wait(20)
    program.end = time.monotonic() + 20
    for length in range(101, 106):
        daemon.on("GET", "/health", health(integration(queue_length=length, uptime_s=length, oldest_placed_age_s=length)))
        daemon.events.put(event("state"))
        program.read_until(f" {length} ")
    looks = daemon.seen.count(("GET", "/health", None))
    daemon.on("GET", "/health", health(integration(queue_length=105, uptime_s=9, oldest_placed_age_s=9)))
    daemon.events.put(event("state"))
    end = time.monotonic() + 60
    while daemon.seen.count(("GET", "/health", None)) == looks:
        assert time.monotonic() < end
        time.sleep(0.01)
    status, out, err = program.finish(signal.SIGTERM)
    daemon.events.put(None)
    assert (status, err) == (0, "")
    assert out.count("WORKSHOP") == 6 and "\x1b" not in out


def test_watch_without_events_polls(daemon):
    daemon.on("GET", PATH, integration())
    program = Running(daemon, "status", SHOP, "--watch", "--json")
    program.read_until("\n")
    daemon.on("GET", PATH, integration(process="stopped"))
    program.read_until('"stopped"')
    status, out, err = program.finish(signal.SIGINT)
    assert (status, err) == (0, "")
    assert [json.loads(line)["process"] for line in out.splitlines()] == ["running", "stopped"]


def test_watch_ends_when_the_daemon_refuses(daemon):
    daemon.on("GET", PATH, integration())
    program = Running(daemon, "status", SHOP, "--watch")
    program.read_until("last exit")
    daemon.on("GET", PATH, problem(404, "unknown_workshop", "gone"), 404)
    status, _, err = program.finish()
    assert status == 1 and "unknown_workshop" in err


def test_watch_on_a_terminal_draws_anew_and_leaves_it_as_it_was(daemon):
    daemon.events = queue.Queue()
    daemon.on("GET", "/health", health(*(integration(f"shop {i}") for i in range(50))))
    terminal = Terminal(daemon, "status", "--watch")
    terminal.read_until("pumplined 0.1.0")
    assert terminal.output.startswith(b"\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J")
    assert b"shop 17" in terminal.output and b"shop 18" not in terminal.output  # 24 lines
    assert "… and 32 more".encode() in terminal.output
    fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 200, 0, 0))
    terminal.read_until("… and 26 more")
    terminal.type("\x03")
    output, status = terminal.finish()
    daemon.events.put(None)
    assert status == 0 and output.endswith("\x1b[?25h\x1b[?1049l")


@pytest.mark.parametrize("key", ["q", "Q"])
def test_watch_ends_with_q(daemon, key):
    daemon.events = queue.Queue()
    daemon.on("GET", "/health", health(integration()))
    terminal = Terminal(daemon, "status", "--watch")
    terminal.read_until("pumplined 0.1.0")
    assert not termios.tcgetattr(terminal.fd)[3] & termios.ICANON
    terminal.type("x" + key)
    terminal.read_until(None)
    assert termios.tcgetattr(terminal.fd)[3] & termios.ICANON and termios.tcgetattr(terminal.fd)[3] & termios.ECHO
    output, status = terminal.finish()
    daemon.events.put(None)
    assert status == 0 and output.endswith("\x1b[?25h\x1b[?1049l")


# ---- layout and colour ----

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


def long_errors(daemon, text="Arbetsordern är stängd 修理 " * 20, uniqueid="a1"):
    daemon.on("GET", f"{PATH}/orders?status=error&limit=100", {
        "workshop": SHOP, "next": None,
        "orders": [order(uniqueid, status="error", reason_code="erp_rejected", reason_text=text)]})
    return text


def wide(line):
    return len(line) + sum(unicodedata.east_asian_width(c) in "WF" for c in line)


def squeezed(text):
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("width", [400, 200, 100, 80, 60, 20, 3, 1])
def test_errors_are_not_cut_on_a_terminal(daemon, width):
    text = long_errors(daemon)
    output = Terminal(daemon, "errors", SHOP, width=width, NO_COLOR="1").finish()[0]
    table = output.split("To retry an order")[0]
    for part in ("a1", "558", "4.5", "erp_rejected", text, "2026-11-24 08:15:30 UTC ("):
        assert squeezed(part) in squeezed(table) or width < 20, (part, width)
    assert "…" not in table or width < 20
    if width >= 60:
        assert all(wide(line) <= width for line in table.splitlines())


def test_what_does_not_fit_breaks_into_lines_of_its_own(daemon):
    long_errors(daemon, "Arbetsordern är stängd", "8e9b2a3e-93d0-4c3a-9a0e-2d5f1c8f7a10")
    output = Terminal(daemon, "errors", SHOP, width=80, NO_COLOR="1").finish()[0]
    lines = re.sub(r"\(.*\)", "(3m)", output).splitlines()
    assert lines[:5] == ["UNIQUEID                              WORKSHEET  PRODUCT  AMOUNT  REASON",
                         "8e9b2a3e-93d0-4c3a-9a0e-2d5f1c8f7a10  558        10          4.5  erp_rejected",
                         "    reason text: Arbetsordern är stängd", "    since: 2026-11-24 08:15:30 UTC (3m)", ""]


def test_a_long_uniqueid_can_be_copied(daemon):
    long_errors(daemon, "closed", "x" * 128)
    output = Terminal(daemon, "errors", SHOP, width=80, NO_COLOR="1").finish()[0]
    assert "x" * 128 in output and "\r\n    worksheet: 558\r\n" in output
    daemon.on("GET", f"{PATH}/queue?limit=100",
              {"workshop": SHOP, "length": 1, "tasks": [order("x" * 128)], "next": None})
    output = Terminal(daemon, "queue", SHOP, width=80, NO_COLOR="1").finish()[0]
    assert "x" * 128 in output and re.search(r"^ +placed\r$", output, re.M)


def test_history_is_not_cut_on_a_terminal(daemon):
    note = "entered by Ann, " * 10
    daemon.on("GET", f"{PATH}/orders/a1/history", {"history": [
        {"at": "2026-11-24T08:15:30Z", "status": "error", "attempt": 1, "duration_ms": 12, "reason_code": "worksheet_closed",
         "reason_text": "Arbetsordern är stängd 修理 " * 9, "evidence": ["a1-0f-2.png", "a1-0f-2.html"],
         "changes": {"worksheet": ["558", "559"]}, "note": note, "erp_reference": "LINE-9"}]})
    output = Terminal(daemon, "order-status", SHOP, "a1", "--history", width=80, NO_COLOR="1").finish()[0]
    for part in ("worksheet_closed", "Arbetsordern är stängd 修理 " * 9, "a1-0f-2.png a1-0f-2.html", note, "LINE-9",
                 "worksheet 558 -> 559", "2026-11-24 08:15:30 UTC ("):
        assert squeezed(part) in squeezed(output)
    assert "…" not in output and all(wide(line) <= 80 for line in output.splitlines())


def test_status_at_80_columns_has_what_matters(daemon):
    daemon.on("GET", "/health", health(integration(), integration("Värkstad Öst", "varkstad-ost", worker_reason="erp_unreachable")))
    output = Terminal(daemon, "status", width=80, NO_COLOR="1").finish()[0]
    table = output.split("\r\n\r\n")[0].splitlines()
    assert columns(table[0])[:3] == ["WORKSHOP", "SLUG", "PROCESS"] and "ERRORS" in table[0]
    assert "parked (erp_unreachable)" in output and "varkstad-ost" in output
    assert "…" not in output and all(wide(line) <= 80 for line in table)


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
    assert len(done.stdout.splitlines()) <= 20


def test_control_characters_are_escaped_in_json(daemon):
    evil_replies(daemon)
    done = ctl(daemon, "--json", "order-status", SHOP, "u")
    assert not RAW.search(done.stdout)
    assert json.loads(done.stdout)["reason_text"] == EVIL


def test_control_characters_in_arguments_are_escaped(daemon):
    done = ctl(daemon, "fro\x1b[31mb")
    assert done.returncode == 2 and "\x1b" not in done.stderr
