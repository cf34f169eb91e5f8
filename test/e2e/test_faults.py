"""Failpoints: all are listed, and a release build contains none."""

import re
from pathlib import Path

import pytest
from pumpline import BUILD

ROOT = Path(__file__).parents[2]


def listed():
    text = (ROOT / "test/storm/points.txt").read_text()
    return [line.split()[0] for line in text.splitlines() if line and not line.startswith("#")]


def test_the_list_is_the_sources():
    found = [name for folder in ("common", "erp-drivers", "worker", "supervisor") for path in (ROOT / folder).rglob("*.c")
             for name in re.findall(r'failpoint(?:_here)?\("([^"]+)"\)', path.read_text())]
    assert sorted(found) == sorted(listed())


@pytest.mark.release
def test_a_release_build_has_no_failpoint():
    for program in ("pumplined", "pumpline-worker"):
        data = (BUILD / program).read_bytes()
        assert b"Pumpline" in data or b"pumpline" in data
        for name in listed():
            assert name.encode() + b"\0" not in data, f"{name} in {program}"
        assert b".faults" not in data
