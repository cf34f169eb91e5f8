"""The users of workers if the daemon runs as root, how a queue changes its owner, and which folders workers can reach below
closed ones."""

import contextlib
import json
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from pumpline import Workshop, free_port, until

FIRST = 40000
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives each workshop a user of its own")


def queues(daemon):
    return daemon.folder / "state" / "queues"


def owner(daemon, slug="bennys-auto"):
    return queues(daemon).joinpath(slug).stat().st_uid


def status_uid(pid):
    """/proc/PID belongs to root, since the process is not dumpable."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Uid:"))


def rewrite(daemon, slug="bennys-auto", **more):
    path = daemon.folder / "workshops.d" / f"{slug}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


def delivered(workshop, uniqueid):
    workshop.place(uniqueid)
    workshop.wait(uniqueid, "created")


def test_each_its_own_and_the_same_again(daemon):
    daemon.add_file()
    daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()
    first = {slug: status_uid(daemon.worker_pid(slug)) for slug in ("bennys-auto", "carls-cars")}
    assert sorted(first.values()) == [FIRST, FIRST + 1]
    assert first == {slug: owner(daemon, slug) for slug in first}
    daemon.stop()
    daemon.add_file("anns-autos", "Anns Autos")  # sorts before both, so it is assigned first
    daemon.start()
    assert {slug: status_uid(daemon.worker_pid(slug)) for slug in first} == first
    assert status_uid(daemon.worker_pid("anns-autos")) == FIRST + 2
    for folder in (queues(daemon), queues(daemon).parent):
        assert folder.stat().st_mode & 0o777 == 0o711 and folder.stat().st_uid == 0
    assert queues(daemon).joinpath("bennys-auto").stat().st_mode & 0o777 == 0o700


def test_a_queue_that_is_kept_aside_keeps_its_user_to_itself(daemon):
    aside = queues(daemon) / "bennys-auto.removed-20261124T101500Z"
    aside.mkdir(parents=True)
    os.chown(aside, FIRST, FIRST)
    daemon.add_file()
    daemon.start()
    assert status_uid(daemon.worker_pid()) == FIRST + 1


def test_two_queues_of_one_user_are_parted(daemon):
    """As after a manual copy."""
    bennys, carls = daemon.add_file(), daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()
    delivered(carls, "c1")
    daemon.stop()
    for path in (queues(daemon) / "carls-cars", *(queues(daemon) / "carls-cars").iterdir()):
        os.chown(path, FIRST, FIRST)
    bennys.lines.chmod(0o777)  # the uid cannot be predicted
    carls.lines.chmod(0o777)
    daemon.start()
    assert owner(daemon) != owner(daemon, "carls-cars")
    assert carls.state("c1")["status"] == "created"
    delivered(bennys, "b1")


def test_none_left(daemon):
    daemon.write_config(worker_uids={"first": 50000, "count": 1})
    daemon.add_file()
    daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()
    assert status_uid(daemon.worker_pid()) == 50000
    until(lambda: daemon.integration("carls-cars")["process"] == "failed", "it is not tried again")
    state = daemon.integration("carls-cars")
    assert "all 1 users of worker_uids are in use" in state["last_error"]


def test_a_named_user_takes_the_queue_over(daemon):
    bennys = daemon.add_file()
    daemon.start()
    delivered(bennys, "n1")
    daemon.stop()
    folder = queues(daemon) / "bennys-auto"
    daemon.write_config(allowed_users=["nobody"])
    rewrite(daemon, user="nobody")
    nobody = pwd.getpwnam("nobody")
    os.chown(bennys.lines, nobody.pw_uid, nobody.pw_gid)
    daemon.start()
    assert status_uid(daemon.worker_pid()) == nobody.pw_uid
    assert bennys.state("n1")["status"] == "created"
    delivered(bennys, "n2")
    assert folder.stat().st_uid == folder.joinpath("data.mdb").stat().st_uid == nobody.pw_uid
    assert folder.stat().st_gid == nobody.pw_gid


# --- leftovers of a compromised worker


def left_behind(daemon, folder):
    """{name: a function that plants it and returns the clean-up}; secret belongs to root, theirs to the worker."""
    secret, theirs = daemon.folder / "secret", daemon.folder / "theirs"
    for path in (secret, theirs):
        path.write_text("x")
    os.chown(theirs, FIRST, FIRST)
    return secret, theirs, {"a symbolic link": lambda: (folder / "lock.mdb").symlink_to(secret),
                            "owned by another user": lambda: os.link(secret, folder / "hard"),
                            "a hard link elsewhere": lambda: os.link(theirs, folder / "hard"),
                            "not a regular file": lambda: os.mkfifo(folder / "fifo"),
                            "a folder": lambda: (folder / "deep").mkdir()}


@pytest.mark.parametrize("sandbox", ["off", "required"])
@pytest.mark.parametrize("what", ["a symbolic link", "owned by another user", "a hard link elsewhere", "not a regular file", "a folder"])
def test_a_folder_with_anything_else_is_refused(daemon, sandbox, what):
    daemon.write_config(sandbox=sandbox)
    bennys = daemon.add_file()
    daemon.start()
    delivered(bennys, "t1")
    daemon.stop()
    folder = queues(daemon) / "bennys-auto"
    (folder / "lock.mdb").unlink(missing_ok=True)
    before = {path.name for path in folder.iterdir()}
    secret, theirs, put = left_behind(daemon, folder)
    put[what]()
    (trap,) = [path for path in folder.iterdir() if path.name not in before]
    if what != "owned by another user":
        os.chown(trap, FIRST, FIRST, follow_symlinks=False)
    daemon.start()
    until(lambda: daemon.integration()["process"] == "failed", "it is not tried again")
    error = daemon.integration()["last_error"]
    assert f"contains {trap.name}, which is" in error and what in error
    assert secret.read_text() == "x" and secret.stat().st_uid == 0 and theirs.stat().st_uid == FIRST
    if trap.is_dir():
        trap.rmdir()
    else:
        trap.unlink()
    daemon.call("PUT", "/workshops/bennys-auto/start")
    assert bennys.state("t1")["status"] == "created"


def test_a_removed_queue_is_worked_on_as_its_user(daemon):
    """Never as root, which would overwrite the target of a planted link."""
    daemon.write_config(sandbox="off")
    bennys = daemon.add_file()
    daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()
    delivered(bennys, "r1")
    queue = Path(daemon.call("DELETE", "/workshops/bennys-auto?force=true").json["queue_kept"])
    assert daemon.call("PUT", "/rekey").status == 200
    assert {path.stat().st_uid for path in (queue, *queue.iterdir())} == {FIRST}
    assert daemon.log.read_text().count(f"sandbox off: uid {FIRST}, no capabilities") >= 2
    assert "uid 0" not in daemon.log.read_text()
    secret = daemon.folder / "secret"
    secret.write_text("x" * 9000)
    (queue / "lock.mdb").unlink(missing_ok=True)
    (queue / "lock.mdb").symlink_to(secret)
    os.chown(queue / "lock.mdb", FIRST, FIRST, follow_symlinks=False)
    reply = daemon.call("PUT", "/rekey")
    assert reply.status == 409 and "rekey_incomplete" in reply.text
    assert secret.read_text() == "x" * 9000


def test_a_queue_of_roots_is_taken_over(daemon):
    """As left by a daemon without a sandbox, or by a copy."""
    bennys = daemon.add_file()
    daemon.start()
    delivered(bennys, "r1")
    daemon.stop()
    for path in (queues(daemon) / "bennys-auto", *(queues(daemon) / "bennys-auto").iterdir()):
        os.chown(path, 0, 0)
    queues(daemon).chmod(0o700)
    queues(daemon).parent.chmod(0o700)
    daemon.start()
    assert bennys.state("r1")["status"] == "created"
    delivered(bennys, "r2")


@pytest.mark.parametrize("user, words", [("root", "must not be root or in root's group"), ("no-such-user", "user does not exist"),
                                         ("www-data", "must be listed in allowed_users")])
def test_a_user_that_can_not_be(daemon, user, words):
    daemon.add_file()
    daemon.start()
    rewrite(daemon, user=user)
    reply = daemon.call("PUT", "/reload")
    assert reply.status == 400
    (fault,) = [fault for fault in reply.json["faults"] if fault["pointer"] == "/user"]
    assert words in fault["detail"]


def test_another_range_restarts_them(daemon):
    daemon.add_file()
    daemon.start()
    pid = daemon.worker_pid()
    daemon.write_config(worker_uids={"first": 50000, "count": 10})
    assert daemon.call("PUT", "/reload").json["changed"] == ["bennys-auto"]
    until(lambda: daemon.integration()["process"] == "running" and daemon.worker_pid() != pid, "it is back")
    assert status_uid(daemon.worker_pid()) == owner(daemon) == 50000


# --- folders closed to the workshop's user, and their owners


def advice(workshop, uniqueid):
    workshop.place(uniqueid)
    until(lambda: workshop.state(uniqueid)["reason_text"], "it is tried")
    return workshop.state(uniqueid)["reason_text"]


@contextlib.contextmanager
def folder_at(path):
    """An empty folder of root's, outside the tests' folder."""
    path.mkdir(mode=0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def at(daemon, folder, **more):
    return daemon.add("bennys-auto", "Bennys Auto", {"system": "file", "folder": str(folder), "format": "json"}, **more)


def test_nothing_above_has_to_let_it_through(daemon):
    """The queue with a backup and a salvage, and the lines, below folders that only root can enter."""
    bennys = daemon.add_file()
    for path in (daemon.folder, daemon.folder / "state"):
        path.mkdir(exist_ok=True)
        path.chmod(0o700)
    daemon.start()
    delivered(bennys, "c1")
    folder = queues(daemon) / "bennys-auto"
    backup = daemon.call("PUT", "/workshops/bennys-auto/backup").json["file"]
    assert (folder / backup).stat().st_uid == FIRST
    assert daemon.call("GET", "/workshops/bennys-auto").json["queue_folder"] == str(folder)
    daemon.stop()
    with open(folder / "data.mdb", "r+b") as data:
        data.write(b"\0" * 8192)
    daemon.start()
    (aside,) = folder.glob("damaged-*")
    assert bennys.get("/alive").json["salvaged"]["file"] == str(aside)
    delivered(bennys, "c2")
    assert {path.name for path in bennys.lines.iterdir()} == {"c1.json", "c2.json"}
    assert daemon.folder.stat().st_mode & 0o777 == 0o700


def test_an_empty_folder_of_roots_is_handed_over(daemon):
    bennys = daemon.add_file()
    os.chown(bennys.lines, 0, 12345)  # an importer's group
    bennys.lines.chmod(0o2750)
    daemon.start()
    delivered(bennys, "e1")
    found = bennys.lines.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (FIRST, 12345, 0o2750)
    assert f"changed the owner of {bennys.lines}, an empty folder of root's, to user {FIRST}" in daemon.log.read_text()
    pid = daemon.worker_pid()
    daemon.call("PUT", "/workshops/bennys-auto/restart")
    assert daemon.worker_pid() != pid
    assert daemon.log.read_text().count("an empty folder of root's") == 1


def not_handed_over(daemon, folder, owner=0):
    """Both the log and the order show it."""
    daemon.start()
    bennys = Workshop("Bennys Auto", daemon.integration()["port"])
    words = f"may not write to {folder}: chown it"
    step = daemon.call("POST", "/workshops/bennys-auto/test").json["steps"][-1]
    assert step["reason_code"] == "erp_failure" and step["text"].startswith("user ") and words in step["text"]
    assert words in advice(bennys, "x1")
    assert any(words in line and "WARNING" in line for line in daemon.log.read_text().splitlines())
    assert folder.stat().st_uid == owner


@pytest.mark.parametrize("parent", ["/var/lib", "/mnt", "/media", "/usr/local", "/etc"])
def test_not_a_folder_elsewhere(daemon, parent):
    with folder_at(Path(parent) / f"pumpline-test-{os.getpid()}") as folder:
        at(daemon, folder)
        not_handed_over(daemon, folder)


def test_not_one_that_a_path_only_seems_to_lead_to(daemon):
    with folder_at(Path("/var/lib") / f"pumpline-test-{os.getpid()}") as folder:
        hop = daemon.folder / "hop"
        hop.symlink_to(folder.parent)
        at(daemon, hop / folder.name)
        not_handed_over(daemon, hop / folder.name)


def test_not_one_with_something_in_it(daemon):
    lines = daemon.add_file().lines
    (lines / ".hidden").touch()
    not_handed_over(daemon, lines)


def test_not_through_a_link(daemon):
    target = daemon.folder / "target"
    target.mkdir()
    link = daemon.folder / "link"
    link.symlink_to(target)
    at(daemon, link)
    not_handed_over(daemon, link)


def test_not_another_users(daemon):
    lines = daemon.add_file().lines
    os.chown(lines, 12345, 12345)
    not_handed_over(daemon, lines, 12345)


def test_not_where_a_user_is_named(daemon):
    daemon.write_config(allowed_users=["nobody"])
    lines = daemon.add_file(user="nobody").lines
    not_handed_over(daemon, lines)


def test_a_folder_for_everybody_stays_roots(daemon):
    bennys = daemon.add_file()
    bennys.lines.chmod(0o1777)
    daemon.start()
    delivered(bennys, "a1")
    assert bennys.lines.stat().st_uid == 0


def test_a_missing_folder_is_not_made(daemon):
    bennys = at(daemon, daemon.folder / "share")
    daemon.start()
    assert "does not exist" in advice(bennys, "m1")
    assert not (daemon.folder / "share").exists()


def mounted(what, where):
    return subprocess.run(["mount", *what, where], capture_output=True, check=False).returncode == 0


def test_a_share_that_is_mounted_over_it_later(daemon):
    """The opened folder is then hidden behind the mount, so no importer would find the lines."""
    bennys = daemon.add_file()
    daemon.start()
    delivered(bennys, "s1")
    if not mounted(["-t", "tmpfs", "-o", "mode=0777", "none"], bennys.lines):
        pytest.skip("nothing can be mounted here")
    try:
        bennys.place("s2")
        until(lambda: (bennys.lines / "s2.json").exists(), "the line is on the share")
        assert [path.name for path in bennys.lines.iterdir()] == ["s2.json"]
        until(lambda: daemon.integration()["process"] == "running", "its new process runs")
        daemon.stop()
    finally:
        subprocess.run(["umount", bennys.lines], check=True)
    assert [path.name for path in bennys.lines.iterdir()] == ["s1.json"]


# --- CA files


NOT_CERTIFICATES = {
    "a key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "a certificate with its key": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
                                  "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    "half of one": "-----BEGIN CERTIFICATE-----\nAAAA\n",
    "something else": "root:x:0:0:root:/root:/bin/sh\n",
    "too much": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + "#" * (1 << 20)}


@pytest.mark.parametrize("what", NOT_CERTIFICATES)
def test_a_ca_file_that_is_none(daemon, what):
    secret = daemon.folder / "ca.pem"
    secret.write_text(NOT_CERTIFICATES[what])
    daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": f"https://localhost:{free_port()}/db/",
                                              "ca_file": str(secret)})
    daemon.start()
    until(lambda: daemon.integration()["process"] == "failed", "it is not tried again")
    assert f"ca_file {secret} must hold only PEM certificates" in daemon.integration()["last_error"]
    assert "AAAA" not in daemon.log.read_text()
