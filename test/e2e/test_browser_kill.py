"""A service that cannot see other users' processes in /proc still kills another user's browser."""

import os
import signal
import subprocess
from pathlib import Path

import pumpline
import pytest
from browser import MARK
from pumpline import DEADLINE_S, as_the_unit, as_user, free_port, until
from web_server import Server, json_reply

SOMEBODY, THE_GROUP = 60101, 60102
RECIPE = Path(__file__).parents[1] / "erp" / "oldshop-recipe.json"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for other users")


class FailingDriver(Server):
    """A WebDriver server that starts a program with the given arguments and reports a failure."""

    def __init__(self, port):
        super().__init__(port)
        self.browsers = []
        self.start()

    def answer(self, request):
        arguments = request.json["capabilities"]["alwaysMatch"]["goog:chromeOptions"]["args"]
        self.browsers.append(looks_like_a_browser(next(one for one in arguments if one.startswith(MARK))))
        return json_reply({"value": {"error": "session not created", "message": "not today"}}, 500)

    def stop(self):
        super().stop()
        for one in self.browsers:
            one.kill()


def looks_like_a_browser(mark):
    one = subprocess.Popen(["sh", "-c", "echo started; read nothing", mark], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           **as_user(SOMEBODY))
    one.stdout.readline()
    return one


@pytest.fixture
def failing_driver():
    one = FailingDriver(free_port())
    yield one
    one.stop()


def hidden_proc():
    """Applies the unit's ProtectProc=invisible, ProcSubset=pid and Group=. In a chroot, / may not be a mount point, but
    /proc is."""
    return ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c",
            'mount --make-private /proc && mount -t proc -o hidepid=invisible,subset=pid proc /proc && exec "$@"', "sh",
            *as_the_unit(),
            f"--regid={THE_GROUP}", "--clear-groups"]


def test_where_proc_is_hidden(daemon, failing_driver, monkeypatch):
    monkeypatch.setattr(pumpline, "as_the_unit", hidden_proc)
    stranger = looks_like_a_browser(MARK + "another")
    daemon.write_config(webdriver_url=failing_driver.url)
    shop = daemon.add("bennys-auto", "Bennys Auto", {"system": "webdriver", "recipe": str(RECIPE),
                                                     "url": "http://127.0.0.1:8000/"})
    daemon.start()
    shop.place("oil")
    until(lambda: failing_driver.browsers, "a browser is asked for")
    assert failing_driver.browsers[0].wait(DEADLINE_S) == -signal.SIGKILL
    assert stranger.poll() is None
    stranger.kill()
    daemon.stop()
    assert all(one.wait(DEADLINE_S) == -signal.SIGKILL for one in failing_driver.browsers)
