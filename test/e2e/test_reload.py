"""PUT /reload and SIGHUP: the configuration reloaded by a running daemon."""

import json
import os
import signal
import subprocess
import threading
import time

import pytest

from pumpline import BUILD, DEADLINE_S, SECRET, Workshop, alive, free_port, freeze, refused, squatting, until

HELD_S = 5  # supervisor/control/forward.h


def path(daemon, slug="bennys-auto"):
    return daemon.folder / "workshops.d" / f"{slug}.json"


def rewrite(daemon, slug="bennys-auto", **members):
    """None takes a member out."""
    document = {**json.loads(path(daemon, slug).read_text()), **members}
    document = {name: value for name, value in document.items() if value is not None}
    path(daemon, slug).write_text(json.dumps(document))
    return Workshop(document["workshop"], int(document["listen"].rsplit(":", 1)[1]))


def reload(daemon, **expected):
    reply = daemon.call("PUT", "/reload")
    assert reply.status == 200, reply.text
    assert reply.json == {"added": [], "changed": [], "removed": [], "unchanged": 0, "needs_restart": [], **expected}


def running(daemon, slug="bennys-auto"):
    """Its process once it runs."""
    return until(lambda: daemon.integration(slug)["process"] == "running" and daemon.worker_pid(slug), f"{slug} runs")


def replaced(daemon, pid, slug="bennys-auto"):
    until(lambda: daemon.worker_pid(slug) not in (pid, None), f"{slug} has another process")
    return running(daemon, slug)


def gone(daemon, name):
    reply = daemon.call("GET", f"/workshops/{name}")
    return (reply.status, reply.json.get("code")) == (404, "unknown_workshop")


def hang_up(daemon, logged):
    """SIGHUP; its work is done once so much is logged."""
    before = daemon.log.stat().st_size
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: logged in daemon.log.read_text()[before:], f"{logged!r} is logged")
    return daemon.log.read_text()[before:]


def test_nothing_changed_touches_nothing(pair):
    daemon, _, _ = pair
    before = daemon.children()
    reload(daemon, unchanged=2)
    assert daemon.children() == before
    path(daemon).write_text(json.dumps(json.loads(path(daemon).read_text()), indent=3))
    reload(daemon, unchanged=2)
    rewrite(daemon, active=True)  # as it was by default
    reload(daemon, unchanged=2)
    assert daemon.children() == before and daemon.integration()["restarts"] == 0


def test_a_new_workshop_is_started(pair):
    daemon, _, _ = pair
    before = daemon.children()
    anns = daemon.add_file("anns-autos", "Anns Autos")
    daemon.add_file("zoes-zone", "Zoes Zone", active=False)
    assert gone(daemon, "anns-autos")
    reload(daemon, added=["anns-autos", "zoes-zone"], unchanged=2)
    running(daemon, "anns-autos")
    anns.place("new")
    anns.wait("new", "created")
    assert daemon.call("GET", "/workshops/Anns%20Autos/alive").json["workshop"] == "Anns Autos"
    assert daemon.integration("zoes-zone")["process"] == "stopped"
    assert set(before) < set(daemon.children())
    assert daemon.call("GET", "/health").json["summary"]["total"] == 4


def test_a_removed_workshop_stops_gracefully_and_is_gone_at_once(pair):
    daemon, bennys, carls = pair
    pid, other = daemon.worker_pid(), daemon.worker_pid("carls-cars")
    for number in range(50):
        bennys.place(f"r{number}", worksheet=str(number))
    path(daemon).unlink()
    reload(daemon, removed=["bennys-auto"], unchanged=1)
    for target in ("bennys-auto", "Bennys%20Auto", "bennys-auto/alive"):
        assert gone(daemon, target)
    assert daemon.call("PUT", "/workshops/bennys-auto/start").status == 404
    assert [one["slug"] for one in daemon.call("GET", "/health").json["integrations"]] == ["carls-cars"]
    assert [one["slug"] for one in daemon.call("GET", "/workshops").json["workshops"]] == ["carls-cars"]
    until(lambda: not alive(pid), "its process ends")
    assert refused(bennys) and f"process {pid} ended: exit status 0" in daemon.log.read_text()
    assert carls.get("/alive").status == 200 and daemon.worker_pid("carls-cars") == other
    # Its queue is still there when it comes back.
    path(daemon).write_text(json.dumps({"workshop": "Bennys Auto", "listen": f"127.0.0.1:{bennys.port}",
                                        "erp": {"system": "file", "folder": str(bennys.lines), "format": "json"}}))
    reload(daemon, added=["bennys-auto"], unchanged=1)
    running(daemon)
    for number in range(50):
        bennys.wait(f"r{number}", "created")
    assert len(list(bennys.lines.glob("[!.]*"))) == 50


@pytest.mark.long
def test_a_workshop_that_comes_back_before_it_has_gone(pair):
    daemon, bennys, _ = pair
    rewrite(daemon, stop_timeout_s=2)
    pid = daemon.worker_pid()
    reload(daemon, changed=["bennys-auto"], unchanged=1)
    pid = replaced(daemon, pid)
    text = path(daemon).read_text()
    freeze(pid)  # it can't end by itself
    path(daemon).unlink()
    reload(daemon, removed=["bennys-auto"], unchanged=1)
    assert gone(daemon, "bennys-auto") and alive(pid)
    reload(daemon, unchanged=1)
    path(daemon).write_text(text)
    reload(daemon, added=["bennys-auto"], unchanged=1)
    assert daemon.integration()["pid"] == pid and daemon.integration()["process"] == "stopping"
    replaced(daemon, pid)
    assert daemon.integration()["restarts"] == 0 and len(daemon.children()) == 2
    bennys.place("back")
    bennys.wait("back", "created")


def test_a_daemon_stops_with_one_that_is_leaving(pair):
    daemon, _, _ = pair
    pid, other = daemon.worker_pid(), daemon.worker_pid("carls-cars")
    freeze(pid)
    path(daemon).unlink()
    reload(daemon, removed=["bennys-auto"], unchanged=1)
    daemon.process.send_signal(signal.SIGTERM)
    until(lambda: f"process {other} ended" in daemon.log.read_text(), "the others have gone")
    assert daemon.call("PUT", "/reload").json["code"] == "stopping"
    assert alive(pid)
    os.kill(pid, signal.SIGCONT)
    assert daemon.process.wait(DEADLINE_S) == 0
    assert not alive(pid) and f"process {pid} ended" in daemon.log.read_text()


def test_only_the_changed_one_is_restarted_and_refuses_nobody(pair):
    daemon, bennys, carls = pair
    pid, other = daemon.worker_pid(), daemon.worker_pid("carls-cars")
    failures, numbers, stop = [], [], threading.Event()

    def carls_clients():
        while not stop.is_set():
            try:
                carls.place(f"c{len(numbers)}", worksheet=str(len(numbers) % 9))
                numbers.append(len(numbers))
            except Exception as error:
                failures.append(repr(error))

    def bennys_clients():
        while not stop.is_set():
            try:
                assert bennys.get("/alive").status == 200
            except Exception as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=one) for one in (carls_clients, bennys_clients)]
    for thread in threads:
        thread.start()
    try:
        for days in (7, 8, 9):
            rewrite(daemon, retention_days=days)
            reload(daemon, changed=["bennys-auto"], unchanged=1)
            pid = replaced(daemon, pid)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures and numbers
    assert daemon.worker_pid("carls-cars") == other and daemon.integration("carls-cars")["restarts"] == 0
    assert daemon.integration()["restarts"] == 0
    assert daemon.call("GET", "/workshops/bennys-auto").json["configuration"]["retention_days"] == 9
    until(lambda: carls.get("/alive").json["orders"]["created"] == len(numbers), "all of the other's are created")
    assert len(list(carls.lines.glob("[!.]*"))) == len(numbers)


def test_the_new_configuration_is_used(pair):
    daemon, bennys, _ = pair
    pid = daemon.worker_pid()
    bennys.put("/stop_worker")
    until(lambda: daemon.integration()["worker"] == "stopped", "the supervisor knows that the worker is stopped")
    bennys.place("waits")
    folder = daemon.folder / "other-lines"
    folder.mkdir()
    renamed = rewrite(daemon, workshop="Bennys Bilar", erp={"system": "file", "folder": str(folder), "format": "json"})
    reload(daemon, changed=["bennys-auto"], unchanged=1)
    assert gone(daemon, "Bennys%20Auto") and not gone(daemon, "Bennys%20Bilar")
    replaced(daemon, pid)
    assert renamed.get("/alive").json["worker"] == "stopped"  # it has not been started
    renamed.put("/start_worker")
    renamed.wait("waits", "created")
    assert len(list(folder.glob("[!.]*"))) == 1 and not list(bennys.lines.glob("[!.]*"))


def held(daemon):
    """A call's reply from a process that is on its way. On a busy machine it may take longer than a call is held for:
    then it is refused, but not before."""
    while True:
        begin = time.monotonic()
        reply = daemon.call("GET", "/workshops/bennys-auto/alive")
        if reply.status == 200:
            return reply
        assert reply.json["code"] == "not_running" and time.monotonic() - begin >= HELD_S, reply.text


def test_a_call_right_behind_it_waits_for_the_process_but_not_for_ever(pair):
    daemon, _, _ = pair
    pid = daemon.worker_pid()
    rewrite(daemon, retention_days=30)
    reload(daemon, changed=["bennys-auto"], unchanged=1)
    assert held(daemon).json["pid"] != pid
    pid = running(daemon)
    freeze(pid)
    rewrite(daemon, retention_days=31)
    reload(daemon, changed=["bennys-auto"], unchanged=1)
    reply = daemon.call("GET", "/workshops/bennys-auto/alive")
    assert (reply.status, reply.json["code"]) == (503, "not_running") and daemon.worker_pid() == pid
    os.kill(pid, signal.SIGCONT)
    replaced(daemon, pid)


def test_another_port_is_bound_and_the_old_one_given_up(pair):
    daemon, bennys, _ = pair
    pid = daemon.worker_pid()
    moved = rewrite(daemon, listen=f"127.0.0.1:{free_port()}")
    reload(daemon, changed=["bennys-auto"], unchanged=1)
    replaced(daemon, pid)
    assert daemon.integration()["port"] == moved.port
    moved.place("moved")
    moved.wait("moved", "created")
    assert refused(bennys)


def test_two_swap_their_ports(pair):
    daemon, bennys, carls = pair
    pids = daemon.worker_pid(), daemon.worker_pid("carls-cars")
    rewrite(daemon, listen=f"127.0.0.1:{carls.port}")
    rewrite(daemon, "carls-cars", listen=f"127.0.0.1:{bennys.port}")
    reload(daemon, changed=["bennys-auto", "carls-cars"])
    replaced(daemon, pids[0])
    replaced(daemon, pids[1], "carls-cars")
    assert bennys.get("/alive").json["workshop"] == "Carls Cars"
    assert carls.get("/alive").json["workshop"] == "Bennys Auto"


def test_a_file_under_another_name_takes_the_port_over(pair):
    daemon, bennys, _ = pair
    path(daemon).rename(path(daemon, "bennys"))
    reload(daemon, added=["bennys"], removed=["bennys-auto"], unchanged=1)
    running(daemon, "bennys")
    assert bennys.get("/alive").json["workshop"] == "Bennys Auto"


def test_active_is_switched(pair):
    daemon, bennys, carls = pair
    pid, other = daemon.worker_pid(), daemon.worker_pid("carls-cars")
    rewrite(daemon, active=False)
    reload(daemon, changed=["bennys-auto"], unchanged=1)
    until(lambda: daemon.integration()["process"] == "stopped", "it is stopped")
    assert not alive(pid) and refused(bennys) and daemon.integration()["active"] is False
    assert daemon.call("PUT", "/workshops/bennys-auto/start").json["code"] == "inactive"
    rewrite(daemon, retention_days=5)
    reload(daemon, changed=["bennys-auto"], unchanged=1)
    assert daemon.integration()["process"] == "stopped"
    rewrite(daemon, active=None)
    reload(daemon, changed=["bennys-auto"], unchanged=1)
    running(daemon)
    bennys.place("again")
    bennys.wait("again", "created")
    assert daemon.worker_pid("carls-cars") == other


@pytest.mark.parametrize("command", ["stop", "kill"])
def test_one_that_a_person_took_down_stays_down(pair, command):
    daemon, bennys, carls = pair
    daemon.call("PUT", f"/workshops/bennys-auto/{command}")
    reload(daemon, unchanged=2)
    rewrite(daemon, retention_days=5)
    reload(daemon, changed=["bennys-auto"], unchanged=1)
    daemon.write_config(log_dir=str(daemon.folder / "log2"))
    other = daemon.worker_pid("carls-cars")
    reload(daemon, changed=["bennys-auto", "carls-cars"])
    replaced(daemon, other, "carls-cars")
    assert daemon.integration()["process"] == "stopped" and refused(bennys)
    assert daemon.call("PUT", "/workshops/bennys-auto/start").json["process"] == "running"
    assert daemon.call("GET", "/workshops/bennys-auto").json["configuration"]["retention_days"] == 5


def test_one_that_could_not_start_is_tried_at_once(daemon):
    bennys = daemon.add_file()
    daemon.start()
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    with squatting(bennys.port):
        assert daemon.call("PUT", "/workshops/bennys-auto/start").json["process"] == "backoff"
        moved = rewrite(daemon, listen=f"127.0.0.1:{free_port()}")
        reload(daemon, changed=["bennys-auto"])
        running(daemon)
        assert moved.get("/alive").json["workshop"] == "Bennys Auto"


def break_two(daemon):
    rewrite(daemon, retention_days=0, nonsense=1)
    path(daemon, "carls-cars").write_text(f'{{"credentials": {{"password": "{SECRET}" }} nonsense')
    daemon.add_file("anns-autos", "Anns Autos")
    return {(str(path(daemon)), "/retention_days"), (str(path(daemon)), "/nonsense"),
            (str(path(daemon, "carls-cars")), "")}


def test_a_broken_file_changes_nothing(pair):
    daemon, bennys, carls = pair
    before, listed = daemon.children(), daemon.call("GET", "/workshops").json
    expected = break_two(daemon)
    reply = daemon.call("PUT", "/reload")
    assert (reply.status, reply.type) == (400, "application/problem+json")
    problem = reply.json
    assert problem["code"] == "bad_configuration" and problem["detail"].startswith("3 faults")
    assert {(fault["file"], fault["pointer"]) for fault in problem["faults"]} == expected
    assert all(fault["detail"] for fault in problem["faults"])
    assert daemon.children() == before and daemon.call("GET", "/workshops").json == listed
    assert bennys.get("/alive").status == carls.get("/alive").status == 200
    shown = subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, "reload"], capture_output=True, text=True,
                           timeout=DEADLINE_S, check=False)
    assert shown.returncode == 1 and f"{path(daemon)} /nonsense: " in shown.stderr
    assert SECRET not in reply.text + shown.stderr + daemon.log.read_text()
    for broken in ("[]", "{", '{"sandbox": "maybe"}'):
        good = daemon.config.read_text()
        daemon.config.write_text(broken)
        assert daemon.call("PUT", "/reload").json["faults"][0]["file"] == str(daemon.config)
        daemon.config.write_text(good)
    path(daemon, "carls-cars").unlink()
    os.rename(path(daemon, "anns-autos"), os.fsencode(daemon.folder) + b"/workshops.d/\xff.json")
    reply = daemon.call("PUT", "/reload")
    assert reply.status == 400 and len(reply.json["faults"]) == 3
    assert daemon.children() == before


def test_hangup_does_the_same(pair):
    daemon, _, carls = pair
    pid, other = daemon.worker_pid(), daemon.worker_pid("carls-cars")
    rewrite(daemon, retention_days=5)
    hang_up(daemon, '"bennys-auto"')
    replaced(daemon, pid)
    assert daemon.worker_pid("carls-cars") == other
    before = daemon.children()
    expected = break_two(daemon)
    said = hang_up(daemon, "reload failed: 3 faults in the configuration; nothing was changed")
    for file, pointer in expected:
        assert f"{file}: {pointer}" in said
    assert SECRET not in said and daemon.children() == before
    assert carls.get("/alive").status == 200


def test_members_of_the_daemon(pair):
    daemon, bennys, _ = pair
    before = daemon.children()
    elsewhere = daemon.folder / "elsewhere"
    elsewhere.mkdir()
    moved = {"control_socket": str(elsewhere / "c.sock"), "control_group": "nobody", "state_dir": str(elsewhere),
             "workshops_dir": str(elsewhere), "key_file": str(elsewhere / "key")}
    daemon.write_config(**moved)
    reload(daemon, unchanged=2, needs_restart=list(moved))
    shown = subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, "reload"], capture_output=True, text=True,
                           timeout=DEADLINE_S, check=True)
    assert shown.stdout == ("configuration reloaded\n  added: -\n  changed: -\n  removed: -\n  unchanged: 2\n"
                            f"restart the daemon to apply: {', '.join(moved)}\n")
    assert daemon.children() == before and not list(elsewhere.iterdir())
    bennys.place("kept")
    bennys.wait("kept", "created")
    daemon.write_config(**moved, log_dir=str(daemon.folder / "log2"), webdriver_url="http://127.0.0.1:1")
    reload(daemon, changed=["bennys-auto", "carls-cars"], needs_restart=list(moved))
    until(lambda: not set(before) & set(daemon.children()), "all are other processes")
    running(daemon)
    until((daemon.folder / "log2" / "bennys-auto_api.log").exists, "the log is in the new folder")
    assert bennys.state("kept")["status"] == "created"  # the queue is where it was
    daemon.write_config()
    reload(daemon, changed=["bennys-auto", "carls-cars"])


def test_only_put_reloads(pair):
    daemon, _, _ = pair
    reply = daemon.call("GET", "/reload")
    assert reply.status == 405 and reply.headers["Allow"] == "PUT"
