"""Fixtures of the end-to-end tests."""

import collections
import fcntl
import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))

import browser  # noqa: E402
import oldshop  # noqa: E402
from pumpline import Daemon, alive, free_port, until  # noqa: E402
from tryton import Tryton  # noqa: E402
from webshop import RECIPE, Site  # noqa: E402

# nohup and background jobs of a script ignore SIGINT, and child processes would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes seconds: not for test/check.sh")
    config.addinivalue_line("markers", "faults: needs the build with fault points: test/run.sh has it once, behind that build")
    config.addinivalue_line("markers", "heavy: starts a browser or Tryton: test/run.sh has it in the sanitizer build alone")


def pytest_collection_modifyitems(items):
    """Runs the longest files first, so that the workers of pytest-xdist end at about the same time."""
    weights = collections.Counter()
    for item in items:
        if {"chromedriver", "geckodriver", "units", "template"} & set(item.fixturenames):
            item.add_marker(pytest.mark.heavy)
        if item.get_closest_marker("heavy"):
            item.add_marker(pytest.mark.long)
        weights[item.path] += (1 + 10 * bool(item.get_closest_marker("long")) + 10 * bool(item.get_closest_marker("heavy")))
    items.sort(key=lambda item: -weights[item.path])


def watched(folder):
    """A daemon that is not started yet. Teardown expects a clean stop and no process left."""
    one = Daemon(folder)
    yield one
    if one.process is None:
        return
    children = one.children()
    try:
        one.stop()
    finally:
        if one.process.poll() is None:
            one.kill()
        for pid in children:
            try:
                until(lambda pid=pid: not alive(pid), f"worker {pid} ends", 40)
            except AssertionError:
                os.kill(pid, signal.SIGKILL)
                raise
    sanitizer = [line for line in one.log.read_text(errors="replace").splitlines()
                 if "Sanitizer" in line or "runtime error" in line]
    assert not sanitizer, one.log.read_text(errors="replace")


@pytest.fixture
def daemon(tmp_path):
    yield from watched(tmp_path / "pumpline")


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A prepared Tryton, shared by all workers of pytest-xdist, since preparing it takes half a minute."""
    run = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent
    with (run / "tryton-template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Tryton.template(run / "tryton-template")


@pytest.fixture
def tryton(template, tmp_path):
    """A running Tryton, not shared with other tests."""
    server = Tryton(tmp_path / "tryton", free_port())
    server.prepare(template)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bennys(daemon):
    """One running workshop on the file driver."""
    workshop = daemon.add_file()
    daemon.start()
    return workshop


@pytest.fixture
def pair(daemon):
    bennys = daemon.add_file()
    carls = daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()
    return daemon, bennys, carls


@pytest.fixture
def neighboured(daemon):
    """Bennys Auto, and a neighbour whose process must never be restarted."""
    bennys = daemon.add_file()
    daemon.add_file("neighbour", "Neighbour")
    daemon.start()
    pid = daemon.worker_pid("neighbour")
    yield daemon, bennys
    assert daemon.worker_pid("neighbour") == pid


@pytest.fixture(scope="session")
def chromedriver(tmp_path_factory):
    one = browser.Chromedriver(tmp_path_factory.mktemp("chromedriver"), free_port()).start()
    yield one
    one.stop()


@pytest.fixture
def driver(chromedriver):
    yield chromedriver
    until(lambda: not chromedriver.browsers(), "no browser is left behind by the test", 20)


@pytest.fixture
def proxy(driver):
    one = browser.Proxy(driver.url, free_port())
    yield one
    one.stop()


@pytest.fixture
def old():
    shop = oldshop.OldShop(free_port())
    yield shop
    shop.stop()


@pytest.fixture
def site(driver, old, daemon):
    """The old shop's workshop, and its recipe."""
    return Site(daemon, driver.url, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD)
