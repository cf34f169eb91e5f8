"""From the previous release, its real programs, to this one and back: on one state folder, with orders in the queue and in flight."""

import hashlib
import json
import os
import signal

import pytest
from held_erp import HeldErp
from previous import VERSION, previous
from pumpline import BUILD, alive, until

pytestmark = pytest.mark.unlike_the_reference("the previous release has a reference of its own")
WAITING = ["w1", "w2", "w3"]


@pytest.fixture
def erp(tmp_path):
    with HeldErp(tmp_path / "erp", "flying") as one:
        yield one
        one.hold.release()


@pytest.fixture
def shops(daemon, erp):
    """(the workshop on the ERP, the one with the file driver) of the previous release, running: one order in flight with its line
    in the ERP, others waiting in both queues, one created."""
    daemon.program = previous() / "pumplined"
    shop = daemon.add("bennys-auto", "Bennys Auto", **erp.configuration())
    other = daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()
    assert daemon.call("GET", "/health").json["version"] == VERSION
    other.place("done")
    other.wait("done", "created")
    other.put("/stop_worker")
    for uniqueid in WAITING:
        other.place(uniqueid)
    for uniqueid in ("flying", *WAITING):
        reply = shop.call("POST", "/create", {key: value for key, value in shop.order(uniqueid).items() if key not in ("username", "password")})
        assert reply.status == 200, reply.text
    erp.hold.wait()
    assert shop.state("flying")["status"] == "processing"
    return shop, other


def die(daemon, erp):
    """As in a power cut: all processes at once."""
    for pid in (daemon.process.pid, *daemon.children()):
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: not alive(pid), f"{pid} is gone")
    daemon.process.wait()
    erp.hold.release()


def stop(daemon, erp):
    """The order in flight finishes; those that wait stay."""
    daemon.process.send_signal(signal.SIGTERM)
    erp.hold.release()
    daemon.stop()


def restart_as(daemon, program):
    daemon.program = program
    daemon.start_only()


def queue_of(daemon, slug):
    """What is in the queue's file, and what lies beside it."""
    folder = daemon.folder / "state/queues" / slug
    return hashlib.sha256((folder / "data.mdb").read_bytes()).hexdigest(), sorted(path.name for path in folder.glob("*.mdb"))


@pytest.mark.parametrize("end", [die, stop])
def test_orders_of_the_previous_release_become_one_line_each(daemon, shops, erp, end):
    shop, other = shops
    end(daemon, erp)
    assert erp.lines().count("flying") == 1
    restart_as(daemon, BUILD / "pumplined")
    until(daemon.ready, "the workshops run")
    for one in shops:
        for uniqueid in WAITING:
            one.wait(uniqueid, "created")
    order = shop.wait("flying", "created")
    assert order["erp_reference"] == "1" and order["attempts"] == (2 if end is die else 1)
    assert erp.lines() == sorted(["flying", *WAITING])
    assert sorted(json.loads(path.read_text())["uniqueid"] for path in other.lines.iterdir()) == sorted(["done", *WAITING])
    assert other.place("done")["duplicate"] is True and len(list(other.lines.iterdir())) == 4
    assert [entry["status"] for entry in shop.history("flying")][-1] == "created"


def test_the_previous_release_refuses_a_queue_of_this_one(daemon, shops, erp):
    """And changes nothing, however this one has ended: this one goes on with it."""
    shop, other = shops
    stop(daemon, erp)
    old = daemon.program
    for end in (daemon.stop, lambda: die(daemon, erp)):
        restart_as(daemon, BUILD / "pumplined")
        until(daemon.ready, "the workshops run")
        shop.wait("w3", "created")
        other.wait("w3", "created")
        other.put("/stop_worker")
        other.create("later")
        end()
        before = {slug: queue_of(daemon, slug) for slug in ("bennys-auto", "carls-cars")}
        restart_as(daemon, old)
        said = until(lambda: [one["last_error"] for one in daemon.call("GET", "/health").json["integrations"] if one["last_error"]][1:],
                     "both are refused")
        assert "INCOMPATIBLE" in said[0], said
        daemon.stop()
        assert {slug: queue_of(daemon, slug) for slug in before} == before
    restart_as(daemon, BUILD / "pumplined")
    until(daemon.ready, "the workshops run")
    other.put("/start_worker")
    other.wait("later", "created")
    assert erp.lines() == sorted(["flying", *WAITING]) and len(list(other.lines.iterdir())) == 5
