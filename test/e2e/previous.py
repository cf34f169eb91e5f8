"""The previous release, built from the repository's history: what an upgrade really meets."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION, COMMIT = "0.1.0", "e53bdd64bb29738f67ff28700e7a83919966d2b3"
FOLDER = ROOT / f"build-{VERSION}"  # for all builds of this release
PROGRAMS = ("pumplined", "pumpline-worker", "pumplinectl")
# Quick to build; another compiler's new warnings are nothing to fix there.
OPTIONS = ("-DCMAKE_C_COMPILER=gcc", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O1 -w")


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600, **more)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}"


def git(*arguments, **more):
    return subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, *arguments], capture_output=True, check=False, **more)


def build():
    archive = git("archive", COMMIT)
    assert archive.returncode == 0, archive.stderr
    source = FOLDER / "source"
    source.mkdir(parents=True, exist_ok=True)
    run_tar = subprocess.run(["tar", "-x", "-C", source], input=archive.stdout, check=False)
    assert run_tar.returncode == 0
    run("cmake", "-S", source, "-B", FOLDER / "build", "-G", "Ninja", *OPTIONS)
    run("ninja", "-C", FOLDER / "build", "-j", str(min(2, os.cpu_count())), *PROGRAMS)


def previous():
    """The folder of its build. Skips the test where the history lacks it: in a shallow clone, or outside of a clone."""
    if not shutil.which("git") or git("cat-file", "-e", f"{COMMIT}^{{commit}}").returncode:
        pytest.skip(f"the repository's history has no commit {COMMIT[:12]}: release {VERSION} cannot be built")
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all((FOLDER / "build" / name).exists() for name in PROGRAMS):
            build()
    return FOLDER / "build"
