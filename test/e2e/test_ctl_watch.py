"""pumplinectl's events and --watch."""
import fcntl
import json
import queue
import re
import signal
import struct
import termios
import time

import pytest
from fake_daemon import EVIL, PATH, RAW, Running, SHOP, Terminal, ctl, daemon, health, integration, problem  # noqa: F401: a fixture

pytestmark = pytest.mark.release  # see fake_daemon.py


def event(name, **data):
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def test_events_are_lines(daemon):
    daemon.events = queue.Queue()
    program = Running(daemon, "events")
    for part in (": hello\n\n", event("snapshot", **health(integration())), event("integration", **integration()),
                 "data: no JSON\n\n", event("integration", workshop="Öst", process="backoff"),
                 event("removed", workshop="Öst", slug="st")):
        daemon.events.put(part)
    program.read_until("removed\n")
    daemon.events.put(None)
    status, out, err = program.finish()
    assert status == 3 and "closed the event stream" in err
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC ", line) for line in out.splitlines())
    assert [line[24:] for line in out.splitlines()] == [
        "pumplined: 1 workshop, 1 running, 1 parked, 0 failed",
        f"{SHOP}: running, worker parked (auth_failed), 7 in the queue, attention: 3",
        "Öst: backoff", "Öst: removed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_events_as_json_until_a_signal(daemon, number):
    daemon.events = queue.Queue()
    program = Running(daemon, "events", "--json")
    daemon.events.put(event("state", workshop=EVIL))
    program.read_until("\n")
    status, out, err = program.finish(number)
    daemon.events.put(None)
    assert (status, err) == (0, "") and not RAW.search(out)
    assert json.loads(out) == {"event": "state", "workshop": EVIL}


def test_no_events_no_daemon(daemon, tmp_path):
    assert ctl(None, "events", "--socket", tmp_path / "none").returncode == 3
    done = ctl(daemon, "events")
    assert done.returncode == 1 and "HTTP 404" in done.stderr


def test_watch_prints_every_change_and_ages_are_none(daemon):
    """Five changes before the deadline: polling every ten seconds would be too slow, so the events must trigger the refresh."""
    daemon.events = queue.Queue()
    daemon.on("GET", "/health", health(integration(queue_length=100)))
    program = Running(daemon, "status", "--watch")
    program.read_until(" 100 ")
    assert daemon.followed.wait(20)
    program.end = time.monotonic() + 20
    for length in range(101, 106):
        daemon.on("GET", "/health", health(integration(queue_length=length, uptime_s=length, oldest_placed_age_s=length)))
        daemon.events.put(event("state"))
        program.read_until(f" {length} ")
    looks = daemon.seen.count(("GET", "/health", None))
    daemon.on("GET", "/health", health(integration(queue_length=105, uptime_s=9, oldest_placed_age_s=9)))
    daemon.events.put(event("state"))
    end = time.monotonic() + 60
    while daemon.seen.count(("GET", "/health", None)) == looks:
        assert time.monotonic() < end
        time.sleep(0.01)
    status, out, err = program.finish(signal.SIGTERM)
    daemon.events.put(None)
    assert (status, err) == (0, "")
    assert out.count("WORKSHOP") == 6 and "\x1b" not in out


def test_watch_without_events_polls(daemon):
    daemon.on("GET", PATH, integration())
    program = Running(daemon, "status", SHOP, "--watch", "--json")
    program.read_until("\n")
    daemon.on("GET", PATH, integration(process="stopped"))
    program.read_until('"stopped"')
    status, out, err = program.finish(signal.SIGINT)
    assert (status, err) == (0, "")
    assert [json.loads(line)["process"] for line in out.splitlines()] == ["running", "stopped"]


def test_watch_ends_when_the_daemon_refuses(daemon):
    daemon.on("GET", PATH, integration())
    program = Running(daemon, "status", SHOP, "--watch")
    program.read_until("last exit")
    daemon.on("GET", PATH, problem(404, "unknown_workshop", "gone"), 404)
    status, _, err = program.finish()
    assert status == 1 and "unknown_workshop" in err


def test_watch_on_a_terminal_draws_anew_and_leaves_it_as_it_was(daemon):
    daemon.events = queue.Queue()
    daemon.on("GET", "/health", health(*(integration(f"shop {i}") for i in range(50))))
    terminal = Terminal(daemon, "status", "--watch")
    terminal.read_until("pumplined 0.1.0")
    assert terminal.output.startswith(b"\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J")
    assert b"shop 17" in terminal.output and b"shop 18" not in terminal.output  # 24 lines
    assert "… and 32 more".encode() in terminal.output
    fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 200, 0, 0))
    terminal.read_until("… and 26 more")
    terminal.type("\x03")
    output, status = terminal.finish()
    daemon.events.put(None)
    assert status == 0 and output.endswith("\x1b[?25h\x1b[?1049l")


@pytest.mark.parametrize("key", ["q", "Q"])
def test_watch_ends_with_q(daemon, key):
    daemon.events = queue.Queue()
    daemon.on("GET", "/health", health(integration()))
    terminal = Terminal(daemon, "status", "--watch")
    terminal.read_until("pumplined 0.1.0")
    assert not termios.tcgetattr(terminal.fd)[3] & termios.ICANON
    terminal.type("x" + key)
    terminal.read_until(None)
    assert termios.tcgetattr(terminal.fd)[3] & termios.ICANON and termios.tcgetattr(terminal.fd)[3] & termios.ECHO
    output, status = terminal.finish()
    daemon.events.put(None)
    assert status == 0 and output.endswith("\x1b[?25h\x1b[?1049l")
