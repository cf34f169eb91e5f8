"""A typical old workshop ERP: frames, forms that reload, a pop-up window.

It is written for the tests. The server renders all pages; every change of a field posts the whole form and reloads the
page; the product is chosen in a window that writes to its opener and closes itself; saving asks confirm(). Amounts are
silently rounded to two digits. Tests control it through OldShop's methods; other processes use /control (JSON).

    /usr/bin/python3 test/erp/oldshop.py --port 8080    # until SIGTERM
"""

import argparse
import secrets
import signal
import threading

from oldshop_pages import FIELDS, PRODUCTS, Pages
from web_server import HOLD_TIMEOUT_S, Hold, Server, json_reply

USER, PASSWORD = "mechanic", "old&shop<7>pass"
LOCKED_AFTER = 3
WORKSHEETS = {"558": "open", "559": "open", "560": "open", "5581": "open", "600": "closed"}


class OldShop(Server):
    """The shop and its server, started on creation."""

    def __init__(self, port):
        super().__init__(port)
        self.password = PASSWORD
        self.worksheets = {number: {"state": state, "version": 1, "lines": []}
                           for number, state in WORKSHEETS.items()}
        self.sessions = {}
        self.holds = {}
        self.arrived, self.over = threading.Event(), threading.Event()
        self.begin_again()
        self.start()

    def begin_again(self):
        """Its counters and its faults are as at the start. Lines and sessions stay."""
        self.logins = self.failed_logins = self.requests = self.saves = 0
        self.locked = False
        self.names = {name: name for name in FIELDS}
        self.edit_before_save = self.close_before_save = False
        self.warning = ""  # shown in red on the page that says "Saved."
        self.drop_reply_of = None
        self.show_password = False
        self.checks_login = self.login_says_nothing = False
        self.finds_all = False  # the search returns all lines
        self.remark_as = "{}"  # HTML of a remark in the search result
        self.freezes_at = None
        self.cuts = 0  # so many search results are cut off before their rows
        for number, state in WORKSHEETS.items():
            self.worksheets[number]["state"] = state

    @property
    def url(self):
        return f"{super().url}/"

    def stop(self):
        self.over.set()
        for hold in self.holds.values():
            hold.release()
        super().stop()

    def answer(self, request):
        if request.place == "/control":
            return json_reply(self.control(request.json) if request.method == "POST" else self.state())
        with self.lock:
            self.requests += 1
        return Pages(self, request).answer()

    def handle(self, connection, request):
        """A page that is cut off has been parsed so far before its connection closes: an image in it says so."""
        kept = super().handle(connection, request)
        if request.cut:
            self.arrived.wait(HOLD_TIMEOUT_S)
            self.arrived.clear()
        return kept and not request.cut

    # --- data

    def lines(self, uniqueid=None):
        with self.lock:
            return [{"worksheet": number, "line": place, **line}
                    for number, sheet in self.worksheets.items()
                    for place, line in enumerate(sheet["lines"], 1)
                    if uniqueid in (None, line["remark"])]

    def state(self):
        return {"lines": self.lines(), "logins": self.logins, "failed_logins": self.failed_logins,
                "locked": self.locked, "requests": self.requests, "saves": self.saves}

    # --- actions of people

    def add_line(self, remark, number="558", product="10", qty="5,00"):
        """A line of a person or another program, stored like any other."""
        with self.lock:
            sheet = self.worksheets[number]
            sheet["version"] += 1
            sheet["lines"].append({"product": product, "qty": qty, "remark": remark})

    def delete_line(self, number, place):
        with self.lock:
            sheet = self.worksheets[number]
            sheet["version"] += 1
            del sheet["lines"][place - 1]

    # --- faults

    def rename(self, field, name):
        """Renames a form field, as after an update of the ERP."""
        self.names[field] = name

    def expire_sessions(self):
        with self.lock:
            self.sessions.clear()

    def hold(self, point):
        """The next request that reaches `point` waits there until release() of the result."""
        self.holds[point] = hold = Hold()
        return hold

    def freeze(self, point):
        """The next page served by `point` never gives its browser back: "form" once it is loaded, "saved" while it loads."""
        self.freezes_at = point

    def control(self, wish):
        """The same control for other processes: {"rename": [field, name], "expire": true, …}."""
        if "rename" in wish:
            self.rename(*wish["rename"])
        if wish.get("expire"):
            self.expire_sessions()
        self.edit_before_save = wish.get("edit_before_save", self.edit_before_save)
        self.drop_reply_of = wish.get("drop_reply_of", self.drop_reply_of)
        return self.state()

    # --- used by the pages

    def at(self, point):
        """Points are "check" (before a login is sent), "choose", "save" (before it is stored), "saved" (after) and "find"."""
        hold = self.holds.pop(point, None)
        if hold:
            hold.stay()

    def frozen(self, point):
        is_it = self.freezes_at == point
        self.freezes_at = None if is_it else self.freezes_at
        return is_it

    def log_in(self, user, password):
        """A session's key, or None."""
        with self.lock:
            if self.locked or (user, password) != (USER, PASSWORD):
                self.failed_logins += 1
                self.locked = self.failed_logins >= LOCKED_AFTER
                return None
            self.logins += 1
            key = secrets.token_hex(8)
            self.sessions[key] = user
            return key

    def save(self, number, version, lines):
        """None, or the reason for a refusal."""
        with self.lock:
            sheet = self.worksheets[number]
            if self.edit_before_save:
                self.edit_before_save = False
                sheet["version"] += 1
            if self.close_before_save:
                sheet["state"] = "closed"
            if sheet["state"] != "open":
                return f"Worksheet {number} is closed."
            if sheet["version"] != version:
                return f"Worksheet {number} was changed by anna meanwhile. Nothing was saved."
            unknown = [line["product"] for line in lines if line["product"] not in PRODUCTS]
            if unknown:
                return f"Product {unknown[0]} is not known."
            sheet["lines"] = lines
            sheet["version"] += 1
            self.saves += 1
            return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=8080)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    shop = OldShop(parser.parse_args().port)
    print(f"{shop.url} user {USER} password {PASSWORD}", flush=True)
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    shop.stop()


if __name__ == "__main__":
    main()
