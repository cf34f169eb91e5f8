"""An ERP as many workshops have it: frames, forms that reload, a pop-up window.

All of it is the tests' own. Pages are made by the server; every change of a
field sends the whole form and brings the page back; the product is chosen in
a window that writes into its opener and closes itself; saving asks confirm().
It rounds amounts to two digits without a word. What tests need is behind
OldShop's methods, and for other processes behind /control (JSON).

    /usr/bin/python3 test/erp/oldshop.py --port 8080    # until SIGTERM
"""

import argparse
import contextlib
import html
import json
import secrets
import signal
import threading
import urllib.parse
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USER, PASSWORD = "mechanic", "old&shop<7>pass"
LOCKED_AFTER = 3
HOLD_TIMEOUT_S = 120  # nobody let it go: the test has failed
PRODUCTS = {"10": "Engine oil 5W-30", "20": "Gear oil 75W-90", "30": "Oil filter", "100": "Antifreeze"}
WORKSHEETS = {"558": "open", "559": "open", "560": "open", "5581": "open", "600": "closed"}
FIELDS = ("product", "qty", "remark")

CHOOSER = """\
<script>
function choose(code) {
  var form = opener.document.forms.worksheet;
  form['line_%(row)s_product'].value = code;
  form.action_.value = 'refresh';
  form.submit();
  window.close();
}
</script>
"""
WORKSHEET_SCRIPT = """\
<script>
function refresh() { var f = document.forms.worksheet; f.action_.value = 'refresh'; f.submit(); }
function add() { var f = document.forms.worksheet; f.action_.value = 'add'; f.submit(); }
function choose(row) { window.open('/choose?row=' + row, 'choose', 'width=500,height=400'); }
function save() {
  if (!confirm('Save worksheet %(number)s?')) return;
  var f = document.forms.worksheet; f.action_.value = 'save'; f.submit();
}
</script>
"""
FRAMES = """\
<html><head><title>OldShop</title></head>
<frameset cols="160,*"><frame name="menu" src="/menu">
<frameset rows="*,40"><frame name="main" src="/worksheets"><frame name="status" src="/status"></frameset>
</frameset></html>
"""
CHECKS = """onsubmit="var form = this; fetch('/check').then(function () { form.submit(); }); return false\""""
FROZEN = "<script>while (true);</script>"
MENU = """\
<a href="/worksheets" target="main">Worksheets</a><br><a href="/find" target="main">Find line</a><br>
<a href="/logout" target="_top">Log out</a>
"""
LOGIN = """\
<h1>OldShop</h1>%s<form method="post" action="/login" %s>User <input name="user"> Password <input name="pass"
type="password"> <input type="submit" value="Log in"></form>
"""


def rounded(text):
    """What the shop makes of an amount: two digits, without a word; "" where it is none."""
    try:
        number = Decimal(text.replace(".", "").replace(",", "."))
    except InvalidOperation:
        return ""
    return f"{number.quantize(Decimal('0.01'), ROUND_HALF_UP):,.2f}".translate(str.maketrans(",.", ".,"))


def quoted(text):
    return html.escape(str(text), quote=True)


class Hold:
    """A request that waits at some point of the server until it is let go."""

    def __init__(self):
        self.reached, self.let_go = threading.Event(), threading.Event()

    def wait(self):
        assert self.reached.wait(HOLD_TIMEOUT_S), "no request came to where it was to be held"

    def stay(self):
        self.reached.set()
        self.let_go.wait(HOLD_TIMEOUT_S)

    def release(self):
        self.let_go.set()


class OldShop:
    """The shop and its server; the server's threads end with the process."""

    def __init__(self, port):
        self.lock = threading.Lock()
        self.worksheets = {number: {"state": state, "version": 1, "lines": []}
                           for number, state in WORKSHEETS.items()}
        self.sessions = {}
        self.logins = self.failed_logins = self.requests = self.saves = 0
        self.locked = False
        self.names = {name: name for name in FIELDS}
        self.edit_before_save = self.close_before_save = False
        self.warning = ""  # in red, on the page that says "Saved."
        self.drop_reply_of = None
        self.show_password = False
        self.checks_login = self.login_says_nothing = False
        self.finds_all = False  # whatever is searched for
        self.remark_as = "{}"  # HTML of the search's result
        self.holds = {}
        self.freezes_at = None
        handler = type("Handler", (Handler,), {"shop": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        for hold in self.holds.values():
            hold.release()
        self.server.shutdown()
        self.server.server_close()

    # --- what is in it

    def lines(self, uniqueid=None):
        with self.lock:
            return [{"worksheet": number, "line": place, **line}
                    for number, sheet in self.worksheets.items()
                    for place, line in enumerate(sheet["lines"], 1)
                    if uniqueid in (None, line["remark"])]

    def state(self):
        return {"lines": self.lines(), "logins": self.logins, "failed_logins": self.failed_logins,
                "locked": self.locked, "requests": self.requests, "saves": self.saves}

    # --- what people do

    def add_line(self, remark, number="558", product="10", qty="5,00"):
        """Somebody's, or another program's: saved in between like any other."""
        with self.lock:
            sheet = self.worksheets[number]
            sheet["version"] += 1
            sheet["lines"].append({"product": product, "qty": qty, "remark": remark})

    def delete_line(self, number, place):
        with self.lock:
            sheet = self.worksheets[number]
            sheet["version"] += 1
            del sheet["lines"][place - 1]

    # --- what happens to it

    def rename(self, field, name):
        """The page's author calls a field otherwise."""
        self.names[field] = name

    def expire_sessions(self):
        with self.lock:
            self.sessions.clear()

    def hold(self, point):
        """The next request that comes to `point` waits there until the result's release()."""
        self.holds[point] = hold = Hold()
        return hold

    def freeze(self, point):
        """The next page that comes of `point`, "choose" or "saved", keeps its browser busy for ever."""
        self.freezes_at = point

    def control(self, wish):
        """The same for other processes: {"rename": [field, name], "expire": true, …}."""
        if "rename" in wish:
            self.rename(*wish["rename"])
        if wish.get("expire"):
            self.expire_sessions()
        self.edit_before_save = wish.get("edit_before_save", self.edit_before_save)
        self.drop_reply_of = wish.get("drop_reply_of", self.drop_reply_of)
        return self.state()

    # --- for the handler

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
        """None, or what stands in the way."""
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


class Handler(BaseHTTPRequestHandler):
    shop = None
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve({})

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        if self.path == "/control":
            self.reply(json.dumps(self.shop.control(json.loads(body))), type_="application/json")
            return
        self.serve(dict(urllib.parse.parse_qsl(body, keep_blank_values=True)))

    def serve(self, form):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            split = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(split.query))
            if split.path == "/control":
                self.reply(json.dumps(self.shop.state()), type_="application/json")
                return
            self.shop.requests += 1
            if split.path == "/login":
                self.page_login(form)
            elif split.path == "/check":
                self.shop.at("check")
                self.reply("")
            elif self.session() not in self.shop.sessions:
                self.redirect("/login")
            else:
                page = getattr(self, "page_" + (split.path.strip("/") or "frames"), None)
                page(query, form) if page else self.reply("Not found.", 404)

    def session(self):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("oldshop")
        return cookie.value if cookie else None

    def reply(self, text, status=200, type_="text/html; charset=utf-8", **headers):
        data = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": type_, "Content-Length": str(len(data)), "Cache-Control": "no-store",
                            **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def page(self, body):
        self.reply(f"<html><head><title>OldShop</title></head><body>{body}</body></html>")

    def redirect(self, to, **headers):
        self.reply("", 303, Location=to, **headers)

    # --- pages

    def page_login(self, form):
        if "user" not in form:
            self.page(LOGIN % ("", CHECKS if self.shop.checks_login else ""))
            return
        key = self.shop.log_in(form["user"], form.get("pass"))
        if key:
            self.redirect("/", **{"Set-Cookie": f"oldshop={key}; HttpOnly"})
        else:
            words = "This account is locked." if self.shop.locked else "User or password is wrong."
            self.page(LOGIN % ("" if self.shop.login_says_nothing else f'<p class="error">{words}</p>', ""))

    def page_logout(self, _query, _form):
        self.shop.sessions.pop(self.session(), None)
        self.redirect("/login")

    def page_frames(self, _query, _form):
        self.reply(FRAMES)

    def page_menu(self, _query, _form):
        self.page(MENU)

    def page_status(self, _query, _form):
        self.page('<meta http-equiv="refresh" content="5">' f"User: {quoted(self.shop.sessions[self.session()])}")

    def page_worksheets(self, query, _form):
        """The search goes by the beginning of the number: 558 finds 5581 too."""
        wanted = query.get("number", "")
        rows = "".join(
            f'<tr><td>{number}</td><td>{sheet["state"]}</td><td><a href="/worksheet?number={number}">Open</a></td></tr>'
            for number, sheet in self.shop.worksheets.items() if number.startswith(wanted))
        self.page(f'<form>Number <input name="number" value="{quoted(wanted)}"> <input type="submit" value="Search">'
                  f'</form><table id="worksheets"><tr><th>Number</th><th>State</th><th></th></tr>{rows}</table>'
                  f'<p id="searched">Searched: {quoted(wanted)}</p>')

    def page_find(self, query, _form):
        """Lines whose remark contains a text."""
        wanted = query.get("remark", "")
        if wanted:
            self.shop.at("find")
        rows = "".join(
            "<tr>" + "".join(f"<td>{quoted(line[name])}</td>" for name in ("worksheet", "line", "product", "qty")) +
            f"<td>{self.shop.remark_as.format(quoted(line['remark']))}</td></tr>"
            for line in self.shop.lines() if wanted and (wanted in line["remark"] or self.shop.finds_all))
        self.page(f'<form>Remark <input name="remark" value="{quoted(wanted)}"> <input type="submit" value="Find">'
                  '</form><table id="lines"><tr><th>Worksheet</th><th>Line</th><th>Product</th><th>Amount</th>'
                  f'<th>Remark</th></tr>{rows}</table><p id="searched">Searched: {quoted(wanted)}</p>')

    def page_choose(self, query, _form):
        self.shop.at("choose")
        if self.shop.frozen("choose"):
            self.page(FROZEN)
            return
        rows = "".join(f"<tr><td>{code}</td><td>{name}</td><td><a href=\"javascript:choose('{code}')\">Take</a></td>"
                       "</tr>" for code, name in PRODUCTS.items())
        self.page(CHOOSER % {"row": int(query["row"])} + f'<table id="products">{rows}</table>')

    def page_worksheet(self, query, form):
        number = form.get("number") or query.get("number", "")
        sheet = self.shop.worksheets.get(number)
        if sheet is None:
            self.page(f'<p class="error">There is no worksheet {quoted(number)}.</p>')
        elif form.get("action_") == "save":
            self.save(number, form)
        elif form:
            lines = self.lines_of(form)
            if form["action_"] == "add":
                lines.append(dict.fromkeys(FIELDS, ""))
            self.show(number, sheet["state"], int(form["version"]), lines)
        else:
            message = '<p class="message">Saved.</p>' if "saved" in query else ""
            if message and self.shop.warning:
                message = f'<p class="error">{quoted(self.shop.warning)}</p>{message}'
            self.show(number, sheet["state"], sheet["version"], sheet["lines"], message)

    def lines_of(self, form):
        lines = []
        while f"line_{len(lines) + 1}_{self.shop.names['product']}" in form:
            row = f"line_{len(lines) + 1}_"
            line = {name: form.get(row + self.shop.names[name], "") for name in FIELDS}
            line["qty"] = rounded(line["qty"])
            lines.append(line)
        return lines

    def save(self, number, form):
        self.shop.at("save")
        wrong = self.shop.save(number, int(form["version"]), self.lines_of(form))
        self.shop.at("saved")
        if self.shop.drop_reply_of == "save":
            self.shop.drop_reply_of = None
            self.close_connection = True
        elif self.shop.frozen("saved"):
            self.page(FROZEN)
        elif wrong:
            self.page(f"<script>alert({json.dumps(wrong)})</script>"
                      f'<p class="error">{quoted(wrong)}</p><a href="/worksheet?number={number}">Back</a>')
        else:
            self.redirect(f"/worksheet?number={number}&saved=1")

    def show(self, number, state, version, lines, message=""):
        is_open = state == "open"
        rows = "".join(self.row(place, line, is_open) for place, line in enumerate(lines, 1))
        buttons = ('<input type="button" value="Add row" onclick="add()"> '
                   '<input type="button" value="Save" onclick="save()">') if is_open else ""
        self.page(
            WORKSHEET_SCRIPT % {"number": number} +
            f'{message}<h1>Worksheet {number}</h1><p>State: <b id="state">{state}</b></p>'
            '<form name="worksheet" method="post" action="/worksheet"><input type="hidden" name="action_">'
            f'<input type="hidden" name="number" value="{number}"><input type="hidden" name="version"'
            f' value="{version}"><table id="lines"><tr><th>Product</th><th></th><th>Amount</th><th>Remark</th></tr>'
            f"{rows}</table>{buttons}</form>" +
            (f"<!-- {quoted(PASSWORD)} {PASSWORD} -->" if self.shop.show_password else ""))

    def row(self, place, line, is_open):
        def field(name, more):
            return f'<input name="line_{place}_{self.shop.names[name]}" value="{quoted(line[name])}" {more}>'

        frozen = "" if is_open else "disabled"
        chooser = f'<input type="button" value="…" onclick="choose({place})">' if is_open else ""
        return (f'<tr><td>{field("product", "readonly")}</td><td>{chooser}</td>'
                f'<td>{field("qty", f"onchange=refresh() {frozen}")}</td><td>{field("remark", frozen)}</td></tr>')


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
