"""The console, and a stand-in for the daemon behind it that answers as the contract says."""

import base64
import contextlib
import ctypes
import functools
import http.client
import json
import os
import subprocess
from pathlib import Path
from urllib.parse import unquote

import web_server
from pumpline import BUILD, DEADLINE_S, UnixConnection, call, free_port, until

PASSWORD = "correct horse battery"
PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")  # of one pixel
WEB = BUILD / "console-web"
AXE = BUILD / "console-npm" / "node_modules" / "axe-core" / "axe.min.js"


def pages_missing():
    """Why the pages' tests are skipped; None: they are there."""
    return None if (WEB / "index.html").exists() else "the pages are not built: cmake -DPUMPLINE_CONSOLE=ON needs npm"


@functools.cache
def cheap_hash(password):
    """Of libsodium's lowest cost, which the hash names: the usual one takes more CPU than all else in most tests."""
    sodium, text = ctypes.CDLL("libsodium.so.23"), ctypes.create_string_buffer(128)
    data = password.encode()
    assert sodium.crypto_pwhash_str(text, data, ctypes.c_ulonglong(len(data)), ctypes.c_ulonglong(1), ctypes.c_size_t(8192)) == 0
    return text.value.decode()


def integration(slug, name, **more):
    return {"workshop": name, "slug": slug, "port": 8101, "erp_system": "file", "active": True, "process": "running", "faults": None,
            "pid": 4711, "restarts": 0, "last_exit": None, "api": "running", "worker": "running", "worker_reason": None, "worker_text": None,
            "worker_since": "2026-11-24T08:15:30.123Z", "next_probe_at": None, "queue_length": 0, "oldest_placed_age_s": 0,
            "orders": {"placed": 0, "processing": 0, "created": 3, "error": 1}, "needs_attention": 1, "uptime_s": 5, "version": "0", **more}


def order(uniqueid, workshop="Bennys Auto", **more):
    return {"workshop": workshop, "uniqueid": uniqueid, "worksheet": "558", "product_nr": "10", "product_amount": "5.5", "status": "error",
            "reason_code": "worksheet_not_found", "reason_text": "No such worksheet", "attempts": 1, "placed_at": "2026-11-24T08:15:30.123Z",
            "updated_at": "2026-11-24T08:15:31.123Z", "next_attempt_at": None, "erp_reference": None, "by_hand": False,
            "needs_attention": True, "erp_product": None, "erp_amount": None, **more}


class FakeDaemon(web_server.Server):
    def __init__(self, path):
        super().__init__(path)
        self.path = path
        self.integrations = {one["slug"]: one for one in (integration("bennys-auto", "Bennys Auto"), integration("carls-cars", "Carls Cars"))}
        self.orders = {}
        self.seen, self.streams = [], []

    def stop(self):
        super().stop()
        for thread in list(self.connections):
            thread.join()
        Path(self.path).unlink()

    def begin_again(self):
        """After stop(), as a daemon that knows nothing of before."""
        self.__init__(self.path)
        self.start()

    def handle(self, connection, request):
        return self.stream(connection) if request.place == "/events" else super().handle(connection, request)

    def answer(self, request):
        seen = {"method": request.method, "target": request.path, "path": request.place, "query": request.query,
                "by": request.headers.get("pumpline-by"), "if_match": request.headers.get("if-match"), "body": request.body.decode()}
        self.seen.append(seen)
        status, said, *more = self.reply(seen)
        headers = {"Content-Type": "application/json", **(more[0] if more else {})}
        return web_server.reply(status, said if isinstance(said, bytes) else json.dumps(said).encode(), [": ".join(one) for one in headers.items()])

    # --- events

    def stream(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        self.write(connection, "snapshot", {"summary": {}, "integrations": list(self.integrations.values())})
        self.streams.append(connection)
        with contextlib.suppress(OSError):
            connection.recv(1)
        self.streams.remove(connection)
        return False

    @staticmethod
    def write(connection, name, data):
        connection.sendall(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())

    def tell(self, name, data):
        for connection in list(self.streams):
            self.write(connection, name, data)

    def change(self, slug, **members):
        self.integrations[slug].update(members)
        self.tell("integration", self.integrations[slug])

    # --- calls

    def reply(self, seen):
        path, parts = seen["path"], [unquote(part) for part in seen["path"].split("/")[1:]]
        if path == "/health":
            return 200, {"version": "0", "summary": {}, "integrations": list(self.integrations.values())}
        if path == "/orders":
            some = [one for one in self.orders.values() if one["needs_attention"] or "needs_attention" not in seen["query"]]
            some = [one for one in some if seen["query"].get("reason_code") in (None, one["reason_code"])]
            at, limit = int(seen["query"].get("after", 0)), int(seen["query"].get("limit", 100))
            return 200, {"orders": some[at:at + limit], "incomplete": [], "next": str(at + limit) if at + limit < len(some) else None}
        if path == "/report":
            figures = {"orders": 3, "placed": "11.3", "created": "11", "waiting": "0.1", "error": "0.2", "by_hand": "0", "written_off": "0"}
            by = seen["query"].get("by", "product")
            keys = {"product": ("10", "12", "16"), "worksheet": ("558", "565", "572"), "day": ("2026-11-20", "2026-11-21", "2026-11-22")}[by]
            one = {"workshop": "Bennys Auto", "by": by, "rows": [{by: name, **figures} for name in keys], "total": figures}
            return 200, one if "workshop" in seen["query"] else {"workshops": [one], "incomplete": []}
        if path.startswith("/recipes"):
            one = {"recipe": "odoo", "file": "/etc/pumpline/recipes/odoo.json", "shipped": False, "workshops": ["bennys-auto"]}
            return 200, {"recipes": [one, {**one, "recipe": "tryton-sao", "shipped": True, "workshops": []}]} if len(parts) == 1 else {
                **one, "kind": "http", "sound": True, "faults": [], "notes": ["unguarded: what somebody else has changed meanwhile is lost"]}
        if path.endswith("/logs"):
            return 200, {"logs": [{"file": "/var/log/pumpline/bennys-auto_api.log", "lines": ["Bennys Auto: 2026-11-24T08:15:30.123Z INFO placed"]}]}
        if path == "/audit":
            return 200, {"entries": [{"at": "2026-11-24T08:15:30.123Z", "by": {"who": "ann", "via": "console"}, "from": "console", "address": None,
                                      "what": "start", "workshop": "Bennys Auto", "slug": "bennys-auto", "status": 200, "code": None}], "next": None}
        if path.endswith("/orders/retry"):
            return self.retry_many(parts[1], json.loads(seen["body"]))
        if len(parts) == 2:
            return 200, {**self.integrations.get(parts[1], {}), "configuration": {
                "workshop": parts[1], "active": True, "listen": "127.0.0.1:8101", "erp": {"system": "file", "folder": "/srv", "format": "csv"}}}, {"ETag": '"7"'}
        if len(parts) >= 4 and parts[2] == "orders" and parts[3] in self.orders:
            return self.reply_order(parts, self.orders[parts[3]], seen)
        if path.endswith("/tokens"):
            return 200, {"tokens": []}
        return 200, {}

    def retry_many(self, slug, body):
        some = [one for one in self.orders.values() if one["workshop"] == self.integrations[slug]["workshop"] and one["needs_attention"]]
        if "filter" not in body:
            some = [one for one in some if one["uniqueid"] in body.get("uniqueids", [])]
        elif len(some := [one for one in some if one["reason_code"] == body["filter"]["reason_code"]]) != body["expected"]:
            return 409, {"status": 409, "code": "count_changed", "detail": f"{len(some)} orders match"}, {"Content-Type": "application/problem+json"}
        for one in some:
            one.update(status="placed", needs_attention=False)
        return 200, {"placed": len(some), "results": []}

    def reply_order(self, parts, one, seen):
        what = parts[4] if len(parts) > 4 else ""
        if what == "history":
            return 200, {"history": [{"at": one["placed_at"], "status": "placed", "attempt": 0, "by": None},
                                     {"at": one["updated_at"], "status": one["status"], "reason_code": one["reason_code"], "by": {"who": "ann", "via": "console"},
                                      "reason_text": one["reason_text"], "evidence": ["shot.png", "page.html"], "changes": {"worksheet": ["557", one["worksheet"]]}}]}
        if what == "evidence" and parts[5].endswith(".png"):
            return 200, PICTURE, {"Content-Type": "image/png"}
        if what == "evidence":
            return 200, b"<script>alert(1)</script>", {"Content-Type": "text/html"}
        if what in ("retry", "resolve", "write_off"):
            if one["status"] != "error":
                return 409, {"status": 409, "code": "not_in_error", "detail": "it is not in error"}, {"Content-Type": "application/problem+json"}
            body = json.loads(seen["body"])
            one.update({name: value for name, value in body.items() if name in one}, needs_attention=False,
                       status={"retry": "placed", "resolve": "created", "write_off": "error"}[what])
        return 200, one


class Console:
    def __init__(self, folder, control_socket, **more):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.port = free_port()
        self.accounts = self.folder / "accounts.json"
        self.log = self.folder / "console.log"
        self.config = self.folder / "console.json"
        self.document = {"control_socket": str(control_socket), "listen": f"127.0.0.1:{self.port}", "accounts_file": str(self.accounts),
                         "web_dir": str(WEB), **more}
        self.process = None

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.config.write_text(json.dumps(self.document))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([BUILD / "pumpline-console", "-c", self.config], stdin=subprocess.DEVNULL, stderr=log)
        until(self.answers, "the console answers")
        return self

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.call("GET", "/api/me").status == 401
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(DEADLINE_S) == 0, self.log.read_text()
        text = self.log.read_text() if self.log.exists() else ""
        assert "Sanitizer" not in text and "runtime error" not in text, text

    def ctl(self, *arguments, password=None):
        return subprocess.run([BUILD / "pumplinectl", "user", *arguments, "--accounts", self.accounts], input=password, capture_output=True,
                              text=True, timeout=60, check=False)

    def add(self, name, role, at=None):
        """An account with PASSWORD."""
        accounts = json.loads(self.accounts.read_text())["accounts"] if self.accounts.exists() else []
        accounts.append({"name": name, "roles": {at or "*": role}, "password": cheap_hash(PASSWORD), "epoch": 1, "link": None})
        self.accounts.write_text(json.dumps({"accounts": accounts}))
        self.accounts.chmod(0o600)

    def connection(self):
        listen = self.document["listen"]
        if not listen.startswith("/"):
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        connection = UnixConnection(listen, DEADLINE_S)
        connection.document = None  # the console's own API
        return connection

    def call(self, method, path, body=None, cookie=None, origin=True, headers=None):
        headers = dict(headers or {})
        if origin:
            headers["Origin"] = self.origin if origin is True else origin
        if cookie:
            headers["Cookie"] = cookie
        return call(self.connection(), method, path, body if body is not None or method == "GET" else {}, headers)

    def sign_in(self, name, password=PASSWORD, **more):
        reply = self.call("POST", "/api/login", {"name": name, "password": password}, **more)
        return reply, (reply.headers.get("Set-Cookie") or "").split(";")[0]

    def cookie(self, name):
        reply, cookie = self.sign_in(name)
        assert reply.status == 200, reply.text
        return cookie

    def known(self, cookie, count=2):
        """Waits until it knows the daemon's workshops."""
        until(lambda: self.call("GET", "/api/me", cookie=cookie).json["daemon"], "the console has the daemon's events")


def as_root():
    return os.geteuid() == 0
