"""The HTTP server behind every fake of the tests: ERPs, WebDriver servers, proxies, attackers' pages, a control API.

A fake is a Server with a function request -> bytes, or a subclass with its own `answer`. To break the rules of HTTP,
override `handle`, which gets the connection. It listens once created, and serves from start() to stop().
"""

import contextlib
import http
import json
import os
import socket
import ssl
import threading
import urllib.parse
from http.cookies import SimpleCookie

BACKLOG = 128
LOOPBACK = "127.0.0.1"
HOLD_TIMEOUT_S = 300  # not released: the test has failed


class Request:
    """`path` is as sent; names in `headers` are in lower case."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.cut = False  # whether the server closes the connection before the reply is complete

    @property
    def place(self):
        """The path without the query."""
        return urllib.parse.urlsplit(self.path).path

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self):
        return json.loads(self.body)

    def cookie(self, name):
        found = SimpleCookie(self.headers.get("cookie", "")).get(name)
        return found.value if found else None


def reason(status):
    with contextlib.suppress(ValueError):
        return http.HTTPStatus(status).phrase
    return "Status"


def reply(status, body=b"", headers=()):
    lines = [f"HTTP/1.1 {status} {reason(status)}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def json_reply(value, status=200, kind="application/json"):
    return reply(status, json.dumps(value).encode(), [f"Content-Type: {kind}"])


def page(text, status=200, headers=()):
    return reply(status, text.encode(), ["Content-Type: text/html; charset=utf-8", *headers])


def read(stream):
    """None if the client has closed, even in the middle of a request."""
    line = stream.readline().split()
    if len(line) < 2:
        return None
    headers = {}
    while (header := stream.readline().strip()):
        name, value = header.decode("latin-1").split(":", 1)
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    body = stream.read(length)
    return Request(line[0].decode(), line[1].decode("latin-1"), headers, body) if len(body) == length else None


def listen(address):
    """An address: a port on loopback, (host, port), or the path of a Unix socket."""
    if isinstance(address, (str, os.PathLike)):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.fspath(address))
        listener.listen(BACKLOG)
        return listener
    return socket.create_server(address if isinstance(address, tuple) else (LOOPBACK, address), backlog=BACKLOG)


def tls(certificate, key):
    """For `secure`: a TLS handshake with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return lambda connection: context.wrap_socket(connection, server_side=True)


class Hold:
    """A request that waits at some point of the server until released."""

    def __init__(self):
        self.reached, self.let_go = threading.Event(), threading.Event()

    def wait(self):
        assert self.reached.wait(HOLD_TIMEOUT_S), "no request came to where it was to be held"

    def stay(self):
        self.reached.set()
        self.let_go.wait(HOLD_TIMEOUT_S)

    def release(self):
        self.let_go.set()


class Server:
    """A thread per connection. `secure` turns a plain connection into a TLS one, or raises OSError."""

    def __init__(self, address, answer=None, secure=None):
        self.listener = listen(address)
        self.port = None if self.listener.family == socket.AF_UNIX else self.listener.getsockname()[1]
        if answer:
            self.answer = answer
        self.secure = secure
        self.lock = threading.Lock()
        self.connections = {}  # by thread
        self.thread = None

    @property
    def url(self):
        return f"http{'s' if self.secure else ''}://{LOOPBACK}:{self.port}"

    # --- start and stop

    def start(self):
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def serve(self):
        """Serves until stop()."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.welcome(connection)

    def stop(self):
        """Closes all connections; answers nothing more."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        if self.thread:
            self.thread.join()
        self.listener.close()
        for connection in list(self.connections.values()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # --- a connection

    def welcome(self, connection):
        thread = threading.Thread(target=self.attend, args=[connection], daemon=True)
        self.connections[thread] = connection
        thread.start()

    def attend(self, connection):
        """Runs in its own thread."""
        try:
            with contextlib.suppress(OSError), connection:
                self.converse(self.secured(connection))
        finally:
            del self.connections[threading.current_thread()]

    def secured(self, connection):
        if self.secure:
            connection = self.connections[threading.current_thread()] = self.secure(connection)
        return connection

    def converse(self, connection):
        """Serves until the connection closes."""
        if connection.family == socket.AF_INET:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as stream:
            while self.exchange(connection, stream):
                pass

    def exchange(self, connection, stream):
        """Whether another request can follow."""
        request = read(stream)
        return request is not None and self.handle(connection, request)

    def handle(self, connection, request):
        """Whether the connection is kept alive."""
        connection.sendall(self.answer(request))
        return request.headers.get("connection", "").lower() != "close"

    def answer(self, request):
        return reply(404)
