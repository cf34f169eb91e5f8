"""A client of Pumpline's workshop API, for OilMat. One file, standard library only: copy it.

    shop = Workshop("http://127.0.0.1:8101", "Bennys Auto", token="…")
    order = shop.place("tap-3-000417", worksheet="558", product_nr="10", product_amount="5.25")
    order = shop.wait("tap-3-000417")       # created, or error with reason_code and reason_text
    check = shop.check_worksheet("558", product_nr="10", product_amount="5.25")

place() may be repeated at any time with the same uniqueid: Pumpline never places it twice. Use one uniqueid per pumping, kept before
the first call, and amounts as str or decimal.Decimal, never float.
"""

import base64
import decimal
import hashlib
import hmac
import http.client
import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT_S = 10
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30
TOLERANCE_S = 300  # how old or how far ahead a callback's timestamp may be


class Refused(Exception):
    """The request is wrong, and repeating it does not help. `code` is what to act on."""

    def __init__(self, status, problem):
        super().__init__(f"{problem.get('detail', 'refused')} ({problem.get('code')}, {status})")
        self.status, self.code, self.problem = status, problem.get("code"), problem


class Unavailable(Exception):
    """No usable answer within the time given. An order may or may not be placed: place it again, with the same uniqueid."""


class BadSignature(Exception):
    """A callback that Pumpline did not send, or not now: answer 401 and do nothing."""


class Workshop:
    def __init__(self, url, name, token=None, timeout_s=TIMEOUT_S):
        self.url, self.name, self.token, self.timeout_s = url.rstrip("/"), name, token, timeout_s

    def place(self, uniqueid, worksheet, product_nr, product_amount, username=None, password=None, give_up_after_s=3600):
        """Returns once the order is on Pumpline's disk. Retries while Pumpline is unreachable or answers 5xx, 408 or 429."""
        body = {"workshop": self.name, "uniqueid": uniqueid, "worksheet": worksheet, "product_nr": product_nr,
                "product_amount": amount(product_amount)}
        if username is not None:
            body.update(username=username, password=password)
        return self._retried("POST", "/create", body, give_up_after_s)

    def status(self, uniqueid):
        return self._call("GET", "/get_order_status?" + urllib.parse.urlencode({"uniqueid": uniqueid}))

    def wait(self, uniqueid, give_up_after_s=3600, pause_s=1):
        """The order once it is `created` or `error`. A callback saves this polling."""
        end = time.monotonic() + give_up_after_s
        while True:
            left_s = end - time.monotonic()
            order = self._retried("GET", "/get_order_status?" + urllib.parse.urlencode({"uniqueid": uniqueid}), None, left_s)
            if order["status"] in ("created", "error"):
                return order
            if time.monotonic() + pause_s > end:
                raise Unavailable(f"{uniqueid} is still {order['status']}")
            time.sleep(pause_s)

    def check_worksheet(self, worksheet, product_nr=None, product_amount=None):
        """What the ERP says before pumping. Asked once: a person is waiting. Unavailable means: unknown."""
        query = {} if product_nr is None else {"product_nr": product_nr}
        if product_amount is not None:
            query["product_amount"] = amount(product_amount)
        return self._call("GET", f"/worksheets/{urllib.parse.quote(worksheet, safe='')}"
                                 + ("?" + urllib.parse.urlencode(query) if query else ""))

    def _retried(self, method, target, body, give_up_after_s):
        end, pause_s = time.monotonic() + give_up_after_s, FIRST_PAUSE_S
        while True:
            try:
                return self._call(method, target, body)
            except Unavailable as failed:
                wait_s = max(getattr(failed, "retry_after_s", 0), random.uniform(0, pause_s))
                if time.monotonic() + wait_s > end:
                    raise
            time.sleep(wait_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _call(self, method, target, body=None):
        request = urllib.request.Request(self.url + target, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with DIRECT.open(request, timeout=self.timeout_s) as reply:
                return read(reply)
        except urllib.error.HTTPError as error:
            raise refusal(error) from None
        except NO_ANSWER as error:
            raise Unavailable(f"{method} {target}: {error}") from None


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Pumpline never redirects: a password goes nowhere else."""

    def redirect_request(self, *_):
        return None


NO_ANSWER = (OSError, ValueError, http.client.HTTPException)  # no connection, a timeout, half a reply, not Pumpline's
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


def amount(value):
    """As text. A float has already lost digits."""
    if isinstance(value, float):
        raise TypeError("pass an amount as str or decimal.Decimal")
    return f"{value:f}" if isinstance(value, decimal.Decimal) else str(value)


def read(reply):
    """The object that each of Pumpline's replies is."""
    value = json.load(reply)
    if not isinstance(value, dict):
        raise ValueError("not a reply of Pumpline's")
    return value


def refusal(error):
    """What to raise for a reply of 300 and above."""
    try:
        problem = read(error)
    except NO_ANSWER:
        problem = {}
    if error.code < 500 and error.code not in (408, 429):
        return Refused(error.code, problem)
    failed = Unavailable(f"{problem.get('detail', error.reason)} ({error.code})")
    seconds = error.headers.get("Retry-After", "")
    failed.retry_after_s = int(seconds) if seconds.isdigit() else 0
    return failed


def _callback_key(secret):
    """As Pumpline reads it."""
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text, validate=True)
        is_base64 = key and base64.b64encode(key).decode() == text  # stray bits at its end make it another text
    except ValueError:
        is_base64 = False
    if is_base64:
        return key
    if text != secret or not secret:
        raise ValueError("the secret is not base64")
    return secret.encode()


def verify_callback(secret, headers, body, now=None):
    """The order of a callback, after its signature and time were checked (Standard Webhooks).

    secret: as configured: base64, with or without "whsec_" before it; a text that is not base64 is itself the key. ValueError: Pumpline
    does not accept it. headers: any mapping, its keys in any case. body: the bytes as received.
    Callbacks may come more than once: remember `webhook-id`, or make handling the same order twice harmless.
    """
    key = _callback_key(secret)
    headers = {name.lower(): value for name, value in headers.items()}
    try:
        name, sent_at, signatures = (headers[f"webhook-{part}"] for part in ("id", "timestamp", "signature"))
        age_s = (time.time() if now is None else now) - int(sent_at)
    except (KeyError, ValueError) as error:
        raise BadSignature(f"a header is missing or malformed: {error}") from None
    if abs(age_s) > TOLERANCE_S:
        raise BadSignature("too old, or from the future")
    expected = base64.b64encode(hmac.new(key, f"{name}.{sent_at}.".encode() + body, hashlib.sha256).digest()).decode()
    # A list, so that all are compared in the same time.
    if not any([hmac.compare_digest(f"v1,{expected}".encode(), one.encode()) for one in signatures.split()]):
        raise BadSignature("wrong signature")
    return json.loads(body)
