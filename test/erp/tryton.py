"""A real Tryton server on loopback, for tests and for manual use.

Owns the server's process and its folder: configuration, SQLite database, log. tryton_seed.py creates the initial content
of the database. Needs Debian's packages tryton-server, tryton-modules-sale, tryton-sao and tryton-proteus.

    /usr/bin/python3 test/erp/tryton.py --folder DIR serve
"""

import argparse
import contextlib
import fcntl
import hashlib
import http.client
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import tryton_seed  # noqa: E402
from tryton_rpc import Rpc  # noqa: E402

PYTHON = "/usr/bin/python3"  # Debian's trytond is installed for this one
DATABASE = "erp"
# Below the range of outgoing connections, so that the port is still free after a restart.
PORTS = range(20000, 32768)
START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 10
POLL_S = 0.02

CONFIG = """\
[database]
uri = sqlite://
path = {folder}
[web]
listen = 127.0.0.1:{port}
root = /usr/share/tryton-sao/www
[password]
length = 0
entropy = 0
passlib = {hashes}
"""
# The default takes a third of a second of the processor for each login.
CHEAP_HASHES = "[passlib]\nschemes = pbkdf2_sha512\npbkdf2_sha512__rounds = 100\n"


def free_port():
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


class Tryton:
    """One server in `folder`: prepare() once, then start() and stop() as needed.

    The port stays the same after a restart. Readers and helpers need a running server unless they say otherwise.
    """

    def __init__(self, folder, port=None):
        self.folder = Path(folder).resolve()
        self.config_path = self.folder / "trytond.conf"
        self.database_path = self.folder / f"{DATABASE}.sqlite"
        self.log_path = self.folder / "trytond.log"
        self.port = port or free_port()
        self.web_url = f"http://127.0.0.1:{self.port}/"
        self.url = f"{self.web_url}{DATABASE}/"
        self.process = None
        self.admin = Rpc(self.url, *tryton_seed.ADMIN)

    # --- the folder

    @classmethod
    def template(cls):
        """A prepared folder, created once per seed and configuration: tests, storms and benchmarks that want it meanwhile wait for
        it. It stays in the folder of temporary files."""
        seed = Path(tryton_seed.__file__).read_bytes() + f"{CONFIG}{CHEAP_HASHES}".encode()
        key = hashlib.sha256(seed).hexdigest()[:16]
        cache = Path(tempfile.gettempdir()) / f"pumpline-tryton-{os.getuid()}"
        cache.mkdir(mode=0o700, exist_ok=True)
        folder = cache / key
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                with tempfile.TemporaryDirectory(dir=cache) as scratch:
                    fresh = Path(scratch) / "fresh"
                    cls(fresh).prepare()
                    fresh.rename(folder)
        return folder

    def prepare(self, template=None):
        """The seeded database: a copy of the template if there is one; creating it takes half a minute."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # A killed server may leave one that belongs to its old database.
        Path(f"{self.database_path}-journal").unlink(missing_ok=True)
        if template:
            shutil.copy(Path(template) / self.database_path.name,
                        self.database_path)
            return
        self._write_config()
        self.database_path.write_bytes(b"")  # trytond requires the file to exist
        try:
            self._activate_modules()
            self._run(PYTHON, tryton_seed.__file__, self.config_path, DATABASE)
        except BaseException:
            self.database_path.unlink()  # an incomplete database looks like a complete one
            raise

    def _write_config(self):
        hashes = self.folder / "passlib.ini"
        hashes.write_text(CHEAP_HASHES)
        self.config_path.write_text(CONFIG.format(folder=self.folder, port=self.port, hashes=hashes))

    def _activate_modules(self):
        with tempfile.NamedTemporaryFile("w") as password:
            password.write(tryton_seed.ADMIN[1])
            password.flush()
            self._run(
                "trytond-admin", "-c", self.config_path, "-d", DATABASE,
                "-u", "sale", "--activate-dependencies",
                "--email", "admin@example.com", "-p",
                TRYTONPASSFILE=password.name)

    def _run(self, *command, **environment):
        """Runs a command to its end; shows its output only if it fails."""
        done = subprocess.run(
            command, env={**os.environ, **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}")

    # --- the process

    def start(self):
        """Returns once the server answers."""
        self._write_config()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                ["trytond", "-v", "-c", self.config_path, "-d", DATABASE],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"trytond did not start: {self.log_path}")
            time.sleep(POLL_S)

    def _answers(self):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=START_TIMEOUT_S)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self):
        """SIGTERM, then SIGKILL for the remaining processes."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(STOP_TIMEOUT_S)
        self.kill()

    def kill(self):
        self._signal(signal.SIGKILL)
        self.wait()
        self.process = None

    def wait(self, timeout_s=None):
        if self.process:
            self.process.wait(timeout_s)

    def _signal(self, number):
        # The server leads a process group, so that no child of it is left. The group exists while it has a member, even if
        # the leader has died.
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    # --- content

    def all_lines(self):
        return self._lines([])

    def lines(self, uniqueid):
        """The order lines with our id: at most one is expected."""
        return self._lines([["note", "=", uniqueid]])

    def _lines(self, domain):
        """Lines as dicts; `quantity` is a str, plain, without trailing zeros."""
        rows = self.admin.search_read(
            "sale.line", domain,
            ["sale.reference", "product.code", "quantity", "unit.symbol",
             "unit_price", "taxes", "note", "description"],
            order=[["id", "ASC"]])
        return [
            {"id": row["id"],
             "sale": row["sale."]["reference"],
             "product": (row["product."] or {}).get("code"),
             "quantity": row["quantity"],
             "unit": (row["unit."] or {}).get("symbol"),
             "unit_price": row["unit_price"],
             "taxes": list(row["taxes"]),
             "note": row["note"],
             "description": row["description"]}
            for row in rows]

    def sales(self, reference):
        return self.admin.search_read(
            "sale.sale", [["reference", "=", reference]],
            ["number", "reference", "state"])

    # --- actions of people

    def add_worksheets(self, references):
        """A draft sale without lines for each reference."""
        (party,) = self.admin.search_read(
            "party.party", [["name", "=", tryton_seed.CUSTOMER]], ["addresses"])
        address = party["addresses"][0]
        sale = self.admin.call(
            "model.sale.sale.default_get", ["currency", "warehouse"])
        self.admin.call("model.sale.sale.create", [
            {"party": party["id"], "invoice_address": address,
             "shipment_address": address, "currency": sale["currency"],
             "warehouse": sale["warehouse"], "reference": reference}
            for reference in references])

    def quote(self, reference):
        self._press("quote", reference)

    def confirm(self, reference):
        """Takes a quotation to `processing`, or to `done` if it has no lines."""
        self._press("confirm", reference)

    def draft(self, reference):
        self._press("draft", reference)

    def _press(self, button, reference):
        sales = [sale["id"] for sale in self.sales(reference)]
        self.admin.call(f"model.sale.sale.{button}", sales)

    def delete_line(self, uniqueid):
        self.admin.call("model.sale.line.delete", self._ids(uniqueid))

    def change_line(self, uniqueid, quantity):
        self.admin.call("model.sale.line.write", self._ids(uniqueid), {"quantity": quantity})

    def _ids(self, uniqueid):
        return [line["id"] for line in self.lines(uniqueid)]

    def set_password(self, login, password):
        """The user's existing sessions stay valid: see expire_sessions()."""
        (user,) = self.admin.search_read(
            "res.user", [["login", "=", login]], ["id"])
        self.admin.call(
            "model.res.user.write", [user["id"]], {"password": password})

    # --- direct access to the database, for what no call can do. The server may be running.

    def expire_sessions(self):
        """The next call of every session gets a 401."""
        self._sql("DELETE FROM ir_session")

    def sessions(self, login):
        statement = "SELECT COUNT(*) FROM ir_session JOIN res_user ON res_user.id = ir_session.create_uid WHERE res_user.login = ?"
        return self._sql(statement, login)[0][0]

    def failed_logins(self, login):
        return self._sql(
            "SELECT count(*) FROM res_user_login_attempt WHERE login = ?",
            login)[0][0]

    def reset_login_attempts(self):
        self._sql("DELETE FROM res_user_login_attempt")

    def block_logins(self, login, attempts=6):
        """Records enough failed logins for the next one to get a 429, without Tryton's delay for each real one."""
        for _ in range(attempts):
            self._sql(
                "INSERT INTO res_user_login_attempt (login, create_date) "
                "VALUES (?, strftime('%Y-%m-%d %H:%M:%f000', 'now'))", login)

    def _sql(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.database_path)) as base:
            with base:
                return base.execute(statement, values).fetchall()


def serve(folder):
    """Until SIGTERM or until the server ends."""
    tryton = Tryton(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if not tryton.database_path.exists():
        tryton.prepare()
    try:
        tryton.start()
        print(tryton.url, flush=True)
        tryton.wait()
    finally:
        tryton.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", required=True)
    parser.add_argument("command", choices=["serve"])
    serve(parser.parse_args().folder)


if __name__ == "__main__":
    main()
