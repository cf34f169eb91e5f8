"""A hostile or broken ERP (test/hostile/erp.py) at each stage of an order. Every attempt ends with its reason, even if the
server never stops; the line is created once; nothing meant for the ERP is sent elsewhere; and the worker's memory stays
bounded.
"""

import contextlib
import itertools
import json
import shutil
import sys
from pathlib import Path

import pytest

from pumpline import SECRET, Daemon, free_port, until

sys.path.insert(0, str(Path(__file__).parents[1] / "hostile"))

import erp as hostile  # noqa: E402
import web_server  # noqa: E402
from webshop import SANITIZED  # noqa: E402

MEMORY_MIB = 96  # eight replies of 4 MiB, each held twice while read, plus the worker's own memory
SLOW_S = 5  # the timeout for slow replies; the correct ones must come sooner, even beside the floods
LONG_S = 60  # for replies that come
STAGES = ["login", "write-done"] if SANITIZED else hostile.STAGES  # takes long there, and shows the same about memory
NEEDS_OPENSSL = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")


def peak_mib(pid):
    return int(next(line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines()
                    if line.startswith("VmHWM:"))) >> 10


def users_of(name):
    return [f"{stage}.{kind}" for stage in STAGES for kind in hostile.KINDS[name]]


def uniqueid_of(user):
    return user.replace(" ", "_")


class Canary(web_server.Server):
    def __init__(self, address):
        super().__init__(address)
        self.seen = []

    def converse(self, connection):
        self.seen.append(connection.recv(65536))


@contextlib.contextmanager
def canary(port):
    """The target of a redirect, which records its requests."""
    with Canary(("127.0.0.2", port)) as server:
        yield server.seen


def fill(folder, name, users):
    (folder / name).mkdir(parents=True)
    (folder / name / "erp.json").write_text(json.dumps({
        "users": dict.fromkeys(users, SECRET), "products": {"10": {"salable": True, "digits": 2}},
        "sales": dict.fromkeys(users, "draft")}))


class Scene:
    def __init__(self, folder):
        self.daemon, self.databases = Daemon(folder / "pumpline"), folder / "erp"
        self.port = free_port()
        self.shops = {}
        for name in hostile.KINDS:
            fill(self.databases, name, users_of(name))
            self.shops[name] = self.daemon.add(
                name, name, {"system": "tryton", "url": f"http://127.0.0.1:{self.port}/{name}/", "max_in_flight": 8,
                             "timeout_s": SLOW_S if name.startswith("slow") else LONG_S},
                retry={"first_s": 0.05, "max_s": 0.2, "give_up_after_s": 3600})
        self.server = hostile.Hostile(self.databases, self.port)

    def run(self):
        """Everything the ERP can do, to all orders at once."""
        self.daemon.start()
        self.pids = {name: self.daemon.worker_pid(name) for name in self.shops}
        for name, shop in self.shops.items():
            for user in users_of(name):
                shop.place(uniqueid_of(user), worksheet=user, username=user)
        until(self.is_over, "all orders are created", 240)
        self.peaks = {name: peak_mib(pid) for name, pid in self.pids.items()}

    def is_over(self):
        waiting = 0
        for name, shop in self.shops.items():
            now = shop.get("/alive").json
            waiting += sum(now["orders"][state] for state in ("placed", "processing"))
            if now["worker"] == "parked":  # after five failures in a row
                shop.put("/start_worker")
        return not waiting


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    one = Scene(tmp_path_factory.mktemp("hostile"))
    with canary(one.port) as one.strangers:
        try:
            one.run()
            yield one
        finally:
            one.daemon.stop()
            one.server.stop()


@pytest.mark.parametrize("name", hostile.KINDS)
def test_each_reply_ends_with_its_reason(scene, name):
    wrong = {}
    for user in users_of(name):
        kind = user.partition(".")[2]
        expected = hostile.KINDS[name][kind][0]
        history = scene.shops[name].history(uniqueid_of(user))
        reasons = [entry["reason_code"] for entry in history if entry["status"] == "placed" and entry.get("reason_code")]
        # libcurl repeats requests that commit nothing if a reused connection ends before a complete status line.
        again = [] if kind in hostile.ENDED and not user.startswith("write") else [expected]
        if reasons not in ([expected], again) or history[-1]["status"] != "created":
            wrong[user] = [(entry["status"], entry.get("reason_code"), entry.get("reason_text")) for entry in history]
    assert not wrong


@pytest.mark.parametrize("name", hostile.KINDS)
def test_each_order_is_one_line(scene, name):
    lines = [line["note"] for line in scene.server.database(name).lines.values()]
    assert sorted(lines) == sorted(map(uniqueid_of, users_of(name)))


def test_no_write_is_repeated_without_a_look(scene):
    for user, events in scene.server.events.items():
        for before, after in itertools.pairwise(event for event in events if event.split(":")[0] in ("write", "look-up")):
            assert not (before.startswith("write") and after.startswith("write")), (user, events)
            assert before != "look-up: hostile" or not after.startswith("write"), (user, events)


def test_nothing_goes_elsewhere(scene):
    """Above all not the login, which contains the password."""
    assert scene.strangers == []


def test_no_worker_has_died_or_grown(scene):
    print("VmHWM in MiB:", scene.peaks)
    assert {name: scene.daemon.worker_pid(name) for name in scene.shops} == scene.pids
    assert SANITIZED or max(scene.peaks.values()) < MEMORY_MIB, scene.peaks


def test_no_password_is_revealed(scene):
    assert SECRET not in scene.daemon.log.read_text()
    assert not [path for path in (scene.daemon.folder / "log").glob("*") if SECRET in path.read_text()]


# --- TLS


@NEEDS_OPENSSL
def test_no_other_server_is_taken_for_the_erp(daemon, tmp_path):
    """No request is sent to a server with an invalid certificate, and no redirect to plain HTTP is followed."""
    made, authority = hostile.certificates(tmp_path)
    authority.chmod(0o644)
    greetings = {name: web_server.tls(*pair) for name, pair in made.items()} | hostile.HANDSHAKES
    servers, shops = {}, {}
    for name, greeting in greetings.items():
        fill(tmp_path / name, "redirects", ["login.elsewhere", "558"])
        servers[name] = hostile.Hostile(tmp_path / name, free_port(), greeting)
        erp = {"system": "tryton", "url": f"https://127.0.0.1:{servers[name].port}/redirects/", "ca_file": str(authority),
               "timeout_s": LONG_S if name == "sound" else 2}  # some keep the processor busy all this time
        once = {"retry": {"first_s": 60, "max_s": 60, "give_up_after_s": 3600}}  # one attempt shows enough
        shops[name] = daemon.add(name, name, erp, **({} if name == "sound" else once))
    with canary(servers["sound"].port) as strangers:
        daemon.start()
        for shop in shops.values():
            shop.place("o", username="login.elsewhere")
        for name, shop in shops.items():
            if name == "sound":
                continue
            until(lambda shop=shop: shop.state("o")["reason_code"], f"{name} is given up")
            assert shop.state("o")["reason_code"] == "erp_unreachable", name
        shops["sound"].wait("o", "created")
    reasons = [entry["reason_text"] for entry in shops["sound"].history("o") if entry["status"] == "placed"]
    assert "status 307" in reasons[-1] and strangers == []
    assert {name: server.requests for name, server in servers.items() if server.requests} == {
        "sound": servers["sound"].requests}
    for name in shops:
        assert SANITIZED or peak_mib(daemon.worker_pid(name)) < MEMORY_MIB
    for server in servers.values():
        server.stop()
