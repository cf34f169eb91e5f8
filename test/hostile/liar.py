#!/usr/bin/python3
"""A compromised worker that sends false messages: it replaces pumpline-worker, becomes its workshop's user in the same way,
and then tells the lie named by its workshop's slug (test/e2e/test_hostile_channel.py)."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import threading

CHANNEL, LISTENER = 3, 4
channel = socket.socket(fileno=CHANNEL)
lines = channel.makefile("r", encoding="utf-8", newline="\n")


def say(**message):
    channel.sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")  # a long one must begin as a reply does


def ready():
    say(type="status", alive={"worker": "running", "queue_length": 0})
    say(type="ready", rekeyed=False)


def answer(message, status=200, body="{}", **more):
    say(type="reply", id=message["id"], status=status, content_type="application/json", body=body, **more)


def heard():
    """Messages of the supervisor; pings are answered."""
    for line in lines:
        message = json.loads(line)
        if message["type"] == "ping":
            say(type="pong")
        elif message["type"] == "stop":
            sys.exit(0)
        else:
            yield message


def serve(answers):
    """answers: for each call target, a function of the message that replies."""
    ready()
    for message in heard():
        if message["type"] == "call":
            answers.get(message["target"], answer)(message)


# --- an invalid copy of the queue


def backup(make, name):
    """make: creates something in the worker's folder under this name, before the reply."""
    def tell(message):
        make()
        answer(message, body=json.dumps({"workshop": "x", "file": name}))

    serve({"/backup": tell})


def nothing():
    pass


def soft():
    os.symlink(os.path.realpath("../../../victim"), "backup-1.mdb")


def hard():
    os.link("other", "backup-1.mdb")


def pipe():
    os.mkfifo("backup-1.mdb")


def folder():
    os.mkdir("backup-1.mdb")


# --- messages that a worker never sends


def many_values():
    ready()
    channel.sendall(b'{"type":"status","alive":{"queue_length":7,"x":[' + b"[]," * 1390000 + b"[]]}}\n")
    for _ in heard():
        pass


def forged_reply():
    second = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    serve({"/alive": lambda message: answer(message, 204, second),
           "/queue": lambda message: answer(message, header=["Transfer-Encoding", "chunked"]),
           "/worksheets/1/orders": lambda message: answer(message, body="a\0" + 200000 * "b")})


def deaf():
    """The first process shuts down the listening socket that its successor gets."""
    first = not os.path.exists("closed")
    open("closed", "w").close()
    ready()
    if first:
        socket.socket(fileno=LISTENER).shutdown(socket.SHUT_RDWR)
        sys.exit(1)
    for _ in heard():
        pass


# --- the log


def forger():
    """Writes in another workshop's name, and truncates every file it has a descriptor for."""
    os.write(2, b"31\t\thonest words\n")
    ready()
    for message in heard():
        if message["type"] == "call":
            for fd in range(64):
                with contextlib.suppress(OSError):
                    os.ftruncate(fd, 0)
            os.write(2, b"pumplined: 2026-11-28T10:00:00.000Z INFO forged\nOther Shop: [x] forged too\n")
            answer(message)


# --- a disk that stalls


CLONE, CLONE_VFORK = {"x86_64": 56, "aarch64": 220}, 0x4000


def wait_for_disk():
    """Waits uninterruptibly, as for a disk, until there is a file disk-works: for a child that neither executes nor ends."""
    # PyDLL: with the interpreter's lock, which the child then has, too, and never releases. It is a copy of this thread alone: whatever
    # another one held at that moment is held for ever.
    libc = ctypes.PyDLL(None)
    if not libc.syscall(CLONE[os.uname().machine], CLONE_VFORK | signal.SIGCHLD, 0, 0, 0, 0):
        while libc.access(b"disk-works", os.F_OK):
            libc.usleep(50000)
        libc._exit(0)


def slow_disk():
    """The loop waits for a thread that waits for the disk."""
    sys.setswitchinterval(3600)  # a copied thread that is to give way would wait for ever for one that was not copied
    ready()
    for message in heard():
        if message["type"] != "call":
            continue
        thread = threading.Thread(target=wait_for_disk)
        thread.start()
        thread.join()
        answer(message)


LIES = {"slow-disk": slow_disk,
        "forger": forger,
        "many-values": many_values,
        "forged-reply": forged_reply,
        "deaf": deaf,
        "backup-path": lambda: backup(nothing, os.path.realpath("../../../victim")),
        "backup-up": lambda: backup(nothing, "../../../victim"),
        "backup-soft": lambda: backup(soft, "backup-1.mdb"),
        "backup-hard": lambda: backup(hard, "backup-1.mdb"),
        "backup-pipe": lambda: backup(pipe, "backup-1.mdb"),
        "backup-folder": lambda: backup(folder, "backup-1.mdb")}


def main():
    config = json.loads(lines.readline())
    queue = os.path.join(config["state_dir"], "queues", config["slug"])
    os.makedirs(queue, exist_ok=True)
    os.chdir(queue)
    if config.get("uid"):
        os.chown(".", config["uid"], config["gid"])
        os.setgroups([])
        os.setresgid(*[config["gid"]] * 3)
        os.setresuid(*[config["uid"]] * 3)
    LIES[config["slug"]]()


main()
