"""A web server that misbehaves on purpose, in front of code that executes the requests.

The fault of each request is drawn from the round's mood, FOLDER/mood.json:
  {"seed", "chance", "write_chance", "kinds": {name: weight}, "slow_s", "keep_alive"}
If FOLDER/quiet exists, there are no faults.
"""

import contextlib
import json
import os
import random
import socket
import time
from pathlib import Path

import web_server
from web_server import json_reply, reply

NOT_CARRIED_OUT, CARRIED_OUT = "before", "after"


# Faults: (whether the request is executed, what the client gets instead of the reply).
def cut(connection, _):
    # A reset, as from a killed peer.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    raise ConnectionError


def close(*_):
    # FIN, as from an orderly shutdown or the end of the process.
    raise ConnectionError


def send_and_close(data):
    def end(connection, _):
        connection.sendall(data)
        raise ConnectionError
    return end


def head_and_close(connection, answer):
    connection.sendall(answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    raise ConnectionError


def cut_inside(connection, answer):
    connection.sendall(answer[: max(1, len(answer) * 2 // 3)])
    raise ConnectionError


def say(*arguments):
    return lambda connection, _: connection.sendall(reply(*arguments))


def truncated(connection, answer):
    """Correct framing, but only half of the content."""
    body = answer.split(b"\r\n\r\n", 1)[1]
    connection.sendall(reply(200, body[: len(body) // 2], ["Content-Type: application/json"]))


PAGE = b"<!doctype html><title>500</title><h1>Internal Server Error</h1>"
KINDS = {
    "cut_before": (NOT_CARRIED_OUT, cut),
    "lost_reply": (CARRIED_OUT, cut),
    "cut_inside": (CARRIED_OUT, cut_inside),
    "garbage": (CARRIED_OUT, say(200, b"\x00\xff{]", ["Content-Type: application/json"])),
    "truncated": (CARRIED_OUT, truncated),
    "500_before": (NOT_CARRIED_OUT, say(500, PAGE)),
    "500_after": (CARRIED_OUT, say(500, PAGE)),
    "503": (NOT_CARRIED_OUT, say(503, b"", ["Retry-After: 1"])),
    "429": (NOT_CARRIED_OUT, say(429, b"Too Many Requests", ["Retry-After: 1"])),
    "403": (NOT_CARRIED_OUT, say(403, b"<h1>Forbidden</h1>")),
    "nonsense": (NOT_CARRIED_OUT, say(200, b'{"id":1,"result":17}', ["Content-Type: application/json"])),
    "locked": (NOT_CARRIED_OUT, say(200, b'{"id":1,"error":["database is locked",""]}')),
    "head_after": (CARRIED_OUT, head_and_close),
    # These three also need the code behind: see Front.treat.
    "slow_late": (CARRIED_OUT, None),
    "slow_reply": (CARRIED_OUT, None),
    "401": (NOT_CARRIED_OUT, None),
}
# Ends of an exchange without a reply; each exists as NAME_before and as NAME_after.
ENDS = {
    "fin": close,
    "rst": cut,
    "100": send_and_close(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103": send_and_close(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"),
    "half_status": send_and_close(b"HTTP/1.1 2"),
    "408": say(408, PAGE),
}
KINDS |= {f"{name}_{when}": (when, end) for name, end in ENDS.items() for when in (NOT_CARRIED_OUT, CARRIED_OUT)}


class Mood:
    def __init__(self, folder):
        self.folder = folder
        settings = json.loads((folder / "mood.json").read_text())
        self.random = random.Random(f"{settings['seed']}-{os.getpid()}")
        self.chance, self.write_chance = settings["chance"], settings["write_chance"]
        self.names, self.weights = list(settings["kinds"]), list(settings["kinds"].values())
        self.slow_s, self.keep_alive = settings["slow_s"], settings["keep_alive"]
        self.quiet = False

    def draw(self, request, writes):
        self.quiet = self.quiet or (self.folder / "quiet").exists()
        if self.quiet or not self.names or request.path.endswith("/person"):
            return None
        chance = self.write_chance if writes else self.chance
        return self.random.choices(self.names, self.weights)[0] if self.random.random() < chance else None


class Front(web_server.Server):
    """folder_of(path) gives the folder of a request's round; carry_out(request) returns the reply's bytes."""

    def __init__(self, address, folder_of, carry_out, drop_sessions, **more):
        super().__init__(address, **more)
        self.folder_of, self.carry_out, self.drop_sessions = folder_of, carry_out, drop_sessions
        self.moods = {}
        self.under_way = 0

    def writes(self, request):
        """Whether the request would store a line."""
        return b"sale.sale.write" in request.body

    @contextlib.contextmanager
    def counted(self):
        with self.lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self.lock:
                self.under_way -= 1

    def busy(self):
        """The number of requests in progress; 0 if none of them will be executed."""
        return self.under_way

    def mood(self, request):
        folder = self.folder_of(request.path)
        if folder not in self.moods:
            self.moods[folder] = Mood(Path(folder))
        return self.moods[folder]

    def run(self):
        """Runs as a program until it is killed."""
        print("ready", flush=True)
        self.serve()

    def handle(self, connection, request):
        if request.path == "/idle":
            connection.sendall(json_reply(self.busy()))
            return False
        with self.counted():
            mood = self.mood(request)
            self.treat(connection, request, mood, mood.draw(request, self.writes(request)))
            return mood.keep_alive

    def treat(self, connection, request, mood, kind):
        if kind == "slow_late":  # executed long after the client has given up
            time.sleep(mood.slow_s)
        if kind == "401":
            self.drop_sessions(request)
            kind = None
        when, instead = KINDS[kind] if kind else (CARRIED_OUT, None)
        answer = self.carry_out(request) if when == CARRIED_OUT else b""
        if kind == "slow_reply":
            time.sleep(mood.slow_s)
        if not mood.keep_alive and answer:
            answer = answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        if instead:
            instead(connection, answer)
        else:
            connection.sendall(answer)
