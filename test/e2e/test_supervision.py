"""The supervisor: crashes, kills, stops, and isolation between workshops."""

import http.client
import json
import os
import signal
import subprocess
import threading

import pytest

from pumpline import BUILD, DEADLINE_S, alive, free_port, freeze, refused, squatting, until


def kill_worker(daemon, slug="bennys-auto"):
    pid = daemon.worker_pid(slug)
    os.kill(pid, signal.SIGKILL)
    return pid


def test_a_killed_child_is_replaced_and_its_orders_are_there(pair):
    daemon, bennys, carls = pair
    other = daemon.worker_pid("carls-cars")
    bennys.put("/stop_worker")
    for number in range(50):
        bennys.place(f"k{number}")
    until(lambda: daemon.integration()["worker"] == "stopped", "the supervisor knows that the worker is stopped")
    for _ in range(5):
        pid = kill_worker(daemon)
        assert bennys.get("/alive").status == 200
        until(lambda pid=pid: daemon.worker_pid() not in (pid, None), "a new child")
    until(lambda: daemon.integration()["process"] == "running", "it runs")
    one = daemon.integration()
    assert one["restarts"] == 5 and one["last_exit"]["signal"] == signal.SIGKILL and one["last_exit"]["code"] is None
    assert bennys.get("/alive").json["worker"] == "stopped"
    assert bennys.get("/queue").json["length"] == 50
    bennys.put("/start_worker")
    until(lambda: bennys.get("/alive").json["orders"]["created"] == 50, "all are created")
    assert len(list(bennys.lines.iterdir())) == 50
    assert daemon.worker_pid("carls-cars") == other and daemon.integration("carls-cars")["restarts"] == 0


def test_clients_that_connect_during_a_restart_are_served(pair):
    daemon, bennys, _ = pair
    failures, stop = [], threading.Event()

    def client(number):
        count = 0
        while not stop.is_set():
            # A connection accepted by the dying child may break; a new one is never refused.
            try:
                bennys.create(f"c{number}-{count}", worksheet=f"c{number}")
                count += 1
            except ConnectionRefusedError as error:
                failures.append(error)
            except (ConnectionError, OSError, ValueError):
                continue
            except Exception as error:  # http.client's exceptions
                if "RemoteDisconnected" not in repr(error) and "BadStatusLine" not in repr(error):
                    failures.append(error)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        pid = kill_worker(daemon)
        until(lambda pid=pid: daemon.worker_pid() not in (pid, None), "a new child")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    until(lambda: bennys.get("/queue").json["length"] == 0, "the queue is empty")


def test_put_kill_holds_until_it_is_started(pair):
    daemon, bennys, carls = pair
    pid = daemon.worker_pid()
    bennys.put("/stop_worker")
    bennys.place("before")
    reply = bennys.put("/kill")
    assert (reply.status, reply.json) == (200, {"workshop": "Bennys Auto", "was_running": True})
    until(lambda: not alive(pid), "the process is gone")
    until(lambda: refused(bennys), "connections are refused")
    one = until(lambda: daemon.integration()["process"] == "stopped" and daemon.integration(), "it is stopped")
    assert one["pid"] is None and one["active"] is True
    assert daemon.call("GET", "/workshops/bennys-auto/alive").json["code"] == "not_running"
    assert daemon.call("PUT", "/workshops/Bennys%20Auto/kill").json == {"workshop": "Bennys Auto", "was_running": False}
    assert carls.get("/alive").status == 200
    assert daemon.call("PUT", "/workshops/bennys-auto/start").json["process"] == "running"
    bennys.put("/start_worker")
    bennys.wait("before", "created")


def test_start_stop_restart_kill_by_the_control_api(pair):
    daemon, bennys, _ = pair
    first = daemon.worker_pid()
    reply = daemon.call("PUT", "/workshops/bennys-auto/stop")
    assert reply.status == 200 and reply.json["process"] == "stopped" and reply.json["was_running"] is True
    assert refused(bennys) and not alive(first)
    assert daemon.call("PUT", "/workshops/bennys-auto/stop").json["was_running"] is False
    assert daemon.call("PUT", "/workshops/bennys-auto/start").json["was_running"] is False
    second = daemon.worker_pid()
    assert daemon.call("PUT", "/workshops/Bennys%20Auto/restart").json["process"] == "running"
    third = daemon.worker_pid()
    assert len({first, second, third}) == 3
    assert daemon.call("PUT", "/workshops/bennys-auto/kill").json == {"workshop": "Bennys Auto", "was_running": True}
    assert not alive(third) and refused(bennys)
    assert daemon.integration()["last_exit"]["signal"] == signal.SIGKILL


def test_the_control_api_routes_by_workshop(pair):
    daemon, bennys, carls = pair
    through = "/workshops/Bennys%20Auto"
    assert daemon.call("PUT", f"{through}/stop_worker").json["worker"] == "stopped"
    placed = daemon.call("POST", f"{through}/create", bennys.order("r1"))
    assert (placed.status, placed.json["status"]) == (200, "placed")
    assert daemon.call("GET", f"{through}/get_order_status?uniqueid=r1").json == bennys.state("r1")
    assert daemon.call("GET", f"{through}/queue?limit=1").json["length"] == 1
    assert daemon.call("GET", f"{through}/orders?status=placed").json["orders"][0]["uniqueid"] == "r1"
    assert daemon.call("GET", f"{through}/orders/r1/history").json["history"][0]["status"] == "placed"
    bad = daemon.call("POST", f"{through}/create", bennys.order("r2", workshop="Carls Cars"))
    assert (bad.status, bad.type, bad.json["code"]) == (400, "application/problem+json", "wrong_workshop")
    wrong = daemon.call("DELETE", f"{through}/queue")
    assert wrong.status == 405 and "GET" in wrong.headers["Allow"]
    assert daemon.call("PUT", f"{through}/clear_queue").json["cleared"] == 1
    assert daemon.call("PUT", f"{through}/orders/r1/resolve", {"note": "by hand"}).json["status"] == "created"
    assert daemon.call("PUT", f"{through}/start_worker").json["worker"] == "running"
    assert carls.get("/alive").json["orders"]["created"] == 0
    unknown = daemon.call("GET", "/workshops/nix/alive")
    assert (unknown.status, unknown.json["code"]) == (404, "unknown_workshop")
    assert daemon.call("GET", f"{through}/nix").status == 404


def test_health_tells_of_all(pair):
    daemon, bennys, _ = pair
    bennys.put("/stop_worker")
    bennys.place("h1")
    until(lambda: daemon.integration()["queue_length"] == 1, "the figures arrive")
    health = daemon.call("GET", "/health").json
    assert health["summary"] == {"total": 2, "active": 2, "running": 2, "parked": 0, "failed": 0, "queue_length": 1,
                                 "needs_attention": 0}
    assert health["pid"] == daemon.process.pid and health["version"] and health["uptime_s"] >= 0
    one = next(one for one in health["integrations"] if one["slug"] == "bennys-auto")
    assert set(one) >= {"workshop", "slug", "port", "erp_system", "active", "process", "pid", "restarts", "last_exit",
                        "api", "worker", "worker_reason", "queue_length", "oldest_placed_age_s", "orders", "uptime_s"}
    assert (one["port"], one["erp_system"], one["worker"]) == (bennys.port, "file", "stopped")
    listed = daemon.call("GET", "/workshops").json["workshops"]
    assert [entry["slug"] for entry in listed] == ["bennys-auto", "carls-cars"]
    single = daemon.call("GET", "/workshops/bennys-auto").json
    assert single["configuration"]["workshop"] == "Bennys Auto"


def test_an_inactive_one_is_not_started(daemon):
    daemon.add_file(active=False)
    daemon.start()
    assert daemon.integration()["process"] == "stopped" and daemon.integration()["active"] is False
    reply = daemon.call("PUT", "/workshops/bennys-auto/start")
    assert (reply.status, reply.json["code"]) == (409, "inactive")


@pytest.mark.long
def test_a_hung_child_is_unresponsive_then_replaced(pair):
    daemon, bennys, carls = pair
    pid = daemon.worker_pid()
    freeze(pid)
    reply = daemon.call("GET", "/workshops/bennys-auto/alive")
    assert (reply.status, reply.json["code"]) == (504, "unresponsive")
    assert carls.get("/alive").status == 200
    until(lambda: daemon.worker_pid() not in (pid, None), "it is killed and replaced")
    assert bennys.get("/alive").status == 200


def test_a_daemon_that_is_killed_leaves_no_worker_and_loses_nothing(pair):
    daemon, bennys, _ = pair
    bennys.put("/stop_worker")
    bennys.place("s1")
    children = daemon.children()
    assert len(children) == 2
    daemon.kill()
    for pid in children:
        until(lambda pid=pid: not alive(pid), "the workers end")
    daemon.start()
    bennys.wait("s1", "created")
    assert len(list(bennys.lines.iterdir())) == 1


def test_a_restarted_daemon_serves_every_port_once_it_has_started(daemon):
    """Clients are refused between two daemons and try again; once all workshops run, none is refused."""
    workshops = [daemon.add_file(f"shop-{number}", f"Shop {number}") for number in range(8)]
    daemon.start()
    placed, wrong, served, stop = set(), [], threading.Event(), threading.Event()

    def client(workshop):
        count = 0
        while not stop.is_set():
            before = served.is_set()
            try:
                uniqueid = f"p{count}"
                if workshop.create(uniqueid, worksheet=uniqueid).status == 200:
                    placed.add((workshop, uniqueid))
                    count += 1
            except ConnectionRefusedError as error:
                if before and served.is_set():
                    wrong.append(error)
            except (OSError, http.client.HTTPException):
                continue  # accepted by a killed worker: sent again with the same uniqueid

    threads = [threading.Thread(target=client, args=(workshop,)) for workshop in workshops]
    for thread in threads:
        thread.start()
    for _ in range(3):
        old = daemon.children()
        served.clear()
        daemon.kill()
        daemon.start()
        until(lambda: daemon.call("GET", "/health").json["summary"]["running"] == len(workshops), "all run")
        served.set()
        assert not set(old) & set(daemon.children())
        count = len(placed)
        until(lambda count=count: len(placed) > count + 50, "orders are taken")
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    for workshop, uniqueid in placed:
        assert workshop.wait(uniqueid, "created")["attempts"] >= 1
    for workshop in workshops:
        lines = [json.loads(path.read_text())["uniqueid"] for path in workshop.lines.glob("[!.]*")]
        assert len(lines) == len(set(lines)) and {(workshop, one) for one in lines} >= {
            one for one in placed if one[0] is workshop}


def test_one_that_cannot_start_waits_longer_each_time(pair):
    daemon, bennys, carls = pair
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    queue = daemon.folder / "state" / "queues" / "bennys-auto"
    queue.rename(queue.with_name("aside"))
    queue.write_text("no folder")
    daemon.call("PUT", "/workshops/bennys-auto/start")
    until(lambda: daemon.integration()["restarts"] >= 4, "it is tried again and again")
    one = daemon.integration()
    assert one["process"] in ("backoff", "starting", "stopping") and one["last_exit"]["text"].startswith("exit status 74 (")
    waits = [line.rsplit("retrying in ", 1)[1] for line in daemon.log.read_text().splitlines()
             if line.startswith("Bennys Auto: ") and "retrying in " in line]
    assert waits[:4] == ["0.1 s", "0.2 s", "0.4 s", "0.8 s"]
    assert carls.get("/alive").status == 200 and daemon.integration("carls-cars")["restarts"] == 0
    queue.unlink()
    queue.with_name("aside").rename(queue)
    until(lambda: daemon.integration()["process"] == "running", "it starts by itself once it can")
    assert daemon.integration()["last_error"] is None and bennys.get("/alive").status == 200


def test_what_a_restart_cannot_mend_has_failed(daemon):
    """A password sealed for another workshop."""
    daemon.add_file(credentials={"username": "bot", "password": {"sealed": "AAAA"}})
    carls = daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()
    one = until(lambda: daemon.integration()["process"] == "failed" and daemon.integration(), "it has failed")
    assert one["restarts"] == 0 and one["pid"] is None
    assert (one["last_exit"]["code"], one["last_exit"]["text"]) == (78, "exit status 78 (configuration error)")
    assert "was sealed with another key" in one["last_error"]
    assert daemon.call("GET", "/health").json["summary"]["failed"] == 1
    assert carls.get("/alive").status == 200


def test_a_second_daemon_is_refused(pair):
    daemon, bennys, _ = pair
    second = subprocess.run([BUILD / "pumplined", "-c", daemon.config], capture_output=True, text=True, timeout=DEADLINE_S,
                            check=False)
    assert second.returncode != 0 and second.stderr
    assert bennys.get("/alive").status == 200 and daemon.call("GET", "/health").status == 200


def test_a_port_in_use_is_waited_for(daemon):
    bennys = daemon.add_file()
    daemon.start()
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    with squatting(bennys.port):
        assert daemon.call("PUT", "/workshops/bennys-auto/start").json["process"] == "backoff"
    until(lambda: daemon.integration()["process"] == "running", "it starts once the port is free")


def test_an_old_queue_is_used_by_one_process_only(pair):
    daemon, _, _ = pair
    alone = subprocess.run([BUILD / "pumpline-worker", str(free_port()), "Bennys Auto", "-c", daemon.config], capture_output=True,
                           text=True, timeout=DEADLINE_S, check=False)
    assert alone.returncode == 75 and "another process" in alone.stderr


def test_the_worker_runs_by_itself(daemon):
    bennys = daemon.add_file()
    process = subprocess.Popen([BUILD / "pumpline-worker", str(bennys.port), "Bennys Auto", "-c", daemon.config],
                               stderr=subprocess.PIPE, text=True)
    until(bennys.up, "it answers")
    bennys.place("alone")
    bennys.wait("alone", "created")
    assert bennys.put("/kill").json["was_running"] is True
    assert process.wait(DEADLINE_S) == 0, process.stderr.read()
    process.stderr.close()


def test_sigterm_lets_the_order_in_hand_finish(pair):
    daemon, bennys, _ = pair
    for number in range(200):
        bennys.place(f"t{number}", worksheet=str(number))
    daemon.stop()
    lines = len(list(bennys.lines.glob("[!.]*")))
    daemon.start()
    until(lambda: bennys.get("/queue").json["length"] == 0, "the rest is delivered")
    assert len(list(bennys.lines.glob("[!.]*"))) == 200 and lines <= 200
    assert all(json.loads(path.read_text())["uniqueid"] for path in bennys.lines.glob("[!.]*"))


def test_a_restart_answers_who_was_served(pair):
    """Every order on disk when the worker stops was acknowledged, or its client never got a reply."""
    daemon, bennys, _ = pair
    bennys.put("/stop_worker")
    answers, stop = {}, threading.Event()

    def client(number):
        count = 0
        while not stop.is_set():
            uniqueid = f"r{number}-{count}"
            try:
                answers[uniqueid] = bennys.create(uniqueid).status
            except (OSError, http.client.HTTPException):
                answers[uniqueid] = None
            count += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        assert daemon.call("PUT", "/workshops/bennys-auto/restart").json["process"] == "running"
        bennys.put("/stop_worker")
    stop.set()
    for thread in threads:
        thread.join()
    for uniqueid, status in answers.items():
        known = bennys.get(f"/get_order_status?uniqueid={uniqueid}").status == 200
        assert not known if status is None else known == (status == 200), (uniqueid, status)


def test_start_brings_the_worker_too(pair):
    daemon, bennys, _ = pair
    bennys.put("/stop_worker")
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    daemon.call("PUT", "/workshops/bennys-auto/start")
    until(lambda: bennys.get("/alive").json["worker"] == "running", "the worker runs")


def test_only_permitted_users_reach_the_control_socket(pair):
    daemon, _, _ = pair
    if os.geteuid():
        pytest.skip("only root can become another user")
    mode = daemon.socket.stat().st_mode & 0o777
    assert mode == 0o660
    daemon.socket.chmod(0o666)
    for folder in [daemon.folder, *daemon.folder.parents]:
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    reply = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "curl", "-s", "--unix-socket",
                            str(daemon.socket), "http://pumpline/health"], capture_output=True, text=True, check=True)
    assert json.loads(reply.stdout)["status"] == 403


def test_refusals_name_what_was_asked_for(pair):
    daemon, _, _ = pair
    assert daemon.call("GET", "/workshops/nobody").json["detail"] == 'no such workshop: "nobody"'
    assert daemon.call("GET", "/workshops/%C3%96st/alive").json["detail"] == 'no such workshop: "Öst"'
    assert daemon.call("GET", "/workshops/%ff%0a").json["code"] in ("unknown_workshop", "not_found")
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    assert daemon.call("GET", "/workshops/Bennys%20Auto/alive").json["detail"] == (
        "the workshop's process is not running: check pumplinectl status, or start it with pumplinectl start bennys-auto")
