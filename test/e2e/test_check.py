"""Before anybody pumps: GET /worksheets/{worksheet} asks the ERP, changes nothing in it and is in no order's way.

What else asks the real Tryton without placing an order is here too, so that it is started once: tests of the connection, and
reconciliation with lines that people have deleted or changed.
"""

import os
import signal
import time

from odoo import DATABASE, KEY, Odoo
from test_reconcile import begin, result
from test_trial import tried
from tryton_seed import BOT, CUSTOMER, PROCESSING
from web_server import Hold

from pumpline import until

CREDENTIALS = {"username": BOT[0], "password": BOT[1]}


def check(shop, worksheet, query=""):
    """Asks again as long as the ERP takes too long for one question."""
    def asked():
        reply = shop.get(f"/worksheets/{worksheet}{query}")
        assert reply.status in (200, 504), reply.text
        return reply.status == 200 and reply.json

    return until(asked, f"{worksheet} is checked")


def test_parameters(bennys):
    for query, field in (("?product=10", "product"), ("?product_nr=10&product_amount=-1", "product_amount"),
                         ("?product_amount=5", "product_amount"), ("?product_nr=" + 129 * "x", "product_nr")):
        reply = bennys.get("/worksheets/558" + query)
        assert reply.status == 400 and reply.json["fields"] == [field], reply.text
    assert bennys.get("/worksheets/558?product=10").json["code"] == "unknown_parameter"
    assert bennys.call("POST", "/worksheets/558").status == 405


def test_without_a_list_nothing_is_known(bennys):
    answer = check(bennys, "558", "?product_nr=10&product_amount=5")
    assert answer.pop("checked_at").endswith("Z") and answer.pop("text")
    assert answer == {"worksheet": "558", "state": "unknown", "title": None,
                      "product": {"state": "unknown", "name": None, "unit": None}, "amount": {"state": "unknown", "text": ""}}


def test_a_list_of_open_worksheets(daemon):
    shop = daemon.add_file(erp={"worksheets": "open.txt"})
    daemon.start()
    assert check(shop, "558")["state"] == "unknown"
    (shop.lines / "open.txt").write_text("557\n558\tHansen, Volvo V70\n")
    answer = until(lambda: (said := check(shop, "558"))["state"] == "open" and said, "the list is read")
    assert answer["title"] == "Hansen, Volvo V70" and answer["product"] is None and answer["amount"] is None
    assert check(shop, "559")["state"] == "not_found"
    shop.put("/stop_worker")
    reply = shop.get("/worksheets/557")
    assert (reply.status, reply.json["code"]) == (503, "worker_stopped")


def place(shop, uniqueid, worksheet="558"):
    """As the workshop's configured user."""
    order = shop.order(uniqueid, worksheet)
    del order["username"], order["password"]
    assert shop.call("POST", "/create", order).status == 200


def checks_of(shop):
    """What the real server says, by the driver in C and by the recipe alike."""
    answer = check(shop, "558", "?product_nr=10&product_amount=4.7")
    assert (answer["state"], answer["title"], answer["text"]) == ("open", CUSTOMER, "")
    assert answer["product"]["state"] == "found" and answer["product"]["unit"] == "l" and answer["product"]["name"]
    assert answer["amount"] == {"state": "accepted", "text": ""}
    assert check(shop, PROCESSING)["state"] == "closed"
    assert check(shop, "99558")["state"] == "not_found"
    answer = check(shop, "558", "?product_nr=1010")
    assert answer["state"] == "open" and answer["product"]["state"] == "not_found" and answer["amount"] is None
    answer = check(shop, "558", "?product_nr=10&product_amount=5.123")
    assert answer["amount"]["state"] == "refused" and "2 digits" in answer["amount"]["text"]


def test_tryton(daemon, shared_tryton):
    tryton = shared_tryton
    tryton.expire_sessions()
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": tryton.url}, credentials=CREDENTIALS,
                      retry={"first_s": 1, "max_s": 1})
    other = daemon.add("carls-cars", "Carls Cars", {"system": "http", "recipe": "tryton", "url": tryton.url},
                       credentials=CREDENTIALS)
    daemon.start()
    before = tryton.all_lines(), tryton.sales("558")
    for one in (shop, other):
        checks_of(one)
    routed = daemon.call("GET", "/workshops/bennys-auto/worksheets/558")
    assert routed.status == 200 and routed.json["state"] == "open"
    assert (tryton.all_lines(), tryton.sales("558")) == before
    place(shop, "after-checks")
    shop.wait("after-checks", "created")
    assert tryton.sessions(BOT[0]) == 2, "one login of each workshop, for questions and orders alike"

    os.kill(tryton.process.pid, signal.SIGSTOP)
    asked = time.monotonic()
    reply = shop.get("/worksheets/558?product_nr=10")
    assert reply.status == 504 and time.monotonic() - asked < 30, reply.text
    os.kill(tryton.process.pid, signal.SIGCONT)
    until(lambda: shop.get("/worksheets/559").status == 200, "it answers again")

    tryton.stop()
    for number in range(3):
        place(shop, f"parks-{number}", str(558 + number))
    until(lambda: shop.get("/alive").json["worker"] == "parked", "it is parked")
    reply = shop.get("/worksheets/558")
    assert (reply.status, reply.json["code"]) == (503, "erp_unreachable")
    tryton.start()
    assert shop.put("/start_worker").status == 200
    for number in range(3):
        shop.wait(f"parks-{number}", "created")
        assert len(tryton.lines(f"parks-{number}")) == 1


class SlowOdoo(Odoo):
    """Reads of worksheets wait for hold.release()."""

    def __init__(self):
        super().__init__()
        self.hold = Hold()

    def perform(self, model, method, arguments):
        if model == "sale.order":
            self.calls.append("asked")
            self.hold.stay()
        return super().perform(model, method, arguments)


def test_asking_again_does_not_start_over(daemon):
    with SlowOdoo() as odoo:
        shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": "odoo-jsonrpc", "url": odoo.url + "/", "options": {"database": DATABASE}},
                          credentials={"username": "bot", "password": KEY})
        daemon.start()
        for _ in range(2):
            reply = shop.get("/worksheets/558")
            assert (reply.status, reply.json["code"]) == (504, "erp_timeout")
        odoo.hold.release()
        assert check(shop, "558")["state"] == "open"
        assert odoo.calls.count("asked") == 1


def tryton_shop(daemon, tryton, **more):
    return daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": tryton.url}, credentials=CREDENTIALS, **more)


def test_the_connection_to_tryton(daemon, shared_tryton):
    tryton = shared_tryton
    tryton.expire_sessions()
    tryton.reset_login_attempts()
    shop = tryton_shop(daemon, tryton)
    daemon.start()
    before = tryton.all_lines()
    assert tried(daemon)["ok"]
    assert tryton.sessions(BOT[0]) == 0, "it has logged out"
    wrong = tried(daemon, {"workshop": "Bennys Auto", "listen": f"127.0.0.1:{shop.port}", "erp": {"system": "tryton", "url": tryton.url},
                           "credentials": {"username": BOT[0], "password": "wrong-7351"}})
    assert not wrong["ok"] and wrong["steps"][-1]["reason_code"] == "auth_failed" and "wrong-7351" not in str(wrong)
    assert tryton.failed_logins(BOT[0]) == 1, "it has tried once"
    assert shop.get("/alive").json["worker"] == "running" and tryton.all_lines() == before
    tryton.reset_login_attempts()


def test_what_people_do_to_lines_in_tryton(daemon, shared_tryton):
    tryton = shared_tryton
    shop = tryton_shop(daemon, tryton, reconcile_per_minute=6000)
    daemon.start()
    for number, uniqueid in enumerate(("kept", "deleted", "changed")):
        place(shop, uniqueid, str(558 + number))
        shop.wait(uniqueid, "created")
    tryton.delete_line("deleted")
    tryton.change_line("changed", 4.5)
    before = tryton.all_lines()
    begin(shop)
    said = result(shop)
    assert (said["checked"], said["same"], said["counts"]) == (3, 1, {"missing": 1, "changed": 1, "unknown": 0})
    (missing,), (changed,) = said["missing"], said["changed"]
    assert missing["uniqueid"] == "deleted" and missing["found"] is None
    assert missing["ordered"] == {"worksheet": "559", "product_nr": "10", "product_amount": "5"}
    assert changed["uniqueid"] == "changed" and changed["ordered"]["product_amount"] == "5"
    assert (changed["found"]["product_nr"], changed["found"]["product_amount"]) == ("10", "4.5")
    assert tryton.all_lines() == before and shop.state("deleted")["status"] == "created", "it changes nothing"
