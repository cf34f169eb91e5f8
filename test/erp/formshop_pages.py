"""The pages of formshop.py: a menu, a search, and a worksheet as one form."""

import html
import secrets
import urllib.parse
from decimal import Decimal, InvalidOperation

import front

FIELDS = ("product", "amount", "reference")
HTML = ["Content-Type: text/html; charset=utf-8", "Cache-Control: no-store"]


def quoted(text):
    return html.escape(str(text), quote=True)


def page(body, status=200):
    text = f"<!doctype html><title>FormShop</title>{body}"
    return front.reply(status, f'{text}<p id="end">FormShop</p>'.encode(), HTML)


def redirect(to, *headers):
    return front.reply(303, b"", [f"Location: {to}", *HTML, *headers])


class Pages:
    """The reply to one request."""

    def __init__(self, shop, base, request, mood):
        self.shop, self.base, self.request, self.mood = shop, base, request, mood
        self.name = request.place.removeprefix(base).strip("/") or "menu"
        self.query, self.form = request.query, request.form

    def answer(self):
        with self.shop.open() as state:
            known = self.request.cookie("formshop") in state.sessions
        if self.name != "login" and not known:
            return redirect(f"{self.base}/login")
        show = getattr(self, f"page_{self.name}", None)
        return show() if show else page("<h1>Not found</h1>", 404)

    def page_menu(self):
        return page(f'<h1>FormShop</h1><ul id="menu"><li><a href="{self.base}/search">Search</a></ul>')

    def page_login(self):
        words = ""
        if self.form:
            key = self.shop.log_in(self.form.get("user"), self.form.get("password"))
            if key:
                return redirect(f"{self.base}/menu", f"Set-Cookie: formshop={key}; Path={self.base}/; HttpOnly")
            words = '<p class="error">User or password is wrong.</p>'
        return page(f'<h1>Log in</h1>{words}<form method="post" action="{self.base}/login">'
                    '<p>User <input name="user"><p>Password <input name="password" type="password">'
                    '<p><input type="submit" value="Log in"></form>')

    def page_search(self):
        wanted = self.query.get("reference", "")
        with self.shop.open() as state:
            found = [line for line in state.lines.values() if line["reference"] == wanted]
        rows = "".join(f'<tr class="line"><td class="nr">{line["id"]}<td class="sheet">{quoted(line["worksheet"])}'
                       f'<td class="product">{quoted(line["product"])}<td class="amount">{shown(line["amount"])}'
                       f'<td class="reference">{quoted(line["reference"])}</tr>' for line in found)
        return page(f'<h1>Lines with the reference {quoted(wanted)}</h1><p id="count">{len(found)} found'
                    f'<table id="result">{rows}</table>')

    def page_worksheet(self, words="", lines=None):
        number = self.form.get("number") or self.query.get("number", "")
        with self.shop.open() as state:
            sheet, products = state.sheets.get(number), state.products
            lines = state.of_sheet(number) if lines is None else lines
        if sheet is None:
            return page(f'<p class="error">There is no worksheet {quoted(number)}.</p>')
        if "new" in self.query:
            lines = [*lines, {"id": "", **{name: self.query.get(name, "") for name in FIELDS}}]
        if "saved" in self.query:
            words = '<p class="message">Saved.</p>'
        rows = "".join(row(place, line, products) for place, line in enumerate(lines, 1))
        button = '<input type="submit" value="Save">' if sheet == "draft" else ""
        return page(f'{words}<h1>Worksheet {quoted(number)}</h1><p>State: <b id="state">{sheet}</b>'
                    f'<form method="post" action="{self.base}/save"><input type="hidden" name="number" '
                    f'value="{quoted(number)}"><input type="hidden" name="mark" value="{secrets.token_hex(8)}">'
                    f'<table id="lines"><tr><th>Nr<th>Product<th>Amount<th>Reference</tr>{rows}</table>{button}</form>')

    def page_save(self):
        try:
            lines = lines_of(self.form)
        except InvalidOperation:
            return self.page_worksheet('<p class="error">An amount is no number.</p>')
        wrong = self.shop.save(self.form["number"], lines)
        if wrong:
            return self.page_worksheet(f'<p class="error">{quoted(wrong)}</p>', lines)
        if self.mood.page:
            return self.page_worksheet('<p class="message">Saved.</p>')
        return redirect(f"{self.base}/worksheet?number={urllib.parse.quote(self.form['number'], safe='')}&saved=1")


def shown(amount):
    return quoted(amount).replace(".", ",")


def row(place, line, products):
    options = "".join(f'<option value="{code}"{" selected" if code == line["product"] else ""}>{code}</option>'
                      for code, product in products.items() if product["salable"])
    return (f'<tr class="line"><td>{line["id"]}<input type="hidden" name="id_{place}" value="{line["id"]}">'
            f'<td><select name="product_{place}"><option></option>{options}</select>'
            f'<td><input name="amount_{place}" value="{shown(line["amount"])}">'
            f'<td><input name="reference_{place}" value="{quoted(line["reference"])}"></tr>')


def lines_of(form):
    lines = []
    while f"id_{len(lines) + 1}" in form:
        place = len(lines) + 1
        line = {name: form.get(f"{name}_{place}", "") for name in ("id", *FIELDS)}
        lines.append({**line, "amount": Decimal(line["amount"].replace(",", "."))})
    return lines
