"""Web-only ERPs: orders become lines through recipes in a real Chromium, exactly one each.

The old shop (test/erp/oldshop.py) is typical of workshops. No browser process may be left after a test. More of it, in
files of their own so that they run at the same time: test_webdriver_ids, _hung and _tryton.
"""

import json
import os
import signal

import oldshop
import pytest
from pumpline import until
from webshop import NEEDS_CHROMIUM, PNG, RECIPE, Site, no_browser, one_line, with_changes

pytestmark = NEEDS_CHROMIUM


def test_ten_orders_over_one_session(site, old):
    for number in range(10):
        order = site.create(f"oil-{number}", str(558 + number % 3), "10" if number % 2 else "20", f"{number}.25")
        line = one_line(old, f"oil-{number}")
        assert line["worksheet"] == str(558 + number % 3) and line["product"] == ("10" if number % 2 else "20")
        assert line["qty"] == f"{number},25" and order["attempts"] == 1
        assert order["erp_reference"] == f"{line['worksheet']}/{line['line']}"
        assert [entry["status"] for entry in site.shop.history(f"oil-{number}")] == ["placed", "processing", "created"]
    assert (old.logins, old.failed_logins) == (1, 0)


def test_what_the_shop_refuses(site, old):
    assert site.refuse("rounded", "558", "10", "1.555") == (
        "amount_refused", "OldShop makes 1.56 of the amount 1.555")
    assert site.refuse("closed", "600") == ("worksheet_closed", "worksheet 600 is closed")
    assert site.refuse("unknown", "55") == ("worksheet_not_found", "OldShop has no worksheet 55")
    assert site.refuse("product", "558", "1") == ("product_not_found", "OldShop has no product 1")
    assert old.saves == 0 and old.logins == 1
    site.create("good")
    assert one_line(old, "good")["qty"] == "5,00" and old.logins == 1


def test_a_wrong_password_is_tried_once(site, old):
    for number in range(4):
        site.place(f"bad-{number}", username=oldshop.USER, password="not-the-password")
    for number in range(4):
        assert site.wait(f"bad-{number}", "error")["reason_code"] == "auth_failed"
    assert old.failed_logins == 1 and not old.locked
    site.create("good")
    one_line(old, "good")


def test_a_login_that_takes_its_time(proxy, old, daemon):
    """The old form still on screen is not an answer. The reloaded one, without a message, is."""
    old.checks_login = old.login_says_nothing = True
    site = Site(daemon, proxy.url, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD)
    held = old.hold("check")
    site.place("oil")
    held.wait()
    asked = proxy.requests
    until(lambda: proxy.requests > asked + 5, "the page is asked again and again")
    assert site.shop.state("oil")["status"] == "processing"
    held.release()
    assert site.wait("oil", "created")["attempts"] == 1
    one_line(old, "oil")
    assert site.refuse("bad", username=oldshop.USER, password="not-the-password")[0] == "auth_failed"
    assert (old.logins, old.failed_logins) == (1, 1)


def put_neighbour(old, amount):
    """A line of another program, with more digits than the shop's form accepts."""
    old.worksheets["558"]["lines"].append({"product": "20", "qty": amount, "remark": "anna"})


def others(into):
    return {"list": "#lines tr:has(input)", "where": {"not": {"value": {"of": "input[name$=remark]", "is": "{order.uniqueid}"}}},
            "of": ["input[name$=product]", "input[name$=qty]", "input[name$=remark]"], "into": into}


def careful(tmp_path, create=(), verify=()):
    """The old shop's recipe, which checks the other lines on opening the worksheet, before saving, and afterwards."""
    recipe = json.loads(RECIPE.read_text())
    opened = next(place for place, step in enumerate(recipe["create"]) if "worksheet_closed" == step.get("code"))
    return with_changes(tmp_path, verify=[*verify, *recipe["verify"]], create=[
        *recipe["create"][:opened + 1], others("lines_before"), *recipe["create"][opened + 1:], *create])


UNCHANGED = {"unchanged": ["{lines_before}", "{lines_after}"]}
OPEN = {"goto": "/worksheet?number={order.worksheet|urlencode}"}


def test_a_form_that_would_round_a_neighbour(driver, old, daemon, tmp_path):
    put_neighbour(old, "1,555")
    recipe = careful(tmp_path, create=[others("lines_after"), UNCHANGED])
    site = Site(daemon, driver.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD)
    assert site.refuse("oil") == (
        "erp_rejected", 'other lines have changed: row 1 was "20 | 1,555 | anna" and is "20 | 1,56 | anna"')
    assert old.saves == 0
    old.worksheets["558"]["lines"][0]["qty"] = "1,56"
    assert site.shop.put("/orders/oil/retry").status == 200
    site.wait("oil", "created")
    one_line(old, "oil")


def test_a_save_that_rounds_a_neighbour(driver, old, daemon, tmp_path):
    """It cannot be undone, and must not be hidden: a person is told, and the line is not created again."""
    put_neighbour(old, "1,555")
    recipe = careful(tmp_path, verify=[OPEN, {"wait": {"visible": "#state"}}, others("lines_after"), UNCHANGED])
    site = Site(daemon, driver.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD)
    assert site.refuse("oil") == (
        "erp_rejected", "the line is stored as ordered (558/2), but saving it had side effects: other lines have "
                        'changed: row 1 was "20 | 1,555 | anna" and is "20 | 1,56 | anna"')
    assert site.shop.state("oil")["erp_reference"] == "558/2"
    one_line(old, "oil")
    assert site.shop.put("/orders/oil/retry").status == 200
    assert site.wait("oil", "created")["erp_reference"] == "558/2"
    site.create("more")
    assert old.saves == 2 and len(old.lines()) == 3


def test_somebody_else_saves_meanwhile(site, old):
    old.edit_before_save = True
    order = site.create("oil")
    one_line(old, "oil")
    assert order["attempts"] == 2
    locked = [entry for entry in site.shop.history("oil") if entry.get("reason_code") == "worksheet_locked"]
    assert "changed by anna" in locked[0]["reason_text"]


def test_a_refusal_after_the_commit_is_looked_into(site, old):
    old.warning = "Product 10 is nearly out of stock."  # the recipe mistakes it for a refusal
    order = site.create("stored")
    assert one_line(old, "stored")["line"] == 1 and order["erp_reference"] == "558/1" and order["attempts"] == 1
    old.close_before_save = True
    assert site.refuse("closed") == ("worksheet_closed", "Worksheet 558 is closed.")
    assert old.lines("closed") == [] and old.saves == 1


@pytest.mark.parametrize("point", ["choose", "save", "saved", "find"])
def test_the_browser_dies(site, old, driver, point):
    """Before, during and right after the commit, and during the read-back."""
    if point == "find":
        saved = old.hold("saved")
        site.place("oil")
        saved.wait()
        held = old.hold("find")
        saved.release()
    else:
        held = old.hold(point)
        site.place("oil")
    held.wait()
    assert len(old.lines("oil")) == (point in ("saved", "find"))
    driver.kill_browser()
    held.release()
    order = site.wait("oil", "created")
    one_line(old, "oil")
    assert order["attempts"] == 2 and old.logins == 2
    assert "browser_failure" in [entry.get("reason_code") for entry in site.shop.history("oil")]


def test_the_answer_to_the_save_is_lost(site, old):
    old.drop_reply_of = "save"
    site.create("oil")
    one_line(old, "oil")
    assert old.saves == 1


def test_the_page_has_changed(driver, old, daemon, tmp_path):
    recipe = with_changes(tmp_path, timeout_s=6)  # waits until the timeout
    site = Site(daemon, driver.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD)
    site.create("before")
    old.rename("qty", "amount")
    old.show_password = True
    code, text = site.refuse("after")
    assert code == "ui_changed" and "line_2_qty" in text, text
    names = [name for entry in site.shop.history("after") for name in entry.get("evidence", [])]
    picture, source, requests = (next(name for name in names if name.endswith(kind)) for kind in ("png", "html", "txt"))
    assert len(names) == 3 and "POST /worksheet -> 200" in site.shop.get(f"/orders/after/evidence/{requests}").text
    reply = site.shop.raw(f"GET /orders/after/evidence/{picture} HTTP/1.1\r\nHost: localhost\r\n"
                          "Connection: close\r\n\r\n".encode())
    assert reply.split(b"\r\n\r\n", 1)[1].startswith(PNG)
    page = site.shop.get(f"/orders/after/evidence/{source}").text
    assert "line_2_amount" in page and "********" in page
    assert oldshop.PASSWORD not in page and "old&amp;shop" not in page
    assert old.saves == 1
    old.rename("qty", "qty")
    assert site.shop.put("/orders/after/retry").status == 200
    site.wait("after", "created")
    one_line(old, "after")


def test_the_session_has_expired(site, old):
    site.create("first")
    old.expire_sessions()
    order = site.create("second")
    one_line(old, "second")
    assert order["attempts"] == 1 and old.logins == 2


def test_a_browser_serves_so_many_orders(driver, old, daemon, tmp_path):
    """Also of the workshop's own driver, if the daemon's is not in use."""
    recipe = with_changes(tmp_path, browser={"recycle_after_orders": 2})
    site = Site(daemon, "http://127.0.0.1:1", recipe, old.url, oldshop.USER, oldshop.PASSWORD,
                webdriver_url=driver.url)
    pids = []
    for number in range(3):
        site.create(f"oil-{number}")
        pids.append(driver.main_browser())
    assert pids[0] == pids[1] != pids[2] and old.logins == 2


def test_no_browser_is_left(site, old, driver):
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


def test_the_driver_dies_in_the_middle(site, old, driver):
    held = old.hold("saved")
    site.place("oil")
    held.wait()
    driver.kill_driver()
    no_browser(driver)
    held.release()
    driver.start_driver()
    site.wait("oil", "created")
    one_line(old, "oil")
