"""Working off errors: searching, writing off, retrying many, a worksheet's orders, the report, and who did it."""

import csv
import io
from urllib.parse import quote

import pytest

from pumpline import until

ANYONE = {"who": "anonymous", "via": "token"}


def names(reply):
    assert reply.status == 200, reply.text
    return [order["uniqueid"] for order in reply.json["orders"]]


@pytest.fixture
def worklist(bennys):
    """Six orders: three in error, one of them of another product; three that wait."""
    bennys.put("/stop_worker")
    for number in range(3):
        bennys.place(f"err-{number}", worksheet=f"55{number}", product="10" if number else "20", amount="1.5")
    assert bennys.put("/clear_queue").json["cleared"] == 3
    for number in range(3):
        bennys.place(f"wait-{number}", worksheet="551", amount="0.1")
    return bennys


def test_orders_are_found_by_every_member(worklist):
    def found(query):
        return names(worklist.get(f"/orders?{query}"))

    newest_first = ["wait-2", "wait-1", "wait-0", "err-2", "err-1", "err-0"]
    assert found("") == newest_first
    assert found("status=placed") == newest_first[:3]
    assert found("needs_attention=true") == newest_first[3:]
    assert found("needs_attention=false") == newest_first[:3]
    assert found("reason_code=cleared&product_nr=20") == ["err-0"]
    assert found("worksheet=551") == ["wait-2", "wait-1", "wait-0", "err-1"]
    assert found("worksheet=551&needs_attention=true") == ["err-1"]
    assert found("worksheet=55") == []
    assert found("q=rr-") == newest_first[3:]
    assert found("q=551") == ["wait-2", "wait-1", "wait-0", "err-1"]
    assert found("q=20") == ["err-0"]
    first, last = worklist.state("err-0")["placed_at"], worklist.state("wait-2")["placed_at"]
    assert set(found(f"from={first}&to={last}")) == set(newest_first)
    assert "err-0" in found(f"to={first}") and "wait-2" in found(f"from={last}")
    assert found("from=2999-01-01") == found("to=1999-12-31") == []
    assert found(f"from={first[:10]}&to={last[:10]}") == newest_first


def test_pages_of_a_search(worklist):
    first = worklist.get("/orders?q=-&limit=4").json
    assert len(first["orders"]) == 4 and first["next"]
    second = worklist.get(f"/orders?q=-&limit=4&after={first['next']}").json
    assert len(second["orders"]) == 2 and second["next"] is None
    assert worklist.get("/orders?limit=6").json["next"] is None


def test_bad_parameters_are_named(worklist):
    for query, field, code in (("colour=red", "colour", "unknown_parameter"), ("status=lost", "status", "invalid_parameter"),
                               ("needs_attention=yes", "needs_attention", "invalid_parameter"),
                               ("reason_code=bad_luck", "reason_code", "invalid_parameter"),
                               ("from=monday", "from", "invalid_parameter"), ("q=", "q", "invalid_parameter"),
                               ("limit=0", "limit", "invalid_parameter")):
        reply = worklist.get(f"/orders?{query}")
        assert (reply.status, reply.json["code"], reply.json["fields"]) == (400, code, [field]), query
    for target in ("/alive?x=1", "/queue?status=placed", "/orders/err-0?verbose", "/report?format=xml", "/report?by=month"):
        assert worklist.get(target).status == 400, target


def test_written_off_until_retried(worklist):
    put = worklist.put
    reply = put("/orders/err-0/write_off", {"reason": "spill"})
    assert (reply.status, reply.json["code"], reply.json["fields"]) == (400, "missing_fields", ["note"])
    assert put("/orders/err-0/write_off", {"reason": "theft", "note": "x"}).json["fields"] == ["reason"]
    assert put("/orders/err-0/write_off", {"reason": "spill", "note": "x", "by": "me"}).status == 400
    assert put("/orders/wait-0/write_off", {"reason": "spill", "note": "x"}).json["code"] == "not_in_error"
    assert put("/orders/none/write_off", {"reason": "spill", "note": "x"}).status == 404
    order = put("/orders/err-0/write_off", {"reason": "spill", "note": "the hose burst"}).json
    assert (order["status"], order["reason_code"], order["needs_attention"]) == ("error", "written_off", False)
    assert worklist.get("/alive").json["needs_attention"] == 2
    assert names(worklist.get("/orders?needs_attention=true")) == ["err-2", "err-1"]
    entry = worklist.history("err-0")[-1]
    assert (entry["note"], entry["by"], entry["reason_text"]) == ("the hose burst", ANYONE, "written off: spill")
    reply = put("/orders/err-0/retry", {"worksheet": "559", "amount": "2", "note": "x"})
    assert (reply.status, reply.json["code"], sorted(reply.json["fields"])) == (400, "invalid_fields", ["amount", "note"])
    assert put("/orders/err-0/retry").json["status"] == "placed"
    assert worklist.get("/alive").json["needs_attention"] == 2
    assert worklist.history("err-0")[-1]["by"] == ANYONE


def test_resolved_by_hand(worklist):
    order = worklist.put("/orders/err-1/resolve", {"note": "typed in"}).json
    assert order["status"] == "created" and order["by_hand"] and not order["needs_attention"]
    assert worklist.get("/alive").json["needs_attention"] == 2


def test_many_are_retried(worklist):
    def retry(body):
        return worklist.call("POST", "/orders/retry", body)

    reply = retry({"uniqueids": ["err-0", "wait-0", "none"]}).json
    assert reply == {"workshop": "Bennys Auto", "placed": 1, "results": [
        {"uniqueid": "err-0", "result": "placed"}, {"uniqueid": "wait-0", "result": "not_in_error"},
        {"uniqueid": "none", "result": "not_found"}]}
    wanted = {"needs_attention": True}
    for expected in (1, 3):
        refused = retry({"filter": wanted, "expected": expected})
        assert (refused.status, refused.json["code"]) == (409, "count_changed")
    assert worklist.get("/alive").json["needs_attention"] == 2
    reply = retry({"filter": wanted, "expected": 2}).json
    assert [one["uniqueid"] for one in reply["results"]] == ["err-1", "err-2"]  # the oldest is first again
    assert reply["placed"] == 2 and worklist.get("/alive").json["needs_attention"] == 0
    for body, field in (({}, "uniqueids"), ({"uniqueids": []}, "uniqueids"), ({"filter": {}}, "expected"),
                        ({"filter": {"colour": "red"}, "expected": 1}, "filter"), ({"uniqueids": ["a"], "force": True}, "force"),
                        ({"uniqueids": [7]}, "uniqueids")):
        refused = retry(body)
        assert refused.status == 400 and refused.json["fields"] == [field], body
    assert names(worklist.get("/orders?status=placed"))[:2] == ["err-2", "err-1"]


def test_a_worksheet_and_what_is_open(worklist):
    reply = worklist.get("/worksheets/551/orders").json
    assert reply["worksheet"] == "551" and reply["open"] == 4 and reply["next"] is None
    assert [order["uniqueid"] for order in reply["orders"]] == ["wait-2", "wait-1", "wait-0", "err-1"]
    page = worklist.get("/worksheets/551/orders?limit=3").json
    assert page["open"] == 4 and len(page["orders"]) == 3
    rest = worklist.get(f"/worksheets/551/orders?limit=3&after={page['next']}").json
    assert rest["open"] == 4 and [order["uniqueid"] for order in rest["orders"]] == ["err-1"]
    worklist.put("/orders/err-1/write_off", {"reason": "test", "note": "a trial"})
    worklist.put("/start_worker")
    worklist.wait("wait-2", "created")
    assert worklist.get("/worksheets/551/orders").json["open"] == 0
    assert worklist.get(f"/worksheets/{quote('no such')}/orders").json == {
        "workshop": "Bennys Auto", "worksheet": "no such", "orders": [], "next": None, "open": 0}


def test_the_report_adds_up_exactly(worklist):
    worklist.put("/orders/err-1/resolve", {"note": "typed in"})
    worklist.put("/orders/err-2/write_off", {"reason": "spill", "note": "x"})
    report = worklist.get("/report?by=product").json
    assert report["rows"] == [
        {"product": "10", "orders": 5, "placed": "3.3", "created": "0", "waiting": "0.3", "error": "0", "by_hand": "1.5",
         "written_off": "1.5"},
        {"product": "20", "orders": 1, "placed": "1.5", "created": "0", "waiting": "0", "error": "1.5", "by_hand": "0",
         "written_off": "0"}]
    assert report["total"]["placed"] == "4.8" and report["from"] is None
    assert worklist.get("/report?to=1999-12-31").json["rows"] == []
    reply = worklist.get("/report?by=worksheet&format=csv")
    assert reply.type == "text/csv"
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert [(row["worksheet"], row["orders"], row["waiting"]) for row in rows] == [("550", "1", "0"), ("551", "4", "0.3"), ("552", "1", "0")]
    day = worklist.get("/report?by=day").json["rows"]
    assert len(day) in (1, 2) and day[0]["day"] == worklist.state("err-0")["placed_at"][:10]


def test_who_did_it(daemon, worklist):
    daemon.call("PUT", "/workshops/bennys-auto/orders/err-0/retry")
    assert worklist.history("err-0")[-1]["by"]["via"] == "socket"
    assert [entry["by"] for entry in worklist.history("wait-0")] == [ANYONE]
    worklist.put("/start_worker")
    worklist.wait("wait-0", "created")
    assert [entry["by"] for entry in worklist.history("wait-0")] == [ANYONE, None, None]


def test_attention_in_health(daemon, worklist):
    until(lambda: daemon.call("GET", "/health").json["summary"]["needs_attention"] == 3, "the figure has arrived")
    assert daemon.integration()["needs_attention"] == 3
