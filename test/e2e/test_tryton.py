"""Orders become sale lines in a real Tryton server, exactly one each, or end with a reason."""

import os
import random
import re
import signal

import pytest
from conftest import watched
from tryton_seed import BOT

from pumpline import until

USER, PASSWORD = BOT[0], BOT[1]


@pytest.fixture
def tryton(shared_tryton):
    """One server for all tests of this file, which use different orders: starting one takes seconds of CPU."""
    shared_tryton.reset_login_attempts()
    return shared_tryton


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A daemon for all tests that need no configuration of their own."""
    yield from watched(tmp_path_factory.mktemp("kept") / "pumpline")


@pytest.fixture(scope="module")
def shops(kept, shared_tryton):
    """(the workshop on Tryton, the one with the file driver)"""
    shop = kept.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": shared_tryton.url},
                    credentials={"username": USER, "password": PASSWORD})
    other = kept.add_file("carls-cars", "Carls Cars")
    kept.start()
    return shop, other


@pytest.fixture
def shop(shops, tryton):
    return shops[0]


def one_line(tryton, uniqueid):
    lines = tryton.lines(uniqueid)
    assert len(lines) == 1, lines
    return lines[0]


def order_of(shop, uniqueid, *arguments, **more):
    """As the workshop's configured user."""
    order = shop.order(uniqueid, *arguments, **more)
    if "username" not in more:
        del order["username"], order["password"]
    return order


def place(shop, uniqueid, *arguments, **more):
    reply = shop.call("POST", "/create", order_of(shop, uniqueid, *arguments, **more))
    assert reply.status == 200, reply.text


def test_orders_become_lines(shops, tryton):
    shop, other = shops
    before = len(tryton.all_lines())
    for number, amount in enumerate(("5", "4.7", "0.25")):
        place(shop, f"oil-{number}", worksheet=str(558 + number), amount=amount)
    other.place("by-file")
    for number, amount in enumerate(("5", "4.7", "0.25")):
        order = shop.wait(f"oil-{number}", "created")
        line = one_line(tryton, f"oil-{number}")
        assert (line["product"], line["quantity"], line["sale"]) == ("10", amount, str(558 + number))
        assert str(line["unit_price"]) == "12.5000" and line["taxes"] == [1] and line["unit"] == "l"
        assert order["erp_reference"] == str(line["id"]) and order["attempts"] == 1
        assert [entry["status"] for entry in shop.history(f"oil-{number}")] == ["placed", "processing", "created"]
    other.wait("by-file", "created")
    assert len(tryton.all_lines()) == before + 3


def test_a_verbose_daemon_shows_the_dialogue(daemon, tryton):
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": tryton.url},
                      credentials={"username": USER, "password": PASSWORD})
    daemon.options = ["-v"]
    daemon.start()
    place(shop, "traced")
    shop.wait("traced", "created")
    shown = re.findall(r"\[traced\] \S+ DEBUG (->|<-) (.*)", daemon.log.read_text())
    assert [way for way, _ in shown] == ["->", "<-"] * (len(shown) // 2) and len(shown) > 6
    assert re.fullmatch(r"POST \S+ \(login\), \d+ bytes", shown[0][1]) and "(login), " in shown[1][1]
    assert any("traced" in text for _, text in shown)
    assert PASSWORD not in daemon.log.read_text()


def test_every_digit_arrives(shop, tryton):
    place(shop, "digits", product="50", amount="123456789.123456")
    shop.wait("digits", "created")
    assert one_line(tryton, "digits")["quantity"] == "123456789.123456"


@pytest.mark.parametrize("change,code,words", [
    ({"worksheet": "nix"}, "worksheet_not_found", "nix"),
    ({"worksheet": "600"}, "worksheet_closed", "processing"),
    ({"worksheet": "700"}, "worksheet_closed", "quotation"),
    ({"worksheet": "777"}, "worksheet_not_found", "777"),
    ({"product": "99"}, "product_not_found", "99"),
    ({"product": "40"}, "product_not_found", "40"),
    ({"amount": "5.123"}, "amount_refused", "5.123"),
    ({"product": "30", "amount": "1.5"}, "amount_refused", "1.5"),
])
def test_refusals(shop, tryton, change, code, words):
    before = len(tryton.all_lines())
    place(shop, f"no-{words}", **change)
    order = shop.wait(f"no-{words}", "error")
    assert order["reason_code"] == code and words in order["reason_text"], order
    assert order["attempts"] == 1 and order["next_attempt_at"] is None
    assert len(tryton.all_lines()) == before


def test_a_retry_with_corrections(shop, tryton):
    place(shop, "typo", worksheet="585")
    shop.wait("typo", "error")
    assert shop.put("/orders/typo/retry", {"worksheet": "558"}).status == 200
    shop.wait("typo", "created")
    assert one_line(tryton, "typo")["sale"] == "558"


def test_a_wrong_password_of_its_own_ends_the_order_once(shop, tryton):
    for number in range(5):
        place(shop, f"bad-{number}", username=USER, password="not-the-password")
    for number in range(5):
        order = shop.wait(f"bad-{number}", "error")
        assert order["reason_code"] == "auth_failed"
    until(lambda: tryton.failed_logins(USER), "Tryton has counted the refusal")
    assert tryton.failed_logins(USER) == 1
    tryton.reset_login_attempts()
    place(shop, "good")
    shop.wait("good", "created")
    assert shop.get("/alive").json["worker"] == "running"


def test_a_wrong_configured_password_parks_after_one_refusal(daemon, tryton):
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": tryton.url},
                      credentials={"username": USER, "password": "not-the-password"})
    daemon.start()
    for number in range(5):
        place(shop, f"wait-{number}", worksheet=str(558 + number % 3))
    parked = until(lambda: shop.get("/alive").json["worker"] == "parked" and shop.get("/alive").json, "it is parked")
    assert parked["worker_reason"] == "auth_failed"
    until(lambda: shop.get("/alive").json["orders"]["placed"] == 5, "all wait")
    assert any(order["reason_code"] == "auth_failed" for order in shop.get("/queue").json["tasks"])
    until(lambda: tryton.failed_logins(USER), "Tryton has counted the refusal")
    assert tryton.failed_logins(USER) == 1
    until(lambda: daemon.call("GET", "/health").json["summary"]["parked"] == 1, "the supervisor knows it")
    pid = daemon.worker_pid()
    os.kill(pid, signal.SIGKILL)
    until(lambda: daemon.worker_pid() not in (pid, None), "a new worker")
    assert shop.get("/alive").json["worker"] == "parked" and tryton.failed_logins(USER) == 1
    tryton.reset_login_attempts()
    tryton.set_password(USER, "not-the-password")
    try:
        assert shop.put("/start_worker").json["worker"] == "running"
        for number in range(5):
            shop.wait(f"wait-{number}", "created")
    finally:
        tryton.set_password(USER, PASSWORD)


def test_own_credentials_go_first(daemon, tryton):
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": tryton.url})
    daemon.start()
    assert shop.call("POST", "/create", order_of(shop, "without")).json["fields"] == ["username", "password"]
    place(shop, "own", username=USER, password=PASSWORD)
    shop.wait("own", "created")
    assert one_line(tryton, "own")["quantity"] == "5"


def test_a_retry_without_credentials_ends_and_parks_nobody(daemon, tryton):
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": tryton.url})
    daemon.start()
    place(shop, "bad", username=USER, password="not-the-password")
    shop.wait("bad", "error")
    tryton.reset_login_attempts()
    assert shop.put("/orders/bad/retry").status == 200
    assert shop.wait("bad", "error")["reason_code"] == "auth_failed"
    assert shop.get("/alive").json["worker"] == "running"
    place(shop, "better", worksheet="559", username=USER, password=PASSWORD)
    shop.wait("better", "created")


def test_tryton_is_away_for_a_while(shop, tryton):
    tryton.stop()
    for number in range(8):
        place(shop, f"later-{number}", worksheet=str(558 + number % 3))
    waiting = until(lambda: [o for o in shop.get("/queue").json["tasks"] if o["reason_code"]], "a reason")
    assert waiting[0]["reason_code"] == "erp_unreachable" and waiting[0]["reason_text"]
    until(lambda: shop.get("/alive").json["worker"] == "parked", "it is parked after some failures")
    assert shop.get("/alive").json["worker_reason"] == "erp_unreachable"
    tryton.start()
    for number in range(8):
        shop.wait(f"later-{number}", "created")
        one_line(tryton, f"later-{number}")
    assert shop.get("/alive").json["worker"] == "running"


def test_an_expired_session_is_not_noticed(shop, tryton):
    place(shop, "first")
    shop.wait("first", "created")
    tryton.expire_sessions()
    place(shop, "second")
    order = shop.wait("second", "created")
    assert order["attempts"] == 1
    one_line(tryton, "second")


def test_an_old_queue_bills_nothing_twice(shop, tryton, kept):
    shop.put("/stop_worker")
    for number in range(6):
        place(shop, f"old-{number}", worksheet=str(558 + number % 3))
    kept.call("PUT", "/workshops/bennys-auto/stop")
    queue = kept.folder / "state" / "queues" / "bennys-auto" / "data.mdb"
    old = queue.read_bytes()
    kept.call("PUT", "/workshops/bennys-auto/start")
    shop.put("/start_worker")
    for number in range(6):
        shop.wait(f"old-{number}", "created")
    lines = {f"old-{number}": one_line(tryton, f"old-{number}")["id"] for number in range(6)}
    kept.call("PUT", "/workshops/bennys-auto/stop")
    queue.write_bytes(old)
    kept.call("PUT", "/workshops/bennys-auto/start")
    for uniqueid, line in lines.items():
        assert shop.wait(uniqueid, "created")["erp_reference"] == str(line)
        assert one_line(tryton, uniqueid)["id"] == line


def test_what_is_there_already_is_not_billed_again(shop, tryton):
    place(shop, "known")
    shop.wait("known", "created")
    assert shop.call("POST", "/create", order_of(shop, "known")).json["duplicate"] is True
    one_line(tryton, "known")


def test_kills_at_random_moments_make_exactly_one_line(shop, tryton, kept):
    """The worker and Tryton are killed during delivery; test/storm does this at length."""
    tryton.add_worksheets([f"w{number}" for number in range(12)])
    for number in range(24):
        place(shop, f"s{number}", worksheet=f"w{number % 12}", amount="1.5")
    rng = random.Random(558)
    for _ in range(6):
        target = rng.randrange(3)
        until(lambda: shop.get("/alive").json["orders"]["processing"] or not shop.get("/queue").json["length"], "work")
        if target == 0:
            tryton.kill()
            tryton.start()
        else:
            pid = kept.worker_pid()
            if pid:
                os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: kept.worker_pid() not in (pid, None), "a new worker")
    until(lambda: shop.get("/queue").json["length"] == 0, "all are done", 120)
    assert all(shop.state(f"s{number}")["status"] == "created" for number in range(24))
    made = [(line["note"], line["quantity"]) for line in tryton.all_lines() if line["note"] in {f"s{number}" for number in range(24)}]
    assert sorted(made) == sorted((f"s{number}", "1.5") for number in range(24))
