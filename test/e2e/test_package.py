"""The Debian packages: lintian, what an operator has edited, one version, the same bytes each time."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pumpline import BUILD

ROOT = Path(__file__).parents[2]
PAGES = (BUILD / "console-web/index.html").exists()
pytestmark = pytest.mark.release
SOURCES = ("common/base/clock.c", "supervisor/main.c")


def output(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300, **more)
    assert done.returncode == 0, f"{command}: {done.stdout}"
    return done.stdout


def pack(folder, **environment):
    output("cpack", "-G", "DEB", "-B", folder, cwd=BUILD, umask=0o022, env={**os.environ, **environment})
    return sorted(folder.glob("*.deb"))


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    if not shutil.which("dpkg-shlibdeps"):
        pytest.skip("dpkg-dev is not installed")
    return pack(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def version():
    return output(BUILD / "pumplined", "--version").split()[1]


def field(package, name):
    return output("dpkg-deb", "-f", package, name).strip()


def test_there_is_one_version(packages, version):
    names = ["pumpline-console"] * PAGES + ["pumpline"]
    architecture = output("dpkg", "--print-architecture").strip()
    assert [package.name for package in packages] == [f"{name}_{version}_{architecture}.deb" for name in names]
    assert {field(package, "Version") for package in packages} == {version}
    assert re.search(r"^## \[([0-9.]+)\]", (ROOT / "conf/CHANGELOG.md").read_text(), re.M)[1] == version
    if PAGES:
        assert f"pumpline (= {version})" in field(packages[0], "Depends")


def test_lintian_finds_nothing(packages):
    """Neither errors nor warnings."""
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed")
    assert output("lintian", "--allow-root", "--fail-on", "error,warning", "--no-cfg", *packages) == ""


def test_what_an_operator_edits_is_a_conffile(packages, tmp_path):
    wanted = {"pumpline": {"/etc/pumpline/pumpline.json", "/etc/logrotate.d/pumpline"},
              "pumpline-console": {"/etc/pumpline-console/console.json"}}
    for package in packages:
        tree = tmp_path / package.name
        output("dpkg-deb", "-R", package, tree)
        conffiles = set((tree / "DEBIAN/conffiles").read_text().split())
        assert conffiles == wanted[field(package, "Package")]
        assert {f"/{path.relative_to(tree)}" for path in (tree / "etc").rglob("*") if path.is_file()} == conffiles


def test_what_a_worker_loads_later_is_a_dependency(packages):
    needed = output("dpkg-deb", "-f", packages[-1], "Depends")
    assert all(f"{library}" in needed for library in ("libcurl4", "libxml2", "liblmdb0", "libseccomp2"))


def test_the_same_bytes_each_time(packages, tmp_path):
    """At another time, with another language and time zone."""
    again = pack(tmp_path, TZ="Asia/Kathmandu", LC_ALL="C")
    assert [one.read_bytes() for one in again] == [one.read_bytes() for one in packages]


def built(sources, folder, **environment):
    """What cmake writes and what it compiles, but for files that only cmake and ninja read. All of it would take minutes."""
    settings = {"env": {**{name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}, **environment}}
    output("cmake", "-S", sources, "-B", folder, "-G", "Ninja", "-DCMAKE_C_COMPILER=gcc", "-DCMAKE_C_COMPILER_LAUNCHER=", **settings)
    output("ninja", "-C", folder, "CMakeFiles/pl_drivers.dir/page_script.c.o", "reference", *(f"{sources / source}^" for source in SOURCES),
           **settings)
    paths = [*folder.rglob("*.o"), *folder.glob("page_script.c"), *folder.glob("*.spdx.json"), *folder.glob("*.html"), *folder.glob("*.7"),
             *(folder / "package").iterdir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if "CompilerId" not in path.name}


def test_the_same_bytes_from_another_folder(tmp_path):
    """Other places of the sources and of the build, another time zone, a language without UTF-8, another umask."""
    names = ("CMakeLists.txt", "README.md", "common", "conf", "erp-drivers", "supervisor", "worker")
    sources = tmp_path / "a checkout/at another place"
    sources.mkdir(parents=True)
    output("cp", "-r", *(ROOT / name for name in names), sources, umask=0o077)
    one, other = built(ROOT, tmp_path / "one"), built(sources, sources / "build", TZ="Asia/Kathmandu", LC_ALL="C", PYTHONUTF8="0",
                                                     PYTHONCOERCECLOCALE="0")
    assert [name for name in one if one[name] != other.get(name)] == []
    assert sorted(one) == sorted(other) and len(one) == len(SOURCES) + 1 + 6
