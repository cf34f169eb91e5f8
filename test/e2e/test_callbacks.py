"""Callbacks: a receiver is told of each order's end, at least once and in order, whatever it or the worker does."""

import base64
import hashlib
import hmac
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from pumpline import SECRET, free_port, until
from test_ctl_manage import run

sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))
import web_server

KEY = bytes(range(32))
HOOK_SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Receiver(web_server.Server):
    """Answers by `decide(number of the post)`, and remembers all posts and which of them it accepted."""

    def __init__(self, port=0, decide=lambda number: 200):
        self.decide, self.posts, self.accepted, self.count = decide, [], [], 0
        super().__init__(port or free_port())

    @property
    def hook(self):
        return f"{self.url}/hook"

    def answer(self, request):
        with self.lock:
            number = self.count = self.count + 1
            self.posts.append(request)
        reply = self.decide(number)
        status = reply if isinstance(reply, int) else 200
        with self.lock:
            if 200 <= status < 300:
                self.accepted.append(request)
        return web_server.reply(status) if isinstance(reply, int) else reply

    def ends(self):
        with self.lock:
            return [(request.json["uniqueid"], request.json["status"]) for request in self.accepted]


def assert_signed(request, key=KEY):
    """As Standard Webhooks describes it, computed without the program under test."""
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    identity, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    assert abs(time.time() - int(timestamp)) < 300
    signed = f"{identity}.{timestamp}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


@pytest.fixture
def receiver():
    with Receiver() as one:
        yield one


def callback(receiver, secret=HOOK_SECRET, **more):
    return {"url": receiver.hook, "secret": secret, **more}


def test_a_receiver_that_fails_nine_of_ten(daemon, receiver):
    receiver.decide = lambda number: 200 if number % 10 == 0 else (503, 500, 502, 429)[number % 4]
    bennys = daemon.add_file(callback=callback(receiver))
    daemon.start()
    expected = []
    for number in range(2):
        for worksheet in ("558", "77"):
            bennys.place(f"{worksheet}-{number}", worksheet)
            expected.append((f"{worksheet}-{number}", "created"))
    until(lambda: len(receiver.ends()) >= len(expected), "all are accepted", 170)
    assert sorted(receiver.ends()) == sorted(expected)
    for worksheet in ("558", "77"):
        assert [one for one, _ in receiver.ends() if one.startswith(worksheet)] == [f"{worksheet}-{n}" for n in range(2)]
    bodies = {}
    for request in receiver.posts:
        assert_signed(request)
        assert SECRET.encode() not in request.body and HOOK_SECRET.encode() not in request.body
        assert bodies.setdefault(request.headers["webhook-id"], request.body) == request.body
    assert len(bodies) == len(expected)
    assert receiver.accepted[0].json == bennys.state(receiver.accepted[0].json["uniqueid"])


def test_each_way_to_an_end_is_told(daemon, receiver):
    bennys = daemon.add_file(callback=callback(receiver))
    daemon.start()
    bennys.put("/stop_worker")
    bennys.place("a1")
    bennys.put("/clear_queue")
    assert bennys.put("/orders/a1/resolve", {"note": "by hand"}).status == 200
    until(lambda: len(receiver.ends()) == 2, "both are told")
    assert receiver.ends() == [("a1", "error"), ("a1", "created")]
    first, second = (request.json for request in receiver.accepted)
    assert (first["reason_code"], second["reason_code"]) == ("cleared", None)


def test_kill_9_loses_no_callback(daemon, receiver):
    receiver.decide = lambda number: 503
    bennys = daemon.add_file(callback=callback(receiver))
    daemon.start()
    for number in range(20):
        bennys.place(f"k{number}", str(number % 5))
        if number % 4 == 3:
            os.kill(daemon.worker_pid(), signal.SIGKILL)
            until(bennys.up, "it is back")
    for number in range(20):
        bennys.wait(f"k{number}", "created")
    daemon.stop()
    receiver.decide = lambda number: 200
    daemon.start()
    until(lambda: {one for one, _ in receiver.ends()} == {f"k{number}" for number in range(20)}, "all are told")
    told = {}
    for request in receiver.accepted:
        told.setdefault(request.json["worksheet"], []).append(request.json["uniqueid"])
    for worksheet, ids in told.items():
        assert list(dict.fromkeys(ids)) == [f"k{number}" for number in range(20) if str(number % 5) == worksheet]


@pytest.mark.parametrize("how", ["down", "hangs", "floods", "redirects"])
def test_no_receiver_delays_a_delivery(daemon, receiver, how):
    hold = web_server.Hold()
    elsewhere = Receiver()
    bennys = daemon.add_file(callback=callback(receiver))
    if how == "down":
        receiver.stop()
    elif how == "hangs":
        receiver.decide = lambda number: hold.stay() or 200
    elif how == "floods":
        receiver.decide = lambda number: web_server.reply(500, b"x" * (8 << 20))
    else:
        receiver.decide = lambda number: web_server.reply(307, headers=[f"Location: {elsewhere.hook}"])
    with elsewhere:
        daemon.start()
        for number in range(30):
            bennys.place(f"d{number}", str(number))
        for number in range(30):
            bennys.wait(f"d{number}", "created")
        if how != "down":
            until(lambda: receiver.count, "it is asked")
        assert bennys.get("/queue").json["length"] == 0
        daemon.stop()
        hold.release()
        assert not elsewhere.posts


def test_it_gives_up_after_the_configured_time(daemon, receiver):
    receiver.decide = lambda number: 500
    bennys = daemon.add_file(callback=callback(receiver, give_up_after_s=3))
    daemon.start()
    bennys.place("g1")
    bennys.wait("g1", "created")
    until(lambda: "giving up on callback" in daemon.log.read_text(), "it gives up")
    assert receiver.count > 1
    receiver.decide = lambda number: 200
    bennys.place("g2")
    until(lambda: receiver.ends() == [("g2", "created")], "the next one of the worksheet is told")


@pytest.mark.parametrize("away", [False, True])
def test_an_operator_seals_the_secret(daemon, receiver, tmp_path, away):
    """By the daemon, or with the key file if the daemon is down; only for this receiver."""
    bennys = daemon.add_file()
    daemon.start()
    path = daemon.folder / "workshops.d" / "bennys-auto.json"
    new = tmp_path / "new.json"
    new.write_text(json.dumps({**json.loads(path.read_text()), "callback": {"url": receiver.hook}}))
    refused = run(daemon, "seal", "bennys-auto", "--callback", stdin=HOOK_SECRET)
    assert refused.returncode == 1 and "/callback" in refused.stderr, "no receiver is known yet"
    assert run(daemon, "seal", "bennys-auto", "--callback", "--file", new, stdin="whsec_???").returncode != 0
    if away:
        daemon.stop()
    key = ("-c", daemon.config) if away else ()
    done = run(daemon, "seal", "bennys-auto", "--callback", "--file", new, *key, stdin=HOOK_SECRET)
    assert done.returncode == 0 and HOOK_SECRET not in done.stdout, done
    path.write_text(json.dumps({**json.loads(path.read_text()), "callback": {"url": receiver.hook, "secret": json.loads(done.stdout)}}))
    if away:
        daemon.start()
    else:
        assert daemon.call("PUT", "/reload").status == 200
    bennys.up()
    bennys.place("by-hand")
    until(lambda: receiver.ends() == [("by-hand", "created")], "it is told")
    assert_signed(receiver.accepted[0])


def test_the_secret_is_sealed_for_its_receiver(daemon, receiver):
    raw = base64.b64encode(KEY).decode()  # without the prefix
    bennys = daemon.add_file(callback=callback(receiver, raw))
    daemon.start()
    path = daemon.folder / "workshops.d" / "bennys-auto.json"
    shown = daemon.call("GET", "/workshops/bennys-auto").json["configuration"]
    assert shown["callback"]["secret"] == {"sealed": True}
    reply = daemon.call("PUT", "/workshops/bennys-auto", shown)
    assert reply.status == 200, reply.text
    stored = json.loads(path.read_text())
    assert stored["callback"]["secret"]["sealed"].startswith("2:") and raw not in path.read_text()
    with Receiver() as thief:
        moved = {**shown, "callback": {**shown["callback"], "url": thief.hook}}
        refused = daemon.call("PUT", "/workshops/bennys-auto", moved)
        assert refused.status == 400 and refused.json["faults"][0]["pointer"] == "/callback/secret", refused.text
        path.write_text(json.dumps({**stored, "callback": {**stored["callback"], "url": thief.hook}}))
        refused = daemon.call("PUT", "/reload")
        assert refused.status == 400 and refused.json["faults"][0]["pointer"] == "/callback/secret", refused.text
        bennys.place("s1")
        until(lambda: receiver.ends() == [("s1", "created")], "the running worker tells its own receiver")
        daemon.stop()
        daemon.start_only()
        until(lambda: daemon.integration()["process"] == "failed", "it does not start")
        assert not thief.posts
    path.write_text(json.dumps(stored))
    assert daemon.call("PUT", "/reload").status == 200
    until(lambda: daemon.integration()["process"] == "running", "it is back")
    bennys.place("s2")
    until(lambda: receiver.ends()[-1] == ("s2", "created"), "it is told")
    assert set(receiver.ends()) == {("s1", "created"), ("s2", "created")}, "s1 once more if the daemon was faster than its record"
    for request in receiver.accepted:
        assert_signed(request)


@pytest.mark.parametrize(("member", "value"), [("url", "ftp://h/"), ("url", None), ("secret", "whsec_no base64"),
                                               ("secret", None), ("give_up_after_s", 0), ("more", 1)])
def test_a_bad_callback_is_refused(daemon, receiver, member, value):
    daemon.add_file()
    daemon.start()
    shown = daemon.call("GET", "/workshops/bennys-auto").json["configuration"]
    bad = {**callback(receiver), member: value}
    refused = daemon.call("PUT", "/workshops/bennys-auto",
                          {**shown, "callback": {name: one for name, one in bad.items() if one is not None}})
    assert refused.status == 400 and refused.json["faults"][0]["pointer"] == f"/callback/{member}", refused.text


def test_without_a_receiver_nothing_is_kept(daemon, receiver):
    receiver.stop()
    bennys = daemon.add_file(callback=callback(receiver))
    daemon.start()
    bennys.place("w1")
    bennys.wait("w1", "created")
    shown = daemon.call("GET", "/workshops/bennys-auto").json["configuration"]
    del shown["callback"]
    assert daemon.call("PUT", "/workshops/bennys-auto", shown).status == 200
    until(lambda: "dropping 1 callbacks" in daemon.log.read_text(), "it says so")
