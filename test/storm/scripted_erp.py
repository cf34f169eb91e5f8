"""An ERP with the part of Tryton's JSON-RPC that its recipe uses, and durable data.

scripted_erp.py PORT FOLDER: serves the database FOLDER/NAME at /NAME/, where NAME/erp.json is its content:
{"users": {name: password}, "sales": {reference: state}, "products": {code: {…}}}. Every line, refusal and change is
written to NAME/record.jsonl before the reply is sent, and read from there after a kill.
"""

import base64
import itertools
import json
import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))

import front  # noqa: E402

DECIMAL = {"__class__": "Decimal", "decimal": "12.5000"}


class Refused(Exception):
    """An {"error": …} reply."""


class Number(str):
    """A JSON number with its original digits."""


class Database:
    def __init__(self, folder):
        self.folder = Path(folder)
        content = json.loads((self.folder / "erp.json").read_text())
        self.users, self.products = content["users"], content["products"]
        self.sales = {number: {"id": number, "reference": reference, "state": state, "stamp": 1}
                      for number, (reference, state) in enumerate(content["sales"].items(), 1)}
        self.codes = {number: code for number, code in enumerate(self.products, 1)}
        self.lines = {}
        self.keys = {}
        self.key_numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.record = os.open(self.folder / "record.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND)
        for entry in (self.folder / "record.jsonl").read_text().splitlines():
            self.apply(json.loads(entry))

    # --- data

    def write(self, **entry):
        os.write(self.record, json.dumps(entry).encode() + b"\n")
        self.apply(entry)

    def apply(self, entry):
        if "line" in entry:
            self.lines[entry["line"]["id"]] = entry["line"]
        if "sale" in entry:
            self.sales[entry["sale"]]["stamp"] += 1
            self.sales[entry["sale"]]["state"] = entry.get("state", self.sales[entry["sale"]]["state"])
        if "key" in entry:
            self.keys[entry["key"]] = entry["user"]
        self.keys.pop(entry.get("key_dropped"), None)
        if entry.get("keys_dropped"):
            self.keys.clear()

    # --- the calls

    def call(self, method, params, header):
        with self.lock:
            if method == "common.db.login":
                return self.login(*params)
            if self.user(header) is None:
                return front.reply(401, b"", ['WWW-Authenticate: Basic realm="Tryton"'])
            if method == "common.db.logout":
                return self.logout(header)
            try:
                return front.json_reply({"id": 1, "result": METHODS[method](self, *params)})
            except Refused as refused:
                return front.json_reply({"id": 1, "error": refused.args[0]})

    def login(self, user, parameters, _language):
        if self.users.get(user) != parameters["password"]:
            self.write(refused_login=user)
            return front.reply(401, b"<!doctype html><h1>Unauthorized</h1>", ["Content-Type: text/html"])
        key = f"{user}:2:k{next(self.key_numbers)}-{os.getpid()}"
        self.write(key=key, user=user)
        return front.json_reply({"id": 1, "result": [2, key.rsplit(":", 1)[1]]})

    def logout(self, header):
        self.write(key_dropped=self.key(header))
        return front.json_reply({"id": 1, "result": None})

    @staticmethod
    def key(header):
        kind, _, token = header.partition(" ")
        return base64.b64decode(token).decode() if kind == "Session" else None

    def user(self, header):
        return self.keys.get(self.key(header))

    def find_lines(self, domain, *_):
        note = domain[0][2]
        rows = []
        for line in self.lines.values():
            if line["note"] == note:
                sale, code = self.sales[line["sale"]], line["product"]
                rows.append({"id": line["id"], "note": note, "quantity": float(line["quantity"]),
                             "product.": {"id": 1, "code": code}, "unit.": {"id": 21, "symbol": "l"},
                             "sale.": {"id": sale["id"], "reference": sale["reference"], "state": sale["state"]}})
        return rows[:2]

    def find_products(self, domain, *_):
        code = domain[0][2]
        return [{"id": number, "code": code, "salable": int(self.products[code]["salable"]), "sale_uom": 21,
                 "sale_uom.": {"id": 21, "digits": self.products[code]["digits"], "symbol": "l"}}
                for number, name in self.codes.items() if name == code]

    def find_sales(self, domain, *_):
        reference = domain[1][2]
        return [{"id": sale["id"], "reference": reference, "number": None, "state": sale["state"],
                 "_timestamp": str(sale["stamp"])} for sale in self.sales.values() if sale["reference"] == reference]

    def price(self, _line, _context):
        return {"unit_price": DECIMAL, "unit": 21, "taxes": {"add": [[0, {"id": 1}]]}}

    def add_line(self, ids, values, context):
        sale = self.sales[int(ids[0])]
        (_, (line,)), = values["lines"]
        if context["_timestamp"][f"sale.sale,{sale['id']}"] != str(sale["stamp"]):
            raise Refused(["ConcurrencyException", "Records were modified in the meanwhile"])
        code = self.codes[int(line["product"])]
        if self.products[code].get("refused"):
            self.write(refused_line=line["note"])
            raise Refused(["UserError", [f"Product {code} is under lock and key.", "", None]])
        self.write(sale=sale["id"], line={"id": len(self.lines) + 1, "sale": sale["id"], "product": code,
                                          "quantity": line["quantity"], "note": line["note"]})
        return None


METHODS = {"model.sale.line.search_read": Database.find_lines,
           "model.product.product.search_read": Database.find_products,
           "model.sale.sale.search_read": Database.find_sales,
           "model.sale.line.on_change_product": Database.price,
           "model.sale.sale.write": Database.add_line}


class Erp:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.databases = {}
        self.lock = threading.Lock()

    def folder_of(self, path):
        return self.folder / path.strip("/").split("/")[0]

    def database(self, path):
        with self.lock:
            folder = self.folder_of(path)
            if folder not in self.databases:
                self.databases[folder] = Database(folder)
            return self.databases[folder]

    def carry_out(self, request):
        database = self.database(request.path)
        if request.path.endswith("/person"):  # a user of the ERP: {"sale", "state"}
            with database.lock:
                database.write(**json.loads(request.body))
            return front.json_reply(None)
        call = json.loads(request.body, parse_float=Number, parse_int=Number)
        return database.call(call["method"], call["params"], request.headers.get("authorization", ""))

    def drop_sessions(self, request):
        database = self.database(request.path)
        with database.lock:
            database.write(keys_dropped=True)


def main():
    erp = Erp(sys.argv[2])
    front.Front(int(sys.argv[1]), erp.folder_of, erp.carry_out, erp.drop_sessions).run()


if __name__ == "__main__":
    main()
