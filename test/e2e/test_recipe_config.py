"""A recipe is part of its workshop's configuration, and a worker with a browser can reach only the driver.

The driver is a fake that records its requests.
"""

import json
import threading
from contextlib import contextmanager

import pytest
from pumpline import SECRET, free_port, until
from web_server import Server, json_reply

RECIPE = {
    "recipe": 1, "options": {"branch": {}},
    "login": [{"goto": "/login"}, {"type": "{credentials.password}", "into": "#password"}],
    "lookup": [{"goto": "/find?ref={order.uniqueid|urlencode}"}, {"when": {"present": "[data-ref=\"{order.uniqueid|css}\"]"}, "then": [
        {"found": {"reference": "1", "product_nr": "{order.product_nr}", "amount": "{order.product_amount}"}}]}],
    "create": [{"type": "{order.uniqueid}", "into": "#ref"}],
    "commit": [{"click": "#save"}, {"wait": {"text": "Saved"}}],
    "verify": [{"assert": {"value": {"of": "#ref", "is": "{order.uniqueid}"}}},
               {"found": {"reference": "1", "product_nr": "{order.product_nr}", "amount": "{order.product_amount}"}}],
}


class Driver(Server):
    """Opens a session and then answers nothing but its deletion; records method and path of each request."""

    def __init__(self):
        super().__init__(free_port())
        self.seen, self.gone = [], threading.Event()
        self.start()

    def answer(self, request):
        self.seen.append((request.method, request.path))
        if request.method != "DELETE" and request.path != "/session":
            self.gone.wait()
        return json_reply({"value": {"sessionId": "s-1", "capabilities": {}} if request.method == "POST" else None})

    def stop(self):
        self.gone.set()
        super().stop()


@pytest.fixture
def browser():
    driver = Driver()
    yield driver
    driver.stop()


def write(daemon, recipe=None, folder="recipes", name="our-erp"):
    path = daemon.folder / folder / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(recipe or RECIPE))
    return path


def document(**erp):
    return {"workshop": "Shop", "listen": f"127.0.0.1:{free_port()}",
            "erp": {"system": "webdriver", "recipe": "our-erp", "url": "http://127.0.0.1:1/",
                    "options": {"branch": "2"}, **erp},
            "credentials": {"username": "bot", "password": SECRET}}


@pytest.fixture
def started(daemon, browser):
    daemon.write_config(webdriver_url=f"http://127.0.0.1:{browser.port}", recipes_dir=str(daemon.folder / "recipes"),
                        sandbox="required")
    write(daemon)
    daemon.add_file("neighbour", "Neighbour")
    daemon.start()
    pid = daemon.worker_pid("neighbour")
    yield daemon
    assert daemon.worker_pid("neighbour") == pid


def put(daemon, body, status=200):
    reply = daemon.call("PUT", "/workshops/shop", body)
    assert reply.status == status, reply.text
    return reply.json


@contextmanager
def without(path):
    """The file cannot be found meanwhile."""
    aside = path.with_suffix(".aside")
    path.rename(aside)
    yield
    aside.rename(path)


def test_a_workshop_by_the_name_of_its_recipe(started):
    reply = put(started, document())
    assert reply["created"] is True and reply["process"] == "running" and reply["erp_system"] == "webdriver"
    assert reply["configuration"]["erp"]["recipe"] == "our-erp" and SECRET not in json.dumps(reply)
    assert "$" not in json.dumps(reply["configuration"])
    assert 'workshop="Shop"' in started.call("GET", "/metrics").text


def test_faults_of_a_recipe_have_its_file_and_pointer(started):
    path = write(started, {**RECIPE, "login": [{"goto": 5}], "errors": [{"text": "x", "code": "gone"}]})
    problem = put(started, document(), 400)
    assert problem["code"] == "bad_configuration"
    assert [(one["file"], one["pointer"]) for one in problem["faults"]] == [(str(path), "/login/0/goto"),
                                                                            (str(path), "/errors/0/code")]
    assert not (started.folder / "workshops.d" / "shop.json").exists()


@pytest.mark.parametrize("erp, pointer", [({"recipe": "other"}, "/erp/recipe"), ({"recipe": "../our-erp"}, "/erp/recipe"),
                                          ({"options": {}}, "/erp/options/branch"),
                                          ({"options": {"branch": "2", "x": "1"}}, "/erp/options/x"),
                                          ({"browser": {"name": "lynx"}}, "/erp/browser/name"),
                                          ({"max_in_flight": 2}, "/erp/max_in_flight")], ids=str)
def test_faults_of_the_workshop(started, erp, pointer):
    problem = put(started, document(**erp), 400)
    assert [(one["file"], one["pointer"]) for one in problem["faults"]] == [
        (str(started.folder / "workshops.d" / "shop.json"), pointer)]


def test_a_changed_recipe_is_a_changed_workshop(started):
    body = document()
    put(started, body)
    pid = started.worker_pid("shop")
    write(started, {**RECIPE, "about": "another"})
    report = started.call("PUT", "/reload").json
    assert (report["changed"], report["unchanged"], report["needs_restart"]) == (["shop"], 1, [])
    until(lambda: started.worker_pid("shop") not in (pid, None), "another process serves")

    until(lambda: started.integration("shop")["process"] == "running", "it runs")
    pid = started.worker_pid("shop")
    write(started)
    assert put(started, body)["pid"] not in (pid, None)


def test_a_broken_recipe_changes_nothing(started):
    put(started, document())
    pid = started.worker_pid("shop")
    path = write(started, {**RECIPE, "verify": {}})
    reply = started.call("PUT", "/reload")
    assert reply.status == 400 and [(one["file"], one["pointer"]) for one in reply.json["faults"]] == [
        (str(path), "/verify")]
    assert started.worker_pid("shop") == pid


def test_a_missing_recipe_blocks_no_other_workshop(started):
    """Revoking access or shutting a workshop down does not wait for another client's edit."""
    put(started, document())
    with without(started.folder / "recipes" / "our-erp.json"):
        token = {"name": "oilmat", "scope": "order", "hash": "ab" * 32}
        assert started.call("POST", "/workshops/shop/tokens", token).status == 200
        assert started.call("DELETE", "/workshops/shop/tokens/oilmat").status == 200
        assert started.call("PUT", "/workshops/shop/deactivate").json["active"] is False
        assert started.call("PUT", "/workshops/shop/activate").json["process"] == "running"
        assert put(started, document(), 400)["code"] == "bad_configuration"
        assert started.call("DELETE", "/workshops/shop").json["removed"] is True


def test_a_refused_configuration_moves_no_folder(started):
    """Later reads by name follow the configuration in force."""
    write(started, folder="others", name="other-erp")
    started.write_config(recipes_dir=str(started.folder / "others"), nonsense=1)
    assert started.call("PUT", "/reload").status == 400
    put(started, document(recipe="other-erp"), 400)
    assert put(started, document())["process"] == "running"


def test_a_folder_of_recipes_is_changed_while_it_runs(started, browser):
    write(started, folder="others", name="other-erp")
    started.write_config(recipes_dir=str(started.folder / "others"), sandbox="required",
                         webdriver_url=f"http://127.0.0.1:{browser.port}")
    assert started.call("PUT", "/reload").json["needs_restart"] == []
    assert put(started, document(recipe="other-erp"))["process"] == "running"


def opened(daemon, browser):
    """An order whose browser was opened and hangs."""
    put(daemon, document())
    order = {"workshop": "Shop", "worksheet": "558", "product_nr": "10", "product_amount": "5", "uniqueid": "u-1"}
    assert daemon.call("POST", "/workshops/shop/create", order).status == 200
    until(lambda: len(browser.seen) > 1, "the browser is used")
    assert browser.seen[0] == ("POST", "/session") and browser.seen[1][1].startswith("/session/s-1/")


def ended(browser):
    return ("DELETE", "/session/s-1") in browser.seen


def test_the_browser_is_closed_after_a_kill(started, browser):
    """By a process that does nothing else, confined like the one that was killed."""
    opened(started, browser)
    assert not ended(browser)
    assert started.call("PUT", "/workshops/shop/kill").json["was_running"] is True
    until(lambda: ended(browser), "the session is ended")
    until(lambda: started.integration("shop")["process"] == "stopped", "it stays down")


def test_the_browser_is_closed_when_the_workshop_goes(started, browser):
    opened(started, browser)
    browser.gone.set()
    assert started.call("DELETE", "/workshops/shop?force=true").json["removed"] is True
    assert ended(browser)
