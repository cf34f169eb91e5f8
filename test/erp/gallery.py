"""Pages with one of everything that a recipe can use, and a line that can be stored and found.

Nested frames, windows that open windows, all kinds of dialogs, fields and keys, elements that appear late, move away or
cover others. Every page is static except /find, which shows what /save stored.
"""

import html
import time

from web_server import Server, page

SLOW_S = 12  # as slow as an ERP page may be

FORM = """\
<title>Form</title>
<form id="form" onsubmit="return false">
  <label for="w">Worksheet: *</label><input id="w" value="old">
  <input aria-label="Car" id="car">
  <table><tr><td>Mileage</td><td><input id="mileage"></td></tr></table>
  <input type="number" id="count">
  <select id="unit"><option value="L">Litre</option><option value="P"> A   piece </option></select>
  <select id="late"></select>
  <input type="checkbox" id="paid" checked> <label><input type="checkbox" id="urgent"> Urgent</label>
  <input type="radio" name="kind" value="oil" id="oil"> <input type="radio" name="kind" value="gas" id="gas" checked>
  <textarea id="note"></textarea>
  <input id="keys"><b id="pressed"></b>
  <input id="frozen" readonly value="7.250,50 l" data-id="frozen-7">
  <input name="twin" style="display:none" value="hidden twin"><input name="twin" value="seen twin">
  <input type="submit" value="By value"> <button title="By title">x</button>
  <input type="image" alt="By alt" src="data:," onclick="mark('alt')"> <button disabled id="soon">Soon</button>
  <div style="position:relative"><button onclick="mark('covered')">Covered</button>
    <div id="cover" style="position:absolute;left:0;top:0;width:300px;height:40px;background:#ccc"></div></div>
  <a href="#one" onclick="mark('one')">Open</a> <a href="#two" onclick="mark('two')">Open</a>
  <a href="#three" onclick="mark('three')">Open all</a>
  <p id="marks"></p> <p id="goes">going</p> <p id="words">Total:  12,50   EUR</p>
  <button onclick="alert('Watch out'); mark('alerted')">Alert</button>
  <button onclick="setTimeout(function () { alert('At last'); mark('late'); }, 400)">Later</button>
  <button onclick="mark(confirm('Really?') ? 'yes' : 'no')">Confirm</button>
  <button onclick="mark('said ' + prompt('Which?'))">Prompt</button>
  <button onclick="window.open('/chooser', 'chooser', 'width=500,height=400')">Choose</button>
  <table id="rows">
    <tr><td>10</td><td><input name="qty_1"></td><td><a href="#" onclick="mark('row 1')">Take</a></td></tr>
    <tr><td>20</td><td><input name="qty_2"></td><td><a href="#" onclick="mark('row 2')">Take</a></td></tr>
    <tr><td>20</td><td><input name="qty_3"></td><td><a href="#" onclick="mark('row 3')">Take</a></td></tr>
  </table>
</form>
<script>
function mark(text) { document.getElementById('marks').textContent += '[' + text + ']'; }
document.getElementById('keys').onkeydown = function (e) {
  document.getElementById('pressed').textContent += (e.ctrlKey ? 'C-' : '') + (e.shiftKey ? 'S-' : '') + e.key + ' ';
};
for (const b of document.querySelectorAll('[type=submit], [title]'))
  b.addEventListener('click', function () { mark(b.value || b.title); });
document.getElementById('soon').onclick = function () { mark('soon'); };
setTimeout(function () {
  document.getElementById('soon').disabled = false;
  document.getElementById('cover').remove();
  document.getElementById('goes').style.display = 'none';
  document.getElementById('late').innerHTML = '<option>first</option><option>second</option>';
}, 700);
</script>
"""
PAGES = {
    "/": '<title>Door</title><form action="/work" onsubmit="if (document.cookie) return false">'
         'User <input name="user"> Password <input type="password" name="password"><button>Log in</button></form>',
    "/work": '<frameset cols="120,*"><frame name="menu" src="/menu"><frame name="body" src="/body"></frameset>',
    "/menu": "<a id='late-link' target='_top' href='/late'>Late</a>",
    "/body": '<frameset rows="40,*"><frame name="head" src="/head"><frame id="work" src="/form"></frameset>',
    "/head": "Head <iframe src='/inner' class='inner'></iframe>",
    "/inner": "<p id='inner'>inside</p>",
    "/form": FORM,
    "/chooser": '<title>Chooser</title><button onclick="window.open(\'/sub\', \'sub\', \'width=300,height=300\')">More'
                "</button><p id='chosen'></p>",
    "/sub": "<title>Sub</title><button onclick=\"opener.document.getElementById('chosen').textContent = 'ten';"
            "opener.opener.mark('chosen'); window.close()\">Ten</button>",
    "/late": "<p id='late'></p><script>setTimeout(function () { document.getElementById('late').textContent = 'here'; },"
             " 300);</script>",
    "/first": "<title>First</title><button onclick=\"setTimeout(function () { location.href = '/second'; }, 400)\">Go"
              "</button><p id='same'>here</p>",
    "/second": "<title>Second</title><form action='/first' onsubmit='var form = this; setTimeout(function () {"
               " form.submit(); }, 400); return false'><input id='word'></form><p id='same'>here</p>",
    "/away": "<title>Away</title><button onclick=\"setTimeout(function () { location.href = '/slow'; }, 300)\">Leave"
             "</button>",
    "/slow": "<p id='there'>there</p>",
    "/line": '<form action="/save"><input name="id"><input name="product"><input name="amount"><button>Save</button>'
             "</form>",
}


class Gallery(Server):
    """Started on creation."""

    def __init__(self, port):
        super().__init__(port)
        self.saved = []
        self.start()

    @property
    def url(self):
        return f"{super().url}/"

    def answer(self, request):
        text = self.text(request.place, request.query)
        return page(f"<!DOCTYPE html><meta charset=utf-8>{text or 'none'}", 200 if text else 404)

    def text(self, place, query):
        if place == "/slow":
            time.sleep(SLOW_S)
        if place == "/save":
            self.saved.append(query)
            return "<p>Saved</p>"
        if place == "/find":
            return self.found(query.get("id", ""))
        return PAGES.get(place)

    def found(self, uniqueid):
        rows = "".join(f"<tr><td>{html.escape(line['product'])}</td><td>{html.escape(line['amount'])}</td>"
                       f"<td>Order [{html.escape(line['id'])}] of today</td></tr>"
                       for line in self.saved if line["id"] == uniqueid)
        return f"<h1>Found</h1><table id='found'>{rows}</table>"
