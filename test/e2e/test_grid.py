"""Browsers on a real Selenium Grid of two nodes, in a run of its own: test/run.sh --all. A lost node costs an attempt and no order."""

import browser
import grid
import oldshop
import pytest
from webshop import NEEDS_CHROMIUM, ORDER_S, Site, one_line, quick

pytestmark = [NEEDS_CHROMIUM, pytest.mark.heavy, pytest.mark.by_itself]
BENNYS, CARLS = "--of-bennys", "--of-carls"  # arguments that Chromium ignores, to find its processes
LOGIN = {"username": oldshop.USER, "password": oldshop.PASSWORD}


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    if (reason := grid.missing()):
        pytest.skip(reason)
    one = grid.Grid(tmp_path_factory.mktemp("grid"), 2)
    yield one
    one.stop()


@pytest.fixture
def selenium(started):
    started.complete()
    return started


@pytest.mark.parametrize("point", ["save", "saved"])
def test_a_lost_node_costs_no_order(selenium, daemon, old, tmp_path, point):
    """It dies with its browser while the ERP has the commit, before or after the line is made."""
    recipe = quick(tmp_path)
    carls = daemon.add("carls-cars", "Carls Cars", {"system": "webdriver", "recipe": str(recipe), "url": old.url, "browser": browser.setup(CARLS)},
                       credentials=LOGIN)
    bennys = Site(daemon, selenium.url, recipe, old.url, oldshop.USER, oldshop.PASSWORD, browser=browser.setup(BENNYS))
    bennys.create("first")
    assert carls.call("POST", "/create", {**carls.order("second", worksheet="559"), **LOGIN}).status == 200
    carls.wait("second", "created", ORDER_S)
    lost, other = (selenium.node_of(argument) for argument in (BENNYS, CARLS))
    assert lost is not other
    held = old.hold(point)
    bennys.place("lost")
    held.wait()
    assert len(old.lines("lost")) == (point == "saved")
    lost.stop()
    held.release()
    attempts = bennys.wait("lost", "created")["attempts"]
    reasons = [entry["reason_code"] for entry in bennys.shop.history("lost") if entry["status"] == "placed" and entry["attempt"]]
    assert reasons == ["browser_failure"] * (attempts - 1) and attempts > 1
    assert selenium.node_of(BENNYS) is other
    assert bennys.create("next")["attempts"] == 1
    for uniqueid in ("first", "second", "lost", "next"):
        one_line(old, uniqueid)
