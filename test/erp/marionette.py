"""A small W3C WebDriver server for Firefox: Debian has the browser, but no geckodriver.

Each session starts its own Firefox with a fresh profile and translates W3C commands to Marionette's: frames of
`length:json` over TCP, [0, id, command, parameters] out, [1, id, error, result] in. As with geckodriver, Firefox keeps
running if its driver is killed. For tests only: anyone who can connect to its port can start any program.

    /usr/bin/python3 test/erp/marionette.py --port=4444    # until SIGTERM or GET /shutdown
"""

import argparse
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import browser
from web_server import Server, json_reply

START_TIMEOUT_S = 180
COMMAND_TIMEOUT_S = 400  # Firefox has its own, shorter timeouts for page loads and scripts
POLL_S = 0.02
PR_SET_NAME = 15


def installed():
    return bool(shutil.which("firefox-esr"))


class Driver(browser.Chromedriver):
    PROGRAM = "marionette.py"
    COMMAND = [sys.executable, __file__]


# Turns off first-run activity of a fresh profile, and processes that are started before anybody needs them. Marionette sets the rest.
PREFS = {
    "marionette.port": 0,  # any free port; Firefox writes it to its profile
    "app.update.disabledForTesting": True,
    "browser.newtab.preload": False,
    "browser.newtabpage.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.tabs.remote.separatePrivilegedContentProcess": False,
    "browser.safebrowsing.blockedURIs.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processCount": 1,
    "dom.ipc.processPrelaunch.enabled": False,
    "extensions.enabledScopes": 0,
    "extensions.webextensions.remote": False,
    "fission.autostart": False,
    "gfx.webrender.software": True,
    "layout.frame_rate": 10,  # nobody looks: painting is a third of an order's processor time
    "media.rdd-process.enabled": False,
    "security.remote_settings.crlite_filters.enabled": False,
    "security.remote_settings.intermediates.enabled": False,
    "services.settings.server": "data:,",
    "startup.homepage_welcome_url": "about:blank",
    "toolkit.startup.max_resumed_crashes": -1,
}

# What Firefox compiles and finds out at its first start, which takes more processor time than all later ones. Each profile gets a copy.
COMPILED = ("compatibility.ini", "startupCache", "addonStartup.json.lz4", "extensions.json")

STATUS = {  # from the standard; all other errors: 500
    400: ("element click intercepted", "element not interactable", "insecure certificate", "invalid argument",
          "invalid cookie domain", "invalid element state", "invalid selector"),
    404: ("invalid session id", "no such alert", "no such cookie", "no such element", "no such frame",
          "no such window", "stale element reference", "unknown command"),
}

# METHOD path below /session/ID: Marionette's command. Path parts in braces become parameters.
COMMANDS = {
    "POST url": "Navigate", "GET url": "GetCurrentURL", "GET title": "GetTitle", "GET source": "GetPageSource",
    "POST back": "Back", "POST forward": "Forward", "POST refresh": "Refresh",
    "GET timeouts": "GetTimeouts", "POST timeouts": "SetTimeouts",
    "GET window": "GetWindowHandle", "POST window": "SwitchToWindow", "DELETE window": "CloseWindow",
    "GET window/handles": "GetWindowHandles", "POST window/new": "NewWindow",
    "GET window/rect": "GetWindowRect", "POST window/rect": "SetWindowRect", "POST window/maximize": "MaximizeWindow",
    "POST frame": "SwitchToFrame", "POST frame/parent": "SwitchToParentFrame",
    "GET element/active": "GetActiveElement", "POST element": "FindElement", "POST elements": "FindElements",
    "POST element/{element}/element": "FindElement", "POST element/{element}/elements": "FindElements",
    "POST element/{id}/click": "ElementClick", "POST element/{id}/clear": "ElementClear",
    "POST element/{id}/value": "ElementSendKeys", "GET element/{id}/text": "GetElementText",
    "GET element/{id}/name": "GetElementTagName", "GET element/{id}/attribute/{name}": "GetElementAttribute",
    "GET element/{id}/property/{name}": "GetElementProperty", "GET element/{id}/rect": "GetElementRect",
    "GET element/{id}/css/{propertyName}": "GetElementCSSValue", "GET element/{id}/enabled": "IsElementEnabled",
    "GET element/{id}/selected": "IsElementSelected", "GET element/{id}/displayed": "IsElementDisplayed",
    "POST execute/sync": "ExecuteScript", "POST execute/async": "ExecuteAsyncScript",
    "POST actions": "PerformActions", "DELETE actions": "ReleaseActions",
    "GET cookie": "GetCookies", "DELETE cookie": "DeleteAllCookies", "DELETE cookie/{name}": "DeleteCookie",
    "POST alert/accept": "AcceptAlert", "POST alert/dismiss": "DismissAlert",
    "GET alert/text": "GetAlertText", "POST alert/text": "SendAlertText",
    "GET screenshot": "TakeScreenshot",
}
ROUTES = [(re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path) + "$"), command) for path, command in COMMANDS.items()]
EXTRA = {"TakeScreenshot": {"full": False}}


class Failure(Exception):
    def __init__(self, error, message, data=None):
        super().__init__(message)
        self.error = error
        self.value = {"error": error, "message": message, "stacktrace": "", **({"data": data} if data else {})}

    @property
    def status(self):
        return next((status for status, errors in STATUS.items() if self.error in errors), 500)


def find_command(method, path, body):
    for pattern, command in ROUTES:
        match = pattern.match(f"{method} {path}")
        if match:
            return command, {**body, **match.groupdict(), **EXTRA.get(command, {})}
    raise Failure("unknown command", f"{method} {path}")


def frame_parameters(body):
    """Marionette names elements, numbers and null differently."""
    return {"element": next(iter(body["id"].values()))} if isinstance(body.get("id"), dict) else body


class Firefox:
    """One session: a process, its profile and the connection to it. compiled: a folder with what an earlier one has compiled."""

    def __init__(self, wanted, compiled=None):
        options = wanted.pop("moz:firefoxOptions", {})
        self.lock = threading.Lock()
        self.profile = Path(tempfile.mkdtemp(prefix="firefox-"))
        if compiled:
            shutil.copytree(compiled, self.profile, dirs_exist_ok=True)
        self.connection = None
        self.count = 0
        prefs = {**PREFS, **options.get("prefs", {})}
        (self.profile / "user.js").write_text(
            "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in prefs.items()))
        self.process = subprocess.Popen(
            [options.get("binary", "firefox-esr"), "--marionette", "--no-remote", "--profile", self.profile,
             *options.get("args", [])],
            env={**os.environ, **options.get("env", {})}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            self.connect()
            result = self.command("NewSession", {**wanted, "acceptInsecureCerts": True})  # the tests' own certificates
        except BaseException:
            self.end()
            raise
        self.id, self.capabilities = result["sessionId"], result["capabilities"]

    def connect(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        place = self.profile / "MarionetteActivePort"
        while not place.exists() or not place.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failure("session not created", "Firefox does not start")
            time.sleep(POLL_S)
        self.connection = socket.create_connection(("127.0.0.1", int(place.read_text())), COMMAND_TIMEOUT_S)
        self.stream = self.connection.makefile("rb")
        self.read()  # its greeting

    def read(self):
        length = b""
        while not length.endswith(b":"):
            byte = self.stream.read(1)
            if not byte:
                raise EOFError("Firefox is gone")
            length += byte
        return json.loads(self.stream.read(int(length[:-1])))

    def send(self, name, parameters):
        self.count += 1
        data = json.dumps([0, self.count, name, parameters]).encode()
        self.connection.sendall(b"%d:%s" % (len(data), data))

    def command(self, name, parameters):
        with self.lock:
            try:
                self.send(f"WebDriver:{name}", parameters)
                _, number, error, result = self.read()
                assert number == self.count
            except (OSError, EOFError, ValueError) as gone:
                raise Failure("unknown error", f"Firefox does not answer: {gone}") from gone
        if error:
            raise Failure(error["error"], error["message"], error.get("data"))
        return result["value"] if isinstance(result, dict) and result.keys() == {"value"} else result

    def keep_compiled(self, folder):
        """Firefox writes it when it quits by itself."""
        self.send("Marionette:Quit", {"flags": ["eForceQuit"]})
        self.process.wait(START_TIMEOUT_S)
        for name in COMPILED:
            made = self.profile / name
            if made.is_dir():
                shutil.copytree(made, folder / name)
            elif made.exists():
                shutil.copy(made, folder)

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.connection:
            self.connection.close()
        shutil.rmtree(self.profile, ignore_errors=True)


def compile_once(folder):
    firefox = Firefox({"moz:firefoxOptions": {"args": ["-headless"]}})
    try:
        firefox.keep_compiled(folder)
    finally:
        firefox.end()


class Sessions(Server):
    def __init__(self, port, compiled):
        super().__init__(port)
        self.sessions, self.compiled = {}, compiled

    def answer(self, request):
        try:
            status, value = 200, self.act(request, json.loads(request.body or b"{}"))
        except Failure as failure:
            status, value = failure.status, failure.value
        return json_reply({"value": value}, status)

    def act(self, request, body):
        _, first, *rest = request.path.split("/", 3)
        if request.path == "/status":
            return {"ready": True, "message": ""}
        if request.path == "/shutdown":
            return os.kill(os.getpid(), signal.SIGTERM)
        if first != "session":
            raise Failure("unknown command", request.path)
        if not rest:
            return self.open(body["capabilities"])
        return self.run(request.method, rest[0], rest[1] if len(rest) > 1 else "", body)

    def open(self, capabilities):
        firefox = Firefox({**capabilities.get("alwaysMatch", {}), **capabilities.get("firstMatch", [{}])[0]}, self.compiled)
        self.sessions[firefox.id] = firefox
        return {"sessionId": firefox.id, "capabilities": firefox.capabilities}

    def run(self, method, session, path, body):
        firefox = self.sessions.get(session)
        if not firefox:
            raise Failure("invalid session id", session)
        if not path and method == "DELETE":
            del self.sessions[session]
            return firefox.end()
        name, parameters = find_command(method, path, body)
        return firefox.command(name, frame_parameters(parameters) if name == "SwitchToFrame" else parameters)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=4444)
    ctypes.CDLL(None).prctl(PR_SET_NAME, Driver.PROGRAM.encode(), 0, 0, 0)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    port = parser.parse_args().port
    with tempfile.TemporaryDirectory(prefix="firefox-compiled-") as compiled:
        compile_once(Path(compiled))
        with Sessions(port, compiled) as server:
            over.wait()
        for firefox in list(server.sessions.values()):
            firefox.end()


if __name__ == "__main__":
    main()
