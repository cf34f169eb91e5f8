"""Workshops created, changed and switched by the control API: their files and processes."""

import http.client
import json
import os
import random
import signal
import threading
from urllib.parse import quote

import pytest
from pumpline import DEADLINE_S, UnixConnection, Workshop, alive, call, free_port, freeze, refused, squatting, until

PASSWORD = "Plain-pw-93ab-never-written"
HASH = "ab" * 32


def path(daemon, slug="bennys-auto"):
    return daemon.folder / "workshops.d" / f"{slug}.json"


def stored(daemon, slug="bennys-auto"):
    return json.loads(path(daemon, slug).read_text())


def document(daemon, name="Carls Cars", **more):
    lines = daemon.folder / f"lines-{name[:3].lower()}"
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
    """The refusal as {pointer: detail}; nothing may have changed."""
    files = {one.name: one.read_bytes() for one in (daemon.folder / "workshops.d").iterdir()}
    before = daemon.call("GET", "/workshops").json, daemon.children()
    problem = put(daemon, target, body, 400)
    assert problem["code"] == "bad_configuration"
    assert {one.name: one.read_bytes() for one in (daemon.folder / "workshops.d").iterdir()} == files
    assert (daemon.call("GET", "/workshops").json, daemon.children()) == before
    return {one["pointer"]: one["detail"] for one in problem["faults"]}


def test_a_new_workshop_serves_when_the_reply_is_there(neighboured):
    daemon, _ = neighboured
    body = document(daemon, stop_timeout_s=7, active=True)
    reply = put(daemon, "carls-cars", body)
    assert reply["created"] is True and reply["process"] == "running" and reply["configuration"] == body
    carls = served(body)
    carls.place("new")
    carls.wait("new", "created")
    assert stored(daemon, "carls-cars") == body
    assert path(daemon, "carls-cars").stat().st_mode & 0o777 == 0o600
    assert list(stored(daemon, "carls-cars")) == list(body)  # in their original order
    assert path(daemon, "carls-cars").read_text().startswith('{\n  "workshop": "Carls Cars",\n')


def test_workshops_come_and_go_beside_allowed_users(daemon):
    """Each change builds a new configuration and frees the old one."""
    daemon.write_config(allowed_users=["daemon", "bin"])
    daemon.add_file()
    daemon.start()
    for _ in range(3):
        document = {"workshop": "Fynns Garage", "listen": f"127.0.0.1:{free_port()}",
                    "erp": {"system": "file", "folder": str(daemon.folder)}}
        assert daemon.call("PUT", "/workshops/fynns-garage", document).status == 200
        assert daemon.call("DELETE", "/workshops/fynns-garage?force=true").status == 200
    assert daemon.process.poll() is None


def test_a_name_makes_the_slug(neighboured):
    daemon, _ = neighboured
    body = document(daemon, "Ann & Søn's  Autos!")
    assert put(daemon, "Ann & Søn's  Autos!", body)["slug"] == "ann-s-n-s-autos"
    assert put(daemon, "Ann & Søn's  Autos!", body)["created"] is False
    assert faults(daemon, "Other Name", document(daemon, "Not That")) == {"/workshop": "differs from the name in the path"}
    assert "slug" in faults(daemon, "ann: s n s autos", document(daemon, "ann: s n s autos"))["/workshop"]
    assert "slug" in faults(daemon, "äöü", document(daemon, "äöü"))["/workshop"]
    assert put(daemon, "aou", document(daemon, "äöü"))["slug"] == "aou"


def test_every_fault_is_told_at_once_and_nothing_changes(neighboured):
    daemon, bennys = neighboured
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
    for user in ("nobody-of-that-name", "root"):
        assert set(faults(daemon, "carls-cars", document(daemon, user=user))) == {"/user"}
    assert set(faults(daemon, "carls-cars", document(daemon, "neighbour"))) == {"/workshop"}
    assert set(faults(daemon, "carls-cars", document(daemon, listen=f"0.0.0.0:{free_port()}"))) == {"/listen"}


@pytest.mark.parametrize(("body", "kind", "status", "code"), [
    ('{"workshop": "A", "workshop": "B"}', None, 400, "invalid_json"), ("[]", None, 400, "invalid_json"),
    ("", None, 400, "invalid_json"), ('{"credentials": {"password": "' + PASSWORD + '"} x', None, 400, "invalid_json"),
    ("{}\0", None, 400, "invalid_json"), ("{}", "application/x-www-form-urlencoded", 400, "bad_configuration")])
def test_a_body_that_is_no_document(neighboured, body, kind, status, code):
    daemon, _ = neighboured
    reply = call(UnixConnection(daemon.socket, DEADLINE_S), "PUT", "/workshops/carls-cars", body,
                 {"Content-Type": kind} if kind else None)
    assert (reply.status, reply.type, reply.json["code"]) == (status, "application/problem+json", code)
    assert PASSWORD not in reply.text


def test_another_configuration_restarts_and_the_same_does_not(neighboured):
    daemon, bennys = neighboured
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


def test_another_workshops_broken_file_has_no_effect(neighboured):
    daemon, _ = neighboured
    path(daemon, "neighbour").write_text("{ half")
    put(daemon, "bennys-auto", {**stored(daemon), "stop_timeout_s": 9})
    put(daemon, "carls-cars", document(daemon))
    assert path(daemon, "neighbour").read_text() == "{ half" and stored(daemon)["stop_timeout_s"] == 9


def test_active_is_kept_across_restarts(neighboured):
    daemon, bennys = neighboured
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


def test_stop_and_kill_hold_until_the_daemon_restarts(neighboured):
    daemon, bennys = neighboured
    for days, command in enumerate(("stop", "kill"), 1):
        daemon.call("PUT", f"/workshops/bennys-auto/{command}")
        put(daemon, "bennys-auto", stored(daemon))  # unchanged, so nothing is restarted
        assert daemon.integration()["process"] == "stopped" and refused(bennys)
        assert put(daemon, "bennys-auto", {**stored(daemon), "retention_days": days})["process"] == "running"
    daemon.call("PUT", "/workshops/bennys-auto/kill")


def test_active_ones_start_with_the_daemon(daemon):
    bennys = daemon.add_file()
    daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()
    daemon.call("PUT", "/workshops/bennys-auto/kill")
    daemon.call("PUT", "/workshops/carls-cars/deactivate")
    daemon.stop()
    daemon.start()
    assert daemon.integration()["process"] == "running" and bennys.up()
    assert daemon.integration("carls-cars")["process"] == "stopped"


def test_a_failed_one_is_started_again_when_it_is_changed(neighboured):
    daemon, _ = neighboured
    body = document(daemon)
    with squatting(served(body).port):
        assert put(daemon, "carls-cars", body)["process"] == "backoff"
        body["listen"] = f"127.0.0.1:{free_port()}"
        assert put(daemon, "carls-cars", body)["process"] == "running"


def test_a_configuration_goes_to_a_gui_and_back(neighboured):
    daemon, _ = neighboured
    tokens = [{"scope": "order", "hash": HASH, "name": "till"}, {"scope": "manage", "hash": "cd" * 32},
              {"scope": "order", "hash": "ef" * 32}]
    body = document(daemon, credentials={"username": "bot", "password": PASSWORD}, api_tokens=tokens,
                    retry={"first_s": 0.05, "max_s": 1.1})
    first = put(daemon, "carls-cars", body)
    text = path(daemon, "carls-cars").read_text()
    assert '"first_s": 0.05,' in text and stored(daemon, "carls-cars")["api_tokens"] == tokens
    back = shown(daemon, "carls-cars")["configuration"]
    assert back["credentials"] == {"username": "bot", "password": {"sealed": True}} and "hash" not in json.dumps(back)
    assert put(daemon, "carls-cars", back)["pid"] == first["pid"]
    assert put(daemon, "carls-cars", body)["pid"] == first["pid"]  # the same password leaves the configuration unchanged
    assert path(daemon, "carls-cars").read_text() == text
    # One other member changed; the hidden password and tokens are kept.
    del back["api_tokens"], back["credentials"]["password"]
    assert put(daemon, "carls-cars", {**back, "stop_timeout_s": 5})["pid"] != first["pid"]
    assert {**json.loads(text), "stop_timeout_s": 5} == stored(daemon, "carls-cars")
    assert put(daemon, "carls-cars", {**back, "api_tokens": [{"scope": "manage", "name": "till"}]})["process"] == "running"
    assert stored(daemon, "carls-cars")["api_tokens"] == [{"scope": "manage", "name": "till", "hash": HASH}]
    put(daemon, "carls-cars", {**back, "api_tokens": []})
    assert stored(daemon, "carls-cars")["api_tokens"] == []


def below(folder):
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_a_file_being_edited_is_not_overwritten_by_a_switch(neighboured):
    daemon, _ = neighboured
    path(daemon).write_text(json.dumps({**stored(daemon), "retention_days": 7}))
    text = path(daemon).read_text()
    for method, target, body in (("PUT", "deactivate", None), ("POST", "tokens", {"name": "a", "scope": "order", "hash": HASH})):
        assert daemon.call(method, f"/workshops/bennys-auto/{target}", body).json["code"] == "file_changed"
    daemon.add_file("carls-cars", "Carls Cars")
    assert put(daemon, "carls-cars", document(daemon), 409)["code"] == "file_changed"
    assert path(daemon).read_text() == text and daemon.integration()["process"] == "running"
    daemon.call("PUT", "/reload")
    assert daemon.call("PUT", "/workshops/bennys-auto/deactivate").status == 200 and stored(daemon)["retention_days"] == 7


def test_a_folder_that_can_not_be_written(neighboured):
    daemon, bennys = neighboured
    before, pid = below(daemon.folder / "workshops.d"), daemon.worker_pid()
    away = daemon.folder / "workshops.away"
    (daemon.folder / "workshops.d").rename(away)
    try:
        for target, body in (("bennys-auto", {**json.loads((away / "bennys-auto.json").read_text()), "stop_timeout_s": 3}),
                             ("carls-cars", document(daemon))):
            assert put(daemon, target, body, 503)["code"] == "not_written"
    finally:
        away.rename(daemon.folder / "workshops.d")
    assert below(daemon.folder / "workshops.d") == before and daemon.worker_pid() == pid and bennys.up()
    assert daemon.call("GET", "/workshops/carls-cars").status == 404


def test_each_file_is_old_or_new_whenever_the_daemon_dies(daemon):
    daemon.add_file()
    daemon.start()
    base = document(daemon, credentials={"username": "bot", "password": PASSWORD}, active=False)
    dice = random.Random(7)
    sent = 0
    for _ in range(12):
        acknowledged, stop = [sent], threading.Event()

        def change(acknowledged=acknowledged, stop=stop):
            number = acknowledged[0]
            while not stop.is_set():
                number += 1
                acknowledged.append(-number)  # in flight
                try:
                    if daemon.call("PUT", "/workshops/carls-cars", {**base, "retention_days": number}).status == 200:
                        acknowledged.append(number)
                except (OSError, ValueError, http.client.HTTPException):
                    return

        thread = threading.Thread(target=change)
        thread.start()
        until(lambda acknowledged=acknowledged: len(acknowledged) > 1 + 2 * dice.randint(1, 8), "some changes")
        os.kill(daemon.process.pid, signal.SIGKILL)
        daemon.process.wait()
        stop.set()
        thread.join()
        known = stored(daemon, "carls-cars")["retention_days"]
        done, begun = max(acknowledged), -min(acknowledged)
        assert done <= known <= begun and not [text for text in below(daemon.folder).values() if PASSWORD.encode() in text]
        sent = begun
        (daemon.folder / "workshops.d" / ".carls-cars.json.new-a1B2c3").write_text("{ half")
        (daemon.folder / "workshops.d" / ".bennys-auto.json.swp").write_text("an editor's")
        daemon.start()
        assert sorted(one.name for one in (daemon.folder / "workshops.d").iterdir()) == [
            ".bennys-auto.json.swp", "bennys-auto.json", "carls-cars.json"]
        assert shown(daemon, "carls-cars")["configuration"]["retention_days"] == known


def test_nothing_is_written_while_the_daemon_stops(daemon, bennys):
    pid = daemon.worker_pid()
    freeze(pid)  # so that it takes a while
    daemon.process.send_signal(signal.SIGTERM)
    until(lambda: "stopping" in daemon.log.read_text(), "it stops")
    before = below(daemon.folder / "workshops.d")
    try:
        for method, target, body in (("PUT", "carls-cars", document(daemon)), ("PUT", "bennys-auto/deactivate", None),
                                     ("DELETE", "bennys-auto", None), ("DELETE", "bennys-auto/tokens/a", None)):
            reply = daemon.call(method, f"/workshops/{target}", body)
            assert (reply.status, reply.json["code"]) == (503, "stopping")
        assert below(daemon.folder / "workshops.d") == before
    finally:
        os.kill(pid, signal.SIGCONT)
    assert daemon.process.wait(DEADLINE_S) == 0 and not alive(pid)


def version(daemon, slug="bennys-auto"):
    return daemon.call("GET", f"/workshops/{slug}").headers["ETag"]


def test_a_dry_run_changes_nothing(daemon, bennys):
    everything = below(daemon.folder / "workshops.d"), daemon.children()
    new = document(daemon, credentials={"username": "bot", "password": PASSWORD})
    reply = daemon.call("PUT", "/workshops/carls-cars?dry_run=true", new)
    assert reply.status == 200 and PASSWORD not in reply.text
    assert {**reply.json, "configuration": None} == {"workshop": "Carls Cars", "slug": "carls-cars", "dry_run": True, "created": True,
                                                     "changed": True, "configuration": None}
    assert reply.json["configuration"]["credentials"]["username"] == "bot"
    same = daemon.call("PUT", "/workshops/bennys-auto?dry_run=true", stored(daemon)).json
    assert (same["created"], same["changed"]) == (False, False)
    other = daemon.call("PUT", "/workshops/bennys-auto?dry_run=true", {**stored(daemon), "retention_days": 7}).json
    assert (other["changed"], other["configuration"]["retention_days"]) == (True, 7)
    refusal = daemon.call("PUT", "/workshops/bennys-auto?dry_run=true", {**stored(daemon), "retention_days": 0})
    assert (refusal.status, refusal.json["faults"][0]["pointer"]) == (400, "/retention_days")
    assert (below(daemon.folder / "workshops.d"), daemon.children()) == everything
    for query, code in (("dry_run=maybe", "invalid_parameter"), ("dry=true", "unknown_parameter")):
        reply = daemon.call("PUT", f"/workshops/bennys-auto?{query}", {**stored(daemon), "retention_days": 7})
        assert (reply.status, reply.json["code"], reply.json["fields"]) == (400, code, [query.split("=")[0]])
    assert below(daemon.folder / "workshops.d") == everything[0]


def test_two_people_do_not_overwrite_each_other(daemon, bennys):
    first = version(daemon)
    daemon.call("PUT", "/workshops/bennys-auto/stop_worker")
    assert version(daemon) == first  # a state is no version
    done = daemon.call("PUT", "/workshops/bennys-auto", {**stored(daemon), "retention_days": 7}, headers={"If-Match": first})
    assert done.status == 200
    assert done.headers["ETag"] == version(daemon) != first
    everything = below(daemon.folder / "workshops.d")
    for method, target, body in (("PUT", "", {**stored(daemon), "retention_days": 8}), ("DELETE", "", None), ("PUT", "/deactivate", None),
                                 ("PUT", "?dry_run=true", {**stored(daemon), "retention_days": 8}),
                                 ("POST", "/tokens", {"scope": "order", "name": "a", "hash": HASH})):
        for tag in (first, "W/" + version(daemon), '"x"', ""):
            reply = daemon.call(method, f"/workshops/bennys-auto{target}", body, headers={"If-Match": tag})
            assert (reply.status, reply.json["code"]) == (412, "precondition_failed"), (method, target, tag)
    assert below(daemon.folder / "workshops.d") == everything
    new = daemon.call("PUT", "/workshops/carls-cars", document(daemon), headers={"If-Match": "*"})
    assert new.status == 412  # there is none that could match
    every = daemon.call("GET", "/workshops").headers["ETag"]
    for days, tags in ((9, '*'), (10, '"x", {}')):
        named = {"If-Match": tags.format(version(daemon))}
        assert daemon.call("PUT", "/workshops/bennys-auto", {**stored(daemon), "retention_days": days}, headers=named).status == 200
    assert daemon.call("GET", "/workshops").headers["ETag"] != every
    secret = {**stored(daemon), "credentials": {"username": "bot", "password": "one"}}
    daemon.call("PUT", "/workshops/bennys-auto", secret)
    one = version(daemon)
    daemon.call("PUT", "/workshops/bennys-auto", {**secret, "credentials": {"username": "bot", "password": "two"}})
    assert version(daemon) != one
    assert daemon.call("DELETE", "/workshops/bennys-auto", headers={"If-Match": version(daemon)}).status == 200
