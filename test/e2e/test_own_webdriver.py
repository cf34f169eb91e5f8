"""Workshops with a web-only ERP get their own WebDriver server if the service manager can start one.

The server has its own network: the worker reaches it only through the sockets that the unit passes. test/boot tests what
systemd adds (a dynamic user, a private root).
"""

import ctypes
import json
import os
import signal
import socket

import browser
import oldshop
import pytest
from conftest import watched
from pumpline import BUILD, alive, free_port, until
from test_trial import tried
from units import Units
from webshop import NEEDS_CHROMIUM, RECIPE, Site, one_line, quick

pytestmark = [NEEDS_CHROMIUM, pytest.mark.skipif(os.geteuid() != 0, reason="networks are made by root")]
SLUG = "bennys-auto"


def units_in(folder):
    one = Units(folder / "units", BUILD / "pumpline-webdriver")
    yield one
    one.stop()


def with_units(daemon, units):
    daemon.before = ["env", *(f"{name}={value}" for name, value in units.environment.items())]
    return daemon


def connected(served, old):
    one = Site(served, None, quick(served.folder), old.url, oldshop.USER, oldshop.PASSWORD, old=old)
    until(lambda: "WebDriver server connected" in served.log.read_text(), "the worker has the link")
    return one


@pytest.fixture
def units(tmp_path):
    yield from units_in(tmp_path)


@pytest.fixture
def served(daemon, units):
    """A daemon with units enabled."""
    return with_units(daemon, units)


# Most tests share a daemon and its workshop, whose browser the next one goes on with: starting them takes seconds of CPU.


@pytest.fixture(scope="module")
def shared_units(tmp_path_factory):
    yield from units_in(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def shared_site(shared_units, tmp_path_factory):
    shop = oldshop.OldShop(free_port())
    daemons = watched(tmp_path_factory.mktemp("shared") / "pumpline")
    one = connected(with_units(next(daemons), shared_units), shop)
    one.asked_at_first = list(shared_units.asked)
    yield one
    try:
        next(daemons, None)
    finally:
        shop.stop()


@pytest.fixture
def shared(shared_site, shared_units):
    """(the site, its units: what was asked of them since the test began, its ERP)"""
    shared_site.old.begin_again()
    shared_units.asked.clear()
    return shared_site, shared_units, shared_site.old


def test_orders_go_through_an_isolated_driver(shared):
    site, units, old = shared
    served = site.daemon
    for number in range(2):
        site.create(f"oil-{number}")
        one_line(old, f"oil-{number}")
    assert site.asked_at_first == [("restart", SLUG)] and not units.asked
    for port in (9515, 9514, 1080):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 10)
    folder = units.run / "webdriver"
    assert folder.stat().st_mode & 0o777 == 0o700  # only the owner can connect to the sockets in it
    assert [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*"))] == [SLUG, f"{SLUG}/worker"]
    [line] = [line for line in served.log.read_text().splitlines() if " sandbox required: " in line]
    assert f"TCP connect 9514 {old.port}," in line


def test_the_worker_dies(shared):
    site, units, old = shared
    site.create("before the worker dies")
    os.kill(site.daemon.worker_pid(SLUG), signal.SIGKILL)
    site.create("after the worker has died")
    one_line(old, "after the worker has died")
    assert [verb for verb, _ in units.asked] == ["start"]  # it keeps running


def test_the_driver_dies(shared):
    site, units, old = shared
    site.create("before the driver dies")
    units.restart(SLUG)
    site.create("after the driver has died")
    one_line(old, "before the driver dies")
    one_line(old, "after the driver has died")


def test_the_driver_is_not_there_yet(served, units, old):
    """An order that arrives earlier waits, and no attempt counts as having sent anything."""
    with units.lock:
        site = Site(served, None, quick(served.folder), old.url, oldshop.USER, oldshop.PASSWORD)
        site.place("early")
        until(lambda: site.shop.state("early")["attempts"] > 0, "an attempt has failed")
        assert old.saves == 0
    site.wait("early", "created")
    one_line(old, "early")


def test_it_stops_where_the_workshop_has_another_erp(served, units, old, tmp_path):
    connected(served, old)
    lines = tmp_path / "lines"
    lines.mkdir()
    path = served.folder / "workshops.d" / f"{SLUG}.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "erp": {"system": "file", "folder": str(lines), "format": "json"}}))
    assert served.call("PUT", "/reload").status == 200
    until(lambda: units.asked[-1:] == [("stop", SLUG)], "it is stopped")


def test_a_url_in_pumpline_json_applies_to_all(driver, served, units, old):
    site = Site(served, driver.url, quick(served.folder), old.url, oldshop.USER, oldshop.PASSWORD)
    site.create("first")
    assert not units.asked
    served.write_config()
    assert served.call("PUT", "/reload").status == 200
    until(lambda: units.asked == [("restart", SLUG)], "it has one of its own now")
    site.create("second")
    one_line(old, "second")


@pytest.mark.parametrize("said", ["webdriver_url", "proxy"])
def test_a_configured_url_means_no_own_driver(driver, served, units, old, said):
    erp = {"webdriver_url": {"webdriver_url": driver.url},
           "proxy": {"browser": {"arguments": browser.ROOT_ARGUMENTS, "proxy": f"127.0.0.1:{free_port()}"}}}[said]
    site = Site(served, None, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD, **erp)
    until(lambda: site.shop.get("/alive").status == 200, "it serves")
    assert not units.asked


def test_the_connection_is_tested_beside_the_worker(shared):
    """With a WebDriver server that is started for it, and stopped with it."""
    site, units, old = shared
    served = site.daemon
    site.create("before the test")
    pid = served.worker_pid(SLUG)
    answer = tried(served)
    assert answer["ok"] and answer["steps"][0]["what"] == "browser start", answer
    document = json.loads((served.folder / "workshops.d" / f"{SLUG}.json").read_text())
    wrong = tried(served, {**document, "credentials": {"username": oldshop.USER, "password": "wrong-7351"}})
    assert not wrong["ok"] and wrong["steps"][-1]["reason_code"] == "auth_failed", wrong
    until(lambda: units.asked.count(("stop", f"{SLUG}_test")) == 2, "both servers are stopped")
    assert units.asked == 2 * [("restart", f"{SLUG}_test"), ("stop", f"{SLUG}_test")]
    assert list(units.running) == [SLUG] and served.worker_pid(SLUG) == pid and old.saves == 1
    site.create("after the test")
    one_line(old, "after the test")


def test_a_shut_down_socket_is_made_anew(shared):
    """A compromised worker may shut the socket down; its successor gets a new one."""
    site, units, old = shared
    site.create("before it is shut down")
    pid = site.daemon.worker_pid(SLUG)
    listening = socket.socket(fileno=descriptor_of(pid, 5))
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "it is gone")
    site.create("after it was shut down")
    one_line(old, "after it was shut down")
    assert [verb for verb, _ in units.asked] == ["restart"]


def descriptor_of(pid, number):
    """Duplicates a descriptor of another process (pidfd_getfd)."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(438, os.pidfd_open(pid), number, 0)
    assert fd >= 0, os.strerror(ctypes.get_errno())
    return fd


def test_it_stops_with_its_workshop(shared):
    """The last of those that share the workshop: it removes it."""
    site, units, _ = shared
    served = site.daemon
    site.create("before it stops")
    assert served.call("PUT", f"/workshops/{SLUG}/stop").status == 200
    until(lambda: units.asked[-1:] == [("stop", SLUG)], "it is stopped")
    assert not units.running and not any((units.run / "webdriver").iterdir())
    assert served.call("PUT", f"/workshops/{SLUG}/start").status == 200
    site.create("after it has stopped")
    assert units.asked[-1] == ("restart", SLUG)
    assert served.call("DELETE", f"/workshops/{SLUG}?force=true").status == 200
    until(lambda: units.asked[-1:] == [("stop", SLUG)], "it is stopped")
