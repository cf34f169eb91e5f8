"""The recipe for Medusa against a real server and a real PostgreSQL, in a run of its own: test/run.sh --all.

A line takes three requests there: whatever is lost or dies between them, there is one line, and no edit stays open.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import web_server

from pumpline import BUILD, free_port, until

sys.path.insert(0, str(Path(__file__).parents[1] / "erp/medusa"))

from medusa import PASSWORD, USER, Medusa  # noqa: E402

RECIPE = Path(__file__).parents[2] / "erp-drivers/recipes/medusa.json"
STEPS = ("edit", "item", "confirm")
SLOW_S = 300  # a line takes a second or more there, ten at once ten times that
pytestmark = [pytest.mark.heavy, pytest.mark.by_itself]


def step_of(request):
    """Which of the three requests around the commit it is, or "take back"; None: it changes nothing."""
    place = request.place.rstrip("/")
    if request.method == "DELETE":
        return "take back"
    ends = {"/admin/order-edits": "edit", "/edit/items": "item", "/edit/confirm": "confirm"}
    return next((step for end, step in ends.items() if request.method == "POST" and place.endswith(end)), None)


class Between(web_server.Server):
    """Passes requests on. `lost`: the step whose next request is carried out without a reply; `hold`: by step, waits behind the server."""

    def __init__(self, to):
        super().__init__(0)
        self.to, self.lost, self.hold, self.steps = to, None, {}, []

    def handle(self, connection, request):
        kept = {name: value for name, value in request.headers.items() if name in ("content-type", "authorization")}
        asked = urllib.request.Request(self.to + request.path.lstrip("/"), request.body or None, kept, method=request.method)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        except OSError:
            return False
        step = step_of(request)
        if step:
            self.steps.append(step)
            if step in self.hold:
                self.hold.pop(step).stay()
            if step == self.lost:
                self.lost = None
                return False
        connection.sendall(web_server.reply(status, body, ["Content-Type: application/json; charset=utf-8"]))
        return True


@pytest.fixture(scope="module")
def medusa(tmp_path_factory):
    if (reason := Medusa.missing()):
        pytest.skip(reason)
    server = Medusa(free_port(), free_port(), tmp_path_factory.mktemp("medusa") / "server")
    yield server
    server.stop()


@pytest.fixture
def between(medusa):
    with Between(medusa.url) as server:
        yield server


@pytest.fixture
def shop(daemon, between):
    path = daemon.folder / "medusa.json"
    path.write_text(json.dumps({**json.loads(RECIPE.read_text()), "settle_s": 0}))
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(path), "url": between.url},
                      credentials={"username": USER, "password": PASSWORD}, retry={"first_s": 0.05, "max_s": 0.2, "give_up_after_s": 86400})
    daemon.start()
    return shop


def place(shop, uniqueid, **more):
    order = shop.order(uniqueid, **more)
    del order["username"], order["password"]
    return shop.call("POST", "/create", order).status


def one(medusa, uniqueid):
    """Its line; no edit was left open."""
    lines = medusa.of(uniqueid)
    assert len(lines) == 1 and medusa.open_edits() == [], (lines, medusa.open_edits())
    return lines[0]


def test_ten_orders_at_once_become_lines_with_price_and_tax(shop, medusa):
    orders = {f"a-{number}": ("558" if number < 6 else "559", amount) for number, amount in
              enumerate(["5", "4.7", "5.123", "1", "1.5", "12", "5", "4.7", "5.123", "1.000001"])}
    threads = [threading.Thread(target=place, args=(shop, uniqueid), kwargs={"worksheet": worksheet, "amount": amount})
               for uniqueid, (worksheet, amount) in orders.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = {uniqueid: shop.wait(uniqueid, "created", SLOW_S) for uniqueid in orders}
    for uniqueid, (worksheet, amount) in orders.items():
        order, line = ended[uniqueid], one(medusa, uniqueid)
        assert (line["worksheet"], line["variant_sku"], line["quantity"]) == (worksheet, "10", float(amount))
        assert (line["unit_price"], [tax["rate"] for tax in line["tax_lines"]]) == (12.5, [19]) and order["erp_reference"] == line["id"]


def test_one_order_from_ten_at_once_and_once_more_is_one_line(shop, medusa, between):
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(place(shop, "oil"))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.wait("oil", "created", SLOW_S)
    assert place(shop, "oil") == 200 and statuses == [200] * 10
    assert one(medusa, "oil") and between.steps == list(STEPS)


@pytest.mark.parametrize("change,code", [
    ({"worksheet": "55"}, "worksheet_not_found"), ({"worksheet": "566"}, "worksheet_closed"), ({"product": "101"}, "product_not_found"),
    ({"product": "11"}, "product_not_found"), ({"product": "12"}, "erp_rejected"), ({"amount": "0.5"}, "amount_refused")])
def test_refusals_leave_no_edit_open(shop, medusa, change, code):
    uniqueid = "refused-" + "-".join([*change, *change.values()])
    place(shop, uniqueid, **change)
    order = shop.wait(uniqueid, "error")
    assert order["reason_code"] == code and not medusa.of(uniqueid) and not medusa.open_edits(), order


@pytest.mark.parametrize("worksheet,query,said", [
    ("560", "product_nr=10&product_amount=5.5", ("open", "found", "accepted")), ("560", "product_nr=101", ("open", "not_found", None)),
    ("560", "product_nr=10&product_amount=0.5", ("open", "found", "refused")),
    ("55", "product_nr=10", ("not_found", "unknown", None)), ("566", "product_nr=10", ("closed", "unknown", None))])
def test_before_anybody_pumps(shop, medusa, between, worksheet, query, said):
    answer = shop.get(f"/worksheets/{worksheet}?{query}").json
    assert (answer["state"], answer["product"]["state"], answer["amount"] and answer["amount"]["state"]) == said, answer
    assert answer["product"]["name"] == ("Oil 10" if said[1] == "found" else None) and not between.steps


@pytest.mark.parametrize("step", STEPS)
def test_a_request_that_was_cut_off_after_sending(shop, medusa, between, step):
    between.lost = step
    place(shop, f"lost-{step}", worksheet="561")
    assert shop.wait(f"lost-{step}", "created", SLOW_S)["attempts"] == 2
    assert one(medusa, f"lost-{step}") and between.steps.count("confirm") == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_in_mid_order_knows_its_own_edit(daemon, shop, medusa, between, step):
    hold = between.hold[step] = web_server.Hold()
    place(shop, f"killed-{step}", worksheet="562")
    hold.wait()
    os.kill(daemon.worker_pid(), signal.SIGKILL)
    hold.release()
    shop.wait(f"killed-{step}", "created", SLOW_S)
    assert one(medusa, f"killed-{step}") and between.steps.count("confirm") == 1
    assert between.steps.count("take back") == (0 if step == "confirm" else 1)


def test_a_server_restarted_in_mid_order(shop, medusa, between):
    hold = between.hold["item"] = web_server.Hold()
    place(shop, "restart", worksheet="563")
    hold.wait()
    medusa.kill()
    hold.release()
    medusa.start()
    shop.wait("restart", "created", SLOW_S)
    assert one(medusa, "restart") and between.steps.count("confirm") == 1


def test_somebody_elses_edit_is_left_alone(shop, medusa):
    edit = f"admin/draft-orders/{medusa.orders[6]}/edit"  # worksheet 564
    medusa.ask("POST", edit)
    place(shop, "patient", worksheet="564")
    until(lambda: "worksheet_locked" in [entry.get("reason_code") for entry in shop.history("patient")], "it waits for the other edit")
    assert medusa.open_edits() == [None] and not medusa.of("patient")
    medusa.ask("DELETE", edit)
    shop.wait("patient", "created", SLOW_S)
    one(medusa, "patient")


def test_a_draft_that_became_an_order_keeps_its_line(shop, medusa, between):
    between.lost = "confirm"
    hold = between.hold["confirm"] = web_server.Hold()
    place(shop, "placed", worksheet="565")
    hold.wait()
    medusa.ask("POST", f"admin/draft-orders/{medusa.orders[7]}/convert-to-order")
    hold.release()
    assert shop.wait("placed", "created", SLOW_S)["erp_reference"] == one(medusa, "placed")["id"]


def test_a_dry_run_leaves_no_edit_open(daemon, shop, medusa, between):
    order = json.dumps({"worksheet": "564", "product_nr": "10", "product_amount": "5", "uniqueid": "try"})
    done = subprocess.run([BUILD / "pumplinectl", "recipe", "run", daemon.folder / "medusa.json", "--config", daemon.config, "--workshop", "Bennys Auto",
                           "--order", order, "--folder", daemon.folder / "run"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "stopped before commit\n" in done.stdout, done
    assert between.steps == ["edit", "take back"] and not medusa.open_edits() and not medusa.of("try")


def test_a_wrong_password_parks_the_worker(daemon, between):
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(RECIPE), "url": between.url},
                      credentials={"username": USER, "password": "not-the-password"})
    daemon.start()
    place(shop, "parked")
    until(lambda: shop.get("/alive").json["worker"] == "parked", "parked")
    assert shop.get("/alive").json["worker_reason"] == "auth_failed"
