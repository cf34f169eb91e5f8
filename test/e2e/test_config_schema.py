"""The JSON schemas of pumpline.json and of a workshop's file agree with pumplined, as far as a schema can express the rules.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest
from pumpline import BUILD, DEADLINE_S

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

CONF = Path(__file__).parents[2] / "conf"
WORKSHOP = {"workshop": "Bennys Auto", "listen": "127.0.0.1:8101", "erp": {"system": "file", "folder": "/srv/lines"}}
TRYTON = {"system": "tryton", "url": "https://erp.example.com/db/"}
WEBDRIVER = {"system": "webdriver", "recipe": "tryton-sao", "url": "http://erp.example.com/", "options": {"database": "erp"}}
HASH = "0123456789abcdef" * 4

SOUND = [
    {}, {"$schema": "workshop.schema.json"}, {"active": False, "retention_days": 1, "stop_timeout_s": 5},
    {"credentials": {"username": "u", "password": "p"}}, {"credentials": {"username": "u", "password": "ä"}},
    {"credentials": None}, {"api_tokens": [{"scope": "order", "hash": HASH, "name": "oilmat"}]},
    {"hosts": ["oilmat.example.com"], "origins": ["https://oilmat.example.com"], "http": {"head_s": 5}},
    {"max_amount": "100", "hold": {"worksheet_not_found_s": 3600, "worksheet_closed_s": 0}},
    {"products": {"10": {"erp_product": "OIL-5W30", "factor": "0.01", "decimals": 2, "rounding": "refuse", "max_amount": "12"}, "*": {}}},
    {"retry": {"first_s": 0.5, "max_s": 10}}, {"queue_max_mib": 64, "allow_unauthenticated": True},
    {"erp": {"system": "file", "folder": "/srv/lines", "format": "json", "columns": ["uniqueid"], "header": False}},
    {"erp": {**TRYTON, "ca_file": None, "language": "de", "company": 1, "timeout_s": 10, "max_in_flight": 4}},
    {"erp": {**WEBDRIVER, "browser": {"name": "chrome", "headless": True, "arguments": ["--lang=de"], "hosts": [],
                                      "preferences": {"x.y": 1}}}},
]

# Rejected by both, and rejected by pumplined only.
FAULTY = [
    {"workshop": 5}, {"workshop": ""}, {"listen": 8101}, {"active": "yes"}, {"extra": 1}, {"retention_days": 0},
    {"max_amount": 100}, {"max_amount": "1e3"}, {"hold": {"worksheet_locked_s": 1}}, {"hold": {"worksheet_closed_s": "1"}},
    {"products": {"10": {"factor": 0.01}}}, {"products": {"10": {"rounding": "even"}}}, {"products": {"10": {"decimals": 7}}},
    {"products": {"10": "OIL"}}, {"products": {"10": {"name": "x"}}}, {"products": []},
    {"retry": {"first_s": "soon"}}, {"retry": {"other": 1}}, {"retry": []}, {"http": {"head_s": 0}},
    {"credentials": {"username": "u"}}, {"credentials": {"username": "u", "password": {"sealed": ""}}},
    {"credentials": {"username": "u", "password": {"seal": "x"}}}, {"api_tokens": {}},
    {"api_tokens": [{"scope": "all", "hash": HASH}]}, {"api_tokens": [{"scope": "order"}]}, {"api_tokens": ["x"]},
    {"hosts": [5]}, {"erp": None}, {"erp": {}}, {"erp": {"system": "sap"}}, {"erp": {"system": "file"}},
    {"erp": {"system": "file", "folder": "relative"}}, {"erp": {"system": "file", "folder": "/x", "url": "http://x/"}},
    {"erp": {"system": "file", "folder": "/x", "columns": []}}, {"erp": {"system": "file", "folder": "/x", "columns": ["y"]}},
    {"erp": {**TRYTON, "url": "ftp://x"}}, {"erp": {**TRYTON, "max_in_flight": 65}},
    {"erp": {**WEBDRIVER, "max_in_flight": 2}}, {"erp": {**WEBDRIVER, "browser": {"name": "netscape"}}},
]
PUMPLINED = [
    {"listen": "nowhere"}, {"listen": "0.0.0.0:8101"}, {"workshop": "pumplined"}, {"retry": {"first_s": 9, "max_s": 1}},
    {"erp": {**TRYTON, "url": "https://erp.example.com/"}}, {"erp": {**WEBDRIVER, "recipe": "no-such"}},
    {"api_tokens": [{"scope": "order", "hash": "x" * 64}]}, {"hosts": ["http://x"]},
    {"max_amount": "0"}, {"products": {"": {}}},
]
DAEMON_FAULTY = [{"sandbox": "maybe"}, {"nonsense": 1}, {"worker_uids": {"first": 40000}}, {"http": {"head_s": 0}},
                 {"worker_uids": {"first": 1, "count": 5}}, {"allowed_users": [1]}, {"control_socket": ""},
                 {"webdriver_url": "x"}]


def validator(name):
    done = subprocess.run([BUILD / "pumplinectl", "schema", name], capture_output=True, text=True, check=True, timeout=20)
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def is_sound(daemon, document):
    (daemon.folder / "workshops.d" / "a.json").write_text(json.dumps(document))
    done = subprocess.run([BUILD / "pumplined", "-n", "-c", daemon.config], capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False)
    assert done.returncode in (0, 78), done.stderr
    return done.returncode == 0


def test_a_workshop(daemon):
    schema = validator("workshop")
    for change in SOUND:
        assert [error.message for error in schema.iter_errors({**WORKSHOP, **change})] == []
        assert is_sound(daemon, {**WORKSHOP, **change}), change
    for change in FAULTY:
        assert not schema.is_valid({**WORKSHOP, **change}), change
        assert not is_sound(daemon, {**WORKSHOP, **change}), change
    for change in PUMPLINED:
        assert schema.is_valid({**WORKSHOP, **change}), f"{change} belongs into FAULTY"
        assert not is_sound(daemon, {**WORKSHOP, **change}), change
    for name in ("workshop", "listen", "erp"):
        assert not schema.is_valid({key: value for key, value in WORKSHOP.items() if key != name})


def test_the_daemon(daemon):
    schema = validator("daemon")
    daemon.write_config(**{"$schema": "pumpline.schema.json"})
    assert schema.is_valid(json.loads(Path(daemon.config).read_text())) and is_sound(daemon, WORKSHOP)
    for change in DAEMON_FAULTY:
        daemon.write_config(**change)
        assert not schema.is_valid(json.loads(Path(daemon.config).read_text())), change
        assert not is_sound(daemon, WORKSHOP), change


def test_the_examples():
    assert validator("daemon").is_valid(json.loads((CONF / "pumpline.json").read_text()))
    shown = re.findall(r"```json\n(\{\s*\"workshop\".*?)```", (CONF / "README.md").read_text(), re.S)
    for text in [*shown, *(path.read_text() for path in sorted((CONF / "workshops.d").glob("*.example")))]:
        assert [error.message for error in validator("workshop").iter_errors(json.loads(text))] == []


def test_an_unknown_name():
    done = subprocess.run([BUILD / "pumplinectl", "schema", "order"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "daemon or workshop" in done.stderr


def test_the_build_makes_the_files():
    for name, words in (("pumpline", ["schema", "daemon"]), ("workshop", ["schema", "workshop"]), ("recipe", ["recipe", "schema"])):
        done = subprocess.run([BUILD / "pumplinectl", *words], capture_output=True, text=True, check=True, timeout=20)
        assert (BUILD / f"{name}.schema.json").read_text() == done.stdout
