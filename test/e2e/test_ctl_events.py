"""pumplinectl events, metrics and status --watch against a real daemon."""

import json
import signal
import time

import pytest
from pumpline import DEADLINE_S
from test_ctl_manage import SHOP, Watching, ok


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_events_as_lines(daemon, number):
    workshop = daemon.add_file()
    daemon.start()
    following = Watching(daemon, command=["events"])
    following.sees("pumplined: 1 workshop, 1 running, 0 parked, 0 failed\n")
    ok(daemon, "stop-worker", SHOP)
    following.sees(f"{SHOP}: running, worker stopped, 0 in the queue, attention: 0\n")
    workshop.place("a1")
    following.sees(f"{SHOP}: running, worker stopped, 1 in the queue, attention: 0\n")
    ok(daemon, "stop", SHOP)
    following.sees(f"{SHOP}: stopped\n")
    assert following.finish(number) == 0


def test_events_as_json(daemon):
    daemon.add_file()
    daemon.start()
    following = Watching(daemon, "--json", command=["events"])
    following.sees("\n")
    ok(daemon, "stop", SHOP)
    following.sees('"process":"stopped"')
    following.sees('"event":"integration"}\n')
    assert following.finish(signal.SIGTERM) == 0
    for line in following.all.decode().splitlines():
        assert json.loads(line)["event"] in ("snapshot", "integration")


def test_events_end_with_the_daemon(daemon):
    daemon.add_file()
    daemon.start()
    following = Watching(daemon, command=["events"])
    following.sees("1 running")
    daemon.stop()
    assert following.finish() == 3


def test_watch_follows_events(daemon):
    """Twenty changes before the deadline: polling every ten seconds would be too slow, so the events must trigger the
    refresh."""
    daemon.add_file()
    daemon.start()
    watching = Watching(daemon, SHOP, "--json")
    watching.sees('"worker":"running"')
    watching.end = time.monotonic() + DEADLINE_S
    for _ in range(10):
        ok(daemon, "stop-worker", SHOP)
        watching.sees('"worker":"stopped"')
        ok(daemon, "start-worker", SHOP)
        watching.sees('"worker":"running"')
    assert watching.finish(signal.SIGTERM) == 0


def test_metrics(daemon):
    daemon.add_file()
    daemon.start()
    text = ok(daemon, "metrics")
    assert text.endswith("# EOF\n") and f'workshop="{SHOP}"' in text
