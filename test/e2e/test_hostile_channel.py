"""The supervisor and pumplinectl against a compromised worker. The worker is test/hostile/liar.py, whose behaviour depends
on its workshop's slug."""

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from pumpline import BUILD, Daemon, until
from test_sandbox import programs

LIAR = Path(__file__).parents[1] / "hostile" / "liar.py"
pytestmark = pytest.mark.unlike_the_reference("the liar replies, and the daemon hands it on")


@contextlib.contextmanager
def lying(folder, *slugs, **config):
    """A daemon whose workers lie."""
    folder.chmod(0o711)
    daemon = Daemon(folder / "pumpline")
    daemon.program = programs(folder / "programs", LIAR)
    daemon.write_config(**config)
    for slug in slugs:
        daemon.add_file(slug, slug)
    daemon.folder.chmod(0o711)
    try:
        yield daemon.start()
        daemon.stop()
    finally:
        if daemon.process and daemon.process.poll() is None:
            daemon.kill()


# --- an invalid copy of the queue


def victim(daemon):
    """Owned by root and unreadable for the worker, which can still name it."""
    path = daemon.folder / "victim"
    path.write_text("secret")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("slug", ["backup-path", "backup-up", "backup-soft", "backup-hard", "backup-pipe", "backup-folder"])
def test_a_backup_copies_and_removes_nothing_else(tmp_path, slug):
    with lying(tmp_path, slug) as daemon:
        path = victim(daemon)
        other = daemon.folder / "state" / "queues" / slug / "other"  # has a second name, like a hard link
        other.write_text("x")
        shutil.chown(other, *[other.parent.stat().st_uid] * 2)
        done = subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, "backup", slug, tmp_path / "copy"],
                              capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1, done.stderr
        assert path.read_text() == "secret" and not (tmp_path / "copy").exists()
        assert "not a regular file of the queue's user" in done.stderr or "did not name its backup file" in done.stderr \
            or "Too many levels of symbolic links" in done.stderr


# --- messages that a worker never sends


def resident_mib(pid):
    return int(next(line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines()
                    if line.startswith("VmRSS:"))) >> 10


def test_a_status_of_many_values_is_not_kept(tmp_path):
    with lying(tmp_path, "many-values") as daemon:
        until(lambda: daemon.integration("many-values")["restarts"], "its process is taken for dead")
        assert resident_mib(daemon.process.pid) < 40


def test_a_reply_that_would_be_two_is_rejected(tmp_path):
    with lying(tmp_path, "forged-reply") as daemon:
        # No more of the daemon's memory than it sent.
        assert daemon.call("GET", "/workshops/forged-reply/worksheets/1/orders").body == b"a\0" + 200000 * b"b"
        for target in ("alive", "queue"):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(60)
                client.connect(str(daemon.socket))
                client.sendall(f"GET /workshops/forged-reply/{target} HTTP/1.1\r\nHost: x\r\n"
                               "Connection: close\r\n\r\n".encode())
                text = b"".join(iter(lambda: client.recv(65536), b""))
            assert text.startswith(b"HTTP/1.1 502 ") and text.count(b"HTTP/1.1") == 1, text

def test_a_socket_that_was_shut_down_is_bound_anew(tmp_path):
    with lying(tmp_path, "deaf") as daemon:
        until(lambda: daemon.integration("deaf")["restarts"] == 1 and daemon.integration("deaf")["process"] == "running",
              "its next process runs")
        with socket.create_connection(("127.0.0.1", daemon.integration("deaf")["port"]), timeout=60):
            pass
        assert "the last process shut down the listening socket: binding it again" in daemon.log.read_text()


# --- a disk that stalls


def test_a_process_that_waits_for_its_disk_is_not_killed(tmp_path):
    with lying(tmp_path, "slow-disk") as daemon:
        pid = daemon.worker_pid("slow-disk")
        assert daemon.call("GET", "/workshops/slow-disk/alive").json["code"] == "unresponsive"
        until(lambda: f"process {pid} does not answer: it is waiting for its disk" in daemon.log.read_text(), "it is excused")
        (daemon.folder / "state" / "queues" / "slow-disk" / "disk-works").touch()
        until(lambda: daemon.call("GET", "/workshops/slow-disk/alive").status == 200, "it answers again")
        assert daemon.worker_pid("slow-disk") == pid


# --- the log


def test_a_worker_logs_as_itself_and_rewrites_nothing(tmp_path):
    with lying(tmp_path, "forger") as daemon:
        before = daemon.log.read_text()
        files = list((daemon.folder / "log").glob("forger_*.log"))
        until(lambda: any("forger: " in path.read_text() for path in files), "it has logged")
        sizes = [path.stat().st_size for path in files]
        daemon.call("GET", "/workshops/forger/alive")
        until(lambda: "forged too" in daemon.log.read_text(), "it has logged again")
        log = daemon.log.read_text()
        assert log.startswith(before) and [path.stat().st_size for path in files] >= sizes
        assert all(line.startswith("forger: ") for line in log.splitlines() if "forged" in line)


def test_a_log_without_a_reader_blocks_nothing(daemon):
    """The daemon's stderr is a pipe that is not read."""
    bennys = daemon.add_file()
    reader, writer = os.pipe()
    daemon.start(stderr=writer)
    os.close(writer)
    for number in range(1000):
        assert bennys.create(f"n{number}", worksheet="nobody reads this" * 5).status == 200
    assert daemon.call("GET", "/health").json["integrations"][0]["restarts"] == 0
    text = ""
    while " log lines: the log reader is too slow" not in text:
        text += os.read(reader, 65536).decode()
        bennys.create("n1", worksheet="other")
    os.close(reader)


def test_all_messages_of_an_honest_worker_are_known(daemon):
    """A member of /alive that is missing from the supervisor's table would be missing from /health."""
    bennys = daemon.add_file()
    daemon.start()
    said = bennys.get("/alive").json
    known = daemon.integration()
    assert set(said) <= set(known) and set(said["orders"]) == set(known["orders"])
    assert "ignoring an invalid message" not in daemon.log.read_text()
