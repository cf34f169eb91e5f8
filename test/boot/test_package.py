"""The package on a machine that serves: upgrade, downgrade, removal, purge. The last file: it leaves nothing to test."""

import itertools
import json
import threading

import pytest
from machine import CONFIG

from pumpline import until

EDWARDS = ("edwards-tyres", "Edwards Tyres", 8104)
QUEUES = "var/lib/pumpline/queues"
FORMAT = b"status" + bytes(7)  # the name of the format's number, and its high bytes


def apt(machine, *arguments):
    return machine.attempt("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qy", *arguments)


def installed(machine):
    return machine.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", "pumpline")


def install(machine, package):
    done = apt(machine, "install", machine.take(package))
    assert done.returncode == 0, done.stdout + done.stderr


class Client(threading.Thread):
    """Places one order after the other, each on a new connection, until it is told to end. An order that gets 503 is sent
    again."""

    def __init__(self, shop):
        super().__init__()
        self.shop, self.accepted, self.failed, self.enough = shop, [], [], threading.Event()

    def run(self):
        for number in itertools.count():
            if self.enough.wait(0.02):
                return
            try:
                while (reply := self.shop.create(f"c{number}", worksheet=f"w{number % 40}")).status == 503:
                    assert reply.json["code"] == "stopping" and reply.headers["Retry-After"]
                (self.accepted if reply.status == 200 else self.failed).append(f"c{number}")
            except (OSError, AssertionError) as error:
                self.failed.append(f"c{number}: {error}")


def test_an_upgrade_loses_no_order_and_no_connection(machine, package, bennys, carls, slow_erp):
    edwards = machine.configure(*EDWARDS, carls.uid + 5,
                                erp={"system": "tryton", "url": f"http://127.0.0.1:{slow_erp.port}/erp/"})
    machine.run("systemctl", "reload", "pumplined")
    until(edwards.up, "it is served")
    assert installed(machine) == "ii 0.0.1"
    bennys.put("/stop_worker")
    for uniqueid in ("q1", "q2", "q3"):
        bennys.place(uniqueid, worksheet=uniqueid)
    edwards.place("s1")
    assert slow_erp.asked.wait(30)
    daemon, client = machine.daemon_pid(), Client(carls)
    client.start()
    upgrade = threading.Thread(target=install, args=(machine, package))
    upgrade.start()
    until(lambda: machine.show("ActiveState") == "deactivating", "it waits for the order in hand")
    before = len(client.accepted)
    slow_erp.go_on.set()
    upgrade.join()
    until(machine.serves, "all are served")
    until(lambda: len(client.accepted) > before + 20, "the client goes on")
    client.enough.set()
    client.join()
    assert not client.failed
    assert installed(machine) != "ii 0.0.1" and machine.daemon_pid() != daemon and machine.show("NRestarts") == "0"
    for shop, uniqueids in ((bennys, ["q1", "q2", "q3"]), (carls, client.accepted)):
        for uniqueid in uniqueids:
            shop.wait(uniqueid, "created")
        names = [json.loads(path.read_text())["uniqueid"] for path in shop.lines.iterdir()]
        assert {names.count(uniqueid) for uniqueid in uniqueids} == {1}
    assert edwards.place("s1")["duplicate"] is True
    (machine.tree / CONFIG / "workshops.d/edwards-tyres.json").unlink()
    machine.run("systemctl", "reload", "pumplined")


def test_a_release_that_cannot_read_a_queue_is_refused(machine, earlier, bennys):
    queue = machine.tree / QUEUES / "bennys-auto/data.mdb"
    later = machine.tree / QUEUES / "later/data.mdb"
    later.parent.mkdir()
    later.write_bytes(queue.read_bytes().replace(FORMAT + b"\x03", FORMAT + b"\x63"))
    daemon, version = machine.daemon_pid(), installed(machine)
    refused = apt(machine, "--allow-downgrades", "install", machine.take(earlier))
    assert refused.returncode and "later/data.mdb has format 99, and this release knows formats up to 3" in \
        refused.stdout + refused.stderr
    assert installed(machine) == version and machine.daemon_pid() == daemon and bennys.up()
    later.unlink()
    later.parent.rmdir()


def test_a_removal_keeps_the_queues_and_what_was_edited(machine, package, bennys):
    config = (machine.tree / CONFIG / "pumpline.json").read_text()
    assert "allowed_users" in config
    bennys.put("/stop_worker")
    bennys.place("r9")
    assert apt(machine, "remove", "pumpline").returncode == 0
    assert not machine.processes("pumplined") and not machine.processes()
    with pytest.raises(ConnectionRefusedError):
        bennys.get("/alive")
    install(machine, package)
    until(machine.serves, "all are served")
    bennys.wait("r9", "created")
    assert len(bennys.lines_of("r9")) == 1
    assert (machine.tree / CONFIG / "pumpline.json").read_text() == config


def test_a_purge_keeps_the_queues_unless_it_is_asked(machine, package, carls):
    kept = [machine.tree / name for name in (f"{QUEUES}/bennys-auto/data.mdb", f"{CONFIG}/master.key",
                                             f"{CONFIG}/workshops.d/bennys-auto.json")]
    done = apt(machine, "purge", "pumpline")
    assert done.returncode == 0 and "kept the queues in /var/lib/pumpline" in done.stdout + done.stderr
    assert all(path.exists() for path in kept)
    assert not (machine.tree / CONFIG / "pumpline.json").exists() and not (machine.tree / "var/log/pumpline").exists()
    install(machine, package)
    until(carls.up, "it is served")  # bennys is not: its user is no longer in allowed_users
    machine.write(f"{CONFIG}/purge-queues", "")
    assert apt(machine, "purge", "pumpline").returncode == 0
    assert not (machine.tree / CONFIG).exists() and not (machine.tree / "var/lib/pumpline").exists()
