"""Bad input gets the problem that the contract specifies, and changes nothing."""

import json

import pytest

from pumpline import SECRET

REQUIRED = ["workshop", "worksheet", "product_nr", "product_amount", "uniqueid", "username", "password"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    from pumpline import Daemon
    daemon = Daemon(tmp_path_factory.mktemp("refusals") / "pumpline")
    workshop = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": "http://127.0.0.1:9/erp/"})  # needs credentials
    daemon.start()
    workshop.put("/stop_worker")
    yield workshop
    daemon.stop()


@pytest.fixture(autouse=True)
def nothing_changed(shop):
    before = shop.get("/alive").json["orders"]
    yield
    assert shop.get("/alive").json["orders"] == before


def problem(reply, status, code=None, fields=None):
    assert (reply.status, reply.type) == (status, "application/problem+json"), reply.text
    body = reply.json
    assert body["type"] == "about:blank" and body["status"] == status and body["title"] and body["detail"]
    assert code is None or body["code"] == code
    assert fields is None or body["fields"] == fields
    assert SECRET not in reply.text
    return body


def post(shop, body, **headers):
    return shop.call("POST", "/create", body, headers)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["absent", "", "  \u00a0"[:2], None])
def test_missing_members(shop, name, value):
    order = shop.order("m1")
    if value == "absent":
        del order[name]
    else:
        order[name] = value
    body = problem(post(shop, order), 400, "missing_fields", [name])
    assert body["detail"] == f"{name} is missing" + (" or empty" if value in ("", "  ") else "")


def test_all_missing_members_are_named(shop):
    body = problem(post(shop, {"workshop": shop.name}), 400, "missing_fields", REQUIRED[1:])
    assert body["detail"].endswith("username and password are missing")


@pytest.mark.parametrize("amount", ["0", "-1", "1e5", "NaN", "5,5", "1.1234567", "9999999999", "0.0", "+5", ".5", "5.",
                                    "0x10", "Infinity", " 5", "5 ", "٥"])
def test_amounts_as_text(shop, amount):
    problem(post(shop, shop.order("a1", amount=amount)), 400, "invalid_fields", ["product_amount"])


@pytest.mark.parametrize("amount", ["0", "-1", "1e5", "1.1234567", "9999999999", "-0", "1E400000"])
def test_amounts_as_numbers(shop, amount):
    body = json.dumps(shop.order("a2")).replace('"product_amount": "5"', f'"product_amount": {amount}')
    problem(post(shop, body), 400)


def test_nan_is_invalid_json(shop):
    body = json.dumps(shop.order("a3")).replace('"product_amount": "5"', '"product_amount": NaN')
    problem(post(shop, body), 400, "invalid_json")


@pytest.mark.parametrize("body", ["", "{", "[]", "5", '{"a": }', '{"workshop": "x",}', "{} {}", '{"a": 1, "a": 2}',
                                  b"\xef\xbb\xbf{", b'{"a": "\xff"}', b'{"a": "\xc0\x80"}', b'{"a": "\xed\xa0\x80"}',
                                  '{"a": "\x01"}', '{"a": "\t"}', "\0", '{"\\ud800": 1}'])
def test_broken_json(shop, body):
    detail = problem(post(shop, body), 400, "invalid_json")["detail"]
    assert "line " in detail and "column " in detail


def test_line_and_column(shop):
    detail = problem(post(shop, '{\n  "workshop": "x",\n  "worksheet" 5\n}'), 400, "invalid_json")["detail"]
    assert detail.startswith("line 3, column ")


@pytest.mark.parametrize("end, where", [(",}", "line 9, column 1"), (",\n}\n", "line 9, column 1"), (" , }", "line 9, column 2")])
def test_a_comma_too_many(shop, end, where):
    """As in the customer's sample."""
    body = json.dumps(shop.order("k1"), indent=1).removesuffix("\n}") + "\n" + end
    detail = problem(post(shop, body), 400, "invalid_json")["detail"]
    assert detail == f"{where}: trailing comma before '}}'"


def test_a_byte_order_mark_is_skipped(shop):
    body = json.dumps(shop.order("k2", amount=0.0))  # the amount is read from the text
    problem(post(shop, b"\xef\xbb\xbf" + body.encode()), 400, "invalid_fields", ["product_amount"])


def test_the_parser_quotes_no_password(shop):
    problem(post(shop, f'{{"password": "{SECRET}" "x"}}'), 400, "invalid_json")


def test_duplicate_members(shop):
    body = json.dumps(shop.order("d1"))[:-1] + ', "worksheet": "559"}'
    problem(post(shop, body), 400, "invalid_json")


def test_wrong_workshop(shop):
    problem(post(shop, shop.order("w1", workshop="Carls Cars")), 400, "wrong_workshop", ["workshop"])


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("text", ["a\0b", "a\nb", "a\x1fb", "a\x7fb", "a\u0085b"])
def test_control_characters(shop, name, text):
    order = shop.order("c1")
    order[name] = text
    body = problem(post(shop, order), 400)
    assert name in body["fields"]


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("text", [" a", "a ", "\u00a0a", "a\u3000", "a\u2009", "\ufeffa", "a\u200bb", "a\u200d", "a\u00adb",
                                  "\u200b", "a\u2028b"])
def test_invisible_characters(shop, name, text):
    """A different value that looks the same."""
    order = shop.order("v1")
    order[name] = text
    body = problem(post(shop, order), 400, "invalid_fields")
    assert name in body["fields"] and name in body["detail"]


@pytest.mark.parametrize("name", REQUIRED)
def test_white_space_alone_is_missing(shop, name):
    order = shop.order("v2")
    order[name] = "\u00a0 \u3000"
    problem(post(shop, order), 400, "missing_fields", [name])


@pytest.mark.parametrize("value", ["a\0b", ["x", {"y": "\x02"}], {"\x7f": 1}])
def test_control_characters_in_unknown_members(shop, value):
    problem(post(shop, shop.order("c2", more=value)), 400, "invalid_fields", ["more"])


@pytest.mark.parametrize("name", REQUIRED)
def test_too_long(shop, name):
    order = shop.order("l1")
    order[name] = "9" * (513 if name == "password" else 129)
    assert name in problem(post(shop, order), 400)["fields"]


@pytest.mark.parametrize("name,value", [("worksheet", 5.5), ("worksheet", True), ("product_nr", []), ("uniqueid", {}),
                                        ("username", 5), ("password", 5), ("workshop", 5), ("product_amount", "x")])
def test_wrong_types(shop, name, value):
    order = shop.order("t1")
    order[name] = value
    assert name in problem(post(shop, order), 400)["fields"]


@pytest.mark.parametrize("size", [17 * 1024, 200 * 1024, 3 * 1024 * 1024])
def test_too_large(shop, size):
    order = json.dumps(shop.order("big", filler="x" * size))
    assert problem(post(shop, order), 413)["detail"] == "the body exceeds 16384 bytes (http.body_bytes)"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json"])
def test_content_type(shop, kind):
    problem(post(shop, json.dumps(shop.order("k1")), **{"Content-Type": kind}), 415, "unsupported_media_type")


@pytest.mark.parametrize("method,target,allow", [
    ("GET", "/create", {"POST"}), ("DELETE", "/create", {"POST"}), ("POST", "/alive", {"GET", "HEAD"}),
    ("PATCH", "/queue", {"GET", "HEAD"}), ("GET", "/kill", {"PUT"}), ("POST", "/orders/x/retry", {"PUT"}),
    ("OPTIONS", "/clear_queue", {"PUT"}), ("PUT", "/orders/x/history", {"GET", "HEAD"})])
def test_wrong_method(shop, method, target, allow):
    reply = shop.call(method, target)
    problem(reply, 405, "method_not_allowed")
    assert set(reply.headers["Allow"].split(", ")) == allow


@pytest.mark.parametrize("target", ["/", "/nix", "/alive/", "/orders/", "/orders/x", "/orders//history", "/%61live/x",
                                    "/orders/%zz/history"])
def test_unknown_path(shop, target):
    problem(shop.get(target), 404)


def test_unknown_uniqueid(shop):
    problem(shop.get("/get_order_status?uniqueid=nix"), 404, "unknown_order")
    problem(shop.get("/orders/nix/history"), 404, "unknown_order")
    for target in ("/get_order_status", "/get_order_status?uniqueid="):
        problem(shop.get(target), 400, "missing_fields", ["uniqueid"])
    problem(shop.get("/get_order_status?x=y"), 400, "unknown_parameter", ["x"])
    problem(shop.get("/get_order_status?uniqueid=%zz"), 400)


@pytest.mark.parametrize("query", ["after=x", "after=", "after=0", "after=-1", "after=11111111111111111", "limit=0",
                                   "limit=x", "limit=-1", "limit=1001", "limit=1.5", "limit=", "after=%00"])
@pytest.mark.parametrize("path", ["/queue?", "/orders?status=error&"])
def test_bad_pages(shop, path, query):
    problem(shop.get(path + query), 400, "invalid_parameter")


@pytest.mark.parametrize("status", ["", "nix", "PLACED", "all"])
def test_bad_status(shop, status):
    problem(shop.get(f"/orders?status={status}"), 400, "invalid_parameter", ["status"])


HEAD = b"POST /create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("request_bytes,status", [
    (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400),
    (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
    (HEAD + b"Transfer-Encoding: gzip\r\n\r\n{}", 400),
    (HEAD + b"Content-Length: +2\r\n\r\n{}", 400),
    (HEAD + b"Content-Length: 2x\r\n\r\n{}", 400),
    (HEAD + b"Content-Length: -2\r\n\r\n{}", 400),
    (b"GET /alive HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"HEAD /alive HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400),
    (b"GET //alive HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET https://elsewhere/alive HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /alive\r\n\r\n", 400),
    (b"nonsense\r\n\r\n", 400),
    (b"BREW /alive HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET /alive HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40000 + b"\r\n\r\n", 431),
    (b"GET /alive HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: aaaaaaaaaaaaaaaa\r\n" % n for n in range(2000)) + b"\r\n",
     431),
], ids=range(18))
def test_framing(shop, request_bytes, status):
    received = shop.raw(request_bytes)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status) or head.startswith(b"HTTP/1.0 %d " % status), received[:300]
    assert b"application/problem+json" in head
    assert request_bytes.startswith(b"HEAD") or json.loads(body)["status"] == status
    assert received.count(b"HTTP/1.") == 1


def test_a_call_without_a_body_ignores_none(bennys, daemon):
    """A request for one worksheet's orders would clear all."""
    bennys.put("/stop_worker")
    bennys.place("kept")
    for path in ("clear_queue", "kill", "start_worker", "restart", "deactivate"):
        for reply in ([bennys.put(f"/{path}", {"worksheet": "559"})] if path in ("clear_queue", "kill", "start_worker") else []) + [
                daemon.call("PUT", f"/workshops/bennys-auto/{path}", {"worksheet": "559"})]:
            assert (reply.status, reply.json["code"], reply.json["fields"]) == (400, "invalid_fields", ["worksheet"]), reply.text
    assert daemon.call("PUT", "/reload", "[1]").json["code"] == "invalid_json"
    assert bennys.state("kept")["status"] == "placed" and bennys.get("/alive").json["worker"] == "stopped"
    assert bennys.put("/clear_queue", {}).json["cleared"] == 1
