"""A receiver of callbacks that fails every other time, and remembers what it was told."""

import base64
import hashlib
import hmac
import random
import sys
import threading
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))
import web_server  # noqa: E402

KEY = b"storm-" * 5
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Receiver(web_server.Server):
    def __init__(self, port, seed):
        self.random = random.Random(seed)
        self.told = defaultdict(list)  # (workshop, uniqueid): its ends, each one once, in the order of their acceptance
        self.bodies, self.wrong = {}, None
        self.change = threading.Condition()
        super().__init__(port)

    def answer(self, request):
        name, order = request.headers.get("webhook-id"), request.json
        signed = f"{name}.{request.headers.get('webhook-timestamp')}.".encode() + request.body
        signature = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        with self.change:
            if request.headers.get("webhook-signature") != signature:
                self.wrong = f"signed wrongly: {request.body}"
            if self.bodies.setdefault(name, request.body) != request.body:
                self.wrong = f"another body under the same id: {request.body}"
            if self.random.random() < 0.5:
                return web_server.reply(self.random.choice([500, 503, 404]))
            ends = self.told[order["workshop"], order["uniqueid"]]
            if name not in (one for one, _ in ends):
                ends.append((name, order["status"]))
            self.change.notify_all()
            return web_server.reply(200)

    def wait_for(self, expected, seconds):
        """expected: {(workshop, uniqueid): statuses}. Returns what was told otherwise, or None."""
        def missing():
            return next((f"not told: {key} became {ends}, the receiver knows {[end for _, end in self.told[key]]}"
                         for key, ends in expected.items() if [end for _, end in self.told[key]] != ends), None)
        with self.change:
            self.change.wait_for(lambda: self.wrong or not missing(), seconds)
            return self.wrong or missing()
