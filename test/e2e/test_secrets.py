"""No password in any reply, log, file, command line or environment."""

import array
import contextlib
import hashlib
import json
import os
import re
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from pumpline import SECRET, BUILD, DEADLINE_S, until

CONFIGURED = "Configured-pw-51c2"
THROUGH = "Through-the-supervisor-9d4e"
PAGE = resource.getpagesize()


def memory_of(pid):
    for name in ("cmdline", "environ"):
        yield f"/proc/{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()


def files_below(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()


def test_a_password_is_nowhere(daemon):
    bennys = daemon.add_file()
    carls = daemon.add_file("carls-cars", "Carls Cars", credentials={"username": "bot", "password": CONFIGURED})
    daemon.start()
    replies = []
    bennys.put("/stop_worker")
    for uniqueid in ("s1", "s2"):
        replies.append(bennys.create(uniqueid).text)
    carls.create("s3")
    for target in ("/alive", "/queue", "/orders", "/get_order_status?uniqueid=s1", "/orders/s1/history"):
        replies.append(bennys.get(target).text)
    replies.append(bennys.call("POST", "/create", f'{{"password": "{SECRET}" oops').text)
    replies.append(bennys.call("POST", "/create", json.dumps({**bennys.order("s4"), "worksheet": SECRET * 9})).text)
    replies.append(bennys.call("POST", "/create", {**bennys.order("s5"), "password": SECRET * 99}).text)
    for target in ("/health", "/workshops", "/workshops/carls-cars", "/workshops/carls-cars/alive"):
        replies.append(daemon.call("GET", target).text)
    replies.append(subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, "status"], capture_output=True,
                                  text=True, check=True).stdout)
    bennys.put("/clear_queue")
    bennys.put("/orders/s1/retry")
    bennys.put("/start_worker")
    bennys.wait("s1", "created")
    places = [("reply", reply.encode()) for reply in replies]
    for pid in [daemon.process.pid, *daemon.children()]:
        places += memory_of(pid)
    daemon.stop()
    own = str(daemon.folder / "workshops.d" / "carls-cars.json")
    places += [(name, data) for name, data in files_below(daemon.folder) if name != own]
    assert any(name.endswith("data.mdb") for name, _ in places) and any(name.endswith("_api.log") for name, _ in places)
    for secret in (SECRET, CONFIGURED):
        assert not [name for name, data in places if secret.encode() in data]


def test_the_files_are_their_owners(daemon):
    bennys = daemon.add_file()
    daemon.start()
    bennys.place("p1")
    bennys.wait("p1", "created")
    assert daemon.folder.joinpath("master.key").stat().st_mode & 0o777 == 0o600
    assert daemon.folder.joinpath("master.key").stat().st_size == 32
    assert f"created a new master key {daemon.folder / 'master.key'}, since there was none" in daemon.log.read_text()
    queue = daemon.folder / "state" / "queues" / "bennys-auto"
    assert queue.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in queue.iterdir())


def test_logs_tell_the_order_and_the_workshop(daemon):
    bennys = daemon.add_file()
    daemon.start()
    bennys.place("told")
    bennys.wait("told", "created")
    api, lines = (daemon.folder / "log" / f"bennys-auto_{name}.log" for name in ("api", "create_orderline"))
    until(lambda: re.search(r"^Bennys Auto: \[told\] \S+ INFO POST /create: placed$", api.read_text(), re.M), "the API's log")
    until(lambda: re.search(r"^Bennys Auto: \[told\] \S+ INFO processing -> created", lines.read_text(), re.M), "the worker's log")
    assert all(line.startswith("Bennys Auto: ") for line in api.read_text().splitlines())


# --- in memory

def runs(pages):
    """(first, behind the last) of each run of pages that exist: in memory, or swapped out."""
    first = None
    for number, page in enumerate(pages):
        if page >> 62 and first is None:
            first = number
        elif not page >> 62 and first is not None:
            yield first, number
            first = None
    if first is not None:
        yield first, len(pages)


def readable(pid):
    """Each writable part of a process's memory, as root. Reading pages that do not exist takes longer than all others."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/pagemap", "rb") as pagemap, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, rights = line.split()[:2]
            begin, end = (int(one, 16) for one in span.split("-"))
            if not rights.startswith("rw") or end - begin > 1 << 28:  # ASan's shadow memory
                continue
            pagemap.seek(begin // PAGE * 8)
            for first, behind in runs(array.array("Q", pagemap.read((end - begin) // PAGE * 8))):
                with contextlib.suppress(OSError):  # a page for its process alone
                    memory.seek(begin + first * PAGE)
                    yield memory.read((behind - first) * PAGE)


def held(pid, *secrets):
    """Those of the secrets that are in its memory, which is read once for all of them."""
    found = set()
    for part in readable(pid):
        found |= {secret for secret in secrets if secret in part}
    return found


def workshop_key(master, slug):
    return hashlib.blake2b(f"pumpline workshop {slug}".encode(), key=master, digest_size=32).digest()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can look into a process that hides its memory")
def test_no_process_holds_what_is_anothers(daemon):
    bennys = daemon.add_file()
    carls = daemon.add_file("carls-cars", "Carls Cars", credentials={"username": "bot", "password": CONFIGURED})
    daemon.start()
    bennys.put("/stop_worker")
    bennys.place("m1")
    remote = {**bennys.order("m2"), "password": THROUGH}
    assert daemon.call("POST", "/workshops/bennys-auto/create", remote).status == 200
    carls.place("m3", username="", password="")
    carls.wait("m3", "created")
    master = (daemon.folder / "master.key").read_bytes()
    supervisor, own, other = daemon.process.pid, daemon.worker_pid(), daemon.worker_pid("carls-cars")
    configured, passwords = CONFIGURED.encode(), [SECRET.encode(), THROUGH.encode()]
    keys = [workshop_key(master, slug) for slug in ("bennys-auto", "carls-cars")]
    foreign = [master, configured, *passwords, *keys, *(key.hex().encode() for key in keys)]
    # Cross-check: the search finds each secret where it belongs.
    mine, others = held(own, *foreign), held(other, *foreign)
    assert keys[0] in mine and {keys[1], configured} <= others
    assert not mine & {master, configured, keys[1], keys[1].hex().encode()}
    assert not others & {master, *passwords, keys[0], keys[0].hex().encode()}
    until(lambda: held(supervisor, master, configured, *passwords) == {master}, "the supervisor has forgotten the passwords")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can look into a process that hides its memory")
def test_a_key_that_was_replaced_is_forgotten(daemon):
    bennys = daemon.add_file()
    daemon.start()
    bennys.put("/stop_worker")
    bennys.place("f1")
    master = (daemon.folder / "master.key").read_bytes()
    assert daemon.call("PUT", "/rekey").status == 200
    key = workshop_key(master, "bennys-auto")
    gone = (master, key, key.hex().encode())
    new = (daemon.folder / "master.key").read_bytes()
    for pid, own in ((daemon.process.pid, new), (daemon.worker_pid(), workshop_key(new, "bennys-auto"))):
        until(lambda pid=pid, own=own: held(pid, *gone, own) == {own}, "only the new one is in its memory")
    log = daemon.log.read_bytes() + b"".join(path.read_bytes() for path in (daemon.folder / "log").iterdir())
    for secret in (master, new, key):
        assert secret not in log and secret.hex().encode() not in log


def test_a_crash_leaves_no_core(daemon, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        bennys = daemon.add_file()
        daemon.start()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    bennys.place("c1")
    pid = daemon.worker_pid()
    for one in (pid, daemon.process.pid):
        limit = next(line for line in Path(f"/proc/{one}/limits").read_text().splitlines() if "core file" in line)
        assert limit.split()[4:6] == ["0", "0"]
    os.kill(pid, signal.SIGABRT)
    until(lambda: daemon.integration()["last_exit"], "it is noticed")
    until(lambda: daemon.integration()["process"] == "running", "there is a new one")
    assert daemon.integration()["last_exit"]["signal"] == signal.SIGABRT
    daemon.process.send_signal(signal.SIGABRT)
    assert daemon.process.wait(DEADLINE_S) == -signal.SIGABRT
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("core") and path.is_file()]
