"""A wrong wall clock: if it shifts, a worker neither forgets an order nor gives one up."""

import contextlib
import os
import struct
import subprocess
from pathlib import Path

import pytest

from pumpline import BUILD, DEADLINE_S, until
from test_drain import SlowErp

pytestmark = pytest.mark.release  # AddressSanitizer wants to be loaded first, before what shifts the clock
DAY_MS = 86400000


class Clock:
    def __init__(self, folder):
        self.file, self.library = folder / "shift", folder / "clockshift.so"
        self.set(0)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.library, Path(__file__).parent / "clockshift.c"], check=True)

    def set(self, ms):
        with open(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
            file.write(struct.pack("q", ms))

    def environment(self, disk):
        return {**os.environ, "LD_PRELOAD": str(self.library), "CLOCKSHIFT_FILE": str(self.file),
                **({"CLOCKSHIFT_DISK": "1"} if disk else {})}


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


@contextlib.contextmanager
def alone(daemon, workshop, clock, disk=False):
    process = subprocess.Popen([BUILD / "pumpline-worker", str(workshop.port), "bennys-auto", "-c", daemon.config],
                               env=clock.environment(disk))
    try:
        until(workshop.up, "it serves")
        yield
    finally:
        process.terminate()
        assert process.wait(DEADLINE_S) == 0


def placed_at(workshop, uniqueid):
    return workshop.state(uniqueid)["placed_at"][:4]


@pytest.mark.parametrize("disk", [False, True], ids=["the clock", "the clock and the disk's"])
def test_nothing_is_forgotten(daemon, clock, disk):
    bennys = daemon.add_file()
    queue = daemon.folder / "state/queues/bennys-auto/data.mdb"
    with alone(daemon, bennys, clock):
        for number in range(20):
            bennys.place(f"created-{number}", worksheet=str(number))
            bennys.wait(f"created-{number}", "created")
        (bennys.lines / "wrong.json").write_text("something else")
        bennys.place("wrong")
        assert bennys.wait("wrong", "error")["reason_code"] == "erp_rejected"
        year = placed_at(bennys, "wrong")
    clock.set(731 * DAY_MS)
    with alone(daemon, bennys, clock, disk):
        bennys.place("ahead", worksheet="ahead")
        bennys.wait("ahead", "created")
        assert placed_at(bennys, "ahead") > year  # the shift works
        # Old records are searched for a few seconds after the start, and the search is recorded.
        before = queue.stat().st_mtime_ns
        until(lambda: queue.stat().st_mtime_ns != before, "old orders are looked for")
        assert bennys.get("/alive").json["orders"] == {"placed": 0, "processing": 0, "created": 21, "error": 1}
    clock.set(0)
    with alone(daemon, bennys, clock):
        for number in range(20):
            reply = bennys.place(f"created-{number}", worksheet=str(number))
            assert (reply["duplicate"], reply["status"]) == (True, "created")
        assert bennys.state("wrong")["status"] == "error"
        assert len(list(bennys.lines.glob("created-*.json"))) == 20


@pytest.mark.parametrize("days", [2, -2])
def test_refused_credentials_are_remembered(daemon, clock, tmp_path, days):
    """A clock step does not lock the ERP account."""
    erp = SlowErp(tmp_path / "erp")
    bennys = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": erp.url})
    try:
        with alone(daemon, bennys, clock):
            bennys.place("bad-1", password="wrong")
            assert "not sent" not in bennys.wait("bad-1", "error")["reason_text"]
        clock.set(days * DAY_MS)
        with alone(daemon, bennys, clock):
            bennys.place("bad-2", password="wrong")
            order = bennys.wait("bad-2", "error")
            assert order["reason_code"] == "auth_failed" and "not sent" in order["reason_text"]
            bennys.place("good")
            bennys.wait("good", "created")
    finally:
        erp.end()


@pytest.mark.parametrize("back", [False, True], ids=["ahead", "ahead and back"])
def test_nothing_is_given_up(daemon, clock, tmp_path, back):
    erp = SlowErp(tmp_path / "erp")
    erp.end()
    bennys = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": erp.url},
                        retry={"first_s": 0.05, "max_s": 0.5, "give_up_after_s": 86400})

    def tried_again():
        attempts = bennys.state("waits")["attempts"]
        until(lambda: bennys.state("waits")["attempts"] > attempts + 1, "it is tried again")

    try:
        with alone(daemon, bennys, clock):
            bennys.place("waits")
            tried_again()
            for ms in (2 * DAY_MS, 0) if back else (2 * DAY_MS,):
                clock.set(ms)
                tried_again()
                assert bennys.state("waits")["status"] in ("placed", "processing")
            erp.start()
            assert bennys.wait("waits", "created")["erp_reference"] == "1"
            assert erp.notes() == ["waits"]
    finally:
        erp.end()
