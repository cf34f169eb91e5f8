"""A real chromedriver on loopback, and a plain WebDriver client for looking at pages.

Chromedriver runs under a small parent process (this file as a program) that adopts all orphans below it. So every browser
process it ever started can be counted, even if intermediate processes died, and all are killed with the parent.

    /usr/bin/python3 test/erp/browser.py chromedriver --port=9515    # until SIGTERM
"""

import contextlib
import ctypes
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from web_server import Hold, Server, reply

PORTS = range(20000, 32768)  # below the range of outgoing connections
START_TIMEOUT_S = 300  # generous, for slow machines; a wait ends with its event
STOP_TIMEOUT_S = 120
REQUEST_TIMEOUT_S = 300
POLL_S = 0.02
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
MARK = "--pumpline-browser="

# Flags that Chromium needs here. As root it has no sandbox; it only shows the tests' own pages.
ARGUMENTS = ["--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--remote-debugging-pipe", "--window-size=1280,1000"]
ROOT_ARGUMENTS = ["--no-sandbox"] if os.geteuid() == 0 else []

# Chromium without its own user interface needs a third of the processor time. Only root may name a binary by path. All of
# Chromium runs in test_foreign_pages, test_console_live, half of boot/, and where a test says so.
# The program itself: what is in /usr/bin is a script that stays its parent.
SHELL = "/usr/lib/chromium/chromium-headless-shell"
SHELL = SHELL if os.geteuid() == 0 and os.path.exists(SHELL) else None

# Two processes where it has five, which saves a third of its start. (All of Chromium gains nothing by it.)
FEW_PROCESSES = ["--in-process-gpu", "--no-zygote", "--disable-software-rasterizer", "--enable-features=NetworkServiceInProcess2"] if SHELL else []

# No second process for the first page, which saves another third. Not for tests that open windows: Chromium then waits for itself.
ONE_RENDERER = ["--renderer-process-limit=1"]


def setup(*arguments):
    """`erp.browser` of a workshop, for most tests."""
    return {"arguments": [*ROOT_ARGUMENTS, *FEW_PROCESSES, *ONE_RENDERER, *arguments], **({"binary": SHELL} if SHELL else {})}


def installed():
    return bool(shutil.which("chromedriver") and shutil.which("chromium"))


# --- processes


def state_and_parent(pid):
    """None if the process is gone."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return state, int(parent)


def descendants(root):
    """All descendants of a process, by pid."""
    children = {}
    for name in os.listdir("/proc"):
        seen = state_and_parent(name) if name.isdigit() else None
        if seen and seen[0] != "Z":
            children.setdefault(seen[1], []).append(int(name))
    found, open_ends = [], [root]
    while open_ends:
        below = children.get(open_ends.pop(), [])
        found += below
        open_ends += below
    return found


def program(pid):
    """The name of its program; "" if the process is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def arguments(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    return []


class Chromedriver:
    """Can be started and stopped repeatedly; the port stays the same.

    With a lane, it and its browsers share one processor, chosen by that: their processes wake each other up all the time,
    which costs more on another processor."""

    PROGRAM = "chromedriver"
    COMMAND = ["chromedriver", "--log-level=WARNING"]

    def __init__(self, folder, port, lane=None):
        processors = sorted(os.sched_getaffinity(0))
        self.processors = processors if lane is None else [processors[lane % len(processors)]]
        self.folder = Path(folder)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = self.folder / "driver.log"
        self.keeper = None

    def command(self):
        return [*self.COMMAND, f"--port={self.port}"]

    def start(self):
        scratch = self.folder / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.keeper = subprocess.Popen(
                ["taskset", "-c", ",".join(map(str, self.processors)), sys.executable, __file__, *self.command()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "TMPDIR": str(scratch), "HOME": str(scratch)})
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            if self.keeper.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.PROGRAM} did not start: {self.log.read_text()[-2000:]}")
            time.sleep(POLL_S)
        return self

    def stop(self):
        if self.keeper:
            self.keeper.send_signal(signal.SIGTERM)
            self.keeper.wait(STOP_TIMEOUT_S)
            self.keeper = None

    def answers(self):
        try:
            with urllib.request.urlopen(f"{self.url}/status", timeout=5) as reply:
                return json.load(reply)["value"]["ready"]
        except OSError:
            return False

    def driver_pid(self):
        return next(pid for pid in descendants(self.keeper.pid) if program(pid) == self.PROGRAM)

    def browsers(self):
        """All remaining browser processes."""
        return [pid for pid in descendants(self.keeper.pid) if program(pid) != self.PROGRAM]

    def main_browser(self):
        """The parent of the others; None: no browser runs."""
        driver = self.driver_pid()
        return next((pid for pid in self.browsers() if (state_and_parent(pid) or ("", 0))[1] == driver), None)

    def marked(self):
        """The main processes of browsers that Pumpline opened, whatever their parent is now."""
        return [pid for pid in self.browsers() if any(word.startswith(MARK) for word in arguments(pid))]

    def kill_browser(self):
        os.kill(self.main_browser(), signal.SIGKILL)

    def kill_driver(self):
        """kill -9; start_driver() starts a new one."""
        os.kill(self.driver_pid(), signal.SIGKILL)

    def start_driver(self):
        self.keeper.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            assert time.monotonic() < deadline, f"{self.PROGRAM} does not come back"
            time.sleep(POLL_S)


class Proxy(Server):
    """A proxy between a WebDriver client and its driver: counts requests, and can hold one.

    A held request has not reached the driver; with `after`, the driver has answered and the client is still waiting.
    """

    def __init__(self, driver_url, port):
        super().__init__(port)
        self.driver_url = driver_url
        self.requests = 0
        self.text = self.held = None
        self.after = False
        self.start()

    def hold(self, text, after=False):
        """Holds the next request whose path and body contain the text, until release() of the result."""
        self.held, self.after, self.text = Hold(), after, text
        return self.held

    def stop(self):
        if self.held:
            self.held.release()
        super().stop()

    def answer(self, request):
        with self.lock:
            self.requests += 1
            held = None
            if self.text and self.text in f"{request.path} {request.body.decode()}":
                held, self.text = self.held, None
        if held and not self.after:
            held.stay()
        status, data = self.forward(request)
        if held and self.after:
            held.stay()
        return reply(status, data, ["Content-Type: application/json"])

    def forward(self, request):
        host, port = self.driver_url.split("//")[1].split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=REQUEST_TIMEOUT_S)
        headers = {"Content-Type": "application/json"} if request.method == "POST" else {}
        try:
            with contextlib.closing(connection):
                connection.request(request.method, request.path, request.body or None, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError from error


# --- a client


class WebDriverError(Exception):
    def __init__(self, value):
        super().__init__(f"{value.get('error')}: {value.get('message', '')[:300]}")


class Browser:
    """One session. Each method sends one request; wait() and find() poll."""

    DEADLINE_S = 180

    def __init__(self, url):
        self.host, self.port = url.split("//")[1].split(":")
        options = {"args": [*ARGUMENTS, *ROOT_ARGUMENTS, *FEW_PROCESSES], **({"binary": SHELL} if SHELL else {})}
        value = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options, "unhandledPromptBehavior": "ignore"}}})
        self.path = f"/session/{value['sessionId']}"

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=REQUEST_TIMEOUT_S)
        with contextlib.closing(connection):
            text = json.dumps(body if body is not None else {}) if method == "POST" else None
            connection.request(method, path, text, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            value = json.load(reply)["value"]
        if reply.status >= 400:
            raise WebDriverError(value)
        return value

    def post(self, path, body=None):
        return self.call("POST", self.path + path, body)

    def close(self):
        self.call("DELETE", self.path)

    def goto(self, url):
        self.post("/url", {"url": url})

    def script(self, text, *arguments):
        return self.post("/execute/sync", {"script": text, "args": list(arguments)})

    def wait(self, condition, what):
        """Less and less often: each request takes the processor from what is waited for."""
        deadline, pause_s = time.monotonic() + self.DEADLINE_S, 0.02
        while True:
            with contextlib.suppress(WebDriverError):
                result = condition()
                if result:
                    return result
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.3, 0.25)


# --- the parent process


def kill_all():
    while descendants(os.getpid()):
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


def keep(command):
    """Runs a driver until SIGTERM; does not restart it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1])
    unblock = lambda: signal.pthread_sigmask(signal.SIG_SETMASK, [])  # noqa: E731
    subprocess.Popen(command, preexec_fn=unblock)
    while True:
        number = signal.sigwait([signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1])
        if number == signal.SIGTERM:
            return kill_all()
        if number == signal.SIGUSR1:
            subprocess.Popen(command, preexec_fn=unblock)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def main():
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("TMPDIR", scratch)
        keep(sys.argv[1:] or [*Chromedriver.COMMAND, "--port=9515"])


if __name__ == "__main__":
    main()
