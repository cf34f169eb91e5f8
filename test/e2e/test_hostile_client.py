"""A hostile client of a workshop's port and of the control socket (test/hostile/client.py). Afterwards both processes still
run, within their memory limits, and a valid order becomes a line."""

import json
import re
import socket
import sys
import threading
from pathlib import Path

import pytest

from pumpline import DEADLINE_S, Daemon, UnixConnection, call, until

sys.path.insert(0, str(Path(__file__).parents[1] / "hostile"))

import client as hostile  # noqa: E402
from test_hostile_erp import peak_mib  # noqa: E402
from webshop import SANITIZED  # noqa: E402

WORKER_MIB, SUPERVISOR_MIB = 32, 32
LIST = b"GET /queue?limit=1000 HTTP/1.1\r\n" + hostile.HOST + b"\r\n"


class Scene:
    def __init__(self, folder):
        self.daemon = Daemon(folder / "pumpline")
        self.shop = self.daemon.add_file(http={"connections": 64, "connections_per_address": 64, "queued_bytes": 65536})
        self.daemon.start()
        self.pid, self.log = self.daemon.worker_pid(), self.daemon.log
        self.shop.put("/stop_worker")
        self.peers = {"port": hostile.Peer(socket.AF_INET, ("127.0.0.1", self.shop.port)),
                      "control": hostile.Peer(socket.AF_UNIX, str(self.daemon.socket))}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    one = Scene(tmp_path_factory.mktemp("hostile"))
    yield one
    one.daemon.stop()


@pytest.fixture(params=["port", "control"])
def peer(scene, request):
    yield scene.peers[request.param]
    until(lambda: scene.shop.up() and scene.daemon.answers(), "both serve")


def at_once(what, times):
    threads = [threading.Thread(target=what, args=[number], daemon=True) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


def statuses(received):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", received)]


# --- malformed and ambiguous requests


@pytest.mark.parametrize("name", hostile.SMUGGLING)
def test_nothing_is_smuggled(peer, name):
    data, status = hostile.SMUGGLING[name]
    received = peer.say(data + hostile.GET)
    assert statuses(received) == [status], received[:400]
    assert b"application/problem+json" in received and b"\r\nConnection: close\r\n" in received


@pytest.mark.parametrize("name", hostile.BODIES)
def test_malformed_bodies_place_no_order(scene, name):
    body = hostile.BODIES[name](scene.shop.order("strange"))
    reply = scene.shop.call("POST", "/create", body)
    assert reply.status == 400, reply.text
    assert scene.shop.get("/get_order_status?uniqueid=strange").status == 404
    # The supervisor forwards it, or reads it as a configuration.
    for target in ("/workshops/bennys-auto/create", "/workshops/strange"):
        method = "POST" if target.endswith("create") else "PUT"
        assert call(UnixConnection(scene.daemon.socket, DEADLINE_S), method, target, body).status == 400
    assert scene.shop.get("/get_order_status?uniqueid=strange").status == 404


@pytest.mark.parametrize("body", [b"[" + b"[]," * 170000 + b"[]]", b'{"a":' * 80000 + b"1" + b"}" * 80000, b"[" * 500000],
                         ids=["many", "deep", "open"])
@pytest.mark.parametrize("method,target", [("PUT", "/workshops/strange"), ("PUT", "/workshops/bennys-auto?dry_run=true"),
                                           ("POST", "/workshops/bennys-auto/test"), ("POST", "/workshops/bennys-auto/create"),
                                           ("POST", "/workshops/bennys-auto/orders/retry"), ("POST", "/seal")])
def test_large_bodies_on_the_control_socket(scene, method, target, body):
    reply = call(UnixConnection(scene.daemon.socket, DEADLINE_S), method, target, body)
    assert 400 <= reply.status < 500, reply.text


# --- connections


def test_resets_at_each_byte(peer):
    data = hostile.sized(b"2")
    for length in range(0, len(data), 2):
        connection = peer.connect()
        connection.sendall(data[:length])
        hostile.reset(connection)


def test_a_storm_of_resets(peer):
    def storm(_):
        for number in range(200):
            connection = peer.connect()
            connection.sendall(hostile.GET * (number % 3))
            hostile.reset(connection)

    at_once(storm, 4)


def test_half_closed_in_the_middle(peer):
    for data in (b"", hostile.GET[:10], hostile.sized(b"9"), hostile.CHUNKED, hostile.CHUNKED + b"5\r\n{"):
        with peer.connect() as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            assert peer.listen(connection) == b""


def test_slow_and_idle_clients_leave_room(scene, peer):
    """More connections than the port accepts, of each kind; a well-behaved client still gets through."""
    parts = (b"", hostile.GET[:5], hostile.sized(b"9")[:-1], hostile.CHUNKED + b"5\r\n")
    held = []
    for number in range(150):
        held.append(peer.connect())
        peer.send(held[-1], parts[number % 4])
        if number % 10 == 9:
            until(lambda: scene.shop.get("/alive").status == 200, "a client gets in")
            until(scene.daemon.answers, "at the control socket, too")
    for connection in held:
        connection.close()


def test_ten_thousand_requests_at_once(peer):
    """Pipelined, and read while being sent."""
    last = hostile.GET.replace(hostile.HOST, hostile.HOST + b"Connection: close\r\n")
    assert len(statuses(peer.say(hostile.GET * 10000 + last))) == 10001


def test_unread_replies(scene):
    """Ten connections repeatedly request all of a long queue and never read."""
    def place(number):
        bodies = [json.dumps(scene.shop.order(f"o{n}")).encode() for n in range(number, 1000, 20)]
        scene.peers["port"].say(b"".join(hostile.sized(b"%d" % len(body), body) for body in bodies) +
                                hostile.GET.replace(hostile.HOST, hostile.HOST + b"Connection: close\r\n"))

    at_once(place, 20)
    assert scene.shop.get("/alive").json["queue_length"] == 1000
    held = [scene.peers["port"].connect(receive_bytes=4096) for _ in range(10)]
    for connection in held:
        connection.sendall(LIST * 60)
    until(lambda: scene.shop.get("/alive").status == 503, "the bytes of queued replies are bounded")
    for _ in range(20):
        assert scene.daemon.call("GET", "/workshops/bennys-auto/alive").status == 200
    for connection in held:
        hostile.reset(connection)
    until(lambda: scene.shop.get("/alive").status == 200, "it serves again")


# --- afterwards


def test_afterwards_all_is_unchanged(scene):
    peaks = peak_mib(scene.pid), peak_mib(scene.daemon.process.pid)
    print("VmHWM in MiB of the worker and the supervisor:", *peaks)
    assert scene.daemon.worker_pid() == scene.pid and scene.daemon.integration()["restarts"] == 0
    assert SANITIZED or (peaks[0] < WORKER_MIB and peaks[1] < SUPERVISOR_MIB)
    scene.shop.put("/clear_queue")
    scene.shop.put("/start_worker")
    scene.shop.place("honest")
    scene.shop.wait("honest", "created")
    assert len(list(scene.shop.lines.glob("*honest*"))) == 1
    assert "Sanitizer" not in scene.log.read_text()
