"""pumplinectl's tables, colours and escapes."""
import json
import re
import unicodedata

import pytest
from fake_daemon import CONTENT, EVIL, PATH, RAW, SHOP, Terminal, columns, ctl, daemon, health, integration, order, problem, takes_orders  # noqa: F401: a fixture

pytestmark = pytest.mark.release  # see fake_daemon.py


def test_no_colour_in_a_pipe(daemon):
    daemon.on("GET", "/health", health(integration()))
    assert "\x1b" not in ctl(daemon, "status").stdout


def test_colours_on_a_terminal(daemon):
    daemon.on("GET", "/health", health(integration()))
    output, status = Terminal(daemon, "status").finish()
    assert status == 0
    assert "\x1b[1mWORKSHOP\x1b[0m" in output
    assert "\x1b[32mrunning\x1b[0m" in output
    assert "\x1b[31mparked (auth_failed)\x1b[0m" in output


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_not_wanted(daemon, more):
    daemon.on("GET", "/health", health(integration()))
    assert "\x1b" not in Terminal(daemon, "status", **more).finish()[0]


def long_errors(daemon, text="Arbetsordern är stängd 修理 " * 20, uniqueid="a1"):
    daemon.on("GET", f"{PATH}/orders?status=error&limit=100", {
        "workshop": SHOP, "next": None,
        "orders": [order(uniqueid, status="error", reason_code="erp_rejected", reason_text=text)]})
    return text


def wide(line):
    return len(line) + sum(unicodedata.east_asian_width(c) in "WF" for c in line)


def squeezed(text):
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("width", [400, 200, 100, 80, 60, 20, 3, 1])
def test_errors_are_not_cut_on_a_terminal(daemon, width):
    text = long_errors(daemon)
    output = Terminal(daemon, "errors", SHOP, width=width, NO_COLOR="1").finish()[0]
    table = output.split("To retry an order")[0]
    for part in ("a1", "558", "4.5", "erp_rejected", text, "2026-11-24 08:15:30 UTC ("):
        assert squeezed(part) in squeezed(table) or width < 20, (part, width)
    assert "…" not in table or width < 20
    if width >= 60:
        assert all(wide(line) <= width for line in table.splitlines())


def test_what_does_not_fit_breaks_into_lines_of_its_own(daemon):
    long_errors(daemon, "Arbetsordern är stängd", "8e9b2a3e-93d0-4c3a-9a0e-2d5f1c8f7a10")
    output = Terminal(daemon, "errors", SHOP, width=80, NO_COLOR="1").finish()[0]
    lines = re.sub(r"\(.*\)", "(3m)", output).splitlines()
    assert lines[:5] == ["UNIQUEID                              WORKSHEET  PRODUCT  AMOUNT  REASON",
                         "8e9b2a3e-93d0-4c3a-9a0e-2d5f1c8f7a10  558        10          4.5  erp_rejected",
                         "    reason text: Arbetsordern är stängd", "    since: 2026-11-24 08:15:30 UTC (3m)", ""]


def test_a_long_uniqueid_can_be_copied(daemon):
    long_errors(daemon, "closed", "x" * 128)
    output = Terminal(daemon, "errors", SHOP, width=80, NO_COLOR="1").finish()[0]
    assert "x" * 128 in output and "\r\n    worksheet: 558\r\n" in output
    daemon.on("GET", f"{PATH}/queue?limit=100",
              {"workshop": SHOP, "length": 1, "tasks": [order("x" * 128)], "next": None})
    output = Terminal(daemon, "queue", SHOP, width=80, NO_COLOR="1").finish()[0]
    assert "x" * 128 in output and re.search(r"^ +placed\r$", output, re.M)


def test_history_is_not_cut_on_a_terminal(daemon):
    note = "entered by Ann, " * 10
    daemon.on("GET", f"{PATH}/orders/a1/history", {"history": [
        {"at": "2026-11-24T08:15:30Z", "status": "error", "attempt": 1, "duration_ms": 12, "reason_code": "worksheet_closed",
         "reason_text": "Arbetsordern är stängd 修理 " * 9, "evidence": ["a1-0f-2.png", "a1-0f-2.html"],
         "changes": {"worksheet": ["558", "559"]}, "note": note, "erp_reference": "LINE-9"}]})
    output = Terminal(daemon, "order-status", SHOP, "a1", "--history", width=80, NO_COLOR="1").finish()[0]
    for part in ("worksheet_closed", "Arbetsordern är stängd 修理 " * 9, "a1-0f-2.png a1-0f-2.html", note, "LINE-9",
                 "worksheet 558 -> 559", "2026-11-24 08:15:30 UTC ("):
        assert squeezed(part) in squeezed(output)
    assert "…" not in output and all(wide(line) <= 80 for line in output.splitlines())


def test_status_at_80_columns_has_what_matters(daemon):
    daemon.on("GET", "/health", health(integration(), integration("Värkstad Öst", "varkstad-ost", worker_reason="erp_unreachable")))
    output = Terminal(daemon, "status", width=80, NO_COLOR="1").finish()[0]
    table = output.split("\r\n\r\n")[0].splitlines()
    assert columns(table[0])[:3] == ["WORKSHOP", "SLUG", "PROCESS"] and "ATTENTION" in table[0]
    assert "parked (erp_unreachable)" in output and "varkstad-ost" in output
    assert "…" not in output and all(wide(line) <= 80 for line in table)


def test_long_text_is_not_cut_in_a_pipe(daemon):
    assert long_errors(daemon).strip() in ctl(daemon, "errors", SHOP).stdout


TAME = r"a\u001b]0;owned\u0007\u000d\u000a\u0009b\u007f\u009b31m\u202ec\u2028d"
def evil_replies(daemon):
    one = order(EVIL, worksheet=EVIL, status=EVIL, reason_code=EVIL, reason_text=EVIL,
                placed_at=EVIL, updated_at=EVIL, erp_reference=EVIL)
    daemon.on("GET", "/health", health(integration(EVIL, process=EVIL, worker=EVIL, port=EVIL)))
    daemon.on("GET", PATH, integration(EVIL, last_exit={"at": EVIL, "signal": EVIL}))
    daemon.on("GET", f"{PATH}/queue?limit=100",
              {"workshop": EVIL, "length": 1, "tasks": [one], "next": None})
    daemon.on("GET", f"{PATH}/orders?status=error&limit=100",
              {"workshop": EVIL, "orders": [one], "next": None})
    daemon.on("GET", f"{PATH}/get_order_status?uniqueid=u", one)
    daemon.on("GET", f"{PATH}/orders/u/history", {"history": [{"at": EVIL, "status": EVIL}]})
    daemon.on("PUT", f"{PATH}/start", {"workshop": EVIL, "process": EVIL})
    daemon.on("PUT", "/reload", {EVIL: [EVIL, {EVIL: EVIL}]})
    daemon.on("PUT", f"{PATH}/kill", problem(500, EVIL, EVIL, EVIL), 500)
    takes_orders(daemon, workshop=EVIL, uniqueid=EVIL, status=EVIL)


EVIL_COMMANDS = [["status"], ["status", SHOP], ["queue", SHOP], ["errors", SHOP], ["start", SHOP],
                 ["order-status", SHOP, "u"], ["order-status", SHOP, "u", "--history"], ["reload"],
                 ["kill", SHOP], ["order", SHOP, *CONTENT]]


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "xx_YY.ISO-8859-1"])
@pytest.mark.parametrize("args", EVIL_COMMANDS)
def test_control_characters_are_escaped(daemon, args, locale):
    evil_replies(daemon)
    done = ctl(daemon, *args, LANG=locale)
    assert not RAW.search(done.stdout + done.stderr)
    assert TAME in done.stdout + done.stderr
    assert len(done.stdout.splitlines()) <= 20


def test_control_characters_are_escaped_in_json(daemon):
    evil_replies(daemon)
    done = ctl(daemon, "--json", "order-status", SHOP, "u")
    assert not RAW.search(done.stdout)
    assert json.loads(done.stdout)["reason_text"] == EVIL


def test_control_characters_in_arguments_are_escaped(daemon):
    done = ctl(daemon, "fro\x1b[31mb")
    assert done.returncode == 2 and "\x1b" not in done.stderr
