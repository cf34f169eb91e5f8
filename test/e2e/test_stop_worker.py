"""A worker that was stopped for a reason, and until a time."""

import datetime
import os
import signal

import pytest

from pumpline import alive, freeze, process_state, until
from test_clock import DAY_MS, Clock, alone
from test_rekey_cut_off import plan, replan


def within(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


@pytest.fixture
def shop(daemon):
    workshop = daemon.add_file()
    daemon.start()
    return workshop


def stopped(shop, reason):
    said = shop.get("/alive").json
    return (said["worker"], said["worker_reason"], said["worker_text"]) == ("stopped", None, reason)


def test_it_starts_by_itself(daemon, shop):
    reply = daemon.call("PUT", "/workshops/bennys-auto/stop_worker", {"reason": "ERP update", "until": within(3)})
    assert reply.json == {"workshop": "Bennys Auto", "worker": "stopped", "was_running": True}
    one = daemon.integration()
    assert (one["worker"], one["worker_text"]) == ("stopped", "ERP update") and one["worker_until"].endswith("Z")
    shop.place("s1")
    assert shop.wait("s1", "created")
    until(lambda: daemon.integration()["worker"] == "running", "the daemon knows")
    assert (daemon.integration()["worker_text"], daemon.integration()["worker_until"]) == (None, None)


def test_it_survives_the_process_and_the_daemon(daemon, shop):
    shop.put("/stop_worker", {"reason": "ERP update", "until": within(3600)})
    shop.place("s1")
    for _ in range(2):
        pid = daemon.worker_pid()
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: not alive(pid) and daemon.integration()["pid"] not in (None, pid), "another process")
        until(shop.up, "it serves")
        assert stopped(shop, "ERP update")
    daemon.stop()
    daemon.start()
    assert stopped(shop, "ERP update")
    assert shop.put("/start_worker").json["worker"] == "running"
    shop.wait("s1", "created")
    daemon.stop()
    daemon.start()
    assert shop.get("/alive").json["worker"] == "running"


def test_a_new_daemon_ends_a_stop_without_an_end(daemon, shop):
    shop.put("/stop_worker", {"reason": "stocktaking"})
    pid = daemon.worker_pid()
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid) and shop.up(), "another process")
    assert stopped(shop, "stocktaking")
    daemon.stop()
    daemon.start()
    assert shop.get("/alive").json["worker"] == "running"


@pytest.mark.faults
@pytest.mark.parametrize("frozen", [False, True], ids=["", "while the daemon stands still"])
def test_it_dies_with_its_reply(daemon, frozen):
    """What a person was told is true, even if nothing but the reply came out of the process. A daemon that stood still
    learns of the stop and of the process's end at once."""
    shop = daemon.add_file()
    (daemon.folder / "state").mkdir()
    path = plan(daemon, "bennys-auto", "clock +000000000000")
    daemon.start()
    pid = daemon.worker_pid()
    if frozen:
        freeze(daemon.process.pid)
    try:
        replan(path, "http_server.replied 000 kill")
        assert shop.put("/stop_worker", {"reason": "stocktaking"}).status == 200
        until(lambda: process_state(pid) in (None, "Z"), "it is dead")
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)
    until(shop.up, "another process")
    assert stopped(shop, "stocktaking")
    assert "PUT /stop_worker" in [one["what"] for one in daemon.call("GET", "/audit").json["entries"]]


def test_starting_the_workshop_ends_it(daemon, shop):
    shop.put("/stop_worker", {"until": within(3600)})
    assert daemon.call("PUT", "/workshops/bennys-auto/restart").status == 200
    until(lambda: shop.up() and shop.get("/alive").json["worker"] == "running", "it works")


@pytest.mark.parametrize("shift_ms", [DAY_MS, -DAY_MS], ids=["forward", "back"])
def test_a_clock_that_is_set_keeps_no_worker_stopped(daemon, tmp_path, shift_ms):
    clock = Clock(tmp_path)
    shop = daemon.add_file()
    with alone(daemon, shop, clock):
        shop.put("/stop_worker", {"until": within(3600 if shift_ms > 0 else 4)})
        shop.place("s1")
        clock.set(shift_ms)
        shop.wait("s1", "created")
