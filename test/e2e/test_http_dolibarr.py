"""The recipe for Dolibarr with the real daemon, against a server with state."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest
import web_server
from dolibarr import KEY, Dolibarr

from pumpline import until

RECIPE = Path(__file__).parents[2] / "erp-drivers/recipes/dolibarr.json"


@pytest.fixture
def erp():
    with Dolibarr() as server:
        yield server


@pytest.fixture
def shop(daemon, erp):
    path = daemon.folder / "dolibarr.json"
    path.write_text(json.dumps({**json.loads(RECIPE.read_text()), "settle_s": 0}))
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(path), "url": erp.url},
                      credentials={"username": "bot", "password": KEY}, retry={"first_s": 0.05, "max_s": 0.2, "give_up_after_s": 86400})
    daemon.start()
    return shop


def place(shop, uniqueid, **more):
    order = shop.order(uniqueid, **more)
    del order["username"], order["password"]
    return shop.call("POST", "/create", order).status


def one(erp, uniqueid):
    lines = erp.of(uniqueid)
    assert len(lines) == 1, lines
    return lines[0]


def test_orders_become_lines_with_the_products_price(shop, erp):
    for number, amount in enumerate(["5", "4.7", "5.123"]):
        place(shop, f"oil-{number}", worksheet=str(558 + number), amount=amount)
        assert shop.wait(f"oil-{number}", "created")["erp_reference"] == one(erp, f"oil-{number}")["id"]
        line = one(erp, f"oil-{number}")
        assert (line["qty"], line["subprice"], line["tva_tx"]) == (amount, "89.5", "25")


@pytest.mark.parametrize("unique", [True, False])
def test_one_order_from_ten_at_once_is_one_line(shop, erp, unique):
    erp.unique = unique
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(place(shop, "oil"))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 10
    shop.wait("oil", "created")
    assert one(erp, "oil") and erp.adds == 1


@pytest.mark.parametrize("unique", [True, False])
def test_ten_orders_at_once_on_one_worksheet(shop, erp, unique):
    erp.unique = unique
    for number in range(10):
        place(shop, f"oil-{number}")
    for number in range(10):
        shop.wait(f"oil-{number}", "created")
        assert one(erp, f"oil-{number}")


@pytest.mark.parametrize("unique", [True, False])
def test_a_request_that_was_cut_off_after_sending(shop, erp, unique):
    erp.unique = unique
    erp.lost.add("oil")
    place(shop, "oil")
    assert shop.wait("oil", "created")["attempts"] == 2
    assert one(erp, "oil") and erp.adds == 1


@pytest.mark.parametrize("unique", [True, False])
def test_a_restart_in_mid_order(daemon, shop, erp, unique):
    erp.unique = unique
    hold = erp.holds["oil"] = web_server.Hold()
    place(shop, "oil")
    hold.wait()
    del erp.holds["oil"]
    os.kill(daemon.worker_pid(), signal.SIGKILL)
    hold.release()
    until(lambda: erp.of("oil"), "the line of the request that was cut off")
    shop.wait("oil", "created")
    assert one(erp, "oil")


def test_a_deadlock_is_tried_again(shop, erp):
    erp.deadlocks = 1
    place(shop, "oil")
    assert shop.wait("oil", "created")["attempts"] == 2
    assert one(erp, "oil")


def test_a_validated_order_is_closed(shop, erp):
    erp.orders["1"]["statut"] = "1"
    place(shop, "oil")
    assert shop.wait("oil", "error")["reason_code"] == "worksheet_closed" and not erp.lines
