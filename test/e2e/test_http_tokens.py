"""Sessions of API recipes that outlive a process: a refresh token that each use replaces, and logging out."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest
import web_server

from pumpline import until

FIRST = "refresh-token-0"

RECIPE = {
    "recipe": 1, "kind": "http", "settle_s": 0, "proven_with": "this test",
    "headers": {"Authorization": "Bearer {session.access}"},
    "login": [
        {"when": {"equal": ["{session.refresh|or}", ""]},
         "then": [{"name": "token", "post": "/token", "form": {"grant_type": "refresh_token", "refresh_token": "{credentials.password}"},
                   "into": "t"}],
         "else": [{"name": "token", "post": "/token", "form": {"grant_type": "refresh_token", "refresh_token": "{session.refresh}"},
                   "into": "t"}]},
        {"store": {"refresh": "{t.refresh_token}"}},
        {"keep": {"access": "{t.access_token}"}, "for_s": "{t.expires_in}"}],
    "lookup": [{"call": "find"}], "create": [],
    "commit": [{"post": "/lines", "json": {"nr": "{order.product_nr}", "qty": {"$number": "{order.product_amount}"}, "note": "{order.uniqueid}"}}],
    "verify": [{"call": "find"}],
    "logout": [{"post": "/logout", "reply": "any"}],
    "pieces": {"find": [
        {"get": "/lines", "into": "lines"},
        {"each": "{lines}", "as": "line", "where": {"equal": ["{line.note}", "{order.uniqueid}"]}, "none": [],
         "do": [{"found": {"reference": "{line.id}", "product_nr": "{line.nr}", "amount": "{line.qty}"}}]}]},
    "errors": [{"sent": "token", "status": 400, "code": "auth_failed", "words": "{reply.error}"},
               {"status": 401, "code": "session_lost"}]}


class TokenErp(web_server.Server):
    """Each refresh token is good for one use, as real ones are."""

    def __init__(self):
        super().__init__(0)
        self.refresh, self.access = FIRST, None
        self.given, self.refused, self.out = 0, [], []
        self.lines = {}
        self.hold = None  # the first request with the next access token
        self.guard = threading.Lock()

    def token(self, request):
        with self.guard:
            if request.form["refresh_token"] != self.refresh:
                self.refused.append(request.form["refresh_token"])
                return web_server.json_reply({"error": "invalid_grant"}, 400)
            self.given += 1
            self.refresh, self.access = f"refresh-token-{self.given}", f"access-token-{self.given}"
            return web_server.json_reply({"access_token": self.access, "refresh_token": self.refresh, "expires_in": 3600})

    def answer(self, request):
        if request.place == "/token":
            return self.token(request)
        if request.headers.get("authorization") != f"Bearer {self.access}":
            return web_server.json_reply({"error": "expired"}, 401)
        if request.place == "/logout":
            self.out.append(self.access)
            return web_server.reply(204)
        if self.hold:
            hold, self.hold = self.hold, None
            hold.stay()
        if request.method == "POST":
            with self.guard:
                self.lines[f"L{len(self.lines)}"] = json.loads(request.body, parse_float=str)
        return web_server.json_reply([{"id": id, **line} for id, line in self.lines.items()])


@pytest.fixture
def erp():
    with TokenErp() as server:
        yield server


@pytest.fixture
def shop(daemon, erp):
    path = daemon.folder / "token.json"
    path.write_text(json.dumps(RECIPE))
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(path), "url": erp.url},
                      credentials={"username": "bot", "password": FIRST}, retry={"first_s": 0.05, "max_s": 0.2, "give_up_after_s": 86400})
    daemon.start()
    return shop


def place(shop, uniqueid):
    order = shop.order(uniqueid)
    del order["username"], order["password"]
    assert shop.call("POST", "/create", order).status == 200


def test_a_rotated_refresh_token_survives_a_kill(daemon, shop, erp):
    """It is on disk before anything is sent with what came with it; a lost one would lock the customer out."""
    for number in range(4):
        hold = erp.hold = web_server.Hold()
        place(shop, f"oil-{number}")
        hold.wait()
        os.kill(daemon.worker_pid(), signal.SIGKILL)
        hold.release()
        shop.wait(f"oil-{number}", "created")
    assert erp.refused == [] and erp.given >= 5
    assert sorted(line["note"] for line in erp.lines.values()) == [f"oil-{number}" for number in range(4)]
    stored = [path for path in daemon.folder.rglob("*") if path.is_file() and path.name != "token.json"]
    assert not [path for path in stored if b"refresh-token-" in path.read_bytes() and FIRST.encode() not in path.read_bytes()]
    assert not [path for path in stored if f"refresh-token-{erp.given}".encode() in path.read_bytes()]


def test_a_session_is_logged_out(daemon, shop, erp):
    place(shop, "oil")
    shop.wait("oil", "created")
    assert erp.out == []
    daemon.stop()
    assert erp.out == ["access-token-1"]
    daemon.start()
    place(shop, "more")
    shop.wait("more", "created")
    assert erp.refused == [] and erp.given == 2


def run_by_hand(daemon, *arguments):
    return subprocess.run(
        [Path(os.environ["PUMPLINE_BUILD"]) / "pumplinectl", "recipe", "run", daemon.folder / "token.json", "--config", daemon.config,
         "--workshop", "Bennys Auto", "--order", json.dumps({"worksheet": "558", "product_nr": "10", "product_amount": "4"}),
         "--folder", daemon.folder / "run", *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_a_run_by_hand_does_not_use_the_token_up(daemon, shop, erp):
    place(shop, "oil")
    shop.wait("oil", "created")
    result = run_by_hand(daemon)
    assert result.returncode != 0 and "which only the worker keeps" in result.stderr, result
    assert erp.given == 1 and erp.refused == []


def test_a_run_by_hand_logs_out(daemon, shop, erp):
    (daemon.folder / "password").write_text(FIRST)
    result = run_by_hand(daemon, "--username", "other", "--password-file", daemon.folder / "password")
    assert result.returncode == 0 and erp.out == ["access-token-1"] and not erp.lines, result
    assert "token-1" not in result.stdout + (daemon.folder / "run/run.html").read_text()


def test_a_wrong_token_is_tried_once(daemon, shop, erp):
    erp.refresh = "another"
    place(shop, "oil")
    until(lambda: shop.get("/alive").json["worker"] == "parked", "parked")
    assert erp.refused == [FIRST]
