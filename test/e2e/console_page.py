"""A real Chromium on the console's pages, one for all tests of a file: starting one takes seconds of CPU."""

import base64

import browser
import pytest
from console import AXE, PASSWORD
from pumpline import BUILD, until

PICTURES = BUILD / "console-pictures"


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
