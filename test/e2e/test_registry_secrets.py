"""Passwords and tokens of workshops by the control API: sealed, kept, shown nowhere."""

import hashlib
import json

from pumpline import free_port, refused, until
from test_registry import HASH, PASSWORD, below, document, faults, path, put, shown, stored
from test_secrets import held


def test_a_missing_secret_cannot_be_kept(neighboured):
    daemon, _ = neighboured
    body = document(daemon, credentials={"username": "bot", "password": PASSWORD},
                    api_tokens=[{"scope": "order", "hash": HASH}, {"scope": "order", "hash": "cd" * 32}])
    put(daemon, "carls-cars", body)
    back = shown(daemon, "carls-cars")["configuration"]
    # Ambiguous: two tokens have no name.
    assert set(faults(daemon, "carls-cars", {**back, "api_tokens": back["api_tokens"][:1]})) == {"/api_tokens/0/hash"}
    for credentials in ({"username": "other", "password": {"sealed": True}}, {"username": "other"}):
        assert set(faults(daemon, "carls-cars", {**back, "credentials": credentials})) == {"/credentials/password"}
    new = document(daemon, "Zoes", credentials={"username": "bot", "password": {"sealed": True}})
    assert set(faults(daemon, "zoes", new)) == {"/credentials/password"}
    put(daemon, "carls-cars", {**back, "credentials": None})
    assert stored(daemon, "carls-cars")["credentials"] is None


def seal(daemon, workshop, password=PASSWORD, **more):
    reply = daemon.call("POST", "/seal", {"workshop": workshop, "password": password, **more})
    assert reply.status == 200 and PASSWORD not in reply.text
    return reply.json


def test_sealing_by_hand(neighboured):
    daemon, _ = neighboured
    assert seal(daemon, "Bennys Auto")["slug"] == "bennys-auto"
    erp = document(daemon)["erp"]
    sealed = seal(daemon, "carls-cars", erp=erp)
    assert sealed["slug"] == "carls-cars"
    body = document(daemon, credentials={"username": "bot", "password": {"sealed": sealed["sealed"]}})
    assert set(faults(daemon, "other-slug", body)) == {"/credentials/password"}
    assert put(daemon, "carls-cars", body)["process"] == "running"
    assert stored(daemon, "carls-cars") == body
    assert daemon.call("POST", "/seal", {"workshop": "No Body", "password": "x"}).json["code"] == "unknown_workshop"
    for wrong in ({"workshop": "a"}, {"workshop": "a", "password": 7}, {"workshop": "a", "password": "x", "more": 1},
                  {"workshop": "a", "password": "x"}, {"workshop": "a", "password": "x", "erp": 7},
                  {"workshop": "a", "password": "x", "callback": {"url": "http://a/"}}, {"workshop": "a", "secret": "x"},
                  {"workshop": "a", "secret": "x", "password": "x", "callback": {"url": "http://a/"}},
                  {"workshop": "a", "secret": "whsec_?", "callback": {"url": "http://a/"}}):
        assert daemon.call("POST", "/seal", wrong).json["code"] == "bad_configuration"


def test_a_plain_password_is_written_nowhere(neighboured):
    daemon, _ = neighboured
    replies = [daemon.call("PUT", "/workshops/carls-cars", {**document(daemon), "credentials": credentials, **more}).text
               for credentials, more in (({"username": "bot", "password": PASSWORD}, {"colour": 1}),
                                         ({"username": "bot", "password": PASSWORD * 99}, {}),
                                         ({"username": "bot", "password": PASSWORD}, {}),
                                         ({"username": "bot2", "password": PASSWORD}, {}))]
    replies += [daemon.call("PUT", f"/workshops/carls-cars/{one}").text for one in ("deactivate", "activate")]
    seal(daemon, "carls-cars", erp=document(daemon)["erp"])
    # Connections closed just now may still have requests in flight.
    until(lambda: not held(daemon.process.pid, PASSWORD.encode()), "it is forgotten")
    daemon_log = daemon.log.read_text()
    assert not [one for one in replies if PASSWORD in one] and PASSWORD not in daemon_log
    assert not [name for name, data in below(daemon.folder).items() if PASSWORD.encode() in data]
    assert "sealed" in stored(daemon, "carls-cars")["credentials"]["password"]


def test_a_plain_password_of_a_file_is_sealed_at_the_next_write(neighboured):
    daemon, _ = neighboured
    daemon.add_file("carls-cars", "Carls Cars", credentials={"username": "bot", "password": PASSWORD})
    daemon.call("PUT", "/reload")
    pid = until(lambda: daemon.integration("carls-cars")["process"] == "running" and daemon.worker_pid("carls-cars"), "up")
    assert stored(daemon, "carls-cars")["credentials"]["password"] == PASSWORD
    assert put(daemon, "carls-cars", shown(daemon, "carls-cars")["configuration"])["pid"] == pid
    assert daemon.call("PUT", "/workshops/carls-cars/deactivate").json["active"] is False
    assert PASSWORD not in path(daemon, "carls-cars").read_text() and "sealed" in path(daemon, "carls-cars").read_text()
    assert daemon.call("PUT", "/workshops/carls-cars/activate").json["process"] == "running"
    pid = daemon.worker_pid("carls-cars")
    # Put back into the file, it is unchanged.
    body = stored(daemon, "carls-cars")
    body["credentials"]["password"] = PASSWORD
    path(daemon, "carls-cars").write_text(json.dumps(body))
    assert daemon.call("PUT", "/reload").json["changed"] == [] and daemon.worker_pid("carls-cars") == pid


def test_tokens(neighboured):
    daemon, bennys = neighboured
    assert daemon.call("GET", "/workshops/bennys-auto/tokens").json == {"workshop": "Bennys Auto", "tokens": []}
    pid = daemon.worker_pid()
    token = "a-token-of-the-till"
    mine = {"name": "till / one", "scope": "manage", "hash": hashlib.blake2b(token.encode(), digest_size=32).hexdigest()}
    reply = daemon.call("POST", "/workshops/bennys-auto/tokens", mine)
    expected = {"workshop": "Bennys Auto", "tokens": [{"name": "till / one", "scope": "manage", "last_used_at": None}]}
    assert (reply.status, reply.json) == (200, expected) and daemon.worker_pid() == pid
    assert daemon.call("GET", "/workshops/Bennys%20Auto/tokens").json == expected
    assert stored(daemon)["api_tokens"] == [mine]
    assert bennys.create("x").status == 401
    assert bennys.call("GET", "/queue", headers={"Authorization": f"Bearer {token}"}).status == 200
    assert daemon.call("POST", "/workshops/bennys-auto/tokens", mine).json["code"] == "token_exists"
    for wrong in ({**mine, "name": None}, {**mine, "scope": "all"}, {**mine, "hash": "AB" * 32}, {"scope": "order", "hash": HASH},
                  {**mine, "name": "b", "hash": HASH[1:]}, {**mine, "name": "b", "token": "x"}):
        assert daemon.call("POST", "/workshops/bennys-auto/tokens", wrong).json["code"] == "bad_configuration"
    assert daemon.call("DELETE", "/workshops/bennys-auto/tokens/other").json["code"] == "unknown_token"
    assert daemon.call("DELETE", "/workshops/bennys-auto/tokens/till%20%2F%20one").json["tokens"] == []
    bennys.place("y")


def test_the_last_token_of_an_open_address_stays(neighboured):
    daemon, _ = neighboured
    put(daemon, "carls-cars", document(daemon, listen=f"0.0.0.0:{free_port()}",
                                       api_tokens=[{"scope": "order", "hash": HASH, "name": "only"}]))
    pid = daemon.worker_pid("carls-cars")
    problem = daemon.call("DELETE", "/workshops/carls-cars/tokens/only").json
    assert problem["code"] == "bad_configuration" and problem["faults"][0]["pointer"] == "/listen"
    assert len(stored(daemon, "carls-cars")["api_tokens"]) == 1 and daemon.worker_pid("carls-cars") == pid


def test_a_token_starts_no_stopped_workshop(neighboured):
    daemon, bennys = neighboured
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    assert daemon.call("POST", "/workshops/bennys-auto/tokens", {"name": "a", "scope": "order", "hash": HASH}).status == 200
    assert daemon.integration()["process"] == "stopped" and refused(bennys)
