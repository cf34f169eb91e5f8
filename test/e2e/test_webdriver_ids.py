"""Similar ids, foreign lines and two lines of one id, in the old shop through a real Chromium."""

import json

import oldshop
import pytest
from webshop import IDS, NEEDS_CHROMIUM, SHORT_FORM, Site, one_line, quick

pytestmark = NEEDS_CHROMIUM

BLANKS = ["H  x", "H\u00a0x"]  # not shown by a page's text, or only partly


OWN = {"text": {"of": "td:nth-child(5)", "is": "{order.uniqueid}"}}


def by(folder, comparison):
    """The quick recipe, which types the remark here, with another comparison of it. test_webdriver fills in the usual form with such ids."""
    path = quick(folder, create=[{"goto": SHORT_FORM}, {"type": "{order.uniqueid}", "into": {"name": "remark"}}])
    text = path.read_text()
    assert text.count(json.dumps(OWN)) == 1
    path.write_text(text.replace(json.dumps(OWN), json.dumps(comparison)))
    return path


@pytest.fixture(scope="module")
def shared_recipe(tmp_path_factory):
    return by(tmp_path_factory.mktemp("recipe"), OWN)


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


# With recipes of their own. They come first: once the shared workshop has its browser, `driver` would wait for that to be gone.


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


# With one workshop and browser for all, which use different orders.


def test_no_order_takes_the_line_of_another(shared_site, shared_old):
    refused(shared_site, shared_old, BLANKS[:1], "two consecutive spaces")
    refused(shared_site, shared_old, BLANKS[1:], "which a page may not show")
    each_its_own(shared_site, shared_old, [*IDS, "[oil-1]", "a] [b"])


def test_lines_of_others(shared_site, shared_old):
    """Of programs that accept any id, in an ERP that finds them all."""
    site, old = shared_site, shared_old
    before = len(old.worksheets["558"]["lines"])
    old.finds_all = True
    old.add_line("J  x")
    old.add_line("J x and more")
    assert site.create("J x")["erp_reference"] == f"558/{before + 3}"
    old.add_line("K\u00a0x")
    code, text = site.refuse("K x")
    assert code == "outcome_unknown" and 'which may be "K x" or another' in text, text
    old.delete_line("558", before + 4)
    assert site.shop.put("/orders/K x/retry".replace(" ", "%20")).status == 200
    site.wait("K x", "created")
    assert old.saves == 2


def test_what_is_seen_is_not_all_that_is_there(shared_site, shared_old):
    shared_old.remark_as = "<i style='display: none'>0 </i>{}"
    shared_old.add_line("seen")
    code, text = shared_site.refuse("seen")
    assert code == "outcome_unknown" and 'holds "0 seen" and shows "seen"' in text, text
    assert shared_old.saves == 0


# --- two lines with one id


@pytest.mark.parametrize("stored", [False, True], ids=["found before", "read back"])
def test_two_lines_of_one_id(shared_site, shared_old, stored):
    """A person deletes one and retries."""
    site, old, twice = shared_site, shared_old, f"twice-{stored}"
    first, second = (f"{number}/{len(old.worksheets[number]['lines']) + 1}" for number in ("558", "559"))
    if stored:
        held = old.hold("saved")
        site.place(twice)
        held.wait()
        old.add_line(twice, "559")
        held.release()
    else:
        old.add_line(twice)
        old.add_line(twice, "559")
        site.place(twice)
    order = site.wait(twice, "error")
    assert order["reason_code"] == "outcome_unknown"
    assert order["reason_text"].startswith(f"the line exists twice: {first} and {second}; delete one, then retry [evidence/")
    old.delete_line("559", int(second.split("/")[1]))
    assert site.shop.put(f"/orders/{twice}/retry").status == 200
    assert site.wait(twice, "created")["erp_reference"] == first
    assert len(old.lines(twice)) == 1 and old.saves == stored
