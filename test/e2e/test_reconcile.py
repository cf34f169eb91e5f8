"""POST and GET /reconcile: what has become of the lines in the ERP."""

from test_http_erp import odoo, place, start  # noqa: F401: a fixture

from pumpline import until

ALL = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}


def begin(shop):
    reply = shop.call("POST", "/reconcile", ALL)
    assert reply.status == 202 and reply.json["state"] == "running", reply.text


def result(shop):
    return until(lambda: (said := shop.get("/reconcile").json)["state"] == "done" and said, "it is done")


def shop_of(daemon, odoo, per_minute):  # noqa: F811
    shop = start(daemon, odoo, "odoo-jsonrpc")
    document = daemon.call("GET", "/workshops/bennys-auto").json["configuration"]
    assert daemon.call("PUT", "/workshops/bennys-auto", {**document, "reconcile_per_minute": per_minute}).status == 200
    shop.up()
    for name in "abcd":
        place(shop, name)
        shop.wait(name, "created")
    return shop


def line_of(odoo, uniqueid):  # noqa: F811
    return next(line for line in odoo.lines.values() if line["x_pumpline_id"] == uniqueid)


def test_missing_and_changed(daemon, odoo):  # noqa: F811
    shop = shop_of(daemon, odoo, 6000)
    assert shop.get("/reconcile").json["state"] == "none"
    del odoo.lines[line_of(odoo, "b")["id"]]
    line_of(odoo, "c")["product_uom_qty"] = 4.5
    begin(shop)
    said = result(shop)
    assert (said["checked"], said["same"], said["next"]) == (4, 2, None)
    assert said["counts"] == {"missing": 1, "changed": 1, "unknown": 0}
    assert [one["uniqueid"] for one in said["missing"]] == ["b"] and not said["unknown"]
    (changed,) = said["changed"]
    assert changed["uniqueid"] == "c" and changed["ordered"]["product_amount"] == "5" and changed["found"]["product_amount"] == "4.5"
    assert len(odoo.lines) == 3, "it changes nothing"
    shop.put("/stop_worker")
    assert shop.get("/reconcile").json == said


def test_one_at_a_time_across_a_restart(daemon, odoo):  # noqa: F811
    shop = shop_of(daemon, odoo, 20)
    del odoo.lines[line_of(odoo, "a")["id"]]
    begin(shop)
    assert shop.call("POST", "/reconcile", ALL).status == 409
    until(lambda: shop.get("/reconcile").json["checked"] >= 1, "the first is checked")
    assert daemon.call("PUT", "/workshops/bennys-auto/restart").status == 200
    said = result(shop)
    assert (said["checked"], said["same"]) == (4, 3) and [one["uniqueid"] for one in said["missing"]] == ["a"]


def test_bodies(bennys):
    for body, field in (({"from": ALL["from"]}, "to"), ({**ALL, "to": "soon"}, "to"), ({**ALL, "x": 1}, "x"), ({}, "from to"),
                        ({"from": ALL["to"], "to": ALL["from"]}, "from to")):
        reply = bennys.call("POST", "/reconcile", body)
        assert reply.status == 400 and reply.json["fields"] == field.split(), reply.text
    assert bennys.get("/reconcile?x=1").status == 400
    assert bennys.get("/reconcile?limit=1001").json["fields"] == ["limit"]


def test_days(bennys):
    reply = bennys.call("POST", "/reconcile", {"from": "2026-11-24", "to": "2026-11-24"})
    assert reply.status == 202 and (reply.json["from"], reply.json["to"]) == ("2026-11-24T00:00:00.000Z", "2026-11-24T23:59:59.999Z")
