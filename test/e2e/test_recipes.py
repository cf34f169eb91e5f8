"""The shape of recipes: the checker and the JSON schema agree, and each fault has its pointer."""

import copy
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from pumpline import BUILD, SECRET, free_port

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "erp-drivers" / "recipes"
CTL = BUILD / "pumplinectl"
SCHEMA = json.loads(subprocess.run([CTL, "recipe", "schema"], capture_output=True, check=True, timeout=20).stdout)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

# Contains every verb, condition and locator once.
WHOLE = {
    "recipe": 1, "$schema": "recipe.schema.json", "name": "x", "about": "x", "timeout_s": 10, "settle_s": 0,
    "options": {"branch": {"about": "which", "default": "1"}, "needed": {}},
    "browser": {"window": [1280, 1000], "language": "de", "recycle_after_orders": 5, "recycle_after_s": 60,
                "idle_s": 60, "page_load_s": 5, "arguments": ["--lang=de"]},
    "login": [
        {"goto": "/login?b={options.branch|urlencode}", "name": "open", "timeout_s": 3.5, "about": "why"},
        {"wait": {"any": [{"visible": "#user"}, {"present": {"id": "menu"}}]}},
        {"when": {"visible": "#user"}, "within_s": 2, "then": [
            {"type": "{credentials.username}", "into": "#user"},
            {"type": "{credentials.password}", "into": {"name": "password"}, "clear": False},
            {"press": "Enter", "in": {"name": "password"}}], "else": []},
        {"fail": "auth_failed", "words": "no"}],
    "lookup": [
        {"call": "search", "with": {"what": "{order.uniqueid}"}},
        {"each": "table#lines tr", "where": {"text": {"of": "td.ref", "is": "{order.uniqueid}"}}, "only": True,
         "do": [{"read": {"css": "td.amount", "in": "row"}, "what": "text", "match": "([0-9,]{1,9})",
                 "number": {"decimal": ",", "group": "."}, "into": "amount"},
                {"read": {"css": "td.nr", "in": "row"}, "into": "nr"},
                {"found": {"reference": "{row}", "product_nr": "{nr}", "amount": "{amount}",
                           "worksheet": "{order.worksheet}"}}],
         "none": [{"set": {"known": "no"}}], "within_s": 1},
        {"each": "tr", "where": {"text": {"of": "row", "is": "x"}}, "do": [{"click": "row"}], "none": []}],
    "create": [
        {"frame": ["main", {"css": "frame", "nth": 2}]}, {"frame": "top"}, {"frame": {"name": "menu"}},
        {"window": "new"}, {"window": "close"}, {"window": "main"},
        {"click": {"xpath": "//a[.={order.worksheet|xpath}]", "visible": True}, "optional": True},
        {"click": {"link": "New", "in": "#bar", "contains": "N"}},
        {"clear": "#x"}, {"select": "{order.product_nr}", "in": "select", "by": "value"},
        {"check": {"label": "Paid"}, "on": False},
        {"type": "{order.product_amount|number:,}", "into": {"css": "#a{order.product_nr|css}", "text": "x"}},
        {"read": None, "what": "url", "into": "url"},
        {"read": "#x", "what": "attribute:data-id", "into": "id"},
        {"script": "return arguments[0] + 1;", "args": ["{id}", "{order.uniqueid}"], "into": "next"},
        {"assert": {"equal": ["{amount}", "{order.product_amount}"], "as": "number"}, "code": "amount_refused",
         "words": "the page shows {amount}"},
        {"wait": {"all": [{"gone": "#busy"}, {"not": {"text": "Wait"}}, {"windows": 1},
                          {"expression": "jQuery.active === 0 && {}", "args": ["{next}"]},
                          {"value": {"of": "#v", "matches": "^[0-9]{2}$"}},
                          {"text": {"of": "#v", "starts": "a", "exact": True}}]}}],
    "commit": [{"click": {"button": "Save"}}, {"dialog": "accept", "contains": "sure"},
               {"wait": {"text": "Saved {{ok}}"}}, {"wait": {"not": {"dialog": True}}}],
    "verify": [{"call": "search", "with": {"what": "x"}},
               {"read": "#note", "exact": True, "into": "note"},
               {"assert": {"all": [{"equal": ["{note}", "{order.uniqueid}"]}, {"url": {"ends": "/line"}},
                                   {"variable": {"text": "{nr}", "matches": "^[0-9]+$"}}]}}, {"found": {"reference": "{id}", "product_nr": "{nr}",
                                                               "amount": "{amount}", "number": {"decimal": ","}}}],
    "logout": [{"click": {"link": "Log out"}}, {"dialog": "dismiss", "type": "bye"}],
    "pieces": {"search": [{"goto": "#find={what|urlencode}"}, {"press": "Ctrl+Shift+F"}, {"press": "F1"}]},
    "errors": [{"present": "#login", "code": "session_lost", "at_once": True},
               {"text": "does not exist", "in": "#message", "code": "worksheet_not_found", "words": {"css": "#message"}},
               {"visible": ".err", "code": "erp_rejected", "words": "it says {amount}"},
               {"dialog": "in use", "code": "worksheet_locked", "about": "another user"},
               {"when": {"dialog": True}, "code": "erp_failure"}],
}

# pointer of the fault: (replacement value or None to remove, whether the schema finds it too)
BOTH = [
    ("", []), ("/recipe", 2), ("/recipe", None), ("/nonsense", 1), ("/timeout_s", 0), ("/timeout_s", "5"),
    ("/browser/window", [1]), ("/browser/window", [1, 2]), ("/browser/idle_s", 1.5), ("/browser/arguments", "x"),
    ("/options/branch/default", 5), ("/options/a b", {}), ("/login", None), ("/lookup", {}), ("/create", None),
    ("/verify", None), ("/login/0", "goto"), ("/login/0", {}), ("/login/0", {"jump": "x"}), ("/login/0/goto", 5),
    ("/login/0/goto", ""), ("/login/0/optional", "yes"), ("/login/0/timeout_s", 601), ("/login/0/nonsense", 1),
    ("/login/0/click", "#x"), ("/login/1/wait", "#x"), ("/login/1/wait/any", []), ("/login/1/wait/any/0", {}),
    ("/login/1/wait/any/0/gone", "#x"), ("/login/1/wait/any/1/present", {}), ("/login/1/wait/any/1/present/css", "#a"),
    ("/login/1/wait/any/1/present/id", 5), ("/login/2/then", {}), ("/login/2/then/0/into", None),
    ("/login/2/then/2/press", "Hyper+X"), ("/login/3/fail", "it_failed"), ("/lookup/0/with/what", 5),
    ("/lookup/0/with/a-b", "x"), ("/lookup/1/do", None), ("/lookup/1/do/0/what", "words"),
    ("/lookup/1/do/0/number/decimal", ";"), ("/lookup/1/do/0/into", "a b"), ("/lookup/1/do/0/into", None),
    ("/lookup/1/do/2/found/amount", None), ("/lookup/1/where/text/is", None), ("/lookup/1/where/text/contains", "x"),
    ("/lookup/1/where/text/of", None), ("/create/0/frame", []), ("/create/3/window", "other"),
    ("/create/7/click/nth", 0), ("/create/9/in", None), ("/create/9/by", "index"), ("/create/12", {"read": "#x", "what": "url", "into": "u"}),
    ("/create/13/read", []), ("/create/14/args", "x"), ("/create/14/script", ""), ("/create/15/assert/equal", ["x"]),
    ("/create/15/assert/as", "money"), ("/create/16/wait/all/2/windows", 0), ("/lookup", []), ("/commit", []), ("/verify", []),
    ("/commit/1/dialog", "ok"), ("/pieces/search", {}), ("/errors", {}), ("/errors/0/code", None), ("/errors/0/code", "gone"),
    ("/errors/0/text", "x"), ("/errors/0/at_once", 1), ("/errors/1/words", 5), ("/errors/0/in", "#x"),
    ("/create/15/assert/args", ["x"]), ("/verify/1/exact", "yes"), ("/verify/2/assert/all/1/url", {}),
    ("/verify/2/assert/all/1/url/of", "#x"), ("/verify/2/assert/all/2/variable/text", None),
    ("/verify/2/assert/all/2/variable/ends", "x"), ("/create/16/wait/all/5/text/exact", 1), ("/create/16/wait/all/0/as", "text"), ("/errors/4/when", {}), ("/login/0/goto", "{x"), ("/login/0/goto", "x}"),
]

# Found by the checker only.
CHECKER = [
    ("/login/0/goto", "{nothing_sets_it}"), ("/login/0/goto", "{options.other}"), ("/login/0/goto", "/{order.worksheet}"),
    ("/login/0/goto", "/{credentials.password}"), ("/login/0/goto", "{order.worksheet|frob}"),
    ("/lookup/0/call", "other"), ("/commit", [{"wait": {"text": "x"}}]),
    ("/pieces/search", [{"call": "search"}]), ("/logout/0/click", {"link": "{order.worksheet}"}),
    ("/create/6/click/xpath", "//a[.='{order.worksheet}']"), ("/create/11/into/css", "#a{order.product_nr}"),
    ("/create/7/click/in", "row"), ("/lookup/1/do/0/number/group", ","), ("/lookup/1/where", {"dialog": True}),
    ("/create/14/args/0", "{credentials.password}"), ("/create/11/type", "{credentials.password|trim}"),
    ("/create/14/args/1", "{id}"), ("/commit", [{"click": {"button": "Save"}}]), ("/create/7/click", "row"),
    ("/verify/1/what", "value"), ("/create/16/wait/all/4/value/exact", True), ("/login/0", {"found": {"reference": "1", "product_nr": "1", "amount": "1"}}), ("/create/15/words", "{order.nonsense}"),
]


def examples():
    """The complete recipes in the README."""
    blocks = re.findall(r"```json\n(.*?)```", (RECIPES / "README.md").read_text(), re.S)
    return [block for block in blocks if '"recipe": 1' in block]


def parts(pointer):
    return [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]


def changed(pointer, value):
    if not pointer:
        return value
    recipe = copy.deepcopy(WHOLE)
    *way, last = parts(pointer)
    place = recipe
    for part in way:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return recipe


def check(recipe, path):
    """The pointers of the faults that pumplinectl prints."""
    path.write_text(recipe if isinstance(recipe, str) else json.dumps(recipe))
    done = subprocess.run([CTL, "recipe", "check", path, "--json"], capture_output=True, text=True, timeout=20)
    said = json.loads(done.stdout)
    assert done.returncode == (0 if said["sound"] else 1) and said["sound"] == (not said["faults"]), done
    assert all(fault["file"] == str(path) and fault["detail"] for fault in said["faults"])
    return [fault["pointer"] for fault in said["faults"]]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_whole_recipe_is_sound(tmp_path):
    assert check(WHOLE, tmp_path / "r.json") == []
    assert [error.message for error in VALIDATOR.iter_errors(WHOLE)] == []


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.json")), ids=lambda path: path.name)
def test_shipped_recipes_are_sound(path, tmp_path):
    recipe = json.loads(path.read_text())
    assert check(recipe, tmp_path / "r.json") == []
    assert [error.message for error in VALIDATOR.iter_errors(recipe)] == []


def test_what_the_readme_shows_is_sound(tmp_path):
    assert examples()
    for text in examples():
        assert check(text, tmp_path / "r.json") == []
        assert VALIDATOR.is_valid(json.loads(text))


@pytest.mark.parametrize("pointer,value", BOTH, ids=lambda x: json.dumps(x)[:60])
def test_checker_and_schema_refuse(pointer, value, tmp_path):
    recipe = changed(pointer, value)
    found = check(recipe, tmp_path / "r.json")
    assert any(one.startswith(pointer) or pointer.startswith(one) for one in found), found
    assert not VALIDATOR.is_valid(recipe)


@pytest.mark.parametrize("pointer,value", CHECKER, ids=lambda x: json.dumps(x)[:60])
def test_checker_refuses_more(pointer, value, tmp_path):
    recipe = changed(pointer, value)
    found = check(recipe, tmp_path / "r.json")
    assert any(one.startswith(pointer) or pointer.startswith(one) for one in found), found
    assert VALIDATOR.is_valid(recipe), "this belongs into BOTH"


def test_all_faults_at_once(tmp_path):
    recipe = changed("/login/0/goto", 5)
    recipe["commit"][0] = {"clack": "#x"}
    recipe["errors"][0]["code"] = "x"
    assert check(recipe, tmp_path / "r.json") == ["/login/0/goto", "/commit/0", "/errors/0/code"]


def test_pieces_that_call_each_other(tmp_path):
    recipe = changed("/pieces/a", [{"when": {"dialog": True}, "else": [{"call": "b"}]}])
    recipe["pieces"]["b"] = [{"each": "tr", "do": [{"call": "a"}]}]
    assert sorted(check(recipe, tmp_path / "r.json")) == ["/pieces/a", "/pieces/b"]


def test_an_id_that_is_never_written(tmp_path):
    assert check(changed("/create/14/args/1", "x"), tmp_path / "r.json") == ["/create"]


def test_what_a_sound_recipe_says_of_ids(tmp_path):
    recipe = changed("/lookup/1/where/text", {"of": "td.ref", "contains": "[{order.uniqueid}]"})
    (tmp_path / "r.json").write_text(json.dumps(recipe))
    done = subprocess.run([CTL, "recipe", "check", tmp_path / "r.json"], capture_output=True, text=True, timeout=20)
    sound, blanks, signs = done.stdout.splitlines()
    assert done.returncode == 0 and sound.endswith(": valid")
    assert ": note: the recipe compares the uniqueid with page text" in blanks and "contains one of []: the page uses" in signs


def test_files_that_are_not_recipes(tmp_path):
    assert check("{\"recipe\": 1, \"recipe\": 1}", tmp_path / "r.json") == [""]
    assert check("[", tmp_path / "r.json") == [""]
    assert check(" " * (1 << 20) + "{}", tmp_path / "r.json") == [""]


ORDER = '{"worksheet": "558", "product_nr": "10", "product_amount": "5"}'


def run(daemon, recipe, *more, order=ORDER):
    return subprocess.run([CTL, "recipe", "run", recipe, "--workshop", "Shop", "--order", order, "--config", daemon.config,
                           "--folder", daemon.folder / "pictures", *more], input=f"{SECRET}\n", capture_output=True,
                          text=True, timeout=60)


@pytest.fixture
def shop(daemon, tmp_path):
    recipe = changed("/options", {"branch": {"default": "1"}})
    path = tmp_path / "whole.json"
    path.write_text(json.dumps(recipe))
    daemon.write_config(webdriver_url=f"http://127.0.0.1:{free_port()}")
    daemon.add("shop", "Shop", {"system": "webdriver", "recipe": str(path), "url": "http://127.0.0.1:1/"})
    return path


def gone_through(done):
    """It reached the browser, which does not run."""
    assert done.returncode == 1 and "browser_failure: cannot start a browser" in done.stdout, done
    assert SECRET not in done.stdout + done.stderr
    return True


def test_a_run_needs_no_key_to_open_nothing(daemon, shop):
    assert gone_through(run(daemon, shop, "--username", "bot", "--password-file", "-"))
    with_credentials(daemon, SECRET)
    assert gone_through(run(daemon, shop))
    assert not (daemon.folder / "master.key").exists()


def with_credentials(daemon, password):
    path = daemon.folder / "workshops.d" / "shop.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "credentials": {"username": "bot", "password": password}}))


@pytest.mark.parametrize("place", ["master.key", "master.key.next"])
def test_a_run_opens_with_either_key_of_a_rekey(daemon, shop, place):
    daemon.start()
    sealed = daemon.call("POST", "/seal", {"workshop": "Shop", "password": SECRET}).json["sealed"]
    daemon.stop()
    with_credentials(daemon, {"sealed": sealed})
    key = daemon.folder / "master.key"
    assert gone_through(run(daemon, shop))
    other = daemon.folder / ("master.key" if place == "master.key.next" else "master.key.next")
    key.rename(daemon.folder / place)
    other.touch(0o600)
    other.write_bytes(os.urandom(32))
    assert gone_through(run(daemon, shop))
    (daemon.folder / place).unlink()
    if place == "master.key":
        other.rename(key)
    done = run(daemon, shop)
    assert done.returncode == 1 and "sealed with another key" in done.stderr, done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change users")
def test_a_foreign_folder_keeps_its_owner(daemon, shop):
    pictures = daemon.folder / "pictures"
    pictures.mkdir(0o755)
    earlier = pictures / "07-create-1-click.png"
    earlier.write_text("x")
    other = pictures / "07-holidays.png"
    other.write_text("x")
    done = run(daemon, shop, "--username", "bot", "--password-file", "-")
    assert done.returncode == 1 and "use another --folder" in done.stderr, done
    assert pictures.stat().st_uid == 0 and earlier.exists()
    other.unlink()
    assert gone_through(run(daemon, shop, "--username", "bot", "--password-file", "-"))
    assert pictures.stat().st_uid != 0 and pictures.stat().st_mode & 0o777 == 0o700 and not earlier.exists()


@pytest.mark.parametrize("more,order,words", [
    (["--until", "tomorrow"], ORDER, "--until accepts"),
    ([], "{", "--order requires"),
    ([], '{"worksheet": "558"}', "invalid order:"),
    (["--workshop", "Nobody"], ORDER, "no workshop \"Nobody\" in "),
    (["--config", "/nowhere.json"], ORDER, "/nowhere.json"),
    ([], ORDER, "no credentials"),
    ([], ORDER, "master.key"),
], ids=lambda x: str(x)[:30])
def test_a_run_that_can_not_begin(daemon, shop, more, order, words):
    user = [] if words in ("master.key", "no credentials") else ["--username", "bot", "--password-file", "-"]
    if words == "master.key":
        with_credentials(daemon, {"sealed": "QUJD"})
    done = run(daemon, shop, *user, *more, order=order)
    assert done.returncode in (1, 2) and words in done.stderr, done
    assert not (daemon.folder / "pictures").exists()


def test_a_run_of_a_recipe_for_an_api(daemon, shop):
    done = run(daemon, RECIPES / "odoo-json2.json", "--username", "bot", "--password-file", "-")
    assert done.returncode == 1 and ' an HTTP API, but Shop has erp.system "webdriver"\n' in done.stderr, done


def test_a_run_of_a_faulty_recipe(daemon, shop, tmp_path):
    faulty = tmp_path / "faulty.json"
    faulty.write_text(json.dumps(changed("/login/0/goto", 5)))
    done = run(daemon, faulty, "--username", "bot", "--password-file", "-")
    assert done.returncode == 1 and "/login/0/goto" in done.stderr, done
