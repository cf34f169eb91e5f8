"""What strangers can send to a workshop's port, as raw bytes on a socket."""

import contextlib
import json
import re
import resource
import selectors
import socket
import struct
import threading

import pytest

from pumpline import DEADLINE_S, Daemon, UnixConnection, call, until

HOST = b"Host: localhost\r\n"
GET = b"GET /alive HTTP/1.1\r\n" + HOST + b"\r\n"
CHUNKED = b"POST /create HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
TOKEN_HASH = "0" * 64


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    daemon = Daemon(tmp_path_factory.mktemp("front") / "pumpline")
    workshop = daemon.add_file(hosts=["oilmat.example.com", "proxy:8443"], origins=["https://oilmat.example.com"])
    daemon.start()
    workshop.put("/stop_worker")
    workshop.daemon = daemon
    yield workshop
    daemon.stop()


def limited(daemon, **http):
    workshop = daemon.add_file(http=http)
    daemon.start()
    workshop.put("/stop_worker")
    return workshop


def connect(workshop):
    return socket.create_connection(("127.0.0.1", workshop.port), timeout=DEADLINE_S)


def read_all(connection):
    with contextlib.suppress(ConnectionResetError):
        return b"".join(iter(lambda: connection.recv(65536), b""))
    return b""


def read_reply(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1]), body


def statuses(received):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", received)]


# --- framing


@pytest.mark.parametrize("data,status", [
    (CHUNKED + b"0x0\r\n\r\n" + GET, 400),
    (CHUNKED + b"2\n{}\r\n0\r\n\r\n" + GET, 400),
    (CHUNKED + b"2\r\n{}xx0\r\n\r\n" + GET, 400),
    (b"GET /alive HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n" + GET, 400),
    (b"GET /alive HTTP/1.1\r\n\r\n" + GET, 400),
    (b"GET /alive HTTP/1.1\r\n" + HOST * 2 + b"\r\n" + GET, 400),
    (b"GET /alive HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n" + GET, 400),
    (b"GET /alive HTTP/1.1\r\n" + HOST + b"X: a\n\r\n" + GET, 400),
    (b"GET /alive HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n\r\n" + GET, 400),
    (b"GET /alive HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n" + GET, 400),
    (b"GET /alive HTTP/1.1\r\n" + HOST + b": a\r\n\r\n" + GET, 400),
    (b"GET /alive HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET, 400),
    (b"GET /alive\r\n\r\n" + GET, 400),
    (b"GET /alive HTTP/0.9\r\n\r\n" + GET, 505),
    (b"GET /alive HTTP/2.0\r\n" + HOST + b"\r\n" + GET, 505),
    (b"BREW /alive HTTP/1.1\r\n" + HOST + b"\r\n" + GET, 501),
    (b"GET /alive HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 200 + b"\r\n" + GET, 431),
    (CHUNKED.replace(b"Transfer", b"Content-Encoding: gzip\r\nTransfer") + b"2\r\n{}\r\n0\r\n\r\n" + GET, 415),
], ids=range(18))
def test_nothing_is_served_after_unsound_framing(shop, data, status):
    received = shop.raw(data)
    assert statuses(received) == [status], received
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head and b"Connection: close" in head
    assert json.loads(body)["status"] == status


def test_chunk_extensions_and_trailers_are_read_over(shop):
    order = json.dumps(shop.order("chunks")).encode()
    with connect(shop) as connection:
        connection.sendall(CHUNKED + b'7;a=b;c="d;e"\r\n' + order[:7] + b"\r\n%x ; x\r\n" % len(order[7:]) + order[7:] +
                           b"\r\n0;q\r\nX: y\r\n\r\n")
        assert read_reply(connection)[0] == 200
    assert shop.state("chunks")["status"] == "placed"


def test_the_absolute_form_is_taken(shop):
    body = json.dumps(shop.order("absolute")).encode()
    with connect(shop) as connection:
        connection.sendall(b"POST http://localhost:%d/create HTTP/1.1\r\nHost: elsewhere\r\n" % shop.port +
                           b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert read_reply(connection)[0] == 200
        connection.sendall(b"GET http://elsewhere/alive HTTP/1.1\r\n" + HOST + b"\r\n")
        assert read_reply(connection)[0] == 421  # the host in the target counts, not the field


# --- pages in a browser


def post(shop, uniqueid, headers, kind="application/json"):
    given = {"Content-Type": kind, **headers} if kind else headers
    return shop.call("POST", "/create", json.dumps(shop.order(uniqueid)).encode(), given)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:9", "oilmat.example.com",
                                  "oilmat.example.com:81", "proxy:8443"])
def test_our_hosts(shop, host):
    assert shop.call("GET", "/alive", headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", ["evil.example.com", "localhost.evil.example.com", "127.0.0.1.evil.example.com", "",
                                  "127.0.0.2", "proxy", "proxy:84431", "[::1]", "localhos", "2130706433"])
def test_foreign_hosts(shop, host):
    reply = post(shop, "foreign", {"Host": host})
    assert (reply.status, reply.json["code"]) == (421, "misdirected_request")
    assert shop.get("/get_order_status?uniqueid=foreign").status == 404


def test_origins(shop):
    for origin in ["https://evil.example.com", "null", "http://localhost", f"http://127.0.0.1:{shop.port}",
                   "https://oilmat.example.com.evil.example.com"]:
        reply = post(shop, "foreign", {"Origin": origin})
        assert (reply.status, reply.json["code"]) == (403, "foreign_origin"), origin
    assert shop.get("/get_order_status?uniqueid=foreign").status == 404
    assert post(shop, "own-origin", {"Origin": "https://oilmat.example.com"}).status == 200


def test_a_body_says_what_it_is(shop):
    # What urllib and http.client would add by themselves is left out here.
    body = json.dumps(shop.order("untyped")).encode()
    with connect(shop) as connection:
        connection.sendall(b"POST /create HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert read_reply(connection)[0] == 415
        connection.sendall(b"PUT /orders/x/retry HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}")
        assert read_reply(connection)[0] == 415
    assert shop.get("/get_order_status?uniqueid=untyped").status == 404
    # Over the control socket the sender cannot be a page.
    reply = call(UnixConnection(shop.daemon.socket, DEADLINE_S), "PUT", "/workshops/bennys-auto/orders/x/retry", b"{}",
                 {"Content-Type": ""})
    assert reply.status == 404


def test_with_tokens_host_and_origin_are_ignored(daemon):
    shop = daemon.add_file(api_tokens=[{"scope": "order", "name": "oilmat", "hash": TOKEN_HASH}])
    daemon.start()
    assert shop.call("GET", "/alive", headers={"Host": "any.example.com"}).status == 401


# --- limits


def test_the_oldest_idle_connection_makes_room(daemon):
    shop = limited(daemon, connections=8, connections_per_address=8)
    held = [connect(shop) for _ in range(8)]
    held[0].sendall(GET)
    assert read_reply(held[0])[0] == 200  # so it is no longer the oldest
    for _ in range(7):
        assert shop.get("/alive").status == 200
        until(lambda: shop.get("/alive").status == 200, "a client gets in")
    assert read_all(held[1]) == b""
    for connection in held:
        connection.close()


def test_slow_requests_make_room_too(daemon):
    shop = limited(daemon, connections=8, connections_per_address=8)
    held = [connect(shop) for _ in range(8)]
    for connection in held:
        connection.sendall(GET[:20])
    assert shop.get("/alive").status == 200
    for connection in held:
        connection.close()


def test_deadlines(daemon):
    shop = limited(daemon, head_s=1, body_s=1, idle_s=1)
    with connect(shop) as idle, connect(shop) as head, connect(shop) as body:
        head.sendall(GET[:20])
        body.sendall(b"POST /create HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\n{")
        assert read_all(idle) == b""
        assert statuses(read_all(head)) == [408]
        assert statuses(read_all(body)) == [408]


def test_an_unread_reply(daemon):
    shop = limited(daemon, reply_s=1, queued_bytes=65536)
    for start in range(0, 1000, 50):
        bodies = [json.dumps(shop.order(f"o{n}")).encode() for n in range(start, start + 50)]
        received = shop.raw(b"".join(b"POST /create HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
                                     b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies) +
                            GET.replace(HOST, HOST + b"Connection: close\r\n"))
        assert statuses(received).count(200) == 51
    greedy = []  # each requests more than the socket's buffers hold (a few megabytes)
    for _ in range(4):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", shop.port))
        connection.sendall((b"GET /queue?limit=1000 HTTP/1.1\r\n" + HOST + b"\r\n") * 60)
        greedy.append(connection)

    def refused():
        reply = shop.get("/alive")
        return reply.status == 503 and reply.json["code"] == "overloaded"

    until(refused, "the bytes of queued replies are bounded")
    until(lambda: shop.get("/alive").status == 200, "unread replies are dropped")
    for connection in greedy:
        connection.close()


def test_pipelined_requests_have_their_order(shop):
    with connect(shop) as connection:
        connection.sendall(GET * 200 + GET.replace(HOST, HOST + b"Connection: close\r\n"))
        assert statuses(read_all(connection)) == [200] * 201


def test_a_half_closed_client_gets_its_reply(shop):
    with connect(shop) as connection:
        connection.sendall(GET * 3)
        connection.shutdown(socket.SHUT_WR)
        assert statuses(read_all(connection)) == [200] * 3


# --- other clients are served


@pytest.mark.long
def test_lists_in_a_loop_starve_nobody(daemon):
    """Six hundred connections keep requesting the whole queue. Serving all of them in one turn would take longer than the
    ping timeout: the supervisor must not kill the worker, and requests through the supervisor are answered."""
    shop = limited(daemon, connections=2000, connections_per_address=2000)
    for n in range(1000):
        assert shop.create(f"o{n}").status == 200
    pid = daemon.worker_pid()
    lists = b"GET /queue?limit=1000 HTTP/1.1\r\n" + HOST + b"\r\n"
    stop = threading.Event()
    replies = selectors.DefaultSelector()
    for _ in range(600):
        replies.register(connect(shop), selectors.EVENT_READ)

    def read_on():
        while not stop.is_set():
            for key, _ in replies.select(1):
                with contextlib.suppress(OSError):
                    key.fileobj.recv(1 << 20)

    reader = threading.Thread(target=read_on, daemon=True)
    for key in list(replies.get_map().values()):
        key.fileobj.sendall(lists * 20)
    reader.start()
    for _ in range(20):  # of which the first would wait for all lists: too long
        assert daemon.call("GET", "/workshops/bennys-auto/alive").status == 200
    stop.set()
    reader.join(DEADLINE_S)
    for key in list(replies.get_map().values()):  # reset: no further list is made for them
        key.fileobj.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        key.fileobj.close()
    assert daemon.worker_pid() == pid and daemon.integration()["restarts"] == 0


def test_orders_in_flight_have_descriptors_left(daemon):
    """As many connections as the system lets us open: the worker reserves descriptors for its own work."""
    shop = limited(daemon, connections=100000, connections_per_address=100000)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    held = []
    try:
        for _ in range(4400):
            held.append(connect(shop))
        shop.put("/start_worker")
        shop.place("with-crowd")
        shop.wait("with-crowd", "created")
    finally:
        for connection in held:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "Too many open files" not in daemon.log.read_text()


def test_configured_limits_are_checked(daemon):
    shop = limited(daemon, header_count=4, target_bytes=256, body_bytes=1024, header_bytes=300)
    assert statuses(shop.raw(GET.replace(HOST, HOST + b"A: b\r\n" * 4))) == [431]
    assert statuses(shop.raw(GET.replace(HOST, HOST + b"A: " + b"b" * 300 + b"\r\n"))) == [431]
    assert statuses(shop.raw(b"GET /" + b"a" * 256 + b" HTTP/1.1\r\n" + HOST + b"\r\n")) == [414]
    assert shop.call("POST", "/create", json.dumps(shop.order("big", filler="x" * 1024))).status == 413
    document = {"workshop": "Bad", "listen": "127.0.0.1:8199", "erp": {"system": "file", "folder": "/tmp"},
                "http": {"connections": 0, "colour": 1, "head_s": "2"}, "hosts": ["a b"], "origins": ["evil", 1]}
    reply = daemon.call("PUT", "/workshops/bad", document)
    assert reply.status == 400
    assert {fault["pointer"] for fault in reply.json["faults"]} == {
        "/http/connections", "/http/colour", "/http/head_s", "/hosts/0", "/origins/0", "/origins/1"}
