"""Set-up of every benchmark, before it can import the tests' modules."""

import http.client
import os
import signal
import subprocess
import sys
import time
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


def cpu_s(*pids):
    """User and system time of these processes."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")


def load(program, protocol, ports, connections, seconds, run, workshop, *more):
    """What load.c counted; "each": its requests by port."""
    command = [program, protocol, ",".join(map(str, ports)), str(connections), str(seconds), run, workshop, *more]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    names = ("requests", "duration_us", "wrong", "broken", "p50_us", "p99_us")
    result = dict(zip(names, map(int, said[0].split()[1:])))
    return {**result, "rate": result["requests"] * 1e6 / result["duration_us"],
            "each": {int(line.split()[1]): int(line.split()[2]) for line in said[1:]}}


def placed(*arguments):
    """The same, where every reply must be right."""
    result = load(*arguments)
    if result["wrong"] or result["broken"]:
        sys.exit(f"not all orders were placed: {result}")
    return result


def killed_ms(pid, workshop):
    """From kill -9 of its worker to the next 200. The listening socket stays open: a request waits for the next process,
    unless the dying one had accepted it."""
    os.kill(pid, signal.SIGKILL)
    begin = time.perf_counter()
    while True:
        try:
            if workshop.get("/alive").status == 200:
                return (time.perf_counter() - begin) * 1000
        except (OSError, http.client.HTTPException):
            pass
