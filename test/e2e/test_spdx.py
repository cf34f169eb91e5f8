"""pumpline.spdx.json: what the programs link and what the console's pages carry; a part without a row fails."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from pumpline import BUILD

pytestmark = pytest.mark.release  # once is enough: it is about the tree

LOCK = Path(__file__).parents[2] / "supervisor/console/web/package-lock.json"
LICENCES = Path("/usr/share/nodejs/spdx-license-ids/index.json")
PROGRAMS = ("pumplined", "pumpline-worker", "pumplinectl", "pumpline-console", "pumpline-webdriver")
GLIBC = {"c", "m", "dl", "pthread", "resolv", "rt", "ld-linux-x86", "ld-linux-aarch"}  # of one package
COMPILER = {"gcc_s", "asan", "ubsan", "stdc++"}


@pytest.fixture(scope="module")
def document():
    return json.loads((BUILD / "pumpline.spdx.json").read_text())


def related(document, kind, row="SPDXRef-pumpline"):
    names = {package["SPDXID"]: package["name"] for package in document["packages"]}
    return {names[one["relatedSpdxElement"]] for one in document["relationships"]
            if one["relationshipType"] == kind and one["spdxElementId"] == row}


def test_it_is_a_document(document):
    """What SPDX 2.3 demands of one."""
    assert {name: document[name] for name in ("spdxVersion", "dataLicense", "SPDXID")} == {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT"}
    assert re.fullmatch(r"urn:\S+[0-9a-f]{16}", document["documentNamespace"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"]["created"])
    ids = [package["SPDXID"] for package in document["packages"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", one) for one in ids)
    assert {end for one in document["relationships"] for end in (one["spdxElementId"], one["relatedSpdxElement"])} == {
        *ids, "SPDXRef-DOCUMENT"}
    for package in document["packages"]:
        assert package["downloadLocation"] and package["filesAnalyzed"] is False and package["licenseDeclared"], package
        assert package.get("versionInfo") or package["name"] == "preact", package


def test_the_licences_have_their_names(document):
    if not LICENCES.exists():
        pytest.skip("node-spdx-license-ids is not installed")
    known = set(json.loads(LICENCES.read_text()))
    assert {word for package in document["packages"] for word in package["licenseDeclared"].split(" AND ")} <= known


def short(name):
    """libxml2.so.2, libxml-2.0 and libxml2 are the same library."""
    return re.sub(r"[-.]?[0-9.]*$", "", name.removeprefix("lib").split(".so")[0])


def test_each_library_has_a_row(document):
    """Also those that a program loads by name at run time."""
    found = {name.decode() for program in PROGRAMS for name in
             re.findall(rb"\b(?:lib|ld-)[A-Za-z0-9_+.-]*\.so\.[0-9]+", (BUILD / program).read_bytes())}
    needed = {short(name).removesuffix("-gnutls") for name in found} - COMPILER - GLIBC
    assert len(needed) >= 9, found
    rows = related(document, "DYNAMIC_LINK") | {"libxml2"}
    assert needed == {short(name) for name in rows} - {"glibc"}
    assert related(document, "STATIC_LINK") == {"llhttp"} and related(document, "RUNTIME_DEPENDENCY_OF", "SPDXRef-libxml2") == {"pumpline"}


def test_the_versions_are_those_of_the_build(document):
    for package in document["packages"]:
        module = {"libxml2": "libxml-2.0"}.get(package["name"], package["name"])
        done = subprocess.run(["pkg-config", "--modversion", module], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode or done.stdout.strip() == package["versionInfo"], package


def test_each_npm_package_has_a_row(document):
    locked = {place.split("node_modules/")[-1]: one for place, one in json.loads(LOCK.read_text())["packages"].items()
              if place and not one.get("dev")}
    rows = {package["name"]: package for package in document["packages"]}
    assert locked and related(document, "CONTAINS", "SPDXRef-pumpline-console-pages") == set(locked)
    for name, one in locked.items():
        assert (rows[name]["versionInfo"], rows[name]["licenseDeclared"]) == (one["version"], one["license"])
        assert rows[name]["externalRefs"][0]["referenceLocator"] == f"pkg:npm/{name.replace('@', '%40')}@{one['version']}"
    assert related(document, "CONTAINS", "SPDXRef-htm") == {"preact"}
