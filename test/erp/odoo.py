"""A stand-in for Odoo's two APIs, with the state of a server: JSON-2 (19) and JSON-RPC (up to 18).

Its replies have the shape of those in test/golden/http. It knows the four models that the recipes use, stores amounts with
two digits, and can misbehave as real servers do: see the attributes.
"""

import decimal
import gzip
import json
import threading

import web_server

KEY, DATABASE, USER = "odoo-key-7351", "erp", 6
FIRST_LINE = 7000
ERRORS = {"Unauthorized": 401, "AccessDenied": 403, "ValidationError": 422, "ValueError": 500}


class Refused(Exception):
    def __init__(self, name, message):
        super().__init__(message)
        package = {"Unauthorized": "werkzeug", "ValueError": "builtins"}.get(name, "odoo")
        self.status = ERRORS[name]
        self.name = f"{package}.exceptions.{name}" if package != "builtins" else f"builtins.{name}"


class Books:
    """What a database holds, and what its calls do."""

    def __init__(self):
        self.orders = {1000 + i: {"id": 1000 + i, "name": str(558 + i), "partner_id": [7, "Hansen"], "state": "draft", "locked": False, "invoice_status": "no"}
                       for i in range(20)}
        self.products = {1: {"id": 1, "default_code": "10", "sale_ok": True}, 2: {"id": 2, "default_code": "1010", "sale_ok": True}}
        self.lines = {}
        self.created = 0  # ids of deleted lines are not used again
        self.unique = True  # the field of our id has a constraint
        self.ignores_filters = False
        self.denied = 0  # so many calls more are refused as those of a stranger
        self.holds = {}  # by uniqueid: before the line is stored
        self.calls = []  # "sale.order.line/create"
        self.guard = threading.RLock()

    # --- models

    def table(self, model):
        return {"sale.order": self.orders, "product.product": self.products, "sale.order.line": self.lines}[model]

    def search_read(self, model, domain=(), fields=(), limit=None, **_):
        rows = [row for row in self.table(model).values()
                if self.ignores_filters or all(row.get(name) == value for name, _, value in domain)]
        return [{"id": row["id"], **{name: row[name] for name in fields}} for row in rows[:None if self.ignores_filters else limit]]

    def read(self, model, ids, fields=(), **_):
        return [{"id": id, **{name: self.table(model)[id][name] for name in fields}} for id in ids]

    def fields_get(self, model, **_):
        return {"product_uom_qty": {"digits": [16, 2]}}

    def create(self, model, vals_list, **_):
        ids = []
        for values in vals_list:
            uniqueid = values["x_pumpline_id"]
            if (hold := self.holds.get(uniqueid)):
                hold.stay()
            with self.guard:
                if self.unique and any(line["x_pumpline_id"] == uniqueid for line in self.lines.values()):
                    raise Refused("ValidationError", "The operation cannot be completed: duplicate key value violates unique constraint")
                order, product = self.orders[values["order_id"]], self.products[values["product_id"]]
                amount = decimal.Decimal(values["product_uom_qty"]).quantize(decimal.Decimal("0.01"))
                ids.append(FIRST_LINE + self.created)
                self.created += 1
                self.keep({"id": ids[-1], "order_id": [order["id"], order["name"]], "product_uom_qty": float(amount),
                           "product_id": [product["id"], f"[{product['default_code']}] Oil"], "x_pumpline_id": uniqueid})
        return ids

    def keep(self, line):
        self.lines[line["id"]] = line

    def perform(self, model, method, arguments):
        self.calls.append(f"{model}/{method}")
        if self.denied > 0:
            self.denied -= 1
            raise Refused("AccessDenied", "Access Denied")
        return getattr(self, method)(model, **arguments)

    def knows(self, key):
        return key == KEY

    def json2(self, place, authorization, arguments):
        """The reply to POST /json/2/MODEL/METHOD."""
        model, method = place[len("/json/2/"):].split("/")
        try:
            if not self.knows(authorization.removeprefix("bearer ")):
                raise Refused("Unauthorized", "Invalid apikey")
            return web_server.json_reply(self.perform(model, method, arguments))
        except Refused as error:
            return web_server.json_reply({"name": error.name, "message": str(error)}, error.status)


class Odoo(Books, web_server.Server):
    def __init__(self, port=0):
        Books.__init__(self)
        web_server.Server.__init__(self, port)
        self.lost = set()  # uniqueids whose line is stored, and whose reply never comes
        self.nonsense = {}  # by method: how many replies more are HTML with status 200
        self.logins = 0
        self.compressed = 0  # replies

    def handle(self, connection, request):
        body = json.loads(request.body, parse_float=str)
        method = request.place.rpartition("/")[2] if request.place.startswith("/json/2/") else self.rpc_method(body)
        if self.nonsense.get(method, 0) > 0:
            self.nonsense[method] -= 1
            answer = web_server.page("<html>Your application is offline</html>")
        elif request.place.startswith("/json/2/"):
            answer = self.json2(request.place, request.headers.get("authorization", ""), body)
        else:
            answer = self.jsonrpc(body)
        if method == "create" and any(f'"{one}"'.encode() in request.body for one in self.lost):
            self.lost.clear()
            return False
        connection.sendall(self.compress(answer) if "gzip" in request.headers.get("accept-encoding", "") else answer)
        return True

    def compress(self, answer):
        head, _, body = answer.partition(b"\r\n\r\n")
        head = [line for line in head.decode().split("\r\n") if not line.startswith("Content-Length")]
        packed = gzip.compress(body)
        self.compressed += 1
        return "\r\n".join([*head, "Content-Encoding: gzip", f"Content-Length: {len(packed)}"]).encode() + b"\r\n\r\n" + packed

    @staticmethod
    def rpc_method(body):
        args = body["params"]["args"]
        return args[4] if body["params"]["service"] == "object" else "login"

    def jsonrpc(self, body):
        """An error has status 200."""
        args = body["params"]["args"]
        try:
            if body["params"]["service"] == "common":
                self.logins += 1
                return self.result(USER if args[2] == KEY else False)
            if args[1:3] != [USER, KEY]:
                raise Refused("AccessDenied", "Access Denied")
            return self.result(self.perform(args[3], args[4], self.named(args[4], args[5], args[6])))
        except Refused as error:
            return web_server.json_reply({"jsonrpc": "2.0", "id": 1, "error": {
                "code": 200, "message": "Odoo Server Error", "data": {"name": error.name, "message": str(error)}}})

    @staticmethod
    def named(method, args, named):
        names = {"search_read": ["domain"], "read": ["ids", "fields"], "create": ["vals_list"]}.get(method, [])
        return {**dict(zip(names, args, strict=False)), **named}

    @staticmethod
    def result(value):
        return web_server.json_reply({"jsonrpc": "2.0", "id": 1, "result": value})

    def of(self, uniqueid):
        return [line for line in self.lines.values() if line["x_pumpline_id"] == uniqueid]
