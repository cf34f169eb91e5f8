"""The requests that pumplinectl's commands make for workshops and orders, and what it says of the replies."""
import json
import re

import pytest
from fake_daemon import PATH, SHOP, Terminal, columns, ctl, daemon, health, integration, order, problem, shops  # noqa: F401: a fixture

pytestmark = pytest.mark.release  # see fake_daemon.py
SIMPLE = [
    (["start"], "PUT", "/start", {"workshop": SHOP, "process": "starting"}, "started"),
    (["stop"], "PUT", "/stop", {"workshop": SHOP, "was_running": True}, "stopped"),
    (["restart"], "PUT", "/restart", {"workshop": SHOP}, "restarted"),
    (["kill"], "PUT", "/kill", {"workshop": SHOP, "was_running": True}, "killed"),
    (["kill"], "PUT", "/kill", {"workshop": SHOP, "was_running": False}, "was not running"),
    (["start-worker"], "PUT", "/start_worker",
     {"workshop": SHOP, "worker": "running", "was_running": False}, "worker started"),
    (["start-worker"], "PUT", "/start_worker",
     {"workshop": SHOP, "worker": "running", "was_running": True}, "worker was already running"),
    (["stop-worker"], "PUT", "/stop_worker",
     {"workshop": SHOP, "worker": "stopped", "was_running": True}, "worker stopped"),
    (["clear-queue"], "PUT", "/clear_queue", {"workshop": SHOP, "cleared": 7, "processing": 1},
     "7 orders cleared, 1 still being processed"),
]


@pytest.mark.parametrize("command, method, path, reply, said", SIMPLE)
def test_put_commands(daemon, command, method, path, reply, said):
    daemon.on(method, PATH + path, reply)
    done = ctl(daemon, *command, SHOP)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{SHOP}: " in done.stdout and said in done.stdout
    assert daemon.seen == [(method, PATH + path, None)]
    assert daemon.headers[0]["content-length"] == "0"
    assert "content-type" not in daemon.headers[0]


# ---- several workshops ----

@pytest.mark.parametrize("command, path, reply, said", [
    (row[0][0], row[2], row[3], row[4]) for row in SIMPLE])
def test_several_workshops(daemon, command, path, reply, said):
    for name in ("a", "b"):
        daemon.on("PUT", f"/workshops/{name}{path}", {**reply, "workshop": name})
    done = ctl(daemon, command, "a", "b")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"a: {said}" in done.stdout and f"b: {said}" in done.stdout
    assert [one[1] for one in daemon.seen] == [f"/workshops/{name}{path}" for name in "ab"]


@pytest.mark.parametrize("command, slugs", [("stop", ["bennys-auto", "st"]), ("kill", ["bennys-auto", "st"]),
                                            ("clear-queue", ["bennys-auto", "st"]),
                                            ("activate", ["bennys-auto", "st", "old"]),
                                            ("deactivate", ["bennys-auto", "st", "old"])])
def test_all_workshops(daemon, command, slugs):
    """An inactive one has no process: only its indicator can be changed."""
    shops(daemon)
    path = command.replace("-", "_")
    for slug in slugs:
        daemon.on("PUT", f"/workshops/{slug}/{path}", {"workshop": slug})
    done = ctl(daemon, command, "all", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"workshops": [{"workshop": slug} for slug in slugs]}


def test_no_workshop_is_meant_by_all(daemon):
    daemon.on("GET", "/health", health())
    assert (done := ctl(daemon, "stop", "all")).returncode == 0 and done.stdout == "no workshop is active\n"
    daemon.on("GET", "/health", health(integration("Alles", "all"), integration()))
    done = ctl(daemon, "kill", "all")
    assert (done.returncode, done.stdout) == (2, "") and 'one workshop is called "all"' in done.stderr
    assert {one[:2] for one in daemon.seen} == {("GET", "/health")}


def test_several_go_on_after_a_refusal(daemon):
    daemon.on("PUT", "/workshops/a/start", problem(409, "inactive", "not active"), 409)
    daemon.on("PUT", "/workshops/b/start", {"workshop": "b"})
    done = ctl(daemon, "start", "a", "b")
    assert (done.returncode, done.stdout) == (1, "b: started\n")
    assert done.stderr.startswith("pumplinectl: a: Refused: not active (inactive, 409)\n")
    reply = json.loads(ctl(daemon, "start", "a", "b", "--json").stdout)
    assert [(one["workshop"], one.get("code")) for one in reply["workshops"]] == [("a", "inactive"), ("b", None)]


@pytest.mark.parametrize("command, path", [("kill", "kill"), ("clear-queue", "clear_queue")])
def test_a_terminal_is_asked(daemon, command, path):
    daemon.on("PUT", f"{PATH}/{path}", {"workshop": SHOP})
    for answer, expected, calls in (("n", 1, 0), ("", 1, 0), ("y", 0, 1)):
        terminal = Terminal(daemon, command, SHOP)
        terminal.read_until(f": {SHOP}? [y/N] ")
        terminal.type(answer + "\n")
        assert terminal.finish()[1] == expected
        assert len(daemon.seen) == calls
    output, status = Terminal(daemon, command, SHOP, "--yes").finish()
    assert status == 0 and "[y/N]" not in output


def test_a_terminal_is_asked_once_for_all(daemon):
    shops(daemon)
    terminal = Terminal(daemon, "kill", "all")
    terminal.read_until("all 2 workshops? [y/N] ")
    terminal.type("\n")
    assert terminal.finish()[1] == 1
    assert [one[:2] for one in daemon.seen] == [("GET", "/health")]


def test_reload(daemon):
    reply = {"added": ["bennys-auto", "x"], "changed": [], "removed": ["y"], "unchanged": 3,
             "needs_restart": []}
    daemon.on("PUT", "/reload", reply)
    done = ctl(daemon, "reload")
    assert done.returncode == 0
    assert done.stdout == ("configuration reloaded\n  added: bennys-auto, x\n  changed: -\n"
                           "  removed: y\n  unchanged: 3\n")
    assert daemon.seen == [("PUT", "/reload", None)]
    reply["needs_restart"] = ["control_socket", "state_dir"]
    assert ctl(daemon, "reload").stdout == done.stdout + (
        "restart the daemon to apply: control_socket, state_dir\n")


def test_status_shows_every_integration(daemon):
    daemon.on("GET", "/health", health(
        integration(),
        integration("Värkstad Öst 修理", "vst", port=8102, active=False, process="stopped", pid=None,
                    restarts=0, worker=None, worker_reason=None, queue_length=None,
                    oldest_placed_age_s=None, orders=None, needs_attention=None, uptime_s=None)))
    done = ctl(daemon, "status")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert columns(lines[0]) == ["WORKSHOP", "SLUG", "PORT", "ERP", "PROCESS", "WORKER", "QUEUE", "OLDEST",
                                 "ATTENTION", "RESTARTS", "PID", "UPTIME"]
    assert columns(lines[1]) == [SHOP, "bennys-auto", "8101", "tryton", "running", "parked (auth_failed)", "7",
                                 "3m", "3", "2", "4711", "2h 5m"]
    assert columns(lines[2]) == ["Värkstad Öst 修理", "vst", "8102", "tryton", "stopped, inactive", "-", "-",
                                 "-", "-", "0", "-", "-"]
    # A wide character is one code point and two columns.
    assert lines[1].index("8101") == lines[2].index("8102") + 2
    assert lines[0].index("PORT") == lines[1].index("8101")
    assert "2 workshops: 1 active, 1 running, 1 parked, 0 failed; 7 in the queues" in lines[-1]
    assert "up 1d 1h" in lines[-1]


@pytest.mark.parametrize("state", ["flat", "nested"])
def test_status_of_one(daemon, state):
    one = integration(last_exit={"at": "2026-11-24T08:15:30Z", "code": None, "signal": 9})
    if state == "nested":
        one = {"workshop": SHOP, "slug": "bennys-auto", "listen": "127.0.0.1:8101",
               "erp": {"system": "tryton"},
               "state": {name: value for name, value in one.items()
                         if name not in ("workshop", "port", "erp_system")}}
    daemon.on("GET", "/workshops/bennys-auto", one)
    done = ctl(daemon, "status", "bennys-auto")
    assert done.returncode == 0
    assert columns(done.stdout.splitlines()[1])[:6] == [SHOP, "bennys-auto", "8101", "tryton", "running",
                                                        "parked (auth_failed)"]
    assert "last exit: signal 9 at 2026-11-24 08:15:30 UTC (" in done.stdout
    assert "last error" not in done.stdout and "salvaged" not in done.stdout


def test_status_of_one_says_why_the_worker_is_parked(daemon):
    daemon.on("GET", PATH, integration(worker_since="2026-11-24T08:15:30.123Z", worker_text="connection refused",
                                       next_probe_at="2126-11-24T08:16:00Z"))
    lines = ctl(daemon, "status", SHOP).stdout.splitlines()
    assert any(line.startswith("worker: parked since 2026-11-24 08:15:30 UTC (") for line in lines)
    assert "worker's reason: connection refused" in lines
    assert any(line.startswith("next probe of the ERP: 2126-11-24 08:16:00 UTC (in ") for line in lines)


@pytest.mark.parametrize("orders, said", [(7, "7 orders, 2"), (1, "1 order, 2")])
def test_status_of_one_with_trouble(daemon, orders, said):
    daemon.on("GET", PATH, integration(
        last_error="cannot listen on 127.0.0.1:8101: Address already in use",
        salvaged={"at": "2026-11-24T08:15:30Z", "file": "/q/data.mdb.damaged", "orders": orders,
                  "for_a_person": 2}))
    lines = ctl(daemon, "status", SHOP).stdout.splitlines()
    assert ("last error: cannot listen on 127.0.0.1:8101: Address already in use"
            in lines)
    assert re.fullmatch(r"queue salvaged at 2026-11-24 08:15:30 UTC \(.*\): " + said +
                        " need attention; the damaged file is kept as /q/data.mdb.damaged", lines[-1])


def pages(daemon, total=250, size=100):
    ids = [f"id{i}" for i in range(total)]
    for start in range(0, total, size):
        cursor = f"&after=c%20{start}" if start else ""
        end = start + size
        daemon.on("GET", f"{PATH}/queue?limit=100{cursor}",
                  {"workshop": SHOP, "length": total, "tasks": [order(i) for i in ids[start:end]],
                   "next": f"c {end}" if end < total else None})
    return ids


def test_queue_follows_pages(daemon):
    ids = pages(daemon)
    done = ctl(daemon, "queue", SHOP)
    assert done.returncode == 0
    assert [columns(line)[0] for line in done.stdout.splitlines()[1:251]] == ids
    assert "250 orders in the queue, 250 shown" in done.stdout
    assert len(daemon.seen) == 3


def test_queue_pages_are_one_json_object(daemon):
    ids = pages(daemon)
    reply = json.loads(ctl(daemon, "--json", "queue", SHOP).stdout)
    assert [one["uniqueid"] for one in reply["tasks"]] == ids
    assert reply["length"] == 250 and reply["next"] is None


def test_queue_limit(daemon):
    pages(daemon)
    daemon.on("GET", f"{PATH}/queue?limit=20&after=c%20100",
              {"workshop": SHOP, "length": 250, "tasks": [order()] * 20, "next": "c 120"})
    reply = json.loads(ctl(daemon, "queue", SHOP, "--limit", "120", "--json").stdout)
    assert len(reply["tasks"]) == 120 and reply["next"] == "c 120"


def test_queue_ends_if_the_cursor_does_not_advance(daemon):
    page = {"workshop": SHOP, "length": 9, "tasks": [order()], "next": "c"}
    daemon.on("GET", f"{PATH}/queue?limit=100", page)
    daemon.on("GET", f"{PATH}/queue?limit=100&after=c", page)
    assert ctl(daemon, "queue", SHOP).returncode == 0
    assert len(daemon.seen) == 2


def test_queue_refused_on_a_later_page(daemon):
    pages(daemon)
    daemon.on("GET", f"{PATH}/queue?limit=100&after=c%20100", problem(503, "not_running", "down"),
              503)
    done = ctl(daemon, "queue", SHOP)
    assert (done.returncode, done.stdout) == (1, "")


def test_queue_shows_retries(daemon):
    daemon.on("GET", f"{PATH}/queue?limit=100", {
        "workshop": SHOP, "length": 1, "next": None,
        "tasks": [order(attempts=3, reason_code="erp_busy", reason_text="503 try later",
                        next_attempt_at="2026-11-24T08:16:00Z")]})
    header, row = map(columns, ctl(daemon, "queue", SHOP).stdout.splitlines()[:2])
    assert header == ["UNIQUEID", "WORKSHEET", "PRODUCT", "AMOUNT", "STATUS", "REASON",
                      "REASON TEXT", "ATTEMPTS", "PLACED", "NEXT ATTEMPT"]
    assert row[:8] == ["a1", "558", "10", "4.5", "placed", "erp_busy", "503 try later", "3"]
    assert row[8].startswith("2026-11-24 08:15:30 UTC (")


def test_empty_queue(daemon):
    daemon.on("GET", f"{PATH}/queue?limit=100",
              {"workshop": SHOP, "length": 0, "tasks": [], "next": None})
    assert ctl(daemon, "queue", SHOP).stdout == f"{SHOP}: 0 orders in the queue, 0 shown\n"


def test_errors(daemon):
    daemon.on("GET", f"{PATH}/orders?status=error&limit=100", {
        "workshop": SHOP, "next": None,
        "orders": [order(status="error", reason_code="worksheet_closed",
                         reason_text="Arbetsordern är stängd")]})
    done = ctl(daemon, "errors", SHOP)
    lines = done.stdout.splitlines()
    assert columns(lines[0]) == ["UNIQUEID", "WORKSHEET", "PRODUCT", "AMOUNT", "REASON",
                                 "REASON TEXT", "SINCE"]
    assert columns(lines[1])[:6] == ["a1", "558", "10", "4.5", "worksheet_closed",
                                     "Arbetsordern är stängd"]
    assert "pumplinectl retry 'Bennys Auto' UNIQUEID" in lines[-2]
    assert "pumplinectl resolve 'Bennys Auto' UNIQUEID --note TEXT" in lines[-1]


def test_errors_of_all(daemon):
    """In pages; a workshop that could not be asked for the second one is named, too."""
    daemon.on("GET", "/orders?status=error&limit=100",
              {"orders": [order("a", status="error", reason_code="erp_rejected")], "incomplete": ["old"], "next": "c1"})
    daemon.on("GET", "/orders?status=error&limit=100&after=c1",
              {"orders": [order("b", workshop="Öst", status="error")], "incomplete": ["old", "bennys-auto"], "next": None})
    done = ctl(daemon, "errors")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [columns(line)[:2] for line in lines[:3]] == [["WORKSHOP", "UNIQUEID"], [SHOP, "a"], ["Öst", "b"]]
    assert "pumplinectl retry WORKSHOP UNIQUEID" in done.stdout
    assert lines[-1] == "Not included, because they did not answer: old, bennys-auto"
    assert done.stdout == ctl(daemon, "errors", "all").stdout
    reply = json.loads(ctl(daemon, "errors", "--json").stdout)
    assert ([one["uniqueid"] for one in reply["orders"]], reply["incomplete"]) == (["a", "b"], ["old", "bennys-auto"])


def test_no_errors_of_all(daemon):
    daemon.on("GET", "/orders?status=error&limit=100", {"orders": [], "incomplete": [], "next": None})
    assert ctl(daemon, "errors").stdout == "no orders in error\n"


def test_hint_can_be_pasted_into_a_shell(daemon):
    daemon.on("GET", "/workshops/Benny%27s/orders?status=error&limit=100",
              {"workshop": "Benny's", "next": None, "orders": [order(status="error")]})
    assert r"retry 'Benny'\''s' UNIQUEID" in ctl(daemon, "errors", "Benny's").stdout


def test_order_status(daemon):
    daemon.on("GET", f"{PATH}/get_order_status?uniqueid=a%2F1%26x%3D",
              order("a/1&x=", status="created", erp_reference="LINE-9"))
    done = ctl(daemon, "order-status", SHOP, "a/1&x=")
    assert done.returncode == 0
    assert re.search(r"^status +created$", done.stdout, re.M)
    assert re.search(r"^ERP reference +LINE-9$", done.stdout, re.M)


def test_order_history(daemon):
    daemon.on("GET", f"{PATH}/orders/a1/history", {
        "workshop": SHOP, "uniqueid": "a1", "history": [
            {"at": "2026-11-24T08:15:30Z", "status": "placed", "attempt": 0, "reason_code": None},
            {"at": "2026-11-24T08:15:31Z", "status": "error", "attempt": 1, "duration_ms": 12,
             "reason_code": "worksheet_closed", "reason_text": "closed"},
            {"at": "2026-11-24T08:15:32Z", "status": "placed", "attempt": 0, "note": "typo",
             "changes": {"worksheet": ["558", "559"], "product_amount": ["5", "6"]}}]})
    lines = ctl(daemon, "order-status", "--history", SHOP, "a1").stdout.splitlines()
    assert columns(lines[0]) == ["AT", "STATUS", "ATTEMPT", "MS", "REASON", "REASON TEXT", "CHANGES", "NOTE"]
    assert columns(lines[2])[1:6] == ["error", "1", "12", "worksheet_closed", "closed"]
    assert [one for one in columns(lines[3])[1:] if one != "-"] == ["placed", "0", "worksheet 558 -> 559, product_amount 5 -> 6", "typo"]


def test_order_history_names_the_evidence(daemon):
    daemon.on("GET", f"{PATH}/orders/a1/history", {
        "workshop": SHOP, "uniqueid": "a1", "history": [
            {"at": "2026-11-24T08:15:30Z", "status": "placed", "attempt": 0},
            {"at": "2026-11-24T08:15:31Z", "status": "error", "attempt": 1, "reason_code": "ui_changed",
             "evidence": ["a1-0f-2.png", "a1-0f-2.html"]}]})
    lines = ctl(daemon, "order-status", "--history", SHOP, "a1").stdout.splitlines()
    assert columns(lines[0])[-1] == "EVIDENCE"
    assert columns(lines[2])[-1] == "a1-0f-2.png a1-0f-2.html"


@pytest.mark.parametrize("args, body", [
    ([], None),
    (["--worksheet", "559"], {"worksheet": "559"}),
    (["--amount=3.000001", "--product", "11", "--worksheet", "1"],
     {"worksheet": "1", "product_nr": "11", "product_amount": "3.000001"}),
])
def test_retry(daemon, args, body):
    daemon.on("PUT", f"{PATH}/orders/a%201/retry", order("a 1"))
    done = ctl(daemon, "retry", SHOP, "a 1", *args)
    assert (done.returncode, done.stderr) == (0, "")
    assert daemon.seen == [("PUT", f"{PATH}/orders/a%201/retry", body)]
    assert daemon.headers[0].get("content-type") == ("application/json" if body else None)


def test_resolve(daemon):
    daemon.on("PUT", f"{PATH}/orders/a1/resolve", order(status="created"))
    done = ctl(daemon, "resolve", SHOP, "a1", "--note", 'av Ann, "för hand"')
    assert done.returncode == 0
    assert daemon.seen[0][2] == {"note": 'av Ann, "för hand"'}
