"""conf/pumpline-chromedriver.service, which workshops share by their webdriver_url, with a real Chromium: its sandbox works under all that the unit forbids, an order
goes through it, and no browser outlives what it was for.

There is no --no-sandbox here: the unit's user is an ordinary one, in a machine of nspawn as on bare metal. What cannot be
seen here is the unit's own MemoryMax= and TasksMax=: where the host's controllers are those of cgroup v1, nspawn keeps
them from the systemd inside.
"""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import browser
import oldshop
import pytest
import webshop
from machine import CONFIG, HEADLESS, InsideConnection, command_of, in_network_of

from pumpline import DEADLINE_S, alive, call, until

UNIT = "pumpline-chromedriver.service"
PORT = 9515
URL = f"http://127.0.0.1:{PORT}"
GARYS, HELENS = ("garys-garage", "Garys Garage", 8106), ("helens-hall", "Helens Hall", 8113)
SHOP_PORT = 8088
MACHINE, NEIGHBOUR = "192.0.2.1", "192.0.2.2"
DYNAMIC_UIDS = range(61184, 65520)
BROWSERS_MAX = 900 << 20  # two that do little, and not what a third that eats
RECIPE = json.dumps({**json.loads(webshop.RECIPE.read_text()), **webshop.QUICK})


def answers(machine):
    try:
        return call(InsideConnection(machine, PORT), "GET", "/status").json["value"]["ready"]
    except OSError:
        return False


def driver_pid(machine):
    return next(pid for pid in machine.members(UNIT) if command_of(pid) == "chromedriver")


def browsers(machine):
    return {pid for pid in machine.members(UNIT) if command_of(pid) != "chromedriver"}


def seen(pid):
    """What the kernel says of a process; None: it is gone, as that of a spare page may be at any time."""
    try:
        proc = Path(f"/proc/{pid}")
        status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines())
        # A browser's process writes its own command line, with blanks.
        return {**status, "words": (proc / "cmdline").read_text().replace("\0", " ").split(),
                "oom": int((proc / "oom_score_adj").read_text()), "has files": os.path.exists(proc / "root/etc"),
                "namespaces": {kind: os.readlink(proc / "ns" / kind) for kind in ("user", "pid", "net")}}
    except OSError:
        return None


def pages(machine):
    """What is seen of each process that shows pages, by its number."""
    each = {pid: seen(pid) for pid in browsers(machine)}
    return {pid: one for pid, one in each.items() if one and "--type=renderer" in one["words"]}


@pytest.fixture(scope="module")
def shop(booted):
    """An ERP that has only a web page, in the machine."""
    with in_network_of(booted.leader):
        one = oldshop.OldShop(SHOP_PORT)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def workshops(booted, shop):
    """One with all of Chromium, one for tests of when browsers end."""
    booted.run("systemctl", "enable", "--now", UNIT)
    booted.write(f"{CONFIG}/recipes/oldshop.json", RECIPE)
    erp = {"system": "webdriver", "recipe": "oldshop", "url": shop.url, "webdriver_url": URL}
    both = [booted.configure(*names, 0, erp={**erp, **more}, credentials={"username": oldshop.USER, "password": oldshop.PASSWORD})
            for names, more in ((GARYS, {}), (HELENS, {"browser": HEADLESS}))]
    booted.run("systemctl", "reload", "pumplined")
    for one in both:
        until(one.up, "it is served")
    yield both
    for one in both:
        (booted.tree / CONFIG / f"workshops.d/{one.slug}.json").unlink()
    booted.run("systemctl", "reload", "pumplined")
    booted.run("systemctl", "disable", "--now", UNIT)


@pytest.fixture
def garys(machine, workshops):
    """Its driver answers."""
    until(lambda: answers(machine), "chromedriver answers")
    return workshops[0]


@pytest.fixture
def helens(garys, workshops):
    return workshops[1]


@pytest.fixture
def opened(machine, garys, monkeypatch):
    """Opens a browser by hand, as the driver's other clients do."""
    monkeypatch.setattr(browser, "ROOT_ARGUMENTS", [])  # it is no root's in there
    monkeypatch.setattr(browser, "SHELL", None)  # all of Chromium, with all its processes
    monkeypatch.setattr(browser, "FEW_PROCESSES", [])
    with in_network_of(machine.leader):
        yield lambda: browser.Browser(URL)


def deliver(workshop, shop, uniqueid):
    workshop.place(uniqueid, username="", password="")
    workshop.wait(uniqueid, "created", 2 * DEADLINE_S)
    assert [line["product"] for line in shop.lines(uniqueid)] == ["10"]


def test_an_order_goes_through_a_browser_in_its_sandbox(machine, garys, shop):
    deliver(garys, shop, "c1")
    driver = seen(driver_pid(machine))
    left = [one for one in map(seen, browsers(machine)) if one]
    for one in (driver, *left):
        assert one["NoNewPrivs"] == "1" and one["Seccomp"] == "2" and int(one["Uid"].split()[0]) in DYNAMIC_UIDS
        assert "--no-sandbox" not in one["words"]
    assert int(driver["CapBnd"], 16) == 0
    shown = pages(machine)
    assert shown
    for page in shown.values():
        assert not page["has files"] and int(page["CapPrm"], 16) == 0
        assert not set(page["namespaces"].values()) & set(driver["namespaces"].values())
        assert int(page["Seccomp_filters"]) > int(driver["Seccomp_filters"])
        assert page["oom"] > driver["oom"]  # it is killed first


def test_chromium_calls_itself_sandboxed(opened):
    one = opened()
    one.goto("chrome://sandbox")
    one.wait(lambda: "You are adequately sandboxed" in one.script("return document.body.innerText"), "it says so")
    one.close()


def test_the_worker_s_sandbox_lets_it_reach_the_driver_and_the_erp(machine, garys):
    [line] = [line["MESSAGE"] for line in machine.journal() if f"{garys.name}: " in line["MESSAGE"] and
              " sandbox required: " in line["MESSAGE"]]
    assert f"TCP connect {PORT} {SHOP_PORT}," in line and "seccomp" in line


def test_what_browsers_keep_is_in_memory_of_their_own(machine, garys, shop):
    deliver(garys, shop, "f1")
    folder = f"/run/{UNIT.removesuffix('.service')}"
    assert machine.run("stat", "-f", "-c", "%T", folder, inside=driver_pid(machine)).strip() == "tmpfs"
    assert machine.run("ls", "-A", folder, inside=driver_pid(machine)).strip()
    assert not machine.run("ls", "-A", folder).strip()  # not on the machine's own /run


def test_the_driver_sees_nothing_of_pumpline(machine, garys):
    """Not even where it were root."""
    for path in (f"/{CONFIG}", "/var/lib/pumpline", "/var/log/pumpline", "/run/pumpline"):
        assert machine.run("ls", "-A", path).strip()
        assert not machine.run("ls", "-A", path, inside=driver_pid(machine)).strip()


@pytest.fixture
def neighbour(machine):
    """The network of another host, with a cable to the machine."""
    def ip(pid, *arguments):
        subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", *arguments], check=True)

    with subprocess.Popen(["unshare", "--net", "sleep", "infinity"]) as host:
        until(lambda: command_of(host.pid) == "sleep", "its network is there")
        ip(host.pid, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", str(machine.leader))
        for pid, address in ((host.pid, NEIGHBOUR), (machine.leader, MACHINE)):
            ip(pid, "address", "add", f"{address}/24", "dev", "cable")
            ip(pid, "link", "set", "cable", "up")
        yield host.pid
        host.kill()


def test_no_other_host_reaches_the_driver(machine, garys, neighbour):
    with in_network_of(machine.leader):
        open_door = socket.create_server(("", PORT + 1))
    with open_door, in_network_of(neighbour):
        socket.create_connection((MACHINE, PORT + 1), DEADLINE_S).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((MACHINE, PORT), DEADLINE_S)


@pytest.mark.parametrize("end", ["stop", "kill", "kill -9"])
def test_no_browser_outlives_the_driver(machine, helens, shop, end):
    uniqueid = end.replace(" ", "")
    deliver(helens, shop, f"{uniqueid}-1")
    driver, left = driver_pid(machine), browsers(machine)
    assert left
    if end == "kill -9":
        os.kill(driver, signal.SIGKILL)
    else:
        machine.run("systemctl", end, UNIT)
    until(lambda: not any(alive(pid) for pid in {driver, *left}), "all have ended")
    if end == "stop":
        assert machine.show("ActiveState", UNIT) == "inactive" and not machine.members(UNIT)
        machine.run("systemctl", "start", UNIT)
    until(lambda: answers(machine), "it is back")
    deliver(helens, shop, f"{uniqueid}-2")


def test_no_browser_outlives_the_daemon(machine, helens, shop):
    deliver(helens, shop, "r1")
    driver = driver_pid(machine)
    assert browsers(machine)
    machine.run("systemctl", "restart", "pumplined")
    until(lambda: not browsers(machine), "the last session is closed")
    until(machine.serves, "it is back")
    deliver(helens, shop, "r2")
    assert driver_pid(machine) == driver


def test_a_page_that_is_killed_costs_an_attempt(machine, helens, shop):
    """As the kernel does where memory is short."""
    deliver(helens, shop, "p1")
    shown = pages(machine)
    assert shown
    for pid in shown:
        os.kill(pid, signal.SIGKILL)
    deliver(helens, shop, "p2")


def test_a_browser_that_eats_all_the_memory_is_killed_alone(machine, opened):
    """By the kernel, in a group of the test's own: this shows whom it chooses."""
    if machine.cgroup.memory() is None:
        pytest.skip("needs a hierarchy for the memory controller alone")
    machine.run("systemctl", "restart", UNIT)
    until(lambda: answers(machine), "it has no browsers yet")
    driver, group = driver_pid(machine), machine.cgroup.memory() / "browsers"
    group.mkdir()
    (group / "memory.limit_in_bytes").write_text(str(BROWSERS_MAX))
    (group / "cgroup.procs").write_text(str(driver))
    other, greedy = opened(), opened()
    other.goto("data:text/html,<p>here")
    with pytest.raises(browser.WebDriverError, match="tab crashed"):
        greedy.script("window.kept = []; for (let i = 0; i < 60; i++) kept.push(new Uint8Array(5e7).fill(1));")
    assert other.script("return document.body.innerText") == "here"
    assert "oom_kill 0" not in (group / "memory.oom_control").read_text()
    assert driver_pid(machine) == driver and machine.show("NRestarts", UNIT) == "0"
    machine.run("systemctl", "restart", UNIT)
