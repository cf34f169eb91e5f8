"""A faulty workshop stays failed, with its faults listed, until it is fixed; all others run."""

import json
import subprocess

import pytest

from pumpline import BUILD, DEADLINE_S, SECRET, free_port, squatting, until


def path(daemon, slug="faulty"):
    return daemon.folder / "workshops.d" / f"{slug}.json"


def write(daemon, document, slug="faulty"):
    text = document if isinstance(document, str) else json.dumps(document)
    path(daemon, slug).write_text(text)


def sound(**more):
    return {"workshop": "Faulty", "listen": f"127.0.0.1:{free_port()}", "erp": {"system": "file", "folder": "/nonexistent"},
            **more}


BROKEN = {"no JSON": ("{", ""), "an array": (f'["{SECRET}"]', ""), "a text": (f'{{"credentials": "{SECRET}" ', ""),
          "nothing known": ({"credentials": SECRET}, "/workshop"),
          "a member": (sound(colour=SECRET), "/colour"), "its port": (sound(listen="nowhere"), "/listen"),
          "its user": (sound(user="no-such-user-9"), "/user"), "root": (sound(user="root"), "/user"),
          "its folder": (sound(erp={"system": "file", "folder": "relative"}), "/erp/folder"),
          "its system": (sound(erp={"system": 'sap"\n'}), "/erp/system"),
          "its name": (sound(workshop="a\nb: INFO forged"), "/workshop"),
          "its recipe": (sound(erp={"system": "webdriver", "recipe": "none", "url": "http://127.0.0.1:1/"}), "/erp/recipe")}


@pytest.mark.parametrize("broken", BROKEN)
def test_the_others_serve(daemon, broken):
    document, pointer = BROKEN[broken]
    bennys = daemon.add_file()
    write(daemon, document)
    daemon.start()
    bennys.place("f1")
    bennys.wait("f1", "created")
    one = daemon.integration("faulty")
    assert (one["process"], one["pid"], one["restarts"]) == ("failed", None, 0)
    assert pointer in [fault["pointer"] for fault in one["faults"]]
    assert {fault["file"] for fault in one["faults"]} == {str(path(daemon))}
    assert daemon.integration()["faults"] is None
    summary = daemon.call("GET", "/health").json["summary"]
    assert (summary["total"], summary["running"], summary["failed"]) == (2, 1, 1)
    log = daemon.log.read_text()
    assert f"{path(daemon)}: {pointer}" in log and "1 of 2 workshops" in log
    assert not [line for line in log.splitlines() if line.startswith("b: INFO")]
    replies = [daemon.call("GET", target) for target in ("/health", "/workshops", "/workshops/faulty", "/metrics")]
    assert [reply.status for reply in replies] == [200] * 4 and not [reply for reply in replies if SECRET in reply.text]
    assert 'slug="faulty"' in replies[3].text and SECRET not in log
    # PUT /reload still changes nothing, and names the workshop.
    pid = daemon.worker_pid()
    reply = daemon.call("PUT", "/reload")
    assert reply.status == 400 and pointer in [fault["pointer"] for fault in reply.json["faults"]]
    assert daemon.worker_pid() == pid and SECRET not in reply.text
    mended = sound(workshop="Mended")
    write(daemon, mended)
    assert "faulty" in daemon.call("PUT", "/reload").json["changed"]
    until(lambda: daemon.integration("faulty")["process"] == "running", "it is mended")
    assert (daemon.integration("faulty")["workshop"], daemon.integration("faulty")["faults"]) == ("Mended", None)
    assert daemon.worker_pid() == pid


def test_the_check_names_them_all(daemon):
    daemon.add_file()
    write(daemon, "{")
    done = subprocess.run([BUILD / "pumplined", "-n", "-c", daemon.config], capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False)
    assert done.returncode == 78 and "faulty.json: line 1" in done.stderr
    done = subprocess.run([BUILD / "pumplined", "--create-key", "-c", daemon.config], capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stderr  # creates what the daemon needs to start


def test_it_cannot_be_started_before(daemon):
    daemon.add_file()
    write(daemon, sound(colour=1, api_tokens=[{"scope": "manage", "hash": "ab" * 32}]))
    daemon.start()
    for method, call, body in (("PUT", "start", None), ("PUT", "restart", None), ("PUT", "activate", None),
                               ("PUT", "deactivate", None), ("GET", "tokens", None),
                               ("POST", "tokens", {"name": "x", "scope": "order", "hash": "ab" * 32})):
        reply = daemon.call(method, f"/workshops/faulty/{call}", body)
        assert (reply.status, reply.json["code"]) == (409, "bad_configuration"), call
        assert [fault["pointer"] for fault in reply.json["faults"]] == ["/colour"]
    assert daemon.call("DELETE", "/workshops/faulty").status == 409 and path(daemon).exists()
    for call in ("stop", "kill"):
        assert daemon.call("PUT", f"/workshops/faulty/{call}").status == 200
        assert daemon.integration("faulty")["process"] == "failed"
    assert daemon.call("PUT", "/workshops/faulty/start_worker").json["code"] == "not_running"
    # A client can fix it with another configuration, and keeps the secrets that no reply shows.
    reply = daemon.call("PUT", "/workshops/faulty", sound())
    assert reply.status == 200 and reply.json["process"] == "running"
    assert json.loads(path(daemon).read_text())["api_tokens"] == [{"scope": "manage", "hash": "ab" * 32}]
    assert daemon.call("PUT", "/reload").status == 200


def test_an_inactive_workshop_is_fixed_and_stays_down(daemon):
    write(daemon, sound(active=False, colour=1))
    daemon.start()
    assert daemon.integration("faulty")["process"] == "failed"
    write(daemon, sound(active=False))
    assert daemon.call("PUT", "/reload").json["changed"] == ["faulty"]
    assert daemon.integration("faulty")["process"] == "stopped"


def test_faults_in_other_files_are_fixed_by_a_reload(daemon):
    """Its file is unchanged."""
    daemon.write_config(recipes_dir=str(daemon.folder / "recipes"))
    bennys = daemon.add_file()
    one = sound()
    other = {**one, "workshop": "Other", "erp": {"system": "file", "folder": "/srv"}}
    write(daemon, one)
    write(daemon, other, "other")
    daemon.start()
    # Either may have been first, so each names the other.
    for slug, by in (("faulty", "other"), ("other", "faulty")):
        (fault,) = daemon.integration(slug)["faults"]
        assert fault["pointer"] == "/listen" and by in fault["detail"]
    assert bennys.get("/alive").status == 200
    path(daemon, "other").unlink()
    assert daemon.call("PUT", "/reload").status == 200
    until(lambda: daemon.integration("faulty")["process"] == "running", "the port is its own")


def test_names_that_clash_are_told_apart_by_their_slugs(daemon):
    write(daemon, sound(workshop="Twin"), "one")
    write(daemon, sound(workshop="Twin"), "two")
    write(daemon, sound(workshop="Third"), "third")
    daemon.start()
    integrations = daemon.call("GET", "/health").json["integrations"]
    assert sorted((one["workshop"], one["process"]) for one in integrations if one["slug"] != "third") == [
        ("one", "failed"), ("two", "failed")]
    until(lambda: daemon.integration("third")["process"] == "running", "the third serves")


def test_a_port_in_use_is_retried(daemon):
    bennys = daemon.add_file()
    body = sound()
    write(daemon, body)
    with squatting(int(body["listen"].rsplit(":", 1)[1])):
        daemon.start_only()
        until(lambda: daemon.integration("faulty")["process"] == "backoff", "it waits")
        assert "in use" in daemon.integration("faulty")["last_error"]
        until(bennys.up, "the other serves")
    until(lambda: daemon.integration("faulty")["process"] == "running", "the port is free")


def test_it_is_shown(daemon):
    daemon.add_file()
    write(daemon, sound(colour=1))
    daemon.start()
    for args in ([], ["faulty"]):
        done = subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, "status", *args], capture_output=True,
                              text=True, timeout=DEADLINE_S, check=True)
        assert f"Faulty: {path(daemon)}: /colour: unknown member" in done.stdout and "failed" in done.stdout
    done = subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, "start", "faulty"], capture_output=True,
                          text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 1 and "/colour" in done.stderr


def test_its_queue_is_resealed_all_the_same(daemon):
    one = daemon.add("faulty", "Faulty", {"system": "file", "folder": "/nonexistent"})
    daemon.start()
    one.put("/stop_worker")
    one.place("k1")
    daemon.stop()
    before = json.loads(path(daemon).read_text())
    write(daemon, {**before, "colour": 1})
    daemon.start()
    assert daemon.call("PUT", "/rekey").json == {"rekeyed": 1}
    write(daemon, before)
    assert daemon.call("PUT", "/reload").status == 200
    until(lambda: daemon.integration("faulty")["process"] == "running", "it is mended")
    assert one.get("/queue").json["length"] == 1


def test_a_standalone_worker_needs_only_its_own_file(daemon):
    bennys = daemon.add_file()
    write(daemon, "{")
    alone = subprocess.Popen([BUILD / "pumpline-worker", str(bennys.port), "bennys-auto", "-c", daemon.config],
                             stderr=subprocess.DEVNULL)
    try:
        until(bennys.up, "it serves")
    finally:
        alone.terminate()
        assert alone.wait(DEADLINE_S) == 0
    done = subprocess.run([BUILD / "pumpline-worker", str(free_port()), "faulty", "-c", daemon.config], capture_output=True,
                          text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 78 and "faulty.json" in done.stderr
