"""pumplinectl backup --all and restore: on another machine nothing is billed twice, and a backup says what it lacks."""

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import watched
from odoo import DATABASE, KEY
from test_http_erp import odoo, place, recipe  # noqa: F401: a fixture

from pumpline import BUILD, SECRET, until

FIRST = 50000
CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def other(tmp_path):
    yield from watched(tmp_path / "another-machine")


def ctl(daemon, *words, status=0):
    done = subprocess.run([BUILD / "pumplinectl", *words, "--config", daemon.config], capture_output=True, text=True, check=False,
                          timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def declined(daemon, *words):
    """The status and the terminal's text after the answer no."""
    ours, there = pty.openpty()
    os.write(ours, b"n\n")
    done = subprocess.run([BUILD / "pumplinectl", *words, "--config", daemon.config], stdin=there, stderr=there, check=False, timeout=120)
    said = os.read(ours, 4096).decode()
    os.close(ours)
    os.close(there)
    return done.returncode, said


def backups(folder):
    return sorted(path for path in folder.iterdir() if path.is_dir())


def shops(daemon, odoo):  # noqa: F811
    recipe(daemon, "odoo-jsonrpc")
    (daemon.folder / "recipes").mkdir()
    (daemon.folder / "odoo-jsonrpc.json").rename(daemon.folder / "recipes" / "our-odoo.json")
    daemon.write_config(recipes_dir=str(daemon.folder / "recipes"))
    bennys = daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": "our-odoo", "url": odoo.url + "/", "options": {"database": DATABASE}},
                        credentials={"username": "bot", "password": KEY})
    carls = daemon.add_file("carls-cars", "Carls Cars", active=False)
    daemon.start()
    return bennys, carls


def test_another_machine_bills_nothing_twice(daemon, other, odoo, tmp_path):  # noqa: F811
    bennys, carls = shops(daemon, odoo)
    daemon.call("PUT", "/workshops/carls-cars/activate")
    until(carls.up, "it serves")
    carls.place("taken")
    carls.wait("taken", "created")
    daemon.call("PUT", "/workshops/carls-cars/stop")
    place(bennys, "before")
    bennys.wait("before", "created")
    bennys.put("/stop_worker")
    place(bennys, "waiting")
    said = ctl(daemon, "backup", "--all", tmp_path / "backups")
    (copy,) = backups(tmp_path / "backups")
    assert f"copied 2 workshops to {copy}" in said and "master key" in said and str(daemon.folder / "master.key") in said
    assert not [path for path in copy.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert KEY not in (copy / "workshops.d/bennys-auto.json").read_text()
    bennys.put("/start_worker")
    bennys.wait("waiting", "created")
    place(bennys, "later")
    bennys.wait("later", "created")
    bennys.put("/stop_worker")
    place(bennys, "lost")
    daemon.stop()  # and its machine burns down
    lines = {uniqueid: odoo.of(uniqueid)[0]["id"] for uniqueid in ("before", "waiting", "later")}

    other.write_config(recipes_dir=str(other.folder / "recipes"), worker_uids={"first": FIRST, "count": 10})
    key = other.folder / "master.key"
    for content, words in ((None, "is missing"), (os.urandom(32), "holds another key")):
        if content:
            key.write_bytes(content)
            key.chmod(0o600)
        said = ctl(other, "restore", copy, status=2)
        assert words in said and f"put that key at {key}" in said
        assert not list((other.folder / "workshops.d").iterdir()) and not list((other.folder / "state/queues").iterdir())
    key.write_bytes((daemon.folder / "master.key").read_bytes())
    said = ctl(other, "restore", copy)
    assert "carls-cars is inactive: it delivers files" in said
    other.start()
    if os.geteuid() == 0:
        owned = (other.folder / "state/queues/bennys-auto").stat()
        assert FIRST <= owned.st_uid < FIRST + 10 and owned.st_uid != (daemon.folder / "state/queues/bennys-auto").stat().st_uid
    assert bennys.wait("waiting", "created")["erp_reference"] == str(lines["waiting"])
    for uniqueid in ("before", "later", "lost"):
        place(bennys, uniqueid)
        order = bennys.wait(uniqueid, "created")
        assert order["erp_reference"] == str(lines.get(uniqueid, order["erp_reference"]))
    assert len(odoo.lines) == 4 and all(len(odoo.of(uniqueid)) == 1 for uniqueid in (*lines, "lost"))
    assert other.call("GET", "/workshops/carls-cars").json["active"] is False


def test_one_workshop_beside_a_running_daemon(daemon, odoo, tmp_path):  # noqa: F811
    bennys, _ = shops(daemon, odoo)
    place(bennys, "a")
    bennys.wait("a", "created")
    ctl(daemon, "backup", "--all", tmp_path)
    (copy,) = [path for path in backups(tmp_path) if (path / "manifest.json").exists()]
    place(bennys, "b")
    bennys.wait("b", "created")
    assert "in use here" in ctl(daemon, "restore", copy, "bennys-auto", status=1)
    assert "no workshop with the slug nobody" in ctl(daemon, "restore", copy, "nobody", status=2)
    daemon.call("PUT", "/workshops/bennys-auto/deactivate")
    good = (copy / "queues/bennys-auto.mdb").read_bytes()
    (copy / "queues/bennys-auto.mdb").write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert "is damaged" in ctl(daemon, "restore", copy, "bennys-auto", status=1)
    assert not (daemon.folder / "state/removed").exists() and (daemon.folder / "workshops.d/bennys-auto.json").exists()
    (copy / "queues/bennys-auto.mdb").write_bytes(good)
    status, said = declined(daemon, "restore", copy, "bennys-auto")
    assert status == 1 and "nothing was changed" in said and not (daemon.folder / "state/removed").exists()
    ctl(daemon, "restore", copy, "bennys-auto")
    until(bennys.up, "it serves")
    assert bennys.get("/get_order_status?uniqueid=b").status == 404 and bennys.state("a")["status"] == "created"
    (kept,) = (daemon.folder / "state/removed").iterdir()
    assert (kept / "queue/data.mdb").exists() and json.loads((kept / "bennys-auto.json").read_text())["active"] is False
    place(bennys, "b")
    bennys.wait("b", "created")
    assert len(odoo.lines) == 2


def test_only_the_newest_are_kept(daemon, tmp_path):
    daemon.add_file(credentials={"username": "admin", "password": SECRET})
    daemon.start()
    daemon.stop()
    folder = tmp_path / "backups"
    (folder / ".20200101T000000.000Z" / "queues").mkdir(parents=True)
    (folder / "20200101T000000.000Z").mkdir()
    (folder / "mine").mkdir()
    for _ in range(3):
        ctl(daemon, "backup", "--all", folder, "--keep", "2")
    assert [path.name for path in backups(folder)][2:] == ["mine"] and len(backups(folder)) == 3
    newest = backups(folder)[1]
    shutil.rmtree(daemon.folder / "state" / "queues" / "bennys-auto")
    (daemon.folder / "workshops.d" / "bennys-auto.json").write_text("{")
    os.chmod(daemon.folder / "state" / "queues", 0o711)
    # What it cannot copy it names, and it removes no older one.
    (daemon.folder / "state" / "queues" / "bennys-auto").mkdir()
    (daemon.folder / "state" / "queues" / "bennys-auto" / "data.mdb").symlink_to(newest / "manifest.json")
    assert "bennys-auto is not complete in this backup" in ctl(daemon, "backup", "--all", folder, "--keep", "1", status=1)
    assert newest in backups(folder) and len(backups(folder)) == 4


def test_the_unit_may_do_what_it_has_to(bennys, daemon, tmp_path):
    """With no more capabilities than it has."""
    unit = dict(line.split("=", 1) for line in (CONF / "pumpline-backup.service.in").read_text().splitlines() if "=" in line)
    words = unit["ExecStart"].replace("@PUMPLINE_BIN@", str(BUILD)).replace("/var/backups/pumpline", str(tmp_path / "copies")).split()
    kept = ",".join(["-all"] + [name.replace("CAP_", "+").lower() for name in unit["CapabilityBoundingSet"].split()])
    before = ["setpriv", "--inh-caps=-all", f"--bounding-set={kept}"] if os.geteuid() == 0 else []
    bennys.place("a")
    bennys.wait("a", "created")
    for _ in range(2):
        subprocess.run([*before, *words, "--config", daemon.config], check=True, capture_output=True, timeout=60)
        daemon.call("PUT", "/workshops/bennys-auto/stop")
    assert [(copy / "queues/bennys-auto.mdb").exists() for copy in backups(tmp_path / "copies")] == [True, True]
