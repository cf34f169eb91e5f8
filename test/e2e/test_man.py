"""The manual pages are valid, and cover all commands and members that the programs list."""

import re
import shutil
import subprocess
from pathlib import Path

import openapi
import pytest
from pumpline import BUILD

pytestmark = pytest.mark.release  # once is enough: it is about texts

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "conf" / "man").iterdir()), BUILD / "pumpline-api.7"]  # the last is made from conf/openapi


def source(name):
    return (ROOT / "conf" / "man" / name).read_text()


def first_lines(name, heading):
    """The first words of each tag in a section of the page."""
    section = source(name).split(f"\n.Sh {heading}\n")[1].split("\n.Sh ")[0]
    return [line.removeprefix(".It ") for line in section.splitlines() if line.startswith(".It ")]


def said(program, *args):
    return subprocess.run([BUILD / program, *args], capture_output=True, text=True, check=True, timeout=60).stdout


def commands():
    return [line.split("\t") for line in said("pumplinectl", "--commands").splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_mandoc_reports_nothing(page):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", page], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_there_is_a_page_for_each():
    assert [page.name for page in PAGES] == ["pumpline-console.8", "pumpline.json.5", "pumplinectl.1", "pumplined.8", "pumpline-api.7"]


@pytest.mark.parametrize("name, options", [(name, options) for name, _, options in commands()],
                         ids=lambda value: value.split()[0])
def test_every_command_and_its_options(name, options):
    own = [option.split("=")[0] for option in options.split()]
    tags = [tag for tag in first_lines("pumplinectl.1", "COMMANDS") if re.match(rf"Cm {name}( Oo| Op| Ar| Fl|$)", tag)]
    assert len(tags) == 1, name
    for option in own:
        assert f"Fl {option[1:]}" in (tags[0] if option not in ("--socket", "--json", "--help", "--version", "--config")
                                      else source("pumplinectl.1")), f"{name} {option}"


def test_no_unknown_command():
    tags = first_lines("pumplinectl.1", "COMMANDS")
    assert len(tags) == len(commands())


def config_members():
    """Every name in the configuration's tables of members."""
    text = "".join(path.read_text() for path in sorted((ROOT / "common/config").rglob("*.c")))
    return sorted(set(re.findall(r"(?:\.name\s*=\s*|\bX\()\"(\w+)\"", text)))


def test_the_tables_are_found():
    assert {"control_socket", "workshop", "first_s", "hash", "max_in_flight", "ca_file"} <= set(config_members())
    assert len(config_members()) > 35


@pytest.mark.parametrize("member", config_members())
def test_every_member_of_the_configuration(member):
    assert re.search(rf"\bCm {member}\b", source("pumpline.json.5"))


def test_every_option_of_the_daemon():
    usage = said("pumplined", "-h")
    options = set(re.findall(r"^  (-\S+)", usage, re.M))
    assert {"-c", "-n", "-h", "--version"} <= options
    for option in options:
        assert f"Fl {option[1:]}" in source("pumplined.8"), option
    longs = re.findall(r'\{"([a-z-]+)", (?:required|no)_argument', (ROOT / "supervisor" / "main.c").read_text())
    assert len(longs) >= 4
    for option in longs:
        assert f"Fl -{option}" in source("pumplined.8"), option


def test_every_call_member_and_code_of_the_reference():
    """In the page, and in the HTML file, whose links lead to its own anchors and nowhere else."""
    page, site = (BUILD / "pumpline-api.7").read_text(), (BUILD / "api.html").read_text()
    calls = [(method.upper(), path) for method, _, path in openapi.operations(openapi.WORKSHOP)]
    calls += [(method.upper(), path) for method, _, path in openapi.operations(openapi.CONTROL) if path.count("/") < 3]
    for method, path in calls:
        assert f".It Cm {method} Pa {path}\n" in page and f'<span class="method">{method}</span> <code>{path}</code>' in site, path
    for code in openapi.codes():
        assert f".It Cm {code} " in page and f'id="code-{code}"' in site, code
    for name in openapi.document("common.yaml")["schemas"]["Order"]["properties"]:
        assert f".It Va {name}\n" in page and f"<code>{name}</code>" in site, name
    anchors = re.findall(r'\bid="([^"]+)"', site)
    assert len(anchors) == len(set(anchors))
    assert {f"#{name}" for name in anchors} >= set(re.findall(r'href="([^"]+)"', site))
    assert "src=" not in site and "<script" not in site and "@import" not in site
