"""How the storm reads the log: it reports every broken program, and ignores a leak check that itself failed. And that its stand-in
for Odoo remembers what it has."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "storm"))

import odoo_erp  # noqa: E402
from spoilt import classify, look, too_many  # noqa: E402

HEAD = "Bennys Auto: 2026-11-24T08:15:30.123Z WARNING "
FATAL = "==4711==LeakSanitizer has encountered a fatal error."
LEAK = "==4711==ERROR: LeakSanitizer: detected memory leaks"


@pytest.mark.parametrize("line,kind", [
    (HEAD + FATAL, "unchecked"),
    (HEAD + "==4711==HINT: For debugging, try setting environment variable LSAN_OPTIONS=verbosity=1:log_threads=1", None),
    (HEAD + "==4711==HINT: LeakSanitizer does not work under ptrace (strace, gdb, etc)", None),
    (HEAD + LEAK, "broken"),
    (HEAD + FATAL + LEAK, "broken"),
    (HEAD + "SUMMARY: AddressSanitizer: 24 byte(s) leaked in 1 allocation(s).", "broken"),
    (HEAD + "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0", "broken"),
    (HEAD + "queue.c:7:3: runtime error: signed integer overflow", "broken"),
    ("Bennys Auto: 2026-11-24T08:15:30.123Z INFO process 7 ended: killed by signal 6 (Aborted)", "broken"),
    ("Bennys Auto: 2026-11-24T08:15:30.123Z INFO process 7 ended: killed by signal 31 (Bad system call)", "broken"),
    ("Bennys Auto: 2026-11-24T08:15:30.123Z INFO process 7 ended: killed by signal 9 (Killed)", None),
    ("Bennys Auto: 2026-11-24T08:15:30.123Z INFO process 7 ended: killed by signal 15 (Terminated)", None),
    (HEAD + "the queue file is damaged: salvaging the readable orders", "broken"),
    ("Bennys Auto: [u-1] 2026-11-24T08:15:30.123Z INFO processing -> created, attempt 1, 3 ms", None),
])
def test_a_line(line, kind):
    assert classify(line) == kind


def test_a_leak_is_found_behind_a_check_that_failed():
    assert look("\n".join([FATAL, "placed", FATAL])) == (None, 2)
    assert look("\n".join([FATAL, HEAD + LEAK, FATAL])) == (HEAD + LEAK, 2)


def test_checks_that_never_work_are_a_fault():
    assert not too_many(3, 1) and too_many(4, 1)
    assert not too_many(10, 100) and too_many(11, 100)


def test_a_signal_is_told_as_the_supervisor_words_it():
    words = (Path(__file__).parents[2] / "supervisor/child/rules.c").read_text()
    assert '"killed by signal %d (%s)"' in words


def test_an_erp_that_was_killed_gives_no_id_twice(tmp_path):
    (tmp_path / "erp.json").write_text(json.dumps({"users": {}, "sales": {"558": False}, "products": {"10": {"salable": True}}, "unique": True}))
    line = {"order_id": 1, "product_id": 1, "product_uom_qty": "5"}
    first, second = (odoo_erp.Database(tmp_path).create("sale.order.line", [{**line, "x_pumpline_id": name}]) for name in ("a", "b"))
    assert first != second and len(odoo_erp.Database(tmp_path).lines) == 2
