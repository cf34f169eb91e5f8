"""Set-up of every benchmark, before it can import the tests' modules."""

import concurrent.futures
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
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


def say_row(what, now, against="", ratio=""):
    """A row of the table that run.sh repeats at its end."""
    print(f"| {what} | {now} | {against} | {ratio} |", flush=True)


def limits(program, folder, *arguments):
    """What limits.c measured in a folder of its own there."""
    with tempfile.TemporaryDirectory(prefix="pumpline-limits-", dir=folder) as here:
        found = subprocess.run([program, here, *map(str, arguments)], capture_output=True, text=True, check=True).stdout
    return {name: float(value) for name, value in map(str.split, found.splitlines())}


class Client:
    """One kept connection."""

    def __init__(self, daemon):
        from pumpline import UnixConnection
        self.connection = UnixConnection(daemon.socket, 60)

    def get(self, target):
        self.connection.request("GET", target)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            sys.exit(f"{target}: {response.status} {body[:200]}")
        return body


def free_ports():
    """Ports outside the range of the tests, which is smaller than the number of workshops."""
    for port in range(20000, 32768):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            yield port


def start(daemon):
    """Seconds until the last one runs."""
    begin = time.monotonic()
    with open(daemon.log, "ab") as log:
        daemon.process = subprocess.Popen([os.environ["PUMPLINE_BUILD"] + "/pumplined", "-c", daemon.config],
                                          stderr=log, stdin=subprocess.DEVNULL)
    while True:
        try:
            summary = daemon.call("GET", "/health").json["summary"]
            if summary["running"] == summary["total"]:
                return time.monotonic() - begin
            if summary["failed"]:
                sys.exit(f"not all can run: {summary}")
            time.sleep(summary["total"] / 4000)  # a long list costs the processor that the others need
        except (OSError, http.client.HTTPException):
            if daemon.process.poll() is not None:
                sys.exit(daemon.log.read_text()[-2000:])
        time.sleep(0.02)


def fill(workshop, orders, errors):
    """Places as many orders; products without a mapping are the errors."""
    def place(number):
        order = workshop.order(f"o-{number}", worksheet=str(number % 50), product="10" if number % every else "11")
        del order["username"], order["password"]
        reply = workshop.call("POST", "/create", order)
        if reply.status != 200:
            raise RuntimeError(f"POST /create: {reply.status} {reply.text}")

    every = orders // errors
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(place, range(orders)))
    while (alive := workshop.get("/alive").json)["queue_length"]:
        time.sleep(0.05)
    if alive["needs_attention"] != errors:
        sys.exit(f"{alive['needs_attention']} orders need attention, and not {errors}")


def copy_queue(daemon, slugs):
    """The first one's, for all others of a stopped daemon: each folder exists and belongs to its user."""
    queues = daemon.folder / "state/queues"
    data = (queues / slugs[0] / "data.mdb").read_bytes()
    for slug in slugs[1:]:
        with (queues / slug / "data.mdb").open("r+b") as file:
            file.write(data)
            file.truncate()
