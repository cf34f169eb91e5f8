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
from pumpline import BUILD, alive, free_port, until
from units import Units
from webshop import NEEDS_CHROMIUM, RECIPE, Site, one_line

pytestmark = [NEEDS_CHROMIUM, pytest.mark.skipif(os.geteuid() != 0, reason="networks are made by root")]
SLUG = "bennys-auto"


@pytest.fixture
def units(tmp_path):
    one = Units(tmp_path / "units", BUILD / "pumpline-webdriver")
    yield one
    one.stop()


@pytest.fixture
def served(daemon, units):
    """A daemon with units enabled."""
    daemon.before = ["env", *(f"{name}={value}" for name, value in units.environment.items())]
    return daemon


@pytest.fixture
def site(served, old):
    one = Site(served, None, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD)
    until(lambda: "WebDriver server connected" in served.log.read_text(), "the worker has the link")
    return one


def test_orders_go_through_an_isolated_driver(site, served, units, old):
    for number in range(2):
        site.create(f"oil-{number}")
        one_line(old, f"oil-{number}")
    assert units.asked == [("restart", SLUG)]
    for port in (9515, 9514, 1080):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 10)
    folder = units.run / "webdriver"
    assert folder.stat().st_mode & 0o777 == 0o700  # only the owner can connect to the sockets in it
    assert [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*"))] == [SLUG, f"{SLUG}/worker"]
    [line] = [line for line in served.log.read_text().splitlines() if " sandbox required: " in line]
    assert f"TCP connect 9514 {old.port}," in line


def test_the_worker_dies(site, served, units, old):
    site.create("first")
    os.kill(served.worker_pid(SLUG), signal.SIGKILL)
    site.create("second")
    one_line(old, "second")
    assert [verb for verb, _ in units.asked] == ["restart", "start"]  # it keeps running


def test_the_driver_dies(site, units, old):
    site.create("first")
    units.restart(SLUG)
    site.create("second")
    one_line(old, "first")
    one_line(old, "second")


def test_the_driver_is_not_there_yet(served, units, old):
    """An order that arrives earlier waits, and no attempt counts as having sent anything."""
    with units.lock:
        site = Site(served, None, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD)
        site.place("early")
        until(lambda: site.shop.state("early")["attempts"] > 0, "an attempt has failed")
        assert old.saves == 0
    site.wait("early", "created")
    one_line(old, "early")


def test_it_stops_with_its_workshop(site, served, units, old):
    site.create("first")
    assert served.call("PUT", f"/workshops/{SLUG}/stop").status == 200
    until(lambda: units.asked[-1] == ("stop", SLUG), "it is stopped")
    assert not units.running and not any((units.run / "webdriver").iterdir())
    assert served.call("PUT", f"/workshops/{SLUG}/start").status == 200
    site.create("second")
    assert units.asked[-1] == ("restart", SLUG)
    assert served.call("DELETE", f"/workshops/{SLUG}?force=true").status == 200
    until(lambda: units.asked[-1] == ("stop", SLUG), "it is stopped")


def test_it_stops_where_the_workshop_has_another_erp(site, served, units, tmp_path):
    lines = tmp_path / "lines"
    lines.mkdir()
    path = served.folder / "workshops.d" / f"{SLUG}.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "erp": {"system": "file", "folder": str(lines), "format": "json"}}))
    assert served.call("PUT", "/reload").status == 200
    until(lambda: units.asked[-1] == ("stop", SLUG), "it is stopped")


def test_a_url_in_pumpline_json_applies_to_all(driver, served, units, old):
    site = Site(served, driver.url, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD)
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


def test_a_shut_down_socket_is_made_anew(site, served, units, old):
    """A compromised worker may shut the socket down; its successor gets a new one."""
    site.create("first")
    pid = served.worker_pid(SLUG)
    listening = socket.socket(fileno=descriptor_of(pid, 5))
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "it is gone")
    site.create("second")
    one_line(old, "second")
    assert [verb for verb, _ in units.asked] == ["restart", "restart"]


def descriptor_of(pid, number):
    """Duplicates a descriptor of another process (pidfd_getfd)."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(438, os.pidfd_open(pid), number, 0)
    assert fd >= 0, os.strerror(ctypes.get_errno())
    return fd
