"""GET /recipes, POST /workshops/{workshop}/dry_run and GET /workshops/{workshop}/logs: what the console's pages need."""

import base64
import json

import oldshop
from pumpline import SECRET, until
from test_http_erp import RECIPES, odoo, place, start  # noqa: F401: a fixture
from odoo import KEY
from webshop import NEEDS_CHROMIUM, no_browser

PATH = "/workshops/bennys-auto/dry_run"
ORDER = {"worksheet": "558", "product_nr": "10", "product_amount": "5"}


def tried(daemon, **more):
    reply = daemon.call("POST", PATH, {**ORDER, **more})
    assert reply.status == 200, reply.text
    until(lambda: len(daemon.children()) == 1, "its process is gone")
    return reply.json, reply.text


def test_recipes_are_listed_and_checked(daemon, bennys):
    folder = daemon.folder / "recipes"
    folder.mkdir()
    whole = json.loads((RECIPES / "tryton.json").read_text())
    (folder / "tryton.json").write_text(json.dumps(whole))
    (folder / "own.json").write_text(json.dumps({**whole, "colour": "red"}, indent=1))
    (folder / "Not a name.json").write_text("{}")
    daemon.write_config(recipes_dir=str(folder))
    daemon.stop()
    daemon.add("carls-cars", "Carls Cars", {"system": "tryton", "url": "http://127.0.0.1:1/db/"}, credentials={"username": "a", "password": "b"}, active=False)
    daemon.start()
    reply = daemon.call("GET", "/recipes")
    found = {one["recipe"]: one for one in reply.json["recipes"]}
    assert {"odoo-json2", "tryton-sao", "own", "tryton"} <= set(found) and "Not a name" not in found
    assert not found["tryton"]["shipped"] and found["odoo-json2"]["shipped"] and found["tryton"]["workshops"] == ["carls-cars"]
    for name, sound in (("tryton", True), ("own", False), ("tryton-sao", True)):
        reply = daemon.call("GET", f"/recipes/{name}")
        assert reply.json["sound"] == sound, reply.text
    (fault,) = daemon.call("GET", "/recipes/own").json["faults"]
    assert fault["pointer"] == "/colour" and fault["line"] > 1
    for name in ("nix", "%2Fetc%2Fpasswd", f"..%2Frecipes%2Fown", f"%2F{str(folder)[1:].replace('/', '%2F')}%2Fown.json"):
        assert daemon.call("GET", f"/recipes/{name}").json["code"] == "unknown_recipe"


def test_an_api_up_to_its_line(daemon, odoo):  # noqa: F811
    shop = start(daemon, odoo, "odoo-jsonrpc")
    said, text = tried(daemon)
    assert (said["ok"], said["end"]) == (True, "before_commit") and not odoo.lines
    assert said["steps"][0]["request"]["method"] == "POST" and all(step["ok"] and step["reply"]["status"] == 200 for step in said["steps"])
    assert KEY not in text + daemon.log.read_text()
    failed, _ = tried(daemon, worksheet="9999")
    assert (failed["ok"], failed["end"], failed["steps"][-1]["reason_code"]) == (False, "failed", "worksheet_not_found")
    assert "sale.order.line/create" not in odoo.calls
    place(shop, "after")
    shop.wait("after", "created")
    assert not [one for one in daemon.call("GET", "/audit").json["entries"] if "dry_run" in one["what"]]


def test_the_workshops_rules_count(daemon, odoo):  # noqa: F811
    start(daemon, odoo, "odoo-jsonrpc")
    document = daemon.call("GET", "/workshops/bennys-auto").json["configuration"]
    reply = daemon.call("PUT", "/workshops/bennys-auto", {**document, "products": {"20": {"erp_product": "10"}}})
    assert reply.status == 200, reply.text
    refused, _ = tried(daemon)
    assert (refused["end"], refused["steps"][0]["reason_code"]) == ("failed", "product_unmapped") and not odoo.calls
    assert tried(daemon, product_nr="20")[0]["end"] == "before_commit"


@NEEDS_CHROMIUM
def test_pages_up_to_their_line_with_pictures(site, daemon, driver, old):
    said, text = tried(site.daemon)
    assert (said["ok"], said["end"]) == (True, "before_commit"), said["steps"][-1]
    pictures = [base64.b64decode(step["picture"]) for step in said["steps"] if "picture" in step]
    assert len(pictures) > 2 and all(one.startswith(b"\x89PNG") for one in pictures)
    failed, _ = tried(site.daemon, worksheet="9999")
    assert failed["end"] == "failed" and "picture" in failed["steps"][-1]
    assert not old.lines() and oldshop.PASSWORD not in text
    no_browser(driver)


def test_refusals(daemon, bennys):
    assert daemon.call("POST", PATH, ORDER).json["code"] == "no_recipe"
    assert daemon.call("POST", "/workshops/nobody/dry_run", ORDER).json["code"] == "unknown_workshop"
    for body, field in (({"worksheet": "558"}, "product_nr"), ({**ORDER, "uniqueid": "x"}, "uniqueid"), ({**ORDER, "product_amount": "-1"}, "product_amount")):
        reply = daemon.call("POST", PATH, body)
        assert reply.status == 400 and field in reply.json["fields"], reply.text
    assert daemon.call("POST", PATH, "[1]").status == 400 and daemon.call("POST", PATH + "?until=end", ORDER).json["code"] == "unknown_parameter"


def test_the_end_of_the_log(daemon, bennys):
    bennys.place("a")
    bennys.wait("a", "created")
    file = daemon.folder / "log/bennys-auto_create_orderline.log"
    until(lambda: "a" in file.read_text(), "it is logged")
    reply = daemon.call("GET", "/workshops/bennys-auto/logs?lines=1000")
    assert [one["lines"] for one in reply.json["logs"]] == [
        (daemon.folder / f"log/bennys-auto_{kind}.log").read_text().splitlines() for kind in ("api", "create_orderline")]
    assert SECRET not in reply.text
    with file.open("ab") as log:
        log.write(b"x" * (70 << 10) + b"\nlast \xff\n")
    assert daemon.call("GET", "/workshops/bennys-auto/logs?lines=2").json["logs"][1]["lines"] == ["last ?"]
    other = daemon.folder / "secret"
    other.write_text("not a log\n")
    file.unlink()
    file.symlink_to(other)
    assert daemon.call("GET", "/workshops/bennys-auto/logs").json["logs"][1]["lines"] == []
    for query in ("lines=0", "lines=1001", "lines=many", "file=x"):
        assert daemon.call("GET", f"/workshops/bennys-auto/logs?{query}").status == 400
