"""Similar ids, foreign lines and two lines of one id, in the old shop through a real Chromium."""

import json

import oldshop
import pytest
from webshop import NEEDS_CHROMIUM, RECIPE, Site, one_line

pytestmark = NEEDS_CHROMIUM


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
