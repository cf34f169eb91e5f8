"""Set-up of every benchmark, before it can import the tests' modules."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def prepare(packages=""):
    """Installs and builds what is missing. PUMPLINE_BUILD selects existing programs."""
    steps = [". conf/setup.sh"]
    if packages:
        steps.append(f"install_packages {packages}")
    if "PUMPLINE_BUILD" not in os.environ:
        # A separate folder, since PUMPLINE_TESTS=OFF would persist in the one that the tests use.
        cmake = "-DCMAKE_C_COMPILER=gcc -DPUMPLINE_TESTS=OFF"
        steps += ['install_packages "${BUILD_PACKAGES[@]}"', f"build build-bench {cmake}"]
        os.environ["PUMPLINE_BUILD"] = str(ROOT / "build-bench")
    subprocess.run(["bash", "-c", " && ".join(steps)], cwd=ROOT, check=True)
    sys.path[:0] = [str(ROOT / "test" / "e2e"), str(ROOT / "test" / "erp")]


def compile_c(name, folder, *libraries):
    """A program built from this folder."""
    program = Path(folder) / name
    source = Path(__file__).with_name(f"{name}.c")
    subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", "-o", program, source, *libraries], check=True)
    return program
