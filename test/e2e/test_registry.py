"""Workshops made, changed and switched by the control API: their files, and what their processes do."""

import json
import os
import random
import signal
import threading
from urllib.parse import quote

import pytest

from pumpline import DEADLINE_S, Workshop, alive, call, free_port, refused, UnixConnection, until

PASSWORD = "Plain-pw-93ab-never-written"
HASH = "ab" * 32


def path(daemon, slug="bennys-auto"):
    return daemon.folder / "workshops.d" / f"{slug}.json"


def stored(daemon, slug="bennys-auto"):
    return json.loads(path(daemon, slug).read_text())


def document(daemon, name="Carls Cars", **more):
    lines = daemon.folder / "lines-new"
    lines.mkdir(exist_ok=True)
    return {"workshop": name, "listen": f"127.0.0.1:{free_port()}",
            "erp": {"system": "file", "folder": str(lines), "format": "json"}, **more}


def served(document):
    return Workshop(document["workshop"], int(document["listen"].rsplit(":", 1)[1]))


def put(daemon, target, body, status=200):
    reply = daemon.call("PUT", f"/workshops/{quote(target)}", body)
    assert reply.status == status, reply.text
    return reply.json


def shown(daemon, slug="bennys-auto"):
    reply = daemon.call("GET", f"/workshops/{slug}")
    assert reply.status == 200, reply.text
    return reply.json


def faults(daemon, target, body):
    """Pointer to detail of a refusal that changed nothing."""
    files = {one.name: one.read_bytes() for one in (daemon.folder / "workshops.d").iterdir()}
    before = daemon.call("GET", "/workshops").json, daemon.children()
    problem = put(daemon, target, body, 400)
    assert problem["code"] == "bad_configuration"
    assert {one.name: one.read_bytes() for one in (daemon.folder / "workshops.d").iterdir()} == files
    assert (daemon.call("GET", "/workshops").json, daemon.children()) == before
    return {one["pointer"]: one["detail"] for one in problem["faults"]}


@pytest.fixture
def pair(daemon):
    """Bennys Auto, and a neighbour whose process stays the same whatever happens."""
    bennys = daemon.add_file()
    daemon.add_file("neighbour", "Neighbour")
    daemon.start()
    pid = daemon.worker_pid("neighbour")
    yield daemon, bennys
    assert daemon.worker_pid("neighbour") == pid


def test_a_new_workshop_serves_when_the_reply_is_there(pair):
    daemon, _ = pair
    body = document(daemon, stop_timeout_s=7, active=True)
    reply = put(daemon, "carls-cars", body)
    assert reply["created"] is True and reply["process"] == "running" and reply["configuration"] == body
    carls = served(body)
    carls.place("new")
    carls.wait("new", "created")
    assert stored(daemon, "carls-cars") == body
    assert path(daemon, "carls-cars").stat().st_mode & 0o777 == 0o600
    assert list(stored(daemon, "carls-cars")) == list(body)  # in their order
    assert path(daemon, "carls-cars").read_text().startswith('{\n  "workshop": "Carls Cars",\n')


def test_a_name_makes_the_slug(pair):
    daemon, _ = pair
    body = document(daemon, "Ann & Søn's  Autos!")
    assert put(daemon, "Ann & Søn's  Autos!", body)["slug"] == "ann-s-n-s-autos"
    assert put(daemon, "Ann & Søn's  Autos!", body)["created"] is False
    assert faults(daemon, "Other Name", document(daemon, "Not That")) == {"/workshop": "is another name than the one in the path"}
    assert "slug" in faults(daemon, "ann: s n s autos", document(daemon, "ann: s n s autos"))["/workshop"]
    assert "slug" in faults(daemon, "äöü", document(daemon, "äöü"))["/workshop"]
    assert put(daemon, "aou", document(daemon, "äöü"))["slug"] == "aou"


def test_every_fault_is_told_at_once_and_nothing_changes(pair):
    daemon, bennys = pair
    body = {"workshop": "Neighbour", "listen": f"127.0.0.1:{bennys.port}", "erp": {"system": "file", "folder": "x"},
            "credentials": {"username": "bot", "password": {"sealed": "bm90IG91cnM="}}, "colour": 1,
            "api_tokens": [{"scope": "all", "hash": "zz" * 32, "name": "a"}, {"scope": "order", "hash": "ZZ" * 32, "name": "a"}]}
    expected = {"/workshop", "/listen", "/erp/folder", "/credentials/password", "/colour", "/api_tokens/0/scope",
                "/api_tokens/1/name", "/api_tokens/1/hash"}
    assert set(faults(daemon, "carls-cars", body)) == expected
    body["listen"] = f"127.0.0.1:{daemon.integration('neighbour')['port']}"
    assert set(faults(daemon, "bennys-auto", body)) == expected
    assert not path(daemon, "carls-cars").exists()
    assert set(faults(daemon, "carls-cars", {})) == {"/workshop", "/listen", "/erp"}
    assert set(faults(daemon, "carls-cars", document(daemon, "neighbour"))) == {"/workshop"}
    assert set(faults(daemon, "carls-cars", document(daemon, listen=f"0.0.0.0:{free_port()}"))) == {"/listen"}


@pytest.mark.parametrize(("body", "kind", "status", "code"), [
    ('{"workshop": "A", "workshop": "B"}', None, 400, "invalid_json"), ("[]", None, 400, "invalid_json"),
    ("", None, 400, "invalid_json"), ('{"credentials": {"password": "' + PASSWORD + '"} x', None, 400, "invalid_json"),
    ("{}\0", None, 400, "invalid_json"), ("{}", "text/plain", 415, "unsupported_media_type")])
def test_a_body_that_is_no_document(pair, body, kind, status, code):
    daemon, _ = pair
    reply = call(UnixConnection(daemon.socket, DEADLINE_S), "PUT", "/workshops/carls-cars", body,
                 {"Content-Type": kind} if kind else None)
    assert (reply.status, reply.type, reply.json["code"]) == (status, "application/problem+json", code)
    assert PASSWORD not in reply.text


def test_another_configuration_restarts_and_the_same_does_not(pair):
    daemon, bennys = pair
    body, pid = stored(daemon), daemon.worker_pid()
    text, inode = path(daemon).read_text(), path(daemon).stat().st_ino
    reply = put(daemon, "Bennys Auto", body)
    assert reply["created"] is False and reply["pid"] == pid
    assert path(daemon).read_text() == text and path(daemon).stat().st_ino == inode
    body["listen"] = f"127.0.0.1:{free_port()}"
    body["workshop"] = "Benny & Sons"
    reply = put(daemon, "bennys-auto", body)
    assert reply["process"] == "running" and reply["pid"] != pid and reply["restarts"] == 0
    assert reply["workshop"] == "Benny & Sons" and reply["slug"] == "bennys-auto"
    assert refused(bennys) and served(body).up() and daemon.call("GET", "/workshops/Bennys%20Auto").status == 404
    assert stored(daemon) == body
    assert put(daemon, "Benny & Sons", body)["pid"] == reply["pid"]
    assert daemon.call("PUT", "/reload").json["unchanged"] == 2 and daemon.worker_pid() == reply["pid"]


def test_a_broken_file_of_another_is_nobodys_business(pair):
    daemon, _ = pair
    path(daemon, "neighbour").write_text("{ half")
    put(daemon, "bennys-auto", {**stored(daemon), "stop_timeout_s": 9})
    put(daemon, "carls-cars", document(daemon))
    assert path(daemon, "neighbour").read_text() == "{ half" and stored(daemon)["stop_timeout_s"] == 9


def test_active_is_kept_across_restarts(pair):
    daemon, bennys = pair
    reply = daemon.call("PUT", "/workshops/bennys-auto/deactivate").json
    assert (reply["was_active"], reply["was_running"], reply["active"], reply["process"]) == (True, True, False, "stopped")
    assert refused(bennys) and stored(daemon)["active"] is False
    reply = daemon.call("PUT", "/workshops/bennys-auto/deactivate").json
    assert (reply["was_active"], reply["was_running"]) == (False, False)
    assert daemon.call("PUT", "/workshops/bennys-auto/start").json["code"] == "inactive"
    reply = daemon.call("PUT", "/workshops/Bennys%20Auto/activate").json
    assert (reply["was_active"], reply["was_running"], reply["active"], reply["process"]) == (False, False, True, "running")
    assert bennys.up() and stored(daemon)["active"] is True
    pid = daemon.worker_pid()
    reply = daemon.call("PUT", "/workshops/bennys-auto/activate").json
    assert (reply["was_active"], reply["was_running"], reply["pid"]) == (True, True, pid)
    assert daemon.call("PUT", "/workshops/nobody/activate").status == 404
    assert daemon.call("GET", "/workshops/bennys-auto/activate").status == 405
