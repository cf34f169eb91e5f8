"""A daemon's control API with scripted replies, and pumplinectl against it, in pipes or on a terminal. The contract is that
API, so no real daemon is needed. Tests with it start the program some thousand times, at three times the price with sanitizers, so
they are marked `release`; test_ctl_events, test_ctl_manage and test_ctl_work run it with sanitizers, against a real daemon."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time

import pytest
import web_server

REPO = pathlib.Path(__file__).resolve().parents[2]
CTL = pathlib.Path(os.environ.get("PUMPLINE_BUILD", REPO / "build")) / "pumplinectl"
SHOP = "Bennys Auto"
PATH = "/workshops/Bennys%20Auto"
CONTENT = ["--worksheet", "558", "--product", "10", "--amount", "4.5"]
# What must not reach a terminal as it is, in a text of the daemon and in output.
EVIL = "a\x1b]0;owned\x07\r\n\tb\x7f\x9b31m\u202ec\u2028d"
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]")


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
        "orders": {"placed": 6, "processing": 1, "created": 90, "error": 4}, "needs_attention": 3, "uptime_s": 7500,
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


class Running:
    """The program with its output in pipes, which are read while it runs."""

    def __init__(self, daemon, *args):
        self.process = subprocess.Popen([CTL, *args], env=environment(daemon), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, encoding="utf-8")
        self.end = time.monotonic() + 60
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


def shops(daemon):
    daemon.on("GET", "/health", health(integration(), integration("Öst", "st"),
                                       integration("Old", "old", active=False, process="stopped")))


def takes_orders(daemon, path=PATH, **changes):
    reply = {"workshop": SHOP, "uniqueid": "u1", "status": "placed", "duplicate": False,
             "queue_length": 3}
    reply.update(changes)
    daemon.on("GET", f"{path}/alive", {"workshop": SHOP, "api": "running"})
    daemon.on("POST", f"{path}/create", reply)
