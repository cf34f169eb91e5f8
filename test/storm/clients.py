"""The clients of a round: they post until they get a reply, or disappear."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections import Counter, defaultdict

from calls import Violation

GIVE_UP_S = 60  # long after the last fault


class Posted:
    """The replies that an order's clients received."""

    def __init__(self):
        self.statuses = Counter()
        self.new = 0  # 200, not a duplicate


class Clients:
    def __init__(self, world):
        self.world, self.plan = world, world.plan
        self.posted = defaultdict(Posted)
        self.lock = threading.Lock()
        self.failures = []
        lanes = [self.plan.orders[number::self.plan.clients] for number in range(self.plan.clients)]
        self.threads = [threading.Thread(target=self.guard, args=[self.lane, lane], daemon=True) for lane in lanes]
        for order in self.plan.orders:
            self.posted[order.uniqueid] = Posted()

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def guard(self, function, *arguments):
        try:
            function(*arguments)
        except Violation as violation:
            self.failures.append(violation)

    def lane(self, orders):
        for order in orders:
            getattr(self, order.way)(order)

    # --- ways to post an order

    def once(self, order):
        self.post(order, self.body(order))

    def vanish(self, order):
        """Sends it and closes before the reply: the result is unknown."""
        body = json.dumps(self.body(order)).encode()
        head = (f"POST /create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.shop(order).port), timeout=5) as connection:
                # A few close in the middle of the request.
                connection.sendall(head + (body[:-9] if len(body) % 5 == 0 else body))

    def vanish_and_again(self, order):
        self.vanish(order)
        self.once(order)

    def eight(self, order):
        threads = [threading.Thread(target=self.guard, args=[self.once, order], daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def conflict(self, order):
        self.once(order)
        other = {**self.body(order), "product_amount": "99999"}
        status = self.send(order, other, lambda status: status in (200, 409))
        if status != 409:
            raise Violation(f"other content with a known uniqueid: {status}", order.uniqueid)

    # --- one request

    def shop(self, order):
        return self.world.shops[order.slug]

    def body(self, order):
        body = {"workshop": self.shop(order).name, "worksheet": order.worksheet, "product_nr": order.product,
                "product_amount": order.amount, "uniqueid": order.uniqueid}
        if order.user:
            body |= {"username": order.user, "password": order.password or self.world.erp.passwords[order.user]}
        elif order.slug == "file":
            body |= {"username": "nobody", "password": "none"}
        return body

    def post(self, order, body):
        status = self.send(order, body, lambda status: status == 200)
        if status != 200:
            raise Violation(f"POST /create: {status}", order.uniqueid)

    def send(self, order, body, is_answer):
        """Repeats the same order until there is a reply."""
        end = time.monotonic() + GIVE_UP_S
        while True:
            try:
                status, reply = self.shop(order).call("POST", "/create", body)
            except (OSError, http.client.HTTPException, ValueError):
                status, reply = None, None
            with self.lock:
                posted = self.posted[order.uniqueid]
                posted.statuses[status] += 1
                posted.new += status == 200 and not reply["duplicate"]
                if posted.new > 1:
                    raise Violation("placed twice: two clients got 200 for a new order", order.uniqueid)
            if is_answer(status) or status not in (None, 503):
                return status
            if time.monotonic() > end:
                raise Violation(f"POST /create: no answer in {GIVE_UP_S} s (last: {status})", order.uniqueid)
            time.sleep(0.02)
