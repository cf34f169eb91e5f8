"""A real Chromium on the console's pages, one for all tests of a file: starting one takes seconds of CPU."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import browser
import pytest
from console import AXE, PASSWORD, Console, FakeDaemon, integration, order
from pumpline import BUILD, until

PICTURES = BUILD / "console-pictures"
EVIL = "<script>window.evil = 1</script>\u202eevil"
LANGUAGES = Path(__file__).parents[2] / "supervisor/console/web/lang"


class Page(browser.Browser):
    """A browser that speaks English, with what it said on its console."""

    def forget(self):
        """No one is signed in, and nothing is open."""
        self.goto("about:blank")
        for command in ("Network.clearBrowserCookies", "Emulation.clearDeviceMetricsOverride"):
            self.post("/goog/cdp/execute", {"cmd": command, "params": {}})
        self.said()

    def __init__(self, url, whole):
        original, self.whole = browser.ARGUMENTS[:], whole
        browser.ARGUMENTS.append("--lang=en")
        try:
            super().__init__(url)
        finally:
            browser.ARGUMENTS[:] = original

    def call(self, method, path, body=None):
        if path == "/session" and body:
            options = body["capabilities"]["alwaysMatch"]
            options["goog:loggingPrefs"] = {"browser": "ALL"}
            if self.whole:
                options["goog:chromeOptions"].pop("binary", None)
            options["goog:chromeOptions"]["prefs"] = {"intl.accept_languages": "en"}
        return super().call(method, path, body)

    def said(self):
        return [one["message"] for one in self.post("/se/log", {"type": "browser"}) if one["level"] in ("SEVERE", "WARNING")]

    def text(self):
        return self.script("return document.body.innerText")

    def shows(self, text):
        self.wait(lambda: text in self.text(), f"the page shows {text!r}: {self.text()[:500]}")

    def click(self, text, within="document"):
        found = self.wait(lambda: self.script(
            f"const one = [...{within}.querySelectorAll('button, a')].find((one) => one.innerText.trim() === arguments[0]);"
            "if (one) one.click(); return Boolean(one)", text), f"a button {text!r}: {self.text()[:500]}")
        assert found

    def fill(self, name, value):
        self.wait(lambda: self.script(
            "const one = document.querySelector(`[name=\"${arguments[0]}\"]`); if (!one) return false; one.value = arguments[1];"
            "one.dispatchEvent(new Event('input', {bubbles: true})); one.dispatchEvent(new Event('change', {bubbles: true})); return true",
            name, value), f"a field {name}")

    def type(self, selector, value):
        """Into a field without a name."""
        self.wait(lambda: self.script(
            "const one = document.querySelector(arguments[0]); if (!one) return false; one.value = arguments[1];"
            "one.dispatchEvent(new Event('input', {bubbles: true})); return true", selector, value), f"a field {selector}")

    def click_switch(self, label):
        self.wait(lambda: self.script(
            "const one = [...document.querySelectorAll('label')].find((one) => one.innerText.trim() === arguments[0]);"
            "if (one) one.querySelector('input').click(); return Boolean(one)", label), f"a switch {label}")

    def sign_in(self, console, name, password=PASSWORD):
        self.goto(console.origin + "/")
        self.fill("name", name)
        self.fill("password", password)
        self.click("Sign in")

    def go(self, console, place, heading):
        self.script("location.hash = arguments[0]", "#/" + place)
        self.wait(lambda: heading in self.script("return document.querySelector('h1')?.innerText || ''"), f"the page {place}")

    def size(self, width, height=1000):
        self.post("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}})

    def scheme(self, name):
        self.post("/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": name}, {"name": "prefers-reduced-motion", "value": "reduce"}]}})

    def picture(self, name):
        """Of the whole page."""
        PICTURES.mkdir(exist_ok=True)
        width, height = self.script("return [innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        taken = self.post("/goog/cdp/execute", {"cmd": "Page.captureScreenshot", "params": {"captureBeyondViewport": True, "clip": clip, "optimizeForSpeed": True}})
        (PICTURES / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))

    def axe(self):
        if not self.script("return Boolean(window.axe)"):
            self.script(AXE.read_text() + "; window.axe = axe")
        self.script("window.found = null; axe.run(document, {resultTypes: ['violations']}).then((all) => { window.found = all.violations.map("
                    "(one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`); })")
        return self.wait(lambda: self.script("return window.found && {found: window.found}"), "axe-core ends")["found"]


def drained(page, *expected):
    """Chromium reports each refused request; these are meant."""
    said = page.said()
    assert all(any(word in one for word in expected) for one in said), said


@pytest.fixture(scope="module")
def chromium(chromedriver, request):
    """All of Chromium, as people use it, for a file that says WHOLE."""
    one = Page(chromedriver.url, getattr(request.module, "WHOLE", False))
    yield one
    one.close()
    until(lambda: not chromedriver.browsers(), "no browser is left behind")


@pytest.fixture
def page(chromium):
    """A message on its console or a violation of the policy fails the test."""
    chromium.forget()
    yield chromium
    said = chromium.said()
    assert not said, said


@pytest.fixture
def fake(tmp_path):
    one = FakeDaemon(tmp_path / "control.sock").start()
    for i in range(3):
        one.orders[f"e-{i}"] = order(f"e-{i}", worksheet=str(558 + i))
    one.orders["e-9"] = order("e-9", "Carls Cars", reason_code="amount_implausible", reason_text=EVIL, product_amount="12345.5", worksheet=EVIL)
    yield one
    one.stop()


@pytest.fixture
def console(fake, tmp_path):
    one = Console(tmp_path / "console", fake.path)
    for role in ("reader", "manager", "operator", "admin"):
        one.add(role, role)
    one.start()
    yield one
    one.stop()


def lifelike(fake):
    words = [("worksheet_closed", "The work order 2024-0{} has been invoiced."), ("worksheet_not_found", "No work order with this number."),
             ("outcome_unknown", "The connection was cut off after the line had been sent."), ("amount_implausible", "120 is more than 12.")]
    shops = [("bennys-auto", "Bennys Auto"), ("carls-cars", "Carls Cars"), ("aura", "Aura Öljy"), ("fjord", "Fjord Bilverksted")]
    now = datetime.now(UTC)
    ago = lambda **some: (now - timedelta(**some)).isoformat(timespec="milliseconds").replace("+00:00", "Z")  # noqa: E731
    fake.orders = {f"e-{i}": order(f"e-{i}", shops[i % 4][1], placed_at=ago(hours=5 * i, minutes=7), updated_at=ago(hours=5 * i, minutes=6), worksheet=str(558 + 7 * i), product_amount=["4.5", "5", "120", "3.75"][i % 4],
                                   product_nr=["10", "12"][i % 2], reason_code=words[why][0],
                                   reason_text=words[why][1].format(558 + 7 * i)) for i, why in enumerate((0, 1, 3, 1, 0, 2, 3, 1, 0))}
    fake.integrations = {slug: integration(slug, name, worker_since=ago(days=2), needs_attention=[3, 2, 2, 2][i]) for i, (slug, name) in enumerate(shops)}
    fake.integrations["fjord"].update(worker="parked", worker_reason="erp_unreachable", worker_text="cannot connect to erp.example.com: timed out",
                                      queue_length=14, oldest_placed_age_s=5400, worker_since=ago(minutes=90), next_probe_at=ago(minutes=-4))
    fake.integrations["aura"].update(process="failed", worker=None, last_error="a fault in its configuration")
