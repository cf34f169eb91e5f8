"""The same recipes in a real Firefox: the old shop, the gallery's verbs, and replies that are lost.

Debian has no geckodriver; test/erp/marionette.py stands in for it.
"""

import html
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gallery
import marionette
import oldshop
import pytest
from pumpline import free_port, until
from test_webdriver_verbs import recipe
from webshop import RECIPE, Site, no_browser, one_line, slow

pytestmark = [slow, pytest.mark.skipif(not marionette.installed(), reason="firefox-esr is not installed")]


@pytest.fixture(scope="module")
def geckodriver(tmp_path_factory):
    one = marionette.Driver(tmp_path_factory.mktemp("firefox"), free_port()).start()
    yield one
    one.stop()


@pytest.fixture
def driver(geckodriver):
    yield geckodriver
    until(lambda: not geckodriver.browsers(), "no browser is left behind by the test", 20)


@pytest.fixture
def shop():
    one = gallery.Gallery(free_port())
    yield one
    one.stop()


def firefox_site(daemon, driver, path, url, user, password):
    return Site(daemon, "http://127.0.0.1:1", path, url, user, password, webdriver_url=driver.url,
                browser={"name": "firefox"})


@pytest.fixture
def site(driver, old, daemon):
    return firefox_site(daemon, driver, RECIPE, old.url, oldshop.USER, oldshop.PASSWORD)


def test_lines_refusals_and_a_killed_worker(site, old, driver):
    for number, amount in enumerate(("5", "4.7")):
        order = site.create(f"oil-{number}", "558", "10", amount)
        line = one_line(old, f"oil-{number}")
        assert line["qty"] == f"{float(amount):.2f}".replace(".", ",") and order["attempts"] == 1
    assert site.refuse("rounded", "558", "10", "1.555") == (
        "amount_refused", "OldShop makes 1.56 of the amount 1.555")
    assert site.refuse("closed", "600") == ("worksheet_closed", "worksheet 600 is closed")
    assert site.refuse("product", "558", "1") == ("product_not_found", "OldShop has no product 1")
    site.place("wrong", username=oldshop.USER, password="not-the-password")
    assert site.wait("wrong", "error")["reason_code"] == "auth_failed" and old.failed_logins == 1
    held = old.hold("saved")
    site.place("killed")
    held.wait()
    os.kill(site.daemon.worker_pid(), signal.SIGKILL)
    no_browser(driver)
    held.release()
    site.wait("killed", "created")
    one_line(old, "killed")
    driver.kill_browser()
    site.create("later")
    one_line(old, "later")
    site.daemon.stop()
    no_browser(driver)


def test_every_verb(driver, daemon, shop, tmp_path):
    path = tmp_path / "gallery.json"
    path.write_text(json.dumps(recipe()))
    site = firefox_site(daemon, driver, path, shop.url, "ann", "a password")
    order = site.create("oil & <more>", "558", "10", "1234.5")
    assert order["attempts"] == 1 and order["erp_reference"] == "G1"
    assert shop.saved == [{"id": "oil & <more>", "product": "10", "amount": "1234.5"}]


# --- replies that are lost: by itself, Firefox sends the same POST again where the connection was kept


def reset(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def end(handler):
    """With close_notify, where there is TLS."""
    if isinstance(handler.connection, ssl.SSLSocket):
        handler.connection.unwrap()
    handler.connection.shutdown(socket.SHUT_RDWR)


LOSSES = {"FIN": end, "RST": reset, "half a head": lambda handler: (handler.wfile.write(b"HTTP/1.1 2"), end(handler)),
          "timed out": lambda handler: handler.page("<p>Gateway Timeout", 504)}
LINE = '<form method="post" action="/save"><input name="id"><input name="product"><input name="amount"><button>Save</button></form>'


class LossyShop:
    """Stores a line for each POST; what `loss` says happens to the replies of all of them."""

    def __init__(self, port, certificate=None):
        self.loss, self.saved = None, []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

            def log_message(self, *_):
                pass

            def page(self, text, status=200):
                data = f"<!DOCTYPE html><title>Shop</title>{text}".encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                wanted = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)).get("id")
                rows = "".join(f"<tr><td>{number}<td>{html.escape(line['product'])}<td>{html.escape(line['amount'])}</tr>"
                               for number, line in enumerate(shop.saved, 1) if line["id"] == wanted)
                self.page(f"<h1>Found</h1><table id=found>{rows}</table>" if wanted else LINE)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                shop.saved.append(dict(urllib.parse.parse_qsl(body)))
                if shop.loss:
                    self.close_connection = True
                    LOSSES[shop.loss](self)
                else:
                    self.page("<p>Saved")

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Connections break here on purpose."""

        self.server = Server(("127.0.0.1", port), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def lossy_recipe():
    return {
        "recipe": 1, "name": "LossyShop", "timeout_s": 20, "settle_s": 1,
        "login": [{"goto": "/"}, {"wait": {"present": "form"}}],
        "lookup": [{"call": "find"}],
        "create": [{"goto": "/"}, {"type": "{order.uniqueid}", "into": {"name": "id"}},
                   {"type": "{order.product_nr}", "into": {"name": "product"}},
                   {"type": "{order.product_amount}", "into": {"name": "amount"}}],
        "commit": [{"click": {"button": "Save"}}, {"wait": {"text": "Saved"}}],
        "verify": [{"call": "find"}],
        "pieces": {"find": [
            {"goto": "find?id={order.uniqueid|urlencode}"}, {"wait": {"text": {"of": "h1", "is": "Found"}}},
            {"each": "#found tr", "do": [
                {"read": {"css": "td:nth-child(1)", "in": "row"}, "into": "number"},
                {"read": {"css": "td:nth-child(2)", "in": "row"}, "into": "product"},
                {"read": {"css": "td:nth-child(3)", "in": "row"}, "into": "amount"},
                {"found": {"reference": "{number}", "product_nr": "{product}", "amount": "{amount}"}}], "none": []}]},
    }


@pytest.fixture(params=["http", "https"])
def lossy(request, tmp_path):
    certificate = tmp_path / "shop.pem"
    if request.param == "https":
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate,
                        "-out", tmp_path / "shop.crt"], check=True, capture_output=True)
        with certificate.open("a") as both:
            both.write((tmp_path / "shop.crt").read_text())
    one = LossyShop(free_port(), certificate if request.param == "https" else None)
    yield one
    one.stop()


def test_a_lost_reply_is_no_second_line(driver, daemon, lossy, tmp_path):
    path = tmp_path / "lossy.json"
    path.write_text(json.dumps(lossy_recipe()))
    site = firefox_site(daemon, driver, path, lossy.url, "ann", "a password")
    for loss in list(LOSSES)[:2] if lossy.url.startswith("https") else LOSSES:
        lossy.loss = loss
        site.create(loss)
        assert [line["id"] for line in lossy.saved].count(loss) == 1, f"{loss}: {lossy.saved}"
