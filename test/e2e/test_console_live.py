"""The console's pages in a real Chromium, with the real daemon and an ERP behind them."""

import json
import os
import signal
from contextlib import suppress

import pytest
from console import Console, pages_missing
from console_page import chromium, drained, page  # noqa: F401: fixtures
from odoo import DATABASE, KEY, Odoo
from pumpline import Daemon, Workshop, free_port, until
from tryton_seed import BOT

pytestmark = pytest.mark.skipif(pages_missing() is not None, reason=str(pages_missing()))
WHOLE = True
MISSING = "Worksheet not found"


def console_of(daemon, folder):
    one = Console(folder / "console", daemon.socket)
    one.add("ann", "manager", "bennys-auto")
    one.add("bob", "admin")
    return one.start()


def place(shop, uniqueid, **more):
    order = shop.order(uniqueid, **more)
    del order["username"], order["password"]
    reply = shop.call("POST", "/create", order)
    assert reply.status == 200, reply.text


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """(daemon, console, ERP, its workshop), for tests that leave the daemon as it was."""
    folder = tmp_path_factory.mktemp("live")
    daemon = Daemon(folder / "pumpline")
    with Odoo() as odoo:
        shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": "odoo-jsonrpc", "url": odoo.url + "/", "options": {"database": DATABASE}},
                          credentials={"username": "bot", "password": KEY}, reconcile_per_minute=6000)
        daemon.start()
        console = console_of(daemon, folder)
        yield daemon, console, odoo, shop
        console.stop()
        daemon.stop()
    text = daemon.log.read_text(errors="replace")
    assert "Sanitizer" not in text and "runtime error" not in text, text


def test_from_an_error_to_a_line_in_tryton(daemon, tryton, page, tmp_path):  # noqa: F811
    """A manager corrects one order, and retries all others, but not more of them than were seen."""
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": tryton.url}, credentials=dict(zip(("username", "password"), BOT, strict=False)))
    daemon.start()
    for number in range(3):
        place(shop, f"e-{number}", worksheet=f"77{number}")
        shop.wait(f"e-{number}", "error")
    console = console_of(daemon, tmp_path)
    page.sign_in(console, "ann")
    page.shows(f"{MISSING} (3)")
    page.go(console, "order/Bennys%20Auto/e-0", "Order")
    page.click("Ask the ERP")
    page.shows("The ERP does not know it.")
    page.click("Retry")
    page.fill("worksheet", "558")
    page.click("Retry", "document.querySelector('dialog')")
    page.shows("by ann (console)")
    until(lambda: len(tryton.lines("e-0")) == 1, "the line is there")
    page.shows("created")  # told by an event
    assert page.script("return document.querySelector('del').innerText + document.querySelector('ins').innerText") == "770558"
    page.go(console, "attention", "Needs attention")
    page.shows(f"{MISSING} (2)")
    page.script("const plain = window.setTimeout; window.setTimeout = (work, ms) => plain(work, ms === 1500 ? 1e8 : ms)")  # it does not hear of the next one in time
    place(shop, "e-3", worksheet="773")
    shop.wait("e-3", "error")
    tryton.add_worksheets(["771", "772", "773"])
    page.click("Retry all 2 orders")
    page.shows("The number of orders has changed")
    assert not any(tryton.lines(f"e-{number}") for number in (1, 2, 3))
    page.click("Retry all 3 orders")
    page.shows("Retried: 3")
    for number in (1, 2, 3):
        shop.wait(f"e-{number}", "created")
        assert len(tryton.lines(f"e-{number}")) == 1
    drained(page, "401", "409")
    console.stop()


def test_a_workshop_from_nothing_to_its_first_order(live, page):  # noqa: F811
    """Typed, tested, saved, activated, and then its recipe, log and figures; its password is never shown."""
    daemon, console, odoo, _ = live
    port = free_port()
    document = {"workshop": "Ada", "active": False, "listen": f"127.0.0.1:{port}", "credentials": {"username": "bot"},
                "erp": {"system": "http", "recipe": "odoo-jsonrpc", "url": odoo.url + "/", "options": {"database": DATABASE}}}
    page.sign_in(console, "bob")
    page.go(console, "workshop", "New workshop")
    page.fill("slug", "ada")
    page.click_switch("As text")
    page.type("textarea", json.dumps(document))
    page.click_switch("As text")
    page.fill("credentials/password", "wrong-7351")
    page.click("Test connection")
    page.shows("The ERP refuses the password")
    page.fill("credentials/password", KEY)
    page.click("Test connection")
    page.wait(lambda: "✗" not in page.text() and "✓" in page.text(), "the connection works")
    page.click("Save")
    page.wait(lambda: page.script("return document.querySelector('h1').innerText") == "Ada", "it is there")
    page.click("Activate")
    until(lambda: daemon.integration("ada")["process"] == "running", "it runs")
    page.shows("running")
    shop = Workshop("Ada", port)
    place(shop, "first")
    shop.wait("first", "created")
    page.fill("credentials/password", KEY)
    page.click("Seal")
    page.shows("only this workshop can open it")
    page.click_switch("As text")
    assert '"sealed": "' in page.script("return document.querySelector('textarea').value")
    assert KEY not in page.script("return document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea')].map((one) => one.value).join()")
    page.click("Save")
    page.shows("Saved.")
    shop.up()
    place(shop, "second", worksheet="559")
    shop.wait("second", "created")
    page.go(console, "workshops", "Workshops")
    page.go(console, "workshop/ada", "Ada")
    page.shows("2 orders, 0 in error")
    page.shows("stops before the line would be created")  # a dry run, for an admin of this workshop alone, too
    page.click("Show")
    page.shows("[second]")
    page.go(console, "recipes", "Recipes")
    page.click("odoo-jsonrpc")
    page.fill("workshop", "ada")
    for name, value in (("worksheet", "560"), ("product_nr", "10"), ("product_amount", "5")):
        page.fill(name, value)
    page.click("Dry run")
    page.shows("Stopped before the line would be created.")
    assert [one["x_pumpline_id"] for one in odoo.lines.values() if one["x_pumpline_id"] in ("first", "second") or one["order_id"][1] == "560"] == ["first", "second"]
    drained(page, "401")
    seen = "".join(path.read_text(errors="replace") for path in (daemon.folder / "workshops.d/ada.json", daemon.log, console.log, daemon.folder / "state/audit.jsonl",
                                                                 *(daemon.folder / "log").iterdir()))
    assert KEY not in seen and "wrong-7351" not in seen
    assert daemon.call("DELETE", "/workshops/ada?force=true").status == 200


def test_a_reconciliation_shows_what_is_missing(live, page):  # noqa: F811
    _, console, odoo, shop = live
    for number, uniqueid in enumerate("abc"):
        place(shop, uniqueid, worksheet=str(565 + number))
        shop.wait(uniqueid, "created")
    lines = {line["x_pumpline_id"]: line for line in odoo.lines.values()}
    del odoo.lines[lines["a"]["id"]]
    lines["b"]["product_uom_qty"] = 4.5
    page.sign_in(console, "ann")
    page.shows("Nothing needs attention.")
    page.go(console, "report", "Report")
    page.click("Reconciliation")
    page.shows("as ordered 1, missing 1, changed 1, unknown 0")
    page.shows("Missing in the ERP")
    page.shows("566 · 10 · 4.5")
    drained(page, "401")


def test_a_report_names_each_workshop(live, page):  # noqa: F811
    _, console, _, shop = live
    place(shop, "reported", worksheet="567")
    shop.wait("reported", "created")
    page.sign_in(console, "bob")
    page.go(console, "report", "Report")
    page.wait(lambda: "Bennys Auto" in page.script("return document.querySelector('tbody')?.innerText || ''"), "its row")
    placed = shop.get("/report").json["rows"][0]["placed"]
    page.wait(lambda: placed in page.script("return document.querySelector('tbody').innerText"), "its amount")
    drained(page, "401")


def test_the_way_back_leads_to_a_new_page(live, page):  # noqa: F811
    """Kept by the browser, it would hold its event stream: after six of them the next page waits for half a minute."""
    _, console, _, _ = live
    page.sign_in(console, "bob")
    page.shows("Workshops (1)")
    page.script("window.old = true")
    page.goto("about:blank")
    page.post("/back")
    page.shows("Workshops (1)")
    page.wait(lambda: not page.script("return window.old"), "it is another document")
    drained(page, "401")


def test_a_killed_worker_is_seen_at_once(live, page):  # noqa: F811
    daemon, console, _, shop = live
    page.sign_in(console, "bob")
    page.shows("Workshops (1)")
    page.script("window.seen = ''; new MutationObserver(() => { window.seen += document.querySelector('tbody')?.innerText || ''; })"
                ".observe(document.body, {subtree: true, childList: true, characterData: true})")

    def killed():
        with suppress(ProcessLookupError, TypeError):  # from the fourth short life on it waits before it starts again, without a pid
            os.kill(daemon.worker_pid(), signal.SIGKILL)
        return "waiting to restart" in page.script("return window.seen")

    until(killed, "the page shows that it is away")
    page.wait(lambda: page.script("return document.querySelector('tbody').innerText.split('running').length") == 3, "and that it is back, with its worker")
    shop.up()
    drained(page, "401")
