"""The users that workshops' processes get where the daemon is root, and how a queue changes hands."""

import json
import os
import pwd

import pytest

from pumpline import until

FIRST = 40000
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives each workshop a user of its own")


def queues(daemon):
    return daemon.folder / "state" / "queues"


def owner(daemon, slug="bennys-auto"):
    return queues(daemon).joinpath(slug).stat().st_uid


def status_uid(pid):
    """The owner of /proc/PID is root, since the process can't be dumped."""
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
    daemon.add_file("anns-autos", "Anns Autos")  # before both of them, so its turn comes first
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
    """As after copying one by hand."""
    bennys, carls = daemon.add_file(), daemon.add_file("carls-cars", "Carls Cars")
    daemon.start()
    delivered(carls, "c1")
    daemon.stop()
    for path in (queues(daemon) / "carls-cars", *(queues(daemon) / "carls-cars").iterdir()):
        os.chown(path, FIRST, FIRST)
    bennys.lines.chmod(0o777)  # who gets another user is not said
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
    assert "all 1 users of worker_uids are taken" in state["last_error"]


def test_a_named_user_takes_the_queue_over(daemon):
    """And what its last user may have put there on purpose is not given away."""
    bennys = daemon.add_file()
    daemon.start()
    delivered(bennys, "n1")
    daemon.stop()
    folder = queues(daemon) / "bennys-auto"
    secret = daemon.folder / "secret"
    secret.write_text("x")
    os.link(secret, folder / "hard")
    theirs = daemon.folder / "theirs"
    theirs.write_text("x")
    os.chown(theirs, FIRST, FIRST)
    os.link(theirs, folder / "hard-too")
    (folder / "soft").symlink_to(secret)
    rewrite(daemon, user="nobody")
    nobody = pwd.getpwnam("nobody")
    os.chown(bennys.lines, nobody.pw_uid, nobody.pw_gid)
    daemon.start()
    assert status_uid(daemon.worker_pid()) == nobody.pw_uid
    assert bennys.state("n1")["status"] == "created"
    delivered(bennys, "n2")
    assert folder.stat().st_uid == folder.joinpath("data.mdb").stat().st_uid == nobody.pw_uid
    assert folder.stat().st_gid == nobody.pw_gid
    assert secret.stat().st_uid == 0 and theirs.stat().st_uid == FIRST
    assert "hard in the queue's folder is not given to user" in daemon.log.read_text()


def test_a_queue_of_roots_is_taken_over(daemon):
    """As of a daemon that had no sandbox yet, or of a copy."""
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


@pytest.mark.parametrize("user, words", [("root", "must be neither root"), ("no-such-user", "there is no such user")])
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
