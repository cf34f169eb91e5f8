"""The stand-in for Odoo 19 (test/erp/odoo.py) with durable data, behind the faults of front.py.

odoo_erp.py PORT FOLDER: serves the database FOLDER/NAME at /NAME/json/2/…, where NAME/erp.json is its content:
{"users": {name: key}, "sales": {name: locked}, "products": {code: {…}}, "unique": whether the field of our id has a constraint}.
Every line, refusal and change is written to NAME/record.jsonl before the reply is sent, and read from there after a kill.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))

import front  # noqa: E402
import odoo  # noqa: E402


class Database(odoo.Books):
    def __init__(self, folder):
        super().__init__()
        content = json.loads((folder / "erp.json").read_text())
        self.users, self.kinds, self.unique = content["users"], content["products"], content["unique"]
        self.orders = {number: {"id": number, "name": name, "state": "draft", "locked": locked, "invoice_status": "no"}
                       for number, (name, locked) in enumerate(content["sales"].items(), 1)}
        self.products = {number: {"id": number, "default_code": code, "sale_ok": kind["salable"]}
                         for number, (code, kind) in enumerate(self.kinds.items(), 1)}
        path = folder / "record.jsonl"
        self.record = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        for entry in path.read_text().splitlines():
            self.apply(json.loads(entry))

    def write(self, **entry):
        os.write(self.record, json.dumps(entry).encode() + b"\n")
        self.apply(entry)

    def apply(self, entry):
        if "line" in entry:
            self.lines[entry["line"]["id"]] = entry["line"]
            self.created = entry["line"]["id"] - odoo.FIRST_LINE + 1
        for order in self.orders.values():
            if order["name"] == entry.get("locked"):
                order["locked"] = True

    # --- what is to be durable

    def keep(self, line):
        self.write(line=line)

    def knows(self, key):
        known = key in self.users.values()
        if not known:
            self.write(refused_login="bot")
        return known

    def create(self, model, vals_list, **more):
        with self.guard:
            for values in vals_list:
                if self.kinds[self.products[int(values["product_id"])]["default_code"]].get("refused"):
                    self.write(refused_line=values["x_pumpline_id"])
                    raise odoo.Refused("ValidationError", "This product is under lock and key.")
            return super().create(model, vals_list, **more)


class Erp:
    def __init__(self, folder):
        self.folder, self.databases = Path(folder), {}

    def folder_of(self, path):
        return self.folder / path.strip("/").split("/")[0]

    def database(self, path):
        folder = self.folder_of(path)
        if folder not in self.databases:
            self.databases[folder] = Database(folder)
        return self.databases[folder]

    def carry_out(self, request):
        database = self.database(request.path)
        with database.guard:
            body = json.loads(request.body, parse_float=str)
            if request.path.endswith("/person"):  # a user of the ERP: {"locked": name of an order}
                database.write(**body)
                return front.json_reply(None)
            place = "/" + request.path.strip("/").partition("/")[2]
            return database.json2(place, request.headers.get("authorization", ""), body)


class Front(front.Front):
    def writes(self, request):
        return request.path.endswith("sale.order.line/create")

    def mood(self, request):
        with self.lock:
            return super().mood(request)


def main():
    erp = Erp(sys.argv[2])
    Front(int(sys.argv[1]), erp.folder_of, erp.carry_out, lambda _: None).run()


if __name__ == "__main__":
    main()
