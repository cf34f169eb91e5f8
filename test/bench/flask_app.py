"""The peer of test/bench/create: POST /create as the predecessor did it, Flask in front of a persist-queue.

It keeps the contract (required members, the right workshop, an exact amount, one order per uniqueid). What it lacks (a
log line per order, sealed passwords, a history, known ids on disk) makes it faster.
"""

import os
import re
from decimal import Decimal

import persistqueue
from flask import Flask, jsonify, request

WORKSHOP = os.environ["BENCH_WORKSHOP"]
MEMBERS = ("workshop", "worksheet", "product_nr", "product_amount", "uniqueid", "username", "password")
AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 16384
known = {}  # uniqueid: (worksheet, product, amount)


def problem(status, title, code, detail, fields=()):
    reply = jsonify(type="about:blank", title=title, status=status, code=code, detail=detail, fields=list(fields))
    reply.mimetype = "application/problem+json"
    return reply, status


def bad(code, detail, fields=()):
    return problem(400, "Bad Request", code, detail, fields)


def sound(name, value):
    """An integer may replace a string; bool is an int to isinstance, but not allowed here."""
    if type(value) is int and name not in ("workshop", "username", "password"):
        value = str(value)
    if not isinstance(value, str) or len(value) > (512 if name == "password" else 128) or CONTROL.search(value):
        return False
    return name != "product_amount" or (AMOUNT.fullmatch(value) is not None and Decimal(value) > 0)


def check(document):
    """The error, or None for a valid order."""
    if not isinstance(document, dict):
        return bad("invalid_json", "expected an object")
    missing = [name for name in MEMBERS if document.get(name) is None or not str(document[name]).strip()]
    if missing:
        return bad("missing_fields", f"missing: {', '.join(missing)}", missing)
    if document["workshop"] != WORKSHOP:
        return bad("wrong_workshop", f"this port serves another workshop: {WORKSHOP}", ["workshop"])
    invalid = [name for name in MEMBERS if not sound(name, document[name])]
    return bad("invalid_fields", f"invalid: {', '.join(invalid)}", invalid) if invalid else None


def place(order):
    """(whether the order was known, whether with the same content). setdefault is atomic: only one of two threads places it."""
    uniqueid = str(order["uniqueid"])
    content = (str(order["worksheet"]), str(order["product_nr"]), Decimal(order["product_amount"]))
    present = known.setdefault(uniqueid, content)
    if present is not content:
        return True, present == content
    try:
        queue.put({name: order[name] for name in MEMBERS})
    except BaseException:
        del known[uniqueid]
        raise
    return False, True


@app.post("/create")
def create():
    order = request.get_json(silent=True)
    refusal = check(order)
    if refusal:
        return refusal
    duplicate, same = place(order)
    if not same:
        return problem(409, "Conflict", "uniqueid_conflict", "known with other content", ["uniqueid"])
    return jsonify(workshop=WORKSHOP, uniqueid=str(order["uniqueid"]), status="placed", duplicate=duplicate,
                   queue_length=queue.qsize())


@app.get("/alive")
def alive():
    return jsonify(workshop=WORKSHOP, api="running")


os.makedirs(os.environ["BENCH_FOLDER"], exist_ok=True)
queue = persistqueue.Queue(os.environ["BENCH_FOLDER"], tempdir=os.environ["BENCH_FOLDER"])  # fsync only every 100 orders
