"""Calls over all workshops: GET /orders, /report and /worksheets… of the control socket."""

import os
import signal
import threading

import pytest

from pumpline import alive, freeze, until

SLUGS = ("anns-autos", "bennys-auto", "carls-cars")


def place(workshop, count, prefix):
    for number in range(count):
        workshop.place(f"{prefix}{number}")


@pytest.fixture
def three(daemon):
    """Workshops with a queue each; nothing is delivered. Their orders were placed in turn."""
    workshops = [daemon.add_file(slug, slug.replace("-", " ").title()) for slug in SLUGS]
    daemon.start()
    for workshop in workshops:
        workshop.put("/stop_worker")
    for number in range(8):
        for workshop in workshops:
            workshop.place(f"{workshop.name[0]}{number}")
    return daemon, workshops


def get(daemon, query=""):
    reply = daemon.call("GET", f"/orders{query}")
    assert reply.status == 200, reply.text
    return reply.json


def pages(daemon, query, limit):
    """All pages: the orders, and what was incomplete."""
    orders, incomplete, after = [], [], ""
    while True:
        page = get(daemon, f"?{query}limit={limit}{after}")
        assert len(page["orders"]) <= limit
        orders += page["orders"]
        incomplete += page["incomplete"]
        if page["next"] is None:
            return orders, incomplete
        after = f"&after={page['next']}"


def names(orders):
    return [order["uniqueid"] for order in orders]


ALL = [f"{letter}{number}" for number in reversed(range(8)) for letter in "CBA"]


def test_the_newest_of_all_come_first(three):
    daemon, _ = three
    page = get(daemon)
    assert (names(page["orders"]), page["incomplete"], page["next"]) == (ALL, [], None)
    assert page["orders"][0]["workshop"] == "Carls Cars"
    for limit in (1, 4, 7, 24, 1000):
        orders, incomplete = pages(daemon, "", limit)
        assert (names(orders), incomplete) == (ALL, []), limit
    assert names(pages(daemon, "status=placed&workshop=bennys-auto&", 3)[0]) == [name for name in ALL if name[0] == "B"]
    assert get(daemon, "?status=created")["orders"] == []


def test_a_page_stays_one_while_orders_come(three):
    daemon, (anns, *_) = three
    first = get(daemon, "?limit=5")
    anns.place("later")
    after = get(daemon, f"?limit=1000&after={first['next']}")
    assert names(first["orders"] + after["orders"]) == ALL
    again = get(daemon, f"?limit=1000&after={first['next']}")
    assert names(again["orders"]) == ALL[5:]


def test_also_those_that_do_not_run(three):
    daemon, _ = three
    daemon.add_file("dans-diesel", "Dans Diesel", active=False)  # it never ran
    daemon.call("PUT", "/reload")
    daemon.call("PUT", "/workshops/anns-autos/deactivate")
    daemon.call("PUT", "/workshops/bennys-auto/kill")
    log = daemon.log.read_text()
    children = set(daemon.children())
    for limit in (5, 1000):
        assert pages(daemon, "", limit) == (get(daemon)["orders"], [])
    assert names(get(daemon)["orders"]) == ALL
    until(lambda: set(daemon.children()) == children, "the readers end")
    assert [one["process"] for one in daemon.call("GET", "/health").json["integrations"]] == ["stopped", "stopped", "running", "stopped"]
    assert daemon.log.read_text() == log
    daemon.call("PUT", "/workshops/anns-autos/activate")
    assert daemon.integration("anns-autos")["process"] == "running"
    assert names(get(daemon)["orders"]) == ALL


def test_a_start_does_not_wait_for_a_reader(three):
    daemon, (anns, *_) = three
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            get(daemon, "?workshop=anns-autos")

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(5):
            daemon.call("PUT", "/workshops/anns-autos/stop")
            assert daemon.call("PUT", "/workshops/anns-autos/start").status == 200
            until(anns.up, "it serves")
    finally:
        stop.set()
        thread.join()
    assert names(get(daemon, "?workshop=anns-autos")["orders"]) == [name for name in ALL if name[0] == "A"]


def test_one_that_cannot_be_asked_is_named(three):
    daemon, _ = three
    pid = daemon.worker_pid("bennys-auto")
    freeze(pid)
    try:
        page = get(daemon)
        assert page["incomplete"] == ["bennys-auto"]
        assert names(page["orders"]) == [name for name in ALL if name[0] != "B"]
        assert daemon.call("GET", "/report?workshop=bennys-auto").status == 504
    finally:
        os.kill(pid, signal.SIGCONT)
    daemon.call("PUT", "/workshops/carls-cars/stop")
    damaged = daemon.folder / "state/queues/carls-cars"
    damaged.rename(damaged.with_name("aside"))
    damaged.write_text("no folder")
    try:
        assert get(daemon)["incomplete"] == ["carls-cars"]
    finally:
        damaged.unlink()
        damaged.with_name("aside").rename(damaged)
    assert alive(daemon.process.pid)


def test_a_workshop_whose_orders_are_older_is_not_asked(three):
    daemon, workshops = three
    for workshop in workshops:
        workshop.put("/clear_queue")
    until(lambda: daemon.call("GET", "/health").json["summary"]["needs_attention"] == 24, "their figures are known")
    assert names(pages(daemon, "needs_attention=true&", 5)[0]) == ALL
    anns = daemon.worker_pid("anns-autos")
    freeze(anns)
    page = get(daemon, "?needs_attention=true&limit=2")
    assert (names(page["orders"]), page["incomplete"]) == (["C7", "B7"], [])
    os.kill(anns, signal.SIGCONT)
    after = get(daemon, f"?needs_attention=true&limit=5&after={page['next']}")
    assert names(after["orders"]) == ALL[2:7]
    workshops[0].call("POST", "/orders/retry", {"uniqueids": ["A7"]})
    workshops[0].put("/clear_queue")
    until(lambda: sorted(names(get(daemon, "?needs_attention=true&limit=3")["orders"])) == ["A7", "B7", "C7"], "it is there again")


@pytest.mark.parametrize("query, code, field", [
    ("status=lost", "invalid_parameter", "status"), ("limit=0", "invalid_parameter", "limit"), ("limit=1001", "invalid_parameter", "limit"),
    ("after=0123456789abcdef", "invalid_parameter", "after"), ("needs_attention=1", "invalid_parameter", "needs_attention"),
    ("from=yesterday", "invalid_parameter", "from"), ("state=error", "unknown_parameter", "state")])
def test_bad_queries(daemon, query, code, field):
    daemon.start()  # without any workshop that could refuse it
    reply = daemon.call("GET", f"/orders?{query}")
    assert (reply.status, reply.json["code"], reply.json["fields"]) == (400, code, [field])


def test_a_cursor_belongs_to_its_filter(three):
    daemon, _ = three
    cursor = get(daemon, "?limit=2")["next"]
    for query in ("status=placed&", "workshop=carls-cars&"):
        assert daemon.call("GET", f"/orders?{query}after={cursor}").status == 400
    assert daemon.call("GET", "/orders?workshop=nobodys").json["code"] == "unknown_workshop"


def test_worksheets_need_a_workshop(three):
    daemon, _ = three
    for target in ("/worksheets/558", "/worksheets/558/orders"):
        reply = daemon.call("GET", target)
        assert (reply.status, reply.json["fields"]) == (400, ["workshop"])
        assert daemon.call("GET", f"{target}?workshop=nobodys").status == 404
    daemon.call("PUT", "/workshops/anns-autos/stop")
    assert daemon.call("GET", "/worksheets/558?workshop=anns-autos").json["code"] == "not_running"


def results(daemon, action, workshops, status=200):
    reply = daemon.call("PUT", f"/workshops/{action}", {"workshops": workshops})
    assert reply.status == status, reply.text
    return [(one["workshop"], one["status"], one.get("code")) for one in reply.json["results"]]


def test_many_at_once(three):
    daemon, workshops = three
    assert results(daemon, "stop", ["anns-autos", "Bennys Autos", "nobodys"]) == [
        ("Anns Autos", 200, None), ("Bennys Autos", 404, "unknown_workshop"), ("nobodys", 404, "unknown_workshop")]
    daemon.call("PUT", "/workshops/bennys-auto/deactivate")
    assert results(daemon, "start", ["anns-autos", "bennys-auto"]) == [("Anns Autos", 200, None), ("bennys-auto", 409, "inactive")]
    pids = {daemon.worker_pid("anns-autos"), daemon.worker_pid("carls-cars")}
    assert results(daemon, "restart", "all") == [("Anns Autos", 200, None), ("Carls Cars", 200, None)]
    assert not pids & {daemon.worker_pid("anns-autos"), daemon.worker_pid("carls-cars")}
    assert results(daemon, "start_worker", "all") == [("Anns Autos", 200, None), ("Carls Cars", 200, None)]
    assert {workshops[0].get("/alive").json["worker"], workshops[2].get("/alive").json["worker"]} == {"running"}
    audited = [one["what"] for one in daemon.call("GET", "/audit?limit=3").json["entries"]]
    assert sorted(audited) == ["PUT /workshops/anns-autos/start_worker", "PUT /workshops/carls-cars/start_worker", "PUT /workshops/start_worker"]
    for body in ({}, {"workshops": "some"}, {"workshops": [1]}, {"workshops": [], "force": True}):
        assert daemon.call("PUT", "/workshops/stop", body).status == 400
    assert daemon.call("GET", "/health").json["summary"]["running"] == 2
