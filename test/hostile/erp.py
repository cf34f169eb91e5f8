"""A compromised or broken ERP: Tryton's JSON-RPC as used by the driver, with wrong replies. The storm's scripted ERP behind
it keeps the lines (test/e2e/test_hostile_erp.py).

An order's user is "STAGE.KIND": once, at that stage of the order, the reply is the one of KIND. All other replies are
correct.
"""

import base64
import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

for folder in ("storm", "erp"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))

import front  # noqa: E402
import scripted_erp  # noqa: E402

STAGES = ["login", "look-up", "product", "worksheet", "price", "write", "write-done", "read-back"]
METHODS = {"common.db.login": "login", "model.product.product.search_read": "product",
           "model.sale.sale.search_read": "worksheet", "model.sale.line.on_change_product": "price",
           "model.sale.sale.write": "write", "model.sale.line.search_read": "look-up",
           "common.db.logout": "logout"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BLOCK = 65536


# --- what is sent instead of a reply: function(connection, the correct reply, the ERP)


def send(data):
    """And closes."""
    def kind(connection, *_):
        connection.sendall(data)
    return kind


def page(status, body=b"", *fields):
    return send(front.reply(status, body, fields))


def result(text):
    """The result of the call as JSON text."""
    return page(200, b'{"id": 1, "result": ' + text + b"}")


def stay(connection, *_):
    """Sends nothing more until the client closes."""
    while connection.recv(BLOCK):
        pass


def send_and_stay(data):
    def kind(connection, *_):
        connection.sendall(data)
        stay(connection)
    return kind


def flood(head, block, pause_s=0):
    """Continues until the client closes."""
    def kind(connection, *_):
        connection.sendall(head)
        while True:
            connection.sendall(block)
            time.sleep(pause_s)
    return kind


def body_of(answer):
    return answer.split(b"\r\n\r\n", 1)[1]


def lie_of_length(more):
    def kind(connection, answer, _):
        body = body_of(answer)
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) + more) + body)
        if more > 0:
            stay(connection)
    return kind


def cut(share):
    def kind(connection, answer, _):
        connection.sendall(answer[:int(len(answer) * share)])
    return kind


def squeezed(field, cut_at=None):
    """A gigabyte for a client that decompresses it."""
    bomb = gzip.compress(b"[" * (1 << 20)) * 1024

    def kind(connection, *_):
        body = bomb[:cut_at]
        connection.sendall(HEAD + field + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return kind


def squeezed_chunks(connection, *_unused):
    block = gzip.compress(b"[" * (1 << 20)) * 64
    connection.sendall(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n")
    for _ in range(16):
        connection.sendall(b"%x\r\n" % len(block) + block + b"\r\n")
    connection.sendall(b"0\r\n\r\n")


def trailers(connection, answer, _):
    body = body_of(answer)
    connection.sendall(CHUNKED + b"%x\r\n" % len(body) + body + b"\r\n0\r\n")
    while True:
        connection.sendall(b"X-T: %s\r\n" % (b"y" * 1000) * 64)


def redirect(status, location):
    def kind(connection, answer, erp):
        there = location.format(port=erp.port)
        connection.sendall(front.reply(status, b"", [f"Location: {there}"]))
    return kind


def reset(connection, *_):
    front.cut(connection, None)


# workshop: {kind: (the reason that the order's history must name, the fault)}. Cases that cost memory or time have a
# workshop of their own.
KINDS = {
    "slow-silent": {"silent": ("erp_unreachable", stay)},
    "slow-head": {"head drips": ("erp_unreachable", flood(b"HTTP/1.1 200 OK\r\nX-Y: ", b"z", 0.1))},
    "slow-body": {"body drips": ("erp_unreachable", flood(HEAD + b"\r\n", b" ", 0.1))},
    "slow-chunks": {"chunks drip": ("erp_unreachable", flood(CHUNKED, b"1\r\n \r\n", 0.1))},
    "slow-length": {"more was promised": ("erp_unreachable", lie_of_length(1))},
    "slow-100": {"early hints for ever": ("erp_unreachable", flood(b"", b"HTTP/1.1 103 Early Hints\r\nLink: <%s>\r\n\r\n"
                                                                 % (b"x" * 1000) * 16))},
    "head-line": {"a field without end": ("erp_unreachable", flood(b"HTTP/1.1 200 OK\r\nX-Y: ", b"z" * BLOCK))},
    "head-lines": {"fields without end": ("erp_unreachable", flood(b"HTTP/1.1 200 OK\r\n", b"X-Y: %s\r\n" % (b"z" * 1000)
                                                                   * 64))},
    "head-cookies": {"cookies without end": ("erp_unreachable", flood(b"HTTP/1.1 200 OK\r\n",
                                                                      b"Set-Cookie: a%s=b\r\n" % (b"z" * 100) * 512))},
    "trailers": {"trailers without end": ("erp_unreachable", trailers)},
    "body": {"body without end": ("erp_unreachable", flood(HEAD + b"\r\n", b"[" * BLOCK)),
             "chunks without end": ("erp_unreachable", flood(CHUNKED, b"%x\r\n" % BLOCK + b"[" * BLOCK + b"\r\n")),
             "a gigabyte is announced": ("erp_unreachable", flood(HEAD + b"Content-Length: 1000000000\r\n\r\n",
                                                                  b"[" * BLOCK))},
    "gzip": {"bomb as content": ("erp_unreachable", squeezed(b"Content-Encoding: gzip\r\n")),
             "bomb as transfer": ("erp_unreachable", squeezed_chunks),
             "cut": ("erp_failure", squeezed(b"Content-Encoding: gzip\r\n", 100))},
    "arrays": {"a million arrays": ("erp_failure", result(b"[" + b"[]," * 1390000 + b"[]]"))},
    "objects": {"a million objects": ("erp_failure", result(b"[" + b"{}," * 1390000 + b"{}]"))},
    "texts": {"a long text": ("erp_failure", result(b'"' + b"x" * 4000000 + b'"')),
              "a long key": ("erp_failure", result(b'[2, "' + b"k" * 3000000 + b'"]')),
              "a long page": ("erp_failure", page(500, b"<title>" * 500000)),
              "a long excuse": ("erp_failure", page(200, b'{"error": ["%s", ""]}' % (b"x" * 3000000)))},
    "depth": {"arrays": ("erp_failure", result(b"[" * 200000 + b"]" * 200000)),
              "objects": ("erp_failure", result(b'{"a":' * 200000 + b"1" + b"}" * 200000)),
              "open": ("erp_failure", result(b"[" * 2000000))},
    "json": {"an id beyond range": ("erp_failure", result(b'[{"id": 99999999999999999999999}]')),
             "a real beyond range": ("erp_failure", result(b'[{"id": 1e999999999}]')),
             "NUL": ("erp_failure", page(200, b'{"id": 1, "result": "a\0b"}')),
             "NUL in a string": ("erp_failure", result(b'["a\\u0000b"]')),
             "no UTF-8": ("erp_failure", result(b'"\xff\xfe"')),
             "a lone surrogate": ("erp_failure", result(b'"\\ud800"')),
             "not a number": ("erp_failure", result(b"NaN")),
             "twice": ("erp_failure", page(200, b'{"result": [], "result": 17}')),
             "cut": ("erp_failure", result(b"[{")),
             "nothing": ("erp_failure", page(200))},
    "types": {f"type {text}": ("erp_failure", result(text.encode()))
              for text in ("17", '"x"', "true", "[17]", "[[1]]", '[{"id": "1"}]', "[null]")} |
             {f"error {text}": ("erp_failure", page(200, f'{{"error": {text}}}'.encode()))
              for text in ("17", '"x"', "[]", "[17]", "[[]]", '{"a": 1}')},
    "status": {"999": ("erp_failure", page(999, b"?")), "204": ("erp_failure", page(204, b"[]")),
               "html": ("erp_failure", page(200, front.PAGE, "Content-Type: text/html")),
               "403": ("erp_failure", page(403, front.PAGE)), "500": ("erp_failure", page(500, front.PAGE)),
               "later": ("erp_busy", page(503, b"", "Retry-After: 9223372036854775807")),
               "much later": ("erp_busy", page(429, b"", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT")),
               "before": ("erp_busy", page(503, b"", "Retry-After: -9223372036854775808"))},
    "redirects": {"file": ("erp_failure", redirect(302, "file:///etc/passwd")),
                  "gopher": ("erp_failure", redirect(302, "gopher://127.0.0.2:{port}/x")),
                  "elsewhere": ("erp_failure", redirect(307, "http://127.0.0.2:{port}/there/")),
                  "elsewhere for good": ("erp_failure", redirect(308, "//127.0.0.2:{port}/there/")),
                  "itself": ("erp_failure", redirect(301, "http://127.0.0.1:{port}/redirects/")),
                  "refresh": ("erp_failure", page(200, b"", "Refresh: 0; url=http://127.0.0.2/"))},
    "framing": {"no status line": ("erp_unreachable", send(b"hello\r\n\r\n")),
                "half a status line": ("erp_unreachable", send(b"HTTP/1.1 2")),
                "half a head": ("erp_unreachable", send(b"HTTP/1.1 200 OK\r\nContent-Le")),
                "half a body": ("erp_unreachable", cut(0.98)),
                "closed": ("erp_unreachable", send(b"")), "reset": ("erp_unreachable", reset),
                "less was promised": ("erp_failure", lie_of_length(-1)),
                "another protocol": ("erp_unreachable", send(b"SSH-2.0-OpenSSH_9.2\r\n")),
                "a length below zero": ("erp_unreachable", send(HEAD + b"Content-Length: -1\r\n\r\n{}")),
                "a chunk beyond range": ("erp_unreachable", send(CHUNKED + b"FFFFFFFFFFFFFFFFF\r\n[]")),
                "a chunk of no size": ("erp_unreachable", send(CHUNKED + b"zz\r\n[]\r\n")),
                "a chunk that lacks its end": ("erp_unreachable", send(CHUNKED + b"2\r\n{}")),
                "NUL in the head": ("erp_unreachable", send(b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"))},
}
ENDED = {"closed", "reset", "half a status line"}


# --- the server


class Hostile(front.Front):
    """Serves FOLDER/NAME at /NAME/: one database for each workshop."""

    def __init__(self, folder, port, greet=None):
        erp = scripted_erp.Erp(folder)
        super().__init__(port, erp.folder_of, erp.carry_out, erp.drop_sessions, secure=greet)
        self.erp = erp
        self.events = {}  # (database, user): events of its requests, as they arrive: on a busy machine one may end after the next
        self.done = set()
        self.requests = 0
        self.start()

    def database(self, name):
        return self.erp.database(f"/{name}/")

    def handle(self, connection, request):
        self.requests += 1
        call = json.loads(request.body)
        user, stage = self.user_of(request, call), METHODS[call["method"]]
        name = self.folder_of(request.path).name
        kind = self.kind_of(name, call, user, stage)
        self.events.setdefault((name, user), []).append(f"{stage}: {'hostile' if kind else 'honest'}")
        carried_out = not (kind and user.startswith("write."))
        answer = self.erp.carry_out(request) if carried_out else front.json_reply({"id": 1, "result": None})
        if not kind:
            connection.sendall(answer)
            return True
        kind(connection, answer, self)
        return False

    def user_of(self, request, call):
        if call["method"] == "common.db.login":
            return call["params"][0]
        return base64.b64decode(request.headers["authorization"].split()[1]).decode().rsplit(":", 2)[0]

    def kind_of(self, name, call, user, stage):
        """None: a correct reply."""
        due, _, kind = user.partition(".")
        if stage == "look-up" and due == "read-back":
            stored = any(line["note"] == call["params"][0][0][2] for line in self.database(name).lines.values())
            due = "look-up" if stored else due
        if (name, user) in self.done or due.removesuffix("-done") != stage:
            return None
        self.done.add((name, user))
        return KINDS[name][kind][1]


def ending(kind):
    """For `greet`: sent instead of a handshake."""
    def end(connection):
        connection.recv(BLOCK)
        kind(connection)
        connection.close()
        raise OSError
    return end


HANDSHAKES = {"no-answer": ending(stay), "closed": ending(lambda _: None), "plain": ending(send(front.reply(200, b"{}"))),
              "half-a-record": ending(send_and_stay(b"\x16\x03\x03\x40\0\x02")),
              "alert": ending(send(b"\x15\x03\x03\0\x02\x02\x28")),
              "records": ending(flood(b"", b"\x16\x03\x03\x40\0" + b"\0" * 0x4000))}


# --- certificates


def certificates(folder):
    """{defect: (certificate, key)} for 127.0.0.1, and the authority's own certificate."""
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def request(name, subject, *more):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}", "-keyout",
                folder / f"{name}.key", *more)

    request("authority", "authority", "-x509", "-days", 2, "-out", folder / "authority.crt")
    made = {}
    for name, host, days in (("sound", "IP:127.0.0.1", 2), ("another-name", "DNS:erp.example.com", 2),
                             ("another-address", "IP:127.0.0.2", 2), ("expired", "IP:127.0.0.1", -1)):
        request(name, "127.0.0.1", "-addext", f"subjectAltName={host}", "-out", folder / f"{name}.csr")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "authority.crt", "-CAkey",
                folder / "authority.key", "-CAcreateserial", "-copy_extensions", "copy", "-days", days,
                "-out", folder / f"{name}.crt")
        made[name] = (folder / f"{name}.crt", folder / f"{name}.key")
    request("self-signed", "127.0.0.1", "-x509", "-days", 2, "-addext", "subjectAltName=IP:127.0.0.1", "-out",
            folder / "self-signed.crt")
    made["self-signed"] = (folder / "self-signed.crt", folder / "self-signed.key")
    return made, folder / "authority.crt"
