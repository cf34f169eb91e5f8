"""A stop lets orders in flight finish: the ERP delays its reply until the test releases it."""

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from pumpline import DEADLINE_S, SECRET, alive, free_port, freeze, until

ERP = Path(__file__).parents[1] / "storm" / "scripted_erp.py"


class SlowErp:
    """An ERP that can pause in the middle of a request."""

    def __init__(self, folder):
        self.folder = folder / "shop"
        self.folder.mkdir(parents=True)
        (self.folder / "quiet").touch()
        (self.folder / "mood.json").write_text(json.dumps({"seed": 1, "chance": 0, "write_chance": 0, "kinds": {"503": 1},
                                                           "slow_s": 0, "keep_alive": True}))
        (self.folder / "erp.json").write_text(json.dumps(
            {"users": {"admin": SECRET}, "products": {"10": {"salable": True, "digits": 2}}, "sales": {"558": "draft", "559": "draft"}}))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/shop/"
        self.start()

    def start(self):
        self.process = subprocess.Popen(["/usr/bin/python3", ERP, str(self.port), self.folder.parent],
                                        stdout=subprocess.DEVNULL)

    def hold(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def notes(self):
        record = self.folder / "record.jsonl"
        entries = [json.loads(line) for line in record.read_text().splitlines()]
        return sorted(entry["line"]["note"] for entry in entries if "line" in entry)

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def erp(tmp_path):
    one = SlowErp(tmp_path / "erp")
    yield one
    one.end()


@pytest.fixture
def in_hand(daemon, erp):
    """A workshop with one order in flight at a silent ERP, and one waiting."""
    bennys = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": erp.url, "max_in_flight": 1})
    daemon.start()
    bennys.place("first")
    bennys.wait("first", "created")
    erp.hold()
    bennys.place("in-hand")
    bennys.wait("in-hand", "processing")
    bennys.place("behind", worksheet="559")
    return bennys


def finished(daemon, erp, bennys):
    """The order in flight is created at its first attempt; the other one is left to the next process."""
    assert erp.notes() == ["first", "in-hand"]
    lines = (daemon.folder / "log" / "bennys-auto_create_orderline.log").read_text()
    assert "[in-hand] " in lines and "attempt 1," in next(line for line in lines.splitlines() if "[in-hand] " in line)
    assert "[behind] " not in lines


def test_stop_waits_for_the_order_in_flight(daemon, erp, in_hand):
    pid = daemon.worker_pid()
    replies = []
    asked = threading.Thread(target=lambda: replies.append(daemon.call("PUT", "/workshops/bennys-auto/stop").json))
    asked.start()
    until(lambda: daemon.integration()["process"] == "stopping", "it is asked to stop")
    assert daemon.worker_pid() == pid and not replies
    erp.go_on()
    asked.join()
    assert replies[0]["process"] == "stopped" and replies[0]["last_exit"]["text"] == "exit status 0"
    finished(daemon, erp, in_hand)
    daemon.call("PUT", "/workshops/bennys-auto/start")
    assert in_hand.state("in-hand")["attempts"] == 1
    in_hand.wait("behind", "created")
    assert erp.notes() == ["behind", "first", "in-hand"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_drains(daemon, erp, in_hand, how):
    daemon.process.send_signal(how)
    until(lambda: daemon.integration()["process"] == "stopping", "it is asked to stop")
    assert daemon.process.poll() is None
    assert daemon.call("PUT", "/workshops/bennys-auto/start").status == 503  # still answered while it drains
    erp.go_on()
    assert daemon.process.wait(DEADLINE_S) == 0
    finished(daemon, erp, in_hand)
    daemon.start()
    assert in_hand.state("in-hand")["attempts"] == 1
    in_hand.wait("behind", "created")
    assert erp.notes() == ["behind", "first", "in-hand"]


def test_a_stop_has_a_time_limit(daemon, erp, in_hand):
    """After stop_timeout_s the process ends; its successor looks the order up and creates no second line."""
    path = daemon.folder / "workshops.d" / "bennys-auto.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "stop_timeout_s": 1}))
    pid = daemon.worker_pid()
    erp.go_on()
    in_hand.wait("behind", "created")
    assert daemon.call("PUT", "/reload").status == 200
    until(lambda: daemon.worker_pid() not in (pid, None) and daemon.integration()["process"] == "running", "it has its limit")
    erp.hold()
    in_hand.place("late")
    in_hand.wait("late", "processing")
    assert daemon.call("PUT", "/workshops/bennys-auto/stop").json["process"] == "stopped"
    assert "stopped with 1 order in flight" in daemon.log.read_text()
    daemon.call("PUT", "/workshops/bennys-auto/start")
    erp.go_on()
    in_hand.wait("late", "created")
    assert erp.notes().count("late") == 1


def test_a_killed_daemon_finishes_or_looks_up(daemon, erp, in_hand):
    children = daemon.children()
    daemon.kill()
    erp.go_on()
    for pid in children:
        until(lambda pid=pid: not os.path.exists(f"/proc/{pid}"), "no orphan is left")
    daemon.start()
    for uniqueid in ("in-hand", "behind"):
        in_hand.wait(uniqueid, "created")
    assert erp.notes() == ["behind", "first", "in-hand"]


def test_two_terminations_in_a_moment_are_one(daemon):
    daemon.add_file(stop_timeout_s=20)
    daemon.start()
    pid = daemon.worker_pid()
    freeze(pid)
    for _ in range(3):
        daemon.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)  # each is a signal of its own
    time.sleep(1)  # ASKED_AGAIN_MS of supervisor/daemon/daemon.c: a later one counts
    assert alive(pid) and daemon.process.poll() is None
    daemon.process.send_signal(signal.SIGTERM)  # asked again
    assert daemon.process.wait(10) == 0
    assert not alive(pid)
