"""The console's texts in each language, and how much its first page loads."""

import json
import re
from pathlib import Path

import pytest
from console import pages_missing
from console_page import LANGUAGES, console, fake  # noqa: F401: fixtures


@pytest.mark.skipif(pages_missing() is not None, reason=str(pages_missing()))
def test_first_page_is_small(console):
    """Compressed, what the first page loads; uPlot comes with the page that draws."""
    text = console.call("GET", "/").text
    names = set(re.findall(r'(?:href|src)="(a/[^"]+)"', text)) | {re.search(r"a/\w+/", text)[0] + name for name in ("en.json", "form.js", "office.js")}
    total = 0
    for name in names:
        connection = console.connection()
        connection.request("GET", "/" + name, headers={"Accept-Encoding": "gzip"})
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status == 200 and "immutable" in reply.headers["Cache-Control"], name
        assert reply.headers["Content-Encoding"] == "gzip" and "uplot" not in name
        total += len(body)
    assert total + len(text) < 60_000


def test_every_language_has_every_text():
    texts = {path.stem: json.loads(path.read_text()) for path in LANGUAGES.iterdir()}
    assert set(texts) == {"en", "nb", "da", "sv", "de"}
    for language, one in texts.items():
        assert set(one) == set(texts["en"]), language
        for key, text in one.items():
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", texts["en"][key])), (language, key)


def test_every_reason_has_its_words():
    source = (Path(__file__).parents[2] / "common/order/reason.h").read_text()
    codes = set(re.findall(r'#define REASON_\w+ "(\w+)"', source)) - {"session_lost"}  # a driver's word, never an order's
    assert len(codes) > 15
    texts = json.loads((LANGUAGES / "en.json").read_text())
    assert {code for code in codes if f"reason.{code}" not in texts} == set()
