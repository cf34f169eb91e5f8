"""What goes wrong around an order in a real Chromium: the browser, its driver or a worker dies, a reply is lost, another person is faster.

The tests share a workshop and a browser, and use different orders. Lines are made by the old shop's short form; see test_webdriver.
"""

import os
import signal

import oldshop
import pytest
from webshop import NEEDS_CHROMIUM, no_browser, one_line, quick

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def shared_recipe(tmp_path_factory):
    return quick(tmp_path_factory.mktemp("recipe"))


@pytest.fixture
def site(shared_site, shared_old):
    return shared_site


@pytest.fixture
def old(shared_old):
    return shared_old


@pytest.fixture
def driver(chromedriver):
    """Without conftest.py's check that no browser is left: a test leaves that of the workshop to the next one."""
    return chromedriver


def test_a_wrong_password_is_tried_once(site, old):
    for number in range(4):
        site.place(f"bad-{number}", username=oldshop.USER, password="not-the-password")
    for number in range(4):
        assert site.wait(f"bad-{number}", "error")["reason_code"] == "auth_failed"
    assert old.failed_logins == 1 and not old.locked
    site.create("good")
    one_line(old, "good")


def test_somebody_else_saves_meanwhile(site, old):
    old.edit_before_save = True
    order = site.create("edited")
    one_line(old, "edited")
    assert order["attempts"] == 2
    locked = [entry for entry in site.shop.history("edited") if entry.get("reason_code") == "worksheet_locked"]
    assert "changed by anna" in locked[0]["reason_text"]


def test_a_refusal_after_the_commit_is_looked_into(site, old):
    old.warning = "Product 10 is nearly out of stock."  # the recipe mistakes it for a refusal
    line = len(old.worksheets["558"]["lines"]) + 1
    order = site.create("stored")
    assert one_line(old, "stored")["line"] == line and order["erp_reference"] == f"558/{line}" and order["attempts"] == 1
    old.close_before_save = True
    assert site.refuse("closed while it is saved") == ("worksheet_closed", "Worksheet 558 is closed.")
    assert old.lines("closed while it is saved") == [] and old.saves == 1


@pytest.mark.parametrize("point", ["save", "saved", "find"])
def test_the_browser_dies(site, old, driver, point):
    """During and right after the commit, and during the read-back; before it: test_webdriver."""
    oil = f"dies-{point}"
    if point == "find":
        saved = old.hold("saved")
        site.place(oil)
        saved.wait()
        held = old.hold("find")
        saved.release()
    else:
        held = old.hold(point)
        site.place(oil)
    held.wait()
    assert len(old.lines(oil)) == (point in ("saved", "find"))
    driver.kill_browser()
    held.release()
    order = site.wait(oil, "created")
    one_line(old, oil)
    assert order["attempts"] == 2 and old.logins == 2
    assert "browser_failure" in [entry.get("reason_code") for entry in site.shop.history(oil)]


def test_the_answer_to_the_save_is_lost(site, old):
    old.drop_reply_of = "save"
    site.create("lost")
    one_line(old, "lost")
    assert old.saves == 1


def test_a_page_that_is_cut_off_proves_nothing(site, old):
    """The line is on the part that did not arrive."""
    old.drop_reply_of = "save"
    saved = old.hold("saved")
    site.place("cut off")
    saved.wait()
    old.cuts = 1
    saved.release()
    site.wait("cut off", "created")
    one_line(old, "cut off")
    assert old.saves == 1 and old.cuts == 0


def test_the_session_has_expired(site, old):
    site.create("before it expires")
    old.expire_sessions()
    order = site.create("after it has expired")
    one_line(old, "after it has expired")
    assert order["attempts"] == 1 and old.logins == 2


def test_the_driver_dies_in_the_middle(site, old, driver):
    held = old.hold("saved")
    site.place("in the middle")
    held.wait()
    driver.kill_driver()
    no_browser(driver)
    held.release()
    driver.start_driver()
    site.wait("in the middle", "created")
    one_line(old, "in the middle")


def test_no_browser_is_left(site, old, driver):
    """The last one: it stops the daemon."""
    site.create("first")
    assert driver.browsers()
    os.kill(site.daemon.worker_pid(), signal.SIGKILL)
    no_browser(driver)
    site.create("second")
    assert driver.browsers()
    assert site.shop.put("/kill").status == 200
    no_browser(driver)
    assert site.daemon.call("PUT", "/workshops/bennys-auto/start").status == 200
    site.create("third")
    driver.kill_driver()
    no_browser(driver)
    driver.start_driver()
    site.create("fourth")
    site.daemon.stop()
    no_browser(driver)
    assert [len(old.lines(name)) for name in ("first", "second", "third", "fourth")] == [1] * 4
