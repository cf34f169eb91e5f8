"""Messages to systemd, received on a socket of the test."""

import socket

import pytest

from pumpline import DEADLINE_S


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """With WatchdogSec=0.2."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify.sock"))
        listener.settimeout(DEADLINE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify.sock"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        yield listener


def test_the_manager_is_notified_of_each_state(daemon, manager):
    daemon.add_file()
    daemon.add_file("carls-cars", "Carls Cars", stop_timeout_s=100)
    daemon.start()
    assert manager.recv(200) == b"READY=1"
    assert manager.recv(200) == manager.recv(200) == b"WATCHDOG=1"
    daemon.process.terminate()
    told = b"WATCHDOG=1"
    while told == b"WATCHDOG=1":
        told = manager.recv(200)
    assert told == b"STOPPING=1\nEXTEND_TIMEOUT_USEC=125000000"  # the longest stop_timeout_s plus 25 s
    assert daemon.process.wait(DEADLINE_S) == 0
