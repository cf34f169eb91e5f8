"""A worker without a supervisor: where it listens, and which descriptors its parent may have closed."""

import contextlib
import os
import socket
import subprocess

import pytest

from pumpline import BUILD, DEADLINE_S, alive, free_port, until


@contextlib.contextmanager
def alone(daemon, port, **more):
    process = subprocess.Popen([BUILD / "pumpline-worker", str(port), "bennys-auto", "-c", daemon.config], **more)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def answers(host, port):
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=DEADLINE_S):
        return True
    return False


@pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6")
def test_all_of_ipv6_is_not_ipv4(daemon):
    """As under the supervisor."""
    port = free_port()
    daemon.add_file(listen=f"[::]:{port}", allow_unauthenticated=True)
    with alone(daemon, port) as process:
        until(lambda: answers("::1", port), "it listens")
        assert not answers("127.0.0.1", port)
        assert process.poll() is None


def test_closed_standard_descriptors(daemon):
    """None of its sockets becomes descriptor 2."""
    bennys = daemon.add_file()
    closed = {"preexec_fn": lambda: os.closerange(0, 3), "close_fds": False}
    with alone(daemon, bennys.port, **closed) as process:
        until(bennys.up, "it serves")
        for fd in range(3):
            assert os.readlink(f"/proc/{process.pid}/fd/{fd}") == "/dev/null"
        assert alive(process.pid)
