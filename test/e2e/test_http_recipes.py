"""API recipes without orders: checked, replayed, tried by hand; the manual, and what is shipped."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import web_server
from odoo import DATABASE, KEY
from test_http_erp import NAMES, RECIPES, odoo, one, recipe  # noqa: F401: a fixture

# --- without a daemon

GOLDEN = Path(__file__).parents[1] / "golden/http/odoo-json2"
SHIPPED = sorted(path for path in [*RECIPES.glob("*.json"), *RECIPES.glob("unproven/*.json")])


def ctl(*arguments):
    return subprocess.run([Path(os.environ["PUMPLINE_BUILD"]) / "pumplinectl", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60)


@pytest.mark.parametrize("folder", sorted(path.name for path in GOLDEN.parent.iterdir()))
def test_recorded_exchanges_without_a_server(folder):
    dialogues = sorted((GOLDEN.parent / folder).glob("[a-z]*.json"))
    own, shipped = GOLDEN.parent / folder / "_recipe.json", [path for path in SHIPPED if path.stem == folder]
    result = ctl("recipe", "test", *(shipped or [own]), *dialogues)
    assert result.returncode == 0 and result.stdout.count(": as recorded") == len(dialogues) > 0, result.stdout


def test_a_recipe_that_does_something_else(tmp_path):
    changed = tmp_path / "x.json"
    changed.write_text((RECIPES / "odoo-json2.json").read_text().replace('"limit": 3', '"limit": 2'))
    result = ctl("recipe", "test", changed, GOLDEN / "created.json", GOLDEN / "nothing.json")
    assert result.returncode == 1 and "exchange 1, body: expected" in result.stdout and "nothing.json" in result.stdout


def test_a_mistyped_dialogue_does_not_pass(tmp_path):
    dialogue = json.loads((GOLDEN / "created.json").read_text())
    dialogue["ends"]["referense"] = dialogue["ends"].pop("reference")
    dialogue["exchanges"][0]["request"]["foo"] = 2
    for name, content in ("empty", {}), ("typing", {"exchanges": 1, "foo": 2}), ("mistyped", dialogue), ("list", []):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    result = ctl("recipe", "test", RECIPES / "odoo-json2.json", *sorted(tmp_path.iterdir()))
    assert result.returncode == 1 and "as recorded" not in result.stdout
    for words in ("empty.json: /order: is missing", "empty.json: /exchanges: must be a list with at least one exchange",
                  "typing.json: /foo: unknown member", "typing.json: /exchanges: must be a list with at least one exchange",
                  "mistyped.json: /exchanges/0/request/foo: unknown member",
                  'mistyped.json: /ends/referense: unknown member: did you mean "reference"?', "list.json: must be an object"):
        assert words in result.stdout, result.stdout


def test_faults_have_their_place(tmp_path):
    broken = tmp_path / "x.json"
    broken.write_text('{"recipe": 1, "kind": "http", "lookup": [{"gett": "/x"}],\n "creates": [], "create": [],\n'
                      ' "commit": [{"post": "/x?{order.uniqueid}", "intoo": "a"}], "verify": [{"fail": "erp_busi"}]}')
    result = ctl("recipe", "check", broken)
    assert result.returncode == 1
    for words in (":1:42: /lookup/0: has no known verb: did you mean \"get\"?",
                  ":2:13: /creates: unknown member: did you mean \"create\"?",
                  ":3:54: /commit/0/intoo: unknown member: did you mean \"into\"?",
                  ":3:22: /commit/0/post: needs a filter here: {order.uniqueid|urlencode}",
                  "/verify/0/fail: is not a reason code that a recipe may use: did you mean \"erp_busy\"?",
                  "/lookup: has no \"found\" step"):
        assert words in result.stdout, result.stdout


@pytest.mark.parametrize("kind", ["https", None])
def test_the_kind_is_the_only_fault(kind, tmp_path):
    recipe = json.loads((RECIPES / "odoo-json2.json").read_text())
    (tmp_path / "x.json").write_text(json.dumps({**recipe, "kind": kind} if kind else {k: v for k, v in recipe.items() if k != "kind"}))
    result = ctl("recipe", "check", tmp_path / "x.json")
    assert result.returncode == 1 and len(result.stdout.splitlines()) == 1, result.stdout
    assert '/kind: must be "http" (an API recipe) or "page"' in result.stdout


@pytest.mark.parametrize(("step", "words"), [
    ({"get": "/x?p={credentials.password}"}, "/create/0/get: allowed only in headers and bodies, without a filter, and in the URLs of login as "
                                             "{credentials.password|urlencode}: credentials.password"),
    ({"get": "/x", "set": {"a": "b"}}, "/create/0/set: a step has exactly one verb: get or set"),
    ({"fail": "gone"}, "/create/0/fail: must be one of worksheet_not_found, worksheet_closed"),
])
def test_a_fault_says_what_is_right(step, words, tmp_path):
    recipe = json.loads((RECIPES / "odoo-json2.json").read_text())
    recipe["create"].insert(0, step)
    (tmp_path / "x.json").write_text(json.dumps(recipe))
    result = ctl("recipe", "check", tmp_path / "x.json")
    assert result.returncode == 1 and words in result.stdout, result.stdout


def test_what_an_unguarded_recipe_risks_is_said(tmp_path):
    recipe = json.loads((GOLDEN.parent / "document/_recipe.json").read_text())
    del recipe["commit"][0]["headers"]
    recipe["commit"][0]["json"] = recipe["commit"][0]["json"]["$merge"][1]
    (tmp_path / "x.json").write_text(json.dumps(recipe, indent=1))
    result = ctl("recipe", "check", tmp_path / "x.json")
    assert result.returncode == 1 and "/commit/0: replaces lines" in result.stdout, result.stdout
    (tmp_path / "x.json").write_text(json.dumps({**recipe, "unguarded": True}, indent=1))
    result = ctl("recipe", "check", tmp_path / "x.json")
    assert result.returncode == 0 and "unguarded: the ERP replaces all lines of a worksheet" in result.stdout, result.stdout


# --- tried by hand

def dry_run(daemon, odoo, name, *arguments, key=KEY):
    path = recipe(daemon, name)
    daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": path, "url": odoo.url + "/", "options": {"database": DATABASE}},
               credentials={"username": "bot", "password": key})
    daemon.write_config()
    order = {"worksheet": "558", "product_nr": "10", "product_amount": "4.5", "uniqueid": "try"}
    result = ctl("recipe", "run", path, "--config", daemon.config, "--workshop", "Bennys Auto", "--order", json.dumps(order),
                 "--folder", daemon.folder / "run", *arguments)
    assert key not in result.stdout + result.stderr + (daemon.folder / "run/dialogue.json").read_text()
    return path, result


@pytest.mark.parametrize("name", NAMES)
def test_a_dry_run_stops_before_the_commit(daemon, odoo, name):
    path, result = dry_run(daemon, odoo, name)
    assert result.returncode == 0 and not odoo.lines, result.stderr
    assert "search_read" in result.stdout and "<- 200" in result.stdout and "create" not in odoo.calls[-1]
    dialogue = json.loads((daemon.folder / "run/dialogue.json").read_text())
    assert dialogue["ends"] == {"stopped_before": "commit"} and dialogue["exchanges"][-1]["request"]["method"] == "POST"
    page = (daemon.folder / "run/run.html").read_text()
    assert "order try on worksheet 558" in page and "search_read" in page and "stopped before commit\n" in page
    assert KEY not in page and "<script" not in page
    replayed = ctl("recipe", "test", path, daemon.folder / "run/dialogue.json")
    assert replayed.returncode == 0, replayed.stdout


@pytest.mark.parametrize("name", NAMES)
def test_what_a_run_has_recorded_can_be_replayed(daemon, odoo, name):
    dialogue = daemon.folder / "kept.json"
    path, result = dry_run(daemon, odoo, name, "--until", "end", "--record", dialogue)
    assert result.returncode == 0 and one(odoo, "try")["product_uom_qty"] == 4.5, result.stderr
    assert json.loads(dialogue.read_text())["ends"]["verdict"] == "created"
    replayed = ctl("recipe", "test", path, dialogue)
    assert replayed.returncode == 0, replayed.stdout


class TokenShop(web_server.Server):
    def __init__(self):
        super().__init__(0)
        self.asked = []

    def answer(self, request):
        self.asked.append(request.path)
        text = json.dumps({"value": {"token": "session-4711"}} if request.method == "PUT" else [])
        return web_server.reply(200, text.encode(), ["Content-Type: application/json", f"Location: {request.path}", f"Link: <{request.path}>; rel=next"])


def test_a_password_in_a_url_is_shown_nowhere(daemon):
    path, password, encoded = GOLDEN.parent / "login-url/_recipe.json", "7351/&key+%", "7351%2F%26key%2B%25"
    with TokenShop() as server:
        daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(path), "url": server.url},
                   credentials={"username": "bot", "password": password})
        daemon.write_config()
        order = {"worksheet": "558", "product_nr": "10", "product_amount": "5", "uniqueid": "try"}
        result = ctl("recipe", "run", path, "--config", daemon.config, "--workshop", "Bennys Auto", "--order", json.dumps(order),
                     "--folder", daemon.folder / "run")
    assert result.returncode == 0 and server.asked[0].endswith(f"&employee={encoded}"), result.stderr
    shown = [result.stdout, result.stderr, *(file.read_text() for file in (daemon.folder / "run").iterdir() if file.suffix != ".png")]
    assert "token/session" in result.stdout
    assert not [text for text in shown if password in text or encoded in text or "session-4711" in text]


class BrokenShop(web_server.Server):
    """It has no lines and no edit, and breaks off as soon as an edit is begun."""

    def __init__(self):
        super().__init__(0)

    def answer(self, request):
        if request.method == "POST":
            return web_server.reply(200, b"{", ["Content-Type: application/json"])
        return web_server.json_reply(*[{}, 404] if request.place.endswith("/edit") else [[]])


def run_broken(daemon, url):
    path = GOLDEN.parent / "open-edit/_recipe.json"
    daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(path), "url": url}, credentials={"username": "bot", "password": "x"})
    daemon.write_config()
    order = {"worksheet": "558", "product_nr": "10", "product_amount": "5", "uniqueid": "try"}
    return ctl("recipe", "run", path, "--config", daemon.config, "--workshop", "Bennys Auto", "--order", json.dumps(order),
               "--folder", daemon.folder / "run")


def test_a_reply_that_breaks_off_is_kept_under_its_section(daemon):
    with BrokenShop() as server:
        result = run_broken(daemon, server.url)
    assert result.returncode == 1 and "the body is not valid JSON: {" in result.stdout, result
    assert [file.name for file in (daemon.folder / "run").glob("*-create.txt")], list((daemon.folder / "run").iterdir())


class PlainShop(web_server.Server):
    """It answers the beginning of TLS as an HTTP server does."""

    def __init__(self):
        super().__init__(0)

    def converse(self, connection):
        connection.recv(1000)
        connection.sendall(web_server.reply(400))


def test_a_server_without_tls(daemon):
    with PlainShop() as server:
        result = run_broken(daemon, server.url.replace("http:", "https:"))
    place = server.url.split("/")[2]
    assert f"<- no reply: {place} does not speak TLS: is the URL's port that of https?\n" in result.stdout, result


class EditShop(web_server.Server):
    """An edit is begun, and would lock its worksheet until a person ends it."""

    def __init__(self):
        super().__init__(0)
        self.edit, self.asked = None, []

    def answer(self, request):
        self.asked.append((request.method, request.place.rsplit("/", 1)[1]))
        if request.method == "POST" and request.place.endswith("/edit"):
            self.edit = request.json
        if request.method == "DELETE":
            self.edit = None
        if request.method == "GET" and request.place.endswith("/edit"):
            return web_server.json_reply(self.edit or {}, 200 if self.edit else 404)
        return web_server.json_reply([])


def test_a_dry_run_leaves_no_edit_open(daemon):
    path = GOLDEN.parent / "open-edit/_recipe.json"
    with EditShop() as server:
        daemon.add("bennys-auto", "Bennys Auto", {"system": "http", "recipe": str(path), "url": server.url},
                   credentials={"username": "bot", "password": "x"})
        daemon.write_config()
        order = {"worksheet": "558", "product_nr": "10", "product_amount": "5", "uniqueid": "try"}
        result = ctl("recipe", "run", path, "--config", daemon.config, "--workshop", "Bennys Auto", "--order", json.dumps(order),
                     "--folder", daemon.folder / "run")
    assert result.returncode == 0 and "stopped before commit\n" in result.stdout, result.stderr
    assert ("POST", "items") in server.asked and ("POST", "confirm") not in server.asked
    assert server.edit is None and server.asked[-1] == ("DELETE", "edit")


# --- the manual

def test_the_manuals_example_is_valid(tmp_path):
    text = (RECIPES / "API.md").read_text()
    examples = [json.loads(block) for block in re.findall(r"```json\n(\{.*?)\n```", text, re.S) if '"recipe": 1' in block]
    assert len(examples) == 1
    (tmp_path / "x.json").write_text(json.dumps(examples[0]))
    result = ctl("recipe", "check", tmp_path / "x.json")
    assert result.returncode == 0, result.stdout


def test_the_manual_names_every_word():
    schema = json.loads(ctl("recipe", "schema").stdout)["$defs"]["http"]
    words = set(schema["properties"]) | {name for one in schema["$defs"]["step"]["anyOf"] for name in one["properties"]}
    words |= {name for kind in ("condition", "rule", "pages", "found", "idRules") for name in schema["$defs"][kind]["properties"]}
    text = (RECIPES / "API.md").read_text()
    assert [word for word in sorted(words - {"$schema"}) if not re.search(rf"\b{re.escape(word)}\b", text)] == []


# --- what is shipped

@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_valid(path):
    jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
    result = ctl("recipe", "check", path)
    assert result.returncode == 0, result.stdout
    jsonschema.Draft202012Validator(json.loads(ctl("recipe", "schema").stdout)).validate(json.loads(path.read_text()))


def test_each_proven_recipe_says_by_what():
    for path in SHIPPED:
        recipe = json.loads(path.read_text())
        if recipe.get("kind") == "http":
            assert (recipe["proven_with"] is None) == (path.parent.name == "unproven")
