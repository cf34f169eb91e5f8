"""A round's plan, derived from its seed: which orders, from which clients, and which faults at which time."""

import random
from dataclasses import asdict, dataclass, field
from pathlib import Path

POINTS = Path(__file__).parent / "points.txt"
SLUGS = ("erp", "file")

PRODUCTS = {"10": {"salable": True, "digits": 2}, "20": {"salable": True, "digits": 2},
            "30": {"salable": True, "digits": 0}, "40": {"salable": False, "digits": 2},
            "50": {"salable": True, "digits": 6}, "90": {"salable": True, "digits": 2, "refused": True}}
# With mapping: what the ERP's line gets. 40 and 90, which no line may get, and 30, of which no fraction is sold, stay as they are.
MAPPING = {"10": {"erp_product": "20", "factor": "10"},
           "20": {"factor": "0.01", "decimals": 2, "rounding": "half_up", "max_amount": "300"},
           "50": {"erp_product": "10", "factor": "0.5", "decimals": 2, "rounding": "up"}, "*": {}}
HOLD_S, CLOSED_S = 2, 3  # with hold: how long an order waits, and for how long a person closes a worksheet at most
USERS = {"bot": "bot-secret-7351", "second": "second-secret-88"}
SECOND = {"scripted": "second", "odoo": "second", "tryton": "admin", "browser": "second"}
SLOW_S = {"scripted": 1.3, "odoo": 1.3, "tryton": 2.4, "browser": 2}  # longer than erp.timeout_s, or than the reverse proxy's timeout
TIMEOUT_S = {"scripted": 1, "odoo": 1, "tryton": 2, "browser": 30}
SPAN_S = {"scripted": 0.5, "odoo": 1.5, "tryton": 1.5, "browser": 25}  # the period in which actions happen
RAGE_S = {"scripted": 0, "odoo": 0, "tryton": 0, "browser": 60}  # maximum additional time with faults, while orders wait
ORDERS = {"scripted": (10, 40), "odoo": (8, 24), "tryton": (8, 16), "browser": (3, 6)}

# Orders: the reason that each must end with; None: it must become a line.
KINDS = {"good": None, "own_user": None, "unknown_product": "product_not_found", "not_for_sale": "product_not_found",
         "too_fine": "amount_refused", "unknown_worksheet": "worksheet_not_found", "closed": "worksheet_closed",
         "refused": "erp_rejected", "bad_password": "auth_failed"}
KIND_WEIGHTS = (60, 4, 3, 3, 3, 3, 3, 3, 1)

# Ways of posting.
WAYS = {"once": 70, "vanish": 10, "vanish_and_again": 8, "eight": 6, "conflict": 6}


@dataclass
class Order:
    slug: str
    uniqueid: str
    worksheet: str
    product: str
    amount: str
    kind: str
    way: str
    user: str = ""
    password: str = ""


@dataclass
class Plan:
    seed: int
    erp: str
    orders: list = field(default_factory=list)
    clients: int = 3
    faults: dict = field(default_factory=dict)  # plan name: lines
    actions: list = field(default_factory=list)  # (second, what, …)
    mood: dict = field(default_factory=dict)
    importer: bool = False
    in_flight: int = 4
    give_up_after_s: float = 1000000
    after: list = field(default_factory=list)

    def text(self):
        return asdict(self)


def points():
    """(name, plan, maximum passes, actions) of each line."""
    for line in POINTS.read_text().splitlines():
        if line and not line.startswith("#"):
            name, where, most, *actions = line.split()
            yield name, where, most, actions


def draw(seed, erp, mutants=()):
    dice = random.Random(f"{erp}-{seed}")
    plan = Plan(seed, erp, clients=dice.randint(2, 4), in_flight=dice.choice([1, 4, 4, 8]))
    draw_orders(dice, plan)
    draw_faults(dice, plan)
    draw_actions(dice, plan)
    draw_mood(dice, plan)
    plan.importer = dice.random() < 0.4
    if dice.random() < 0.1:  # gives up, so that a person must retry it
        plan.give_up_after_s = dice.choice([0.05, 0.3])
    plan.after = [what for what, chance in (("retry", 0.6), ("reboot", 0.4)) if dice.random() < chance]
    if mutants and erp == "browser":
        only_lose_replies(plan)
    elif kinds := {SHOWN_BY[name]: 1 for name in mutants if name in SHOWN_BY}:
        plan.mood |= {"chance": 0, "write_chance": 0.6, "kinds": kinds}
    for name, where, _, _ in points():
        if name in mutants:
            for slug in SLUGS if where == "worker" else (where,):
                plan.faults.setdefault(slug, []).append(f"{name} always on")
    return plan


# --- orders

def amount(dice, digits):
    whole = dice.randint(1, 400)
    fraction = f".{dice.randint(0, 10 ** digits - 1):0{digits}}" if digits and dice.random() < 0.7 else ""
    return f"{whole}{fraction}" if float(f"{whole}{fraction}") else "1"


def digits_of(plan, product):
    """Odoo has as many for all products."""
    digits = PRODUCTS.get(product, {"digits": 2})["digits"]
    return min(digits, 2) if plan.erp == "odoo" else digits


def too_fine(plan):
    return "1.555" if plan.erp == "odoo" else "1.5"


def draw_orders(dice, plan):
    for number in range(dice.randint(*ORDERS[plan.erp])):
        slug = "erp" if dice.random() < (0.85 if plan.erp == "browser" else 0.65) else "file"
        kind = dice.choices(list(KINDS), KIND_WEIGHTS)[0] if slug == "erp" else "good"
        if kind in ("refused", "bad_password") and plan.erp == "tryton":  # failed logins delay all others
            kind = "good"
        product = {"unknown_product": "11", "not_for_sale": "40", "too_fine": "30", "refused": "90"}.get(
            kind, dice.choice(["10", "20", "30", "50"]))
        worksheet = {"unknown_worksheet": f"none-{plan.seed}", "closed": "600"}.get(
            kind, f"w{plan.seed}-{dice.randint(1, 5)}")
        order = Order(slug, f"s{plan.seed}-{number}", worksheet, product,
                      too_fine(plan) if kind == "too_fine" else amount(dice, digits_of(plan, product)),
                      kind, dice.choices(list(WAYS), list(WAYS.values()))[0])
        if kind == "own_user":
            order.user = SECOND[plan.erp]
        elif kind == "bad_password":
            order.user, order.password = "bot", f"wrong-{number}"
        plan.orders.append(order)


def worksheets(plan):
    return [f"w{plan.seed}-{number}" for number in range(1, 6)]


# --- faults

def fault_line(dice, point):
    name, _, most, actions = point
    return f"{name} {dice.randint(0, int(most)):03} {dice.choice(actions)}"


def draw_faults(dice, plan):
    """One point in rotation, so that each gets its share, and more at random."""
    known = [point for point in points() if not point[0].startswith("mutant.")]
    chosen = [known[plan.seed % len(known)]]
    chosen += dice.sample(known, dice.choice([0, 0, 1, 2, 3]))
    for point in chosen:
        where = dice.choice(SLUGS) if point[1] == "worker" else point[1]
        plan.faults.setdefault("pumplined" if where == "daemon" else where, []).append(fault_line(dice, point))


ACTIONS = {"kill_worker": 5, "kill_daemon": 3, "kill_erp": 3, "clock_back": 2, "descriptors": 2, "stop_worker": 1,
           "restart": 1, "clear_queue": 2, "clock_on": 1, "terminate": 1, "reconfigure": 2, "rekey": 1,
           "lock_worksheet": 1, "close_worksheet": 1}


BROWSER_ACTIONS = {"kill_browser": 6, "kill_chromedriver": 4, "kill_proxy": 4, "stop_browser": 1}

# Failpoints that are reached only after certain events.
LEADS_TO = {"queue.clear": "clear_queue", "salvage.open": "kill_worker", "salvage.fork": "kill_worker",
            "disk.write": "reconfigure", "disk.sync": "reconfigure", "disk.written": "reconfigure",
            "disk.rename": "reconfigure", "disk.renamed": "reconfigure",
            **dict.fromkeys(("queue.reseal", "queue.resealed", "key.write", "key.linked", "key.begun", "key.noted",
                             "key.rename", "key.renamed", "rekey.file", "rekey.restart", "rekey.finish"), "rekey")}


def draw_actions(dice, plan):
    known = ACTIONS | (BROWSER_ACTIONS if plan.erp == "browser" else {})
    for _ in range(dice.choice([0, 1, 1, 2, 3])):
        what = dice.choices(list(known), list(known.values()))[0]
        at = round(dice.uniform(0.02, SPAN_S[plan.erp]), 3)
        plan.actions.append((at, what, dice.randint(0, 1 << 16)))
    for number, slug in enumerate((*SLUGS, "pumplined")):
        for what in {LEADS_TO.get(line.split()[0]) for line in plan.faults.get(slug, [])} - {None}:
            plan.actions.append((round(dice.uniform(0.02, 0.1), 3), what, number))
    plan.actions.sort()


# Faults of a save, and of any other page. The content of pages is trusted, so it is never corrupted.
SAVES = ["fin_before", "fin_after", "rst_before", "rst_after", "kill_before", "kill_after", "100_after", "103_after",
         "half_status_after", "head_after", "cut_inside", "408_before", "408_after", "500_before", "500_after", "503",
         "garbage", "401"]
SLOW = ["slow_late", "slow_reply", "stop_before", "stop_after"]
READS = ["fin_before", "rst_before", "kill_before", "half_status_before", "500_before", "503", "head_after", "cut_inside"]


def draw_browser_mood(dice, plan):
    kinds = dice.sample(SAVES, dice.choice([2, 4, len(SAVES)])) + (dice.sample(SLOW, 1) if dice.random() < 0.2 else [])
    plan.mood = {"seed": plan.seed, "chance": dice.choice([0, 0.01, 0.03]), "write_chance": dice.choice([0.3, 0.6]),
                 "kinds": dict.fromkeys(kinds, 1), "read_kinds": dict.fromkeys(READS, 1), "slow_s": SLOW_S[plan.erp],
                 "keep_alive": dice.random() < 0.6, "answer": dice.choice(["redirect", "page"]),
                 "version": dice.choice(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]),
                 "front": dice.choice(["http"] * 3 + ["https"] * 3 + ["nginx", "nginx-tls", "nginx-h2"]),
                 "silent": dice.random() < 0.5}


def only_lose_replies(plan):
    """A round takes a minute, so the planted fault's trigger must be in the first one."""
    plan.faults, plan.actions, plan.after = {}, [], []
    plan.mood |= {"chance": 0, "write_chance": 0.6, "kinds": {"fin_after": 1, "rst_after": 1}, "front": "http",
                  "keep_alive": True, "version": "HTTP/1.1"}


# What shows a planted fault: otherwise many rounds may pass before one with such a mood.
SHOWN_BY = {"mutant.no_look_up": "lost_reply"}


def draw_mood(dice, plan):
    if plan.erp == "browser":
        draw_browser_mood(dice, plan)
        return
    kinds = ["cut_before", "lost_reply", "cut_inside", "garbage", "truncated", "500_before", "500_after", "503", "429",
             "403", "nonsense", "locked"] + (["401"] if plan.erp == "scripted" else [])
    chosen = dice.sample(kinds, dice.choice([0, 1, 3, len(kinds)]))
    weights = {kind: 10 for kind in chosen}
    if dice.random() < 0.2:
        weights[dice.choice(["slow_late", "slow_reply"])] = 10 if not chosen else 2
    plan.mood = {"seed": plan.seed, "chance": dice.choice([0.01, 0.05, 0.15]),
                 "write_chance": dice.choice([0.1, 0.3, 0.6]), "kinds": weights, "slow_s": SLOW_S[plan.erp],
                 "keep_alive": dice.random() < 0.5}
