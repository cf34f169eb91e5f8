"""Web-only ERPs: orders become lines through recipes in a real Chromium, exactly one each.

The old shop (test/erp/oldshop.py) is typical of workshops; Tryton's web client is a large single-page application. No
browser process may be left after a test.
"""

import json
import os
import signal
import subprocess
from pathlib import Path

import browser
import oldshop
import pytest
from pumpline import BUILD, free_port, freeze, until
from tryton_seed import BOT
from webshop import (NEEDS_CHROMIUM, PNG, RECIPE, Site, no_browser, one_line, with_changes)

SAO = Path(__file__).parents[2] / "erp-drivers" / "recipes" / "tryton-sao.json"

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def site(driver, old, daemon):
    return Site(daemon, driver.url, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD)


# --- the old shop


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


# --- similar ids

PLAIN = ["oil-1", "oil-10", "1", "my-oil-1", "H x", "Hx", "h x", "a\"b'c", "<b>x</b>", "</td>", "&amp;", "100%41+%20", "\\x"]
BLANKS = ["H  x", "H\u00a0x"]  # not shown by a page's text, or only partly


def by(tmp_path, comparison):
    """The old shop's recipe with another comparison of the remark."""
    text = json.dumps(json.loads(RECIPE.read_text()))
    own = json.dumps({"text": {"of": "td:nth-child(5)", "is": "{order.uniqueid}"}})
    assert text.count(own) == 1
    path = tmp_path / "recipe.json"
    path.write_text(text.replace(own, json.dumps(comparison)))
    return path


def each_its_own(site, old, ids):
    """The line of each order and no other one: all orders are alike."""
    references = [site.create(uniqueid)["erp_reference"] for uniqueid in ids]
    lines = [one_line(old, uniqueid) for uniqueid in ids]
    assert references == [f"{line['worksheet']}/{line['line']}" for line in lines]
    assert len(set(references)) == len(ids) == old.saves


def refused(site, old, ids, words):
    for uniqueid in ids:
        code, text = site.refuse(uniqueid)
        assert code == "erp_rejected" and words in text, text
        assert old.lines(uniqueid) == []


def test_no_order_takes_the_line_of_another(site, old):
    refused(site, old, BLANKS[:1], "two consecutive spaces")
    refused(site, old, BLANKS[1:], "which a page may not show")
    each_its_own(site, old, [*PLAIN, "[oil-1]", "a] [b"])


def test_ids_in_a_field_keep_their_blanks(driver, old, daemon, tmp_path):
    old.remark_as = '<input value="{}">'
    recipe = by(tmp_path, {"value": {"of": "td:nth-child(5) input", "is": "{order.uniqueid}"}})
    site = Site(daemon, driver.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD)
    each_its_own(site, old, [*BLANKS, "H x", "Hx", "[oil-1]"])


def test_ids_between_signs(driver, old, daemon, tmp_path):
    old.remark_as = "<p>Oil [{}] of today</p>"
    recipe = by(tmp_path, {"text": {"of": "td:nth-child(5)", "contains": "[{order.uniqueid}]"}})
    site = Site(daemon, driver.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD)
    each_its_own(site, old, ["oil-1", "oil-10", "1", "my-oil-1", "H x", "Hx", "b"])
    refused(site, old, ["a] [b", "[b]"], "which the page uses as a delimiter")


def test_lines_of_others(site, old):
    """Of programs that accept any id, in an ERP that finds them all."""
    old.finds_all = True
    old.add_line("H  x")
    old.add_line("H x and more")
    assert site.create("H x")["erp_reference"] == "558/3"
    old.add_line("K\u00a0x")
    code, text = site.refuse("K x")
    assert code == "outcome_unknown" and 'which may be "K x" or another' in text, text
    old.delete_line("558", 4)
    assert site.shop.put("/orders/K x/retry".replace(" ", "%20")).status == 200
    site.wait("K x", "created")
    assert old.saves == 2


def test_what_is_seen_is_not_all_that_is_there(site, old):
    old.remark_as = "<i style='display: none'>0 </i>{}"
    old.add_line("oil")
    code, text = site.refuse("oil")
    assert code == "outcome_unknown" and 'holds "0 oil" and shows "oil"' in text, text
    assert old.saves == 0


# --- two lines with one id


@pytest.mark.parametrize("stored", [False, True], ids=["found before", "read back"])
def test_two_lines_of_one_id(site, old, stored):
    """A person deletes one and retries."""
    if stored:
        held = old.hold("saved")
        site.place("oil")
        held.wait()
        old.add_line("oil", "559")
        held.release()
    else:
        old.add_line("oil")
        old.add_line("oil", "559")
        site.place("oil")
    order = site.wait("oil", "error")
    assert order["reason_code"] == "outcome_unknown"
    assert order["reason_text"].startswith("the line exists twice: 558/1 and 559/1; delete one, then retry [evidence/")
    old.delete_line("559", 1)
    assert site.shop.put("/orders/oil/retry").status == 200
    assert site.wait("oil", "created")["erp_reference"] == "558/1"
    assert len(old.lines("oil")) == 1 and old.saves == stored


# --- hung browsers


def all_gone(site, driver):
    site.daemon.stop()
    no_browser(driver)


@pytest.mark.parametrize("point", ["choose", "saved"])
def test_a_page_keeps_its_browser_busy(driver, old, daemon, tmp_path, point):
    """Before and after the commit."""
    recipe = with_changes(tmp_path, browser={"page_load_s": 5})
    site = Site(daemon, driver.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD, timeout_s=10)
    old.freeze(point)
    site.place("oil")
    order = site.wait("oil", "created")
    one_line(old, "oil")
    assert order["attempts"] == 2 and len(driver.marked()) == 1
    all_gone(site, driver)


@pytest.mark.parametrize("point", ["choose", "saved"])
def test_a_browser_is_stopped(driver, old, daemon, point):
    site = Site(daemon, driver.url, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD, timeout_s=5)
    held = old.hold(point)
    site.place("oil")
    held.wait()
    stopped = driver.main_browser()
    freeze(stopped)
    held.release()
    order = site.wait("oil", "created")
    one_line(old, "oil")
    assert order["attempts"] == 2 and len(driver.marked()) == 1 and stopped not in driver.marked()
    freeze(driver.main_browser())
    all_gone(site, driver)


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
def test_the_worker_dies_while_its_browser_starts(driver, proxy, old, daemon, answered):
    site = Site(daemon, proxy.url, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD)
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_dry_run_is_killed(site, old, driver, number):
    """The hung browser is killed; the workshop's own keeps running."""
    site.create("first")
    [own] = driver.marked()
    held = old.hold("choose")
    dry_run = subprocess.Popen(
        [BUILD / "pumplinectl", "recipe", "run", RECIPE, "--workshop", "Bennys Auto", "--config", site.daemon.config,
         "--order", json.dumps({"worksheet": "558", "product_nr": "10", "product_amount": "5"}), "--folder",
         site.daemon.folder / "pictures"], stdout=subprocess.PIPE, text=True)
    held.wait()
    [tried] = set(driver.marked()) - {own}
    freeze(tried)
    worker = next(pid for pid in browser.descendants(dry_run.pid)  # the other one is its guard
                  if browser.state_and_parent(pid)[1] == dry_run.pid)
    os.kill(worker, number)
    dry_run.communicate(timeout=60)
    until(lambda: driver.marked() == [own], "the dry_run's browser is gone")
    held.release()
    site.create("second")
    assert driver.marked() == [own] and len(old.lines()) == 2
    all_gone(site, driver)


def test_a_worker_by_itself_is_killed(driver, old, daemon):
    port = free_port()
    daemon.write_config(webdriver_url=driver.url)
    shop = daemon.add("bennys-auto", "Bennys Auto",
                      {"system": "webdriver", "recipe": str(RECIPE), "url": old.url,
                       "browser": {"arguments": browser.ROOT_ARGUMENTS}},
                      credentials={"username": oldshop.USER, "password": oldshop.PASSWORD})
    (daemon.folder / "state").mkdir()
    shop.port = port
    with open(daemon.log, "ab") as log:
        worker = subprocess.Popen([BUILD / "pumpline-worker", str(port), "bennys-auto", "-c", daemon.config], stderr=log)
    until(shop.up, "it serves")
    held = old.hold("choose")
    assert shop.create("oil", username=oldshop.USER, password=oldshop.PASSWORD).status == 200
    held.wait()
    freeze(driver.main_browser())
    worker.kill()
    worker.wait()
    no_browser(driver)
    held.release()


# --- Tryton's web client


@pytest.fixture
def sao(proxy, tryton, daemon):
    return Site(daemon, proxy.url, SAO, tryton.web_url, *BOT, options={"database": "erp"})


def one_sale_line(tryton, uniqueid):
    lines = tryton.lines(uniqueid)
    assert len(lines) == 1, lines
    return lines[0]


def test_tryton_lines_and_refusals(sao, tryton):
    for number, (worksheet, product, amount) in enumerate((("558", "10", "4.7"), ("559", "50", "0.123456"))):
        order = sao.create(f"oil-{number}", worksheet, product, amount)
        line = one_sale_line(tryton, f"oil-{number}")
        assert (line["sale"], line["product"], line["quantity"]) == (worksheet, product, amount)
        assert line["taxes"] == [1] and order["erp_reference"] == str(line["id"])
        assert order["attempts"] <= 2  # a kept connection that Tryton closes during the commit costs one
    before = len(tryton.all_lines())
    assert sao.refuse("rounded", "558", "10", "1.555") == ("amount_refused", "Tryton makes 1.55 of the amount 1.555")
    assert sao.refuse("closed", "600")[0] == "worksheet_closed"
    assert sao.refuse("unknown", "999")[0] == "worksheet_not_found"
    assert sao.refuse("product", "558", "1")[0] == "product_not_found"
    assert len(tryton.all_lines()) == before
    tryton.expire_sessions()
    assert sao.create("later", "560")["attempts"] == 1
    one_sale_line(tryton, "later")


def test_tryton_refuses_the_password_once(sao, tryton):
    for number in range(3):
        sao.place(f"bad-{number}", username=BOT[0], password="not-the-password")
    for number in range(3):
        assert sao.wait(f"bad-{number}", "error")["reason_code"] == "auth_failed"
    assert tryton.failed_logins(BOT[0]) == 1


def test_a_concurrent_edit_in_tryton(sao, tryton, proxy):
    held = proxy.hold('{"text":"oil"}')  # while our id is typed into the note
    sao.place("oil")
    held.wait()
    (sale,) = tryton.sales("558")
    tryton.admin.call("model.sale.sale.write", [sale["id"]], {"description": "somebody else was here"})
    held.release()
    order = sao.wait("oil", "created")
    one_sale_line(tryton, "oil")
    assert order["attempts"] == 2
    assert "worksheet_locked" in [entry.get("reason_code") for entry in sao.shop.history("oil")]


@pytest.mark.parametrize("point", ["before the commit", "right after it", "while it is read back"])
def test_the_browser_dies_in_tryton(sao, tryton, proxy, driver, point):
    held = proxy.hold('{"text":"oil"}' if point == "before the commit" else "Record saved")
    sao.place("oil")
    held.wait()
    if point == "while it is read back":
        saved, held = held, proxy.hold("sale.line")
        saved.release()
        held.wait()
    assert len(tryton.lines("oil")) == (point != "before the commit")
    driver.kill_browser()
    held.release()
    order = sao.wait("oil", "created")
    one_sale_line(tryton, "oil")
    assert order["attempts"] == 2
