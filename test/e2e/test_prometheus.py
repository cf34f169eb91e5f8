"""conf/prometheus and conf/grafana: the rules by promtool; an alert on its way from pumplined through the real node exporter,
Prometheus and Alertmanager to a webhook; each query of the dashboard answered by that Prometheus."""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from pumpline import free_port, until

sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))
import web_server

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "conf/prometheus"
DASHBOARD = json.loads((ROOT / "conf/grafana/pumpline.json").read_text())
PROGRAMS = ("promtool", "amtool", "prometheus", "prometheus-alertmanager", "prometheus-node-exporter")
pytestmark = pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason="Prometheus is not installed")


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_examples_are_sound():
    run("promtool", "check", "rules", EXAMPLES / "pumpline.rules.yml")
    run("promtool", "check", "config", "--syntax-only", EXAMPLES / "prometheus.yml")
    run("amtool", "check-config", EXAMPLES / "alertmanager.yml")


def test_when_each_alert_begins():
    run("promtool", "test", "rules", ROOT / "test/data/pumpline.rules.test.yml")


def test_each_rule_has_a_test():
    rules = (EXAMPLES / "pumpline.rules.yml").read_text()
    names = {line.split(":")[1].strip() for line in rules.splitlines() if "- alert:" in line}
    tests = (ROOT / "test/data/pumpline.rules.test.yml").read_text()
    assert len(names) >= 6 and all(f"alertname: {name}\n" in tests for name in names)


@contextlib.contextmanager
def running(folder, name, port, *options):
    """Ended by its process id."""
    with open(folder / f"{name}.log", "wb") as log:
        process = subprocess.Popen([name, *options], stdout=log, stderr=log, cwd=folder)
    try:
        until(lambda: answers(process, port, folder / f"{name}.log"), f"{name} answers")
        yield
    finally:
        process.terminate()
        process.wait(60)


def answers(process, port, log):
    assert process.poll() is None, log.read_text()
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).status < 500
    return False


def example(name, folder, changes):
    text = (EXAMPLES / name).read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / name).write_text(text)
    return folder / name


class Webhook(web_server.Server):
    def __init__(self):
        self.alerts = []
        super().__init__(free_port())

    def answer(self, request):
        with self.lock:
            self.alerts += request.json["alerts"]
        return web_server.reply(200)

    def has(self, status, **labels):
        with self.lock:
            return any(one["status"] == status and labels.items() <= one["labels"].items() for one in self.alerts)


def write_metrics(daemon, folder):
    return subprocess.run([EXAMPLES / "pumpline-metrics", daemon.socket, folder / "textfile" / "pumpline.prom"],
                          capture_output=True, text=True, timeout=60, check=False)


# --- Grafana

QUERIES = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]


def names_in(query):
    """Of metrics: a stateset's label has its family's name."""
    return set(re.findall(r"\b(pumpline\w*)(?!\w|\s*=)", query))


def test_the_dashboard_is_whole():
    panels, variables = DASHBOARD["panels"], DASHBOARD["templating"]["list"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 16
    cells = [(panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y) for panel in panels
             for x in range(panel["gridPos"]["w"]) for y in range(panel["gridPos"]["h"])]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 24  # no panel is over another
    assert {one["name"] for one in variables} == {"datasource", "workshop"}
    for panel in panels:
        assert panel["type"] in ("stat", "timeseries", "state-timeline") and panel["title"] and panel["description"]
        assert {one["datasource"]["uid"] for one in (panel, *panel["targets"])} == {"${datasource}"}
    assert all(set(re.findall(r"\$(\w+)", query)) <= {"workshop", "__rate_interval"} for _, query in QUERIES)


def ask_all(prometheus):
    """What the dashboard asks; the queries without an answer."""
    for title, query in [("variable", DASHBOARD["templating"]["list"][1]["query"]["query"].split("(")[1].split(",")[0]), *QUERIES]:
        plain = query.replace("$workshop", ".*").replace("$__rate_interval", "5m")
        url = f"http://127.0.0.1:{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': plain})}"
        if not json.load(urllib.request.urlopen(url, timeout=60))["data"]["result"]:
            yield title, plain


def work(daemon, shop):
    """A line, and an order in error: so each family has samples."""
    shop.place("created")
    shop.wait("created", "created")
    shop.put("/stop_worker")
    shop.place("cleared")
    shop.put("/clear_queue")
    until(lambda: '="cleared"' in daemon.call("GET", "/metrics").text, "both are counted")


def test_an_alert_reaches_a_webhook(daemon):
    bennys = daemon.add_file()
    daemon.add("carls-cars", "Carls Cars", {"system": "file", "folder": str(daemon.folder)}, surprise=1)  # a faulty file
    daemon.start()
    work(daemon, bennys)
    folder = daemon.folder / "monitoring"
    (folder / "textfile").mkdir(parents=True)
    exporter, prometheus, alertmanager = free_port(), free_port(), free_port()
    with contextlib.ExitStack() as stack:
        webhook = stack.enter_context(Webhook())
        alerts = example("alertmanager.yml", folder, {"http://127.0.0.1:9000/alerts": f"{webhook.url}/alerts",
                                                      "group_wait: 30s": "group_wait: 0s", "group_interval: 5m": "group_interval: 1s"})
        config = example("prometheus.yml", folder, {
            "127.0.0.1:9100": f"127.0.0.1:{exporter}", "127.0.0.1:9093": f"127.0.0.1:{alertmanager}",
            "interval: 15s": "interval: 1s", "/etc/prometheus/pumpline.rules.yml": str(EXAMPLES / "pumpline.rules.yml")})
        stack.enter_context(running(folder, "prometheus-node-exporter", exporter, f"--web.listen-address=127.0.0.1:{exporter}",
                                    "--collector.disable-defaults", "--collector.textfile",
                                    f"--collector.textfile.directory={folder / 'textfile'}"))
        stack.enter_context(running(folder, "prometheus-alertmanager", alertmanager, f"--config.file={alerts}",
                                    f"--storage.path={folder / 'alerts'}", f"--web.listen-address=127.0.0.1:{alertmanager}",
                                    "--cluster.listen-address="))
        stack.enter_context(running(folder, "prometheus", prometheus, f"--config.file={config}",
                                    f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{prometheus}"))
        assert write_metrics(daemon, folder).returncode == 0
        until(lambda: webhook.has("firing", alertname="PumplineWorkshopFailed", workshop="Carls Cars"), "the webhook is told", 120)
        assert not webhook.has("firing", workshop="Bennys Auto")
        read = urllib.request.urlopen(f"http://127.0.0.1:{exporter}/metrics", timeout=60).read().decode()
        assert 'pumpline_workshop_up{workshop="Bennys Auto"} 1' in read and "node_textfile_scrape_error 0" in read
        query = urllib.request.urlopen(f"http://127.0.0.1:{prometheus}/api/v1/query?query=pumpline_info", timeout=60)
        assert len(json.load(query)["data"]["result"]) == 1
        assert set().union(*(names_in(query) for _, query in QUERIES)) <= set(re.findall(r"^(pumpline\w*)", read, re.M))
        until(lambda: not list(ask_all(prometheus)), "each query of the dashboard has an answer")
        path = daemon.folder / "workshops.d" / "carls-cars.json"
        path.write_text(json.dumps({name: one for name, one in json.loads(path.read_text()).items() if name != "surprise"}))
        daemon.call("PUT", "/reload")
        until(lambda: daemon.integration("carls-cars")["process"] == "running", "it is mended")
        assert write_metrics(daemon, folder).returncode == 0
        until(lambda: webhook.has("resolved", alertname="PumplineWorkshopFailed", workshop="Carls Cars"), "and told again", 120)
        daemon.stop()
        assert write_metrics(daemon, folder).returncode == 1
        assert not (folder / "textfile" / "pumpline.prom").exists()
