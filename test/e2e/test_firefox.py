"""The same recipes in a real Firefox: the old shop, the gallery's verbs, and lost replies.

Debian has no geckodriver; test/erp/marionette.py replaces it.
"""

import json
import os
import signal

import gallery
import marionette
import oldshop
import pytest
from pumpline import free_port, until
from test_browser_repeats import ALL, CASES, SITES, FormSite, show
from test_webdriver_verbs import PREFERENCE, recipe
from webshop import RECIPE, Site, no_browser, one_line

pytestmark = pytest.mark.skipif(not marionette.installed(), reason="firefox-esr is not installed")


@pytest.fixture(scope="session")
def geckodriver(tmp_path_factory, lane):
    one = marionette.Driver(tmp_path_factory.mktemp("firefox"), free_port(), lane).start()
    yield one
    one.stop()


@pytest.fixture
def driver(geckodriver):
    yield geckodriver
    until(lambda: not geckodriver.browsers(), "no browser is left behind by the test")


@pytest.fixture
def shop():
    one = gallery.Gallery(free_port())
    yield one
    one.stop()


def firefox_site(daemon, driver, path, url, user, password, **more):
    return Site(daemon, "http://127.0.0.1:1", path, url, user, password, webdriver_url=driver.url,
                browser={"name": "firefox", **more})


@pytest.fixture
def site(driver, old, daemon):
    return firefox_site(daemon, driver, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD)


def test_lines_refusals_and_a_killed_worker(site, old, driver):
    assert site.create("oil", "558", "10", "4.7")["attempts"] == 1
    assert one_line(old, "oil")["qty"] == "4,70"
    assert site.refuse("rounded", "558", "10", "1.555") == (
        "amount_refused", "OldShop makes 1.56 of the amount 1.555")
    assert site.refuse("product", "558", "1") == ("product_not_found", "OldShop has no product 1")
    site.place("wrong", username=oldshop.USER, password="not-the-password")
    assert site.wait("wrong", "error")["reason_code"] == "auth_failed" and old.failed_logins == 1
    held = old.hold("saved")
    site.place("killed")
    held.wait()
    os.kill(site.daemon.worker_pid(), signal.SIGKILL)
    no_browser(driver)
    held.release()
    site.wait("killed", "created")
    one_line(old, "killed")
    driver.kill_browser()
    site.create("later")
    one_line(old, "later")
    site.daemon.stop()
    no_browser(driver)


def test_every_verb(driver, daemon, shop, tmp_path):
    path = tmp_path / "gallery.json"
    path.write_text(json.dumps(recipe(PREFERENCE)))
    site = firefox_site(daemon, driver, path, shop.url, "ann", "a password",
                        preferences={"font.size.variable.x-western": 23})
    order = site.create("oil & <more>", "558", "10", "1234.5")
    assert order["attempts"] == 1 and order["erp_reference"] == "G1"
    assert shop.saved == [{"id": "oil & <more>", "product": "10", "amount": "1234.5"}]


# --- lost replies: on a reused connection, Firefox repeats the POST by itself


class FirefoxFormSite(FormSite):
    BROWSER = {"name": "firefox"}


CHOSEN = [("http", "keep", ["fin_after", "rst_after", "kill_after", "half_status_after"]),
          ("https", "keep", ["fin_after", "rst_after"])]
EVERY = [(name, kept, sorted(lost for *way, lost in CASES if way == [name, kept]))
         for name in SITES for kept in ("keep", "close")]


@pytest.mark.parametrize("name, kept, losses", EVERY if ALL else CHOSEN)  # PUMPLINE_REPEATS=all
def test_a_lost_reply_is_no_second_line(driver, daemon, tmp_path, name, kept, losses):
    site = FirefoxFormSite(name, daemon, driver, tmp_path)
    try:
        for lost in losses:
            site.behave(kept, lost)
            order, lines, times = site.save(lost.replace(" ", "-"), lost)
            show(site, f"{kept} {lost}", order, lines, times)
            assert times == 1, f"{lost}: Firefox has sent a form again"
            assert len(lines) == 1 and order["status"] == "created" and order["erp_reference"] in lines
    finally:
        site.stop()
