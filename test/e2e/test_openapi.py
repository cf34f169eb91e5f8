"""conf/openapi/ names the routes and codes of the program, no more and no fewer. conftest.py holds the replies of every test to it."""

import re
import shutil
import subprocess
from pathlib import Path

import openapi
import pytest

ROOT = Path(__file__).parents[2]
ROUTE = re.compile(r'\{\s*(?:\.method = )?"(GET|PUT|POST|DELETE)",\s*(?:\.pattern = )?"(/[^"]*)",([^{}]*)\}')
TABLES = {"workshop.yaml": "worker/api/api.c", "control.yaml": "supervisor/control/routes.c"}
NAMES = re.compile(r'#define (\w+_NAMES) ("[^"]*")')  # of query parameters
REFUSED = re.compile(r'\b([45]\d\d)(?:\] = |,\s*)"([a-z_]+)"')
NOT_BY_PORT = {("PUT", "/backup")}  # the control socket alone may call it


def of_the_program(name):
    """{(method, path): its query parameters}"""
    text = (ROOT / TABLES[name]).read_text()
    for macro, names in NAMES.findall(text + (ROOT / "worker/find/filter.h").read_text()):
        text = re.sub(rf"\b{macro}\b", names, text)
    return {(method, path): set(" ".join(re.findall(r'"([^"]*)"', rest)).split()) for method, path, rest in ROUTE.findall(text)}


def of_the_document(name):
    return {(method.upper(), path) for method, _, path in openapi.operations(name)}


def test_routes_of_the_port():
    assert of_the_document("workshop.yaml") == of_the_program("workshop.yaml").keys() - NOT_BY_PORT


def test_routes_of_the_control_socket():
    own = {route for route in of_the_program("control.yaml") if not route[1].endswith("/*")}
    forwarded = {(method, "/workshops/{workshop}" + path) for method, path in of_the_program("workshop.yaml")}
    assert of_the_document("control.yaml") == own | {one for one in forwarded if one not in own}


@pytest.mark.parametrize("name", TABLES)
def test_query_parameters(name):
    of_a_port = {("/workshops/{workshop}" + path, method): known for (method, path), known in of_the_program("workshop.yaml").items()}
    program = of_a_port | {(path, method): known for (method, path), known in of_the_program(name).items()}
    named = {}
    for method, _, path in openapi.operations(name):
        parameters = [openapi.resolve(name, one["$ref"])[1] if "$ref" in one else one
                      for one in openapi.document(name)["paths"][path][method].get("parameters", [])]
        named[path, method.upper()] = {one["name"] for one in parameters if one["in"] == "query"}
    assert named == {key: program[key] for key in named}
    assert named["/orders", "GET"] > {"status", "limit"}


@pytest.mark.parametrize("name", [*TABLES, "common.yaml"])
def test_every_reference_leads_somewhere(name):
    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                openapi.resolve(name, value["$ref"])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(openapi.document(name))


def sources():
    """Of the two APIs; the console has its own."""
    paths = [path for folder in ("common", "erp-drivers", "worker", "supervisor") for path in (ROOT / folder).rglob("*.[ch]")]
    return "\n".join(path.read_text() for path in paths if not {"console", "ctl", "people"} & set(path.parts))


def test_codes():
    text = sources()
    said = {(code, int(status)) for status, code in REFUSED.findall(text)}
    assert len(said) > 50
    named = openapi.codes()
    assert not {(code, status) for code, status in said if status not in named.get(code, ())}, "conf/openapi/common.yaml lacks them"
    assert not [code for code in named if f'"{code}"' not in text], "the program has no such codes"


@pytest.mark.parametrize("name", TABLES)
def test_each_code_of_a_call_has_its_status_there(name):
    wrong = []
    for method, _, path in openapi.operations(name):
        operation = openapi.document(name)["paths"][path][method]
        statuses = {int(status) for status in operation["responses"]}
        wrong += [(method, path, code) for code in operation.get("x-codes", ()) if not openapi.codes()[code] & statuses]
    assert wrong == []


def test_replies_that_no_other_test_sees(daemon, bennys):
    bennys.place("a")
    bennys.wait("a", "created")
    for target in ("/worksheets/558", "/report?format=csv", "/nix"):
        assert bennys.get(target).type
        daemon.call("GET", f"/workshops/bennys-auto{target}")
    daemon.call("PUT", "/workshops/bennys-auto/backup")
    daemon.call("PUT", "/rekey")


def test_the_check_bites(daemon):
    daemon.start()
    health = daemon.call("GET", "/health")
    for text in (health.text.replace('"pid":', '"pit":'), health.text.replace('"uptime_s":', '"uptime_s":"",'[:-1] + ',"x":'),
                 health.text.replace('"summary":', '"summery":1,"summary":'), "[]", ""):
        health.body = text.encode()
        openapi.note(openapi.CONTROL, "GET", "/health", health)
        assert openapi.faults.pop(), text
    nix = daemon.call("GET", "/nix")
    for status, text in ((404, nix.text.replace("not_found", "notfound")), (405, nix.text), (200, nix.text)):
        nix.status, nix.body = status, text.encode()
        openapi.note(openapi.CONTROL, "GET", "/nix", nix)
        assert openapi.faults.pop(), text
    assert not openapi.faults


LINTER = "@redocly/cli@2.77.0"


def test_the_linter_finds_nothing(tmp_path):
    """From npm: skipped without it or its network."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", LINTER], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    if done.returncode:
        pytest.skip(f"npm cannot install {LINTER}: {done.stderr[-200:]}")
    done = subprocess.run([tmp_path / "node_modules/.bin/redocly", "lint", *(openapi.FOLDER / name for name in TABLES)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
