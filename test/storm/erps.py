"""The ERPs of a run: the scripted ones, and the real Tryton behind the proxy. browser_erp.py has the one with web pages."""

import contextlib
import http.client
import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import plan as plans
from calls import Violation, free_port, request

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "erp"))

import tryton  # noqa: E402
import tryton_seed  # noqa: E402

PYTHON = "/usr/bin/python3"
ODOO = HERE.parents[1] / "erp-drivers/recipes/odoo-json2.json"


class Process:
    """A helper program in Python that prints a line once it serves."""

    def __init__(self, *command):
        self.command = [PYTHON, "-S", "-B", *map(str, command)]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if not self.process.stdout.readline():
            raise RuntimeError(f"{self.command} did not start")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class ScriptedErp:
    PROGRAM = "scripted_erp.py"

    def __init__(self, folder, lane):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_port(lane)
        self.credentials = ("bot", plans.USERS["bot"])
        self.process = Process(HERE / self.PROGRAM, self.port, self.folder)
        self.lock = threading.Lock()

    def prepare(self, plan):
        folder = self.base(plan)
        folder.mkdir()
        sales = {worksheet: "draft" for worksheet in plans.worksheets(plan)} | {"600": "processing"}
        (folder / "erp.json").write_text(
            json.dumps({"users": plans.USERS, "products": plans.PRODUCTS, "sales": sales}))
        (folder / "mood.json").write_text(json.dumps(plan.mood))

    def base(self, plan):
        return self.folder / f"r{plan.seed}"

    def driver(self, plan):
        return {"system": "tryton", "url": f"http://127.0.0.1:{self.port}/r{plan.seed}/", "max_in_flight": plan.in_flight}

    def kill(self, pause_s):
        with self.lock:
            self.process.kill()
            time.sleep(pause_s)
            self.process.start()

    def person(self, plan, sale, **change):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            request(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5), "POST", f"/r{plan.seed}/person",
                    {"sale": sale, **change})

    def touch(self, plan, sale):
        self.person(plan, sale)

    def close(self, plan, sale):
        self.person(plan, sale, state="quotation")

    def reopen(self, plan, sale):
        self.person(plan, sale, state="draft")

    def calm(self, plan):
        with self.lock:
            (self.base(plan) / "quiet").touch()
        wait_until_idle(self.port)

    def record(self, plan):
        """Its record: lines, refusals, and closed sales."""
        path = self.base(plan) / "record.jsonl"
        entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        references = dict(enumerate(json.loads((self.base(plan) / "erp.json").read_text())["sales"], 1))
        lines = [{"id": str(one["line"]["id"]), "note": one["line"]["note"], "product": one["line"]["product"],
                  "amount": one["line"]["quantity"], "worksheet": references[one["sale"]]}
                 for one in entries if "line" in one]
        return {"lines": lines, "refused": {one["refused_line"] for one in entries if "refused_line" in one},
                "refused_logins": {one["refused_login"] for one in entries if "refused_login" in one},
                "closed": {"600"} | {references[one["sale"]] for one in entries if one.get("state", "draft") != "draft"}}

    def forget(self, plan):
        shutil.rmtree(self.base(plan), ignore_errors=True)

    def stop(self):
        self.process.kill()


def wait_until_idle(port, deadline_s=20):
    """A delayed request may still take effect."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if request(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "GET", "/idle") == (200, 0):
                return
        time.sleep(0.02)
    raise Violation("the ERP is busy without end")


class OdooErp(ScriptedErp):
    """The stand-in for Odoo, by the shipped recipe; a field of its own is unique in every second round."""

    PROGRAM = "odoo_erp.py"
    SETTLE_S = 2  # longer than its slowest reply

    def prepare(self, plan):
        folder = self.base(plan)
        folder.mkdir()
        sales = dict.fromkeys(plans.worksheets(plan), False) | {"600": True}
        (folder / "erp.json").write_text(json.dumps(
            {"users": plans.USERS, "products": plans.PRODUCTS, "sales": sales, "unique": plan.seed % 2 == 0}))
        (folder / "mood.json").write_text(json.dumps(plan.mood))
        (folder / "recipe.json").write_text(json.dumps({**json.loads(ODOO.read_text()), "settle_s": self.SETTLE_S}))

    def driver(self, plan):
        return {"system": "http", "recipe": str(self.base(plan) / "recipe.json"), "options": {"database": "erp"},
                "url": f"http://127.0.0.1:{self.port}/r{plan.seed}/", "max_in_flight": plan.in_flight}

    def reopen(self, plan, sale):
        pass

    def person(self, plan, sale, **change):
        if change:
            super().person(plan, sale, locked=f"w{plan.seed}-{sale}")

    def record(self, plan):
        path = self.base(plan) / "record.jsonl"
        entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        lines = [{"id": str(one["line"]["id"]), "note": one["line"]["x_pumpline_id"], "amount": str(one["line"]["product_uom_qty"]),
                  "product": list(plans.PRODUCTS)[one["line"]["product_id"][0] - 1], "worksheet": one["line"]["order_id"][1]}
                 for one in entries if "line" in one]
        return {"lines": lines, "refused": {one["refused_line"] for one in entries if "refused_line" in one},
                "refused_logins": {one["refused_login"] for one in entries if "refused_login" in one},
                "closed": {"600"} | {one["locked"] for one in entries if "locked" in one}}


class RealTryton:
    """A real server behind the misbehaving proxy; one for many rounds."""

    def __init__(self, folder, lane):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.server = tryton.Tryton(self.folder / "tryton")
        self.server.prepare(tryton.Tryton.template())
        self.server.start()
        self.credentials = tryton_seed.BOT
        self.passwords = dict([tryton_seed.ADMIN, tryton_seed.BOT])
        self.port = free_port(lane)
        self.proxy = None
        self.lock = threading.Lock()

    def prepare(self, plan):
        self.server.add_worksheets(plans.worksheets(plan))
        folder = self.base(plan)
        folder.mkdir()
        (folder / "mood.json").write_text(json.dumps(plan.mood))
        self.closed = {"600"}
        if self.proxy:
            self.proxy.kill()
        self.proxy = Process(HERE / "proxy.py", self.port, folder, self.server.port)

    def base(self, plan):
        return self.folder / f"r{plan.seed}"

    def driver(self, plan):
        return {"system": "tryton", "url": f"http://127.0.0.1:{self.port}/erp/", "max_in_flight": plan.in_flight}

    def kill(self, pause_s):
        with self.lock:
            self.server.kill()
            time.sleep(pause_s)
            self.server.start()

    def insist(self, call, *arguments):
        with self.lock:
            return call(*arguments)

    def touch(self, plan, sale):
        pass  # the real one's stamp has whole seconds; writes of other rounds advance it

    def close(self, plan, sale):
        reference = f"w{plan.seed}-{sale}"
        self.closed.add(reference)
        with contextlib.suppress(Exception):
            self.insist(self.server.quote, reference)

    def reopen(self, plan, sale):
        with contextlib.suppress(Exception):
            self.insist(self.server.draft, f"w{plan.seed}-{sale}")

    def calm(self, plan):
        with self.lock:
            (self.base(plan) / "quiet").touch()
        wait_until_idle(self.port, 60)

    def record(self, plan):
        rows = self.insist(self.server._lines, [["note", "like", f"s{plan.seed}-%"]])
        lines = [{"id": str(row["id"]), "note": row["note"], "product": row["product"], "amount": row["quantity"],
                  "worksheet": row["sale"]} for row in rows]
        return {"lines": lines, "refused": set(), "refused_logins": set(), "closed": self.closed}

    def forget(self, plan):
        shutil.rmtree(self.base(plan), ignore_errors=True)

    def stop(self):
        if self.proxy:
            self.proxy.kill()
        self.server.kill()
