"""Web-only ERPs: orders become lines through recipes in a real Chromium, exactly one each.

The old shop (test/erp/oldshop.py) is typical of workshops. Tests share a workshop and a browser, and use different orders. More of it,
in files of their own so that they run at the same time: test_webdriver_failures, _ids, _recipe, _hung and _tryton.
"""

from webshop import IDS, NEEDS_CHROMIUM, one_line

pytestmark = NEEDS_CHROMIUM


def test_orders_over_one_session(shared_site, shared_old):
    """Typed into the usual form are those ids that a form could spoil; all of them: test_webdriver_ids."""
    site, old = shared_site, shared_old
    for number, oil in enumerate(IDS[-6:]):
        order = site.create(oil, str(558 + number % 3), "10" if number % 2 else "20", f"{number}.25")
        line = one_line(old, oil)
        assert line["worksheet"] == str(558 + number % 3) and line["product"] == ("10" if number % 2 else "20")
        assert line["qty"] == f"{number},25" and order["attempts"] == 1
        assert order["erp_reference"] == f"{line['worksheet']}/{line['line']}"
        assert [entry["status"] for entry in site.shop.history(oil)] == ["placed", "processing", "created"]
    assert (old.logins, old.failed_logins) == (1, 0)


def test_what_the_shop_refuses(shared_site, shared_old):
    site, old = shared_site, shared_old
    assert site.refuse("rounded", "558", "10", "1.555") == (
        "amount_refused", "OldShop makes 1.56 of the amount 1.555")
    assert site.refuse("closed", "600") == ("worksheet_closed", "worksheet 600 is closed")
    assert site.refuse("unknown", "55") == ("worksheet_not_found", "OldShop has no worksheet 55")
    assert site.refuse("product", "558", "1") == ("product_not_found", "OldShop has no product 1")
    assert old.saves == 0 and old.logins == 1
    site.create("after refusals")
    assert one_line(old, "after refusals")["qty"] == "5,00" and old.logins == 1


def test_the_browser_dies_before_the_commit(shared_site, shared_old, chromedriver):
    """While a window is open. Later moments: test_webdriver_failures."""
    held = shared_old.hold("choose")
    shared_site.place("dies")
    held.wait()
    assert shared_old.lines("dies") == []
    chromedriver.kill_browser()
    held.release()
    order = shared_site.wait("dies", "created")
    one_line(shared_old, "dies")
    assert order["attempts"] == 2 and shared_old.logins == 2
    assert "browser_failure" in [entry.get("reason_code") for entry in shared_site.shop.history("dies")]
