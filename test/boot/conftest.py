"""One machine for all tests of this folder, and what it said where one of them fails."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

for folder in ("e2e", "erp"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
sys.path.insert(0, str(Path(__file__).parent))

from machine import BROWSER_PACKAGES, CONFIG, Machine, in_network_of, why_not  # noqa: E402

from pumpline import BUILD, until  # noqa: E402
from web_server import Server  # noqa: E402

BENNYS_UID = 901
MALLORYS_UID = 902
FIRST_UID = 40000  # of worker_uids
DONNAS = ("donnas-garage", "Donnas Garage", 8103)
noted = pytest.StashKey[list]()
running = pytest.StashKey[Machine]()


@pytest.fixture(scope="session")
def note(request):
    """A figure for the summary of the run."""
    return request.config.stash.setdefault(noted, []).append


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(noted, []):
        terminalreporter.write_line(line)


def pytest_configure(config):
    config.stash[noted] = []


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(["cpack", "-G", "DEB", "-B", folder, "-D", "CPACK_COMPONENTS_ALL=pumpline"], cwd=BUILD, check=True,
                   capture_output=True)
    [path] = folder.glob("pumpline_*.deb")
    return path


@pytest.fixture(scope="session")
def earlier(package):
    """The same package as an earlier release."""
    tree, path = package.parent / "tree", package.parent / "pumpline_0.0.1.deb"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = (tree / "DEBIAN/control").read_text().splitlines()
    (tree / "DEBIAN/control").write_text("".join(
        "Version: 0.0.1\n" if line.startswith("Version: ") else f"{line}\n" for line in control))
    subprocess.run(["dpkg-deb", "-Zgzip", "-b", tree, path], check=True, capture_output=True)
    return path


@pytest.fixture(scope="session")
def built(tmp_path_factory, earlier, note):
    """Not booted yet."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    machine = Machine(tmp_path_factory.mktemp("boot"))
    start = time.monotonic()
    machine.bootstrap()
    machine.install(earlier)
    note(f"boot: the tree was made in {time.monotonic() - start:.0f} s")
    start = time.monotonic()
    machine.copy_packages(*BROWSER_PACKAGES)
    note(f"boot: browsers were added in {time.monotonic() - start:.0f} s")
    # alice may use the control socket, mallory may not; bennys is a workshop's user.
    machine.write("etc/sysusers.d/test.conf",
                  f"u alice -\nm alice pumpline\nu mallory {MALLORYS_UID}\nu bennys {BENNYS_UID}\n")
    config = json.loads((machine.tree / CONFIG / "pumpline.json").read_text())
    machine.write(f"{CONFIG}/pumpline.json", json.dumps({**config, "allowed_users": ["bennys", "mallory"]}))
    # As conf/pumplined.service says how.
    machine.write("etc/systemd/system/pumplined.service.d/lines.conf", "[Service]\nReadWritePaths=/srv\n")
    # Browsers share one processor, as in the end-to-end tests: browser.Chromedriver says why.
    for unit in ("pumpline-webdriver@", "pumpline-chromedriver"):
        machine.write(f"etc/systemd/system/{unit}.service.d/processor.conf",
                      f"[Service]\nCPUAffinity={max(os.sched_getaffinity(0))}\n")
    yield machine
    machine.remove()


@pytest.fixture(scope="session")
def shops(built):
    return [built.configure("bennys-auto", "Bennys Auto", 8101, BENNYS_UID, user="bennys"),
            built.configure("carls-cars", "Carls Cars", 8102, FIRST_UID)]


@pytest.fixture(scope="session")
def booted(request, built, shops, note):
    start = time.monotonic()
    request.config.stash[running] = built
    built.start()
    until(built.serves, "every workshop is served")
    note(f"boot: {len(shops)} workshops served {time.monotonic() - start:.1f} s after the start of the machine")
    return built


@pytest.fixture
def machine(booted):
    """It runs, and serves."""
    until(booted.serves, "every workshop is served")
    return booted


@pytest.fixture
def bennys(machine, shops):
    return shops[0]


@pytest.fixture
def carls(machine, shops):
    return shops[1]


class SlowErp(Server):
    """Takes a request, and says nothing until it is told to."""

    def __init__(self):
        super().__init__(8000)
        self.asked, self.go_on = threading.Event(), threading.Event()

    def handle(self, connection, request):
        self.asked.set()
        self.go_on.wait()
        return False


@pytest.fixture
def slow_erp(machine):
    with in_network_of(machine.leader):
        erp = SlowErp().start()
    yield erp
    erp.go_on.set()
    erp.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and running in item.config.stash:
        report.sections.append(("the machine's last words", item.config.stash[running].last_words()))
