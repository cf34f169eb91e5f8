"""A stand-in for Dolibarr's REST API with the state of a server. Its replies have the shape of those in test/golden/http/dolibarr.

As the real one it stores what it gets (a text "5,5" would become 55), takes neither price nor VAT from the product, and
finishes a request whose client is gone.
"""

import json
import re
import threading
import urllib.parse

import web_server

KEY = "dolibarr-key-7351"


def refused(status, message):
    return web_server.json_reply({"error": {"code": status, "message": message}}, status)


class Dolibarr(web_server.Server):
    def __init__(self, port=0):
        super().__init__(port)
        self.orders = {str(i): {"id": str(i), "ref": f"(PROV{i})", "ref_client": str(557 + i), "statut": "0"} for i in range(1, 11)}
        self.products = {"10": {"id": "1", "ref": "10", "status": "1", "type": "0", "price": "89.50000000", "price_ttc": "111.88000000",
                                "price_base_type": "HT", "tva_tx": "25.0000", "fk_unit": "26", "description": "Engine oil"}}
        self.lines = {}  # by id
        self.unique = True  # the extra field is marked so
        self.lost = set()  # uniqueids whose line is stored, and whose reply never comes
        self.holds = {}  # by uniqueid: before the line is stored
        self.deadlocks = 0  # so many adds more end in one
        self.adds = 0
        self.guard = threading.Lock()

    def of(self, uniqueid):
        return [line for line in self.lines.values() if line["array_options"]["options_pumpline_id"] == uniqueid]

    def handle(self, connection, request):
        answer = self.reply_to(request)
        if request.method == "POST" and (lost := self.lost & {json.loads(request.body)["ref_ext"]}):
            self.lost -= lost
            return False
        connection.sendall(answer)
        return True

    def reply_to(self, request):
        if request.headers.get("dolapikey") != KEY:
            return refused(401, "Unauthorized")
        place = request.place.removeprefix("/api/index.php")
        if place == "/orders":
            wanted = re.fullmatch(r"\(t\.ref_client:=:'(.*)'\)", request.query["sqlfilters"])[1]
            return web_server.json_reply([order for order in self.orders.values() if order["ref_client"] == wanted])
        if place.startswith("/products/ref/"):
            product = self.products.get(urllib.parse.unquote(place.rpartition("/")[2]))
            return web_server.json_reply(product) if product else refused(404, "Not Found: Product not found")
        order = place.split("/")[2]
        if request.method == "GET":
            return web_server.json_reply([line for line in self.lines.values() if line["order"] == order])
        return self.add(order, json.loads(request.body, parse_float=str, parse_int=str))

    def add(self, order, line):
        uniqueid = line["array_options"]["options_pumpline_id"]
        if (hold := self.holds.get(uniqueid)):
            hold.stay()
        with self.guard:
            self.adds += 1
            if self.deadlocks:
                self.deadlocks -= 1
                return refused(400, "Deadlock found when trying to get lock; try restarting transaction")
            if self.orders[order]["statut"] != "0":
                return refused(400, "Bad Request")
            if self.unique and self.of(uniqueid):
                return refused(400, f"Duplicate entry '{uniqueid}' for key 'uk_commandedet_extrafields_pumpline_id'")
            number = str(50 + len(self.lines))
            product = next(product for product in self.products.values() if product["id"] == line["fk_product"])
            self.lines[number] = {"id": number, "order": order, "ref": product["ref"], "qty": line["qty"], "subprice": line.get("subprice", "0"),
                                  "tva_tx": line.get("tva_tx", "0"), "ref_ext": line["ref_ext"], "array_options": line["array_options"]}
            return web_server.json_reply(int(number))
