"""A workshop with tokens: scope order may place and read, scope manage may do everything."""

import hashlib
import json
import os
import signal

import pytest

from pumpline import until


def entry(scope, token):
    return {"scope": scope, "hash": hashlib.blake2b(token.encode(), digest_size=32).hexdigest()}


@pytest.fixture
def shop(daemon):
    workshop = daemon.add_file(api_tokens=[entry("order", "order-token"), entry("manage", "manage-token")])
    daemon.start()
    return workshop


def status(shop, method, target, token=None, body=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return shop.call(method, target, body, headers)


def test_scopes(shop):
    for token in (None, "wrong", "order-token2", ""):
        reply = status(shop, "GET", "/alive", token)
        assert (reply.status, reply.json["code"], reply.headers["WWW-Authenticate"]) == (401, "unauthorized", "Bearer")
    assert status(shop, "POST", "/create", None, shop.order("t1")).status == 401
    assert status(shop, "POST", "/create", "order-token", shop.order("t1")).status == 200
    for target in ("/alive", "/queue", "/orders", "/get_order_status?uniqueid=t1", "/orders/t1/history"):
        assert status(shop, "GET", target, "order-token").status == 200
    for target in ("/stop_worker", "/start_worker", "/clear_queue", "/orders/t1/retry", "/orders/t1/resolve", "/kill"):
        assert status(shop, "PUT", target, "order-token").status == 403
    assert status(shop, "PUT", "/stop_worker", "manage-token").status == 200
    assert status(shop, "POST", "/create", "manage-token", shop.order("t2")).status == 200


def test_the_control_socket_needs_none(daemon, shop):
    assert daemon.call("GET", "/workshops/bennys-auto/alive").status == 200


def token(name, scope="order"):
    return {"name": name, **entry(scope, f"{name}-secret")}


def tokens(daemon, where="tokens"):
    reply = daemon.call("GET", "/workshops/bennys-auto" + ("/tokens" if where == "tokens" else "")).json
    return {one["name"]: one["last_used_at"] for one in (reply["tokens"] if where == "tokens" else reply["configuration"]["api_tokens"])}


def test_a_change_needs_no_restart(daemon):
    shop = daemon.add_file()
    daemon.start()
    pid = daemon.worker_pid()
    shop.put("/stop_worker")
    assert status(shop, "GET", "/alive").status == 200
    assert daemon.call("POST", "/workshops/bennys-auto/tokens", token("till")).status == 200
    assert status(shop, "GET", "/alive").status == 401
    assert status(shop, "GET", "/alive", "till-secret").json["worker"] == "stopped"
    assert status(shop, "PUT", "/start_worker", "till-secret").status == 403
    file = daemon.folder / "workshops.d/bennys-auto.json"
    document = json.loads(file.read_text())
    document["api_tokens"].append(token("boss", "manage"))
    file.write_text(json.dumps(document))
    assert daemon.call("PUT", "/reload").json["changed"] == ["bennys-auto"]
    until(lambda: status(shop, "PUT", "/start_worker", "boss-secret").status == 200, "the process has the tokens of the file")
    assert daemon.call("DELETE", "/workshops/bennys-auto/tokens/till").status == 200
    assert status(shop, "GET", "/alive", "till-secret").status == 401
    assert daemon.call("DELETE", "/workshops/bennys-auto/tokens/boss").status == 200
    assert status(shop, "GET", "/alive").status == 200
    assert daemon.worker_pid() == pid


def test_the_next_process_has_the_new_tokens(daemon):
    shop = daemon.add_file()
    daemon.start()
    assert daemon.call("POST", "/workshops/bennys-auto/tokens", token("till")).status == 200
    pid = daemon.worker_pid()
    os.kill(pid, signal.SIGKILL)
    until(lambda: daemon.integration()["pid"] not in (None, pid) and shop.up() is False and status(shop, "GET", "/alive", "till-secret").status == 200,
          "it serves again")
    assert status(shop, "GET", "/alive").status == 401


def test_a_use_is_visible(daemon):
    shop = daemon.add_file(api_tokens=[token("till"), token("idle")])
    daemon.start()
    assert tokens(daemon) == {"till": None, "idle": None}
    assert status(shop, "GET", "/alive", "wrong").status == 401
    assert status(shop, "GET", "/alive", "till-secret").status == 200
    until(lambda: tokens(daemon)["till"], "the daemon knows")
    used = tokens(daemon)
    assert used["till"].endswith("Z") and used["idle"] is None and tokens(daemon, "workshop") == used
    back = daemon.call("GET", "/workshops/bennys-auto").json["configuration"]
    assert daemon.call("PUT", "/workshops/bennys-auto", back).status == 200  # what is shown can be sent back
    daemon.stop()
    daemon.start()
    until(lambda: tokens(daemon) == used, "the queue keeps it")
