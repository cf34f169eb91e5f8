"""Supervisor and workers under valgrind: orders, refusals, a clean shutdown, no errors, no leaks."""

import shutil
import signal
import subprocess

import pytest
from pumpline import BUILD, until

VALGRIND = ["valgrind", "--error-exitcode=99", "--leak-check=full", "--trace-children=yes",
            "--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect"]


@pytest.mark.release
def test_clean_shutdown(daemon):
    assert shutil.which("valgrind"), "valgrind is missing"
    # The sandbox does not allow valgrind's system calls, and valgrind must read the program.
    daemon.write_config(sandbox="off")
    bennys = daemon.add_file()
    logs = daemon.folder / "valgrind"
    logs.mkdir()
    process = subprocess.Popen([*VALGRIND, f"--log-file={logs}/%p", BUILD / "pumplined", "-c", daemon.config],
                               stderr=subprocess.DEVNULL)
    until(bennys.up, "it answers")
    for number in range(20):
        bennys.place(f"v{number}")
    assert bennys.create("v0", amount="6").status == 409
    assert bennys.call("POST", "/create", "{").status == 400
    until(lambda: bennys.get("/queue").json["length"] == 0, "all are delivered")
    bennys.get("/orders?limit=2")
    bennys.get("/orders/v0/history")
    assert daemon.call("GET", "/health").status == 200
    assert daemon.call("GET", "/workshops/bennys-auto/queue").status == 200
    assert daemon.call("PUT", "/workshops/bennys-auto/restart").status == 200
    until(bennys.up, "the new process answers")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    found = [path.read_text() for path in logs.iterdir()]
    assert len(found) >= 3, "the supervisor, two workers, and perhaps a process that synced the audit trail"
    for text in found:
        assert "ERROR SUMMARY: 0 errors" in text, text
