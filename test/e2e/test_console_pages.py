"""The console's pages in a real Chromium. A message on its console or a violation of its policy fails the test."""

import csv
import io
import json

import pytest
from console import Console, FakeDaemon, integration, order, pages_missing
from console_page import EVIL, chromium, console, drained, fake, page  # noqa: F401: fixtures
from pumpline import until

pytestmark = pytest.mark.skipif(pages_missing() is not None, reason=str(pages_missing()))
ROWS = "return document.querySelectorAll('tbody tr').length"
LABELS = "return [...document.querySelectorAll('tbody input')].map((one) => one.ariaLabel.split(' ').pop())"


def asked(fake, page, **wanted):
    """The last query with these parameters that has reached the daemon, once there is one; another request may have come after it."""
    found = lambda: [one["query"] for one in fake.seen if wanted.items() <= one["query"].items()]  # noqa: E731
    return page.wait(found, f"{wanted} is asked for")[-1]


def test_sign_in_wrong_password_and_expiry(console, page):  # noqa: F811
    page.goto(console.origin + "/")
    page.shows("Sign in")
    drained(page, "401")
    page.sign_in(console, "manager", "wrong password!")
    page.shows("Wrong name or password")
    drained(page, "401")
    page.sign_in(console, "manager")
    page.shows("Worksheet not found (3)")
    assert page.script("return document.cookie") == ""
    drained(page, "401")
    console.stop()  # the session ends
    file = console.folder / "sessions.json"
    file.write_text(json.dumps([{**one, "created_ms": 0} for one in json.loads(file.read_text())]))
    console.start()
    page.script("location.hash = '#/search'")
    page.shows("Sign in")
    drained(page, "401", "ERR_", "events")


def test_a_manager_corrects_and_retries(console, fake, page):  # noqa: F811
    page.sign_in(console, "manager")
    page.shows("Worksheet not found (3)")
    page.shows("Amount is implausible (1)")
    page.shows("12,345.5")
    page.click("Retry", "document.querySelector('tr')?.parentNode.parentNode")
    page.fill("worksheet", "777")
    page.click("Retry", "document.querySelector('dialog')")
    page.shows("Worksheet not found (2)")
    sent = next(one for one in fake.seen if one["method"] == "PUT")
    assert (sent["by"], json.loads(sent["body"])) == ("manager", {"worksheet": "777"})
    fake.orders["e-1"]["status"] = "placed"  # another manager was faster
    page.click("Resolve", "document.querySelector('table')")
    page.fill("note", "entered")
    page.click("Resolve", "document.querySelector('dialog')")
    page.shows("no longer in error")
    drained(page, "401", "409")
    page.click("Cancel", "document.querySelector('dialog')")
    page.click("Retry all 2 orders")
    until(lambda: any(one["path"] == "/workshops/Bennys%20Auto/orders/retry" or one["path"] == "/workshops/bennys-auto/orders/retry" for one in fake.seen),
          "the call for many")
    sent = next(one for one in fake.seen if one["path"].endswith("/orders/retry"))
    assert json.loads(sent["body"]) == {"filter": {"needs_attention": True, "reason_code": "worksheet_not_found"}, "expected": 2}


def test_a_foreign_page_cannot_act(console, chromedriver, fake, page):  # noqa: F811
    """It is of the same site, so the browser sends the session's cookie along."""
    page.sign_in(console, "manager")
    page.shows("Worksheet not found (3)")
    drained(page, "401")
    page.goto(chromedriver.url + "/status")
    fake.seen.clear()
    address = f"{console.origin}/api/workshops/bennys-auto/orders/"
    page.script("window.ends = []; const say = (end) => window.ends.push(end); const [address, body] = arguments;"
                "const send = (path, options) => fetch(address + path, { credentials: 'include', body, ...options }).then((reply) => say(reply.type), () => say('refused'));"
                "send('retry', { method: 'POST', mode: 'no-cors' }); send('e-0/retry', { method: 'PUT' });"
                "send('e-0', { method: 'GET', body: undefined });", address, json.dumps({"uniqueids": ["e-0"]}))
    ends = page.wait(lambda: page.script("return window.ends.length === 3 && window.ends"), "each has ended")
    assert ends == ["refused"] * 3
    assert [one["method"] for one in fake.seen] == ["GET"]  # which it could not read
    assert fake.orders["e-0"]["status"] == "error"
    page.script("const form = Object.assign(document.createElement('form'), { method: 'post', action: arguments[0] }); document.body.append(form); form.submit()", address + "retry")
    page.shows("foreign_origin")
    assert len(fake.seen) == 1
    drained(page, "CORS", "NotSameOrigin", "ERR_FAILED", "403", "favicon")


def test_words_of_others_are_only_words(console, fake, page):  # noqa: F811
    fake.integrations["carls-cars"]["worker_text"] = EVIL
    page.sign_in(console, "admin")
    page.shows(EVIL)
    page.go(console, "attention", "Needs attention")
    page.shows(EVIL)
    page.go(console, "order/Carls%20Cars/e-9", "Order")
    page.shows(EVIL)
    assert page.script("return window.evil ?? null") is None
    assert page.script("return [...document.querySelectorAll('bdi')].some((one) => one.innerText.includes('\\u202e'))")
    drained(page, "401")


def test_the_page_is_live(console, fake, page):  # noqa: F811
    page.sign_in(console, "operator")
    page.shows("Workshops (2)")
    fake.change("bennys-auto", process="backoff", worker=None)
    page.shows("waiting to restart")
    fake.change("bennys-auto", process="running", worker="parked", worker_reason="erp_unreachable")
    page.shows("The ERP cannot be reached")
    fake.stop()
    page.shows("Not connected")
    fake.begin_again()
    page.wait(lambda: "Not connected" not in page.text(), "it is connected again")
    console.stop()  # now the browser's own stream breaks
    page.shows("Not connected")
    fake.integrations["carls-cars"]["queue_length"] = 4711
    console.start()
    page.wait(lambda: "Not connected" not in page.text() and "4,711" in page.text(), "it has come back, and knows what it missed")
    drained(page, "401", "503", "ERR_", "events")


def test_what_was_loaded_stays(console, fake, page):  # noqa: F811
    """An event makes the page read again as much as it shows, and nothing is read without need."""
    fake.orders = {f"o-{i}": order(f"o-{i}") for i in range(450)}
    fake.orders["o-450"] = order("o-450", "Carls Cars")
    page.sign_in(console, "manager")
    page.shows("Worksheet not found (200+)")
    page.click("More")
    page.shows("Worksheet not found (400+)")
    assert [one["path"] for one in fake.seen] == ["/health", "/orders", "/orders"]
    page.wait(lambda: page.script("const one = document.querySelector('tbody tr:nth-child(300) input'); one?.click(); return Boolean(one)"),
              "a long table has been drawn so far")  # it grows by some rows in each frame
    page.shows("Retry the selected (1)")
    del fake.orders["o-0"]
    fake.tell("order", {"workshop": "Bennys Auto", "uniqueid": "o-0", "status": "created"})
    page.wait(lambda: "o-0" not in page.script(LABELS), "it has read them again")
    page.shows("Worksheet not found (400+)")
    page.shows("Retry the selected (1)")
    assert [one["query"]["limit"] for one in fake.seen if one["path"] == "/orders"] == ["200", "200", "400"]
    before = len(fake.seen)
    page.click("Retry all …")  # which are more than are shown, and of more workshops
    page.shows("450 orders · 2 workshops")
    fake.orders["o-500"] = order("o-500", "Carls Cars")
    page.click("Retry all 450 orders", "document.querySelector('dialog')")
    page.shows("Retried: 449. The number of orders has changed")  # what was counted, and nothing else
    sent = [(one["path"], json.loads(one["body"])["expected"]) for one in fake.seen[before:] if one["method"] == "POST"]
    assert sent == [("/workshops/bennys-auto/orders/retry", 449), ("/workshops/carls-cars/orders/retry", 1)]
    page.shows("Worksheet not found (2)")
    page.click("Retry all 2 orders")
    page.shows("Retried: 2")
    page.shows("Nothing needs attention.")
    fake.orders = {f"o-{i}": order(f"o-{i}") for i in range(450)}
    page.go(console, "search", "Search")
    page.wait(lambda: page.script(ROWS) == 100, "a page is there")
    page.click("More")
    page.wait(lambda: page.script(ROWS) == 200, "the next one, too")
    drained(page, "401", "409")


def test_a_page_left_alone_asks_for_nothing(console, page):  # noqa: F811
    """Ten minutes of the page's own clock, in a window of its own, as that clock cannot be set right again."""
    page.sign_in(console, "operator")
    page.shows("Workshops (2)")
    drained(page, "401")
    first = page.call("GET", page.path + "/window")
    page.post("/window", {"handle": page.post("/window/new", {"type": "window"})["handle"]})
    page.goto(console.origin + "/")
    page.shows("Workshops (2)")
    look = "return [performance.getEntriesByType('resource').length, performance.now()]"
    requests, begin = page.script(look)
    page.post("/goog/cdp/execute", {"cmd": "Emulation.setVirtualTimePolicy", "params": {"policy": "advance", "budget": 600_000}})
    page.wait(lambda: page.script(look)[1] >= begin + 600_000, "ten minutes are over")
    assert page.script(look)[0] == requests
    page.call("DELETE", page.path + "/window")
    page.post("/window", {"handle": first})


def test_two_daemons_in_one_list(fake, tmp_path, page):  # noqa: F811
    south = FakeDaemon(tmp_path / "south.sock").start()
    south.integrations = {"dons-vans": integration("dons-vans", "Dons Vans"), "carls-cars": integration("carls-cars", "Carls Cars")}
    south.orders["s-1"] = order("s-1", "Dons Vans", worksheet="777")
    console = Console(tmp_path / "console", None, control_sockets={"north": str(fake.path), "south": str(south.path)})
    del console.document["control_socket"]
    console.add("admin", "admin")
    console.start()
    page.sign_in(console, "admin")
    page.shows("Workshops (4)")
    assert page.text().count("on more than one machine") == 2 and "Dons Vans south" in page.text()
    assert page.script("return document.querySelectorAll('tbody input[type=checkbox]').length") == 2  # what is disputed cannot be chosen
    page.goto(console.origin + "/#/attention")
    page.shows("Worksheet not found (4)")
    page.script("[...document.querySelectorAll('a')].find((one) => one.innerText === '777').click()")
    page.shows("Order s-1")
    page.click("Write off")
    page.click("Write off", "document.querySelector('dialog')")
    until(lambda: south.orders["s-1"]["needs_attention"] is False, "south has written it off")
    page.goto(console.origin + "/#/workshop")
    page.shows("Machine")
    page.script("const one = document.querySelector('[name=daemon]'); one.value = 'south'; one.dispatchEvent(new Event('input', { bubbles: true }))")
    page.fill("slug", "new-one")
    page.click("Check")
    until(lambda: [one["target"] for one in south.seen if one["method"] == "PUT"][-1:] == ["/workshops/new-one?dry_run=true"], "south has checked it")
    assert not [one for one in fake.seen if one["method"] == "PUT"]
    south.stop()
    page.shows("may be missing or out of date: south")
    south.begin_again()
    page.wait(lambda: "may be missing" not in page.text(), "south is back")
    drained(page, "401", "503")
    south.stop()
    console.stop()


def test_an_operator_pauses_several(console, fake, page):  # noqa: F811
    page.sign_in(console, "operator")
    page.shows("Workshops (2)")
    page.script("document.querySelectorAll('tbody input[type=checkbox]').forEach((one) => one.click())")
    page.click("Pause (2)")
    page.fill("reason", "stocktaking")
    page.fill("until", "2030-05-06T12:00")
    page.click("Pause", "document.querySelector('dialog')")
    page.shows("Done.")
    sent = [(one["path"], json.loads(one["body"])) for one in fake.seen if one["method"] == "PUT"]
    until = page.script("return new Date('2030-05-06T12:00').toISOString()")  # in the browser's zone
    assert sent == [(f"/workshops/{slug}/stop_worker", {"reason": "stocktaking", "until": until}) for slug in ("bennys-auto", "carls-cars")]
    drained(page, "401")


def test_what_cannot_be_undone_wants_the_name(console, fake, page):  # noqa: F811
    page.sign_in(console, "admin")
    page.go(console, "workshop/bennys-auto", "Bennys Auto")
    for title, call in (("Kill", ("PUT", "/workshops/bennys-auto/kill")), ("Clear queue", ("PUT", "/workshops/bennys-auto/clear_queue")),
                        ("Remove", ("DELETE", "/workshops/bennys-auto"))):
        page.click(title, "document.querySelector('[role=toolbar]')")
        for typed, disabled in (("", True), ("Carls Cars", True), ("Bennys Auto", False)):
            page.type("dialog input", typed)
            page.wait(lambda: page.script("return document.querySelector('dialog button').disabled") is disabled, f"{title}: {typed!r}")
        page.click(title, "document.querySelector('dialog')")
        page.wait(lambda: not page.script("return document.querySelector('dialog')"), "it is done")
        assert [(one["method"], one["path"]) for one in fake.seen if one["method"] != "GET"][-1] == call
    drained(page, "401")


def test_a_fault_is_shown_at_its_member(console, fake, page):  # noqa: F811
    fake.integrations["bennys-auto"]["faults"] = [{"file": "x.json", "pointer": "/erp/folder", "detail": "must be an absolute path"}]
    page.sign_in(console, "admin")
    page.go(console, "workshop/bennys-auto", "Bennys Auto")
    page.wait(lambda: page.script("return [...document.querySelectorAll('label')].some((one) => one.innerText.startsWith('folder') && one.innerText.includes('must be an absolute path'))"),
              "the field says what is wrong with it")
    drained(page, "401")


def test_pictures_are_beside_the_order(console, fake, page):  # noqa: F811
    fake.integrations["bennys-auto"]["erp_system"] = "webdriver"
    page.sign_in(console, "reader")
    page.shows("Worksheet not found (3)")
    assert "Retry" not in page.text() and "Audit" not in page.text()  # a reader only looks
    assert page.script("return document.querySelectorAll('details').length") == 3  # none at Carls Cars, which has no browser
    page.script("document.querySelector('details summary').click()")
    page.wait(lambda: page.script("return document.querySelector('details img')?.naturalWidth") == 1, "the picture of its last attempt")
    drained(page, "401")


def test_languages_themes_and_tables(console, fake, page):  # noqa: F811
    """The browser's language, another one, the theme, and a table that a spreadsheet opens without running it."""
    fake.orders["e-0"]["reason_text"] = '=HYPERLINK("https://evil.example")'
    agent = page.script("return navigator.userAgent")
    page.post("/goog/cdp/execute", {"cmd": "Emulation.setUserAgentOverride", "params": {"userAgent": agent, "acceptLanguage": "fr,sv-SE,en"}})
    page.goto(console.origin + "/")
    page.shows("Logga in")
    page.post("/goog/cdp/execute", {"cmd": "Emulation.setUserAgentOverride", "params": {"userAgent": agent, "acceptLanguage": "en"}})
    page.sign_in(console, "admin")
    page.go(console, "account", "Account")
    for name, heading, value in (("Deutsch", "Zu erledigen", "12.345,5"), ("Norsk", "Trenger oppmerksomhet", "12\xa0345,5"), ("English", "Needs attention", "12,345.5")):
        page.click(name)
        page.go(console, "attention", heading)
        page.shows(value)
        page.script("location.hash = '#/account'")
        page.wait(lambda: "English" in page.text(), "the account's page")
    page.click("Dark")
    page.wait(lambda: page.script("return document.documentElement.dataset.theme") == "dark", "it is dark")
    page.click("Same as the system")
    page.go(console, "search", "Search")
    page.wait(lambda: page.script(ROWS) == 4, "the orders are there")
    for name, value in (("q", "558"), ("reason_code", "worksheet_not_found"), ("from", "2026-11-24")):
        page.fill(name, value)
    page.click("Search", "document.querySelector('form')")
    day = page.script("return new Date('2026-11-24T00:00').toISOString()")
    query = asked(fake, page, reason_code="worksheet_not_found")
    assert {name: value for name, value in query.items() if name in ("q", "from", "to")} == {"q": "558", "from": day}
    page.script("URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return '#'; }; HTMLAnchorElement.prototype.click = () => {}")
    page.click("CSV")
    drained(page, "401")
    text = page.wait(lambda: page.script("return window.saved"), "the table is made")
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert rows[0][:3] == ["workshop", "uniqueid", "worksheet"] and len(rows) == 4
    assert fake.seen[-1]["query"]["q"] == "558"  # all that was found, and nothing else
    assert rows[1][7] == '\'=HYPERLINK("https://evil.example")' and rows[1][:5] == ["Bennys Auto", "e-0", "558", "10", "5.5"]
    page.go(console, "audit", "Audit")
    page.fill("by", "ann")
    page.click("Show")
    asked(fake, page, by="ann")
    page.wait(lambda: page.script("return !document.querySelector('[aria-busy=true]')"), "the entries are drawn")
    assert page.script("return document.querySelector('[name=by]').value") == "ann"
    page.click("CSV")
    text = page.wait(lambda: page.script("return window.saved.includes('action') && window.saved"), "the other table is made")
    assert list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))[1] == ["2026-11-24T08:15:30.123Z", "ann", "console", "", "start", "Bennys Auto", "200"]
    assert asked(fake, page, by="ann", limit="1000") == {"by": "ann", "limit": "1000"}
    page.go(console, "report", "Report")
    page.wait(lambda: "0.1\t0.2\t0.3\t" in page.script("return document.querySelector('tbody')?.innerText || ''"), "what is unbilled, exactly")


def test_a_violation_of_the_policy_is_noticed(console, page):  # noqa: F811
    """What the other tests rely on."""
    page.goto(console.origin + "/")
    page.shows("Sign in")
    drained(page, "401")
    for tag, member, value in (("script", "textContent", "window.evil = 1"), ("style", "textContent", "body { display: none }"), ("script", "src", "https://evil.example/x.js"),
                               ("img", "src", "https://evil.example/x.png")):
        page.script("document.body.append(Object.assign(document.createElement(arguments[0]), {[arguments[1]]: arguments[2]}))", tag, member, value)
        page.wait(lambda: any("Content Security Policy" in one for one in page.said()), f"{tag} {member} is refused")
    assert page.script("return [window.evil ?? null, getComputedStyle(document.body).display]") == [None, "block"]
    drained(page, "Content Security Policy")


def test_ten_thousand_orders_and_a_thousand_workshops(console, fake, page):  # noqa: F811
    fake.orders = {f"o-{i}": order(f"o-{i}", f"Shop {i % 1000}") for i in range(10_000)}
    fake.integrations.update({f"shop-{i}": integration(f"shop-{i}", f"Shop {i}") for i in range(1000)})
    page.sign_in(console, "admin")
    page.shows("Workshops (1,002)")
    page.go(console, "attention", "Needs attention")
    page.shows("Worksheet not found (200+)")
    page.click("More")
    page.shows("Worksheet not found (400+)")
    drained(page, "401")


def test_a_link_leads_to_a_password(console, page):  # noqa: F811
    link = console.ctl("add", "new", "--role", "reader").stdout.split("#link=")[1].strip()
    page.goto(f"{console.origin}/#link={link}")
    page.shows("Choose a password")
    assert link not in page.script("return location.href")
    page.fill("new", "a new password")
    page.click("Change password")
    page.shows("Password changed")
    page.wait(lambda: page.script(ROWS) == 1, "its only session")
    page.click("Sign out everywhere")
    page.shows("Sign in")
    assert console.sign_in("new", "a new password")[0].status == 200
