"""Product mapping and implausible amounts, as a client and an importer see them."""

import json

import pytest

from pumpline import until

PRODUCTS = {"10": {"erp_product": "OIL-5W30", "factor": "0.01", "decimals": 2, "max_amount": "5000"},
            "11": {"factor": "0.1", "decimals": 1, "rounding": "half_up"}}


def line(shop, uniqueid):
    values = json.loads((shop.lines / f"{uniqueid}.json").read_text())
    return values["product_nr"], values["product_amount"]


def erp(order):
    return order["erp_product"], order["erp_amount"]


@pytest.fixture
def shop(daemon):
    workshop = daemon.add_file(products=PRODUCTS, max_amount="100")
    daemon.start()
    return workshop


def test_the_line_holds_what_the_number_is_mapped_to(shop):
    shop.place("m1", product="10", amount="5")
    order = shop.wait("m1", "created")
    assert (order["product_nr"], order["product_amount"], *erp(order)) == ("10", "5", "OIL-5W30", "0.05")
    assert line(shop, "m1") == ("OIL-5W30", "0.05")
    assert shop.place("m1", product="10", amount="5.0")["duplicate"] is True


def test_a_rounded_amount_is_in_the_history(shop):
    shop.place("m2", product="11", amount="5.55")
    assert erp(shop.wait("m2", "created")) == (None, "0.6")
    assert line(shop, "m2") == ("11", "0.6")
    assert [entry["note"] for entry in shop.history("m2") if entry["note"]] == ["the amount 5.55 × 0.1 = 0.555 was rounded to 0.6"]


def test_the_rules_refuse_before_the_erp_is_asked(daemon, shop):
    for uniqueid, product, amount, code in (("r1", "99", "1", "product_unmapped"), ("r2", "11", "100.01", "amount_implausible"),
                                            ("r3", "10", "5000.1", "amount_implausible"), ("r4", "10", "1.5", "amount_refused")):
        shop.place(uniqueid, worksheet=uniqueid, product=product, amount=amount)
        order = shop.wait(uniqueid, "error")
        assert (order["reason_code"], *erp(order)) == (code, None, None)
    assert list(shop.lines.iterdir()) == []
    until(lambda: daemon.integration()["orders"]["error"] == 4, "the daemon knows of them")
    assert shop.get("/alive").json["worker"] == "running"


def test_a_person_confirms_an_amount(shop):
    shop.place("c1", product="11", amount="1000")
    assert shop.wait("c1", "error")["reason_code"] == "amount_implausible"
    assert shop.put("/orders/c1/retry", {"confirm": "yes"}).json["fields"] == ["confirm"]
    assert shop.put("/orders/c1/retry", {"confirm": True}).status == 200
    assert erp(shop.wait("c1", "created")) == (None, "100")


def test_a_changed_mapping_neither_doubles_nor_mixes(daemon, shop):
    """The folder is away during the first attempt; then the mapping is another one."""
    away = shop.lines.with_name("away")
    shop.lines.rename(away)
    shop.place("x1", product="10", amount="7")
    until(lambda: shop.state("x1")["reason_code"] == "erp_unreachable", "the first attempt has failed")
    file = daemon.folder / "workshops.d/bennys-auto.json"
    document = json.loads(file.read_text())
    document["products"]["10"] = {"erp_product": "OTHER", "factor": "3"}
    file.write_text(json.dumps(document))
    assert daemon.call("PUT", "/reload").json["changed"] == ["bennys-auto"]
    until(shop.up, "it serves again")
    shop.place("x2", worksheet="other", product="10", amount="7")
    away.rename(shop.lines)
    assert erp(shop.wait("x1", "created")) == ("OIL-5W30", "0.07")
    assert line(shop, "x1") == ("OIL-5W30", "0.07")
    shop.wait("x2", "created")
    assert line(shop, "x2") in (("OTHER", "21"), ("OIL-5W30", "0.07"))
