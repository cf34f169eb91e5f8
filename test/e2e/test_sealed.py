"""A stored password opens only for the place that it was set for: the right to configure a workshop does not reveal it."""

import base64
import ctypes
import hashlib
import json
import os

import pytest

from pumpline import free_port, until

PASSWORD = "Bound-pw-47d0"
TRYTON = {"system": "tryton", "url": "http://127.0.0.1:1/db/"}
PLACES = [{"url": "http://127.0.0.2:1/db/"}, {"url": "https://127.0.0.1:1/db/"}, {"url": "http://127.0.0.1:2/db/"},
          {"ca_file": "/etc/ssl/certs/ca-certificates.crt"}, {"system": "webdriver", "recipe": "tryton-sao"}]


def path(daemon):
    return daemon.folder / "workshops.d" / "carls-cars.json"


def stored(daemon):
    return json.loads(path(daemon).read_text())


def document(**more):
    return {"workshop": "Carls Cars", "listen": f"127.0.0.1:{free_port()}", "erp": TRYTON,
            "credentials": {"username": "bot", "password": PASSWORD}, **more}


def put(daemon, body):
    reply = daemon.call("PUT", "/workshops/carls-cars", body)
    assert reply.status == 200 and PASSWORD not in reply.text, reply.text
    return reply.json


def refused(reply):
    """The pointers of a refusal."""
    assert (reply.status, reply.json["code"]) == (400, "bad_configuration") and PASSWORD not in reply.text, reply.text
    return {one["pointer"] for one in reply.json["faults"]}


def seal(daemon, **more):
    reply = daemon.call("POST", "/seal", {"workshop": "carls-cars", "password": PASSWORD, **more})
    assert reply.status == 200 and PASSWORD not in reply.text, reply.text
    return {"sealed": reply.json["sealed"]}


@pytest.mark.parametrize("change", PLACES, ids=str)
def test_a_kept_password_goes_to_no_other_place(neighboured, change):
    """A client that may configure a workshop cannot read its password, not even by redirecting it to another server."""
    daemon, _ = neighboured
    body = document()
    pid = put(daemon, body)["pid"]
    text = path(daemon).read_text()
    value = stored(daemon)["credentials"]["password"]
    moved = {**body, "erp": {**TRYTON, **change}}
    for password in ({"sealed": True}, value):
        tried = {**moved, "credentials": {"username": "bot", "password": password}}
        assert "/credentials/password" in refused(daemon.call("PUT", "/workshops/carls-cars", tried))
    tried = {**moved, "credentials": {"username": "bot"}}
    assert "/credentials/password" in refused(daemon.call("PUT", "/workshops/carls-cars", tried))
    assert path(daemon).read_text() == text and daemon.worker_pid("carls-cars") == pid
    # An equivalent URL keeps the password, and so does another database of the same server.
    same = {**TRYTON, "url": "http://127.0.0.1:1/other/", "timeout_s": 9}
    assert put(daemon, {**body, "erp": same, "credentials": {"username": "bot"}})["pid"] != pid
    assert stored(daemon)["credentials"]["password"] == value
    if "recipe" not in change:
        put(daemon, {**moved, "credentials": {"username": "bot", "password": PASSWORD}})


def as_before(daemon, slug, password):
    """As sealed by the previous version: valid for any place."""
    master = (daemon.folder / "master.key").read_bytes()
    key = hashlib.blake2b(f"pumpline workshop {slug}".encode(), key=master, digest_size=32).digest()
    sodium = ctypes.CDLL("libsodium.so.23")
    nonce, plain, context = os.urandom(24), password.encode(), b"credentials"
    out = ctypes.create_string_buffer(len(plain) + 16)
    size = ctypes.c_ulonglong
    assert sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(out, None, plain, size(len(plain)), context,
                                                             size(len(context)), None, nonce, key) == 0
    return base64.b64encode(nonce + out.raw).decode()


def test_what_an_earlier_version_sealed_opens_once(daemon):
    daemon.start()
    old = {"sealed": as_before(daemon, "carls-cars", PASSWORD)}
    body = document(credentials={"username": "bot", "password": old})
    assert refused(daemon.call("PUT", "/workshops/carls-cars", body)) == {"/credentials/password"}  # clients may not send it
    path(daemon).write_text(json.dumps(body))
    assert daemon.call("PUT", "/reload").status == 200
    until(lambda: daemon.integration("carls-cars")["process"] == "running", "it opens")
    back = daemon.call("GET", "/workshops/carls-cars").json["configuration"]
    # It is bound at once, not only when it is written.
    moved = {**back, "erp": {**TRYTON, "url": "http://127.0.0.2:1/db/"}}
    assert refused(daemon.call("PUT", "/workshops/carls-cars", moved)) == {"/credentials/password"}
    assert stored(daemon)["credentials"]["password"] == old
    assert daemon.call("PUT", "/rekey").status == 200
    new = stored(daemon)["credentials"]["password"]["sealed"]
    assert new.startswith("2:")
    path(daemon).write_text(json.dumps(body))  # an old copy
    assert refused(daemon.call("PUT", "/reload")) == {"/credentials/password"}


def test_a_file_edited_by_hand_keeps_no_password_for_another_place(neighboured):
    daemon, _ = neighboured
    body = document()
    pid = put(daemon, body)["pid"]
    moved = {**stored(daemon), "erp": {**TRYTON, "url": "http://127.0.0.2:1/db/"}}
    path(daemon).write_text(json.dumps(moved))
    assert refused(daemon.call("PUT", "/reload")) == {"/credentials/password"}
    assert daemon.worker_pid("carls-cars") == pid
    moved["credentials"]["password"] = seal(daemon, erp=moved["erp"])
    path(daemon).write_text(json.dumps(moved))
    assert daemon.call("PUT", "/reload").json["changed"] == ["carls-cars"]
    until(lambda: daemon.integration("carls-cars")["process"] == "running", "the password opens")
