"""No two orders are created as one line: an ERP that returns the same reference twice.

The file driver makes references from the uniqueid; unit-worker-delivery_references_test covers the guard there.
"""

import oldshop
import pytest

from pumpline import until
from test_drain import SlowErp
from webshop import NEEDS_CHROMIUM, ORDER_S, Site, one_line, quick


def assert_doubtful(shop, order, reference, other):
    assert order["reason_code"] == "outcome_unknown" and order["erp_reference"] is None
    assert f'line {reference} already belongs to order "{other}"' in order["reason_text"]
    entry = shop.history(order["uniqueid"])[-1]
    assert (entry["status"], entry["reason_code"]) == ("error", "outcome_unknown")
    assert shop.state(other)["status"] == "created" and shop.state(other)["erp_reference"] == reference


@pytest.fixture
def erp(tmp_path):
    one = SlowErp(tmp_path / "erp")
    yield one
    one.end()


def test_tryton_restored_from_before(daemon, erp):
    bennys = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": erp.url})
    daemon.start()
    bennys.place("H  x")
    assert bennys.wait("H  x", "created")["erp_reference"] == "1"
    erp.end()
    (erp.folder / "record.jsonl").unlink()
    erp.start()
    bennys.place("H x", amount="7")
    assert_doubtful(bennys, bennys.wait("H x", "error"), "1", "H  x")
    assert erp.notes() == ["H x"]  # the first order's line is lost
    daemon.kill()
    until(lambda: not bennys.up(), "the worker has gone")
    daemon.start()
    assert bennys.put("/orders/H%20x/retry").status == 200
    assert_doubtful(bennys, bennys.wait("H x", "error"), "1", "H  x")
    assert bennys.put("/orders/H%20x/resolve", {"note": "it is there"}).status == 200
    assert bennys.state("H x")["erp_reference"] is None
    bennys.place("next")
    assert bennys.wait("next", "created")["erp_reference"] == "2"


def test_another_tryton(daemon, erp, tmp_path):
    """Its lines are also numbered from one, without being taken for another workshop's."""
    bennys = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": erp.url})
    daemon.start()
    bennys.place("first")
    bennys.wait("first", "created")
    daemon.stop()
    other = SlowErp(tmp_path / "other")
    try:
        path = daemon.folder / "workshops.d" / "bennys-auto.json"
        path.write_text(path.read_text().replace(erp.url, other.url))
        daemon.start()
        bennys.place("second")
        assert bennys.wait("second", "created")["erp_reference"] == "1"
    finally:
        daemon.stop()
        other.end()


@NEEDS_CHROMIUM
def test_a_web_page_that_numbers_from_one_again(driver, old, daemon, tmp_path):
    site = Site(daemon, driver.url, quick(tmp_path), old.url, oldshop.USER, oldshop.PASSWORD)
    assert site.create("oil-1")["erp_reference"] == "558/1"
    with old.lock:
        old.worksheets["558"]["lines"].clear()
    site.place("oil-2")
    site.shop.wait("oil-2", "error", ORDER_S)
    assert_doubtful(site.shop, site.shop.state("oil-2"), "558/1", "oil-1")
    one_line(old, "oil-2")
