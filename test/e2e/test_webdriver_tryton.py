"""Tryton's web client, a large single-page application, through a recipe in a real Chromium."""

from pathlib import Path

import browser
import pytest
from conftest import watched
from pumpline import free_port, until
from test_check import check
from tryton_seed import BOT, CUSTOMER, PROCESSING
from webshop import NEEDS_CHROMIUM, Site, no_browser

SAO = Path(__file__).parents[2] / "erp-drivers" / "recipes" / "tryton-sao.json"

pytestmark = NEEDS_CHROMIUM


# One server, workshop and browser for all tests, which use different orders: loading the client takes seconds of CPU.


@pytest.fixture(scope="module")
def proxy(chromedriver):
    one = browser.Proxy(chromedriver.url, free_port())
    yield one
    one.stop()


@pytest.fixture(scope="module")
def sao(proxy, chromedriver, shared_tryton, tmp_path_factory):
    daemons = watched(tmp_path_factory.mktemp("sao") / "pumpline")
    yield Site(next(daemons), proxy.url, SAO, shared_tryton.web_url, *BOT, options={"database": "erp"})
    next(daemons, None)
    no_browser(chromedriver)


@pytest.fixture
def tryton(shared_tryton, chromedriver):
    shared_tryton.reset_login_attempts()
    yield shared_tryton
    until(lambda: len(chromedriver.marked()) <= 1, "no browser is left behind by the test")


def one_sale_line(tryton, uniqueid):
    lines = tryton.lines(uniqueid)
    assert len(lines) == 1, lines
    return lines[0]


def test_tryton_refuses_the_password_once(sao, tryton):
    for number in range(3):
        sao.place(f"bad-{number}", username=BOT[0], password="not-the-password")
    for number in range(3):
        assert sao.wait(f"bad-{number}", "error")["reason_code"] == "auth_failed"
    assert tryton.failed_logins(BOT[0]) == 1


def test_checks_of_worksheets(sao, tryton, proxy, chromedriver):
    """Tryton allows many sessions; the workshop opens one, for orders and questions."""
    tryton.expire_sessions()
    before = tryton.all_lines()
    answer = check(sao.shop, "558", "?product_nr=10&product_amount=4.7")
    assert (answer["state"], answer["title"]) == ("open", CUSTOMER)
    assert (answer["product"]["state"], answer["product"]["unit"], answer["amount"]["state"]) == ("found", "l", "accepted")
    assert check(sao.shop, PROCESSING)["state"] == "closed"
    assert check(sao.shop, "999")["state"] == "not_found"
    assert check(sao.shop, "558", "?product_nr=1010")["product"]["state"] == "not_found"
    answer = check(sao.shop, "558", "?product_nr=10&product_amount=5.123")
    assert answer["amount"]["state"] == "refused" and "2 digits" in answer["amount"]["text"]
    assert tryton.all_lines() == before
    held = proxy.hold('{"text":"sao-1"}')
    sao.place("sao-1")
    held.wait()
    assert sao.shop.get("/worksheets/559").status == 504, "an order has the browser"
    held.release()
    # A kept connection that Tryton closes during the commit may cost an attempt, and the next one a session.
    again = sao.wait("sao-1", "created")["attempts"] - 1
    assert again <= 1 and len(tryton.lines("sao-1")) == 1
    assert check(sao.shop, "559")["state"] == "open"
    assert tryton.sessions(BOT[0]) <= 1 + again and len(chromedriver.marked()) == 1, "one session for all of it"


def test_tryton_lines_and_refusals(sao, tryton):
    for number, (worksheet, product, amount) in enumerate((("558", "10", "4.7"), ("559", "50", "0.123456"))):
        if number:
            tryton.expire_sessions()  # which costs no attempt
        order = sao.create(f"oil-{number}", worksheet, product, amount)
        line = one_sale_line(tryton, f"oil-{number}")
        assert (line["sale"], line["product"], line["quantity"]) == (worksheet, product, amount)
        assert line["taxes"] == [1] and order["erp_reference"] == str(line["id"])
        # A kept connection that Tryton closes during the commit may cost one.
        assert order["attempts"] <= 2 and "auth_failed" not in [entry.get("reason_code") for entry in sao.shop.history(f"oil-{number}")]
    before = len(tryton.all_lines())
    assert sao.refuse("rounded", "558", "10", "1.555") == ("amount_refused", "Tryton turns the amount 1.555 into 1.55")
    assert sao.refuse("closed", "600")[0] == "worksheet_closed"
    assert sao.refuse("unknown", "999")[0] == "worksheet_not_found"
    assert sao.refuse("product", "558", "1")[0] == "product_not_found"
    assert len(tryton.all_lines()) == before


def test_a_concurrent_edit_in_tryton(sao, tryton, proxy):
    held = proxy.hold('{"text":"edited"}')  # while our id is typed into the note
    sao.place("edited")
    held.wait()
    (sale,) = tryton.sales("558")
    tryton.admin.call("model.sale.sale.write", [sale["id"]], {"description": "somebody else was here"})
    held.release()
    order = sao.wait("edited", "created")
    one_sale_line(tryton, "edited")
    assert order["attempts"] == 2
    assert "worksheet_locked" in [entry.get("reason_code") for entry in sao.shop.history("edited")]


def test_the_browser_dies_in_tryton(sao, tryton, proxy, chromedriver):
    """Right after the commit. At other moments, in the old shop: test_webdriver, test_webdriver_failures."""
    held = proxy.hold("Record saved")
    sao.place("dies")
    held.wait()
    until(lambda: len(tryton.lines("dies")) == 1, "the line is saved")  # a click on "Save" returns before that
    chromedriver.kill_browser()
    held.release()
    order = sao.wait("dies", "created")
    one_sale_line(tryton, "dies")
    assert order["attempts"] == 2
