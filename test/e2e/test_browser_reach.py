"""What a page can connect to: the ERP's host and the configured ones; and what is logged about the browser's requests."""

import re

import browser
import oldshop
import pytest
from pumpline import free_port, until
from test_webdriver_verbs import PREFERENCE
from web_server import Server, page
from webshop import NEEDS_CHROMIUM, ORDER_S, QUICK, Site, one_line, with_changes

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def elsewhere():
    """Another server, which counts its requests."""
    def answer(request):
        server.seen.append(request.path)
        return page("<h1 id=elsewhere>Elsewhere</h1>")

    with Server(free_port(), answer) as server:
        server.seen = []
        yield server


def leads_to(elsewhere, tmp_path, *steps, **more):
    """A recipe of the old shop that visits a page of another server before it creates a line."""
    there = {"goto": f"http://localhost:{elsewhere.port}/there?key=hidden"}
    return with_changes(tmp_path, **{**QUICK, "create": [there, {"wait": {"visible": "#elsewhere"}}, *steps, *QUICK["create"]], **more})


def site_of(daemon, driver, old, recipe, **more):
    return Site(daemon, driver.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD, **more)


def test_another_host_is_refused(driver, old, daemon, elsewhere, tmp_path):
    site = site_of(daemon, driver, old, leads_to(elsewhere, tmp_path))
    site.place("oil")

    def refused():
        return [entry for entry in site.shop.history("oil") if entry.get("reason_code") == "erp_unreachable"]

    until(refused, "the browser was told no", ORDER_S)
    assert "ERR_SOCKS_CONNECTION_FAILED" in refused()[0]["reason_text"]
    assert elsewhere.seen == [] and old.saves == 0


def test_a_named_host_is_reached(driver, old, daemon, elsewhere, tmp_path):
    """In all of Chromium, since its shell has no preferences: the page there is as large as one of the workshop says."""
    whole = {"arguments": browser.ROOT_ARGUMENTS, "hosts": [f"localhost:{elsewhere.port}"],
             "preferences": {"webkit.webprefs.default_font_size": 23}}
    site = site_of(daemon, driver, old, leads_to(elsewhere, tmp_path, PREFERENCE), browser=whole)
    site.create("oil")
    one_line(old, "oil")
    assert "/there?key=hidden" in elsewhere.seen


def test_the_requests_are_kept_with_the_evidence(driver, old, daemon, elsewhere, tmp_path):
    recipe = leads_to(elsewhere, tmp_path, browser={"hosts": [f"localhost:{elsewhere.port}"]},
                      commit=[{"click": "#nothing", "timeout_s": 1}, {"wait": {"text": "never"}}])
    site = site_of(daemon, driver, old, recipe)
    assert site.refuse("oil")[0] == "ui_changed"
    names = [name for entry in site.shop.history("oil") for name in entry.get("evidence", [])]
    name = next(name for name in names if name.endswith(".txt"))
    reply = site.shop.call("GET", f"/orders/oil/evidence/{name}")
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/plain")
    assert re.search(r"(?m)^ *\d+\.\d{3} s  GET /there -> 200$", reply.text), reply.text
    assert re.search(r"(?m)^ *\d+\.\d{3} s  POST /login -> \d{3}$", reply.text), reply.text
    assert "hidden" not in reply.text and oldshop.PASSWORD not in reply.text
