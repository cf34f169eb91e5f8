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


class Sites:
    """Keeps one site at a time for consecutive tests, since a daemon and a browser are slow to start."""

    def __init__(self, driver, folders):
        self.driver, self.folders, self.open = driver, folders, None

    def get(self, name):
        if not self.open or self.open.name != name:
            self.close()
            folder = self.folders.mktemp(name)
            self.daemons = watched(folder / "pumpline")
            self.open = FormSite(name, next(self.daemons), self.driver, folder)
        return self.open

    def close(self):
        if self.open:
            self.open.stop()
            next(self.daemons, None)
            no_browser(self.driver)
            self.open = None


@pytest.fixture(scope="module")
def sites(chromedriver, tmp_path_factory):
    one = Sites(chromedriver, tmp_path_factory)
    yield one
    one.close()


@pytest.fixture
def site(request, sites):
    return sites.get(request.param)


def show(site, words, order, lines, times):
    print(f"\n{site.name} {words}: posts={times} lines={len(lines)} {order['status']} attempts={order['attempts']} "
          f"{order.get('reason_code') or ''} {order.get('reason_text') or ''}")


@pytest.mark.parametrize("site, kept, lost", sorted(RUN), indirect=["site"])
def test_a_reply_is_lost(site, kept, lost):
    uniqueid = f"{kept}-{lost.replace(' ', '-')}"
    site.behave(kept, lost)
    order, lines, times = site.save(uniqueid, lost)
    show(site, f"{kept} {lost}", order, lines, times)
    assert times == 1, "the browser has sent a form again"
    assert len(lines) == 1 and order["status"] == "created" and order["erp_reference"] in lines


@pytest.mark.parametrize("site", SITES, indirect=True)
def test_saves_that_are_answered(site):
    """The gate must not disturb normal use, unless TLS hides that the reply to a save came before its connection closed."""
    versions = ["HTTP/1.1"] if site.nginx else ["HTTP/1.1", "HTTP/1.0"]
    for kept, answer, version in itertools.product(("keep", "close"), ("redirect", "page"), versions):
        site.behave(kept, answer=answer, version=version)
        order, lines, times = site.save(f"{kept}-{answer}-{version.replace('/', '')}")
        show(site, f"{kept} {answer} {version} answered", order, lines, times)
        assert (times, len(lines), order["status"]) == (1, 1, "created")
        closes = kept == "close" or version == "HTTP/1.0"
        assert order["attempts"] == 1 or (site.tls and closes and order["attempts"] == 2)
