"""Counts what ran, from the JUnit files of ctest and pytest, names what was slow, what failed or was skipped, and why.

A unit test program holds many tests: cmocka's own lines are counted, not the program.
Exits with 1 where anything failed or nothing ran.
"""

import collections
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CMOCKA = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\w+)", re.M)


def cmocka_results(case):
    """(name, outcome) of each test in a program; the program itself where it printed none or died."""
    output = case.findtext("system-out") or ""
    found = {}
    for outcome, name in CMOCKA.findall(output):
        if not name.isdigit():
            found[name] = outcome
    if case.get("status") == "fail" and "FAILED" not in found.values():
        found[case.get("name")] = "FAILED"
    return [(f"{case.get('name')}: {name}", outcome, "") for name, outcome in found.items()]


def pytest_results(case):
    name = f"{case.get('classname')}::{case.get('name')}"
    for tag, outcome in (("failure", "FAILED"), ("error", "FAILED"), ("skipped", "SKIPPED")):
        found = case.find(tag)
        if found is not None:
            return [(name, outcome, found.get("message") or "")]
    return [(name, "OK", "")]


def results(path):
    for case in ElementTree.parse(path).iter("testcase"):
        yield from (cmocka_results(case) if case.get("status") else pytest_results(case))


def print_slowest(paths, most=10):
    """The files of tests that took most. With several workers, the sum is more than the time that passed."""
    spent = collections.Counter()
    for path in paths:
        for case in ElementTree.parse(path).iter("testcase"):
            name = case.get("name") if case.get("status") else case.get("classname")
            spent[f"{Path(path).stem}: {name}"] += float(case.get("time") or 0)
    for name, seconds in spent.most_common(most):
        print(f"{seconds:7.0f} s  {name}")


def main():
    print_slowest(sys.argv[1:])
    counts = {"OK": 0, "FAILED": 0, "SKIPPED": 0}
    for path in sys.argv[1:]:
        before = dict(counts)
        for name, outcome, why in results(path):
            counts[outcome] += 1
            if outcome != "OK":
                print(f"{'SKIP' if outcome == 'SKIPPED' else 'FAIL'} {name}{': ' if why else ''}{why}")
        if counts == before:
            counts["FAILED"] += 1
            print(f"FAIL {path}: nothing ran")
    print(f"{counts['OK']} passed, {counts['FAILED']} failed, {counts['SKIPPED']} skipped")
    return 1 if counts["FAILED"] else 0


sys.exit(main())
