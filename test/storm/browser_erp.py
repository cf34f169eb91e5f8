"""The form shop of test/erp behind a real browser, for the storm: a server per round, one chromedriver for all rounds."""

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import plan as plans
from calls import Violation, free_port

sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))

import browser  # noqa: E402
import formshop  # noqa: E402
import reverse  # noqa: E402

RECIPE = Path(formshop.__file__).with_name("formshop-recipe.json")
IDLE_S = 60
PAGE_S = 20  # a browser's first page takes seconds on a busy machine
SERVER_S = 3  # the duration of a save without faults


class BrowserErp:
    def __init__(self, folder, lane):
        self.folder, self.lane = Path(folder), lane
        self.folder.mkdir(parents=True)
        self.driver_process = browser.Chromedriver(self.folder / "chromedriver", free_port(lane), lane).start()
        self.credentials, self.passwords = ("bot", plans.USERS["bot"]), plans.USERS
        self.lock = threading.Lock()
        self.server = self.nginx = None

    # --- a round

    def prepare(self, plan):
        self.end()
        self.shop = formshop.Shop(self.base(plan))
        self.shop.folder.mkdir()
        sales = {worksheet: "draft" for worksheet in plans.worksheets(plan)} | {"600": "processing"}
        (self.shop.folder / "erp.json").write_text(
            json.dumps({"users": plans.USERS, "products": plans.PRODUCTS, "sales": sales}))
        (self.shop.folder / "mood.json").write_text(json.dumps(plan.mood))
        self.write_recipe(plan)
        self.port, self.tls = free_port(self.lane), plan.mood["front"] == "https"
        self.server = formshop.start(self.port, self.folder, self.tls)
        if plan.mood["front"].startswith("nginx"):
            self.nginx = reverse.Nginx(
                self.shop.folder / "nginx", free_port(self.lane), self.port, plan.mood["front"] != "nginx",
                plan.mood["front"] == "nginx-h2", reverse.IMPATIENT + (reverse.SILENT if plan.mood["silent"] else ""))

    def write_recipe(self, plan):
        slow_s = plan.mood["slow_s"] if plan.mood["kinds"].keys() & set(plans.SLOW) else 0
        recipe = json.loads(RECIPE.read_text())
        recipe |= {"timeout_s": PAGE_S, "settle_s": SERVER_S + slow_s, "browser": {"page_load_s": PAGE_S}}
        (self.shop.folder / "recipe.json").write_text(json.dumps(recipe))

    def driver(self, plan):
        url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/{self.shop.folder.name}/"
        if self.nginx:
            url = self.nginx.url.replace("/shop/", f"/{self.shop.folder.name}/")
        return {"system": "webdriver", "recipe": str(self.shop.folder / "recipe.json"), "url": url,
                "webdriver_url": self.driver_process.url,
                "browser": browser.setup("--ignore-certificate-errors")}

    def base(self, plan):
        return self.folder / f"r{plan.seed}"

    # --- faults

    def kill(self, pause_s):
        with self.lock:
            formshop.end(self.server)
            time.sleep(pause_s)
            self.server = formshop.start(self.port, self.folder, self.tls)

    def kill_browser(self, _):
        pid = self.driver_process.main_browser()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return 1
        return 0

    def stop_browser(self, _):
        """It stops answering; the daemon ends it."""
        pid = self.driver_process.main_browser()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        return 0

    def kill_chromedriver(self, dice):
        with self.lock:
            self.driver_process.kill_driver()
            time.sleep(dice % 1000 / 1000)
            self.driver_process.start_driver()
        return 1

    def kill_proxy(self, _):
        if self.nginx:
            self.nginx.kill_worker()
        return int(self.nginx is not None)

    def touch(self, _plan, _sale):
        pass  # no stamp is checked here

    def close(self, plan, sale):
        with self.shop.open() as state:
            state.write(sheet=f"w{plan.seed}-{sale}", state="processing")

    def reopen(self, _plan, _sale):
        pass

    # --- results

    def calm(self, _):
        (self.shop.folder / "quiet").touch()
        end = time.monotonic() + IDLE_S
        while formshop.busy(self.folder):
            if time.monotonic() > end:
                raise Violation("the ERP is busy without end")
            time.sleep(0.02)

    def record(self, _):
        path = self.shop.folder / "record.jsonl"
        entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        lines = [{"id": line["id"], "note": line["reference"], "product": line["product"], "amount": line["amount"],
                  "worksheet": line["worksheet"]}
                 for line in {one["line"]["id"]: one["line"] for one in entries if "line" in one}.values()]
        forms = Counter((one["posted"], *one["references"]) for one in entries if "posted" in one)
        return {"lines": lines, "refused": {one["refused_line"] for one in entries if "refused_line" in one},
                "refused_logins": {one["refused_login"] for one in entries if "refused_login" in one},
                "closed": {"600"} | {one["sheet"] for one in entries if one.get("state", "draft") != "draft"},
                "repeated": {references[0]: times for (_, *references), times in forms.items() if times > 1}}

    def forget(self, plan):
        shutil.rmtree(self.base(plan), ignore_errors=True)

    # --- shutdown

    def end(self):
        """Ends a round: none of its browsers may reach the next round's ERP."""
        for pid in self.driver_process.browsers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.nginx:
            self.nginx.stop()
            self.nginx = None
        if self.server:
            formshop.end(self.server)
            self.server = None

    def stop(self):
        self.end()
        self.driver_process.stop()
