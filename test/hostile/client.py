"""A hostile client of a workshop's port or of the control socket, which share one HTTP server. It sends raw bytes
(test/e2e/test_hostile_client.py)."""

import contextlib
import json
import socket
import threading

HOST = b"Host: localhost\r\n"
GET = b"GET /alive HTTP/1.1\r\n" + HOST + b"\r\n"  # the smuggled request: must not get a reply
POST = b"POST /create HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def head(*fields, line=b"GET /alive HTTP/1.1"):
    return b"\r\n".join([line, HOST.strip(), *fields, b"", b""])


def sized(length, body=b"{}"):
    return POST + b"Content-Length: " + length + b"\r\n\r\n" + body


# name: (bytes, the status of the only reply before the server closes). A second request follows each.
SMUGGLING = {
    "0x0": (CHUNKED + b"0x0\r\n\r\n", 400), "0X2": (CHUNKED + b"0X2\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size signed": (CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size below zero": (CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size blank": (CHUNKED + b" 2\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size missing": (CHUNKED + b";a\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size underscored": (CHUNKED + b"0_2\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size of 65 bits": (CHUNKED + b"10000000000000002\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size of 64 bits": (CHUNKED + b"FFFFFFFFFFFFFFFE\r\n{}\r\n0\r\n\r\n", 413),
    "chunk size of 63 bits": (CHUNKED + b"7FFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", 413),
    "chunk longer than told": (CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", 400),
    "chunk ends with LF": (CHUNKED + b"2\r\n{}\n0\r\n\r\n", 400),
    "chunk size ends with CR": (CHUNKED + b"2\r{}\r\n0\r\n\r\n", 400),
    "extension with CR": (CHUNKED + b"2;a\rb\r\n{}\r\n0\r\n\r\n", 400),
    "extension with LF": (CHUNKED + b"2;a\n{}\r\n0\r\n\r\n", 400),
    "extension with NUL": (CHUNKED + b"2;a\0\r\n{}\r\n0\r\n\r\n", 400),
    "extensions without end": (CHUNKED + b"2;" + b"a" * 100000 + b"\r\n{}\r\n0\r\n\r\n", 431),
    "trailers without end": (CHUNKED + b"0\r\n" + b"X: y\r\n" * 2000 + b"\r\n", 431),
    "trailer that is none": (CHUNKED + b"0\r\nX y\r\n\r\n", 400),
    "length and chunks": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks and length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "chunked twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked, chunked": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked, identity": (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "identity": (POST + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", 400),
    "xchunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "chunked with VT": (POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in quotes": (POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 400),
    "chunked in 1.0": (CHUNKED.replace(b"/1.1", b"/1.0") + b"0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}", 400),
    "one length twice": (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    "a list of lengths": (sized(b"2, 2"), 400), "a hexadecimal length": (sized(b"0x2"), 400),
    "a signed length": (sized(b"+2"), 400), "a length below zero": (sized(b"-1"), 400),
    "a length with a point": (sized(b"2.0"), 400), "a length of 65 bits": (sized(b"18446744073709551618"), 400),
    "a length of 64 bits": (sized(b"18446744073709551615"), 413), "an empty length": (sized(b""), 400),
    "a length in two": (sized(b"2 2"), 400),
    "blank before the colon": (POST + b"Content-Length : 40\r\n\r\n", 400),
    "tab before the colon": (POST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
    "folded": (head(b"X: a", b" Content-Length: 40"), 400), "folded by a tab": (head(b"X: a", b"\tb"), 400),
    "folded at once": (b"GET /alive HTTP/1.1\r\n " + HOST + b"\r\n", 400),
    "NUL in a value": (head(b"X: a\0b"), 400), "NUL in a name": (head(b"X\0: a"), 400),
    "CR in a value": (head(b"X: a\rContent-Length: 40"), 400), "LF alone": (head(b"X: a\nContent-Length: 40"), 400),
    "CR CR LF": (head(b"X: a\r"), 400), "DEL in a value": (head(b"X: a\x7fb"), 400),
    "no colon": (head(b"X"), 400), "no name": (head(b": a"), 400), "a name with a blank": (head(b"X Y: a"), 400),
    "a name that is no token": (head(b"X(Y): a"), 400), "a name of 8 bits": (head(b"X\xff: a"), 400),
    "no host": (b"GET /alive HTTP/1.1\r\nX: y\r\n\r\n", 400), "two hosts": (head(HOST.strip()), 400),
    "a list of hosts": (b"GET /alive HTTP/1.1\r\nHost: localhost, evil\r\n\r\n", 400),
    "a host with a path": (b"GET /alive HTTP/1.1\r\nHost: localhost/x\r\n\r\n", 400),
    "a host with a user": (b"GET /alive HTTP/1.1\r\nHost: a@localhost\r\n\r\n", 400),
    "an absolute form without host": (head(line=b"GET http:///alive HTTP/1.1"), 400),
    "an absolute form with a user": (head(line=b"GET http://a@localhost/alive HTTP/1.1"), 400),
    "another scheme": (head(line=b"GET ftp://localhost/alive HTTP/1.1"), 400),
    "an authority": (b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an asterisk": (head(line=b"OPTIONS * HTTP/1.1"), 400),
    "a fragment": (head(line=b"GET /alive#x HTTP/1.1"), 400), "two slashes": (head(line=b"GET //alive HTTP/1.1"), 400),
    "NUL in the target": (head(line=b"GET /al\0ive HTTP/1.1"), 400), "8 bits": (head(line=b"GET /\xc3\xa4 HTTP/1.1"), 400),
    "a tab in the line": (head(line=b"GET\t/alive HTTP/1.1"), 400), "two blanks": (head(line=b"GET  /alive HTTP/1.1"), 400),
    "a blank behind": (head(line=b"GET /alive HTTP/1.1 "), 400), "no version": (b"GET /alive\r\n\r\n", 400),
    "HTTP/0.9": (head(line=b"GET /alive HTTP/0.9"), 505), "HTTP/1.2": (head(line=b"GET /alive HTTP/1.2"), 505),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), "another protocol": (head(line=b"GET /alive RTSP/1.0"), 400),
    "an unknown method": (head(line=b"BREW /alive HTTP/1.1"), 501), "a small method": (head(line=b"get /alive HTTP/1.1"), 501),
    "TLS": (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", 400),
    "a body of HEAD": (head(b"Content-Length: 5", line=b"HEAD /alive HTTP/1.1"), 400),
    "an expectation": (head(b"Expect: 200-ok"), 417),
    "gzip": (POST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 415),
    "a list of encodings": (POST + b"Content-Encoding: identity, gzip\r\nContent-Length: 2\r\n\r\n{}", 415),
    "a long target": (head(line=b"GET /" + b"a" * 100000 + b" HTTP/1.1"), 414),
    "a line without end": (b"G" * 200000, 414), "a field without end": (head(b"X: " + b"a" * 300000), 431),
    "many fields": (head(*[b"X: y"] * 20000), 431), "a huge body": (sized(b"99999999", b"x" * 600000), 413),
}


class Peer:
    """The target: a workshop's port or the control socket."""

    DEADLINE_S = 180

    def __init__(self, family, address):
        self.family, self.address = family, address

    def connect(self, receive_bytes=None):
        connection = socket.socket(self.family)
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.connect(self.address)  # with a timeout, a full backlog of a Unix socket would fail at once
        connection.settimeout(self.DEADLINE_S)
        return connection

    def say(self, data):
        """Everything until the server closes, even if it has not read the whole request."""
        with self.connect() as connection:
            sender = threading.Thread(target=self.send, args=[connection, data], daemon=True)
            sender.start()
            received = self.listen(connection)
            sender.join(self.DEADLINE_S)
            return received

    def send(self, connection, data):
        with contextlib.suppress(OSError):
            connection.sendall(data)

    def listen(self, connection):
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while block := connection.recv(65536):
                received += block
        return received


def reset(connection):
    """Resets the connection, as the kernel does for a killed client."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def with_member(order, text):
    """The order with one more member of any value."""
    return json.dumps(order).encode()[:-1] + b', "x": ' + text + b"}"


def with_amount(order, text):
    return json.dumps(order).encode().replace(b'"5"', text)


# name: a function that turns a valid order into a request body; each is refused with 400.
BODIES = {
    "arrays": lambda order: with_member(order, b"[" * 200000 + b"]" * 200000)[:16000],
    "deep": lambda order: with_member(order, b"[" * 7000 + b"]" * 7000),
    "deep objects": lambda order: with_member(order, b'{"a":' * 2500 + b"1" + b"}" * 2500),
    "twice": lambda order: with_member(order, b'1, "worksheet": "9"'),
    "twice inside": lambda order: with_member(order, b'{"a": 1, "a": 2}'),
    "no UTF-8": lambda order: with_member(order, b'"\xff"'), "overlong": lambda order: with_member(order, b'"\xc0\xaf"'),
    "a surrogate": lambda order: with_member(order, b'"\\ud800"'),
    "two low surrogates": lambda order: with_member(order, b'"\\udc00\\udc00"'),
    "a surrogate in UTF-8": lambda order: with_member(order, b'"\xed\xa0\x80"'),
    "beyond Unicode": lambda order: with_member(order, b'"\xf4\x90\x80\x80"'),
    "an integer beyond range": lambda order: with_amount(order, b"9" * 40),
    "a real beyond range": lambda order: with_amount(order, b"1e999"),
    "an exponent beyond range": lambda order: with_amount(order, b"1e99999999999999999999"),
    "not a number": lambda order: with_member(order, b"NaN"), "NUL": lambda order: with_member(order, b'"\0"'),
    "a comment": lambda order: with_member(order, b"1 /* */"), "two documents": lambda order: json.dumps(order).encode() * 2,
    "many arrays": lambda order: b"[" + b"[]," * 5000 + b"[]]",
}
