"""pumplinectl move-out and move-in: wherever they die, one machine at most works on a queue, and no order is lost or doubled."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import watched
from odoo import DATABASE, KEY
from test_backup import declined
from test_http_erp import odoo, place, recipe  # noqa: F401: a fixture

from pumpline import BUILD, DEADLINE_S, until

SLUG = "bennys-auto"


@pytest.fixture
def other(tmp_path):
    yield from watched(tmp_path / "another-machine")


def run(daemon, *words, **more):
    return subprocess.run([BUILD / "pumplinectl", *words, "--config", daemon.config], capture_output=True, text=True, check=False,
                          timeout=120, **more)


def ctl(daemon, *words, status=0):
    done = run(daemon, *words)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def machines(daemon, other, workshop):
    """Both run, the workshop on the first; they have the same key and ERP."""
    daemon.start()
    shutil.copy(daemon.folder / "master.key", other.folder / "master.key")
    other.start()
    return workshop


def view(daemon):
    return daemon.call("GET", f"/workshops/{SLUG}").json


def running(daemon):
    return view(daemon).get("pid") is not None


def test_one_moves_there_and_back(daemon, other, odoo, tmp_path):  # noqa: F811
    erp = {"system": "http", "recipe": recipe(daemon, "odoo-jsonrpc"), "url": odoo.url + "/", "options": {"database": DATABASE}}
    bennys = machines(daemon, other, daemon.add(SLUG, "Bennys Auto", erp, credentials={"username": "bot", "password": KEY}))
    place(bennys, "a")
    bennys.wait("a", "created")
    bennys.put("/stop_worker")
    place(bennys, "b")
    there, back = tmp_path / "there", tmp_path / "back"
    status, said = declined(daemon, "move-out", SLUG, there)
    assert status == 1 and "nothing was changed" in said and running(daemon)
    assert f"pumplinectl move-in {there}" in ctl(daemon, "move-out", SLUG, there)
    words = f"moved out to {there} at "
    assert words in view(daemon)["last_error"] and not running(daemon)
    assert words in subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, "status", SLUG], capture_output=True, text=True, check=True,
                                   timeout=60).stdout
    refused = daemon.call("PUT", f"/workshops/{SLUG}/start")
    assert refused.json["code"] == "inactive" and words in refused.json["detail"] and f"`pumplinectl move-in {there}`" in refused.json["detail"]
    # Nothing starts it here, and only root lifts that.
    for action in ("activate", "start", "restart"):
        daemon.call("PUT", f"/workshops/{SLUG}/{action}")
        until(lambda: view(daemon)["process"] not in ("starting", "stopping"), "it has settled")
        assert view(daemon)["process"] == "failed" and words in view(daemon)["last_error"], action
    configuration = view(daemon)["configuration"]
    del configuration["moved_out"]
    assert daemon.call("PUT", f"/workshops/{SLUG}", configuration).status == 200
    assert view(daemon)["configuration"]["moved_out"]["to"] == str(there)
    alone = subprocess.run([BUILD / "pumpline-worker", str(bennys.port), SLUG, "-c", daemon.config], capture_output=True, text=True,
                           check=False, timeout=DEADLINE_S)
    assert alone.returncode == 78 and words in alone.stderr
    daemon.stop()
    daemon.start()
    assert not bennys.up()

    assert "moved in" in ctl(other, "move-in", there)
    until(bennys.up, "it serves on the other machine")
    assert bennys.wait("b", "created") and bennys.state("a")["status"] == "created"
    assert "was already moved in" in ctl(daemon, "move-in", there, status=2)
    assert "already moved out" in ctl(daemon, "move-out", SLUG, tmp_path / "elsewhere", status=2)
    assert "is moved out to" in ctl(daemon, "restore", there, status=1)
    ctl(other, "move-out", SLUG, back)
    assert "was already moved in" in ctl(other, "move-in", there, status=2), "it has left since"
    ctl(daemon, "move-in", back)
    until(bennys.up, "it serves here again")
    place(bennys, "b")
    place(bennys, "c")
    assert bennys.wait("c", "created") and bennys.state("b")["status"] == "created"
    assert len(odoo.lines) == 3 and not running(other)
    # And back from the folder, before anybody has taken it.
    ctl(daemon, "move-out", SLUG, tmp_path / "changed-my-mind")
    status, said = declined(daemon, "move-in", tmp_path / "changed-my-mind")
    assert status == 1 and "nothing was changed" in said and not running(daemon)
    ctl(daemon, "move-in", tmp_path / "changed-my-mind")
    until(bennys.up, "it serves here still")
    assert bennys.state("c")["status"] == "created"


def sleeps(pid):
    with contextlib.suppress(OSError):
        return "nanosleep" in Path(f"/proc/{pid}/wchan").read_text()
    return False


def test_a_worker_by_itself_is_waited_for(daemon, tmp_path):
    """No daemon answers for it: the lock of its queue does."""
    bennys = daemon.add_file()
    daemon.start()
    daemon.stop()
    worker = subprocess.Popen([BUILD / "pumpline-worker", str(bennys.port), SLUG, "-c", daemon.config])
    until(bennys.up, "it serves")
    bennys.place("a")
    bennys.wait("a", "created")
    os.utime(daemon.folder / "state/queues" / SLUG / "data.mdb", (0, 0))  # nothing else to wait for
    mover = subprocess.Popen([BUILD / "pumplinectl", "move-out", SLUG, tmp_path / "out", "--config", daemon.config])
    until(lambda: "moved_out" in (daemon.folder / "workshops.d" / f"{SLUG}.json").read_text(), "the fence is up")
    until(lambda: sleeps(mover.pid) or mover.poll() is not None, "it waits")
    assert mover.poll() is None and not (tmp_path / "out").exists() and bennys.up()
    worker.terminate()
    assert worker.wait(DEADLINE_S) == 0 and mover.wait(DEADLINE_S) == 0
    assert (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.release  # AddressSanitizer wants to be loaded first, before what kills
@pytest.mark.long
def test_killed_at_every_step(daemon, other, tmp_path):
    """There and back, each time killed one step later, until nothing is left to be killed."""
    library = tmp_path / "killstep.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, Path(__file__).parent / "killstep.c"], check=True)
    bennys = machines(daemon, other, daemon.add_file(stop_timeout_s=5))
    here, there, killed, step = daemon, other, True, 0
    while killed:
        step += 1
        folder, killed = tmp_path / f"move-{step}", False
        bennys.place(f"o{step}")
        bennys.wait(f"o{step}", "created")
        for machine, words in ((here, ("move-out", SLUG, folder)), (there, ("move-in", folder))):
            done = run(machine, *words, env={**os.environ, "LD_PRELOAD": str(library), "KILLSTEP": str(step)})
            assert done.returncode in (0, -signal.SIGKILL), done.stdout + done.stderr
            killed |= done.returncode != 0
            assert not (running_at_all(here) and running_at_all(there)), f"step {step}"
            if step % 4 == 0:  # and the daemon with it
                machine.kill()
                machine.start()
                assert not (running_at_all(here) and running_at_all(there)), f"step {step}, after a restart"
            ctl(machine, *words)
        until(bennys.up, f"it serves after step {step}")
        assert running_at_all(there) and not running_at_all(here)
        assert all(bennys.state(f"o{number}")["status"] == "created" for number in range(1, step + 1))
        here, there = there, here
    assert step > 10 and len(list(bennys.lines.iterdir())) == step


def running_at_all(daemon):
    reply = daemon.call("GET", f"/workshops/{SLUG}")
    return reply.status == 200 and reply.json.get("pid") is not None
