"""A browser repeats a POST by itself if its reply is lost. Through Pumpline it must not, over any transport.

The form shop (test/erp/formshop.py) stores a line for each form it receives, and loses the reply in every way that HTTP,
TLS, HTTP/2 and a reverse proxy allow. A selection runs by default; PUMPLINE_REPEATS=all runs every case (about ten
minutes). With -s each case prints what the ERP received.
"""

import itertools
import os
from pathlib import Path

import browser
import formshop
import pytest
import reverse
from conftest import watched
from pumpline import free_port, until
from webshop import NEEDS_CHROMIUM, Site, no_browser, with_changes

pytestmark = NEEDS_CHROMIUM

ALL = os.environ.get("PUMPLINE_REPEATS") == "all"
RECIPE = Path(formshop.__file__).with_name("formshop-recipe.json")
SITES = {  # what the browser connects to: whether TLS, and what nginx in front of the shop does
    "http": (False, None), "https": (True, None), "nginx": (False, {}), "nginx-tls": (True, {}),
    "nginx-h2": (True, {"http2": True}),
}
LOST = ["fin_before", "fin_after", "rst_before", "rst_after", "kill_before", "kill_after", "100_after", "103_after",
        "half_status_after", "head_after", "cut_inside", "408_before", "408_after"]
BEHIND_NGINX = ["502", "silent 502", "504", "silent 504", "nginx killed", "408_after"]
CASES = {(site, kept, lost) for site, (_, nginx) in SITES.items() for kept in ("keep", "close")
         for lost in (LOST if nginx is None else BEHIND_NGINX)}
CHOSEN = {("http", "keep", lost) for lost in ("fin_after", "rst_after", "kill_after", "103_after", "408_after")} | {
    ("http", "close", "fin_after"), ("http", "close", "half_status_after"),
    ("https", "keep", "rst_after"), ("https", "keep", "408_after"), ("https", "close", "kill_after"),
    ("nginx", "keep", "silent 504"), ("nginx-tls", "close", "nginx killed"),
    ("nginx-h2", "keep", "nginx killed"), ("nginx-h2", "keep", "504"), ("nginx-h2", "close", "silent 502")}
RUN = CASES if ALL else CHOSEN


class FormSite(Site):
    """A workshop whose ERP is a form shop, with or without nginx."""

    BROWSER = browser.setup("--ignore-certificate-errors")

    def __init__(self, name, daemon, driver, folder):
        tls, nginx = SITES[name]
        self.name, self.tls, self.nginx = name, tls, None
        self.erp = formshop.FormShop(folder / "erp", free_port(), tls and nginx is None)
        if nginx is not None:
            self.nginx = reverse.Nginx(folder / "nginx", free_port(), self.erp.port, tls, **nginx)
        super().__init__(
            daemon, driver.url, with_changes(folder, RECIPE, settle_s=1), (self.nginx or self.erp).url, formshop.USER,
            formshop.PASSWORD, browser=self.BROWSER)

    def stop(self):
        if self.nginx:
            self.nginx.stop()
        self.erp.stop()

    def behave(self, kept="keep", lost=None, **settings):
        """`lost`: how the next save's reply is lost."""
        if not self.nginx:
            self.erp.behave(lost, keep_alive=kept == "keep", **settings)
            return
        fault = {None: None, "502": "fin_after", "silent 502": "fin_after"}.get(lost, "stop_after")
        self.erp.behave("408_after" if lost == "408_after" else fault, slow_s=3, **settings)
        more = ["keepalive_timeout 0;"] if kept == "close" else []
        more += [reverse.SILENT] if lost and "silent" in lost else []
        more += [reverse.IMPATIENT] if lost and "504" in lost else []
        self.nginx.behave(" ".join(more))

    def save(self, uniqueid, lost=None):
        """(the order, its lines, the highest number of times that one form was received)."""
        before = len(self.erp.posts())
        self.place(uniqueid, amount="4.5")
        if lost == "nginx killed":
            until(lambda: self.erp.lines(uniqueid), "the line is stored")
            self.nginx.kill_worker()
        order = self.ended(uniqueid)
        forms = self.erp.posts()[before:]
        return order, self.erp.lines(uniqueid), max(map(forms.count, forms), default=0)

    def ended(self, uniqueid):
        until(lambda: self.shop.state(uniqueid)["status"] in ("created", "error"), f"{uniqueid} has ended", 300)
        return self.shop.state(uniqueid)


@pytest.fixture(scope="module")
def site(request, chromedriver, tmp_path_factory):
    """One site for all its cases, since a daemon and a browser are slow to start."""
    folder = tmp_path_factory.mktemp(request.param)
    daemons = watched(folder / "pumpline")
    one = FormSite(request.param, next(daemons), chromedriver, folder)
    yield one
    try:
        next(daemons, None)
    finally:
        one.stop()
    no_browser(chromedriver)


def show(site, words, order, lines, times):
    print(f"\n{site.name} {words}: posts={times} lines={len(lines)} {order['status']} attempts={order['attempts']} "
          f"{order.get('reason_code') or ''} {order.get('reason_text') or ''}")


def a_reply_is_lost(site, kept, lost):
    uniqueid = f"{kept}-{lost.replace(' ', '-')}"
    site.behave(kept, lost)
    order, lines, times = site.save(uniqueid, lost)
    show(site, f"{kept} {lost}", order, lines, times)
    assert times == 1, "the browser has sent a form again"
    assert len(lines) == 1 and order["status"] == "created" and order["erp_reference"] in lines


def answers(site):
    """How the ERP answers a save: whether it keeps the connection, with what, and its HTTP version. By default the half that
    has each pair of two, with TLS the other half."""
    every = itertools.product(("keep", "close"), ("redirect", "page"), ["HTTP/1.1"] if site.nginx else ["HTTP/1.1", "HTTP/1.0"])
    return [one for one in every if ALL or (site.tls, *(word in one for word in ("keep", "page", "HTTP/1.0"))).count(True) % 2]


def saves_that_are_answered(site):
    """The gate must not disturb normal use, unless TLS hides that the reply to a save came before its connection closed."""
    for kept, answer, version in answers(site):
        site.behave(kept, answer=answer, version=version)
        order, lines, times = site.save(f"{kept}-{answer}-{version.replace('/', '')}")
        show(site, f"{kept} {answer} {version} answered", order, lines, times)
        assert (times, len(lines), order["status"]) == (1, 1, "created")
        closes = kept == "close" or version == "HTTP/1.0"
        assert order["attempts"] == 1 or (site.tls and closes and order["attempts"] == 2)


@pytest.mark.parametrize("site, kept, lost", sorted(RUN | {(name, "both", "nothing") for name in SITES}), indirect=["site"],
                         scope="module")
def test_saves(site, kept, lost):
    """One function and scope for all cases, in the order of the sites: pytest keeps one that the next case needs, too."""
    if lost == "nothing":
        saves_that_are_answered(site)
    else:
        a_reply_is_lost(site, kept, lost)
