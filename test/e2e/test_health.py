"""GET /health answers from what the children have pushed: it asks none of them, so none can delay it."""

import os
import signal

import pytest

from pumpline import freeze, until

COUNT = 50


def process_state(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


@pytest.fixture
def many(daemon):
    workshops = [daemon.add_file(f"shop-{number:02}", f"Shop {number}", queue_max_mib=16) for number in range(COUNT)]
    daemon.start()
    return daemon, workshops


def by_slug(daemon):
    health = daemon.call("GET", "/health").json
    assert len(health["integrations"]) == health["summary"]["total"] == COUNT
    return {one["slug"]: one for one in health["integrations"]}, health["summary"]


def test_suspended_children_are_shown_unchanged(many):
    daemon, workshops = many
    for number, workshop in enumerate(workshops[:5]):
        workshop.put("/stop_worker")
        for order in range(number):
            workshop.place(f"h{order}", worksheet=str(order))
    until(lambda: by_slug(daemon)[1]["queue_length"] == 0 + 1 + 2 + 3 + 4, "the figures have arrived")
    before, _ = by_slug(daemon)
    pids = [one["pid"] for one in before.values()]
    for pid in pids:
        freeze(pid)
    try:
        until(lambda: all(process_state(pid) == "T" for pid in pids), "all are stopped")
        now, summary = by_slug(daemon)
        metrics = daemon.call("GET", "/metrics").text
        assert [process_state(pid) for pid in pids] == ["T"] * COUNT  # none was taken for hung meanwhile
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert summary == {"total": COUNT, "active": COUNT, "running": COUNT, "parked": 0, "failed": 0, "queue_length": 10,
                       "needs_attention": 0}
    for slug, one in now.items():
        told = {name: value for name, value in one.items() if name not in ("uptime_s", "oldest_placed_age_s")}
        assert told == {name: before[slug][name] for name in told}
    assert 'pumpline_workshop_queue_length{workshop="Shop 4"} 4\n' in metrics


def test_a_hung_child_is_killed_and_the_others_are_shown(many):
    daemon, workshops = many
    before, _ = by_slug(daemon)
    pid = before["shop-07"]["pid"]
    freeze(pid)

    def replaced():
        now, summary = by_slug(daemon)
        assert {slug: one["pid"] for slug, one in now.items() if slug != "shop-07"} == {
            slug: one["pid"] for slug, one in before.items() if slug != "shop-07"}
        assert summary["running"] >= COUNT - 1
        return now["shop-07"]["process"] == "running" and now["shop-07"]["pid"] != pid and now["shop-07"]
    one = until(replaced, "it is killed and replaced")
    assert one["restarts"] == 1 and one["last_error"] is None
    assert (one["last_exit"]["signal"], one["last_exit"]["code"]) == (signal.SIGKILL, None)
    assert one["last_exit"]["text"] == "killed by signal 9 (Killed)"
    assert "Shop 7: " in daemon.log.read_text() and f"process {pid} hangs: killing it" in daemon.log.read_text()
    assert workshops[7].get("/alive").status == 200
