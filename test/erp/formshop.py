"""An ERP of server-rendered pages without scripts: a worksheet is one form, and each save posts all its lines again.

A line without a number is a new one, so a form that arrives twice stores its new line twice: the shop has no protection
against that. Each form carries its own mark, which shows how often it was submitted.

    formshop.py PORT FOLDER [--tls]

serves FOLDER/NAME at /NAME/. NAME/erp.json is its content: {"users": {name: password}, "sales": {worksheet: state},
"products": {code: {"salable", "digits", "refused"}}}. NAME/mood.json says how it misbehaves (see front.py), with these
additional members:
  "answer": "redirect" or "page", the reply to a save; "version": "HTTP/1.1" or "HTTP/1.0"
  "times": maximum number of faults; "read_kinds": like "kinds", for requests that save nothing
Each connection has its own process, which a fault can kill or stop. All events are written to NAME/record.jsonl before
the reply is sent.
"""

import argparse
import contextlib
import fcntl
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import traceback
from pathlib import Path

import front
import web_server
from formshop_pages import Pages, page

USER, PASSWORD = "clerk", "form+shop<5>pass"
PRODUCTS = {"10": {"salable": True, "digits": 2}, "20": {"salable": True, "digits": 3},
            "40": {"salable": False, "digits": 2}}
WORKSHEETS = {"558": "draft", "559": "draft", "600": "processing"}
CALM = {"seed": 0, "chance": 0, "write_chance": 0, "kinds": {}, "slow_s": 1, "keep_alive": True, "answer": "redirect",
        "version": "HTTP/1.1"}


# --- faults of the process that serves a request


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def stop_for(seconds):
    """SIGSTOP; another process continues it."""
    with subprocess.Popen(["sh", "-c", f"sleep {seconds}; kill -CONT $PPID"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL):
        os.kill(os.getpid(), signal.SIGSTOP)


front.KINDS |= {"kill_before": (front.NOT_CARRIED_OUT, die), "kill_after": (front.CARRIED_OUT, die),
                "stop_before": (front.CARRIED_OUT, None), "stop_after": (front.CARRIED_OUT, None)}


class Mood(front.Mood):
    """Read again for each request, since tests change it during a kept connection."""

    def __init__(self, folder, shop):
        super().__init__(folder)
        settings = json.loads((folder / "mood.json").read_text())
        self.times, self.shop, self.read_kinds = settings.get("times"), shop, settings.get("read_kinds")
        self.page, self.old = settings["answer"] == "page", settings["version"] == "HTTP/1.0"
        self.keep_alive = self.keep_alive and not self.old

    def draw(self, request, writes):
        with self.shop.open() as state:
            self.random = random.Random(f"{self.random.random()}-{state.entries}")
            if self.read_kinds and not writes:
                self.names, self.weights = list(self.read_kinds), list(self.read_kinds.values())
            kind = None if state.faults == self.times else super().draw(request, writes)
            if kind:
                state.write(fault=kind)
            return kind


# --- data


class State:
    """The data of the whole record; new entries are appended to the record."""

    def __init__(self, folder, file):
        content = json.loads((folder / "erp.json").read_text())
        self.users, self.products, self.sheets = content["users"], content["products"], content["sales"]
        self.lines, self.sessions, self.faults, self.entries = {}, {}, 0, 0
        self.file = file
        for entry in file.read().splitlines():
            self.apply(json.loads(entry))

    def write(self, **entry):
        os.write(self.file.fileno(), json.dumps(entry).encode() + b"\n")
        self.apply(entry)

    def apply(self, entry):
        self.entries += 1
        if "line" in entry:
            self.lines[entry["line"]["id"]] = entry["line"]
        if "state" in entry:
            self.sheets[entry["sheet"]] = entry["state"]
        if "session" in entry:
            self.sessions[entry["session"]] = entry["user"]
        if "fault" in entry:
            self.faults += 1
        if entry.get("sessions_dropped"):
            self.sessions.clear()

    def of_sheet(self, sheet):
        return [line for line in self.lines.values() if line["worksheet"] == sheet]


class Shop:
    """One folder's data. Each process opens it for itself, one at a time."""

    def __init__(self, folder):
        self.folder = Path(folder)

    @contextlib.contextmanager
    def open(self):
        with (self.folder / "record.jsonl").open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            yield State(self.folder, file)

    def log_in(self, user, password):
        """A session's key, or None."""
        with self.open() as state:
            if state.users.get(user) != password:
                state.write(refused_login=user)
                return None
            key = secrets.token_hex(8)
            state.write(session=key, user=user)
            return key

    def save(self, sheet, lines):
        """None, or the reason why nothing is stored."""
        with self.open() as state:
            words = None if state.sheets[sheet] == "draft" else f"Worksheet {sheet} is closed."
            for line in lines:
                words = words or self.wrong(state, line)
            if words:
                for line in lines:
                    if not line["id"]:
                        state.write(refused_line=line["reference"], words=words)
                return words
            for line in lines:
                line["worksheet"], line["id"] = sheet, line["id"] or f"L{len(state.lines) + 1}"
                if state.lines.get(line["id"]) != line:
                    state.write(line=line)
            return None

    def wrong(self, state, line):
        product, places = state.products.get(line["product"]), -line["amount"].as_tuple().exponent
        line["amount"] = str(line["amount"])
        if not product or not product["salable"]:
            return f"Product {line['product']} is not known."
        if places > product["digits"]:
            return f"Amount {line['amount']} has more than {product['digits']} places."
        return f"Product {line['product']} is under lock and key." if product.get("refused") else None


# --- the server


class Server(front.Front):
    """The server of front.py, with a process per connection."""

    def __init__(self, port, folder, tls):
        self.folder = Path(folder)
        super().__init__(port, lambda path: self.folder / path.strip("/").split("/")[0], None, self.end_sessions,
                         secure=web_server.tls(*certificate(folder)) if tls else None)

    def welcome(self, connection):
        """Runs in a child process, which ends with its connection."""
        if os.fork():
            connection.close()
            return
        try:
            self.listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.converse(self.secured(connection))
        except OSError:
            pass  # the intended fault, or a browser killed during the TLS handshake
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)

    def run(self):
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        super().run()

    def writes(self, request):
        return request.method == "POST" and request.path.endswith("/save")

    @contextlib.contextmanager
    def counted(self):
        """The lock is released if its process is killed."""
        with (self.folder / "busy").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def busy(self):
        return busy(self.folder)

    def mood(self, request):
        folder = self.folder_of(request.path)
        return Mood(folder, Shop(folder))

    def handle(self, connection, request):
        if not (self.folder_of(request.path) / "mood.json").exists():  # such as a request for a favicon
            connection.sendall(page("<h1>Not found</h1>", 404))
            return True
        return super().handle(connection, request)

    def treat(self, connection, request, mood, kind):
        if self.writes(request):
            with mood.shop.open() as state:
                form = request.form
                new = [form[f"reference_{name[3:]}"] for name, value in form.items() if name[:3] == "id_" and not value]
                state.write(posted=form["mark"], references=new, fault_of_it=kind)
        self.carry_out = lambda _: self.page(request, mood, kind)
        if kind == "stop_before":
            stop_for(mood.slow_s)
        super().treat(connection, request, mood, kind)

    def page(self, request, mood, kind):
        answer = Pages(mood.shop, f"/{mood.folder.name}", request, mood).answer()
        if kind == "stop_after":
            stop_for(mood.slow_s)
        return answer.replace(b"HTTP/1.1", b"HTTP/1.0", 1) if mood.old else answer

    def end_sessions(self, request):
        with Shop(self.folder_of(request.path)).open() as state:
            state.write(sessions_dropped=True)


def busy(folder):
    """Whether a request is in progress, and may still take effect."""
    with (Path(folder) / "busy").open("w") as file, contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    return True


def certificate(folder):
    """(certificate, key) for 127.0.0.1, created if missing."""
    crt, key = Path(folder) / "shop.crt", Path(folder) / "shop.key"
    if not crt.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "30", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", str(key), "-out", str(crt)], check=True, capture_output=True)
    return str(crt), str(key)


class FormShop:
    """A running server with its shop "shop", for tests."""

    def __init__(self, folder, port, tls=False):
        self.folder, self.port = Path(folder), port
        self.shop = self.folder / "shop"
        self.shop.mkdir(parents=True)
        (self.shop / "erp.json").write_text(json.dumps({"users": {USER: PASSWORD}, "products": PRODUCTS,
                                                        "sales": WORKSHEETS}))
        self.behave()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{port}/shop/"
        self.process = start(port, self.folder, tls)

    def behave(self, kind=None, **settings):
        """Applies from the next request. `kind` is the fault of the next save."""
        fault = {"kinds": {kind: 1}, "write_chance": 1, "times": self.faults() + 1} if kind else {}
        path = self.shop / "mood.json"
        path.with_suffix(".new").write_text(json.dumps({**CALM, **settings, **fault}))
        path.with_suffix(".new").replace(path)

    def record(self):
        path = self.shop / "record.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def faults(self):
        return sum("fault" in entry for entry in self.record())

    def lines(self, reference):
        return {one["line"]["id"]: one["line"] for one in self.record()
                if one.get("line", {}).get("reference") == reference}

    def posts(self):
        """The mark of each submitted form, in order."""
        return [one["posted"] for one in self.record() if "posted" in one]

    def stop(self):
        end(self.process)


def start(port, folder, tls=False):
    """The server, in a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-B", __file__, str(port), str(folder), *(["--tls"] if tls else [])],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
    if not process.stdout.readline():
        raise RuntimeError("the form shop did not start")
    return process


def end(process):
    """Kills the whole group, stopped processes too."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("folder")
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    Server(options.port, options.folder, options.tls).run()


if __name__ == "__main__":
    main()
