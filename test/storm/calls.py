"""What the storm's parts call: ports of their own, requests with JSON, and how a violated invariant ends a round."""

import contextlib
import fcntl
import http.client
import json
import os
import socket
import tempfile
from pathlib import Path

CLIENT_TIMEOUT_S = 10
PORTS = range(14000, 20000)
LANE_PORTS = 200


class Violation(Exception):
    """A violated invariant. Arguments: the text, and the uniqueid if it is about an order."""


def take_lane():
    """(number, the open reservation): a port range reserved for this process, since several storms may run."""
    for lane in range(len(PORTS) // LANE_PORTS):
        file = (Path(tempfile.gettempdir()) / f"pumpline-storm-{os.getuid()}-{lane}.lock").open("w")
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lane, file
        file.close()
    raise RuntimeError("too many storms at once")


def free_port(lane):
    first = PORTS.start + lane * LANE_PORTS
    for port in range(first, first + LANE_PORTS):
        if port in free_port.taken:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            free_port.taken.add(port)
            return port
    free_port.taken.clear()
    return free_port(lane)


free_port.taken = set()


def request(connection, method, target, body=None):
    data = json.dumps(body).encode() if body is not None else None
    with contextlib.closing(connection):
        connection.request(method, target, data, {"Content-Type": "application/json"} if data else {})
        reply = connection.getresponse()
        text = reply.read()
    return reply.status, json.loads(text) if text else None


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("pumpline", timeout=CLIENT_TIMEOUT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))
