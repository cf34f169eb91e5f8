"""The layers, folders and their order; no cycle of files; and where each library may be used."""

import json
import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

pytestmark = pytest.mark.release  # once is enough: it is about the tree and its symbols

ROOT = Path(__file__).parents[2]
LAYERS = {"common": {"common"}, "erp-drivers": {"common", "erp-drivers"}, "worker": {"common", "erp-drivers", "worker"},
          "supervisor": {"common", "supervisor"}, "supervisor/ctl": {"common", "supervisor/ctl"},
          "supervisor/webdriver": {"common", "supervisor/webdriver"},
          "supervisor/console": {"common", "supervisor/console"}}
SYSTEM = {"lmdb.h": {"worker/store/store_internal.h"}, "pthread.h": {"worker/store/helper.c"}, "seccomp.h": {"common/sandbox/seccomp.c"},
          "curl/curl.h": {"worker/io/curl_api.h"}, "libxml/parser.h": {"erp-drivers/http/xml.c"}}
FORBIDDEN = {"erp-drivers": ("event2/", "curl/", "lmdb.h"), "supervisor": ("lmdb.h", "curl/"), "common": ("lmdb.h", "curl/")}
# The folders of a layer, lowest first: each may use those before it, and the layers below. Files outside a folder
# (main.c and what it is put together from) may use all of their layer.
FOLDERS = {"common": ["base", "json", "order", "ipc", "http", "template", "shape", "recipe", "config", "sandbox", "people"],
         "erp-drivers": ["file", "engine", "webdriver", "http"],
         "worker": ["store", "queue", "find", "salvage", "io", "proxy", "delivery", "reconcile", "callback", "api", "dryrun"],
         "supervisor": ["system", "audit", "child", "daemon", "across", "monitoring", "control"],
         "supervisor/ctl": ["term", "net", "call", "people", "orders", "copies", "commands"], "supervisor/webdriver": [], "supervisor/console": ["people", "upstream", "api"]}
# Folders that may not use each other despite their order: (later, earlier).
STRANGERS = {("worker/io", "worker/queue"), ("worker/proxy", "worker/queue"),
             ("worker/io", "worker/store"), ("worker/proxy", "worker/store"),
             ("erp-drivers/webdriver", "erp-drivers/file"), ("erp-drivers/engine", "erp-drivers/file"),
             ("erp-drivers/http", "erp-drivers/file"), ("erp-drivers/http", "erp-drivers/webdriver"),
             ("common/http", "common/order"), ("common/ipc", "common/order"),
             ("common/recipe", "common/http")}
FOLDER_FILES_MAX = 15
# Files outside a folder that its folders may use.
SHARED = {"worker/allowlist", "supervisor/console/settings", "erp-drivers/driver", "erp-drivers/facts", "erp-drivers/plain_text", "supervisor/ctl/ctl"}


def sources():
    for layer in ("common", "erp-drivers", "worker", "supervisor"):
        yield from (str(path.relative_to(ROOT)) for path in sorted((ROOT / layer).rglob("*.[ch]")))


def fuzz_targets():
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / "test/fuzz").rglob("*.c"))]


def includes():
    for path in sources():
        for kind, name in re.findall(r'^#include ([<"])([^>"]+)', (ROOT / path).read_text(), re.M):
            yield path, kind, name


def symbols():
    """Which file uses symbols of which other file, from the object files of the build."""
    build = Path(os.environ["PUMPLINE_BUILD"])
    objects, defined, used = {}, {}, defaultdict(set)
    for command in json.loads((build / "compile_commands.json").read_text()):
        path = os.path.relpath(command["file"], ROOT)
        if path.split("/")[0] in LAYERS:
            objects[re.search(r" -o (\S+)", command["command"])[1]] = path
    for line in subprocess.run(["nm", "-A", "-P", *objects], cwd=build, capture_output=True, text=True, check=True).stdout.splitlines():
        thing, name, kind = line.split()[:3]
        path = objects[thing.rstrip(":")]
        if kind == "U":
            used[path].add(name)
        elif kind in "TDBRV" and name != "main":
            defined[name] = path
    assert len(defined) > 500
    return {(path, defined[name]) for path, names in used.items() for name in names if defined.get(name, path) != path}


def cycles(edges):
    """Groups of nodes that can reach each other."""
    out, reach = defaultdict(set), {}
    for one, other in edges:
        out[one].add(other)
    for start in out:
        seen, ahead = set(), [start]
        while ahead:
            for one in out.get(ahead.pop(), ()):
                if one not in seen:
                    seen.add(one)
                    ahead.append(one)
        reach[start] = seen
    return {frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in reach if a in reach[a]}


def layer_of(path):
    return max((layer for layer in LAYERS if path.startswith(layer + "/")), key=len)


def folder_of(path):
    """The folder of a file or header; outside a folder, its name without suffix."""
    layer = layer_of(path)
    name = path[len(layer) + 1:].split("/")[0]
    return f"{layer}/{name}" if name in FOLDERS[layer] else path.rsplit(".", 1)[0]


def may_use(one, other):
    layer, base = layer_of(one), layer_of(other)
    if layer != base:
        return base in LAYERS[layer]
    order, name, used = FOLDERS[layer], one[len(layer) + 1:], other[len(base) + 1:]
    if other in SHARED or name not in order:
        return True
    return used in order and order.index(used) < order.index(name) and (one, other) not in STRANGERS


def test_no_include_points_back():
    seen = list(includes())
    assert len(seen) > 300
    for path, kind, name in seen:
        layer = layer_of(path)
        if kind == '"':
            assert layer_of(name) in LAYERS[layer], f"{path} includes {name}"
        assert not any(name.startswith(one) for one in FORBIDDEN.get(layer, ())), path


def test_each_library_has_its_one_place():
    for path, _, name in includes():
        if name in SYSTEM:
            assert any(path.startswith(place) for place in SYSTEM[name]), f"{path} includes {name}"


def test_folders_use_only_those_below():
    edges = {(path, name) for path, kind, name in includes() if kind == '"'} | symbols()
    wrong = sorted(f"{one} uses {other}" for one, other in edges
                   if folder_of(one) != folder_of(other) and not may_use(folder_of(one), folder_of(other)))
    assert not wrong


def test_no_cycle_of_files():
    included = {(path, name) for path, kind, name in includes() if kind == '"'}
    assert sorted(map(sorted, cycles(included))) == []
    assert sorted(map(sorted, cycles(symbols()))) == []


def test_no_folder_is_crowded():
    count = defaultdict(int)
    for path in (*sources(), *fuzz_targets()):
        count[path.rsplit("/", 1)[0]] += path.endswith(".c")
    assert {name: files for name, files in count.items() if files > FOLDER_FILES_MAX} == {}


def test_unit_tests_stand_where_their_file_does():
    unit = ROOT / "test/unit"
    for test in unit.rglob("*_test.c"):
        folder = test.parent.relative_to(unit)
        name = test.name[:-len("_test.c")]
        files = {path.stem for path in (ROOT / folder).iterdir() if path.suffix in (".c", ".js")}
        assert any(name == one or name.startswith(one + "_") for one in files), test


def test_fuzz_targets_stand_in_the_layer_of_what_they_call():
    layers = ["common", "erp-drivers", "worker", "supervisor"]
    covered = dict(line.split(": ") for line in (ROOT / "test/fuzz/sources.txt").read_text().splitlines())
    expected = {f"test/fuzz/{max((path.split('/')[0] for path in paths.split()), key=layers.index)}/{name}.c" for name, paths in covered.items()}
    assert set(fuzz_targets()) == expected


def test_the_root_holds_what_it_should():
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith((".", "build"))}
    assert names == {"supervisor", "worker", "common", "erp-drivers", "conf", "test", "CMakeLists.txt", "LICENSE", "README.md"}
