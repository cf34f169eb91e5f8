"""The environment of a round: the daemon with two workshops, their ERP, and the actions on them."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
from collections import Counter
from pathlib import Path

import plan as plans
from calls import CLIENT_TIMEOUT_S, UnixConnection, Violation, free_port, request
from receiver import SECRET, Receiver

NAMES = {"erp": "Bennys Auto", "file": "Nils Værksted"}
PLAN_BYTES = 4096
STOP_TIMEOUT_S = 60  # including a browser that does not answer
HANDLERS_S = 3  # before the daemon installs its handlers, SIGTERM kills it like any process
# A worker forked just before the kill holds the daemon's lock and control socket until exec: the next daemon ends with
# EX_UNAVAILABLE or EX_CANTCREAT, and its service manager restarts it.
HELD, LOCK_HELD_S = (69, 73), 3


# What a run can switch on (--with): members of each workshop's configuration.
FEATURES = {"callbacks": lambda world, slug: {"callback": {"url": f"{world.receiver.url}/hook", "secret": SECRET}},
            "mapping": lambda world, slug: {"products": plans.MAPPING},
            "hold": lambda world, slug: {"hold": {"worksheet_not_found_s": plans.HOLD_S, "worksheet_closed_s": plans.HOLD_S}}}


class Shop:
    """One workshop's API."""

    def __init__(self, slug, port):
        self.slug, self.name, self.port = slug, NAMES[slug], port

    def call(self, method, target, body=None):
        return request(http.client.HTTPConnection("127.0.0.1", self.port, timeout=CLIENT_TIMEOUT_S), method, target,
                       body)

    def insist(self, method, target, body=None, deadline_s=60):
        """Repeats until there is a reply, which must come after the last fault."""
        end = time.monotonic() + deadline_s
        while True:
            try:
                status, value = self.call(method, target, body)
                if status != 503:
                    return status, value
            except (OSError, http.client.HTTPException, ValueError):
                status = None
            if time.monotonic() > end:
                raise Violation(f"{method} {target} of {self.slug}: no answer in {deadline_s} s (last: {status})")
            time.sleep(0.02)

    def orders(self):
        """All orders, oldest first."""
        found, after = [], ""
        while True:
            status, page = self.insist("GET", f"/orders?limit=1000{after}")
            if status != 200:
                raise Violation(f"GET /orders of {self.slug}: {status} {page}")
            found += page["orders"]
            if not page["next"]:
                return found[::-1]
            after = f"&after={page['next']}"

    def history(self, uniqueid):
        return self.insist("GET", f"/orders/{urllib.parse.quote(uniqueid, safe='')}/history")[1]["history"]


def hard_limit(pid):
    with open(f"/proc/{pid}/limits") as limits:
        return next(int(line.split()[4]) for line in limits if line.startswith("Max open files"))


def limit_descriptors(pid, soft, hard):
    """As the process's own user, since root in a container may lack the right to signal it."""
    with open(f"/proc/{pid}/status") as status:
        uid = next(int(line.split()[1]) for line in status if line.startswith("Uid:"))
    user = {} if uid == os.getuid() else {"user": uid, "group": uid, "extra_groups": []}
    subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={soft}:{hard}"], check=False, stderr=subprocess.DEVNULL,
                   **user)


class FaultPlan:
    """The shared memory of common/base/failpoint.h."""

    def __init__(self, path, lines):
        self.path = path
        text = "\n".join(["clock +000000000000", *lines]).encode() + b"\n"
        path.write_bytes(text.ljust(PLAN_BYTES, b"\0"))

    def clock(self, offset_ms):
        with self.path.open("r+b") as file:
            file.seek(len("clock "))
            file.write(f"{offset_ms:+013}".encode())

    def fired(self):
        """(rest of the failpoint's name, action) of each event."""
        lines = self.path.read_bytes().split(b"\0")[0].decode().splitlines()
        return [(line[1:].split()[0], line.split()[2]) for line in lines if line.startswith("#")]

    def clear(self, but):
        """Removes all faults except those at the points in `but`; the clock stays as it is."""
        with self.path.open("r+b") as file:
            start = len("clock +000000000000\n")
            for line in file.read()[start:].split(b"\0")[0].splitlines():
                if not line.startswith((b"#", b"mutant.", *but)):
                    file.seek(start)
                    file.write(b"-")
                start += len(line) + 1


class World:
    """One round's folder and processes. `erp`: the front of the ERP, shared by many rounds."""

    def __init__(self, folder, plan, build, erp, lane, features=()):
        self.folder, self.plan, self.build, self.erp = Path(folder), plan, Path(build), erp
        self.features, self.receiver = features, None
        if "hold" in features:
            plan.actions = sorted([*plan.actions, (0.03, "close_worksheet", plan.seed)])
        if "callbacks" in features:
            self.receiver = Receiver(free_port(lane), plan.seed).start()
        self.socket = self.folder / "control.sock"
        self.log = self.folder / "pumplined.log"
        self.lines, self.imported = self.folder / "lines", self.folder / "imported"
        self.process, self.kills, self.over = None, 0, False
        # The leak check fails if descriptors are short.
        short = any(what == "descriptors" for _, what, _ in plan.actions)
        self.sanitizer = "detect_leaks=0" if short else ""
        self.killed_s = self.started_s = 0
        self.retries = Counter()
        self.lock = threading.Lock()
        for path in (self.folder / "workshops.d", self.folder / "state", self.lines, self.imported):
            path.mkdir(parents=True)
        self.lines.chmod(0o777)  # as root, each worker has its own user, and all write their lines there
        self.shops = {slug: Shop(slug, free_port(lane)) for slug in plans.SLUGS}
        self.plans = {name: FaultPlan(self.folder / "state" / f"{name}.faults", plan.faults.get(name, []))
                      for name in (*plans.SLUGS, "pumplined")}
        self.write_configuration()

    def write_configuration(self):
        # Short, to keep rounds short; long enough for a fault between two attempts.
        retry = {"first_s": 0.02, "max_s": 0.3, "give_up_after_s": self.plan.give_up_after_s}
        drivers = {"erp": {**self.erp.driver(self.plan), "timeout_s": plans.TIMEOUT_S[self.plan.erp]},
                   "file": {"system": "file", "folder": str(self.lines), "format": "json",
                            "max_in_flight": self.plan.in_flight}}
        (self.folder / "pumpline.json").write_text(json.dumps({
            "control_socket": str(self.socket), "state_dir": str(self.folder / "state"),
            "workshops_dir": str(self.folder / "workshops.d"), "key_file": str(self.folder / "master.key")}))
        for slug, shop in self.shops.items():
            document = {"workshop": shop.name, "listen": f"127.0.0.1:{shop.port}", "erp": drivers[slug],
                        "retry": retry, "stop_timeout_s": 5}
            user, password = self.erp.credentials
            if slug == "erp":
                document["credentials"] = {"username": user, "password": password}
            for feature in self.features:
                document.update(FEATURES[feature](self, slug))
            (self.folder / "workshops.d" / f"{slug}.json").write_text(json.dumps(document))

    # --- the daemon, restarted whenever it dies

    def start(self):
        with self.lock, self.log.open("ab") as log:
            if not self.over:
                self.started_s = time.monotonic()
                self.process = subprocess.Popen([self.build / "pumplined", "-c", self.folder / "pumpline.json"],
                                                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                env={**os.environ, "ASAN_OPTIONS": self.sanitizer})

    def tend(self):
        """Called frequently, like a service manager."""
        status = self.process.poll() if self.process else None
        if status is None:
            return
        if status == -signal.SIGKILL:
            self.kills += 1
            self.killed_s = time.monotonic()
        elif status == -signal.SIGTERM and time.monotonic() - self.started_s < HANDLERS_S:
            pass
        elif status in HELD and time.monotonic() - self.killed_s < LOCK_HELD_S:
            pass
        elif status != 0:
            raise Violation(f"pumplined ended with {status}")
        self.start()

    def children(self):
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
                return [int(pid) for pid in file.read().split()]
        except (OSError, AttributeError):
            return []

    def control(self, method, target, body=None):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            return request(UnixConnection(self.socket), method, target, body)

    # --- actions; `dice` is a number from the plan

    def kill_worker(self, dice):
        children = self.children()
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(children[dice % len(children)], signal.SIGKILL)
                self.kills += 1

    def kill_daemon(self, _):
        if self.process.poll() is None:
            self.process.kill()

    def terminate(self, _):
        if self.process.poll() is None:
            self.process.terminate()

    def kill_erp(self, dice):
        self.kills += 1
        self.erp.kill(0.05 + dice % 200 / 1000)

    def clock_back(self, dice):
        for slug in plans.SLUGS:
            self.plans[slug].clock(-1000 * (1 + dice % 7200))

    def clock_on(self, dice):
        for slug in plans.SLUGS:
            self.plans[slug].clock(1000 * (1 + dice % 7200))

    def descriptors(self, dice):
        """A process runs out of descriptors for a while."""
        # Not during the daemon's start, when it could not load its libraries.
        pids = self.children()
        if not pids:
            return
        pids = [*pids, self.process.pid]
        pid = pids[dice % len(pids)]
        with contextlib.suppress(OSError, ValueError):
            count = len(os.listdir(f"/proc/{pid}/fd"))
            hard = hard_limit(pid)
            limit_descriptors(pid, min(count + dice % 3, hard), hard)
            time.sleep(0.1 + dice % 100 / 1000)
            limit_descriptors(pid, hard, hard)

    def stop_worker(self, dice):
        slug = plans.SLUGS[dice % 2]
        for command in ("stop_worker", "start_worker"):
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self.shops[slug].call("PUT", f"/{command}")
            time.sleep(0.05)

    def clear_queue(self, dice):
        for _ in range(10):  # it may be about to start
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self.shops[plans.SLUGS[dice % 2]].call("PUT", "/clear_queue")
                return
            time.sleep(0.05)

    def restart(self, dice):
        self.control("PUT", f"/workshops/{plans.SLUGS[dice % 2]}/restart")

    def reconfigure(self, dice):
        """As in a GUI: reads the document and changes one member."""
        path = f"/workshops/{plans.SLUGS[dice % 2]}"
        for retention_days in (400 + dice % 100, 400):
            shown = self.control("GET", path)
            if shown and shown[0] == 200:
                self.control("PUT", path, {**shown[1]["configuration"], "retention_days": retention_days})

    def rekey(self, _):
        self.control("PUT", "/rekey")

    def lock_worksheet(self, dice):
        self.erp.touch(self.plan, 1 + dice % 5)

    def close_worksheet(self, dice):
        self.erp.close(self.plan, 1 + dice % 5)
        if "hold" in self.features:
            self.wait_for_held(f"w{self.plan.seed}-{1 + dice % 5}")
            self.erp.reopen(self.plan, 1 + dice % 5)

    def wait_for_held(self, worksheet):
        """Until an order waits for it, if one does: it must become a line once the worksheet is open again."""
        end = time.monotonic() + plans.CLOSED_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                tasks = self.shops["erp"].call("GET", "/queue?limit=1000")[1].get("tasks", [])
                if any(one["worksheet"] == worksheet and one["reason_code"] == "worksheet_closed" for one in tasks):
                    return
            time.sleep(0.05)

    def do(self, action):
        """Actions on the ERP and its processes."""
        _, what, dice = action
        if hasattr(self, what):
            getattr(self, what)(dice)
        else:
            self.kills += getattr(self.erp, what)(dice)

    # --- the importer of the file driver's folder

    def import_files(self):
        for path in self.lines.glob("[!.]*.json"):
            # A new name each time, so that duplicate files are noticed.
            with contextlib.suppress(FileNotFoundError):
                path.rename(self.imported / f"{time.monotonic_ns()}-{path.name}")

    def file_lines(self):
        return [json.loads(path.read_text()) for folder in (self.lines, self.imported)
                for path in folder.iterdir() if not path.name.startswith(".")]

    # --- shutdown

    def calm(self, but=()):
        """No faults from here on."""
        for one in self.plans.values():
            one.clear(but)
        self.erp.calm(self.plan)

    def stop(self, gently):
        with self.lock:
            self.over = True
        if not self.process:
            return
        if self.process.poll() is None:
            (self.process.terminate if gently else self.process.kill)()
        children = self.children()
        status = self.process.wait(STOP_TIMEOUT_S)
        if not gently:
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if gently and status not in (0, -signal.SIGTERM):
            raise Violation(f"pumplined ended with {status} after SIGTERM")

    def close(self):
        if self.receiver:
            self.receiver.stop()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
