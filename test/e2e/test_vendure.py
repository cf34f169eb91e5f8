"""The recipe for Vendure against a real server: equal adds merge there, so a blind repeat would double the amount."""

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import web_server

from pumpline import free_port, until

sys.path.insert(0, str(Path(__file__).parents[1] / "erp/vendure"))

from vendure import PASSWORD, USER, Vendure  # noqa: E402

RECIPE = Path(__file__).parents[2] / "erp-drivers/recipes/vendure.json"
pytestmark = pytest.mark.heavy


class Between(web_server.Server):
    """Passes requests on. `lost`: so many adds more are carried out without a reply; `hold`: the next one waits behind the server."""

    def __init__(self, to):
        super().__init__(0)
        self.to, self.lost, self.hold, self.adds = to, 0, None, 0

    def handle(self, connection, request):
        kept = {name: value for name, value in request.headers.items() if name in ("content-type", "authorization")}
        asked = urllib.request.Request(self.to + request.path.lstrip("/"), request.body, kept, method=request.method)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        if b"addItemToDraftOrder(" in request.body:
            self.adds += 1
            if self.hold:
                hold, self.hold = self.hold, None
                hold.stay()
            if self.lost:
                self.lost -= 1
                return False
        token = headers.get("vendure-auth-token")
        connection.sendall(web_server.reply(status, body, ["Content-Type: application/json", *([f"vendure-auth-token: {token}"] if token else [])]))
        return True


@pytest.fixture(scope="module")
def vendure():
    if (reason := Vendure.missing()):
        pytest.skip(reason)
    server = Vendure(free_port())
    yield server
    server.stop()


@pytest.fixture
def between(vendure):
    with Between(vendure.url) as server:
        yield server


@pytest.fixture
def shop(daemon, between):
    path = daemon.folder / "vendure.json"
    path.write_text(json.dumps({**json.loads(RECIPE.read_text()), "settle_s": 0}))
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(path), "url": between.url},
                      credentials={"username": USER, "password": PASSWORD}, retry={"first_s": 0.05, "max_s": 0.2, "give_up_after_s": 86400})
    daemon.start()
    return shop


def place(shop, uniqueid, **more):
    order = shop.order(uniqueid, **more)
    del order["username"], order["password"]
    assert shop.call("POST", "/create", order).status == 200


def one(vendure, uniqueid):
    lines = vendure.of(uniqueid)
    assert len(lines) == 1, lines
    return lines[0]


def test_orders_become_lines(shop, vendure):
    for number in range(10):
        place(shop, f"a-{number}", worksheet=str(558 + number % 5), amount=str(number + 1))
    for number in range(10):
        order, line = shop.wait(f"a-{number}", "created"), one(vendure, f"a-{number}")
        assert (line["quantity"], line["worksheet"], line["productVariant"]["sku"]) == (number + 1, str(558 + number % 5), "10")
        assert order["erp_reference"] == line["id"]


@pytest.mark.parametrize("change,code", [
    ({"worksheet": "none"}, "worksheet_not_found"), ({"product": "11"}, "product_not_found"), ({"amount": "4.5"}, "amount_refused")])
def test_refusals(shop, vendure, change, code):
    place(shop, f"refused-{code}", **change)
    order = shop.wait(f"refused-{code}", "error")
    assert order["reason_code"] == code and not vendure.of(f"refused-{code}"), order


@pytest.mark.parametrize("worksheet,query,said", [
    ("560", "product_nr=10&product_amount=5", ("open", "found", "accepted")), ("560", "product_nr=11&product_amount=5", ("open", "not_found", "unknown")),
    ("560", "product_nr=10&product_amount=4.5", ("open", "found", "refused")), ("none", "product_nr=10", ("not_found", "unknown", None)),
    ("closed", "product_nr=10", ("closed", "unknown", None))])
def test_before_anybody_pumps(shop, vendure, worksheet, query, said):
    before = vendure.lines()
    answer = shop.get(f"/worksheets/{worksheet}?{query}").json
    assert (answer["state"], answer["product"]["state"], answer["amount"] and answer["amount"]["state"]) == said, answer
    assert answer["product"]["name"] == ("Oil 10" if said[1] == "found" else None) and vendure.lines() == before


def test_a_lost_reply_doubles_no_amount(shop, vendure, between):
    between.lost = 1
    place(shop, "lost", amount="5")
    assert shop.wait("lost", "created")["attempts"] == 2
    assert one(vendure, "lost")["quantity"] == 5 and between.adds == 1


def test_a_killed_worker_doubles_no_amount(daemon, shop, vendure, between):
    hold = between.hold = web_server.Hold()
    place(shop, "killed", amount="5")
    hold.wait()
    os.kill(daemon.worker_pid(), signal.SIGKILL)
    hold.release()
    until(lambda: vendure.of("killed"), "the line of the request that was cut off")
    shop.wait("killed", "created")
    assert one(vendure, "killed")["quantity"] == 5 and between.adds == 1


def test_a_wrong_password_parks_the_worker(daemon, between):
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(RECIPE), "url": between.url},
                      credentials={"username": USER, "password": "not-the-password"})
    daemon.start()
    place(shop, "oil")
    until(lambda: shop.get("/alive").json["worker"] == "parked", "parked")
    assert shop.get("/alive").json["worker_reason"] == "auth_failed"
