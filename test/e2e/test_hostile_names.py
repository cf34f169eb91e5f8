"""The supervisor and a worker with a hostile resolver (test/hostile/resolver.c)."""

import shutil
import sys
from pathlib import Path

import pytest

from pumpline import BUILD, Daemon, free_port, until
from test_sandbox import programs

sys.path.insert(0, str(Path(__file__).parents[1] / "hostile"))

import erp as hostile  # noqa: E402
from test_hostile_erp import fill, peak_mib  # noqa: E402
from webshop import SANITIZED  # noqa: E402

RESOLVER = BUILD / "test" / "hostile" / "hostile-resolver"
MEMORY_MIB = 32
ANSWERS = {"endless": None, "one-line": "no answer from the resolver", "nonsense": "no answer from the resolver",
           "words": "pumplined: all is well", "silence": "no answer from the resolver", "crowd": None, "one-of-many": None}


@pytest.fixture
def daemon(tmp_path):
    tmp_path.chmod(0o711)
    one = Daemon(tmp_path / "pumpline")
    one.folder.chmod(0o711)
    one.program = programs(tmp_path / "programs", RESOLVER)
    shutil.copy(BUILD / "pumpline-worker", tmp_path / "programs" / "real-worker")
    yield one
    one.stop()


def test_names_that_lead_nowhere(daemon, tmp_path):
    """An order waits with its reason, or becomes a line if one of the addresses is the ERP's."""
    port, shops = free_port(), {}
    for name in ANSWERS:
        fill(tmp_path / "erp", name, ["admin", "558"])
        shops[name] = daemon.add(name, name, {"system": "tryton", "url": f"http://{name}.example.com:{port}/{name}/",
                                              "timeout_s": 2})
    server = hostile.Hostile(tmp_path / "erp", port)
    daemon.start()
    for shop in shops.values():
        shop.place("o")
    for name, words in ANSWERS.items():
        if name in ("crowd", "one-of-many"):
            shops[name].wait("o", "created")
            continue
        until(lambda name=name: shops[name].state("o")["reason_code"], f"{name}: it is tried")
        state = shops[name].state("o")
        assert state["reason_code"] == "erp_unreachable" and (words or "") in state["reason_text"], state
        assert state["reason_text"].isprintable()
    assert {database for database, _ in server.events} == {"crowd", "one-of-many"}
    assert all(SANITIZED or peak_mib(pid) < MEMORY_MIB for pid in [daemon.process.pid, *map(daemon.worker_pid, shops)])
    server.stop()
