"""POST /workshops/{workshop}/test: reaches the ERP and logs in, in a process of its own; it changes nothing."""

import os

import pytest
import web_server
from odoo import DATABASE, KEY, Odoo

from pumpline import free_port, until
from test_ctl_manage import run

PATH = "/workshops/bennys-auto/test"
NAMES = ["odoo-json2", "odoo-jsonrpc"]


@pytest.fixture
def odoo():
    with Odoo() as server:
        yield server


def erp_of(url, name="odoo-jsonrpc"):
    return {"system": "http", "recipe": name, "url": url + "/", "options": {"database": DATABASE}}


def credentials(password=KEY):
    return {"username": "bot", "password": password}


def add(daemon, url, name="odoo-jsonrpc", password=KEY, **more):
    return daemon.add("bennys-auto", "Bennys Auto", erp_of(url, name), credentials=credentials(password), **more)


def tried(daemon, body=None, path=PATH):
    reply = daemon.call("POST", path, body)
    assert reply.status == 200, reply.text
    assert set(reply.json) == {"ok", "steps"} and reply.json["steps"]
    for step in reply.json["steps"]:
        assert set(step) == {"what", "ok", "ms", "reason_code", "text"} and isinstance(step["ms"], int)
        assert (step["reason_code"] is None) == step["ok"] == (step["text"] is None)
    assert reply.json["ok"] == all(step["ok"] for step in reply.json["steps"])
    until(lambda: len(daemon.children()) == sum(one["pid"] is not None for one in daemon.call("GET", "/health").json["integrations"]),
          "its process is gone")
    return reply.json


def code_of(answer):
    return answer["steps"][-1]["reason_code"]


@pytest.mark.parametrize("name", NAMES)
def test_right_and_wrong_password(daemon, odoo, name):
    shop = add(daemon, odoo.url, name)
    daemon.start()
    pid = daemon.worker_pid()
    assert tried(daemon)["ok"]
    wrong = tried(daemon, {"workshop": "Bennys Auto", "listen": f"127.0.0.1:{shop.port}", "erp": erp_of(odoo.url, name),
                           "credentials": credentials("wrong-7351")})
    assert not wrong["ok"] and code_of(wrong) == "auth_failed" and "wrong-7351" not in str(wrong)
    assert daemon.worker_pid() == pid and shop.get("/alive").json["worker"] == "running", "the worker knows nothing of it"
    assert not odoo.lines and "create" not in str(odoo.calls)
    assert "wrong-7351" not in (daemon.folder / "workshops.d/bennys-auto.json").read_text() + daemon.log.read_text()
    order = shop.order("after")
    del order["username"], order["password"]
    assert shop.call("POST", "/create", order).status == 200
    shop.wait("after", "created")


def test_unreachable(daemon):
    add(daemon, f"http://127.0.0.1:{free_port()}")
    daemon.start()
    answer = tried(daemon)
    assert not answer["ok"] and code_of(answer) == "erp_unreachable" and answer["steps"][-1]["text"]


def test_nonsense(daemon):
    class Strange(web_server.Server):
        def handle(self, connection, _request):
            connection.sendall(web_server.page("<html>soon</html>"))
            return True

    with Strange(0) as server:
        add(daemon, server.url)
        daemon.start()
        assert code_of(tried(daemon)) == "erp_failure"


def test_file_driver(bennys, daemon):
    answer = tried(daemon)
    assert answer["ok"] and {step["what"] for step in answer["steps"]} == {"folder"}
    before = sorted(bennys.lines.iterdir())
    bennys.lines.rename(bennys.lines.with_name("elsewhere"))
    answer = tried(daemon)
    assert not answer["ok"] and answer["steps"][-1]["text"]
    bennys.lines.with_name("elsewhere").rename(bennys.lines)
    assert sorted(bennys.lines.iterdir()) == before
    bennys.place("after")
    bennys.wait("after", "created")


def test_stopped_and_inactive(daemon, odoo):
    add(daemon, odoo.url)
    daemon.add_file("carls-cars", "Carls Cars", active=False)
    daemon.start()
    assert daemon.call("PUT", "/workshops/bennys-auto/stop").status == 200
    assert tried(daemon)["ok"] and tried(daemon, path="/workshops/Carls%20Cars/test")["ok"]
    assert daemon.integration()["process"] == "stopped" and daemon.integration("carls-cars")["process"] == "stopped"
    assert daemon.call("PUT", "/workshops/bennys-auto/start").status == 200
    assert daemon.integration()["process"] == "running"


def test_an_unsaved_configuration(bennys, daemon, odoo):
    sent = {"workshop": "Emils", "listen": f"127.0.0.1:{free_port()}", "erp": erp_of(odoo.url), "credentials": credentials()}
    assert tried(daemon, sent, "/workshops/emils/test")["ok"]
    assert daemon.call("GET", "/workshops/emils").status == 404 and not (daemon.folder / "workshops.d/emils.json").exists()
    assert not (daemon.folder / "state/emils").exists()
    changed = {"workshop": "Bennys Auto", "listen": f"127.0.0.1:{bennys.port}", "erp": erp_of(odoo.url), "credentials": credentials()}
    assert tried(daemon, changed)["ok"]
    assert daemon.call("GET", "/workshops/bennys-auto").json["configuration"]["erp"]["system"] == "file"


def test_refusals(bennys, daemon):
    assert daemon.call("POST", "/workshops/nobody/test").json["code"] == "unknown_workshop"
    sent = {"workshop": "Bennys Auto", "listen": f"127.0.0.1:{bennys.port}", "erp": {"system": "file"}, "colour": "red"}
    reply = daemon.call("POST", PATH, sent)
    assert reply.status == 400
    assert {fault["pointer"] for fault in reply.json["faults"]} == {"/colour", "/erp/folder"}
    assert daemon.call("POST", PATH, "[1]").status == 400
    assert daemon.call("POST", PATH + "?x=1").json["code"] == "unknown_parameter"
    assert not [one for one in daemon.call("GET", "/audit").json["entries"] if "/test" in one["what"] and one["status"] == 200]


def test_pumplinectl(daemon, odoo):
    shop = add(daemon, odoo.url)
    daemon.start()
    good = run(daemon, "test", "bennys-auto")
    assert good.returncode == 0 and "login" in good.stdout and "ok" in good.stdout, good
    sent = ('{"workshop": "Bennys Auto", "listen": "127.0.0.1:%d", "erp": {"system": "http", "recipe": "odoo-jsonrpc", "url": "%s/", '
            '"options": {"database": "erp"}}, "credentials": {"username": "bot", "password": "wrong-7351"}}' % (shop.port, odoo.url))
    added = run(daemon, "add", "-", stdin=sent)
    assert added.returncode == 0 and "auth_failed" in added.stderr and "wrong-7351" not in added.stderr + added.stdout, added
    bad = run(daemon, "test", "bennys-auto")
    assert bad.returncode == 1 and "auth_failed" in bad.stdout, bad
    assert '"ok": false' in run(daemon, "--json", "test", "bennys-auto").stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="not root")
def test_a_test_counts_on_being_given_the_folder(daemon):
    """As the console's form does, before there is a process that takes it."""
    daemon.start()
    lines = daemon.folder / "offered"
    lines.mkdir()
    sent = {"workshop": "Emils", "listen": f"127.0.0.1:{free_port()}", "erp": {"system": "file", "folder": str(lines), "format": "json"}}
    assert daemon.call("POST", "/workshops/emils/test", sent).json["ok"] and lines.stat().st_uid == 0
    (lines / "another's").touch()
    assert "may not write to" in daemon.call("POST", "/workshops/emils/test", sent).json["steps"][-1]["text"]
