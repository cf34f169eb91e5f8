"""GET /events: what a client receives, and that no client can harm the daemon."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from pumpline import DEADLINE_S, UnixConnection, until


class Watcher:
    """Reads events as they come."""

    def __init__(self, daemon, behind=None):
        self.connection = UnixConnection(daemon.socket, DEADLINE_S)
        self.connection.request("GET", "/events", headers={"Last-Event-ID": str(behind)} if behind else {})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.headers["Content-Type"] == "text/event-stream"
        self.last_id = behind or 0

    def event(self):
        """The next event as (name, data); None at the end of the stream."""
        fields = {}
        deadline = time.monotonic() + DEADLINE_S
        while True:
            line = self.response.readline().decode()
            if not line:
                return None
            if line.startswith(":"):
                assert time.monotonic() < deadline, "nothing but heartbeats"
                continue
            if line == "\n":
                if fields:
                    break
                continue
            name, value = line.rstrip("\n").split(": ", 1)
            fields[name] = value
        assert int(fields["id"]) > self.last_id
        self.last_id = int(fields["id"])
        return fields["event"], json.loads(fields["data"])

    def wait(self, condition, name="integration"):
        """The next event of this name that matches."""
        deadline = time.monotonic() + DEADLINE_S  # the stream itself never pauses for long
        while True:
            event = self.event()
            assert event, "the stream ended"
            assert time.monotonic() < deadline, "no such event in time"
            if event[0] == name and condition(event[1]):
                return event[1]

    def close(self):
        self.connection.close()


@pytest.fixture
def watch(daemon):
    with contextlib.ExitStack() as stack:
        def one(behind=None):
            watcher = Watcher(daemon, behind)
            stack.callback(watcher.close)
            return watcher
        yield one


def about(slug, **members):
    return lambda data: data["slug"] == slug and all(data.get(name) == value for name, value in members.items())


def resident_bytes(daemon):
    with open(f"/proc/{daemon.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_a_snapshot_then_each_change(pair, watch):
    daemon, bennys, _ = pair
    watcher = watch()
    name, health = watcher.event()
    assert name == "snapshot"
    now = daemon.call("GET", "/health").json
    assert set(health) == set(now) and health["summary"] == now["summary"]
    assert [one["slug"] for one in health["integrations"]] == ["bennys-auto", "carls-cars"]
    pid = daemon.worker_pid()
    os.kill(pid, signal.SIGKILL)
    watcher.wait(about("bennys-auto", process="stopping"))
    back = watcher.wait(about("bennys-auto", process="running", restarts=1))
    assert back["pid"] not in (pid, None) and back["last_exit"]["text"] == "killed by signal 9 (Killed)"
    bennys.put("/stop_worker")
    watcher.wait(about("bennys-auto", worker="stopped"))
    bennys.place("e1")
    assert watcher.wait(about("bennys-auto", queue_length=1))["orders"]["placed"] == 1
    bennys.put("/start_worker")
    watcher.wait(about("bennys-auto", worker="running"))
    watcher.wait(about("bennys-auto", queue_length=0))
    daemon.call("PUT", "/workshops/carls-cars/restart")
    for process in ("stopping", "starting", "running"):
        watcher.wait(about("carls-cars", process=process))
    daemon.call("PUT", "/workshops/carls-cars/kill")
    assert watcher.wait(about("carls-cars", process="stopped", pid=None))["last_exit"]["signal"] == signal.SIGKILL


def test_a_parked_worker_is_an_event(daemon, watch):
    lines = daemon.folder / "lines-bennys-auto"
    bennys = daemon.add_file()
    lines.rmdir()
    daemon.start()
    watcher = watch()
    for number in range(6):
        bennys.place(f"p{number}", worksheet=str(number))
    parked = watcher.wait(about("bennys-auto", worker="parked"))
    assert parked["worker_reason"] and parked["worker_text"] and parked["worker_since"]
    assert parked["next_probe_at"] > parked["worker_since"]
    assert bennys.get("/alive").json["worker_since"] == parked["worker_since"]
    lines.mkdir()
    bennys.put("/start_worker")
    watcher.wait(about("bennys-auto", worker="running", queue_length=0, worker_text=None, next_probe_at=None))


def of_order(watcher, uniqueid, count):
    events = [watcher.wait(lambda data: data["uniqueid"] == uniqueid, "order") for _ in range(count)]
    assert all((one["workshop"], one["slug"]) == ("Bennys Auto", "bennys-auto") for one in events)
    return [(one["status"], one["reason_code"]) for one in events]


def test_what_happens_to_orders_is_told(pair, watch):
    daemon, bennys, _ = pair
    watcher = watch()
    bennys.place("o1")
    assert of_order(watcher, "o1", 3) == [("placed", None), ("processing", None), ("created", None)]
    bennys.put("/stop_worker")
    bennys.place("o2")
    bennys.put("/clear_queue")
    assert of_order(watcher, "o2", 2) == [("placed", None), ("error", "cleared")]
    behind = watcher.last_id
    watcher.close()
    del watcher.response
    bennys.put("/orders/o2/resolve", {"note": "by hand"})
    bennys.place("o3")
    again = watch(behind)
    assert of_order(again, "o2", 1) == [("created", None)] and of_order(again, "o3", 1) == [("placed", None)]
    os.kill(daemon.worker_pid(), signal.SIGKILL)  # the next process tells of its orders too
    until(bennys.up, "it is back")
    bennys.place("o4")
    assert of_order(again, "o4", 1) == [("placed", None)]


def test_an_id_of_another_daemon_begins_anew(pair, watch):
    daemon, bennys, _ = pair
    watcher = watch()
    bennys.place("a1")
    of_order(watcher, "a1", 3)
    behind = watcher.last_id
    watcher.close()
    del watcher.response
    daemon.stop()
    daemon.start()
    again = watch(behind)
    assert again.event()[0] == "snapshot" and again.last_id > behind


def test_configuration_changes_are_events(pair, watch):
    daemon, _, _ = pair
    watcher = watch()
    path = daemon.folder / "workshops.d" / "bennys-auto.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "active": False}))
    daemon.call("PUT", "/reload")
    watcher.wait(about("bennys-auto", active=False))
    watcher.wait(about("bennys-auto", process="stopped"))
    path.unlink()
    daemon.add_file("zoes-zone", "Zoes Zone")
    daemon.call("PUT", "/reload")
    assert watcher.wait(lambda _: True, "removed") == {"workshop": "Bennys Auto", "slug": "bennys-auto"}
    watcher.wait(about("zoes-zone", process="running"))
    (daemon.folder / "workshops.d" / "carls-cars.json").unlink()  # a running workshop
    daemon.call("PUT", "/reload")
    assert watcher.wait(lambda _: True, "removed")["slug"] == "carls-cars"


def test_figures_come_at_most_once_a_second(pair, watch):
    daemon, bennys, _ = pair
    bennys.put("/stop_worker")
    until(lambda: daemon.integration()["worker"] == "stopped", "it is told")
    watcher = watch()
    count = 200
    for number in range(count):
        bennys.place(f"f{number}")
    seen = 0
    while True:
        name, data = watcher.event()
        if name == "integration" and data["slug"] == "bennys-auto":
            seen += 1
            if data["queue_length"] == count:
                break
    assert seen < count / 4


def test_twenty_watchers_see_the_same(pair, watch):
    daemon, bennys, _ = pair
    watchers = [watch() for _ in range(20)]
    bennys.put("/stop_worker")
    stopped = [watcher.wait(about("bennys-auto", worker="stopped")) for watcher in watchers]
    assert all(one == stopped[0] for one in stopped) and len({watcher.last_id for watcher in watchers}) == 1
    for watcher in watchers[::2]:
        watcher.close()
    bennys.put("/start_worker")
    for watcher in watchers[1::2]:
        watcher.wait(about("bennys-auto", worker="running"))


def test_too_many_watchers_are_refused_until_one_leaves(pair, watch):
    daemon, _, _ = pair
    watchers = [watch() for _ in range(32)]
    refused = daemon.call("GET", "/events")
    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (503, "too_many_readers", "5")
    watchers[0].close()
    del watchers[0].response

    def admitted():
        with contextlib.suppress(AssertionError):
            return watch()
    assert until(admitted, "there is room again").event()[0] == "snapshot"


def open_and_never_read(daemon):
    one = socket.socket(socket.AF_UNIX)
    one.connect(str(daemon.socket))
    one.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    return one


@pytest.mark.release  # AddressSanitizer keeps freed memory for a while
def test_slow_clients_cost_no_memory(pair, watch):
    """Ten at a time, closed one after the other; the others continue, and the memory is reused."""
    daemon, bennys, carls = pair
    good, count, memory = watch(), 10, [resident_bytes(daemon)]

    def cut_off(expected):
        for command in ("stop_worker", "start_worker"):
            for workshop in (bennys, carls):
                workshop.put(f"/{command}")
        good.wait(about("carls-cars", worker="running"))
        said = Path(daemon.log).read_bytes()  # logged by the daemon itself, so no worker's pipe is involved
        return said.count(b"dropping slow client of /events") == expected

    for turn in range(1, 7):  # a leak over six turns would exceed what one turn needs
        slow = [open_and_never_read(daemon) for _ in range(count)]
        until(lambda turn=turn: cut_off(turn * count), "all that do not read are cut off", 300)
        memory.append(resident_bytes(daemon))
        for one in slow:
            one.settimeout(DEADLINE_S)
            with contextlib.suppress(ConnectionResetError):
                while one.recv(65536):
                    pass
            one.close()
    assert daemon.call("GET", "/health").json["summary"]["running"] == 2
    assert max(memory) - memory[0] < count * (1 << 20), memory


def test_the_daemon_stops_with_watchers(pair, watch):
    daemon, _, _ = pair
    watcher, silent = watch(), socket.socket(socket.AF_UNIX)
    silent.connect(str(daemon.socket))
    silent.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    assert silent.recv(1)
    daemon.process.send_signal(signal.SIGTERM)
    stopped = set()
    while len(stopped) < 2:
        name, data = watcher.event()
        if name == "integration" and data["process"] == "stopped":
            stopped.add(data["slug"])
    while watcher.event():
        pass
    assert daemon.process.wait(DEADLINE_S) == 0
    silent.close()


def test_closed_clients_are_forgotten(pair):
    daemon, bennys, _ = pair

    def descriptors():
        return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    before = descriptors()
    for _ in range(100):
        watcher = Watcher(daemon)
        assert watcher.event()[0] == "snapshot"
        watcher.connection.close()
        watcher.response.close()
    until(lambda: descriptors() <= before, "all are closed")
    assert bennys.get("/alive").status == 200


def test_methods(pair):
    daemon, bennys, _ = pair
    with contextlib.closing(UnixConnection(daemon.socket, DEADLINE_S)) as connection:
        connection.request("HEAD", "/events")
        response = connection.getresponse()
        assert response.status == 200 and response.headers["Content-Type"] == "text/event-stream"
        assert "Content-Length" not in response.headers and response.read() == b""
    wrong = daemon.call("PUT", "/events")
    assert wrong.status == 405 and wrong.headers["Allow"] == "GET, HEAD"
    assert bennys.get("/events").status == 404 and bennys.get("/metrics").status == 404
    assert daemon.call("GET", "/workshops/bennys-auto/events").status == 404


def test_curl_reads_it(pair):
    daemon, _, _ = pair
    curl = subprocess.Popen(["curl", "-sN", "--unix-socket", daemon.socket, "http://pumpline/events"], stdout=subprocess.PIPE)
    assert curl.stdout.readline().startswith(b"id: ") and curl.stdout.readline() == b"event: snapshot\n"
    daemon.stop()
    rest, _ = curl.communicate(timeout=DEADLINE_S)
    assert curl.returncode == 0 and b'"process":"stopped"' in rest
