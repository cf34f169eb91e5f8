"""A workshop with tokens: scope order may place and read, scope manage may do everything."""

import hashlib

import pytest


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
