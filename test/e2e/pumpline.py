"""Starts the real programs in a temporary folder and connects to them over real sockets."""

import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import openapi

BUILD = Path(os.environ.get("PUMPLINE_BUILD", Path(__file__).parents[2] / "build"))
SECRET = "Pw-7b1c-never-shown"
DEADLINE_S = 180  # generous, for slow machines; a wait ends with its event


PORTS = range(10000, 20000)  # below 32768, so no outgoing connection can occupy one
BLOCK_PORTS = 400


def ports():
    """Returns the next port of a range reserved for this process, since a port just returned may not be bound yet.

    The reservation is an abstract socket name: like ports, it belongs to the network namespace and ends with the process.
    """
    for first in random.sample(PORTS[::BLOCK_PORTS], len(PORTS) // BLOCK_PORTS):
        with contextlib.suppress(OSError):
            holder.bind(f"\0pumpline-test-ports-{first}")
            return itertools.cycle(range(first, first + BLOCK_PORTS))
    raise RuntimeError("too many test runs at once: all ports are taken")


holder = socket.socket(socket.AF_UNIX)
own_ports = ports()


def free_port():
    for port in itertools.islice(own_ports, BLOCK_PORTS):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


def refused(workshop):
    """Nothing listens on the daemon's port."""
    try:
        with socket.create_connection(("127.0.0.1", workshop.port), timeout=DEADLINE_S):
            return False
    except ConnectionRefusedError:
        return True


@contextlib.contextmanager
def squatting(port):
    """Another program listens on it."""
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        yield


def until(condition, what, deadline_s=DEADLINE_S):
    """Polls until condition() is true and returns what it returned. What takes long is asked less and less often: asking
    takes the processor from what is waited for."""
    end = time.monotonic() + deadline_s
    pause_s = 0.01
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f"not in {deadline_s} s: {what}"
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.1, 0.1)


def process_state(pid):
    """A letter, as in /proc; None: it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def alive(pid):
    return process_state(pid) not in (None, "Z")


def children_of(pid):
    """None if it is gone. pgrep would read all of /proc."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def command_of(pid):
    """Empty: it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def freeze(pid):
    """SIGSTOP: kill() returns before the process has stopped."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: process_state(pid) == "T", f"{pid} stands still")


def as_user(user):
    """Arguments for Popen: runs as that user, with the group of the same number and no other. None: the current user."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def as_the_unit():
    """Leaves root only the capabilities that conf/pumplined.service leaves it, so that tests notice a missing one."""
    if os.geteuid():
        return []
    unit = Path(__file__).parents[2] / "conf" / "pumplined.service.in"
    kept = next(line.split("=", 1)[1] for line in unit.read_text().splitlines()
                if line.startswith("CapabilityBoundingSet="))
    only = ",".join(["-all"] + [name.replace("CAP_", "+").lower() for name in kept.split()])
    return ["setpriv", "--inh-caps=-all", f"--bounding-set={only}"]


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.type = (self.headers.get("Content-Type") or "").split(";")[0]

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    """To the control socket, unless its document says otherwise."""

    document = openapi.CONTROL  # where the replies are described; None: nowhere

    def __init__(self, path, timeout):
        super().__init__("pumpline", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class PortConnection(http.client.HTTPConnection):
    """To a workshop's port."""

    document = openapi.WORKSHOP

    def __init__(self, port):
        super().__init__("127.0.0.1", port, timeout=DEADLINE_S)


def call(connection, method, target, body=None, headers=None):
    """connection: its document, if it has one, must describe the reply."""
    headers = dict(headers or {})
    if isinstance(body, dict):
        body = json.dumps(body)
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
        body = body.encode() if isinstance(body, str) else body
    with contextlib.closing(connection):
        connection.request(method, target, body=body, headers=headers)
        reply = Reply(connection.getresponse())
    document = getattr(connection, "document", None)
    if document:
        openapi.note(document, method, target, reply)
    return reply


class Workshop:
    """One workshop's API, as OilMat uses it."""

    def __init__(self, name, port):
        self.name, self.port = name, port

    def call(self, method, target, body=None, headers=None):
        return call(PortConnection(self.port), method, target, body, headers)

    def get(self, target):
        return self.call("GET", target)

    def put(self, target, body=None):
        return self.call("PUT", target, body)

    def raw(self, data):
        """Sends raw bytes and returns everything until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def order(self, uniqueid, worksheet="558", product="10", amount="5", **more):
        return {"workshop": self.name, "worksheet": worksheet, "product_nr": product, "product_amount": amount,
                "uniqueid": uniqueid, "username": "admin", "password": SECRET, **more}

    def create(self, uniqueid, *arguments, **more):
        return self.call("POST", "/create", self.order(uniqueid, *arguments, **more))

    def place(self, uniqueid, *arguments, **more):
        reply = self.create(uniqueid, *arguments, **more)
        assert reply.status == 200, reply.text
        return reply.json

    def state(self, uniqueid):
        reply = self.get(f"/get_order_status?uniqueid={quote(uniqueid, safe='')}")
        assert reply.status == 200, reply.text
        return reply.json

    def wait(self, uniqueid, status, deadline_s=DEADLINE_S):
        try:
            until(lambda: self.state(uniqueid)["status"] == status, f"{uniqueid} is {status}", deadline_s)
        except AssertionError as late:
            raise AssertionError("\n".join([str(late), *(str(entry) for entry in self.history(uniqueid))])) from late
        return self.state(uniqueid)

    def history(self, uniqueid):
        return self.get(f"/orders/{quote(uniqueid, safe='')}/history").json["history"]

    def up(self):
        try:
            return self.get("/alive").status == 200
        except OSError:
            return False


class Log(type(Path())):
    """A worker's log lines reach the daemon through a pipe: waits until those written so far have arrived."""

    daemon = None

    def read_text(self, *arguments, **more):
        self.daemon.settle()
        return super().read_text(*arguments, **more)

    def read_bytes(self):
        self.daemon.settle()
        return super().read_bytes()


class Daemon:
    """pumplined with its own folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.socket = self.folder / "control.sock"
        self.config = self.folder / "pumpline.json"
        self.log = Log(self.folder / "pumplined.log")
        self.log.daemon = self
        self.process = None
        self.program, self.before, self.user = BUILD / "pumplined", [], None  # before: a command that starts it
        self.options, self.pass_fds = [], ()
        (self.folder / "workshops.d").mkdir(parents=True)
        self.write_config()

    def write_config(self, **more):
        document = {"control_socket": str(self.socket), "state_dir": str(self.folder / "state"),
                    "workshops_dir": str(self.folder / "workshops.d"), "key_file": str(self.folder / "master.key"),
                    "log_dir": str(self.folder / "log"), **more}
        self.config.write_text(json.dumps(document))

    def add(self, slug, name, erp, **more):
        document = {"workshop": name, "listen": f"127.0.0.1:{free_port()}", "erp": erp,
                    "retry": {"first_s": 0.05, "max_s": 1, "give_up_after_s": 3600}, **more}
        (self.folder / "workshops.d" / f"{slug}.json").write_text(json.dumps(document))
        return Workshop(name, int(document["listen"].rsplit(":", 1)[1]))

    def add_file(self, slug="bennys-auto", name="Bennys Auto", erp=None, **more):
        lines = self.folder / f"lines-{slug}"
        lines.mkdir(exist_ok=True)
        workshop = self.add(slug, name, {"system": "file", "folder": str(lines), "format": "json", **(erp or {})},
                            **more)
        workshop.lines = lines
        return workshop

    def start_only(self, stderr=None):
        """Does not wait for the workshops."""
        rights = as_the_unit() if self.user is None else []
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*rights, *self.before, self.program, "-c", self.config, *self.options], stderr=stderr or log,
                                            stdin=subprocess.DEVNULL, umask=0o077, pass_fds=self.pass_fds, **as_user(self.user))
        until(self.answers, "the daemon answers")
        return self

    def start(self, stderr=None):
        self.start_only(stderr)
        until(self.ready, "the workshops run")
        return self

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.call("GET", "/health").status == 200
        except OSError:
            return False

    def ready(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            integrations = self.call("GET", "/health").json["integrations"]
        except OSError:
            return False
        return all(one["process"] not in ("starting", "backoff") for one in integrations)

    def call(self, method, target, body=None, headers=None):
        return call(UnixConnection(self.socket, DEADLINE_S), method, target, body, headers)

    def settle(self):
        """Waits until all that the workers logged is in the log: a reply sent afterwards proves it."""
        if not self.process or self.process.poll() is not None:
            return
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, KeyError):
            for one in call(UnixConnection(self.socket, 5), "GET", "/health").json["integrations"]:
                call(UnixConnection(self.socket, 5), "GET", f"/workshops/{one['slug']}/alive")

    def integration(self, slug="bennys-auto"):
        return next(one for one in self.call("GET", "/health").json["integrations"] if one["slug"] == slug)

    def worker_pid(self, slug="bennys-auto"):
        return self.integration(slug)["pid"]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(DEADLINE_S) == 0, self.log.read_text()[-4000:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def children(self):
        """Its workers. The short-lived helpers that it forks, to sync the audit trail or to search in it, are not among them."""
        return [pid for pid in children_of(self.process.pid) if command_of(pid) == "pumpline-worker"]
