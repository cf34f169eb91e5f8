"""API recipes with the real daemon, against a server with state: whatever goes wrong, an order is exactly one line."""

import base64
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import web_server
from odoo import DATABASE, KEY, Odoo
from pumpline import until

RECIPES = Path(__file__).parents[2] / "erp-drivers/recipes"
NAMES = ["odoo-json2", "odoo-jsonrpc"]


def recipe(daemon, name, **more):
    """The shipped one, but for how long it waits."""
    path = daemon.folder / f"{name}.json"
    path.write_text(json.dumps({**json.loads((RECIPES / f"{name}.json").read_text()), "settle_s": 0, **more}))
    return str(path)


def start(daemon, odoo, name, key=KEY, **more):
    erp = {"system": "http", "recipe": recipe(daemon, name, **more), "url": odoo.url + "/", "options": {"database": DATABASE}}
    shop = daemon.add("bennys-auto", "Bennys Auto", erp, credentials={"username": "bot", "password": key},
                      retry={"first_s": 0.05, "max_s": 0.2, "give_up_after_s": 86400})
    daemon.start()
    return shop


def place(shop, uniqueid, **more):
    order = shop.order(uniqueid, **more)
    del order["username"], order["password"]
    reply = shop.call("POST", "/create", order)
    assert reply.status == 200, reply.text


@pytest.fixture
def odoo():
    with Odoo() as server:
        yield server


@pytest.fixture(params=NAMES)
def shop(daemon, odoo, request):
    return start(daemon, odoo, request.param)


def one(odoo, uniqueid):
    lines = odoo.of(uniqueid)
    assert len(lines) == 1, lines
    return lines[0]


def test_orders_become_lines(shop, odoo):
    for number, amount in enumerate(["5", "4.7", "0.25", "4"]):
        place(shop, f"oil-{number}", worksheet=str(558 + number % 3), amount=amount)
    for number, amount in enumerate(["5", "4.7", "0.25", "4"]):
        order = shop.wait(f"oil-{number}", "created")
        line = one(odoo, f"oil-{number}")
        assert line["product_uom_qty"] == float(amount) and order["erp_reference"] == str(line["id"])
        assert line["order_id"][1] == str(558 + number % 3)
    assert len(odoo.lines) == 4 and odoo.compressed


def test_refusals(shop, odoo):
    odoo.orders[1001]["locked"] = True
    place(shop, "a", worksheet="9999")
    place(shop, "b", worksheet="559")
    place(shop, "c", product="77")
    place(shop, "d", amount="5.123")
    codes = {uniqueid: shop.wait(uniqueid, "error")["reason_code"] for uniqueid in "abcd"}
    assert codes == {"a": "worksheet_not_found", "b": "worksheet_closed", "c": "product_not_found", "d": "amount_refused"}
    assert not odoo.lines


@pytest.mark.parametrize("unique", [True, False])
def test_a_lost_reply_is_looked_up(shop, odoo, unique):
    odoo.unique = unique
    odoo.lost.add("oil")
    place(shop, "oil")
    order = shop.wait("oil", "created")
    assert order["erp_reference"] == str(one(odoo, "oil")["id"]) and order["attempts"] == 2
    assert odoo.calls.count("sale.order.line/create") == 1


def test_a_repeat_that_the_erp_refuses_is_looked_up(shop, odoo):
    """A person has entered the line between the look-up and the commit."""
    hold = odoo.holds["oil"] = web_server.Hold()
    place(shop, "oil")
    hold.wait()
    del odoo.holds["oil"]
    odoo.create("sale.order.line", [{"order_id": 1000, "product_id": 1, "product_uom_qty": "5", "x_pumpline_id": "oil"}])
    hold.release()
    shop.wait("oil", "created")
    assert one(odoo, "oil")


def test_a_killed_worker_doubles_nothing(daemon, shop, odoo):
    odoo.unique = False
    hold = odoo.holds["oil"] = web_server.Hold()
    place(shop, "oil")
    hold.wait()
    del odoo.holds["oil"]
    os.kill(daemon.worker_pid(), signal.SIGKILL)
    hold.release()  # what was sent is carried out all the same
    until(lambda: odoo.of("oil"), "the line of the request that was cut off")
    shop.wait("oil", "created")
    assert one(odoo, "oil")


@pytest.mark.parametrize("method", ["search_read", "create"])
def test_an_answer_that_makes_no_sense(shop, odoo, method):
    """Before the commit it is tried again, after it the line is looked up; it is never a success."""
    odoo.unique = False
    odoo.nonsense[method] = 1
    place(shop, "oil")
    order = shop.wait("oil", "created")
    assert order["attempts"] == 2 and one(odoo, "oil")
    entry = next(entry for entry in shop.history("oil") if entry.get("reason_code"))
    assert entry["reason_code"] == "erp_failure" and "expected json" in entry["reason_text"]


def test_the_failing_exchange_is_kept(daemon, shop, odoo):
    odoo.nonsense["search_read"] = 1
    place(shop, "oil")
    shop.wait("oil", "created")
    name = next(name for entry in shop.history("oil") for name in entry.get("evidence") or [])
    reply = shop.get(f"/orders/oil/evidence/{name}")
    assert reply.status == 200 and "search_read" in reply.text and "Your application is offline" in reply.text
    assert KEY not in reply.text
    assert daemon.call("GET", f"/workshops/bennys-auto/orders/oil/evidence/{name}").text == reply.text


def test_large_evidence_by_the_control_socket(daemon, odoo):
    shop = start(daemon, odoo, "odoo-json2")
    odoo.nonsense["search_read"] = 1
    place(shop, "oil")
    shop.wait("oil", "created")
    name = next(name for entry in shop.history("oil") for name in entry.get("evidence") or [])
    target, file = f"/orders/oil/evidence/{name}", daemon.folder / "state/queues/bennys-auto/evidence" / name
    data, pid = b"\x00\xff" * (1 << 20), daemon.worker_pid()
    file.write_bytes(data)
    with ThreadPoolExecutor(16) as several:  # more than the channel holds
        replies = list(several.map(lambda _: daemon.call("GET", f"/workshops/bennys-auto{target}"), range(16)))
    assert {one.status for one in replies} <= {200, 503, 504}  # 504: a busy machine
    whole = until(lambda: [one for one in [daemon.call("GET", f"/workshops/bennys-auto{target}")] if one.status == 200], "it is there")
    assert all(one.body == data for one in replies + whole if one.status == 200) and daemon.worker_pid() == pid
    file.write_bytes(data + b"x")
    refusal = daemon.call("GET", f"/workshops/bennys-auto{target}")
    assert (refusal.status, refusal.json["code"]) == (406, "not_by_socket")
    assert shop.get(target).body == data + b"x"


def test_a_server_that_ignores_filters(shop, odoo):
    """What is found is compared on our side: 10 is not 1010, and another order's line is not ours."""
    odoo.ignores_filters = True
    for uniqueid in ("oil-1", "oil-10", "oil"):
        place(shop, uniqueid)
        shop.wait(uniqueid, "created")
        assert one(odoo, uniqueid)["product_id"][0] == 1
    assert len(odoo.lines) == 3


def test_ids_with_signs(shop, odoo):
    uniqueid = "a'b\"(c)%$\\{d}"
    odoo.orders[1000]["name"] = "9'\"(%$){x}"
    place(shop, uniqueid, worksheet="9'\"(%$){x}")
    shop.wait(uniqueid, "created")
    assert one(odoo, uniqueid)


def test_a_session_that_was_lost(daemon, odoo):
    shop = start(daemon, odoo, "odoo-jsonrpc")
    place(shop, "one")
    shop.wait("one", "created")
    odoo.denied = 1
    place(shop, "two")
    assert shop.wait("two", "created")["attempts"] == 1
    assert one(odoo, "two") and odoo.logins == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_key_parks_the_worker(daemon, odoo, name):
    shop = start(daemon, odoo, name, key="wrong-key-1234")
    place(shop, "oil")
    until(lambda: shop.get("/alive").json["worker"] == "parked", "parked")
    assert shop.get("/alive").json["worker_reason"] == "auth_failed"
    assert not odoo.lines and "wrong-key-1234" not in daemon.log.read_text()


def test_many_at_once(shop, odoo):
    for number in range(30):
        place(shop, f"oil-{number}", worksheet=str(558 + number % 5))
    for number in range(30):
        shop.wait(f"oil-{number}", "created")
    assert len(odoo.lines) == 30


def test_the_recipe_must_be_of_the_systems_kind(daemon, odoo):
    daemon.add("bennys-auto", "Bennys Auto", {"system": "webdriver", "recipe": "odoo-json2", "url": odoo.url})
    daemon.start()
    faults = daemon.integration()["faults"]
    assert [fault["pointer"] for fault in faults] == ["/erp/recipe"] and "HTTP API" in faults[0]["detail"]


# --- XML, whose library is loaded inside the sandbox

XML_RECIPE = {
    "recipe": 1, "kind": "http", "settle_s": 0, "namespaces": {"s": "urn:shop"},
    "headers": {"Authorization": "Basic {credentials.basic}", "Content-Type": "application/xml"},
    "lookup": [{"call": "find"}], "create": [],
    "commit": [{"post": "/lines", "status": 201, "xpath": {"fields": {"id": "//s:id"}}, "into": "made",
                "body": "<line xmlns=\"urn:shop\"><sheet>{order.worksheet|xml}</sheet><nr>{order.product_nr|xml}</nr>"
                        "<qty>{order.product_amount|number:,}</qty><note>{order.uniqueid|xml}</note></line>"}],
    "verify": [{"call": "find"}],
    "pieces": {"find": [
        {"get": "/lines", "xpath": {"rows": "//s:line", "fields": {"id": "@id", "nr": "s:nr", "qty": "s:qty", "note": "s:note"}}, "into": "lines"},
        {"each": "{lines}", "as": "line", "where": {"equal": ["{line.note}", "{order.uniqueid}"]}, "none": [],
         "do": [{"found": {"reference": "{line.id}", "product_nr": "{line.nr}", "amount": "{line.qty}", "number": {"decimal": ","}}}]}]},
    "errors": [{"xml": {"at": "/s:error", "present": True}, "code": "erp_rejected", "words": "no"}]}


class XmlShop(web_server.Server):
    def __init__(self):
        super().__init__(0)
        self.lines = []

    def answer(self, request):
        if request.method == "POST":
            self.lines.append(request.body.decode().replace("<line ", f"<line id=\"{len(self.lines)}\" "))
            text = f"<made xmlns=\"urn:shop\"><id>{len(self.lines) - 1}</id></made>"
        else:
            text = f"<lines>{''.join(self.lines)}</lines>"
        return web_server.reply(201 if request.method == "POST" else 200, text.encode(), ["Content-Type: application/xml"])


def test_an_erp_that_speaks_xml(daemon, tmp_path):
    path = daemon.folder / "xml.json"
    path.write_text(json.dumps(XML_RECIPE))
    with XmlShop() as server:
        shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(path), "url": server.url},
                          credentials={"username": "bot", "password": KEY})
        daemon.start()
        for uniqueid in ("a<&>'\"b", "c"):
            place(shop, uniqueid, amount="4.5")
            assert shop.wait(uniqueid, "created")["erp_reference"] == str(len(server.lines) - 1)
    assert len(server.lines) == 2 and "<qty>4,5</qty>" in server.lines[0]


# --- one order at a time, where a recipe says so

ALONE_RECIPE = {
    "recipe": 1, "kind": "http", "settle_s": 0, "one_at_a_time": True,
    "lookup": [{"call": "find"}], "create": [],
    "commit": [{"post": "/lines", "json": {"id": "{order.uniqueid}", "qty": {"$number": "{order.product_amount}"}}}],
    "verify": [{"call": "find"}],
    "pieces": {"find": [
        {"get": "/lines?id={order.uniqueid|urlencode}", "into": "lines"},
        {"each": "{lines}", "as": "line", "where": {"equal": ["{line.id}", "{order.uniqueid}"]}, "none": [],
         "do": [{"found": {"reference": "{line.id}", "product_nr": "{order.product_nr}", "amount": "{line.qty}"}}]}]}}


class SlowShop(web_server.Server):
    """Holds the first request."""

    def __init__(self):
        super().__init__(0)
        self.lines, self.asked, self.hold = {}, [], web_server.Hold()

    def answer(self, request):
        uniqueid = request.query.get("id") or request.json["id"]
        self.asked.append(uniqueid)
        if len(self.asked) == 1:
            self.hold.stay()
        if request.method == "POST":
            self.lines[uniqueid] = request.json
            return web_server.json_reply({})
        return web_server.json_reply([self.lines[uniqueid]] if uniqueid in self.lines else [])


def test_one_order_at_a_time(daemon):
    path = daemon.folder / "alone.json"
    path.write_text(json.dumps(ALONE_RECIPE))
    with SlowShop() as server:
        shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(path), "url": server.url},
                          credentials={"username": "bot", "password": KEY})
        daemon.start()
        names = [f"oil-{number}" for number in range(4)]
        for number, name in enumerate(names):
            place(shop, name, worksheet=str(558 + number))
        server.hold.wait()
        server.hold.release()
        for name in names:
            shop.wait(name, "created")
    assert [name for name, again in zip(server.asked, [None, *server.asked]) if name != again] == list(dict.fromkeys(server.asked))
    assert len(server.asked) == 12


@pytest.mark.parametrize("proven", [None, "Odoo 19.0"])
def test_the_daemon_warns_of_a_recipe_that_is_not_proven(daemon, odoo, proven):
    shop = start(daemon, odoo, "odoo-json2", proven_with=proven)
    place(shop, "oil")
    shop.wait("oil", "created")
    assert daemon.log.read_text().count("has not been tested with an ERP") == (proven is None)


# --- an ERP that shows what it was sent

class TalkativeShop(web_server.Server):
    def answer(self, request):
        sent = request.headers["authorization"]
        before = f"<html>{sent}<style>"
        text = f"{before}{(2000 - len(before) - 22) * 'x'}</style>login {SHOWN_PASSWORD}"  # is cut within the password
        return web_server.page(text, 500, ["Set-Cookie: sid=cookie-4711"])


SHOWN_PASSWORD = "Pw-7b1c-never-shown"


def test_what_an_erp_shows_of_a_login_is_kept_nowhere(daemon, tmp_path):
    path = tmp_path / "xml.json"
    path.write_text(json.dumps(XML_RECIPE))
    with TalkativeShop(0) as server:
        erp = {"system": "http", "recipe": str(path), "url": server.url + "/"}
        shop = daemon.add("bennys-auto", "Bennys Auto", erp, credentials={"username": "bot", "password": SHOWN_PASSWORD})
        daemon.start()
        place(shop, "oil")
        (name,) = until(lambda: [name for entry in shop.history("oil") for name in entry.get("evidence") or []][:1], "it is kept")
        kept = [shop.get(f"/orders/oil/evidence/{name}").text, json.dumps(shop.history("oil")), daemon.log.read_text()]
    assert "login " in kept[1] and "set-cookie" in kept[0].lower()
    basic = base64.b64encode(f"bot:{SHOWN_PASSWORD}".encode()).decode()
    assert not [text for text in kept if SHOWN_PASSWORD[:6] in text or basic[:16] in text or "cookie-4711" in text]
