"""The documents name only files, functions and commands that exist."""

import itertools
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from pumpline import BUILD

pytestmark = pytest.mark.release  # once is enough: it is about the tree

ROOT = Path(__file__).parents[2]
LAYERS = [ROOT / name for name in ("common", "erp-drivers", "worker", "supervisor", "test")]
DOCS = [ROOT / "README.md", *(ROOT / ".github").glob("*.md"), *(path for layer in LAYERS for path in sorted(layer.rglob("README.md")))]
SOURCES = [path for layer in LAYERS for path in layer.rglob("*.[ch]")]
GUIDES = [ROOT / name / "README.md" for name in ("erp-drivers", "worker", "supervisor", "test")]  # read first, so two pages at most
GUIDE_WORDS_MAX, GUIDE_CHARACTERS_MAX = 1150, 110 * 100
MADE_UP = {"NAME.c", "NAME.h", "NAME_test.c"}  # placeholders in the guide for new files


def found(doc, name):
    """The files that a name may mean: relative to a folder of the document, or any file of that name if it has no folder."""
    if "/" in name:
        return [path for folder in (*doc.parents, ROOT / "test") if (path := folder / name).is_file()]
    return [path for path in SOURCES if path.name == name]


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_each_file_is_there(doc):
    names = set(re.findall(r"`([\w/.-]+\.[ch])`", doc.read_text()))
    assert sorted(name for name in names if Path(name).name not in MADE_UP and not found(doc, name)) == []


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_each_link_leads_to_a_file(doc):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", doc.read_text())
    assert [link for link in links if not (doc.parent / link).exists()] == []


def steps_of(doc):
    """`FILE` `FUNCTION`, `FUNCTION` …"""
    for name, functions in re.findall(r"`([\w/-]+\.c)`((?:,?\s+`[a-z_]+`)+)", doc.read_text()):
        yield from ((name, function) for function in re.findall(r"`(\w+)`", functions))


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_each_step_of_the_walk_is_there(doc):
    """FILE defines each FUNCTION."""
    assert [f"{name} {function}" for name, function in steps_of(doc)
            if not any(re.search(rf"^{function}\(", path.read_text(), re.M) for path in found(doc, name))] == []


@pytest.mark.parametrize("doc", [ROOT / "README.md", ROOT / "worker/README.md"], ids=lambda doc: str(doc.relative_to(ROOT)))
def test_the_walk_names_its_functions(doc):
    assert len([*steps_of(doc)]) > 12


@pytest.mark.parametrize("doc", GUIDES, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_a_guide_is_short(doc):
    text = doc.read_text()
    assert len(text.split()) <= GUIDE_WORDS_MAX and len(text) <= GUIDE_CHARACTERS_MAX, "move details beside the code that they describe"


@pytest.mark.parametrize("doc", GUIDES, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_a_guide_leads_to_the_documents_below_it(doc):
    linked = {(doc.parent / link).resolve() for link in re.findall(r"\]\(([^)#:]+)", doc.read_text())}
    assert [str(path.relative_to(ROOT)) for path in doc.parent.glob("*/README.md") if path.resolve() not in linked] == []


def test_the_reference_has_every_reason_code():
    codes = re.findall(r'#define REASON_\w+ "(\w+)"', (ROOT / "common/order/reason.h").read_text())
    listed = (BUILD / "pumpline-api.7").read_text().partition(".Sh REASON CODES\n")[2].partition(".Sh ")[0]
    assert sorted(codes) == sorted(re.findall(r"^\.It Cm (\w+)$", listed, re.M))


def test_each_end_to_end_test_is_named():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "test/README.md").read_text()))
    assert sorted({path.stem for path in (ROOT / "test/e2e").glob("test_*.py")} - named) == []


def shell_lines(path):
    """What a reader can paste: code blocks and `code` of a document, the examples of a manual page; continued lines are one."""
    text = path.read_text().replace("\\\\\n", "").replace("\\\n", "")
    if path.suffix != ".md":
        return text.partition("\n.Sh EXAMPLES\n")[2].partition("\n.Sh ")[0].splitlines()
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    return [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def calls_of_pumplinectl(line):
    """The words behind each, up to the next command of the shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = [*lexer]
    except ValueError:  # no line of a shell: it begins or ends within quotes
        return
    for index, word in enumerate(words):
        if word.rpartition("/")[2] == "pumplinectl":
            yield [*itertools.takewhile(lambda one: one not in {"|", "||", "&", "&&", ";", ">", ">>", "<", ")"}, words[index + 1:])]


def wrong_in(call, known):
    """What of it pumplinectl does not know, or what it lacks; without any argument it names a command, which need not be complete."""
    words = [word for index, word in enumerate(call) if not word.startswith("-") and (index == 0 or call[index - 1] != "--socket")]
    words = words or ["help"]
    name = next((name for name in (" ".join(words[:2]), words[0]) if name in known), None)
    if name is None:  # `pumplinectl user` stands for all of its commands
        return [] if any(f"{words[0]} " in other for other in known) and not words[1:] else words[:1]
    arguments, options = known[name]
    unknown = [word for word in call if word.startswith("--") and word.partition("=")[0] not in options]
    given = [word for index, word in enumerate(call) if not word.startswith("--") and not options.get(call[index - 1] if index else "")]
    given = given[len(name.split()):]
    needed = [word for word in arguments.split() if word != "|" and not word.startswith("[")]
    return unknown + (needed if given and len(given) < len(needed) and "--all" not in call else [])


def test_pumplinectl_knows_each_command_and_option():
    said = subprocess.run([BUILD / "pumplinectl", "--commands"], capture_output=True, text=True, check=True, timeout=60).stdout
    rows = [line.split("\t") for line in said.splitlines()]
    known = {name: (arguments, {option.partition("=")[0]: "=" in option for option in options.split()}) for name, arguments, options in rows}
    pages = [*(ROOT / "conf/man").iterdir(), *(path for path in ROOT.rglob("*.md") if not path.relative_to(ROOT).parts[0].startswith("build"))]
    calls = [(page, call) for page in pages for line in shell_lines(page) for call in calls_of_pumplinectl(line)]
    assert len(calls) > 60
    assert [(page.name, call, wrong) for page, call in calls if (wrong := wrong_in(call, known))] == []


@pytest.mark.parametrize("doc", [path for path in DOCS if path.parent != ROOT / ".github"], ids=lambda doc: str(doc.relative_to(ROOT)))
def test_each_script_is_there(doc):
    """Commands of this repository."""
    words = {word for line in shell_lines(doc) for word in line.partition("#")[0].split()[:1]}
    assert [word for word in words if re.match(r"(conf|test)/\S+\.sh$", word) and not (ROOT / word).is_file()] == []


def test_the_consoles_new_workshop_has_a_folder_that_is_there():
    [folder] = re.findall(r'folder: "([^"]+)"', (ROOT / "supervisor/console/web/workshops.js").read_text())
    assert folder in {line.split()[1] for line in (ROOT / "conf/pumpline.tmpfiles").read_text().splitlines() if line.startswith("d ")}


def test_what_needs_a_release_build_is_run_in_one():
    run = (ROOT / "test/run.sh").read_text()
    listed = run[run.index("\nrelease=("):run.index("# apart NAME")]
    marked = [path.stem.removeprefix("test_") for path in (ROOT / "test/e2e").glob("test_*.py") if "mark.release" in path.read_text()]
    assert "valgrind" in marked and not [name for name in marked if not re.search(rf"[ (_]{name}[ .)\n]", listed)]
