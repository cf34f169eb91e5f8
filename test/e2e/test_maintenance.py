"""A worker in maintenance mode, and every worker's last message; the test is its supervisor."""

import json
import os
import signal
import socket
import subprocess

from pumpline import BUILD, DEADLINE_S, free_port

KEY = "07" * 32


class Child:
    """pumpline-worker --child, on a channel that the test holds."""

    def __init__(self, folder, then=(), **more):
        self.folder, self.messages = folder, []
        (folder / "lines").mkdir(exist_ok=True)
        self.port = free_port()
        self.channel, theirs = socket.socketpair()
        self.channel.settimeout(DEADLINE_S)
        listener = socket.create_server(("127.0.0.1", self.port)) if not more.get("maintenance") else open("/dev/null")
        os.set_blocking(listener.fileno(), False)
        logs, unused = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, listener, logs, unused:
            self.process = subprocess.Popen([BUILD / "pumpline-worker", "--child"], close_fds=False,
                                            preexec_fn=lambda: place(theirs.fileno(), listener.fileno(), logs.fileno()))
        self.lines = self.channel.makefile("r")
        self.send({"type": "config", "slug": "bennys-auto", "document": self.document(), "key": KEY, "worker": "stopped",
                   "state_dir": str(folder / "state"), "webdriver_url": "", "sandbox": "off", **more}, *then)

    def document(self):
        return {"workshop": "Bennys Auto", "listen": f"127.0.0.1:{self.port}",
                "erp": {"system": "file", "folder": str(self.folder / "lines")},
                # Sealed with a lost key: maintenance must still work.
                **({"credentials": {"username": "bot", "password": {"sealed": "AAAA"}}} if self.sealed() else {})}

    def sealed(self):
        return (self.folder / "sealed").exists()

    def send(self, *messages):
        self.channel.sendall(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def read(self, kind):
        """The next message of this type; earlier ones are kept."""
        for line in self.lines:
            self.messages.append(json.loads(line))
            if self.messages[-1]["type"] == kind:
                return self.messages[-1]
        raise AssertionError(f"no {kind} in {self.messages}")

    def end(self):
        """All further messages, and the exit status."""
        rest = [json.loads(line) for line in self.lines]
        self.lines.close()
        self.channel.close()
        return rest, self.process.wait(DEADLINE_S)

    def place(self, uniqueid):
        self.send({"type": "call", "id": 1, "method": "POST", "target": "/create", "content_type": "application/json",
                   "body": json.dumps({"workshop": "Bennys Auto", "worksheet": uniqueid, "product_nr": "10",
                                       "product_amount": "5", "uniqueid": uniqueid, "username": "u", "password": "p"})})
        assert self.read("reply")["status"] == 200


def place(*given):
    high = [os.dup2(fd, 200 + at) for at, fd in enumerate(given)]
    for number, fd in enumerate(high, start=3):
        os.dup2(fd, number)
        os.close(fd)
    os.closerange(3 + len(high), 100)


def maintain(folder):
    return Child(folder, maintenance=True).end()


def test_a_missing_queue_is_empty(tmp_path):
    assert maintain(tmp_path) == ([{"type": "bye", "waiting": 0, "rekeyed": False}], 0)


def test_maintenance_reports_waiting_orders_and_delivers_none(tmp_path):
    child = Child(tmp_path)
    child.read("ready")
    for number in range(3):
        child.place(f"m{number}")
    child.send({"type": "stop"})
    rest, status = child.end()
    assert rest[-1] == {"type": "bye", "waiting": 3, "rekeyed": False} and status == 0
    for _ in range(2):
        assert maintain(tmp_path) == ([{"type": "bye", "waiting": 3, "rekeyed": False}], 0)
    assert not list((tmp_path / "lines").iterdir())


def test_one_that_has_nothing_to_do_sleeps_until_a_client_connects(tmp_path):
    """It says so before it reads the request, so a request that makes it hang is missed within seconds."""
    child = Child(tmp_path)
    child.read("ready")
    while not child.read("pong")["asleep"]:
        pass
    with socket.create_connection(("127.0.0.1", child.port)):
        assert child.read("pong")["asleep"] is False
    child.place("s1")
    assert child.read("status")["asleep"] is False
    child.send({"type": "stop"})
    assert child.end()[0][-1]["waiting"] == 1


def test_a_queue_that_was_not_closed_is_checked_first(tmp_path):
    child = Child(tmp_path)
    child.read("ready")
    child.place("k1")
    child.process.kill()
    rest, status = child.end()
    assert status == -signal.SIGKILL and "bye" not in [message["type"] for message in rest]
    assert maintain(tmp_path) == ([{"type": "bye", "waiting": 1, "rekeyed": False}], 0)


def test_maintenance_needs_no_credentials(tmp_path):
    (tmp_path / "sealed").touch()
    assert maintain(tmp_path) == ([{"type": "bye", "waiting": 0, "rekeyed": False}], 0)


def test_there_is_no_bye_without_a_queue(tmp_path):
    (tmp_path / "state" / "queues").mkdir(parents=True)
    (tmp_path / "state" / "queues" / "bennys-auto").write_text("no folder")
    rest, status = maintain(tmp_path)
    assert [message["type"] for message in rest] == ["refused"] and status == 74


def test_what_comes_after_maintenance_was_asked_for_is_harmless(tmp_path):
    then = [{"type": "ping"}, {"type": "call", "id": 1, "method": "GET", "target": "/alive"}, {"type": "stop"}]
    rest, status = Child(tmp_path, then, maintenance=True).end()
    assert rest[-1] == {"type": "bye", "waiting": 0, "rekeyed": False} and status == 0
