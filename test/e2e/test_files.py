"""A special or oversized file where the configuration names a file: the supervisor neither blocks on it nor uses it."""

import json
import os
import subprocess

import pytest

from pumpline import BUILD, DEADLINE_S, until


def made(place, kind):
    """Something that is not a regular file; big: a file that is too large."""
    place.parent.mkdir(exist_ok=True)
    if place.exists():
        place.unlink()
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.write_text("{" + " " * (1 << 20) + "}")
    return place


def browser_document(daemon, **erp):
    return {"workshop": "Shop", "listen": "127.0.0.1:19999",
            "erp": {"system": "webdriver", "recipe": "ours", "url": "http://127.0.0.1:1/", **erp}}


@pytest.fixture
def started(daemon):
    daemon.write_config(recipes_dir=str(daemon.folder / "recipes"))
    bennys = daemon.add_file()
    daemon.start()
    yield daemon
    assert bennys.get("/alive").status == 200


def problem(reply):
    assert (reply.status, reply.json["code"]) == (400, "bad_configuration"), reply.text
    return [(one["file"], one["detail"]) for one in reply.json["faults"]]


KINDS = [("fifo", "not a regular file"), ("folder", "not a regular file"), ("big", "larger than")]


@pytest.mark.parametrize("kind, said", KINDS)
def test_a_workshops_file(started, kind, said):
    file = made(started.folder / "workshops.d" / "a.json", kind)
    (name, detail), = problem(started.call("PUT", "/reload"))
    assert name == str(file) and said in detail


@pytest.mark.parametrize("kind, said", KINDS)
def test_a_recipe(started, kind, said):
    file = made(started.folder / "recipes" / "ours.json", kind)
    (name, detail), = problem(started.call("PUT", "/workshops/shop", browser_document(started)))
    assert name == str(file) and said in detail


@pytest.mark.parametrize("kind, said", KINDS)
def test_the_daemons_own(started, kind, said):
    made(started.config, kind)
    (name, detail), = problem(started.call("PUT", "/reload"))
    assert name == str(started.config) and said in detail


@pytest.mark.parametrize("kind", ["fifo", "folder", "big"])
def test_the_key(daemon, kind):
    daemon.add_file()
    made(daemon.folder / "master.key", kind)
    done = subprocess.run([BUILD / "pumplined", "-c", daemon.config], capture_output=True, text=True, timeout=DEADLINE_S,
                          check=False)
    assert done.returncode == 78 and "master.key" in done.stderr


@pytest.mark.parametrize("kind", ["fifo", "folder", "big"])
def test_certificates(started, kind):
    file = made(started.folder / "ca.pem", kind)
    body = {"workshop": "Shop", "listen": "127.0.0.1:19999",
            "erp": {"system": "tryton", "url": "https://127.0.0.1:1/db/", "ca_file": str(file)}}
    assert started.call("PUT", "/workshops/shop", body).status == 200
    one = until(lambda: started.integration("shop")["process"] == "failed" and started.integration("shop"), "it is refused")
    assert "ca.pem" in one["last_error"]


def test_a_path_is_for_root(started):
    """Group members can name only recipes in recipes_dir; a path of root's can be kept but not set."""
    recipe = json.dumps({"recipe": 1})
    (started.folder / "elsewhere.json").write_text(recipe)
    body = browser_document(started, recipe=str(started.folder / "elsewhere.json"))
    reply = started.call("PUT", "/workshops/shop", body)
    assert [(one["pointer"], "recipes_dir" in one["detail"]) for one in reply.json["faults"]] == [("/erp/recipe", True)]
    reply = started.call("PUT", "/workshops/shop", browser_document(started, browser={"binary": "/bin/sh"}))
    assert "/erp/browser/binary" in [one["pointer"] for one in reply.json["faults"]]
    # From a file, the path is read, and the recipe is rejected.
    (started.folder / "workshops.d" / "shop.json").write_text(json.dumps(body))
    assert problem(started.call("PUT", "/reload"))[0][0] == str(started.folder / "elsewhere.json")
