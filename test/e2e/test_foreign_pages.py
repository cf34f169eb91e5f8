"""A foreign page in a real Chromium cannot place an order, neither cross-site nor by DNS rebinding."""

import contextlib
import http.client
import json
import shutil
import subprocess

import pytest

import browser
from pumpline import DEADLINE_S, until
from web_server import Server, page, reply

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(not browser.installed(), reason="no Chromium")]

NAME = "rebound.example.com"
START_S = 300

# The page's attempts: without a preflight, with one, by a form, and as same-origin.
PAGE = """<!doctype html><iframe name=hole></iframe><script>
const there = "http://127.0.0.1:PORT/create", json = {"Content-Type": "application/json"};
const order = id => JSON.stringify({...ORDER, uniqueid: id});
const tries = {
  blob: () => fetch(there, {method: "POST", mode: "no-cors", body: new Blob([order("blob")])}),
  text: () => fetch(there, {method: "POST", mode: "no-cors", body: order("text")}),
  cors: () => fetch(there, {method: "POST", headers: json, body: order("cors")}),
  beacon: async () => ({type: String(navigator.sendBeacon(there, new Blob([order("beacon")])))}),
  form: async () => {
    const form = document.createElement("form"), field = document.createElement("input"), body = order("form");
    Object.assign(form, {action: there, method: "POST", enctype: "text/plain", target: "hole"});
    Object.assign(field, {name: body.slice(0, -1) + ', "x": "', value: '"}'});
    form.append(field);
    document.body.append(form);
    form.submit();
    return {type: "submitted"};
  },
  rebound: () => fetch("/create", {method: "POST", headers: json, body: order("rebound")}),
  look: () => fetch("/queue"),
};
(async () => {
  const seen = {};
  for (const [name, attempt] of Object.entries(tries))
    seen[name] = await attempt().then(reply => reply.status || reply.type, error => String(error));
  await fetch("/report", {method: "POST", body: JSON.stringify(seen)});
})();
</script>"""


class Attacker(Server):
    """Serves the page under a name and forwards every other request unchanged, as if the name now pointed to the port."""

    def __init__(self, shop):
        super().__init__(("127.0.0.2", shop.port))
        self.seen = {}
        self.page = PAGE.replace("PORT", str(shop.port)).replace("ORDER", json.dumps(shop.order("x")))

    def answer(self, request):
        if request.path == "/page":
            return page(self.page)
        if request.path == "/report":
            self.seen.update(request.json)
            return reply(200)
        if request.path == "/favicon.ico":
            return reply(404)
        shop = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        with contextlib.closing(shop):
            shop.request(request.method, request.path, request.body or None, request.headers)
            answer = shop.getresponse()
            return reply(answer.status, answer.read(), [f"Content-Type: {answer.headers['Content-Type']}"])


def visit(shop, folder):
    """The result of each attempt, as seen by the page."""
    arguments = [one for one in browser.ARGUMENTS if "remote" not in one]
    command = [shutil.which("chromium"), *arguments, *browser.ROOT_ARGUMENTS, f"--user-data-dir={folder}",
               "--host-resolver-rules=MAP * 127.0.0.2, EXCLUDE 127.0.0.1", f"http://{NAME}:{shop.port}/page"]
    with Attacker(shop) as server, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                                    stderr=subprocess.DEVNULL) as chromium:
        try:
            until(lambda: server.seen, "the page has tried everything", START_S)
        finally:
            chromium.terminate()
    return server.seen


def placed(shop):
    return {task["uniqueid"] for task in shop.get("/queue").json["tasks"]}


def test_a_foreign_page_places_no_order(daemon, tmp_path):
    shop = daemon.add_file()
    daemon.start()
    shop.put("/stop_worker")
    seen = visit(shop, tmp_path / "profile")
    assert seen["blob"] == seen["text"] == "opaque", "the requests did reach the port"
    assert "TypeError" in seen["cors"]
    assert seen["rebound"] == seen["look"] == 421
    assert placed(shop) == set()


def test_only_the_check_prevents_it(daemon, tmp_path):
    """Cross-check: if the configuration allows that name and origin, the same page does place an order."""
    shop = daemon.add_file(hosts=[NAME])
    port = shop.port
    file = daemon.folder / "workshops.d" / "bennys-auto.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "origins": [f"http://{NAME}:{port}"]}))
    daemon.start()
    shop.put("/stop_worker")
    seen = visit(shop, tmp_path / "profile")
    assert seen["rebound"] == seen["look"] == 200
    assert placed(shop) == {"rebound"}, "what can be sent without a preflight is still no JSON"
