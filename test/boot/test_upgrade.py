"""From 0.1.0, as its users have it, which is without a package, to this release's package: with orders in the queue and in flight.

After test_package.py, which leaves a machine without Pumpline.
"""

import http.client
import itertools
import json
import os
import subprocess
import threading

import pytest
from held_erp import HeldErp
from machine import CONFIG, in_network_of
from previous import VERSION, previous

from pumpline import until

WAITING = ["w1", "w2", "w3"]
# What dpkg asks is answered as a careful operator does: the file stays as it is.
APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qy", "-o", "DPkg::Options::=--force-confold")


class Client(threading.Thread):
    """Places one order after the other, and each again until it is accepted, as OilMat does."""

    def __init__(self, shop):
        super().__init__()
        self.shop, self.accepted, self.refused, self.enough = shop, [], 0, threading.Event()

    def run(self):
        for number in itertools.count():
            while not self.is_accepted(f"c{number}"):
                if self.enough.wait(0.05):
                    return
            self.accepted.append(f"c{number}")
            if self.enough.wait(0.02):
                return

    def is_accepted(self, uniqueid):
        try:
            return self.shop.create(uniqueid, worksheet=f"w{len(self.accepted) % 40}").status == 200
        except (OSError, http.client.HTTPException):
            self.refused += 1
            return False


@pytest.fixture
def machine(booted):
    """With the previous release, as its README installs it; no workshop yet."""
    programs = previous()
    booted.write(f"{CONFIG}/purge-queues", "")
    booted.attempt(*APT, "purge", "pumpline")  # fails where it is not installed
    (booted.tree / CONFIG / "purge-queues").unlink(missing_ok=True)
    subprocess.run(["cmake", "--install", programs, "--prefix", "/usr"], env={**os.environ, "DESTDIR": str(booted.tree)}, check=True,
                   capture_output=True)
    booted.run("systemd-sysusers")
    booted.attempt("systemd-tmpfiles", "--create")
    booted.run("systemctl", "daemon-reload")
    booted.run("systemctl", "enable", "--now", "pumplined")
    return booted


@pytest.fixture
def erp(machine, tmp_path):
    with in_network_of(machine.leader):
        one = HeldErp(tmp_path / "erp", "flying").start()
    yield one
    one.hold.release()
    one.stop()


def place(shop, uniqueid):
    """With the workshop's own credentials."""
    order = {key: value for key, value in shop.order(uniqueid).items() if key not in ("username", "password")}
    reply = shop.call("POST", "/create", order)
    assert reply.status == 200, reply.text


def ids_of(shop):
    return sorted(json.loads(path.read_text())["uniqueid"] for path in shop.lines.iterdir())


def test_the_package_takes_over_an_installation_without_one(machine, package, erp, note):
    """With its orders: each becomes one line. Its ports close for a moment, since 0.1.0 cannot hand them over."""
    flying = machine.configure("freds-fleet", "Freds Fleet", 8105, 0, **erp.configuration())
    resting, busy = (machine.configure(slug, name, port, 0) for slug, name, port in
                     (("gretas-garage", "Gretas Garage", 8106), ("harrys-hub", "Harrys Hub", 8107)))
    machine.run("systemctl", "reload", "pumplined")
    until(lambda: all(shop.up() for shop in (flying, resting, busy)), "all are served")
    assert machine.control("GET", "/health").json["version"] == VERSION
    resting.put("/stop_worker")
    for uniqueid in WAITING:
        resting.place(uniqueid)  # with credentials: 0.1.0 wants them even where files are delivered
    for uniqueid in ("flying", *WAITING):
        place(flying, uniqueid)
    erp.hold.wait()
    daemon, client = machine.daemon_pid(), Client(busy)
    client.start()
    done = []
    upgrade = threading.Thread(target=lambda: done.append(machine.attempt(*APT, "install", machine.take(package))))
    upgrade.start()
    until(lambda: machine.show("ActiveState") == "deactivating", "it waits for the order in hand")
    before = len(client.accepted)
    erp.hold.release()
    upgrade.join()
    assert done[0].returncode == 0, done[0].stdout + done[0].stderr
    until(machine.serves, "all are served")
    until(lambda: len(client.accepted) > before + 20, "the client goes on")
    client.enough.set()
    client.join()
    assert machine.control("GET", "/health").json["version"] != VERSION and machine.daemon_pid() != daemon
    note(f"boot: while 0.1.0 was replaced, a client was refused {client.refused} times")
    for shop, uniqueids in ((flying, ["flying", *WAITING]), (resting, WAITING), (busy, client.accepted)):
        for uniqueid in uniqueids:
            shop.wait(uniqueid, "created")
    assert erp.lines() == sorted(["flying", *WAITING]) and ids_of(resting) == WAITING
    assert set(client.accepted) <= set(ids_of(busy)) and len(set(ids_of(busy))) == len(ids_of(busy))
