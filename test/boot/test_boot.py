"""Pumpline on a Debian that was booted: the units, their rights, and what survives what."""

import json
import os
import signal

import pytest
from conftest import DONNAS, MALLORYS_UID
from machine import CONFIG, REBOOTED

from pumpline import alive, until

EXPOSED = {
    "User=/DynamicUser=": "root: with CAP_SETUID any other user is root when it likes",
    "CapabilityBoundingSet=~CAP_SET(UID|GID|PCAP)": "a user of its own for each workshop",
    "CapabilityBoundingSet=~CAP_(CHOWN|FSETID|SETFCAP)": "queues are handed over to these users",
    "CapabilityBoundingSet=~CAP_KILL": "workers that hang are killed, and are other users",
    "PrivateUsers=": "no other users can be mapped",
    "SystemCallFilter=~@privileged": "setresuid, setgroups, chown and capset are of these",
    "PrivateNetwork=": "clients and ERP systems are out there",
    "RestrictAddressFamilies=~AF_(INET|INET6)": "the same",
    "IPAddressDeny=": "ERP systems have names; each worker's Landlock lets it connect to its ERP's port alone",
    "RestrictAddressFamilies=~AF_UNIX": "the control socket, sd_notify",
    "DeviceAllow=": "ProtectClock= lets the clock be read",
    "RootDirectory=/RootImage=": "folders of drivers are anywhere",
}
SANDBOX = "Chromium's own sandbox is made of it"
BROWSERS_EXPOSED = {
    "RestrictNamespaces=~user": SANDBOX,
    "RestrictNamespaces=~pid": SANDBOX,
    "RestrictNamespaces=~net": SANDBOX,
    "SystemCallFilter=~@mount": "chroot is of these, and Chromium's sandbox",
    "SystemCallFilter=~@privileged": "chroot and capset are of these: the same",
    "MemoryDenyWriteExecute=": "compiled JavaScript",
    "PrivateNetwork=": "ERP systems are out there",
    "RestrictAddressFamilies=~AF_(INET|INET6)": "the same",
    "IPAddressDeny=": "they have names",
    "RestrictAddressFamilies=~AF_NETLINK": "Chromium asks which addresses the machine has",
    "RestrictAddressFamilies=~AF_UNIX": "Chromium's processes speak to each other",
    "ProcSubset=": "Chromium looks how much memory there is",
    "PrivateUsers=": "Chromium's sandbox makes users of its own",
    "DeviceAllow=": "ProtectClock= lets the clock be read",
    "RootDirectory=/RootImage=": "Chromium and its libraries are the machine's",
}
OWN_BROWSERS_EXPOSED = {name: why for name, why in BROWSERS_EXPOSED.items() if name != "PrivateNetwork="}
EXPOSURE = {"pumplined.service": (2.2, EXPOSED), "pumpline-chromedriver.service": (2.0, BROWSERS_EXPOSED),
            "pumpline-webdriver@any.service": (1.6, OWN_BROWSERS_EXPOSED)}
KEY = "/etc/pumpline/master.key"


def owner(machine, path):
    """user, group and mode, as the machine names them."""
    return machine.run("stat", "-c", "%U %G %a", path).strip()


def park(shop, *uniqueids):
    """Orders that wait are not delivered until there is a new process."""
    shop.put("/stop_worker")
    for uniqueid in uniqueids:
        shop.place(uniqueid, worksheet=uniqueid)


def all_delivered_once(shop, *uniqueids):
    for uniqueid in uniqueids:
        shop.wait(uniqueid, "created")
        assert len(shop.lines_of(uniqueid)) == 1
        assert shop.place(uniqueid, worksheet=uniqueid)["duplicate"] is True
    assert shop.get("/queue").json["length"] == 0


def test_the_enabled_unit_is_up_and_serves_its_workshops(machine, shops):
    assert machine.run("systemctl", "is-enabled", "pumplined").strip() == "enabled"
    until(lambda: machine.attempt("systemctl", "is-system-running").stdout.strip() == "running", "nothing has failed")
    assert machine.show("NRestarts") == "0" and machine.show("Type") == "notify"
    assert {shop.get("/alive").json["workshop"] for shop in shops} == {"Bennys Auto", "Carls Cars"}


def test_the_units_are_as_systemd_wants_them(machine):
    units = [f"/usr/lib/systemd/system/{unit.replace('@any', '@')}" for unit in (*EXPOSURE, "pumpline-key.service", "pumpline-backup.service", "pumpline-backup.timer")]
    done = machine.attempt("systemd-analyze", "verify", "--man=no", *units)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", EXPOSURE)
def test_how_much_a_service_is_exposed(machine, note, unit):
    def analyzed(*options):
        return machine.run("systemd-analyze", "security", "--no-pager", *options, unit)

    most, exposed = EXPOSURE[unit]
    figure = float(analyzed().rsplit(f"{unit}:", 1)[1].split()[0])
    left = {one["name"]: one["exposure"] for one in json.loads(analyzed("--json=short")) if one["exposure"]}
    note(f"boot: systemd-analyze security {unit}: {figure}: {', '.join(map(' '.join, left.items()))}")
    assert figure <= most and set(left) <= set(exposed), left


def test_an_order_is_delivered(bennys, carls):
    for shop in (bennys, carls):
        shop.place("d1")
        shop.wait("d1", "created")
        [line] = shop.lines_of("d1")
        assert json.loads(line.read_text())["workshop"] == shop.name
        assert line.stat().st_mode & 0o777 == 0o640  # an importer of the folder's group may read it


def test_the_control_socket_is_for_its_group(machine):
    assert owner(machine, "/run/pumpline") == "root pumpline 750"
    assert owner(machine, "/run/pumpline/control.sock") == "root pumpline 660"
    assert "Bennys Auto" in machine.run("pumplinectl", "status", user="alice")
    refused = machine.attempt("pumplinectl", "status", user="mallory")
    assert refused.returncode == 3 and "Bennys Auto" not in refused.stdout


def test_the_timer_makes_a_backup(machine):
    machine.run("systemctl", "enable", "--now", "pumpline-backup.timer")
    assert machine.show("NextElapseUSecRealtime", "pumpline-backup.timer")
    machine.run("systemctl", "start", "pumpline-backup.service")
    machine.run("systemctl", "disable", "--now", "pumpline-backup.timer")
    *_, copy = sorted((machine.tree / "var/backups/pumpline").iterdir())
    assert {"bennys-auto.mdb", "carls-cars.mdb"} <= {path.name for path in (copy / "queues").iterdir()}


def test_the_metrics_reach_the_node_exporter(machine):
    """Its folder is root's, as Debian makes it."""
    folder = "/var/lib/prometheus/node-exporter"
    machine.run("install", "-d", folder)
    machine.run("sh", "-c", "cd /usr/share/pumpline/prometheus && install -m 0644 pumpline-metrics.service /etc/systemd/system/ && systemctl daemon-reload")
    machine.run("systemctl", "start", "pumpline-metrics.service")
    assert "\npumpline_info{" in machine.run("cat", f"{folder}/pumpline.prom")


def test_folders_and_what_is_configured_are_their_owners(machine):
    assert owner(machine, "/etc/pumpline") == "root pumpline 750"
    assert owner(machine, "/etc/pumpline/workshops.d") == "root root 700"
    assert owner(machine, "/var/lib/pumpline").endswith(" 711")
    assert owner(machine, "/var/log/pumpline").endswith(" 750")


def test_each_workshop_has_a_uid_of_its_own(machine, shops):
    assert machine.worker_uids() == {shop.uid for shop in shops}
    for shop in shops:
        queue = (machine.tree / "var/lib/pumpline/queues" / shop.slug).stat()
        assert (queue.st_uid, queue.st_gid, queue.st_mode & 0o777) == (shop.uid, shop.uid, 0o700)


def test_the_master_key_is_made_once_and_no_worker_reads_it(machine, carls):
    assert owner(machine, KEY).startswith("root ") and owner(machine, KEY).endswith(" 600")
    assert (machine.tree / KEY[1:]).stat().st_size == 32
    worker = machine.processes().pop()
    for path in (KEY, "/run/credentials/pumplined.service/master.key"):
        assert machine.run("wc", "-c", path, inside=worker).split()[0] == "32"
        refused = machine.attempt("wc", "-c", path, user=carls.uid, inside=worker)
        assert refused.returncode == 1 and "Permission denied" in refused.stderr


def test_the_sandbox_holds(machine):
    said = [line["MESSAGE"] for line in machine.journal() if "sandbox" in line["MESSAGE"]]
    assert len(said) >= 2 and all("Landlock" in line and "seccomp" in line for line in said), said
    for pid in machine.processes():
        status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines())
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and int(status["CapBnd"], 16) == 0
        assert int(status["CapEff"], 16) == 0
        limits = dict(line.split("  ", 1) for line in open(f"/proc/{pid}/limits").read().splitlines())
        for name, most in (("Max core file size", "0"), ("Max open files", "4096"), ("Max data size", str(2 << 30))):
            assert limits[name].split()[:2] == [most, most]


def test_a_daemon_that_is_killed_comes_back_with_its_queue(machine, bennys, carls):
    park(bennys, "k1", "k2", "k3")
    daemon, workers = machine.daemon_pid(), machine.processes()
    os.kill(daemon, signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in workers), "no worker is left behind")
    until(machine.serves, "it is back")
    assert machine.show("NRestarts") != "0" and machine.daemon_pid() != daemon
    all_delivered_once(bennys, "k1", "k2", "k3")
    assert len(machine.processes()) == 2


def test_a_daemon_that_hangs_is_replaced(machine, bennys):
    park(bennys, "w1")
    daemon = machine.daemon_pid()
    os.kill(daemon, signal.SIGSTOP)
    until(lambda: not alive(daemon), "the watchdog bites")
    until(machine.serves, "it is back")
    assert any("watchdog" in line["MESSAGE"].lower() for line in machine.journal())
    all_delivered_once(bennys, "w1")


def test_a_reload_reads_a_new_workshop(machine, carls):
    before = machine.workers()
    donnas = machine.configure(*DONNAS, carls.uid + 1)
    machine.run("systemctl", "reload", "pumplined")
    until(donnas.up, "it is served")
    donnas.place("r1")
    donnas.wait("r1", "created")
    assert before.items() < machine.workers().items() and donnas.uid in machine.worker_uids()


def test_a_workshop_of_another_user_takes_its_queue_along(machine, carls):
    """Its old user's folder is closed to root, which has none of its rights over files here."""
    donnas = machine.configure(*DONNAS, carls.uid + 1)
    machine.run("systemctl", "reload", "pumplined")
    until(donnas.up, "it is served")
    donnas.place("u1")
    donnas.wait("u1", "created")
    donnas = machine.configure(*DONNAS, MALLORYS_UID, user="mallory")
    os.chown(donnas.lines_of("u1")[0], donnas.uid, donnas.uid)
    machine.run("systemctl", "reload", "pumplined")
    until(lambda: donnas.uid in machine.worker_uids() and machine.serves(), "it is served by its new user")
    assert donnas.place("u1")["duplicate"] is True
    donnas.place("u2")
    donnas.wait("u2", "created")


@pytest.fixture
def broken_file(machine):
    path = f"{CONFIG}/workshops.d/broken.json"
    machine.write(path, '{"workshop": 7}')
    yield
    (machine.tree / path).unlink()


def test_a_reload_of_a_broken_file_fails_and_changes_nothing(machine, bennys, broken_file):
    before = machine.workers()
    assert machine.attempt("systemctl", "reload", "pumplined").returncode == 1
    assert any("broken.json: /workshop" in line["MESSAGE"] for line in machine.journal())
    assert machine.workers() == before and bennys.up()
    assert machine.run("systemctl", "is-active", "pumplined").strip() == "active"


def test_the_journal_knows_how_bad_a_line_is(machine, broken_file):
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=HUP", "pumplined")
    until(lambda: [line for line in machine.journal() if "nothing was changed" in line["MESSAGE"]], "it is refused")
    lines = [line for line in machine.journal() if line["SYSLOG_IDENTIFIER"] == "pumplined"]
    assert not [line for line in lines if line["MESSAGE"].startswith("<")]
    for text, priority in (("nothing was changed", "3"), ("serving 127.0.0.1", "6")):
        assert {line["PRIORITY"] for line in lines if text in line["MESSAGE"]} == {priority}


def test_a_stop_waits_for_the_order_in_hand(machine, carls, slow_erp):
    url = f"http://127.0.0.1:{slow_erp.port}/erp/"
    edwards = machine.configure("edwards-tyres", "Edwards Tyres", 8104, carls.uid + 2, erp={"system": "tryton", "url": url})
    machine.run("systemctl", "reload", "pumplined")
    until(edwards.up, "it is served")
    edwards.place("s1")
    assert slow_erp.asked.wait(30)
    workers = machine.processes()
    machine.run("systemctl", "stop", "--no-block", "pumplined")
    until(lambda: len(workers & machine.processes()) == 1, "the others have ended")
    assert machine.show("ActiveState") == "deactivating"
    slow_erp.go_on.set()
    until(lambda: machine.show("ActiveState") == "inactive", "it has stopped")
    assert machine.show("Result") == "success" and not machine.processes()
    (machine.tree / CONFIG / "workshops.d/edwards-tyres.json").unlink()
    machine.run("systemctl", "start", "pumplined")


def test_orders_outlive_a_reboot(machine, bennys, carls):
    park(bennys, "b1", "b2")
    machine.attempt("systemctl", "reboot")
    assert machine.ended() == REBOOTED
    machine.start()
    until(machine.serves, "the workshops are served after the boot")
    assert machine.journal(boot=-1)[-1]["MESSAGE"].startswith("Stopped")
    all_delivered_once(bennys, "b1", "b2", "k1", "w1")


def test_orders_outlive_a_power_cut(machine, bennys, carls):
    park(bennys, "p1", "p2")
    key = (machine.tree / KEY[1:]).read_bytes()
    machine.power_cut()
    machine.start()
    until(machine.serves, "the workshops are served after the boot")
    all_delivered_once(bennys, "p1", "p2", "b1")
    assert (machine.tree / KEY[1:]).read_bytes() == key
