"""A hostile or broken WebDriver server (test/hostile/webdriver.py), once at each step of an order. Every attempt ends with
its reason, each line is saved once, and the worker's memory stays bounded."""

import json
import sys
from pathlib import Path

import pytest

from pumpline import SECRET, Daemon, free_port, until

sys.path.insert(0, str(Path(__file__).parents[1] / "hostile"))

import webdriver as hostile  # noqa: E402
from test_hostile_erp import peak_mib  # noqa: E402
from webshop import SANITIZED  # noqa: E402

MEMORY_MIB = 64
LESS = {"arrays": hostile.arrays(50000), "text": hostile.letters(300000), "long error": hostile.message(300000)}
KINDS = {**hostile.KINDS, **(LESS if SANITIZED else {})}  # megabytes take long there
PERSON = {"ui_changed", "outcome_unknown"}  # reasons after which a person checks and retries
REASONS = PERSON | {"browser_failure", "erp_failure", "erp_busy", None}
ORDERS = ["o1", "o2"]


def slug(kind):
    return kind.replace(" ", "-")


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("webdriver")
    (folder / "recipe.json").write_text(json.dumps(hostile.RECIPE))
    daemon = Daemon(folder / "pumpline")
    daemon.servers, daemon.shops = {}, {}
    for kind, reply in KINDS.items():
        server = daemon.servers[kind] = hostile.Hostile(free_port(), reply)
        daemon.shops[kind] = daemon.add(
            slug(kind), slug(kind), {"system": "webdriver", "recipe": str(folder / "recipe.json"), "timeout_s": 20,
                                     "url": "http://127.0.0.1:1/", "webdriver_url": f"http://127.0.0.1:{server.port}"},
            retry={"first_s": 0.05, "max_s": 0.2, "give_up_after_s": 3600}, credentials={"username": "u", "password": SECRET})
    try:
        daemon.start()
        daemon.pids = {kind: daemon.worker_pid(slug(kind)) for kind in daemon.shops}
        for shop in daemon.shops.values():
            for uniqueid in ORDERS:
                shop.place(uniqueid)
        until(lambda: all(is_over(shop) for shop in daemon.shops.values()), "all orders have ended", 200)
        daemon.peaks = {kind: peak_mib(pid) for kind, pid in daemon.pids.items()}
        yield daemon
    finally:
        daemon.stop()
        for server in daemon.servers.values():
            server.stop()


def is_over(shop):
    now = shop.get("/alive").json
    if now["worker"] == "parked":
        shop.put("/start_worker")
    for order in shop.get("/orders?status=error").json["orders"]:
        assert order["reason_code"] in PERSON, (order["reason_code"], order["reason_text"])
        shop.put(f"/orders/{order['uniqueid']}/retry")
    return now["orders"]["created"] == len(ORDERS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_line_is_saved_once(scene, kind):
    server, shop = scene.servers[kind], scene.shops[kind]
    assert sorted(server.saves) == ORDERS
    assert server.strange == [], "an id has become a path"
    assert len(server.places) > 15, server.places
    for uniqueid in ORDERS:
        assert {entry.get("reason_code") for entry in shop.history(uniqueid)} <= REASONS


def test_no_worker_has_died_or_grown(scene):
    print("VmHWM in MiB:", scene.peaks)
    assert {kind: scene.worker_pid(slug(kind)) for kind in scene.shops} == scene.pids
    assert SANITIZED or max(scene.peaks.values()) < MEMORY_MIB
    assert SECRET not in scene.log.read_text()
