"""Recipes of the old shop that differ from its usual one, in a real Chromium: see test_webdriver."""

import json

import oldshop
from pumpline import until
from webshop import NEEDS_CHROMIUM, PNG, RECIPE, Site, one_line, quick, with_changes

pytestmark = NEEDS_CHROMIUM


def test_a_login_that_takes_its_time(proxy, old, daemon, tmp_path):
    """The old form still on screen is not an answer. The reloaded one, without a message, is."""
    old.checks_login = old.login_says_nothing = True
    site = Site(daemon, proxy.url, quick(tmp_path), old.url, oldshop.USER, oldshop.PASSWORD)
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


def test_the_page_has_changed(driver, old, daemon, tmp_path):
    recipe = with_changes(tmp_path, timeout_s=6)  # waits until the timeout
    site = Site(daemon, driver.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD)
    old.rename("qty", "amount")
    old.show_password = True
    code, text = site.refuse("after")
    assert code == "ui_changed" and "line_1_qty" in text, text
    names = [name for entry in site.shop.history("after") for name in entry.get("evidence", [])]
    picture, source, requests = (next(name for name in names if name.endswith(kind)) for kind in ("png", "html", "txt"))
    assert len(names) == 3 and "POST /worksheet -> 200" in site.shop.get(f"/orders/after/evidence/{requests}").text
    reply = site.shop.raw(f"GET /orders/after/evidence/{picture} HTTP/1.1\r\nHost: localhost\r\n"
                          "Connection: close\r\n\r\n".encode())
    assert reply.split(b"\r\n\r\n", 1)[1].startswith(PNG)
    assert daemon.call("GET", f"/workshops/bennys-auto/orders/after/evidence/{picture}").body == reply.split(b"\r\n\r\n", 1)[1]
    page = site.shop.get(f"/orders/after/evidence/{source}").text
    assert "line_1_amount" in page and "********" in page
    assert oldshop.PASSWORD not in page and "old&amp;shop" not in page
    assert old.saves == 0
    old.rename("qty", "qty")
    assert site.shop.put("/orders/after/retry").status == 200
    site.wait("after", "created")
    one_line(old, "after")


def test_a_browser_serves_so_many_orders(driver, old, daemon, tmp_path):
    """Also of the workshop's own driver, if the daemon's is not in use."""
    recipe = quick(tmp_path, browser={"recycle_after_orders": 2})
    site = Site(daemon, "http://127.0.0.1:1", recipe, old.url, oldshop.USER, oldshop.PASSWORD,
                webdriver_url=driver.url)
    pids = []
    for number in range(3):
        site.create(f"oil-{number}")
        pids.append(driver.main_browser())
    assert pids[0] == pids[1] != pids[2] and old.logins == 2
