"""A page of somebody else's, in a real Chromium, places no order: neither across sites nor by DNS rebinding."""

import http.client
import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import browser
from pumpline import DEADLINE_S, until

pytestmark = pytest.mark.skipif(not browser.installed(), reason="no Chromium")

NAME = "rebound.example.com"
START_S = 90

# What such a page can try: without a preflight, with one, by a form, and as if it were the port's own page.
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


class Attacker(BaseHTTPRequestHandler):
    """Serves the page under a name; every other request is passed on as it came, as if the name now led to the port."""

    protocol_version = "HTTP/1.1"

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/page":
            self.answer(200, "text/html", self.server.page)
        elif self.path == "/report":
            self.server.seen.update(json.loads(body))
            self.answer(200, "text/plain", b"")
        elif self.path == "/favicon.ico":
            self.answer(404, "text/plain", b"")
        else:
            shop = http.client.HTTPConnection("127.0.0.1", self.server.server_address[1], timeout=DEADLINE_S)
            shop.request(self.command, self.path, body or None, dict(self.headers))
            reply = shop.getresponse()
            self.answer(reply.status, reply.headers["Content-Type"], reply.read())
            shop.close()

    do_POST = do_PUT = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *arguments):
        pass


def visit(shop, folder):
    """What became of each try, as the page saw it."""
    server = ThreadingHTTPServer(("127.0.0.2", shop.port), Attacker)
    server.seen = {}
    server.page = PAGE.replace("PORT", str(shop.port)).replace("ORDER", json.dumps(shop.order("x"))).encode()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    arguments = [one for one in browser.ARGUMENTS if "remote" not in one]
    chromium = subprocess.Popen([shutil.which("chromium"), *arguments, *browser.ROOT_ARGUMENTS,
                                 f"--user-data-dir={folder}", "--host-resolver-rules=MAP * 127.0.0.2, EXCLUDE 127.0.0.1",
                                 f"http://{NAME}:{shop.port}/page"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: server.seen, "the page has tried everything", START_S)
    finally:
        chromium.terminate()
        chromium.wait()
        server.shutdown()
        server.server_close()
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


def test_only_the_check_stands_in_the_way(daemon, tmp_path):
    """The counter-test: where the configuration allows that name and origin, the same page does place an order."""
    shop = daemon.add_file(hosts=[NAME])
    port = shop.port
    file = daemon.folder / "workshops.d" / "bennys-auto.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "origins": [f"http://{NAME}:{port}"]}))
    daemon.start()
    shop.put("/stop_worker")
    seen = visit(shop, tmp_path / "profile")
    assert seen["rebound"] == seen["look"] == 200
    assert placed(shop) == {"rebound"}, "what can be sent without a preflight is still no JSON"
