"""Tests "exactly once": rounds of orders and faults, and the invariants after each round.

See README.md beside it. The last line: storm: rounds=… orders=… kills=… lost=0 doubled=0 wrong=0
"""

import argparse
import contextlib
import http.client
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import plan as plans
import world
from browser_erp import BrowserErp
from calls import Violation, take_lane
from check import check
from clients import Clients
from erps import OdooErp, RealTryton, ScriptedErp
from score import Score, write_junit
from spoilt import look, too_many
from world import World

SETTLE_S = {"scripted": 240, "odoo": 240, "tryton": 240, "browser": 600}  # without faults; far more than needed
LOG_LINES = 40
ROUNDS_FOR_ALL = 1000  # after this many, each failpoint must have fired


class Tender(threading.Thread):
    """Keeps the daemon running, executes the plan's actions, empties the file driver's folder."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.plan = world, world.plan
        self.actions = list(self.plan.actions)
        self.failure = None
        self.helpers = []
        self.done = threading.Event()

    def run(self):
        begin = time.monotonic()
        while not self.done.is_set():
            try:
                self.world.tend()
                if self.actions and time.monotonic() - begin >= self.actions[0][0]:
                    self.act(self.actions[0])
                    self.actions.pop(0)  # removed only now: finish_actions() must find its thread
                if self.plan.importer:
                    self.world.import_files()
            except Violation as violation:
                self.failure = violation
                return
            time.sleep(0.005)

    def act(self, action):
        """Runs in a thread, since the daemon must be restarted meanwhile."""
        helper = threading.Thread(target=self.world.do, args=[action], daemon=True)
        helper.start()
        self.helpers.append(helper)

    def finish_actions(self):
        while self.actions and not self.failure:
            time.sleep(0.005)
        for helper in self.helpers:
            helper.join()

    def check(self):
        if self.failure:
            raise self.failure

    def stop(self):
        self.done.set()
        self.join()
        self.check()


def rage(world):
    """A browser needs seconds where an API needs none, so the faults go on as long."""
    end = time.monotonic() + plans.RAGE_S[world.plan.erp]
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            if not any(shop.call("GET", "/alive")[1].get("queue_length", 1) for shop in world.shops.values()):
                return
        time.sleep(0.1)


def settle(world, tender):
    """Until no order waits; a worker that is parked after rejected credentials needs a person."""
    end = time.monotonic() + world.settle_s
    while True:
        waiting = 0
        for shop in world.shops.values():
            status, alive = shop.insist("GET", "/alive")
            tender.check()
            waiting += alive["queue_length"]
            if alive["worker"] == "stopped" or alive["worker_reason"] == "auth_failed":
                shop.insist("PUT", "/start_worker")
        if not waiting:
            return
        if time.monotonic() > end:
            raise Violation(f"{waiting} orders are still open after {world.settle_s} s without a fault")
        time.sleep(0.02)


# Errors that a person retries at once: the order was tried for too long or taken out of the queue; its amount is confirmed; its file was taken by an
# importer, so it is looked up and either found or created; or half a page arrived, which no recipe recognises.
GIVEN_UP = {"file": {"outcome_unknown"}, "browser": {"ui_changed"}}
MOST_RETRIES = 8


def retry_given_up(world):
    imported = {line["uniqueid"] for line in world.file_lines()}
    count = 0
    for slug, shop in world.shops.items():
        given_up = {"attempts_exhausted", "cleared", "amount_implausible"} | GIVEN_UP.get(world.plan.erp if slug == "erp" else slug, set())
        for order in shop.orders():
            if order["reason_code"] in given_up and order["status"] == "error":
                world.retries[order["uniqueid"]] += 1
                if world.retries[order["uniqueid"]] > MOST_RETRIES:
                    raise Violation(f"{order['reason_code']} after {MOST_RETRIES} retries: {order['reason_text']}",
                                    order["uniqueid"])
                done = order["reason_code"] == "outcome_unknown" and order["uniqueid"] in imported
                confirm = {"confirm": True} if order["reason_code"] == "amount_implausible" else None
                body = {"note": "the line is there"} if done else confirm
                status, reply = shop.insist("PUT", f"/orders/{order['uniqueid']}/{'resolve' if done else 'retry'}", body)
                if status not in (200, 409):
                    raise Violation(f"retry or resolve: {status} {reply}", order["uniqueid"])
                count += 1
    return count


def retry_refused(world):
    """Corrects what the ERP refused, and retries it."""
    wishes = {order.uniqueid: order for order in world.plan.orders}
    shop = world.shops["erp"]
    for order in shop.orders():
        wish = wishes[order["uniqueid"]]
        if order["status"] == "error" and wish.kind in ("unknown_product", "not_for_sale", "too_fine"):
            wish.product, wish.amount = "10", "4.7"
            status, reply = shop.insist("PUT", f"/orders/{wish.uniqueid}/retry",
                                        {"product_nr": wish.product, "product_amount": wish.amount})
            if status not in (200, 409):
                raise Violation(f"retry: {status} {reply}", wish.uniqueid)


def reboot(world):
    """Kills everything once more: the data on disk must not change."""
    before = {slug: shop.orders() for slug, shop in world.shops.items()}
    world.kill_daemon(0)
    world.kill_worker(0)
    time.sleep(0.02)
    for slug, shop in world.shops.items():
        if shop.orders() != before[slug]:
            raise Violation(f"{slug}: other orders after a restart than before")


def read_log(world):
    """The number of failed leak checks."""
    broken, unchecked = look(world.log.read_text(errors="replace"))
    if broken:
        raise Violation(f"in the log: {broken}")
    return unchecked


def check_callbacks(world):
    """Each end of each order was posted at least once, and an order's ends in their sequence."""
    if not world.receiver:
        return
    expected = {(shop.name, order["uniqueid"]): [entry["status"] for entry in shop.history(order["uniqueid"])
                                                 if entry["status"] in ("created", "error")]
                for shop in world.shops.values() for order in shop.orders()}
    if words := world.receiver.wait_for(expected, world.settle_s):
        raise Violation(words)


def storm(world):
    clients, tender = Clients(world), Tender(world)
    world.start()
    tender.start()
    try:
        clients.start()
        tender.finish_actions()
        for thread in clients.threads:
            thread.join(1.5)
        rage(world)
        world.calm(but=[b"queue.mend"])
        clients.join()
        settle(world, tender)
        while retry_given_up(world):
            settle(world, tender)
        if "retry" in world.plan.after:
            retry_refused(world)
            settle(world, tender)
        world.calm()
        if "reboot" in world.plan.after:
            reboot(world)
            settle(world, tender)
        count = check(world, clients.posted)
        check_callbacks(world)
        return count
    finally:
        tender.stop()


# --- a round and its report

ERPS = {"scripted": ScriptedErp, "odoo": OdooErp, "tryton": RealTryton, "browser": BrowserErp}


def play(seed, options, erp, lane, folder):
    """Returns {"orders", "kills", "unchecked", "fired", "violation"}."""
    plan = plans.draw(seed, options.erp, options.mutant)
    erp.prepare(plan)
    world = World(folder, plan, options.build, erp, lane, options.features)
    world.settle_s = options.settle
    result = {"seed": seed, "orders": 0, "kills": 0, "unchecked": 0, "fired": [], "violation": None}
    begin = time.monotonic()
    try:
        result["orders"] = storm(world)
        world.stop(gently=seed % 2 == 0)
        result["unchecked"] = read_log(world)  # read now, since leak checks run at exit
    except Violation as violation:
        result["violation"] = report(world, violation)
    except Exception:
        result["violation"] = report(world, Violation(traceback.format_exc()))
    finally:
        if result["violation"]:
            world.stop(gently=False)
        world.close()
    fired = [one for faults in world.plans.values() for one in faults.fired()]
    result["fired"] = fired
    result["kills"] = world.kills + sum(action == "kill" for _, action in fired)
    result["seconds"] = time.monotonic() - begin
    if not result["violation"]:
        world.remove()
        erp.forget(plan)
    return result


def report(world, violation):
    """Everything that helps to understand a violation."""
    words, uniqueid = (*violation.args, None)[:2]
    lines = [f"VIOLATION seed={world.plan.seed} erp={world.plan.erp}: {uniqueid or ''} {words}",
             f"folder: {world.folder}"]
    try:
        for order in world.plan.orders:
            if order.uniqueid == uniqueid:
                lines += [f"planned: {order}"]
                lines += [f"history: {entry}" for entry in world.shops[order.slug].history(uniqueid)]
        lines += [f"ERP: {line}" for line in world.erp.record(world.plan)["lines"] if line["note"] == uniqueid]
        lines += [f"file: {line}" for line in world.file_lines() if line["uniqueid"] == uniqueid]
    except Exception as error:
        lines.append(f"(more can't be told: {error})")
    log = world.log.read_text(errors="replace").splitlines() if world.log.exists() else []
    about = [line for line in log if uniqueid and uniqueid in line][-LOG_LINES:]
    lines += ["log of the order:", *about] if about else []
    lines += ["log:", *log[-LOG_LINES:]]
    return "\n".join(lines)


def run_lane(options, seeds, results, folder, over):
    """One process: consecutive rounds with one ERP."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the current round is completed
    erp = None
    lane, held = take_lane()
    try:
        erp = ERPS[options.erp](folder / f"erp{lane}", lane)
        if options.erp in ("scripted", "odoo"):
            erp.passwords = plans.USERS
        while (seed := seeds.get()) is not None:
            if not over.is_set():
                result = play(seed, options, erp, lane, folder / f"round{seed}")
                if result["violation"]:
                    over.set()
                results.put(result)
    except Exception:
        results.put({"violation": traceback.format_exc(), "seed": None, "orders": 0, "kills": 0, "unchecked": 0,
                     "fired": []})
    finally:
        if erp:
            erp.stop()
        held.close()
        results.put(None)


# --- many rounds

def next_seeds(options):
    """The seed of the run, or the requested one."""
    first = random.SystemRandom().randrange(1 << 20) * 1000 if options.seed is None else options.seed
    number = first
    while options.rounds is None or number < first + options.rounds:
        yield number
        number += 1


def run(options, folder):
    context = multiprocessing.get_context("fork")
    seeds, results = context.Queue(1), context.Queue()
    over = context.Event()
    signal.signal(signal.SIGINT, lambda *_: over.set())
    lanes = [context.Process(target=run_lane, args=[options, seeds, results, folder, over]) for _ in range(options.jobs)]
    for lane in lanes:
        lane.start()
    score, open_lanes = Score(), len(lanes)
    feeder = threading.Thread(target=feed, args=[options, seeds, over, len(lanes)], daemon=True)
    feeder.start()
    while open_lanes:
        result = results.get()
        if result is None:
            open_lanes -= 1
        else:
            score.add(result)
            if options.progress and score.rounds % 100 == 0:
                print(score.line(), flush=True)
    for lane in lanes:
        lane.join()
    return score


def feed(options, seeds, over, lanes):
    end = time.monotonic() + options.seconds if options.seconds else None
    for seed in next_seeds(options):
        if over.is_set() or (end and time.monotonic() > end):
            break
        seeds.put(seed)
    for _ in range(lanes):
        seeds.put(None)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, help="of the first round; by itself: that round alone")
    parser.add_argument("--erp", choices=list(ERPS), default="scripted")
    parser.add_argument("--with", dest="features", action="append", default=[], choices=list(world.FEATURES), help="switch it on")
    parser.add_argument("--plan-only", action="store_true", help="print the plan and end")
    parser.add_argument("--build", default=Path(__file__).parents[2] / "build-asan")
    parser.add_argument("--mutant", action="append", default=[], help="a fault that is planted on purpose")
    parser.add_argument("--settle", type=int, help="seconds until all orders must have ended")
    parser.add_argument("--discard", action="store_true", help="keep no folder of a violation")
    parser.add_argument("--junit", help="write the result to this file, too")
    parser.add_argument("--progress", action="store_true", help="a line for every 100 rounds")
    parser.add_argument("-j", dest="jobs", type=int, default=2, help="rounds at the same time")
    options = parser.parse_args()
    if options.rounds is None and options.seconds is None:
        options.rounds = 1
    options.settle = options.settle or SETTLE_S[options.erp]
    return options


def main():
    options = arguments()
    if options.plan_only:
        print(json.dumps(plans.draw(options.seed or 0, options.erp, options.mutant).text(), indent=1, ensure_ascii=False))
        return 0
    # In memory: a kill leaves the same data there, and rounds are twice as fast.
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="storm-", dir=base))
    score = run(options, folder)
    seconds = sorted(score.seconds) or [0]
    known = [name for name, *_ in plans.points() if not name.startswith("mutant.")]
    silent = [name for name in known if not any(name.endswith(rest) and len(rest) == len(name) - 1
                                                for rest, _ in score.fired)]
    print(f"storm: erp={options.erp} median={seconds[len(seconds) // 2]:.2f}s most={seconds[-1]:.2f}s "
          f"faults={sum(score.fired.values())} points={len(known) - len(silent)}/{len(known)}"
          f"{' never: ' + ' '.join(silent) if silent else ''} leak checks that could not be made={score.unchecked}")
    idle = silent and score.rounds >= ROUNDS_FOR_ALL  # a failpoint that is never reached proves nothing
    if options.junit:
        write_junit(options.junit, options, score)
    if options.discard or not score.violations:
        shutil.rmtree(folder, ignore_errors=True)
    print(score.line(), flush=True)
    return 1 if score.violations or idle or too_many(score.unchecked, score.rounds) else 0


if __name__ == "__main__":
    sys.exit(main())
