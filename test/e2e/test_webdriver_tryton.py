"""Tryton's web client, a large single-page application, through a recipe in a real Chromium."""

from pathlib import Path

import pytest
from tryton_seed import BOT
from webshop import NEEDS_CHROMIUM, Site

SAO = Path(__file__).parents[2] / "erp-drivers" / "recipes" / "tryton-sao.json"

pytestmark = NEEDS_CHROMIUM


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
