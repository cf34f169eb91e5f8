"""pumplinectl's commands for working off errors, against a real daemon."""

import csv
import io
import json
import os
import pty
import subprocess

import pytest
from pumpline import BUILD, DEADLINE_S, until

SHOP = "Bennys Auto"


def environment(daemon):
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC", "PUMPLINE_SOCKET": str(daemon.socket)}


def run(daemon, *args):
    return subprocess.run([BUILD / "pumplinectl", *args], env=environment(daemon), input="", capture_output=True,
                          encoding="utf-8", timeout=DEADLINE_S)


def ok(daemon, *args):
    done = run(daemon, *args)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


@pytest.fixture
def shop(daemon, bennys):
    """Four orders in error, three of them on worksheet 558."""
    bennys.put("/stop_worker")
    for number in range(4):
        bennys.place(f"err-{number}", worksheet="559" if number == 3 else "558", amount="1.5")
    assert bennys.put("/clear_queue").json["cleared"] == 4
    return bennys


def listed(daemon, *args):
    return [order["uniqueid"] for order in json.loads(ok(daemon, "orders", SHOP, "--json", *args))["orders"]]


def test_orders_by_every_filter(daemon, shop):
    assert listed(daemon) == ["err-3", "err-2", "err-1", "err-0"]
    assert listed(daemon, "--attention", "--worksheet", "559") == ["err-3"]
    assert listed(daemon, "--status", "created") == []
    assert listed(daemon, "--reason", "cleared", "--product", "10", "--search", "rr-1") == ["err-1"]
    assert listed(daemon, "--from", "2999-01-01") == listed(daemon, "--to", "1999-01-01") == []
    assert json.loads(ok(daemon, "orders", SHOP, "--limit", "1", "--json"))["next"]
    shown = ok(daemon, "orders", SHOP, "--limit", "2")
    assert "err-3" in shown and "err-1" not in shown and "2 orders; there are more: use --limit" in shown
    assert run(daemon, "orders", SHOP, "--status", "lost").returncode == 1


def test_retry_of_many(daemon, shop):
    assert ok(daemon, "retry", SHOP, "err-3", "none") == f"none: not_found\n{SHOP}: 1 order placed again\n"
    assert ok(daemon, "retry", SHOP, "--worksheet", "559") == f"{SHOP}: 0 orders placed again\n"
    assert ok(daemon, "retry", SHOP, "--reason", "cleared", "--yes") == f"{SHOP}: 3 orders placed again\n"
    assert shop.get("/queue").json["length"] == 4
    assert ok(daemon, "retry", SHOP, "--all") == f"{SHOP}: 0 orders placed again\n"


@pytest.mark.parametrize("args", [[], ["a", "--all"], ["a", "--reason", "cleared"], ["a", "b", "--worksheet", "1"],
                                  ["--amount", "5"]])
def test_retry_of_nothing_clear(daemon, shop, args):
    done = run(daemon, "retry", SHOP, *args)
    assert (done.returncode, done.stdout) == (2, "")


def test_retry_of_many_asks_on_a_terminal(daemon, shop):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(BUILD / "pumplinectl", ["pumplinectl", "retry", SHOP, "--all"], environment(daemon))
    said = b""
    while b"[y/N]" not in said:
        said += os.read(terminal, 4096)
    os.write(terminal, b"n\n")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    os.close(terminal)
    assert f"Retry 4 orders of {SHOP}?".encode() in said
    assert shop.get("/alive").json["needs_attention"] == 4


def test_write_off_and_resolve_need_a_note(daemon, shop):
    assert run(daemon, "write-off", SHOP, "err-0", "--reason", "spill").returncode == 2
    assert run(daemon, "write-off", SHOP, "err-0", "--reason", "spill", "--note", "").returncode == 2
    assert run(daemon, "write-off", SHOP, "err-0", "--reason", "theft", "--note", "x").returncode == 1
    assert run(daemon, "resolve", SHOP, "err-1", "--note", "").returncode == 2
    assert ok(daemon, "write-off", SHOP, "err-0", "--reason", "spill", "--note", "hose burst") == (
        f"{SHOP}: err-0 written off: it is never billed\n")
    assert ok(daemon, "resolve", SHOP, "err-1", "--note", "typed in")
    history = ok(daemon, "order-status", SHOP, "err-0", "--history")
    assert "hose burst" in history and "BY" in history and "(socket)" in history and "anonymous (token)" in history
    assert "needs attention  false" in ok(daemon, "order-status", SHOP, "err-0")


def test_a_worksheet_before_the_invoice(daemon, shop):
    shown = ok(daemon, "worksheet-orders", SHOP, "558")
    assert f"{SHOP}: worksheet 558 has 3 orders, 3 of them open: do not invoice it yet" in shown
    assert json.loads(ok(daemon, "worksheet-orders", SHOP, "558", "--json"))["open"] == 3
    assert ok(daemon, "worksheet-orders", SHOP, "1") == f"{SHOP}: worksheet 1 has 0 orders, 0 of them open\n"


def test_report(daemon, shop):
    lines = ok(daemon, "report", SHOP, "--by", "worksheet").splitlines()
    assert lines[0].split() == ["WORKSHEET", "ORDERS", "PLACED", "CREATED", "WAITING", "ERROR", "BY", "HAND", "WRITTEN", "OFF"]
    assert lines[1].split() == ["558", "3", "4.5", "0", "0", "4.5", "0", "0"]
    assert lines[-1].split() == ["total", "4", "6", "0", "0", "6", "0", "0"]
    rows = list(csv.DictReader(io.StringIO(ok(daemon, "report", SHOP, "--csv", "--from", "2020-01-01"))))
    assert [(row["product"], row["placed"]) for row in rows] == [("10", "6")]
    assert run(daemon, "report", SHOP, "--by", "month").returncode == 1


def test_report_of_all_workshops(daemon, shop):
    carls = daemon.add_file("carls-cars", "Carls Cars")
    assert daemon.call("PUT", "/reload").status == 200
    until(carls.up, "the other workshop serves")
    header, *rows = [line.split() for line in ok(daemon, "report", "--by", "worksheet").splitlines()]
    assert header[:3] == ["WORKSHOP", "WORKSHEET", "ORDERS"]
    assert [*SHOP.split(), "558", "3", "4.5", "0", "0", "4.5", "0", "0"] in rows
    assert [*SHOP.split(), "total", "4", "6", "0", "0", "6", "0", "0"] in rows
    assert ["Carls", "Cars", "total", "0", "0", "0", "0", "0", "0", "0"] in rows
