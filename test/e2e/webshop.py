"""A workshop with a web-only ERP (the tests' old shop or another) in a real Chromium."""

import json
import os
from pathlib import Path

import browser
import oldshop
import pytest
from pumpline import until

SANITIZED = "asan" in os.environ.get("PUMPLINE_BUILD", "")
RECIPE = Path(oldshop.__file__).with_name("oldshop-recipe.json")
ORDER_S = 300  # a browser needs seconds of CPU, on shared cores
IDS = ["oil-1", "oil-10", "1", "my-oil-1", "H x", "Hx", "h x", "a\"b'c", "<b>x</b>", "</td>", "&amp;", "100%41+%20", "\\x"]
PNG = b"\x89PNG\r\n\x1a\n"

SHORT_FORM = "/quick?number={order.worksheet|urlencode}&product={order.product_nr|urlencode}&qty={order.product_amount|number:,|urlencode}"
QUICK = {
    "create": [{"goto": SHORT_FORM + "&remark={order.uniqueid|urlencode}"}],
    "commit": [{"click": {"button": "Save"}}, {"wait": {"text": {"of": ".message", "is": "Saved."}}}]}

NEEDS_CHROMIUM = pytest.mark.skipif(not browser.installed(), reason="chromium and chromedriver are not installed")


class Site:
    """A workshop of a daemon, its ERP and its browser."""

    def __init__(self, daemon, driver_url, recipe, url, user, password, old=None, **erp):
        daemon.write_config(webdriver_url=driver_url)
        self.daemon, self.old = daemon, old
        self.shop = daemon.add(
            "bennys-auto", "Bennys Auto",
            {"system": "webdriver", "recipe": str(recipe), "url": url,
             "browser": browser.setup(), **erp},
            credentials={"username": user, "password": password})
        daemon.start()

    def place(self, uniqueid, *arguments, **more):
        order = self.shop.order(uniqueid, *arguments, **more)
        if "username" not in more:
            del order["username"], order["password"]
        reply = self.shop.call("POST", "/create", order)
        assert reply.status == 200, reply.text

    def create(self, uniqueid, *arguments):
        self.place(uniqueid, *arguments)
        return self.wait(uniqueid, "created")

    def refuse(self, uniqueid, *arguments, **more):
        self.place(uniqueid, *arguments, **more)
        order = self.wait(uniqueid, "error")
        return order["reason_code"], order["reason_text"]

    def wait(self, uniqueid, status):
        def there():
            order = self.shop.state(uniqueid)
            assert order["status"] in (status, "placed", "processing"), f"{order['reason_code']}: {order['reason_text']}"
            return order["status"] == status

        until(there, f"{uniqueid} is {status}", ORDER_S)
        return self.shop.state(uniqueid)


def one_line(old, uniqueid):
    lines = old.lines(uniqueid)
    assert len(lines) == 1, lines
    return lines[0]


def with_changes(tmp_path, recipe=RECIPE, **members):
    """The old shop's recipe, or the given one, with some members changed."""
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({**json.loads(recipe.read_text()), **members}))
    return path


def quick(folder, **members):
    """A recipe that finds lines in the old shop as ever, but makes them by its short form, which an address fills in: for tests of
    what is around an order, since clicks and keys are most of an order's processor time."""
    return with_changes(folder, **{**QUICK, **members})


def no_browser(driver):
    until(lambda: not driver.browsers(), "no browser process is left")
