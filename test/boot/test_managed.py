"""What an operator does to the machine while it serves: workshops come and go, the master key and the logs change."""

import gzip
import hashlib
import json
import os

import pytest
from machine import CONFIG

from pumpline import SECRET, until

OPERATOR = "alice"  # the only member of the group pumpline
FYNNS = ("fynns-garage", "Fynns Garage", 8105)
KEY = "etc/pumpline/master.key"
CREDENTIALS = {"username": "bot", "password": SECRET}


def ctl(machine, *arguments, stdin=None):
    return machine.run("pumplinectl", *arguments, user=OPERATOR, stdin=stdin)


def add(machine, shop, **more):
    """Its folder is given to the user that it got."""
    ctl(machine, "add", "-", stdin=json.dumps(shop.document(**more)))
    shop.uid = queue(machine, shop).stat().st_uid
    os.chown(shop.lines, shop.uid, shop.uid)


def queue(machine, shop):
    return machine.tree / "var/lib/pumpline/queues" / shop.slug


def kept(machine, shop):
    return sorted((machine.tree / "var/lib/pumpline/removed").glob(f"{shop.slug}-*"))


@pytest.fixture
def fynns(machine):
    """Added, with an ERP password; removed by force at the end if it is still there."""
    shop = machine.shop(*FYNNS)
    add(machine, shop, credentials=CREDENTIALS)
    yield shop
    until(machine.serves, "the daemon answers")
    if shop.slug in machine.integrations():
        ctl(machine, "remove", shop.slug, "--force")


def test_an_added_workshop_serves(machine, fynns):
    before = machine.workers()
    fynns.place("a1", username="", password="")
    fynns.wait("a1", "created")
    assert len(fynns.lines_of("a1")) == 1 and fynns.uid in machine.worker_uids() and fynns.uid >= 40000
    file = machine.tree / CONFIG / "workshops.d/fynns-garage.json"
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (0, 0o600)
    assert set(json.loads(file.read_text())["credentials"]["password"]) == {"sealed"}
    assert SECRET not in file.read_text() and not [line for line in machine.journal() if SECRET in line["MESSAGE"]]
    assert machine.workers() == before  # one that works is left alone


def test_a_password_is_sealed_for_its_file(machine, fynns):
    value = json.loads(ctl(machine, "seal", fynns.slug, stdin=SECRET + "\n"))
    add(machine, fynns, credentials={"username": "other", "password": value})
    until(machine.serves, "the password opens")
    fynns.place("s1", username="", password="")
    fynns.wait("s1", "created")


def test_a_token_opens_the_port(machine, fynns):
    token = json.loads(ctl(machine, "token", "add", fynns.slug, "--scope", "order", "--json"))["token"]
    until(lambda: fynns.get("/alive").status == 401, "tokens are asked for")
    allowed = {"Authorization": f"Bearer {token}"}
    assert fynns.create("t1").status == 401
    assert fynns.call("POST", "/create", fynns.order("t1"), allowed).status == 200
    until(lambda: fynns.lines_of("t1"), "it is delivered")


def test_a_removed_workshop_leaves_its_queue(machine, fynns):
    """Its folder is its user's, and moves where the daemon has no right to write into it."""
    fynns.put("/stop_worker")
    fynns.place("w1")
    refused = machine.attempt("pumplinectl", "remove", fynns.slug, user=OPERATOR)
    assert refused.returncode == 1 and "1 order is waiting" in refused.stderr
    said = ctl(machine, "remove", fynns.slug, "--force")
    folder = kept(machine, fynns)[-1]
    assert f"its queue is kept in /var/lib/pumpline/removed/{folder.name}/queue" in said
    owner = (folder / "queue").stat()
    assert (owner.st_uid, owner.st_mode & 0o777) == (fynns.uid, 0o700) and (folder / "queue/data.mdb").exists()
    assert not queue(machine, fynns).exists() and not (machine.tree / CONFIG / "workshops.d/fynns-garage.json").exists()
    assert fynns.uid not in machine.worker_uids()
    (folder / "queue").rename(queue(machine, fynns))
    add(machine, fynns, credentials=CREDENTIALS)
    fynns.wait("w1", "created")
    assert len(fynns.lines_of("w1")) == 1


def credential(machine):
    """The hash of the key that the service was given."""
    text = machine.run("sha256sum", "/run/credentials/pumplined.service/master.key", inside=machine.daemon_pid())
    return text.split()[0]


def test_another_master_key(machine, fynns, bennys):
    """It is a credential of the service; who is not served takes part."""
    def key():
        return hashlib.sha256((machine.tree / KEY).read_bytes()).hexdigest()

    fynns.put("/stop_worker")
    fynns.place("f1")
    ctl(machine, "remove", fynns.slug, "--force")
    aside = kept(machine, fynns)[-1] / "queue"
    bennys.put("/stop_worker")
    bennys.place("m1")
    old = key()
    assert "the new master key is in use" in ctl(machine, "rekey")
    assert key() != old == credential(machine) and not (machine.tree / f"{KEY}.next").exists()
    until(machine.serves, "all of them run")
    bennys.place("m2")  # what was stopped stays stopped until the daemon is a new one
    machine.run("systemctl", "restart", "pumplined")
    until(machine.serves, "it is back")
    assert credential(machine) == key()
    for uniqueid in ("m1", "m2"):
        bennys.wait(uniqueid, "created")
    aside.rename(queue(machine, fynns))
    add(machine, fynns, credentials=json.loads((aside.parent / f"{fynns.slug}.json").read_text())["credentials"])
    fynns.wait("f1", "created")  # by its own sealed password, and that of the file is opened at the start
    assert [len(shop.lines_of(uniqueid)) for shop, uniqueid in ((bennys, "m1"), (bennys, "m2"), (fynns, "f1"))] == [1] * 3


def test_rotated_logs_go_on(machine, bennys):
    log = machine.tree / "var/log/pumpline/bennys-auto_api.log"
    bennys.place("l1")
    until(lambda: "[l1] " in log.read_text(), "it is logged")
    machine.run("logrotate", "-f", "/etc/logrotate.d/pumpline")
    until(log.exists, "a new one is made")
    bennys.place("l2")
    until(lambda: "[l2] " in log.read_text(), "it is logged")
    assert "[l1] " not in log.read_text() and "[l1] " in log.with_name(log.name + ".1").read_text()
    assert log.stat().st_mode & 0o777 == 0o640
    assert machine.run("systemctl", "is-active", "pumplined").strip() == "active" and bennys.up()


def test_its_pages_are_there(machine):
    for page in ("man1/pumplinectl.1", "man5/pumpline.json.5", "man8/pumplined.8"):
        assert gzip.decompress((machine.tree / f"usr/share/man/{page}.gz").read_bytes()).startswith(b".")
    assert (machine.tree / "usr/share/bash-completion/completions/pumplinectl").exists()
    assert (machine.tree / "usr/share/doc/pumpline/configuration.md").exists()
