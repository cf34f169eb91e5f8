"""pumplinectl recipe run in a real Chromium: what a recipe's author sees, and what the run may do."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import browser
import gallery
import oldshop
import pytest
from pumpline import BUILD, free_port, until
from webshop import NEEDS_CHROMIUM, PNG, RECIPE, no_browser, one_line, quick, with_changes

pytestmark = NEEDS_CHROMIUM

RUN_S = 300  # fifty screenshots and a browser start


class DryRun:
    """pumplinectl recipe run, while no daemon runs."""

    def __init__(self, daemon, webdriver_url, old):
        daemon.write_config(webdriver_url=webdriver_url)
        self.process = None
        self.daemon, self.pictures, self.out = daemon, daemon.folder / "pictures", daemon.folder / "dry-run.out"
        daemon.add("bennys-auto", "Bennys Auto",
                   {"system": "webdriver", "recipe": str(RECIPE), "url": old.url,
                    "browser": browser.setup()},
                   credentials={"username": oldshop.USER, "password": oldshop.PASSWORD})

    def start(self, *more, recipe=RECIPE):
        order = {"worksheet": "558", "product_nr": "10", "product_amount": "4.5", "uniqueid": "oil"}
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [BUILD / "pumplinectl", "recipe", "run", recipe, "--workshop", "Bennys Auto",
                 "--order", json.dumps(order), "--config", self.daemon.config, "--folder", self.pictures, *more],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        return self.process

    def stop(self):
        """A browser that a test left running."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            self.process.wait(RUN_S)

    def run(self, *more, **how):
        status = self.start(*more, **how).wait(RUN_S)
        assert oldshop.PASSWORD not in self.said()
        return status

    def comes_to(self, step):
        until(lambda: f" {step} " in self.said(), f"{step} is over", RUN_S)

    def said(self):
        return self.out.read_text()

    def steps(self):
        """The executed steps: labels with their variables and remarks."""
        steps = []
        for line in self.said().splitlines():
            step = re.fullmatch(r" *(\d+) +\d+\.\d\d s  (.+?)(?:, (?:warning|failed): (.*))?", line)
            variable = re.fullmatch(r" {15}(\w+) = (\".*\")", line)
            if step:
                assert int(step[1]) == len(steps) + 1, line
                steps.append((step[2], {}, step[3]))
            elif variable:
                steps[-1][1][variable[1]] = json.loads(variable[2])
        return steps

    def seen(self):
        """The numbers of the steps with a screenshot."""
        found = {}
        for path in self.pictures.glob("*.png"):
            assert path.read_bytes().startswith(PNG)
            number, name = path.stem.split("-", 1)
            assert re.sub("[^A-Za-z0-9]", "-", self.steps()[int(number) - 1][0]) == name
            found[int(number)] = path
        return sorted(found)


@pytest.fixture
def dry(driver, old, daemon):
    one = DryRun(daemon, driver.url, old)
    yield one
    one.stop()


def test_a_dry_run_shows_every_step_once(dry, old):
    assert dry.run("--until", "end") == 0, dry.said()
    one_line(old, "oil")
    steps = dry.steps()
    labels = [label for label, _, _ in steps]
    assert labels[0] == "browser start" and len(set(labels)) == len(labels)
    recipe = json.loads(RECIPE.read_text())
    for section in ("login", "create", "commit", "logout"):
        numbers = [int(label.split("/")[1].split()[0]) for label in labels if label.startswith(f"{section}/")]
        assert numbers == sorted(numbers) and set(numbers) == set(range(len(recipe[section])))
    assert [label for label in labels if label.startswith("verify")] == [
        "verify/0 call", "verify/0 > find_line/0 goto", "verify/0 > find_line/1 wait", "verify/0 > find_line/2 each",
        *[f"verify/0 > find_line/2/do/{number} read" for number in range(4)], "verify/0 > find_line/2/do/4 found"]
    variables = {name: value for label, values, _ in steps for name, value in values.items()}
    assert variables == {"row": "2", "before": "0", "line": "1", "amount": "4.5", "worksheet": "558", "place": "1",
                         "product": "10"}
    unseen = {label for number, (label, _, _) in enumerate(steps, 1) if number not in dry.seen()}
    window_closes, dialog_opens = "create/13/do/0 click", 'commit/1 "save"'
    assert unseen - {window_closes} == {"browser start", dialog_opens}
    requests = re.findall(r"(?m)^ {15}(GET|POST) (\S+) -> (\d{3})$", dry.said())
    assert ("POST", "/login", "303") in requests and not any("?" in path for _, path, _ in requests)
    assert "created, reference 558/1" in dry.said()
    assert dry.run() == 0
    assert "the ERP already has the line, reference 558/1" in dry.said()
    assert 1 < max(dry.seen()) <= len(dry.steps()) < len(steps)  # nothing of the first run is left


def test_a_dry_run_shows_what_ends_at_once(dry, old, tmp_path):
    recipe = with_changes(tmp_path, errors=[], create=[
        {"set": {"x": "1"}},
        {"when": {"visible": "#nothing"}, "then": [{"set": {"way": "then"}}], "else": [{"set": {"way": "else"}}]},
        {"name": "not there", "click": "#nothing", "optional": True, "timeout_s": 0.2},
        {"goto": "/"},
        {"frame": "nowhere", "optional": True, "timeout_s": 0.2},
        {"assert": {"present": "frameset"}},
        {"goto": "/login"},
        {"each": "body", "only": False, "do": [{"read": {"css": "h1", "in": "row"}, "into": "head"}]},
        {"type": "{credentials.password}", "into": {"name": "user"}},
        {"script": "return document.querySelector('[name=user]').value + '!';", "into": "stolen"},
        {"assert": {"equal": ["{x}", "1"]}},
        {"assert": {"equal": ["{order.uniqueid}", "{x}"]}, "code": "erp_rejected", "words": "enough of {x}"}])
    assert dry.run(recipe=recipe) == 1
    steps = dry.steps()
    first = next(number for number, step in enumerate(steps) if step[0].startswith("create/"))
    last = next(number for number, step in enumerate(steps) if step[0].startswith("create/11"))
    assert steps[first:last + 1] == [
        ("create/0 set", {"x": "1"}, None), ("create/1 when", {}, "#nothing is not there"),
        ("create/1/else/0 set", {"way": "else"}, None), ('create/2 "not there"', {}, "#nothing is not there"),
        ("create/3 goto", {}, None), ("create/4 frame", {}, "frame nowhere is not there"),
        ("create/5 assert", {}, None), ("create/6 goto", {}, None), ("create/7 each", {"row": "1"}, None),
        ("create/7/do/0 read", {"head": "OldShop"}, None), ("create/8 type", {}, None),
        ("create/9 script", {"stolen": "********"}, None), ("create/10 assert", {}, None),
        ("create/11 assert", {}, "enough of 1")]
    assert set(range(first + 1, last + 2)) <= set(dry.seen())
    end = re.search(r"refused, erp_rejected: enough of 1\n +at: +create/11 assert\n +picture: (.*)\n +source: +(.*)\n",
                    dry.said())
    assert Path(end[1]).read_bytes().startswith(PNG) and Path(end[1]).name == f"{last + 1:02}-create-11-assert.png"
    page = Path(end[2]).read_text()
    assert "OldShop" in page and oldshop.PASSWORD not in page


def test_a_page_that_takes_its_time(driver, daemon, tmp_path):
    """A screenshot waits for an open dialog or is taken later; dialogs and windows cause no message, and no time is hidden."""
    shop = gallery.Gallery(free_port())
    dry = DryRun(daemon, driver.url, shop)
    found = {"found": {"reference": "x", "product_nr": "10", "amount": "1"}}
    ours = {"text": {"of": "body", "is": "{order.uniqueid}"}}
    path = tmp_path / "slow.json"
    path.write_text(json.dumps({
        "recipe": 1, "timeout_s": 60,
        "login": [{"goto": "/away"}, {"click": {"button": "Leave"}}, {"wait": {"present": "#there"}}],
        "lookup": [{"when": ours, "then": [found]}],
        "create": [{"goto": "/line"}, {"type": "{order.uniqueid}", "into": {"name": "id"}}],
        "commit": [{"click": {"button": "Save"}}, {"wait": {"text": "Saved"}}], "verify": [{"assert": ours}, found]}))
    try:
        assert dry.run(recipe=path) == 0
    finally:
        dry.stop()
        shop.stop()
    assert "no screenshot" not in dry.said()
    steps = [label for label, _, _ in dry.steps()]
    assert set(dry.seen()) == {number for number, label in enumerate(steps, 1) if label != "browser start"}
    shown = [float(took) for took in re.findall(r"(?m)^ *\d+ +([\d.]+) s  login|screenshot took ([\d.]+) s", dry.said())
             for took in took if took]
    assert sum(shown) >= gallery.SLOW_S


def test_a_dry_run_has_no_rights(dry, old, tmp_path):
    held = old.hold("find")
    process = dry.start(recipe=quick(tmp_path))
    dry.comes_to("login/5")
    held.wait()
    worker = next(pid for pid in browser.descendants(process.pid)  # the other one is its guard
                  if browser.state_and_parent(pid)[1] == process.pid)
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{worker}/status").read_text().splitlines())
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and int(status["CapEff"], 16) == 0
    if os.geteuid() == 0:
        assert "0" not in status["Uid"].split() + status["Gid"].split() and not status["Groups"].strip()
    held.release()
    assert process.wait(RUN_S) == 0
    assert "stopped before commit/0" in dry.said() and old.saves == 0


def test_a_dry_run_that_is_interrupted_closes_its_browser(dry, old, driver, tmp_path):
    held = old.hold("save")
    process = dry.start("--until", "commit", recipe=quick(tmp_path))
    held.wait()
    os.killpg(process.pid, signal.SIGINT)
    held.release()
    assert process.wait(RUN_S) == 1
    assert re.search(r"interrupted in commit/\d .*\n  the ERP may have stored the line: look for oil", dry.said())
    no_browser(driver)
