"""conf/pumpline-webdriver@.service with a real Chromium: each workshop has browsers of its own, which live and end with
it, and nothing else reaches them."""

import os
import signal
from pathlib import Path

import oldshop
import pytest
from machine import CONFIG, HEADLESS, InsideConnection, command_of, in_network_of
from test_browsers import DYNAMIC_UIDS, RECIPE, seen

from pumpline import DEADLINE_S, alive, call, until

SHOP_PORT = 8089
NINAS, OLGAS = ("ninas-yard", "Ninas Yard", 8111), ("olgas-shop", "Olgas Shop", 8112)
DRIVER_PORT, PROXY_PORT = 9514, 1080
FOLDER = "/run/pumpline/webdriver"


def unit(shop):
    return f"pumpline-webdriver@{shop.slug}.service"


def program_pid(machine, shop, name="chromedriver"):
    return next((pid for pid in machine.members(unit(shop)) if command_of(pid) == name), None)


def has_browser(machine, shop):
    return any(command_of(pid).startswith("chromium") for pid in machine.members(unit(shop)))


def connects(machine, port, user):
    return machine.attempt("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}", user=user).returncode == 0


@pytest.fixture(scope="module")
def page(booted):
    """An ERP that has only a web page, in the machine."""
    with in_network_of(booted.leader):
        one = oldshop.OldShop(SHOP_PORT)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def both(booted, page):
    booted.write(f"{CONFIG}/recipes/oldshop.json", RECIPE)
    erp = {"system": "webdriver", "recipe": "oldshop", "url": page.url}
    shops = [booted.configure(*names, 0, erp={**erp, **more}, credentials={"username": oldshop.USER, "password": oldshop.PASSWORD})
             for names, more in ((NINAS, {"browser": HEADLESS}), (OLGAS, {}))]
    booted.run("systemctl", "reload", "pumplined")
    for shop in shops:
        until(shop.up, "it is served")
    yield shops
    for shop in shops:
        (booted.tree / CONFIG / f"workshops.d/{shop.slug}.json").unlink(missing_ok=True)
    booted.run("systemctl", "reload", "pumplined")


@pytest.fixture
def ninas(machine, both):
    return both[0]


@pytest.fixture
def olgas(machine, both):
    return both[1]


def deliver(shop, page, uniqueid):
    shop.place(uniqueid, username="", password="")
    shop.wait(uniqueid, "created", 2 * DEADLINE_S)
    assert [line["product"] for line in page.lines(uniqueid)] == ["10"]


def test_each_has_browsers_that_are_users_of_their_own(machine, ninas, olgas, page):
    users, networks = set(), set()
    for shop in (ninas, olgas):
        deliver(shop, page, f"own-{shop.slug}")
        driver = seen(program_pid(machine, shop))
        assert driver["NoNewPrivs"] == "1" and int(driver["CapBnd"], 16) == 0
        left = [one for one in map(seen, machine.members(unit(shop))) if one]
        assert {one["Uid"].split()[0] for one in left} == {driver["Uid"].split()[0]}
        assert not any("--no-sandbox" in one["words"] for one in left)
        shown = [one for one in left if "--type=renderer" in one["words"]]
        assert shown and not any(one["has files"] for one in shown)
        users.add(int(driver["Uid"].split()[0]))
        networks.add(driver["namespaces"]["net"])
    assert len(users) == 2 and users <= set(DYNAMIC_UIDS)
    assert len(networks | {os.readlink(f"/proc/{machine.leader}/ns/net")}) == 3


def test_nobody_else_reaches_the_driver_nor_the_proxy(machine, ninas, olgas):
    for shop in (ninas, olgas):
        inside = until(lambda shop=shop: program_pid(machine, shop), "its driver is there")
        with in_network_of(inside):  # the port is open in a network without a client
            assert until(lambda: answers(), "chromedriver answers")
    worker = int(machine.integrations()[olgas.slug]["pid"])
    users = ["mallory", "alice", int(seen_uid(machine, worker))]
    for user in users:
        assert connects(machine, SHOP_PORT, user)
        assert not connects(machine, DRIVER_PORT, user) and not connects(machine, PROXY_PORT, user)
        refused = machine.attempt("stat", f"{FOLDER}/{ninas.slug}/worker", user=user)
        assert refused.returncode and "Permission denied" in refused.stderr
    assert machine.run("stat", "-c", "%F", f"{FOLDER}/{ninas.slug}/worker").strip() == "socket"


def answers():
    class Here(InsideConnection):
        def connect(self):
            super(InsideConnection, self).connect()

    try:
        return call(Here(None, DRIVER_PORT), "GET", "/status").json["value"]["ready"]
    except OSError:
        return False


def seen_uid(machine, pid_inside):
    return machine.run("stat", "-c", "%u", f"/proc/{pid_inside}").strip()


def test_a_driver_sees_its_own_worker_s_socket_alone(machine, ninas, olgas):
    for shop in (ninas, olgas):
        pid = until(lambda shop=shop: program_pid(machine, shop), "its driver is there")
        for path in (f"/{CONFIG}", "/var/lib/pumpline", "/var/log/pumpline", "/run/pumpline"):
            assert not machine.run("ls", "-A", path, inside=pid).strip()
        assert machine.run("ls", "-A", "/run/pumpline-webdriver/link", inside=pid).split() == ["worker"]
        assert machine.attempt("touch", "/run/pumpline-webdriver/link/x", inside=pid).returncode


def test_they_end_and_come_with_their_workshop(machine, ninas, olgas, page):
    deliver(ninas, page, "stop-1")
    before = program_pid(machine, olgas)
    machine.run("pumplinectl", "stop", ninas.name)
    until(lambda: not machine.members(unit(ninas)), "they have ended")
    until(lambda: machine.show("ActiveState", unit(ninas)) == "inactive", "it has stopped")
    assert not machine.attempt("ls", f"{FOLDER}/{ninas.slug}").stdout
    machine.run("pumplinectl", "start", ninas.name)
    deliver(ninas, page, "stop-2")
    assert program_pid(machine, olgas) == before


def test_they_end_with_the_daemon(machine, ninas, olgas, page):
    deliver(ninas, page, "daemon-1")
    pids = machine.members(unit(ninas)) | machine.members(unit(olgas))
    machine.run("systemctl", "stop", "pumplined")
    until(lambda: not any(alive(pid) for pid in pids), "they have ended")
    assert machine.show("ActiveState", unit(ninas)) == machine.show("ActiveState", unit(olgas)) == "inactive"
    machine.run("systemctl", "start", "pumplined")
    for shop in (ninas, olgas):
        deliver(shop, page, f"daemon-2-{shop.slug}")


@pytest.mark.parametrize("name", ["pumplined", "pumpline-worker", "chromedriver", "pumpline-webdri"])
def test_whoever_is_killed_the_next_order_is_made(machine, ninas, page, name):
    deliver(ninas, page, f"kill-{name}-1")
    before = program_pid(machine, ninas)
    inside = machine.integrations()[ninas.slug]["pid"]
    pid = {"pumplined": machine.daemon_pid(), "pumpline-worker": outside(machine, inside)}.get(name) or \
        program_pid(machine, ninas, name)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "it is gone")
    until(machine.serves, "it is back")
    deliver(ninas, page, f"kill-{name}-2")
    assert (program_pid(machine, ninas) == before) == (name == "pumpline-worker")


def outside(machine, inside):
    """A worker's number out here."""
    return next(pid for pid in machine.processes() if int(Path(f"/proc/{pid}/status").read_text().split("NSpid:")[1]
                                                          .split("\n")[0].split()[-1]) == inside)


def test_they_end_where_the_workshop_is_removed(machine, olgas, page):
    deliver(olgas, page, "gone-1")
    assert has_browser(machine, olgas)
    assert machine.control("DELETE", f"/workshops/{olgas.slug}?force=true").status == 200
    until(lambda: not machine.members(unit(olgas)), "they have ended")
    until(lambda: machine.show("ActiveState", unit(olgas)) == "inactive", "it has stopped")
