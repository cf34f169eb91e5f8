"""A real Vendure server (npm's @vendure/core) on loopback, filled with products and draft orders.

The packages are installed once, into a cache folder of the user's. Without npm or its network, Vendure.missing() says why.
"""

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

VERSION, SQL_VERSION = "3.7.3", "1.13.0"
USER, PASSWORD = "superadmin", "vendure-secret-7351"
INSTALL_S, START_S = 240, 120
HERE = Path(__file__).parent


class Vendure:
    @staticmethod
    def folder():
        return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / f"pumpline-vendure-{VERSION}"

    @classmethod
    def missing(cls):
        """Why it cannot be started; empty: it can."""
        if not shutil.which("npm") or not shutil.which("node"):
            return "npm is not installed"
        if (cls.folder() / "installed").exists():
            return ""
        cls.folder().mkdir(parents=True, exist_ok=True)
        (cls.folder() / "package.json").write_text(json.dumps(
            {"name": "erp", "private": True, "dependencies": {"@vendure/core": VERSION, "sql.js": SQL_VERSION}}))
        try:
            done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=cls.folder(),
                                  capture_output=True, text=True, timeout=INSTALL_S, check=False)
        except subprocess.TimeoutExpired:
            return f"npm install of Vendure took more than {INSTALL_S} s"
        if done.returncode:
            return f"npm cannot install Vendure: {(done.stderr.strip().splitlines() or ['no reason given'])[0]}"
        (cls.folder() / "installed").touch()
        return ""

    def __init__(self, port):
        self.port, self.url = port, f"http://127.0.0.1:{port}/"
        self.process = subprocess.Popen(["node", HERE / "server.js", str(port), PASSWORD], cwd=self.folder(),
                                        stdout=subprocess.PIPE, text=True)
        while (line := self.process.stdout.readline()) and line.strip() != "ready":
            pass
        if not line:
            raise RuntimeError(f"Vendure has ended with {self.process.wait()}")
        self.token = None
        self.ask("mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }", u=USER, p=PASSWORD)
        self.fill()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, query, **variables):
        request = urllib.request.Request(
            f"{self.url}admin-api", json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json", **({"Authorization": f"Bearer {self.token}"} if self.token else {})})
        with urllib.request.urlopen(request, timeout=60) as reply:
            self.token = reply.headers.get("vendure-auth-token") or self.token
            answer = json.load(reply)
        assert "errors" not in answer, answer
        return answer["data"]

    # --- content

    def fill(self):
        zone = self.ask('mutation { createZone(input: {name: "Europe"}) { id } }')["createZone"]["id"]
        tax = self.ask('mutation { createTaxCategory(input: {name: "Standard"}) { id } }')["createTaxCategory"]["id"]
        self.ask("mutation($i: CreateTaxRateInput!) { createTaxRate(input: $i) { id } }",
                 i={"name": "VAT", "enabled": True, "value": 25, "categoryId": tax, "zoneId": zone})
        self.ask('mutation($i: UpdateChannelInput!) { updateChannel(input: $i) { __typename } }',
                 i={"id": self.ask("{ activeChannel { id } }")["activeChannel"]["id"], "defaultTaxZoneId": zone, "defaultShippingZoneId": zone})
        for code in ("10", "1010"):
            self.add_product(code, tax)
        self.orders = {str(558 + number): self.add_order(str(558 + number)) for number in range(5)}
        closed = self.ask('mutation($id: ID!) { transitionOrderToState(id: $id, state: "Cancelled") { __typename } }', id=self.add_order("closed"))
        assert closed["transitionOrderToState"]["__typename"] == "Order", closed

    def add_product(self, code, tax):
        words = [{"languageCode": "en", "name": f"Oil {code}", "slug": f"oil-{code}", "description": ""}]
        product = self.ask("mutation($i: CreateProductInput!) { createProduct(input: $i) { id } }",
                           i={"enabled": True, "translations": words})["createProduct"]["id"]
        self.ask("mutation($i: [CreateProductVariantInput!]!) { createProductVariants(input: $i) { id } }",
                 i=[{"productId": product, "sku": code, "price": 1250, "taxCategoryId": tax, "trackInventory": "FALSE",
                     "translations": [{"languageCode": "en", "name": f"Oil {code}"}]}])

    def add_order(self, worksheet):
        order = self.ask("mutation { createDraftOrder { id } }")["createDraftOrder"]["id"]
        self.ask("mutation($i: UpdateOrderInput!) { setOrderCustomFields(input: $i) { id } }",
                 i={"id": order, "customFields": {"worksheet": worksheet}})
        return order

    def lines(self):
        found = self.ask("{ orders(options: {take: 100}) { items { customFields { worksheet } lines { id quantity productVariant { sku }"
                         " customFields { pumplineId } } } } }")
        return [{"worksheet": order["customFields"]["worksheet"], **line} for order in found["orders"]["items"] for line in order["lines"]]

    def of(self, uniqueid):
        return [line for line in self.lines() if line["customFields"]["pumplineId"] == uniqueid]
