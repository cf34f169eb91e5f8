"""Fixtures of the end-to-end tests."""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))

import browser  # noqa: E402
import oldshop  # noqa: E402
import openapi  # noqa: E402
from pumpline import BUILD, Daemon, alive, free_port, until  # noqa: E402
from tryton import Tryton  # noqa: E402
from webshop import RECIPE, Site, no_browser  # noqa: E402

# nohup and background jobs of a script ignore SIGINT, and child processes would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Files that take half a minute or more begin first, so that the workers of pytest-xdist end at about the same time.
LONGEST_FIRST = [f"test_{name}" for name in (
    "package", "webdriver_tryton", "browser_repeats", "webdriver_hung", "firefox", "console_pages", "console_looks", "webdriver_failures",
    "hostile_channel", "sandbox_modes", "recipe_run", "rekey_cut_off", "rekey", "supervision", "console_nginx", "webdriver_recipe", "webdriver", "own_webdriver", "users",
    "callbacks", "damage", "hostile_webdriver", "registry", "webdriver_ids", "console_live", "tryton", "console", "http_erp", "reload",
    "vendure", "browser_reach", "check", "stop_worker", "health", "hostile_erp", "events", "hostile_client", "recipes")]


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes seconds: not for test/check.sh")
    config.addinivalue_line("markers", "faults: needs a build with failpoints: test/run.sh has it in the sanitizer build")
    config.addinivalue_line("markers", "unlike_the_reference(reason): what replies here is not this program, or not all of it")
    config.addinivalue_line("markers", "release: needs a build with neither sanitizers nor failpoints")
    config.addinivalue_line("markers", "heavy: starts a browser or Tryton")
    config.addinivalue_line("markers", "by_itself: takes minutes before it begins: only with test/run.sh --all, in a run of its own")


def unfit():
    """Markers whose tests this build cannot run."""
    program = (BUILD / "pumpline-worker").read_bytes()
    points, sanitizers = b".faults" in program, b"__asan_init" in program
    return {name for name, lacking in (("faults", not points), ("release", points or sanitizers)) if lacking}


def pytest_collection_modifyitems(items):
    missing = unfit()
    for item in items:
        for name in missing:
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"not in this build: {name}"))
        if {"chromedriver", "geckodriver", "units", "template"} & set(item.fixturenames):
            item.add_marker(pytest.mark.heavy)
        if item.get_closest_marker("heavy"):
            item.add_marker(pytest.mark.long)
    items.sort(key=lambda item: LONGEST_FIRST.index(item.path.stem) if item.path.stem in LONGEST_FIRST else len(LONGEST_FIRST))


@pytest.fixture(autouse=True)
def held_to_the_reference(request):
    """Every reply of both APIs is as conf/openapi says, unless the test is marked unlike_the_reference."""
    openapi.faults.clear()
    yield
    faults = sorted(set(openapi.faults))
    if not request.node.get_closest_marker("unlike_the_reference"):
        assert not faults, "\n".join(faults[:20])


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
                until(lambda pid=pid: not alive(pid), f"worker {pid} ends")
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
def template():
    return Tryton.template()


def running_tryton(template, folder):
    server = Tryton(folder, free_port())
    server.prepare(template)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def tryton(template, tmp_path):
    """A running Tryton, not shared with other tests."""
    yield from running_tryton(template, tmp_path / "tryton")


@pytest.fixture(scope="module")
def shared_tryton(template, tmp_path_factory):
    """A running Tryton for all tests of a file, which use different orders."""
    yield from running_tryton(template, tmp_path_factory.mktemp("shared") / "tryton")


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
def lane():
    """Which of the processes that run tests at the same time this is, from 0."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture(scope="session")
def chromedriver(tmp_path_factory, lane):
    one = browser.Chromedriver(tmp_path_factory.mktemp("chromedriver"), free_port(), lane).start()
    yield one
    one.stop()


@pytest.fixture
def driver(chromedriver):
    yield chromedriver
    until(lambda: not chromedriver.browsers(), "no browser is left behind by the test")


@pytest.fixture(scope="module")
def shared_recipe():
    return RECIPE


@pytest.fixture(scope="module")
def shared_site(chromedriver, shared_recipe, tmp_path_factory):
    """The old shop's workshop for all tests of a file, which use different orders. Starting a daemon and a browser takes seconds
    of CPU."""
    shop = oldshop.OldShop(free_port())
    daemons = watched(tmp_path_factory.mktemp("shared") / "pumpline")
    yield Site(next(daemons), chromedriver.url, shared_recipe, shop.url, oldshop.USER, oldshop.PASSWORD, old=shop)
    try:
        next(daemons, None)
    finally:
        shop.stop()
    no_browser(chromedriver)


@pytest.fixture
def shared_old(shared_site, chromedriver):
    """Its shop. The login of a browser that an earlier test has opened is counted too."""
    shared_site.old.begin_again()
    shared_site.old.logins = len(chromedriver.marked())
    yield shared_site.old
    until(lambda: len(chromedriver.marked()) <= 1, "no browser is left behind by the test")


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
