"""Every verb, locator, condition and filter of a recipe, once each in a real Chromium (test/erp/gallery.py).

If a step does not do what the README of the recipes says, the order ends as ui_changed with the step's name.
"""

import json

import gallery
import pytest
from pumpline import free_port
from webshop import NEEDS_CHROMIUM, Site

pytestmark = NEEDS_CHROMIUM


def mark(text):
    return {"wait": {"text": {"of": "#marks", "contains": f"[{text}]"}}}


def holds(condition, name):
    return {"assert": condition, "name": name}


def value(css, text):
    return {"value": {"of": css, "is": text}}


FRAMES = [
    {"goto": "work"},
    {"frame": "menu"}, holds({"present": "#late-link"}, "a frame by its name"),
    {"frame": ["body", "head", {"css": "iframe.inner"}]}, holds({"text": {"of": "#inner", "is": "inside"}}, "three deep"),
    {"frame": "top"}, holds({"all": [{"present": "frame[name=menu]"}, {"not": {"present": "#form"}}]}, "top"),
    {"frame": ["body", "work"]}, holds({"present": "#form"}, "by its id in a frame"),
]

FIELDS = [
    {"type": "{order.worksheet}", "into": {"label": "Worksheet"}}, holds(value("#w", "558"), "type empties first"),
    {"type": "1", "into": "#w", "clear": False}, holds(value("#w", "5581"), "type adds"),
    {"clear": "#w"}, holds(value("#w", ""), "clear"),
    {"type": "VW Käfer ☂", "into": {"label": "Car"}}, holds(value("#car", "VW Käfer ☂"), "aria-label, not ASCII"),
    {"type": "{order.product_amount|number:,.:2}", "into": {"label": "Mileage"}},
    holds(value("#mileage", "1.234,50"), "a label in a cell; a number's format"),
    {"type": "1e", "into": "#count"}, holds(value("#count", ""), "half a number has no value"),
    {"type": "5", "into": "#count"}, holds(value("#count", "5"), "type empties it, too"),
    {"type": "one\ntwo", "into": "#note"}, holds(value("#note", "one\ntwo"), "lines"),
    {"select": "A piece", "in": "#unit"}, holds(value("#unit", "P"), "select by text"),
    {"select": "L", "in": "#unit", "by": "value"}, holds(value("#unit", "L"), "select by value"),
    {"select": "second", "in": "#late"}, holds(value("#late", "second"), "an option that comes late"),
    {"check": "#paid", "on": False}, {"check": {"label": "Urgent"}}, {"check": "#urgent"}, {"check": "#oil"},
    holds({"expression": "!paid.checked && urgent.checked && oil.checked && !gas.checked"}, "check"),
    {"type": "abc", "into": "#keys"}, {"press": "Ctrl+A", "in": "#keys"}, {"press": "Delete"},
    holds(value("#keys", ""), "all of it deleted by keys"),
    {"press": "F2", "in": "#keys"}, {"press": "Shift+Tab", "in": "#keys"},
    {"wait": {"text": {"of": "#pressed", "matches": "C-a .*Delete F2 .*S-Tab"}}},
    {"press": "Tab", "in": "#car"}, holds({"expression": "document.activeElement.id === arguments[0]",
                                           "args": ["mileage"]}, "Tab"),
]

CLICKS = [
    {"click": {"button": "By value"}}, mark("By value"), {"click": {"button": "By title"}}, mark("By title"),
    {"click": {"button": "By alt"}}, mark("alt"), {"click": {"button": "Soon"}}, mark("soon"),
    {"click": {"button": "Covered"}}, mark("covered"), {"wait": {"gone": "#goes"}},
    {"click": {"link": "Open", "nth": 2}}, mark("two"), {"click": {"css": "a", "contains": "all"}}, mark("three"),
    {"click": {"xpath": "//a[.={row_text|xpath}][1]"}}, mark("one"),
    {"read": {"name": "twin", "visible": True}, "what": "value", "into": "twin"},
    holds({"equal": ["{twin}", "seen twin"]}, "the visible one"),
    {"click": {"css": "td", "text": "10", "in": {"id": "rows"}}},
    holds({"not": {"present": {"css": "td", "text": "1"}}}, "the whole text"),
]

READS = [
    {"read": "#words", "into": "words"}, holds({"equal": ["{words}", "Total: 12,50 EUR"]}, "text, blanks squeezed"),
    {"read": "#words", "match": "([0-9,]+) EUR", "number": {"decimal": ","}, "into": "total"},
    holds({"equal": ["{total}", "12.5"], "as": "number"}, "match and number"),
    {"read": "#frozen", "what": "value", "match": "^[0-9.,]+", "number": {"decimal": ",", "group": "."}, "into": "long"},
    holds({"equal": ["{long}", "7250.50"], "as": "number"}, "groups"),
    {"read": "#frozen", "what": "attribute:data-id", "into": "id"}, {"read": "#rows tr", "what": "count", "into": "n"},
    {"read": None, "what": "url", "into": "url"}, {"read": None, "what": "title", "into": "title"},
    {"set": {"all": "{id|upper}-{n}-{title|lower|trim}-{{{url|urlencode|json}}}"}},
    {"script": "return arguments[0] + '/' + location.pathname;", "args": ["{all}"], "into": "told"},
    {"read": "#no-such", "into": "nothing", "optional": True, "timeout_s": 0.3},
    {"read": "#words", "exact": True, "into": "exactly"}, holds({"variable": {"text": "{exactly}", "is": "Total:  12,50   EUR"}}, "read exactly"),
    holds({"all": [{"text": {"of": "#words", "is": "Total: 12,50 EUR"}}, {"text": {"of": "#words", "is": "Total:  12,50   EUR", "exact": True}},
                   {"not": {"text": {"of": "#words", "is": "Total: 12,50 EUR", "exact": True}}},
                   {"text": {"of": "#words", "starts": "Total: 12"}}, {"text": {"of": "#words", "ends": "12,50   EUR", "exact": True}}]}, "exact, starts, ends"),
    holds({"all": [{"variable": {"text": "{url}", "matches": "/form#[a-z]+$"}}, {"url": {"ends": "/form#one"}}, {"url": {"matches": "^http.*/form#o"}},
                   {"not": {"variable": {"text": "{url}", "starts": "form"}}}, {"not": {"url": {"is": "/form"}}}]}, "variables and the address"),
    holds({"expression": "arguments[0].startsWith('FROZEN-7-3-') && arguments[0].endsWith('//form')",
           "args": ["{told}"]}, "attribute, count, url, title, set, script, filters"),
]

CONTROL = [
    {"when": {"visible": "#no-such"}, "then": [{"fail": "erp_rejected"}], "else": [{"set": {"way": "else"}}]},
    {"when": {"any": [{"visible": "#no-such"}, {"text": "Urgent"}]}, "then": [{"set": {"way": "{way} then"}}]},
    holds({"equal": ["{way}", "else then"]}, "when"),
    {"call": "greet", "with": {"whom": "{order.workshop}"}}, holds({"equal": ["{greeting}", "Hello Bennys Auto"]}, "call"),
    {"each": "#rows tr", "where": {"text": {"of": "td", "is": "10"}},
     "do": [{"type": "1{row}", "into": {"name": "qty_{row}"}}, {"click": {"link": "Take", "in": "row"}}]},
    holds(value({"name": "qty_1"}, "11"), "the row's number"), mark("row 1"),
    {"each": "#rows tr", "where": {"text": {"of": {"css": "td", "nth": 1}, "is": "20"}}, "only": False,
     "do": [{"type": "2{row}", "into": {"css": "input", "in": "row"}}]},
    holds({"all": [value({"name": "qty_2"}, "22"), value({"name": "qty_3"}, "23")]}, "several rows"),
    {"each": "#rows input", "where": {"value": {"of": "row", "is": "22"}},
     "do": [{"read": "row", "what": "attribute:name", "into": "field"}, {"type": "2", "into": "row", "clear": False}]},
    holds({"all": [value({"name": "qty_2"}, "222"), {"equal": ["{field}", "qty_2"]}]}, "the row itself"),
    {"each": "#rows tr", "where": {"text": {"of": "td", "is": "30"}}, "do": [], "none": [{"set": {"way": "none"}}]},
    holds({"equal": ["{way}", "none"]}, "no row"),
]

LISTS = [
    {"list": "#rows tr", "into": "rows"},
    holds({"equal": ["{rows}", '[["10 Take","11"],["20 Take","222"],["20 Take","23"]]']}, "text and fields of all rows"),
    {"list": "#rows tr", "where": {"not": {"text": {"of": "td", "is": "10"}}},
     "of": ["input", {"css": "td", "nth": 1}], "into": "rows"},
    holds({"equal": ["{rows}", '[["222","20"],["23","20"]]']}, "places of some rows"),
    {"list": "#form label", "of": ["row", {"css": "input", "visible": True}], "where": {"present": "input"}, "into": "urgent"},
    holds({"equal": ["{urgent}", '[["Urgent","checked"]]']}, "a box"),
    {"list": "#rows tr", "of": ["b"], "into": "none", "optional": True, "timeout_s": 0.2},
    {"list": "#rows tr.none", "into": "none"}, holds({"equal": ["{none}", "[]"]}, "no row"),
    {"unchanged": ["{rows}", '[["222","20"],["23","20"]]']},
]

PAGES = [
    {"goto": "first"}, {"read": None, "what": "page", "into": "first"}, holds({"not": {"left": "{first}"}}, "still here"),
    {"click": {"button": "Go"}, "navigates": True}, holds({"text": {"of": "#same", "is": "here"}}, "loaded"),
    {"read": None, "what": "title", "into": "title"}, holds({"equal": ["{title}", "Second"]}, "a click navigates"),
    holds({"left": "{first}"}, "left"),
    {"type": "x", "into": "#word"}, {"press": "Enter", "in": "#word", "navigates": True},
    {"read": None, "what": "title", "into": "title"}, holds({"equal": ["{title}", "First"]}, "a key navigates"),
    {"read": None, "what": "page", "into": "again"}, {"click": {"button": "Go"}}, {"wait": {"left": "{again}"}},
    holds({"present": "#word"}, "waited until it was left"),
]

# For browsers with preferences, which Chromium's shell has not.
PREFERENCE = holds({"expression": "getComputedStyle(document.body).fontSize === '23px'"}, "a preference")

DIALOGS = [
    {"click": {"button": "Alert"}}, {"wait": {"dialog": "Watch"}}, {"dialog": "accept", "contains": "out"}, mark("alerted"),
    {"click": {"button": "Later"}}, {"wait": {"any": [{"dialog": True}, {"text": "never"}]}}, {"dialog": "accept"}, mark("late"),
    {"click": {"button": "Later"}}, {"dialog": "accept", "contains": "last"},
    {"click": {"button": "Confirm"}}, {"dialog": "dismiss"}, mark("no"),
    {"click": {"button": "Confirm"}}, {"dialog": "accept"}, mark("yes"),
    {"click": {"button": "Prompt"}}, {"dialog": "accept", "type": "{order.product_nr}"}, mark("said 10"),
]

WINDOWS = [
    {"click": {"button": "Choose"}}, {"window": "new"}, {"read": None, "what": "title", "into": "title"},
    holds({"all": [{"equal": ["{title}", "Chooser"]}, {"windows": 2}]}, "a window"),
    {"click": {"button": "More"}}, {"window": "new"}, {"wait": {"windows": 3}}, {"click": {"button": "Ten"}},
    {"window": "main"}, {"wait": {"windows": 2}}, {"frame": ["body", "work"]}, mark("chosen"),
    {"goto": "late"}, {"wait": {"text": "here"}}, holds({"text": {"of": "#late", "is": "here"}}, "another page"),
]

LINE = [
    {"goto": "line"}, {"type": "{order.uniqueid}", "into": {"name": "id"}},
    {"type": "{order.product_nr}", "into": {"name": "product"}},
    {"type": "{order.product_amount}", "into": {"name": "amount"}},
]


def recipe(*more):
    return {
        "recipe": 1, "name": "Gallery", "timeout_s": 20,
        "login": [
            {"goto": "/"}, {"type": "{credentials.username}", "into": {"name": "user"}},
            {"type": "{credentials.password}", "into": {"name": "password"}}, {"press": "Enter"},
            {"wait": {"present": "frame"}}],
        "lookup": [{"call": "find"}],
        "create": [{"set": {"row_text": "Open"}}, *FRAMES, *FIELDS, *CLICKS, *READS, *CONTROL, *LISTS, *DIALOGS,
                   *WINDOWS, *PAGES, *more, *LINE],
        "commit": [{"click": {"button": "Save"}}, {"wait": {"text": "Saved"}}],
        "verify": [{"call": "find"}],
        "pieces": {
            "greet": [{"set": {"greeting": "Hello {whom}"}}],
            "find": [
                {"goto": "find?id={order.uniqueid|urlencode}"}, {"wait": {"text": {"of": "h1", "is": "Found"}}},
                {"each": "#found tr", "where": {"text": {"of": "td:nth-child(3)", "contains": "[{order.uniqueid}]"}}, "do": [
                    {"read": {"css": "td:nth-child(1)", "in": "row"}, "into": "product"},
                    {"read": {"css": "td:nth-child(2)", "in": "row"}, "into": "amount"},
                    {"found": {"reference": "G{row}", "product_nr": "{product}", "amount": "{amount}"}}], "none": []}]},
    }


@pytest.fixture
def shop():
    one = gallery.Gallery(free_port())
    yield one
    one.stop()


def test_everything_once(driver, daemon, shop, tmp_path):
    path = tmp_path / "gallery.json"
    path.write_text(json.dumps(recipe()))
    site = Site(daemon, driver.url, path, shop.url, "ann", "a password")
    order = site.create("oil & <more>", "558", "10", "1234.5")
    assert order["attempts"] == 1 and order["erp_reference"] == "G1"
    assert shop.saved == [{"id": "oil & <more>", "product": "10", "amount": "1234.5"}]
