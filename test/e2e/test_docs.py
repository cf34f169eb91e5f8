"""The documents name only files and functions that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / name for name in (
    "README.md", "common/README.md", "erp-drivers/README.md", "worker/README.md", "supervisor/README.md", "test/README.md",
    ".github/CONTRIBUTING.md", ".github/SECURITY.md")]
SOURCES = [path for layer in ("common", "erp-drivers", "worker", "supervisor", "test") for path in (ROOT / layer).rglob("*.[ch]")]
MADE_UP = {"NAME.c", "NAME.h", "NAME_test.c"}  # placeholders in the guide for new files


def found(doc, name):
    """The files that a name may mean: relative to the document or to the root, or any file of that name if it has no folder."""
    if "/" in name:
        return [path for path in (doc.parent / name, ROOT / name, ROOT / "test" / name) if path.is_file()]
    return [path for path in SOURCES if path.name == name]


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_each_file_is_there(doc):
    names = set(re.findall(r"`([\w/.-]+\.[ch])`", doc.read_text()))
    assert sorted(name for name in names if Path(name).name not in MADE_UP and not found(doc, name)) == []


@pytest.mark.parametrize("doc", [ROOT / name for name in ("README.md", "worker/README.md", "supervisor/README.md")],
                         ids=lambda doc: str(doc.relative_to(ROOT)))
def test_each_step_of_the_walk_is_there(doc):
    """`FILE` `FUNCTION`, `FUNCTION` …: FILE defines each."""
    wrong = []
    steps = re.findall(r"`([\w/-]+\.c)`((?:,?\s+`[a-z_]+`)+)", doc.read_text())
    assert len(steps) > 12
    for name, functions in steps:
        for function in re.findall(r"`(\w+)`", functions):
            if not any(re.search(rf"^{function}\(", path.read_text(), re.M) for path in found(doc, name)):
                wrong.append(f"{name} {function}")
    assert wrong == []
