"""The pages of oldshop.py: frames, a pop-up window, and forms whose scripts post them for each change."""

import html
import json
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from web_server import page, reply

PRODUCTS = {"10": "Engine oil 5W-30", "20": "Gear oil 75W-90", "30": "Oil filter", "100": "Antifreeze"}
FIELDS = ("product", "qty", "remark")
FRESH = ["Cache-Control: no-store"]

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
STUCK = "var stuck = new XMLHttpRequest(); stuck.open('GET', '/stuck', false); stuck.send();"  # as a loop would do, without its CPU
FROZEN = f"<script>{STUCK}</script>"
FROZEN_LATER = f"<script>onload = () => setTimeout(() => {{ {STUCK} }})</script>"
MENU = """\
<a href="/worksheets" target="main">Worksheets</a><br><a href="/find" target="main">Find line</a><br>
<a href="/logout" target="_top">Log out</a>
"""
LOGIN = """\
<h1>OldShop</h1>%s<form method="post" action="/login" %s>User <input name="user"> Password <input name="pass"
type="password"> <input type="submit" value="Log in"></form>
"""


def rounded(text):
    """The amount as stored by the shop: silently rounded to two digits; "" if invalid."""
    try:
        number = Decimal(text.replace(".", "").replace(",", "."))
    except InvalidOperation:
        return ""
    return f"{number.quantize(Decimal('0.01'), ROUND_HALF_UP):,.2f}".translate(str.maketrans(",.", ".,"))


def quoted(text):
    return html.escape(str(text), quote=True)


class Pages:
    """The reply to one request."""

    def __init__(self, shop, request):
        self.shop, self.request = shop, request
        self.session = request.cookie("oldshop")

    def answer(self):
        name = self.request.place.strip("/") or "frames"
        if name == "login":
            return self.page_login(self.request.form)
        if name == "check":
            self.shop.at("check")
            return reply(200)
        if name == "arrived":
            self.shop.arrived.set()
            return reply(200)
        if name == "stuck":
            self.shop.over.wait()
            return reply(200)
        if self.session not in self.shop.sessions:
            return self.redirect("/login")
        show = getattr(self, f"page_{name}", None)
        return show(self.request.query, self.request.form) if show else page("Not found.", 404)

    def page(self, body):
        return page(f"<html><head><title>OldShop</title></head><body>{body}</body></html>", headers=FRESH)

    def cut_off(self, before, after):
        self.shop.cuts -= 1
        self.request.cut = True
        whole = self.page(f'{before}<tr><td><img src="/arrived"></td></tr>{" " * 4096}{after}')
        return whole[:whole.index(b"    ") + 4096]

    def redirect(self, to, *headers):
        return reply(303, b"", [f"Location: {to}", *FRESH, *headers])

    # --- pages

    def page_login(self, form):
        if "user" not in form:
            return self.page(LOGIN % ("", CHECKS if self.shop.checks_login else ""))
        key = self.shop.log_in(form["user"], form.get("pass"))
        if key:
            return self.redirect("/", f"Set-Cookie: oldshop={key}; HttpOnly")
        words = "This account is locked." if self.shop.locked else "User or password is wrong."
        return self.page(LOGIN % ("" if self.shop.login_says_nothing else f'<p class="error">{words}</p>', ""))

    def page_logout(self, _query, _form):
        self.shop.sessions.pop(self.session, None)
        return self.redirect("/login")

    def page_frames(self, _query, _form):
        return page(FRAMES, headers=FRESH)

    def page_menu(self, _query, _form):
        return self.page(MENU)

    def page_status(self, _query, _form):
        return self.page('<meta http-equiv="refresh" content="5">'
                         f"User: {quoted(self.shop.sessions.get(self.session))}")

    def page_worksheets(self, query, _form):
        """The search matches prefixes: 558 finds 5581 too."""
        wanted = query.get("number", "")
        rows = "".join(
            f'<tr><td>{number}</td><td>{sheet["state"]}</td><td><a href="/worksheet?number={number}">Open</a></td></tr>'
            for number, sheet in self.shop.worksheets.items() if number.startswith(wanted))
        return self.page(
            f'<form>Number <input name="number" value="{quoted(wanted)}"> <input type="submit" value="Search">'
            f'</form><table id="worksheets"><tr><th>Number</th><th>State</th><th></th></tr>{rows}</table>'
            f'<p id="searched">Searched: {quoted(wanted)}</p>')

    def page_find(self, query, _form):
        """Lines whose remark contains the text."""
        wanted = query.get("remark", "")
        if wanted:
            self.shop.at("find")
        rows = "".join(
            "<tr>" + "".join(f"<td>{quoted(line[name])}</td>" for name in ("worksheet", "line", "product", "qty")) +
            f"<td>{self.shop.remark_as.format(quoted(line['remark']))}</td></tr>"
            for line in self.shop.lines() if wanted and (wanted in line["remark"] or self.shop.finds_all))
        if wanted and self.shop.cuts:
            return self.cut_off(f'<p id="searched">Searched: {quoted(wanted)}</p><table id="lines"><tr><th>Worksheet</th></tr>', rows)
        return self.page(
            f'<form>Remark <input name="remark" value="{quoted(wanted)}"> <input type="submit" value="Find">'
            '</form><table id="lines"><tr><th>Worksheet</th><th>Line</th><th>Product</th><th>Amount</th>'
            f'<th>Remark</th></tr>{rows}</table><p id="searched">Searched: {quoted(wanted)}</p>')

    def page_choose(self, query, _form):
        self.shop.at("choose")
        rows = "".join(f"<tr><td>{code}</td><td>{name}</td><td><a href=\"javascript:choose('{code}')\">Take</a></td>"
                       "</tr>" for code, name in PRODUCTS.items())
        return self.page(CHOOSER % {"row": int(query["row"])} + f'<table id="products">{rows}</table>')

    def page_quick(self, query, form):
        """A line in one small form, for tests of what is before and after it."""
        if form:
            sheet = self.shop.worksheets[form["number"]]
            line = {name: form[name] for name in FIELDS}
            line["qty"] = rounded(line["qty"])
            return self.answer_to_save(self.store(form["number"], sheet["version"], [*sheet["lines"], line]), "/quick?")
        if "saved" not in query:
            self.shop.at("form")
            if self.shop.frozen("form"):
                return self.page(FROZEN_LATER)
        fields = "".join(f'<input name="{name}" value="{quoted(query.get(name, ""))}">' for name in ("number", *FIELDS))
        return self.page(f'{self.said(query)}<form method="post" action="/quick">{fields}<input type="submit" value="Save"></form>')

    def said(self, query):
        """On the page after a save."""
        warning = f'<p class="error">{quoted(self.shop.warning)}</p>' if self.shop.warning else ""
        return f'{warning}<p class="message">Saved.</p>' if "saved" in query else ""

    def page_worksheet(self, query, form):
        number = form.get("number") or query.get("number", "")
        sheet = self.shop.worksheets.get(number)
        if sheet is None:
            return self.page(f'<p class="error">There is no worksheet {quoted(number)}.</p>')
        if form.get("action_") == "save":
            return self.answer_to_save(self.store(number, int(form["version"]), self.lines_of(form)), f"/worksheet?number={number}")
        if form:
            lines = self.lines_of(form)
            if form["action_"] == "add":
                lines.append(dict.fromkeys(FIELDS, ""))
            return self.show(number, sheet["state"], int(form["version"]), lines)
        return self.show(number, sheet["state"], sheet["version"], sheet["lines"], self.said(query))

    def lines_of(self, form):
        lines = []
        while f"line_{len(lines) + 1}_{self.shop.names['product']}" in form:
            row = f"line_{len(lines) + 1}_"
            line = {name: form.get(row + self.shop.names[name], "") for name in FIELDS}
            line["qty"] = rounded(line["qty"])
            lines.append(line)
        return lines

    def store(self, number, version, lines):
        self.shop.at("save")
        wrong = self.shop.save(number, version, lines)
        self.shop.at("saved")
        if self.shop.drop_reply_of == "save":
            self.shop.drop_reply_of = None
            raise ConnectionError
        return wrong

    def answer_to_save(self, wrong, place):
        if self.shop.frozen("saved"):
            return self.page(FROZEN)
        if wrong:
            return self.page(f"<script>alert({json.dumps(wrong)})</script>"
                             f'<p class="error">{quoted(wrong)}</p><a href="{place}">Back</a>')
        return self.redirect(f"{place}&saved=1")

    def show(self, number, state, version, lines, message=""):
        is_open = state == "open"
        rows = "".join(self.row(place, line, is_open) for place, line in enumerate(lines, 1))
        buttons = ('<input type="button" value="Add row" onclick="add()"> '
                   '<input type="button" value="Save" onclick="save()">') if is_open else ""
        return self.page(
            WORKSHEET_SCRIPT % {"number": number} +
            f'{message}<h1>Worksheet {number}</h1><p>State: <b id="state">{state}</b></p>'
            '<form name="worksheet" method="post" action="/worksheet"><input type="hidden" name="action_">'
            f'<input type="hidden" name="number" value="{number}"><input type="hidden" name="version"'
            f' value="{version}"><table id="lines"><tr><th>Product</th><th></th><th>Amount</th><th>Remark</th></tr>'
            f"{rows}</table>{buttons}</form>" +
            (f"<!-- {quoted(self.shop.password)} {self.shop.password} -->" if self.shop.show_password else ""))

    def row(self, place, line, is_open):
        def field(name, more):
            return f'<input name="line_{place}_{self.shop.names[name]}" value="{quoted(line[name])}" {more}>'

        frozen = "" if is_open else "disabled"
        chooser = f'<input type="button" value="…" onclick="choose({place})">' if is_open else ""
        return (f'<tr><td>{field("product", "readonly")}</td><td>{chooser}</td>'
                f'<td>{field("qty", f"onchange=refresh() {frozen}")}</td><td>{field("remark", frozen)}</td></tr>')
