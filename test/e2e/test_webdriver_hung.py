"""Browsers that hang or are stopped, and workers and dry runs that are killed: no browser process is left."""

import json
import os
import signal
import subprocess

import browser
import oldshop
import pytest
from pumpline import BUILD, free_port, freeze, until
from webshop import NEEDS_CHROMIUM, Site, no_browser, one_line, quick

pytestmark = NEEDS_CHROMIUM


def all_gone(site, driver):
    site.daemon.stop()
    no_browser(driver)


POINTS = ("form", "saved")  # before and after the commit


def test_a_page_keeps_its_browser_busy(driver, old, daemon, tmp_path):
    recipe = quick(tmp_path, browser={"page_load_s": 5})
    site = Site(daemon, driver.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD, timeout_s=10)
    for point in POINTS:
        old.freeze(point)
        site.place(point)
        order = site.wait(point, "created")
        one_line(old, point)
        assert order["attempts"] == 2 and len(driver.marked()) == 1, point
    all_gone(site, driver)


def test_a_browser_is_stopped(driver, old, daemon, tmp_path):
    site = Site(daemon, driver.url, quick(tmp_path), old.url, oldshop.USER, oldshop.PASSWORD, timeout_s=5)
    for point in POINTS:
        held = old.hold(point)
        site.place(point)
        held.wait()
        stopped = driver.main_browser()
        freeze(stopped)
        held.release()
        order = site.wait(point, "created")
        one_line(old, point)
        assert order["attempts"] == 2 and len(driver.marked()) == 1 and stopped not in driver.marked(), point
    freeze(driver.main_browser())
    all_gone(site, driver)


@pytest.fixture
def site(driver, old, daemon, tmp_path):
    return Site(daemon, driver.url, quick(tmp_path), old.url, oldshop.USER, oldshop.PASSWORD)


def test_the_driver_dies_and_its_stopped_browser_does_not(site, old, driver):
    """It survives its driver, and a new driver does not know it."""
    site.create("first")
    stopped = driver.main_browser()
    freeze(stopped)
    driver.kill_driver()
    driver.start_driver()
    site.create("second")
    assert len(driver.marked()) == 1 and stopped not in driver.marked()
    one_line(old, "second")
    all_gone(site, driver)


@pytest.mark.parametrize("answered", [False, True], ids=["the driver has not heard of it", "the driver has answered"])
def test_the_worker_dies_while_its_browser_starts(driver, proxy, old, daemon, tmp_path, answered):
    site = Site(daemon, proxy.url, quick(tmp_path), old.url, oldshop.USER, oldshop.PASSWORD)
    held = proxy.hold("/session {", after=answered)
    site.place("oil")
    held.wait()
    assert len(driver.marked()) == answered
    os.kill(daemon.worker_pid(), signal.SIGKILL)
    held.release()
    site.wait("oil", "created")
    one_line(old, "oil")
    assert len(driver.marked()) == 1
    all_gone(site, driver)


def test_a_dry_run_is_killed(site, old, driver, tmp_path):
    """The hung browser is killed; the workshop's own keeps running."""
    recipe = quick(tmp_path)
    site.create("first")
    [own] = driver.marked()
    for number in (signal.SIGINT, signal.SIGKILL):
        held = old.hold("form")
        dry_run = subprocess.Popen(
            [BUILD / "pumplinectl", "recipe", "run", recipe, "--workshop", "Bennys Auto", "--config", site.daemon.config,
             "--order", json.dumps({"worksheet": "558", "product_nr": "10", "product_amount": "5"}), "--folder",
             site.daemon.folder / "pictures"], stdout=subprocess.PIPE, text=True)
        held.wait()
        [tried] = set(driver.marked()) - {own}
        freeze(tried)
        worker = next(pid for pid in browser.descendants(dry_run.pid)  # the other one is its guard
                      if browser.state_and_parent(pid)[1] == dry_run.pid)
        os.kill(worker, number)
        dry_run.communicate(timeout=60)
        until(lambda: driver.marked() == [own], f"the dry run's browser is gone after signal {number}")
        held.release()
    site.create("second")
    assert driver.marked() == [own] and len(old.lines()) == 2
    all_gone(site, driver)


def test_a_worker_by_itself_is_killed(driver, old, daemon, tmp_path):
    port = free_port()
    daemon.write_config(webdriver_url=driver.url)
    shop = daemon.add("bennys-auto", "Bennys Auto",
                      {"system": "webdriver", "recipe": str(quick(tmp_path)), "url": old.url,
                       "browser": browser.setup()},
                      credentials={"username": oldshop.USER, "password": oldshop.PASSWORD})
    (daemon.folder / "state").mkdir()
    shop.port = port
    with open(daemon.log, "ab") as log:
        worker = subprocess.Popen([BUILD / "pumpline-worker", str(port), "bennys-auto", "-c", daemon.config], stderr=log)
    until(shop.up, "it serves")
    held = old.hold("form")
    assert shop.create("oil", username=oldshop.USER, password=oldshop.PASSWORD).status == 200
    held.wait()
    freeze(driver.main_browser())
    worker.kill()
    worker.wait()
    no_browser(driver)
    held.release()
