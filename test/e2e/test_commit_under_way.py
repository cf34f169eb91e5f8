"""While a group of orders is on its way to the disk, the worker answers requests that only read. The slow disk is another process with a
write transaction of the queue open: every commit waits for it."""

import concurrent.futures
import contextlib
import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pumpline import free_port, until

READS = 20
WRITER = """
import ctypes, signal, sys
lmdb = ctypes.CDLL("liblmdb.so.0")
env, transaction = ctypes.c_void_p(), ctypes.c_void_p()
assert lmdb.mdb_env_create(ctypes.byref(env)) == 0
assert lmdb.mdb_env_set_mapsize(env, ctypes.c_size_t(1 << 30)) == 0
assert lmdb.mdb_env_open(env, sys.argv[1].encode(), 0, 0o600) == 0
assert lmdb.mdb_txn_begin(env, None, 0, ctypes.byref(transaction)) == 0
print(flush=True)
signal.pause()
"""


@contextlib.contextmanager
def disk_held(daemon, slug="bennys-auto"):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, daemon.folder / "state" / "queues" / slug], stdout=subprocess.PIPE)
    try:
        assert writer.stdout.read(1) == b"\n"
        yield writer
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


@pytest.fixture
def stopped(daemon, bennys):
    assert bennys.put("/stop_worker").json["worker"] == "stopped"
    bennys.place("before")
    # A new process does not know yet whether its disk is slow. One that does would commit a single order without the thread.
    pid = daemon.worker_pid()
    os.kill(pid, signal.SIGKILL)
    until(lambda: daemon.worker_pid() not in (None, pid) and bennys.up(), "the next one serves")
    return bennys


def test_reads_are_answered_meanwhile(daemon, stopped):
    pid = daemon.worker_pid()
    with concurrent.futures.ThreadPoolExecutor(8) as pool, disk_held(daemon) as writer:
        placing = [pool.submit(stopped.create, f"n{number}") for number in range(8)]
        for _ in range(READS):
            assert stopped.get("/alive").json["queue_length"] == 1
        assert stopped.state("before")["status"] == "placed"
        assert daemon.call("GET", "/workshops/bennys-auto/alive").json["queue_length"] == 1
        assert not any(one.done() for one in placing)
        writer.kill()
        assert [one.result().status for one in placing] == [200] * 8
    assert daemon.worker_pid() == pid and stopped.get("/alive").json["queue_length"] == 9


def test_a_worker_that_dies_meanwhile_has_said_nothing(daemon, stopped):
    pid = daemon.worker_pid()
    with concurrent.futures.ThreadPoolExecutor(1) as pool, disk_held(daemon) as writer:
        placing = pool.submit(stopped.create, "lost")
        for _ in range(READS):
            stopped.get("/alive")
        os.kill(pid, signal.SIGKILL)
        with pytest.raises((OSError, http.client.HTTPException)):
            placing.result()
        writer.kill()
    until(lambda: daemon.worker_pid() not in (None, pid) and stopped.up(), "the next one serves")
    assert stopped.get("/alive").json["queue_length"] == 1
    assert stopped.place("lost")["duplicate"] is False


def test_the_thread_is_confined_like_the_loop(daemon):
    """Also by what is refused only once libcurl is loaded, which comes after the thread."""
    recipe = Path(__file__).parents[2] / "erp-drivers/recipes/odoo-json2.json"
    erp = {"system": "http", "recipe": str(recipe), "url": f"http://127.0.0.1:{free_port()}/", "options": {"database": "d"}}
    shop = daemon.add("bennys-auto", "Bennys Auto", erp, credentials={"username": "bot", "password": "key"})
    daemon.start()
    order = shop.order("u1")
    del order["username"], order["password"]
    assert shop.call("POST", "/create", order).status == 200
    until(lambda: len(shop.history("u1")) > 2, "it was tried")
    threads = [dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
               for task in Path(f"/proc/{daemon.worker_pid()}/task").iterdir()]
    assert len(threads) > 1
    for name in ("Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Seccomp_filters", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert len({thread[name] for thread in threads}) == 1, (name, threads)
    assert threads[0]["Seccomp"] == "2" and int(threads[0]["Seccomp_filters"]) > 2
