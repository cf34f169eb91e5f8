"""The layering: common <- erp-drivers <- worker, common <- supervisor; nothing points back."""

import graphlib
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("PUMPLINE_BUILD", ROOT / "build"))
NO_CYCLES = ("common",)
ALLOWED = {"common": {"common"}, "erp-drivers": {"common", "erp-drivers"},
           "worker": {"common", "erp-drivers", "worker"}, "supervisor": {"common", "supervisor"}}
SYSTEM = {"lmdb.h": {"worker/queue/store.c"}, "seccomp.h": {"worker/sandbox/seccomp.c"}, "curl/curl.h": {"worker/io/curl_api.h", "supervisor/ctl"}}
FORBIDDEN = {"erp-drivers": ("event2/", "curl/", "lmdb.h"), "supervisor": ("lmdb.h",), "common": ("lmdb.h", "curl/")}


def includes():
    for folder in ALLOWED:
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            for kind, name in re.findall(r'^#include ([<"])([^>"]+)', path.read_text(), re.M):
                yield folder, str(path.relative_to(ROOT)), kind, name


def test_no_include_points_back():
    seen = list(includes())
    assert len(seen) > 300
    for folder, path, kind, name in seen:
        if kind == '"':
            assert name.split("/")[0] in ALLOWED[folder], f"{path} includes {name}"
        assert not any(name.startswith(one) for one in FORBIDDEN.get(folder, ()) if not path.startswith("supervisor/ctl")), path


def test_each_library_has_its_one_place():
    for _, path, _, name in includes():
        if name in SYSTEM:
            assert any(path.startswith(place) for place in SYSTEM[name]), f"{path} includes {name}"


def test_the_root_holds_what_it_should():
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith((".", "build"))}
    assert names == {"supervisor", "worker", "common", "erp-drivers", "conf", "test", "CMakeLists.txt", "LICENSE", "README.md"}


def refuse_cycles(graph):
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_no_includes_in_a_circle():
    graph = {}
    for folder, path, kind, name in includes():
        if folder in NO_CYCLES and kind == '"':
            graph.setdefault(path, set()).add(name)
    assert len(graph) > 50
    refuse_cycles(graph)


def test_no_calls_in_a_circle():
    objects = [path for folder in NO_CYCLES for path in BUILD.glob(f"CMakeFiles/*.dir/{folder}/**/*.c.o")]
    names = subprocess.run(["nm", "-P", "-A", *objects], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"\.dir/(\S+)\.o: (\S+) ([TDBRCU])", names)
    home = {name: path for path, name, kind in found if kind != "U"}
    graph = {path: set() for path in home.values()}
    for path, name, kind in found:
        if kind == "U" and home.get(name, path) != path:
            graph.setdefault(path, set()).add(home[name])
    assert len(graph) > 50 and any(graph.values())
    refuse_cycles(graph)


def test_reason_codes_have_one_home():
    """Sources name a code by its constant: the table is what says what a code does."""
    codes = re.findall(r'^#define REASON_\w+ "(\w+)"$', (ROOT / "common/order/reason.h").read_text(), re.M)
    assert len(codes) > 15
    names = "|".join(code for code in codes if code != "cleared")  # a member of a reply, too
    given = rf'(?:reason_code = |failure\.code = |ERP_(?:RETRY|REJECT|PARK), |fail_with\(\w+, |end_in_error\(\w+, )"\w|"(?:{names})"'
    for folder in ("worker", "erp-drivers"):
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            wrong = [line for line in path.read_text().splitlines() if re.search(given, line)]
            assert not wrong, f"{path.relative_to(ROOT)}: {wrong}"
