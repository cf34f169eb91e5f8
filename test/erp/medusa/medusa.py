"""A real Medusa server (npm's @medusajs/medusa) and a real PostgreSQL on loopback, with products and draft orders.

The packages are installed once, into a cache folder of the user's. Without npm, its network or PostgreSQL, Medusa.missing()
says why.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

VERSION = "2.21.2"
PACKAGES = ("@medusajs/medusa", "@medusajs/framework", "@medusajs/cli")
USER, PASSWORD = "bot@example.com", "medusa-secret-7351"
INSTALL_S, COMMAND_S, START_S = 600, 600, 600
FIRST_WORKSHEET = 558
HERE = Path(__file__).parent


def postgres():
    """The folder of Debian's newest PostgreSQL; None: it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


def opens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Postgres:
    """A cluster of its own in a temporary folder. PostgreSQL refuses to run as root: then it runs as Debian's postgres."""

    def __init__(self, port):
        self.url = f"postgres://postgres@127.0.0.1:{port}/medusa"
        self.folder = Path(tempfile.mkdtemp(prefix="pumpline-postgres-"))
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "--no-sync")
        self.log = (self.folder / "log").open("w")
        self.process = subprocess.Popen(
            [postgres() / "postgres", "-D", self.folder / "data", "-p", str(port), "-k", self.folder, "-c", "listen_addresses=127.0.0.1",
             "-c", "fsync=off"], stdout=self.log, stderr=self.log, cwd="/", **self.user)
        wait_for(lambda: opens(port), self.process, "PostgreSQL")
        self.sql("CREATE DATABASE medusa", database="postgres")

    def run(self, program, *arguments):
        subprocess.run([postgres() / program, *arguments], check=True, capture_output=True, timeout=COMMAND_S, cwd="/", **self.user)

    def sql(self, text, database="medusa"):
        self.run("psql", "-v", "ON_ERROR_STOP=1", "-c", text, self.url.rsplit("/", 1)[0] + f"/{database}")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.log.close()
        shutil.rmtree(self.folder)


def wait_for(condition, process, what):
    end = time.monotonic() + START_S
    while not condition():
        if process.poll() is not None:
            raise RuntimeError(f"{what} has ended with {process.returncode}")
        if time.monotonic() > end:
            raise RuntimeError(f"{what} does not listen after {START_S} s")
        time.sleep(0.1)


class Medusa:
    @staticmethod
    def cache():
        return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / f"pumpline-medusa-{VERSION}"

    @classmethod
    def missing(cls):
        """Why it cannot be started; empty: it can."""
        if not shutil.which("npm") or not shutil.which("node"):
            return "npm is not installed"
        if not postgres():
            return "postgresql is not installed"
        if (cls.cache() / "installed").exists():
            return ""
        cls.cache().mkdir(parents=True, exist_ok=True)
        (cls.cache() / "package.json").write_text(json.dumps(
            {"name": "erp", "private": True, "dependencies": dict.fromkeys(PACKAGES, VERSION)}))
        try:
            done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=cls.cache(),
                                  capture_output=True, text=True, timeout=INSTALL_S, check=False)
        except subprocess.TimeoutExpired:
            return f"npm install of Medusa took more than {INSTALL_S} s"
        if done.returncode:
            return f"npm cannot install Medusa: {(done.stderr.strip().splitlines() or ['no reason given'])[0]}"
        (cls.cache() / "installed").touch()
        return ""

    def __init__(self, port, database_port, folder):
        self.port, self.url, self.folder, self.token = port, f"http://127.0.0.1:{port}/", folder, None
        self.process = None
        self.database = Postgres(database_port)
        folder.mkdir()
        shutil.copy(HERE / "medusa-config.js", folder)
        shutil.copy(self.cache() / "package.json", folder)
        (folder / "node_modules").symlink_to(self.cache() / "node_modules")
        self.environment = {**os.environ, "DATABASE_URL": self.database.url, "MEDUSA_DISABLE_TELEMETRY": "true", "NODE_ENV": "production"}
        self.log = (folder / "log").open("a")
        try:
            self.command("db:migrate")
            self.database.sql(f"ALTER SEQUENCE order_display_id_seq RESTART {FIRST_WORKSHEET}")
            self.command("user", "-e", USER, "-p", PASSWORD)
            self.start()
            self.fill()
        except BaseException:
            self.stop()
            raise

    def arguments(self, *more):
        return ["node", self.folder / "node_modules/@medusajs/cli/cli.js", *more]

    def command(self, *arguments):
        subprocess.run(self.arguments(*arguments), cwd=self.folder, env=self.environment, stdout=self.log, stderr=self.log,
                       check=True, timeout=COMMAND_S)

    def start(self):
        self.process = subprocess.Popen(self.arguments("start", "-H", "127.0.0.1", "-p", str(self.port)), cwd=self.folder,
                                        env=self.environment, stdout=self.log, stderr=self.log)
        wait_for(lambda: opens(self.port), self.process, "Medusa")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.kill()
        self.database.stop()
        self.log.close()

    # --- content

    def ask(self, method, path, body=None):
        """The reply's JSON; its status must be 200."""
        if not self.token:
            self.token = "-"
            self.token = self.ask("POST", "auth/user/emailpass", {"email": USER, "password": PASSWORD})["token"]
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode(), method=method,
                                         headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def fill(self):
        self.channel = self.ask("POST", "admin/sales-channels", {"name": "Workshop"})["sales_channel"]["id"]
        self.region = self.ask("POST", "admin/regions", {"name": "Europe", "currency_code": "eur", "countries": ["de"]})["region"]["id"]
        self.ask("POST", "admin/tax-regions", {"country_code": "de", "provider_id": "tp_system",
                                               "default_tax_rate": {"name": "VAT", "code": "vat", "rate": 19}})
        for code, more in (("10", {}), ("1010", {}), ("11", {"status": "draft"}), ("12", {"price": None})):
            self.add_product(code, **more)
        self.orders = [self.add_order() for _ in range(8)]  # worksheets 558 to 565; 566 is placed
        self.placed = self.add_order()
        self.ask("POST", f"admin/draft-orders/{self.placed}/convert-to-order")

    def add_product(self, code, status="published", price=12.5):
        prices = [{"amount": price, "currency_code": "eur"}] if price else []
        self.ask("POST", "admin/products", {
            "title": f"Oil {code}", "status": status, "sales_channels": [{"id": self.channel}], "options": [{"title": "Size", "values": ["1"]}],
            "variants": [{"title": "1", "sku": code, "manage_inventory": False, "options": {"Size": "1"}, "prices": prices}]})

    def add_order(self):
        address = {"first_name": "A", "last_name": "B", "address_1": "C", "city": "D", "country_code": "de"}
        order = self.ask("POST", "admin/draft-orders", {"email": "customer@example.com", "region_id": self.region, "currency_code": "eur",
                                                        "sales_channel_id": self.channel, "shipping_address": address})
        return order["draft_order"]["id"]

    def lines(self):
        found = []
        for order in [*self.orders, self.placed]:
            of = self.ask("GET", f"admin/orders/{order}?fields=display_id,*items,*items.tax_lines")["order"]
            found += [{"worksheet": str(of["display_id"]), **item} for item in of["items"]]
        return found

    def of(self, uniqueid):
        return [line for line in self.lines() if (line["metadata"] or {}).get("pumpline_id") == uniqueid]

    def open_edits(self):
        changes = [self.ask("GET", f"admin/orders/{order}/changes")["order_changes"] for order in self.orders]
        return [change["internal_note"] for of in changes for change in of if change["status"] in ("pending", "requested")]
