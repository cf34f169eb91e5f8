"""The console's pages in a real Chromium, in light and dark, on a telephone and a screen, in each language: nothing is cut off, and axe-core
finds nothing."""

import json
import os

import pytest
from console import pages_missing
from console_page import LANGUAGES, chromium, console, drained, fake, lifelike, page  # noqa: F401: fixtures

pytestmark = pytest.mark.skipif(pages_missing() is not None, reason=str(pages_missing()))
PAGES = [("attention", "Needs attention"), ("search", "Search"), ("workshops", "Workshops"), ("workshop/bennys-auto", "Bennys Auto"), ("report", "Report"),
         ("audit", "Audit"), ("recipes", "Recipes"), ("recipes/odoo", "Recipe"), ("account", "Account"), ("order/Bennys%20Auto/e-0", "Order")]
OUT_OF_REACH = """return [...document.querySelectorAll('a, button, main input, main select, summary')].filter((one) => {
  const { left, right, width } = one.getBoundingClientRect();
  return width && (left < 0 || right > innerWidth + 1); }).map((one) => one.outerHTML)"""
SQUEEZED = """return [...document.querySelectorAll('td .quote')].filter((one) => one.innerText.length > 20 && one.getBoundingClientRect().width < 100)
  .map((one) => one.innerText)"""


def test_every_page_in_every_look(console, fake, page):  # noqa: F811
    """axe-core finds nothing, nothing is wider than the screen, and a picture is kept of each."""
    lifelike(fake)
    console.stop()  # it learns of the workshops anew
    console.start()
    page.goto(console.origin + "/")
    page.shows("Sign in")
    assert page.axe() == []
    page.sign_in(console, "admin")
    page.shows("Workshops (4)")
    drained(page, "401")
    for place, heading in PAGES:
        page.go(console, place, heading)
        page.wait(lambda: page.script("return !document.querySelector('[aria-busy=true]')"), "it is loaded")
        if place.startswith("workshop/"):
            page.wait(lambda: page.script("return document.querySelectorAll('.chart canvas').length") == 2, "orders and errors by the hour, and durations, are drawn")
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            for width in (390, 1200):
                page.size(width)
                assert page.script("return document.documentElement.scrollWidth") <= width, (place, width)
                out = page.script(OUT_OF_REACH) + page.script(SQUEEZED) if width == 390 else []
                assert out == [], (place, out)
                page.picture(f"{place.replace('recipes/odoo', 'recipe').split('/')[0]}-{width}-{scheme}")
            assert page.axe() == [], (place, scheme)
    drained(page, "401")


def test_pages_in_other_languages(console, fake, page):  # noqa: F811
    """Longer words fit, too. PUMPLINE_PICTURES=all keeps a picture of each."""
    lifelike(fake)
    page.sign_in(console, "admin")
    page.shows("Workshops (4)")
    for language, name in (("nb", "Norsk"), ("da", "Dansk"), ("sv", "Svenska"), ("de", "Deutsch")):
        page.go(console, "account", "o")
        page.click(name)
        texts = json.loads((LANGUAGES / f"{language}.json").read_text())
        for place, heading in (("attention", texts["attention"]), ("workshops", texts["workshops"]), ("workshop/bennys-auto", "Bennys Auto"),
                               ("report", texts["report"]), ("order/Bennys%20Auto/e-0", texts["order"])):
            page.go(console, place, heading)
            page.wait(lambda: page.script("return !document.querySelector('[aria-busy=true]')"), "it is loaded")
            for width, scheme in ((390, "light"), (1200, "dark")):
                page.scheme(scheme)
                page.size(width)
                assert page.script("return document.documentElement.scrollWidth") <= width, (place, width)
                assert page.script(OUT_OF_REACH) + page.script(SQUEEZED) == [], (language, place)
                if os.environ.get("PUMPLINE_PICTURES") == "all":
                    page.picture(f"{place.split('/')[0]}-{width}-{scheme}-{language}")
    drained(page, "401")
