"""A worker under valgrind: orders, refusals, a clean shutdown, no error and no leak."""

import shutil
import signal
import subprocess

import pytest

from pumpline import BUILD, until


def sanitized():
    binary = (BUILD / "pumpline-worker").read_bytes()
    return b"__asan_init" in binary


@pytest.mark.skipif(sanitized(), reason="AddressSanitizer is in this build: the other one runs under valgrind")
def test_clean_shutdown(daemon):
    assert shutil.which("valgrind"), "valgrind is missing"
    bennys = daemon.add_file()
    log = daemon.folder / "valgrind.log"
    process = subprocess.Popen(["valgrind", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite,indirect",
                                "--errors-for-leak-kinds=definite,indirect", f"--log-file={log}", BUILD / "pumpline-worker",
                                str(bennys.port), "Bennys Auto", "-c", daemon.config], stderr=subprocess.DEVNULL)
    until(bennys.up, "it answers")
    for number in range(20):
        bennys.place(f"v{number}")
    assert bennys.create("v0", amount="6").status == 409
    assert bennys.call("POST", "/create", "{").status == 400
    until(lambda: bennys.get("/queue").json["length"] == 0, "all are delivered")
    bennys.get("/orders?limit=2")
    bennys.get("/orders/v0/history")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, log.read_text()
