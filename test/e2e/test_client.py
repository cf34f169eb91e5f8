"""conf/clients/pumpline_client.py, as OilMat uses it."""

import base64
import decimal
import hashlib
import hmac
import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from pumpline import SECRET, free_port, until
from web_server import Server, reply

SOURCE = Path(__file__).parents[2] / "conf/clients/pumpline_client.py"
spec = importlib.util.spec_from_file_location("pumpline_client", SOURCE)
client = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = client  # as the page imports it
spec.loader.exec_module(client)

KEY = b"k" * 24
WHSEC = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"uniqueid": "a", "status": "created"}'
NOW = 1764403200


def shop_of(workshop):
    return client.Workshop(f"http://127.0.0.1:{workshop.port}", workshop.name)


def test_an_order_becomes_a_line(bennys):
    shop = shop_of(bennys)
    order = {"worksheet": "558", "product_nr": "10", "product_amount": decimal.Decimal("5.250"), "username": "admin", "password": SECRET}
    assert not shop.place("a", **order)["duplicate"]
    assert shop.place("a", **order)["duplicate"]
    assert shop.wait("a")["status"] == "created"


def test_refusals_are_not_repeated(bennys):
    with pytest.raises(client.Refused) as refused:
        shop_of(bennys).place("a", worksheet="", product_nr="10", product_amount="5")
    assert refused.value.code == "missing_fields" and refused.value.problem["fields"]
    with pytest.raises(TypeError):
        shop_of(bennys).place("a", worksheet="1", product_nr="10", product_amount=5.25)


def test_an_order_is_repeated_until_it_is_kept(monkeypatch):
    """503, half a reply, no reply, what a proxy says: each time with the same uniqueid."""
    seen, answers = [], [
        reply(503, json.dumps({"code": "stopping", "detail": "stopping"}).encode(), ["Retry-After: 0"]),
        reply(200, b'{"workshop": "B'), reply(200, b"{}").replace(b"Length: 2", b"Length: 9"), b"", b"SSH-2.0\r\n\r\n", reply(408, b"null"),
        reply(502, b"<html>"), reply(503, b"[]"), reply(200, b"null"),
        reply(200, json.dumps({"uniqueid": "a", "status": "placed", "duplicate": True}).encode())]

    def answer(request):
        seen.append(request.json["uniqueid"])
        return answers[len(seen) - 1]

    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.01)
    with Server(free_port(), answer) as server:
        placed = client.Workshop(server.url, "Bennys Auto").place("a", "558", "10", "5")
    assert placed["duplicate"] and seen == ["a"] * len(answers)


def test_nobody_listens():
    with pytest.raises(client.Unavailable):
        client.Workshop(f"http://127.0.0.1:{free_port()}", "Bennys Auto").place("a", "558", "10", "5", give_up_after_s=0)


README = SOURCE.with_name("README.md").read_text()
TOKEN = "token-of-the-page-0123456789abcdef"


@pytest.fixture
def guarded(daemon):
    """The workshop of the page, with a token that may place orders."""
    shop = daemon.add_file(api_tokens=[{"scope": "order", "name": "oilmat", "hash": hashlib.blake2b(TOKEN.encode(), digest_size=32).hexdigest()}],
                           credentials={"username": "bot", "password": SECRET})
    daemon.start()
    return shop


def block(heading, language):
    return README.split(f"\n## {heading}\n")[1].split(f"```{language}\n")[1].split("```")[0]


def pasted(port):
    """What each call of the page says, pasted into a shell."""
    first, rest = block("With curl", "").split("\n", 1)
    assert first == "port=http://127.0.0.1:8101 token='Authorization: Bearer …'"
    own = first.replace("8101", str(port)).replace("…", TOKEN)
    calls = [part for part in rest.split("\n\n") if "curl" in part]
    assert len(calls) == rest.count("curl ") == 5
    for call in calls:
        done = subprocess.run(["bash", "-euc", f"{own}\n{call.replace('curl ', 'curl -sS ')}"], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, (call, done)
        yield json.loads(done.stdout)


def test_each_line_of_curl(guarded):
    said = list(pasted(guarded.port))
    assert said[0]["status"] == "placed" and said[1]["uniqueid"] == said[0]["uniqueid"] and said[1]["product_amount"] == "5.25"
    assert said[2]["worksheet"] == "558" and said[3]["orders"] and said[4]["orders"] == []


def test_curl_repeats_an_order_whose_reply_is_lost():
    answers = [b"", reply(200, b'{"status": "placed"}')]
    with Server(free_port(), lambda request: answers.pop(0)) as server:
        assert next(pasted(server.port))["status"] == "placed"
    assert not answers


def test_the_python_of_the_page(guarded, capsys):
    page = block("With Python", "python").replace("8101", str(guarded.port)).replace("…", TOKEN)
    exec(compile(page, "README.md", "exec"), {})
    assert capsys.readouterr().out == "created None None\n"
    request = SimpleNamespace(headers=signed(at=int(time.time())), body=BODY)
    page = block("Callbacks", "python").replace("    …", "    raise")
    named = {"secret": WHSEC, "request": request}
    exec(compile(page, "README.md", "exec"), named)
    assert named["order"]["status"] == "created"
    request.body += b" "
    with pytest.raises(client.BadSignature):
        exec(compile(page, "README.md", "exec"), named)


def signed(secret_bytes=KEY, at=NOW, body=BODY):
    mac = hmac.new(secret_bytes, b"msg_1.%d." % at + body, hashlib.sha256).digest()
    return {"Webhook-Id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": "v1,AAAA v1," + base64.b64encode(mac).decode()}


def test_a_callback_is_verified():
    assert client.verify_callback(WHSEC, signed(), BODY, now=NOW + 10)["status"] == "created"
    assert client.verify_callback(WHSEC.removeprefix("whsec_"), signed(), BODY, now=NOW)["uniqueid"] == "a"


@pytest.mark.parametrize(("secret", "key"), [
    (WHSEC, KEY), (WHSEC.removeprefix("whsec_"), KEY), ("a secret of OilMat’s", "a secret of OilMat’s".encode()),
    ("c2VjcmV", b"c2VjcmV"), ("c2VjcmX=", b"c2VjcmX="), ("c2VjcmU=", b"secre")])
def test_a_secret_is_read_as_the_worker_reads_it(daemon, secret, key):
    """By the signature that the worker makes with it."""
    posts = []

    def answer(request):
        posts.append(request)
        return reply(200)

    with Server(free_port(), answer) as server:
        bennys = daemon.add_file(callback={"url": f"{server.url}/hook", "secret": secret})
        daemon.start()
        bennys.place("a")
        until(lambda: posts, "the callback is posted")
    post = posts[0]
    assert client.verify_callback(secret, post.headers, post.body)["uniqueid"] == "a"
    assert client.verify_callback(secret, signed(key), BODY, now=NOW)["uniqueid"] == "a"


@pytest.mark.parametrize("secret", ["whsec_", "whsec_no base64", "whsec_c2VjcmX=", ""])
def test_a_secret_that_pumpline_refuses_is_refused(secret):
    with pytest.raises(ValueError):
        client.verify_callback(secret, signed(), BODY, now=NOW)


@pytest.mark.parametrize(("headers", "body"), [
    (signed(b"x" * 24), BODY), (signed(), BODY + b" "), (signed(at=NOW - 301), BODY), (signed(at=NOW + 301), BODY), ({}, BODY),
    ({**signed(), "webhook-timestamp": "now"}, BODY), ({**signed(), "webhook-signature": "v1,é"}, BODY)])
def test_a_forged_callback_is_refused(headers, body):
    with pytest.raises(client.BadSignature):
        client.verify_callback(WHSEC, headers, body, now=NOW)
