"""The invariants, checked between the workshop API and the ERP's own record."""

from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

import plan as plans
from calls import Violation

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


ROUNDINGS = {"half_up": ROUND_HALF_UP, "up": ROUND_UP}
WAITS = {"worksheet_not_found", "worksheet_closed"}


def mapped(order, world):
    """(product, amount) that the line must have, computed without the program under test."""
    rule = plans.MAPPING.get(order["product_nr"], {}) if "mapping" in world.features else {}
    amount = Decimal(order["product_amount"]) * Decimal(rule.get("factor", "1"))
    if "decimals" in rule:
        amount = amount.quantize(Decimal(1).scaleb(-rule["decimals"]), ROUNDINGS[rule["rounding"]])
    return rule.get("erp_product", order["product_nr"]), amount


def check_line(order, line, world):
    product, amount = mapped(order, world)
    for what, wanted, stored in (("product", product, line["product"]), ("worksheet", order["worksheet"], line["worksheet"])):
        if wanted != stored:
            raise Violation(f"wrong: {what} {stored} in the ERP instead of {wanted}", order["uniqueid"])
    if amount != Decimal(line["amount"]):
        raise Violation(f"wrong: amount {line['amount']} in the ERP instead of {amount}", order["uniqueid"])
    if (order["erp_product"] or order["product_nr"], Decimal(order["erp_amount"] or order["product_amount"])) != (product, amount):
        raise Violation(f"wrong: shown as {order['erp_amount']} of {order['erp_product']}", order["uniqueid"])
    if line["id"] and order["erp_reference"] != line["id"]:
        raise Violation(f"wrong: reference {order['erp_reference']}, the ERP's line is {line['id']}",
                        order["uniqueid"])


def confirmed(order, wish, record, world):
    """Whether the ERP's content and record agree with the reason."""
    code = order["reason_code"]
    name, amount = mapped(order, world)
    product = plans.PRODUCTS.get(name)
    if code == "product_not_found":
        return product is None or not product["salable"]
    if code == "amount_refused":
        return product and -amount.normalize().as_tuple().exponent > product["digits"]
    if code == "worksheet_not_found":
        return order["worksheet"].startswith("none-")
    if code == "worksheet_closed":
        return order["worksheet"] in record["closed"]
    if code == "erp_rejected":
        return order["uniqueid"] in record["refused"]
    if code == "auth_failed":
        return wish is not None and wish.kind == "bad_password" and wish.user in record["refused_logins"]
    return False


def check_order(order, wish, lines, record, world):
    uniqueid = order["uniqueid"]
    if len(lines) > 1:
        raise Violation(f"doubled: {len(lines)} lines", uniqueid)
    if order["status"] == "created":
        if not lines:
            raise Violation("lost: created, but the ERP has no line", uniqueid)
        check_line(order, lines[0], world)
    elif order["status"] == "error":
        if lines:
            raise Violation(f"wrong: error {order['reason_code']}, but the ERP has the line", uniqueid)
        if not confirmed(order, wish, record, world):
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


def check_hold(order, history):
    """The last error for its worksheet was no surprise: it had waited."""
    if order["status"] != "error" or order["reason_code"] not in WAITS:
        return
    since = max((number for number, entry in enumerate(history[:-1]) if entry["status"] == "error"), default=0)
    if not any(entry["status"] == "placed" and entry["reason_code"] in WAITS for entry in history[since + 1:]):
        raise Violation(f"wrong: {order['reason_code']} at once, without a wait", order["uniqueid"])


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
            check_order(order, wishes.get(order["uniqueid"]), lines[slug].get(order["uniqueid"], []), record, world)
            histories[order["uniqueid"]] = shop.history(order["uniqueid"])
            check_history(order, histories[order["uniqueid"]])
            if "hold" in world.features:
                check_hold(order, histories[order["uniqueid"]])
        if slug == "erp":
            # A manual retry moves an order to the end; its line may be older.
            check_sequence([one for one in known if not placed_again(histories[one])], lines[slug])
        counts = shop.insist("GET", "/alive")[1]["orders"]
        if counts["processing"] or counts["placed"] or counts["created"] + counts["error"] != len(orders):
            raise Violation(f"{slug} counts {counts}, but lists {len(orders)} orders")
        count += len(orders)
    return count
