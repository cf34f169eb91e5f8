"""A compromised or broken WebDriver server with a page, as far as RECIPE needs it, without a browser. The first time that
each place (a command, a query to the page) is reached, the reply is the one of KIND, and the command is executed
(test/e2e/test_hostile_webdriver.py).
"""

import json
import re
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))

import front  # noqa: E402
import web_server  # noqa: E402

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FIND = [{"goto": "/find?{order.uniqueid|urlencode}"},
        {"each": "tr", "where": {"text": {"of": "td", "is": "{order.uniqueid}"}},
         "do": [{"read": {"css": "td.nr", "in": "row"}, "into": "nr"},
                {"read": {"css": "td.amount", "in": "row"}, "into": "amount"},
                {"found": {"reference": "L{row}", "product_nr": "{nr}", "amount": "{amount}"}}], "none": []}]
RECIPE = {"recipe": 1, "timeout_s": 5, "settle_s": 0,
          "login": [{"goto": "/login"}],
          "lookup": [{"call": "find"}],
          "create": [{"goto": "new"}, {"type": "{order.uniqueid}", "into": "#note"}, {"read": "#amount", "into": "seen"}],
          "commit": [{"click": "#save"}, {"wait": {"text": "Saved"}}], "verify": [{"call": "find"}],
          "pieces": {"find": FIND}, "errors": [{"text": "is closed", "code": "worksheet_closed"}]}


def value(text, status=200):
    return front.reply(status, b'{"value": ' + text + b"}", ["Content-Type: application/json"])


def element(name):
    return {"ok": True, "element": {ELEMENT: name}}


def named(name):
    """The correct reply, with every id replaced by this one."""
    def kind(answer):
        pattern = rb'("(?:sessionId|%s)": )"[^"]*"' % ELEMENT.encode()
        return front.reply(200, re.sub(pattern, lambda found: found[1] + json.dumps(name).encode(),
                                       answer.split(b"\r\n\r\n", 1)[1]))
    return kind


def always(answer):
    return lambda _: answer


def arrays(count):
    return always(value(b"[" + b"[]," * (count - 1) + b"[]]"))


def letters(count):
    return always(value(b'"' + b"x" * count + b'"'))


def message(count):
    return always(value(b'{"error": "unknown error", "message": "' + b"y" * count + b'"}', 500))


KINDS = {
    "closed": always(b""), "half": lambda answer: answer[:-3], "garbage": always(front.reply(200, b"\x00\xff{]")),
    "page": always(front.reply(200, front.PAGE)), "999": always(value(b"null", 999)),
    "redirect": always(front.reply(307, b"", ["Location: file:///etc/passwd"])),
    "later": always(front.reply(503, b"", ["Retry-After: 9223372036854775807"])),
    "arrays": arrays(1390000), "deep": always(value(b"[" * 200000 + b"]" * 200000)),
    "text": letters(4000000), "endless": always(b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * (8 << 20)),
    "number": always(value(b"17")), "false": always(value(b"false")), "list": always(value(b"[null, [1], {}]")),
    "ok": always(value(b'{"ok": true}')), "another ok": always(value(b'{"ok": "true", "why": 5, "rows": 7}')),
    "rule": always(value(b'{"ok": false, "rule": -1, "words": [1]}')),
    "another rule": always(value(b'{"ok": false, "rule": 9223372036854775807}')),
    "rows": always(value(b'{"ok": true, "rows": [null, "x", -1], "elements": [1, {}]}')),
    "error": always(value(b'{"error": 5, "message": {"x": 1}, "data": []}', 500)),
    "long error": message(3000000), "an id of megabytes": named("z" * 3000000), "an id that is a path": named("../../x/../y?z#\r\nX: y"),
    "an id of nothing": named(""), "an id with an end": named("a\0b"),
}


class Hostile(web_server.Server):
    def __init__(self, port, kind):
        super().__init__(port)
        self.kind = kind
        self.places, self.strange, self.saves = set(), [], []
        self.note = None
        self.start()

    def handle(self, connection, request):
        with self.lock:
            question = self.question(request)
            answer = value(json.dumps(self.carry(request, question)).encode())
            place = (request.method, re.sub(r"/(session|element)/[^/]+", r"/\1", request.path), question.get("op"),
                     json.dumps(question.get("locator")), bool(self.saves))
            first = place not in self.places and request.method != "DELETE"
            self.places.add(place)
        connection.sendall(self.kind(answer) if first else answer)
        return not first

    def question(self, request):
        if not request.path.endswith("/execute/sync"):
            return {}
        return json.loads(request.body)["args"][0]

    def carry(self, request, question):
        """Executes the command and returns its value."""
        known = re.fullmatch(r"/session(/[^/]+(/(url|window|window/handles|frame|screenshot|execute/sync|alert/text|"
                             r"element/([^/]+)/(click|clear|value)))?)?", request.path)
        if not known:
            self.strange.append(request.path)
            return None
        command, name = known[3], urllib.parse.unquote(known[4] or "")
        if request.path == "/session":
            return {"sessionId": "s1", "capabilities": {}}
        if command == "window":
            return "w1"
        if command == "window/handles":
            return ["w1"]
        if command == "screenshot":
            return "iVBORw0KGgo="
        if name == "#note" and command.endswith("/value"):
            self.note = json.loads(request.body)["text"]
        if name == "#save" and command.endswith("/click"):
            self.saves.append(self.note)
        return self.answer(question) if question else None

    def answer(self, question):
        locator = question.get("locator")
        css = locator.get("css") if isinstance(locator, dict) else locator
        if question["op"] == "rows":
            rows = [row for row, one in enumerate(self.saves, 1) if f'"{one}"' in json.dumps(question)]
            return {"ok": True, "rows": rows, "elements": [{ELEMENT: "row"}] * len(rows)}
        if question["op"] == "read":
            return {"ok": True, "value": {"td.nr": "10", "td.amount": "5"}.get(css, "5")}
        if question["op"] == "source":
            return {"ok": True, "value": "<html></html>"}
        if question["op"] in ("rules", "condition"):
            return {"ok": question["op"] == "condition", "why": "", "place": {"status": 200}}
        return element(css)
