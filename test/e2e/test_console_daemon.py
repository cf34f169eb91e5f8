"""The console with the real daemon behind it."""

import json
import os
import signal

import pytest
from console import Console
from pumpline import until
from test_http_erp import odoo, place, start  # noqa: F401: a fixture


@pytest.fixture
def console(daemon, bennys, tmp_path):
    one = Console(tmp_path / "console", daemon.socket)
    one.add("ann", "manager", "bennys-auto")
    one.start()
    yield one
    one.stop()


def test_an_order_from_error_to_a_line(console, daemon, bennys):
    bennys.put("/stop_worker")
    bennys.place("e-1")
    bennys.put("/clear_queue")
    bennys.put("/start_worker")
    cookie = console.cookie("ann")
    console.known(cookie)
    order = "/api/workshops/bennys-auto/orders/e-1"
    found = console.call("GET", "/api/workshops/bennys-auto/orders?status=error", cookie=cookie).json["orders"]
    assert [(one["uniqueid"], one["reason_code"]) for one in found] == [("e-1", "cleared")]
    reply = console.call("PUT", order + "/retry", {"worksheet": "559"}, cookie)
    assert reply.status == 200, reply.text
    until(lambda: bennys.get("/get_order_status?uniqueid=e-1").json["status"] == "created", "the order becomes a line")
    lines = [json.loads(path.read_text()) for path in bennys.lines.iterdir() if path.suffix == ".json"]
    assert [one["worksheet"] for one in lines] == ["559"]
    assert console.call("PUT", order + "/retry", {}, cookie).status == 409  # the second of two managers
    entries = [one for one in daemon.call("GET", "/audit").json["entries"] if one["by"] == {"who": "ann", "via": "console"}]
    assert [one["status"] for one in entries] == [409, 200]
    assert console.call("PUT", "/api/workshops/bennys-auto/kill", {}, cookie).status == 403


def test_a_browser_sees_a_killed_worker_at_once(console, daemon):
    cookie = console.cookie("ann")
    console.known(cookie)
    connection = console.connection()
    connection.request("GET", "/api/events", headers={"Cookie": cookie})
    lines = iter(connection.getresponse().readline, b"")
    assert next(lines) == b"event: reset\n"
    os.kill(daemon.worker_pid(), signal.SIGKILL)
    seen = next(line for line in lines if line.startswith(b"data:") and b'"process":"running"' not in line and b'"process"' in line)
    assert json.loads(seen.split(b":", 1)[1])["slug"] == "bennys-auto"
    next(line for line in lines if b'"process":"running"' in line)
    connection.close()


def test_evidence_reaches_the_browser(daemon, odoo, tmp_path):  # noqa: F811
    shop = start(daemon, odoo, "odoo-json2")
    odoo.nonsense["search_read"] = 1
    place(shop, "oil")
    shop.wait("oil", "created")
    (entry,) = [entry for entry in shop.history("oil") if entry.get("evidence")]
    console = Console(tmp_path / "console", daemon.socket)
    console.add("ann", "reader", "bennys-auto")
    console.start()
    try:
        cookie = console.cookie("ann")
        console.known(cookie)
        target = f"/orders/oil/evidence/{entry['evidence'][0]}"
        reply = console.call("GET", f"/api/workshops/bennys-auto{target}", cookie=cookie)
        assert reply.status == 200 and reply.text == shop.get(target).text and "search_read" in reply.text
    finally:
        console.stop()
