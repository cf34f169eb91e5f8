"""Messages to systemd, received on a socket of the test."""

import contextlib
import os
import queue
import socket
import threading

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


class Reader(threading.Thread):
    """Reads on, as systemd does: the socket takes ten messages."""

    def __init__(self, listener):
        super().__init__(daemon=True)
        self.listener, self.messages = listener, queue.Queue()

    def run(self):
        with contextlib.suppress(OSError):  # at the end of the test
            while True:
                message, fds, _, _ = socket.recv_fds(self.listener, 200, 1)
                self.messages.put((message, fds))

    def told(self, text):
        """The descriptors that come with this message."""
        while True:
            message, fds = self.messages.get(timeout=DEADLINE_S)
            if message == text:
                return fds


def test_the_manager_is_notified_of_each_state(daemon, manager):
    daemon.add_file()
    daemon.add_file("carls-cars", "Carls Cars", stop_timeout_s=100)
    daemon.start()
    assert [manager.recv(200) for _ in range(3)] == [b"FDSTORE=1\nFDNAME=bennys-auto", b"FDSTORE=1\nFDNAME=carls-cars", b"READY=1"]
    assert manager.recv(200) == manager.recv(200) == b"WATCHDOG=1"
    daemon.process.terminate()
    told = b"WATCHDOG=1"
    while told == b"WATCHDOG=1":
        told = manager.recv(200)
    assert told == b"STOPPING=1\nEXTEND_TIMEOUT_USEC=125000000"  # the longest stop_timeout_s plus 25 s
    assert daemon.process.wait(DEADLINE_S) == 0


def test_clients_wait_while_the_daemon_restarts(daemon, manager):
    """As systemd does it: it keeps the socket, and passes it to the next daemon."""
    shop, systemd = daemon.add_file(), Reader(manager)
    systemd.start()
    daemon.start()
    [fd] = systemd.told(b"FDSTORE=1\nFDNAME=bennys-auto")
    daemon.stop()
    with socket.create_connection(("127.0.0.1", shop.port), DEADLINE_S) as client:
        client.sendall(b"GET /alive HTTP/1.1\r\nHost: localhost\r\n\r\n")
        daemon.pass_fds = [fd]
        daemon.before = ["bash", "-c", f'exec 3<&{fd} 4<&{fd} {fd}<&-; export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=gone:bennys-auto; exec "$@"', "bash"]
        daemon.start()
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert shop.up()
    systemd.told(b"FDSTOREREMOVE=1\nFDNAME=gone")  # of a workshop that is no more
    os.close(fd)
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    systemd.told(b"FDSTOREREMOVE=1\nFDNAME=bennys-auto")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", shop.port), DEADLINE_S)
