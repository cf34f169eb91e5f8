"""DELETE /workshops/{workshop}: no acknowledged order is lost, and the queue is kept."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pumpline import DEADLINE_S, alive, freeze, refused, until


def path(daemon, slug="bennys-auto"):
    return daemon.folder / "workshops.d" / f"{slug}.json"


def queue(daemon, slug="bennys-auto"):
    return daemon.folder / "state" / "queues" / slug


def delete(daemon, target="bennys-auto", status=200):
    reply = daemon.call("DELETE", f"/workshops/{target}")
    assert reply.status == status, reply.text
    return reply.json


def gone(daemon, bennys):
    assert daemon.call("GET", "/workshops/bennys-auto").json["code"] == "unknown_workshop"
    assert not path(daemon).exists() and not queue(daemon).exists()
    return refused(bennys)


def kept(daemon, reply):
    """The folder of the removed workshop, checked."""
    folder = daemon.folder / "state" / "removed"
    found = folder / os.path.basename(os.path.dirname(reply["queue_kept"]))
    assert reply["queue_kept"] == str(found / "queue") and (found / "queue" / "data.mdb").exists()
    assert re.fullmatch(r"bennys-auto-\d{8}T\d{6}Z(-\d+)?", found.name)
    assert all(one.stat().st_mode & 0o777 == 0o700 for one in (folder, found, found / "queue"))
    assert json.loads((found / "bennys-auto.json").read_text())["active"] is False
    return found


def serve_again(daemon, found):
    (found / "queue").rename(queue(daemon))
    document = json.loads((found / "bennys-auto.json").read_text())
    reply = daemon.call("PUT", "/workshops/bennys-auto", {**document, "active": True})
    assert reply.status == 200 and reply.json["process"] == "running" and reply.json["created"]


def test_one_without_orders_goes_and_its_past_is_kept(daemon, bennys):
    bennys.place("done")
    bennys.wait("done", "created")
    pid = daemon.worker_pid()
    until(lambda: daemon.integration()["queue_length"] == 0, "that is known")
    reply = delete(daemon, "Bennys%20Auto")
    assert {name: reply[name] for name in ("workshop", "slug", "removed", "waiting")} == {
        "workshop": "Bennys Auto", "slug": "bennys-auto", "removed": True, "waiting": 0}
    assert gone(daemon, bennys) and not alive(pid)
    found = kept(daemon, reply)
    assert (daemon.folder / "log" / "bennys-auto_api.log").exists()
    delete(daemon, status=404)
    daemon.stop()
    daemon.start()
    assert gone(daemon, bennys)
    serve_again(daemon, found)
    assert bennys.state("done")["status"] == "created" and bennys.place("done")["duplicate"]
    until(lambda: daemon.integration()["queue_length"] == 0, "that is known")
    assert delete(daemon)["queue_kept"] != reply["queue_kept"]


def test_orders_that_wait_keep_it_where_it_is(neighboured):
    daemon, bennys = neighboured
    bennys.put("/stop_worker")
    for number in range(3):
        bennys.place(f"w{number}")
    until(lambda: daemon.integration()["queue_length"] == 3, "that is known")
    pid, text = daemon.worker_pid(), path(daemon).read_text()
    problem = delete(daemon, status=409)
    assert (problem["code"], problem["waiting"]) == ("orders_waiting", 3) and "3 orders are waiting" in problem["detail"]
    assert daemon.worker_pid() == pid and path(daemon).read_text() == text
    assert delete(daemon, "bennys-auto?force=false", 409)["code"] == "orders_waiting"
    assert delete(daemon, "bennys-auto?force=perhaps", 400)["code"] == "invalid_parameter"
    reply = delete(daemon, "bennys-auto?force=true")
    assert reply["waiting"] == 3 and gone(daemon, bennys)
    serve_again(daemon, kept(daemon, reply))
    bennys.put("/start_worker")
    for number in range(3):
        bennys.wait(f"w{number}", "created")


def test_one_that_does_not_run_is_asked_by_a_process_of_its_own(neighboured):
    daemon, bennys = neighboured
    bennys.put("/stop_worker")
    bennys.place("w")
    daemon.call("PUT", "/workshops/bennys-auto/kill")
    problem = delete(daemon, status=409)
    assert (problem["code"], problem["waiting"]) == ("orders_waiting", 1) and "1 order is waiting" in problem["detail"]
    assert daemon.integration()["process"] == "stopped" and refused(bennys)  # unchanged
    assert daemon.call("PUT", "/workshops/bennys-auto/start").json["process"] == "running"
    bennys.wait("w", "created")
    daemon.call("PUT", "/workshops/bennys-auto/kill")
    assert delete(daemon)["waiting"] == 0 and gone(daemon, bennys)


def test_a_queue_that_can_not_be_read(neighboured):
    daemon, bennys = neighboured
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    shutil.rmtree(queue(daemon))
    queue(daemon).write_text("no folder")
    assert delete(daemon, status=409)["code"] == "queue_unknown"
    assert path(daemon).exists() and queue(daemon).read_text() == "no folder"
    assert daemon.integration()["process"] == "stopped"
    reply = delete(daemon, "bennys-auto?force=true")
    assert gone(daemon, bennys)
    with open(reply["queue_kept"]) as file:
        assert file.read() == "no folder"


def test_one_that_never_ran(neighboured):
    daemon, _ = neighboured
    daemon.add_file("carls-cars", "Carls Cars", active=False)
    daemon.call("PUT", "/reload")
    reply = delete(daemon, "carls-cars")
    assert (reply["waiting"], reply["queue_kept"]) == (0, None) and not path(daemon, "carls-cars").exists()
    assert len(list((daemon.folder / "state" / "removed").glob("carls-cars-*/carls-cars.json"))) == 1


def test_a_disk_that_refuses(neighboured):
    daemon, bennys = neighboured
    removed = daemon.folder / "state" / "removed"
    removed.write_text("no folder")
    assert delete(daemon, status=503)["code"] == "not_written"
    until(bennys.up, "it serves on")
    assert json.loads(path(daemon).read_text())["active"] is True
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    assert delete(daemon, status=503)["code"] == "not_written"
    until(lambda: daemon.integration()["process"] == "stopped", "it is stopped, as it was")
    assert daemon.integration()["active"]
    removed.unlink()
    kept(daemon, delete(daemon))


def post_by_hand(bennys, uniqueid):
    """A request whose reply is pending."""
    body = json.dumps(bennys.order(uniqueid))
    connection = socket.create_connection(("127.0.0.1", bennys.port), timeout=DEADLINE_S)
    connection.sendall(f"POST /create HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return connection


def was_taken(connection):
    with contextlib.closing(connection), contextlib.suppress(ConnectionResetError):
        return b"".join(iter(lambda: connection.recv(65536), b"")).startswith(b"HTTP/1.1 200")


def test_an_order_that_comes_while_it_is_removed(neighboured):
    daemon, bennys = neighboured
    taken = []
    with ThreadPoolExecutor() as threads:
        for number in range(8):
            bennys.put("/stop_worker")
            bennys.put("/clear_queue")
            until(lambda: daemon.integration()["queue_length"] == 0, "that is known")
            pid = daemon.worker_pid()
            freeze(pid)  # so that the order and the stop reach it together
            before = post_by_hand(bennys, f"b{number}") if number % 2 else None
            removing = threads.submit(daemon.call, "DELETE", "/workshops/bennys-auto")
            until(lambda: daemon.integration()["process"] == "stopping", "it is on its way")
            os.kill(pid, signal.SIGCONT)
            reply = removing.result()
            taken.append(bool(before and was_taken(before)))
            assert reply.status == (409 if taken[-1] else 200), reply.text
            if taken[-1]:
                assert (reply.json["code"], reply.json["waiting"]) == ("orders_waiting", 1)
                until(bennys.up, "it serves again")
                assert bennys.state(f"b{number}")["status"] == "placed"
            else:
                serve_again(daemon, kept(daemon, reply.json))
    assert not all(taken)


def test_orders_that_come_all_the_time(neighboured):
    daemon, bennys = neighboured
    bennys.put("/stop_worker")
    taken, stop = [], threading.Event()

    def post():
        number = 0
        while not stop.is_set():
            number += 1
            with contextlib.suppress(OSError, http.client.HTTPException):
                if bennys.create(f"p{number}").status == 200:
                    taken.append(f"p{number}")

    poster = threading.Thread(target=post)
    poster.start()
    try:
        reply = delete(daemon, "bennys-auto?force=true")
    finally:
        stop.set()
        poster.join()
    serve_again(daemon, kept(daemon, reply))
    assert reply["waiting"] == len(taken)
    for uniqueid in taken:
        assert bennys.state(uniqueid)["uniqueid"] == uniqueid


def held(daemon, threads):
    """A removal that waits for a process which does not end."""
    pid = daemon.worker_pid()
    freeze(pid)
    removing = threads.submit(daemon.call, "DELETE", "/workshops/bennys-auto")
    until(lambda: daemon.integration()["process"] == "stopping", "it is on its way")
    return pid, removing


def test_a_start_meanwhile_keeps_it(neighboured):
    daemon, bennys = neighboured
    with ThreadPoolExecutor() as threads:
        pid, removing = held(daemon, threads)
        assert delete(daemon, status=409)["code"] == "being_removed"
        document = json.loads(path(daemon).read_text())
        for active in (False, True):  # True: a start that is answered at once
            path(daemon).write_text(json.dumps({**document, "active": active}))
            assert daemon.call("PUT", "/reload").json["changed"] == ["bennys-auto"]
        os.kill(pid, signal.SIGCONT)
        reply = removing.result()
        assert (reply.status, reply.json["code"]) == (409, "started")
    until(bennys.up, "it serves")
    assert path(daemon).exists()


def test_a_workshop_removed_by_hand_meanwhile(neighboured):
    daemon, bennys = neighboured
    with ThreadPoolExecutor() as threads:
        pid, removing = held(daemon, threads)
        path(daemon).unlink()
        assert daemon.call("PUT", "/reload").json["removed"] == ["bennys-auto"]
        os.kill(pid, signal.SIGCONT)
        assert removing.result().status == 404
    until(lambda: not alive(pid), "its process ends")
    assert queue(daemon).exists() and refused(bennys)


def test_a_daemon_that_stops_removes_nothing(daemon, bennys):
    with ThreadPoolExecutor() as threads:
        pid, removing = held(daemon, threads)
        daemon.process.send_signal(signal.SIGTERM)
        until(lambda: "stopping" in daemon.log.read_text(), "it stops")
        os.kill(pid, signal.SIGCONT)
        assert removing.result().json["code"] == "stopping"
    assert daemon.process.wait(DEADLINE_S) == 0
    daemon.start()
    assert bennys.up()


@pytest.mark.parametrize("step", ["inactive", "moved", "copied"])
def test_what_a_daemon_that_died_has_begun_is_finished(daemon, bennys, step):
    bennys.place("done")
    bennys.wait("done", "created")
    daemon.call("PUT", "/workshops/bennys-auto/deactivate")
    daemon.stop()
    begun = daemon.folder / "state" / "removed" / "bennys-auto-20260102T030405Z"
    older = daemon.folder / "state" / "removed" / "bennys-auto-20250102T030405Z"  # an earlier workshop of that name, complete
    for folder in (begun, older):
        folder.mkdir(parents=True, mode=0o700)
    (older / "queue").mkdir()
    (older / "bennys-auto.json").write_text('{"active": false}')
    begun.parent.chmod(0o700)
    if step != "inactive":
        queue(daemon).rename(begun / "queue")
    if os.geteuid() == 0:  # so the removal is under way
        (queue(daemon) if step == "inactive" else begun / "queue").chmod(0o722)
    if step == "copied":
        shutil.copy(path(daemon), begun / "bennys-auto.json")
    daemon.start()
    reply = delete(daemon)
    found = kept(daemon, reply)
    assert reply["waiting"] == 0 and gone(daemon, bennys) and (found == begun) == (step != "inactive")
    serve_again(daemon, found)
    assert bennys.state("done")["status"] == "created"


def test_a_daemon_killed_at_any_time_loses_no_queue(daemon, bennys):
    bennys.place("done")
    bennys.wait("done", "created")
    removed = daemon.folder / "state" / "removed"
    for number in range(10):
        until(lambda: daemon.integration()["queue_length"] == 0, "that is known")
        pids = daemon.children()
        with ThreadPoolExecutor() as threads:
            removing = threads.submit(daemon.call, "DELETE", "/workshops/bennys-auto")
            until(lambda: removing.done() or daemon.log.read_text().count(" removing") > number, "it begins")
            time.sleep(number / 500)  # slightly later each time
            daemon.kill()
            with contextlib.suppress(OSError, http.client.HTTPException):
                removing.result()
        for pid in pids:
            until(lambda pid=pid: not alive(pid), "the worker ends")
        daemon.start()
        if path(daemon).exists():
            json.loads(path(daemon).read_text())
            delete(daemon)
        queues = list(removed.glob("*/queue"))
        assert len(queues) == 1 and not queue(daemon).exists()
        serve_again(daemon, queues[0].parent)
        assert bennys.state("done")["status"] == "created"
        shutil.rmtree(removed)
