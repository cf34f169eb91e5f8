"""The invariants, checked between the workshop API and the ERP's own record."""

from collections import Counter, defaultdict
from decimal import Decimal

import plan as plans
from world import Violation

# Allowed transitions in an order's history.
NEXT = {None: {"placed"}, "placed": {"processing", "error"}, "processing": {"placed", "created", "error"},
        "error": {"placed", "created"}, "created": set()}


def erp_lines(world):
    """{slug: {uniqueid: [line]}}, in the order in which the ERP received them."""
    record = world.erp.record(world.plan)
    found = {"erp": defaultdict(list), "file": defaultdict(list)}
    for line in record["lines"]:
        found["erp"][line["note"]].append(line)
    for one in world.file_lines():
        found["file"][one["uniqueid"]].append(
            {"id": None, "product": one["product_nr"], "amount": one["product_amount"], "worksheet": one["worksheet"]})
    return record, found


def check_line(order, line):
    for what, ordered, stored in (("product", order["product_nr"], line["product"]),
                                  ("worksheet", order["worksheet"], line["worksheet"])):
        if ordered != stored:
            raise Violation(f"wrong: {what} {stored} in the ERP, {ordered} was ordered", order["uniqueid"])
    if Decimal(order["product_amount"]) != Decimal(line["amount"]):
        raise Violation(f"wrong: amount {line['amount']} in the ERP, {order['product_amount']} was ordered",
                        order["uniqueid"])
    if line["id"] and order["erp_reference"] != line["id"]:
        raise Violation(f"wrong: reference {order['erp_reference']}, the ERP's line is {line['id']}",
                        order["uniqueid"])


def confirmed(order, wish, record):
    """Whether the ERP's content and record agree with the reason."""
    code = order["reason_code"]
    product = plans.PRODUCTS.get(order["product_nr"])
    if code == "product_not_found":
        return product is None or not product["salable"]
    if code == "amount_refused":
        return product and -Decimal(order["product_amount"]).normalize().as_tuple().exponent > product["digits"]
    if code == "worksheet_not_found":
        return order["worksheet"].startswith("none-")
    if code == "worksheet_closed":
        return order["worksheet"] in record["closed"]
    if code == "erp_rejected":
        return order["uniqueid"] in record["refused"]
    if code == "auth_failed":
        return wish is not None and wish.kind == "bad_password" and wish.user in record["refused_logins"]
    return False


def check_order(order, wish, lines, record):
    uniqueid = order["uniqueid"]
    if len(lines) > 1:
        raise Violation(f"doubled: {len(lines)} lines", uniqueid)
    if order["status"] == "created":
        if not lines:
            raise Violation("lost: created, but the ERP has no line", uniqueid)
        check_line(order, lines[0])
    elif order["status"] == "error":
        if lines:
            raise Violation(f"wrong: error {order['reason_code']}, but the ERP has the line", uniqueid)
        if not confirmed(order, wish, record):
            raise Violation(f"wrong: error {order['reason_code']} ({order['reason_text']}), which the ERP does not "
                            "confirm", uniqueid)
    else:
        raise Violation(f"left in {order['status']}", uniqueid)


def check_history(order, history):
    state, attempt = None, 0
    for entry in history:
        if entry["status"] not in NEXT[state]:
            raise Violation(f"the history goes from {state} to {entry['status']}", order["uniqueid"])
        if entry["status"] == "processing" and entry["attempt"] != attempt + 1:
            raise Violation(f"the history goes from attempt {attempt} to {entry['attempt']}", order["uniqueid"])
        if state == "error" and entry["status"] == "placed":
            attempt = 0
        state, attempt = entry["status"], entry["attempt"]
    if state != order["status"] or attempt != order["attempts"]:
        raise Violation(f"the history ends with {state}, attempt {attempt}", order["uniqueid"])


def placed_again(history):
    statuses = [entry["status"] for entry in history]
    return ("error", "placed") in zip(statuses, statuses[1:])


def check_sequence(orders, lines):
    """Within a worksheet, lines are in placing order; the ERP's record is chronological."""
    place = {uniqueid: number for number, uniqueid in enumerate(orders)}
    last = defaultdict(lambda: (-1, None))
    for uniqueid, found in lines.items():
        before = last[found[0]["worksheet"]]
        if uniqueid in place and place[uniqueid] < before[0]:
            raise Violation(f"wrong: its line stands behind {before[1]}'s, but it was placed before it", uniqueid)
        if uniqueid in place:
            last[found[0]["worksheet"]] = (place[uniqueid], uniqueid)


def check(world, posted):
    """posted: {uniqueid: statuses and duplicates of the replies}, from the clients. Returns the number of orders."""
    record, lines = erp_lines(world)
    for uniqueid, times in record.get("repeated", {}).items():
        raise Violation(f"wrong: the browser has sent its form {times} times", uniqueid)
    wishes = {order.uniqueid: order for order in world.plan.orders}
    histories, count = {}, 0
    for slug, shop in world.shops.items():
        orders = shop.orders()
        known = {order["uniqueid"]: order for order in orders}
        if len(known) != len(orders):
            raise Violation(f"a uniqueid is listed twice: {Counter(order['uniqueid'] for order in orders)}")
        for wish in (one for one in world.plan.orders if one.slug == slug):
            if 200 in posted[wish.uniqueid].statuses and wish.uniqueid not in known:
                raise Violation("lost: answered with 200, and not known", wish.uniqueid)
        for uniqueid in lines[slug]:
            if uniqueid not in known:
                raise Violation("wrong: a line without an order", uniqueid)
        for order in orders:
            check_order(order, wishes.get(order["uniqueid"]), lines[slug].get(order["uniqueid"], []), record)
            histories[order["uniqueid"]] = shop.history(order["uniqueid"])
            check_history(order, histories[order["uniqueid"]])
        if slug == "erp":
            # A manual retry moves an order to the end; its line may be older.
            check_sequence([one for one in known if not placed_again(histories[one])], lines[slug])
        counts = shop.insist("GET", "/alive")[1]["orders"]
        if counts["processing"] or counts["placed"] or counts["created"] + counts["error"] != len(orders):
            raise Violation(f"{slug} counts {counts}, but lists {len(orders)} orders")
        count += len(orders)
    return count
