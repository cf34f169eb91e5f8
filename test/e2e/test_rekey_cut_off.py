"""Replacing the master key, interrupted at any time and at each step."""

import contextlib
import os
import random
import signal
import subprocess
import time

import pytest
from pumpline import BUILD, DEADLINE_S, until
from test_rekey import add_configured, delivered, key_files, rekey, stopped_with_orders


def test_killed_at_any_time(daemon):
    shops = [add_configured(daemon, f"shop-{number}", f"Shop {number}") for number in range(4)]
    daemon.start()
    dice = random.Random(4711)
    for shop in shops:
        shop.put("/stop_worker")
        for order in range(30):
            shop.place(f"o{order}", worksheet=str(order))
    before = key_files(daemon)[0].read_bytes()
    for _ in range(8):
        client = subprocess.Popen(["curl", "-s", "-X", "PUT", "--unix-socket", daemon.socket, "http://pumpline/rekey"],
                                  stdout=subprocess.DEVNULL)
        for _ in range(dice.randint(0, 3)):
            time.sleep(dice.uniform(0, 0.05))
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(dice.choice(daemon.children()), signal.SIGKILL)
        time.sleep(dice.uniform(0, 0.2))
        daemon.kill()
        client.wait(DEADLINE_S)
        until(lambda: restarted(daemon), "the daemon is back")
    until(lambda: not key_files(daemon)[1].exists(), "it has come to its end")
    rekey(daemon)
    assert key_files(daemon)[0].read_bytes() != before
    for shop in shops:
        until(shop.up, "it serves")
        shop.put("/start_worker")
    for shop in shops:
        until(lambda shop=shop: shop.get("/alive").json["orders"]["created"] == 30, f"{shop.name} is done")
        assert len(list(shop.lines.iterdir())) == 30
    assert not leftovers(daemon)


PLAN_BYTES = 4096


# In the daemon, and in the worker of the running and of the stopped workshop.
STEPS = [("pumplined", point, action) for point, actions in {
    "key.write": ("kill", "EIO", "ENOSPC"), "key.linked": ("kill",), "key.begun": ("kill",), "rekey.file": ("kill",),
    "disk.write": ("kill", "EIO", "ENOSPC"), "disk.sync": ("kill", "EIO"), "disk.written": ("kill",),
    "disk.rename": ("kill", "EIO"), "disk.renamed": ("kill",), "rekey.restart": ("kill",), "rekey.maintain": ("kill",),
    "spawn.channel": ("kill", "EMFILE"), "child.configured": ("kill",), "child.ready": ("kill",),
    "child.reaped": ("kill",), "rekey.finish": ("kill",), "key.noted": ("kill",), "key.rename": ("kill", "EIO"),
    "key.renamed": ("kill",)}.items() for action in actions]


STEPS += [("bennys-auto", point, action) for point, action in (
    ("worker.open", "kill"), ("queue.reseal", "kill"), ("queue.resealed", "kill"), ("queue.committed", "kill"),
    ("store.commit", "ENOSPC"), ("store.commit", "EIO"), ("store.commit", "kill"), ("channel.ready", "kill"))]


STEPS += [("stopped", point, "kill") for point in ("queue.reseal", "queue.resealed", "channel.bye")]


def plan(daemon, name, line):
    path = daemon.folder / "state" / f"{name}.faults"
    path.write_bytes(f"{line}\n".encode().ljust(PLAN_BYTES, b"\0"))
    return path


def replan(path, line):
    """While it is mapped."""
    with path.open("r+b") as file:
        file.write(f"{line}\n".encode().ljust(40, b" "))


# The second file, process or transaction.
AGAIN = ("rekey.file", "disk.renamed", "rekey.restart", "child.configured", "child.reaped", "queue.committed",
         "store.commit")


CASES = [(*step, 0) for step in STEPS] + [(*step, 1) for step in STEPS if step[1] in AGAIN]


def module_of(case):
    """The process, and the part of it that the point belongs to."""
    where, point, *_ = case
    return where, point.split(".")[0]


@pytest.mark.faults
@pytest.mark.parametrize("module", dict.fromkeys(map(module_of, CASES)), ids="-".join)
def test_cut_off_at_each_step(daemon, module):
    """Each key is replaced in the daemon that the interruption before left."""
    subprocess.run([BUILD / "pumplined", "--create-key", "-c", daemon.config], stdout=subprocess.DEVNULL, check=True)
    bennys, _ = daemon.add_file(), add_configured(daemon)
    stopped = daemon.add_file("stopped", "Stopped")
    (daemon.folder / "state").mkdir()
    # Waits for the daemon's own change; the one at the start does not count.
    path = plan(daemon, module[0], "clock +000000000000")
    daemon.start()
    for number, case in enumerate(case for case in CASES if module_of(case) == module):
        print(case)
        cut_off(daemon, bennys, stopped, path, case, number)
    daemon.stop()
    assert not leftovers(daemon)


def cut_off(daemon, bennys, stopped, path, case, number):
    _, point, action, passes = case
    before = key_files(daemon)[0].read_bytes()
    stopped_with_orders(bennys, f"b{number}-")
    stopped_with_orders(stopped, f"s{number}-")
    daemon.call("PUT", "/workshops/stopped/stop")
    until(lambda: daemon.integration("stopped")["process"] == "stopped", "it is stopped")
    replan(path, f"{point} {passes:03} {action}")
    until(lambda: asked_again(daemon), "the key is replaced")
    assert passes or path.read_bytes().startswith(b"#"), "it never came there"
    replan(path, "#")
    assert key_files(daemon)[0].read_bytes() != before and not key_files(daemon)[1].exists()
    daemon.call("PUT", "/workshops/stopped/start")
    until(daemon.ready, "they run")
    assert not [one for one in daemon.call("GET", "/health").json["integrations"] if one["process"] != "running"]
    delivered(bennys, f"b{number}-")
    delivered(stopped, f"s{number}-")
    for workshop in (bennys, stopped):
        assert len(list(workshop.lines.iterdir())) == 3 * (number + 1)
    assert not leftovers(daemon)


def leftovers(daemon):
    return [*daemon.folder.glob(".*.new-*"), *(daemon.folder / "workshops.d").glob(".*.new-*")]


def asked_again(daemon):
    """Whether this call completed."""
    try:
        reply = daemon.call("PUT", "/rekey")
        assert reply.status in (200, 409, 503)
        return reply.status == 200
    except OSError:
        assert daemon.process.wait(DEADLINE_S) == -signal.SIGKILL
    until(lambda: restarted(daemon), "the daemon is back")
    until(lambda: not key_files(daemon)[1].exists() or daemon.process.poll() is not None, "it goes on by itself")
    return False


def restarted(daemon):
    """A worker being forked may hold the lock slightly longer."""
    with open(daemon.log, "ab") as log:
        daemon.process = subprocess.Popen([daemon.program, "-c", daemon.config], stderr=log,
                                          stdin=subprocess.DEVNULL)
    while daemon.process.poll() is None:
        try:
            daemon.call("GET", "/health")
            return True
        except OSError:
            time.sleep(0.01)
    assert daemon.process.returncode in (69, 73), daemon.log.read_text()[-4000:]
    return False
