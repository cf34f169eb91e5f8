"""GET /metrics, parsed by Prometheus' Python client."""

import os
import signal
import time

import pytest

from pumpline import UnixConnection, call, free_port, squatting, until

parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="python3-prometheus-client is not installed")

ODD = ['Ann\'s "A" \\ B', "{workshop=\"x\"} 1 # EOF", "\\n,\\\\", "Größe 🚗 = ½, #1", "a" * 128]


def metrics(daemon):
    reply = daemon.call("GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert reply.text.endswith("\n# EOF\n")
    families = list(parser.text_string_to_metric_families(reply.text))
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation for family in families)
    return {family.name: family for family in families}


def values(families, name, key="workshop", **labels):
    return {sample.labels.get(key): sample.value for sample in families[name].samples
            if all(sample.labels.get(label) == value for label, value in labels.items())}


def test_families_for_alerts(daemon):
    bennys, _ = daemon.add_file(), daemon.add_file("carls-cars", "Carls Cars")
    daemon.add_file("zoes-zone", "Zoes Zone", active=False)
    taken = free_port()
    with squatting(taken):
        daemon.add("in-backoff", "In Backoff", {"system": "file", "folder": str(daemon.folder)}, listen=f"127.0.0.1:{taken}")
        start_despite_backoff(daemon)
        bennys.put("/stop_worker")
        for number in range(3):
            bennys.place(f"m{number}")
        bennys.put("/clear_queue")
        bennys.place("last")
        pid = daemon.worker_pid("carls-cars")
        os.kill(pid, signal.SIGKILL)
        until(lambda: daemon.integration("carls-cars")["restarts"] == 1
              and daemon.integration("carls-cars")["process"] == "running", "it is back")
        until(lambda: daemon.integration()["queue_length"] == 1, "the figures arrive")
        families = metrics(daemon)
        assert values(families, "pumpline_workshop_up") == {"Bennys Auto": 1, "Carls Cars": 1, "Zoes Zone": 0, "In Backoff": 0}
    assert values(families, "pumpline", "version") == {daemon.call("GET", "/health").json["version"]: 1}
    assert values(families, "pumpline_workshops", "process") == {
        "running": 2, "stopped": 1, "backoff": 1, "starting": 0, "stopping": 0, "failed": 0}
    assert values(families, "pumpline_workshop_active")["Zoes Zone"] == 0
    assert values(families, "pumpline_workshop_restarts")["Carls Cars"] == 1
    assert families["pumpline_workshop_restarts"].type == "counter"
    assert values(families, "pumpline_workshop_process", pumpline_workshop_process="backoff")["In Backoff"] == 1
    assert values(families, "pumpline_workshop_worker", pumpline_workshop_worker="stopped") == {"Bennys Auto": 1, "Carls Cars": 0}
    assert values(families, "pumpline_workshop_queue_length") == {"Bennys Auto": 1, "Carls Cars": 0}
    assert values(families, "pumpline_workshop_orders", status="error") == {"Bennys Auto": 3, "Carls Cars": 0}
    assert values(families, "pumpline_workshop_orders", "status", workshop="Bennys Auto") == {
        "placed": 1, "processing": 0, "created": 0, "error": 3}
    assert set(values(families, "pumpline_workshop_last_exit_timestamp_seconds")) == {"Carls Cars"}
    assert values(families, "pumpline_workshop_oldest_placed_age_seconds")["Carls Cars"] == 0
    assert (daemon.folder / "pumpline.json").stat().st_mtime - 1 < values(families, "process_start_time_seconds")[None] < time.time()
    assert 1e6 < values(families, "process_resident_memory_bytes")[None] < 1e9


def start_despite_backoff(daemon):
    ready, daemon.ready = daemon.ready, lambda: daemon.socket.exists() and daemon.call("GET", "/health").json["summary"][
        "running"] >= 2
    daemon.start()
    daemon.ready = ready


def test_names_full_of_odd_characters(daemon):
    for number, name in enumerate(ODD):
        daemon.add_file(f"odd-{number}", name)
    daemon.start()
    families = metrics(daemon)
    for family in ("pumpline_workshop_up", "pumpline_workshop_queue_length"):
        assert values(families, family) == dict.fromkeys(ODD, 1 if family.endswith("up") else 0)
    assert {sample.labels["slug"]: sample.labels["workshop"] for sample in families["pumpline_workshop"].samples} == {
        f"odd-{number}": name for number, name in enumerate(ODD)}


def test_the_order_is_the_same_each_time(daemon):
    for number in range(5):
        daemon.add_file(f"w{number}", f"W {number}")
    daemon.start()
    shapes = {tuple(line.rsplit(" ", 1)[0] for line in daemon.call("GET", "/metrics").text.splitlines()) for _ in range(5)}
    assert len(shapes) == 1
    assert daemon.call("HEAD", "/metrics").text == "" and daemon.call("PUT", "/metrics").status == 405


def test_counters_of_orders(daemon):
    bennys = daemon.add_file()
    daemon.start()
    bennys.place("c1")
    bennys.wait("c1", "created")
    bennys.put("/stop_worker")
    bennys.place("c2")
    bennys.put("/clear_queue")
    until(lambda: values(metrics(daemon), "pumpline_workshop_orders_ended", "reason").get("cleared") == 1, "it is counted")
    families = metrics(daemon)
    assert values(families, "pumpline_workshop_orders_ended", "outcome", reason="") == {"created": 1}
    assert values(families, "pumpline_workshop_attempts") == {"Bennys Auto": 1}
    durations = {sample.labels.get("le"): sample.value for sample in families["pumpline_workshop_attempt_duration_seconds"].samples
                 if sample.name.endswith("_bucket")}
    assert durations["+Inf"] == 1 and len(durations) == 12
    assert time.time() - 600 < values(families, "pumpline_workshop_last_success_timestamp_seconds")["Bennys Auto"] <= time.time()
    assert values(families, "pumpline_workshop_parked", "worker_reason") == {"": 0}
    os.kill(daemon.worker_pid(), signal.SIGKILL)
    until(lambda: daemon.integration()["restarts"] == 1 and daemon.integration()["process"] == "running", "it is back")
    families = metrics(daemon)
    assert values(families, "pumpline_workshop_attempts") == {"Bennys Auto": 0}
    assert values(families, "pumpline_workshop_last_success_timestamp_seconds")["Bennys Auto"] > time.time() - 600


def test_the_reason_of_a_park_is_a_label(daemon):
    bennys = daemon.add_file()
    bennys.lines.rmdir()
    daemon.start()
    for number in range(6):
        bennys.place(f"p{number}", str(number))
    until(lambda: daemon.integration()["worker"] == "parked", "it is parked")
    reason = daemon.integration()["worker_reason"]
    assert reason and values(metrics(daemon), "pumpline_workshop_parked", "worker_reason") == {reason: 1}


def test_the_older_text(daemon):
    older = pytest.importorskip("prometheus_client.parser")
    daemon.add_file()
    daemon.start()
    accept = {"Accept": "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"}
    reply = call(UnixConnection(daemon.socket, 60), "GET", "/metrics", headers=accept)
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in older.text_string_to_metric_families(reply.text)}
    assert {family.type for family in families.values()} == {"gauge", "counter", "histogram"}
    assert set(metrics(daemon)) - {"pumpline", "pumpline_workshop"} <= set(families)
    assert "# EOF" not in reply.text
