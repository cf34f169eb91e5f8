"""The sandbox: what a compromised worker cannot do, what remains if the kernel lacks a feature, and the users of workers.
Each attempt of test/hostile is a test case of its own."""

import contextlib
import functools
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from pumpline import BUILD, Daemon, as_user, free_port

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root gives each workshop a user of its own")
HOSTILE = BUILD / "test" / "hostile"
NOBODY = 54321  # an ordinary user; needs no passwd entry
RANGE = 40000

ALLOWED = ["allowed_own_folder", "allowed_erp_port", "allowed_name", "allowed_thread",
           "allowed_signal_to_itself"]
# Each succeeds as root without a sandbox.
REFUSED = [
    # files of another workshop, the daemon and the system
    "read_sibling_queue", "read_sibling_lines", "read_sibling_config", "read_sibling_memory", "read_daemon_config",
    "read_master_key", "read_shadow", "read_passwd", "read_log", "read_supervisor_environment", "list_sibling_folder",
    "list_queues", "list_workshops",
    # writing elsewhere
    "write_state", "write_queues", "write_workshops", "write_sibling_folder", "write_sibling_lines", "write_elsewhere",
    "write_tmp", "overwrite_file", "truncate_file", "chmod_file", "make_folder", "make_link", "make_own_link",
    "make_device", "rename_out", "link_in", "remove_file", "give_away", "mount_over", "change_root",
    # other ports, and listening
    "connect_sibling", "connect_ipv6", "connect_fast_open", "connect_fast_open_message", "send_datagram",
    "bind_tcp", "bind_udp", "listen_anywhere",
    # other sockets
    "open_raw", "open_packet", "open_netlink", "open_unix_datagram", "pair_datagram", "control_socket",
    # other processes
    "trace_sibling", "trace_supervisor", "trace_bystander", "read_memory_of_sibling", "read_memory_of_bystander",
    "signal_sibling", "signal_supervisor", "signal_bystander", "signal_group", "signal_sibling_thread",
    "signal_sibling_by_descriptor", "signal_sibling_queued", "signal_sibling_by_owner",
    "slow_down_sibling", "make_process", "execute", "execute_by_descriptor",
    # privileges
    "become_root", "become_sibling", "become_root_group", "join_groups", "gain_capability", "outlive_parent",
    "show_memory", "raise_limit", "map_code", "make_code", "map_file", "hidden_file", "type_into_terminal"]
# Missing in some kernels, or not allowed even for root.
MAY_LACK = ["connect_multipath", "open_raw_ipv6", "new_user_namespace", "new_namespace_by_clone", "add_kernel_key",
            "io_uring", "limit_sibling"]
# Always refused by the kernel, since such a socket is already connected.
ALWAYS_REFUSED = ["control_socket_by_pair", "control_socket_by_channel"]
# Allowed to an ordinary user on its own objects without a sandbox, since all workers then run as the same user.
ORDINARY = [
    "read_sibling_queue", "read_sibling_lines", "read_sibling_config", "read_daemon_config", "read_master_key",
    "read_passwd", "read_log", "list_sibling_folder", "list_queues", "list_workshops", "write_state", "write_queues",
    "write_workshops", "write_sibling_folder", "write_sibling_lines", "write_elsewhere", "write_tmp", "overwrite_file",
    "truncate_file", "chmod_file", "make_folder", "make_link", "make_own_link", "make_device", "rename_out", "link_in",
    "remove_file", "connect_sibling", "connect_ipv6", "connect_fast_open", "connect_fast_open_message", "send_datagram",
    "bind_tcp", "bind_udp", "listen_anywhere", "open_netlink", "open_unix_datagram", "pair_datagram", "control_socket",
    "trace_bystander", "read_memory_of_bystander", "signal_sibling", "signal_supervisor", "signal_bystander",
    "signal_group", "signal_sibling_thread", "signal_sibling_by_descriptor", "signal_sibling_queued",
    "signal_sibling_by_owner", "limit_sibling", "slow_down_sibling", "make_process", "execute", "execute_by_descriptor",
    "outlive_parent", "show_memory", "map_code", "make_code", "map_file", "hidden_file"]
DENIALS = {"EPERM", "EACCES", "EXDEV"}  # EXDEV: from Landlock, for a link or rename between folders


# --- set-up: a daemon with a victim and an attacker, run as a user


def programs(folder, worker):
    """pumplined, with that program beside it as its worker, executable for every user, and the shipped recipes."""
    folder.mkdir()
    (folder.parent / "share/pumpline").mkdir(parents=True, exist_ok=True)
    (folder.parent / "share/pumpline/recipes").symlink_to(Path(__file__).parents[2] / "erp-drivers/recipes")
    shutil.copy(BUILD / "pumplined", folder)
    shutil.copy(worker, folder / "pumpline-worker")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    return folder / "pumplined"


def own(path, user):
    """Changes the owner of the whole tree."""
    if user is not None:
        for one in (path, *path.rglob("*")):
            os.chown(one, user, user)


def open_folder(path):
    """For whichever user a worker runs as."""
    path.mkdir(exist_ok=True)
    path.chmod(0o777)
    return path


@contextlib.contextmanager
def listening():
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
        server.listen()
        yield server.getsockname()[1]


def elsewhere(folder):
    """A folder with files that do not belong to the daemon."""
    open_folder(folder)
    for name in ("file", "victim"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o666)
    return folder


def plan_of(daemon, victim, folder, erp_port, bystander):
    queues = daemon.folder / "state" / "queues"
    return {"own_folder": str(folder), "queues": str(queues),
            "state": str(daemon.folder / "state"), "workshops": str(daemon.folder / "workshops.d"),
            "sibling_folder": str(queues / "victim"), "sibling_queue": str(queues / "victim" / "data.mdb"),
            "sibling_line": str(victim.lines / "v1.json"), "sibling_lines": str(victim.lines),
            "sibling_config": str(daemon.folder / "workshops.d" / "victim.json"), "daemon_config": str(daemon.config),
            "master_key": str(daemon.folder / "master.key"),
            "log": str(daemon.folder / "log" / "victim_api.log"), "elsewhere": str(daemon.folder / "elsewhere"),
            "sibling_pid": daemon.worker_pid("victim"), "supervisor_pid": daemon.process.pid,
            "niceness": os.getpriority(os.PRIO_PROCESS, 0),
            "sibling_uid": (queues / "victim").stat().st_uid, "bystander_pid": bystander.pid,
            "sibling_port": victim.port, "erp_port": erp_port, "control_socket": str(daemon.socket)}


def read_findings(folder):
    lines = (folder / "findings.jsonl").read_text().splitlines()
    return {one["attempt"]: one["error"] for one in map(json.loads, lines)}


def prepare(base, user, **config):
    daemon = Daemon(base / "pumpline")
    daemon.program = programs(base / "programs", HOSTILE / "hostile-worker")
    daemon.user = user
    daemon.write_config(**config)
    return daemon


@contextlib.contextmanager
def running(daemon, user):
    """Started, along with another process of the same user. Teardown ends both."""
    own(daemon.folder, user)
    bystander = subprocess.Popen(["sleep", "600"], **as_user(user))
    try:
        daemon.start()
        yield bystander
        daemon.stop()
    finally:
        bystander.kill()
        bystander.wait()
        if daemon.process.poll() is None:
            daemon.kill()


def attack(daemon, victim, folder, erp_port, bystander):
    """Restarts the attacker's worker, which finds the plan in its folder and tries everything."""
    plan = folder / "hostile.json"
    plan.write_text(json.dumps(plan_of(daemon, victim, folder, erp_port, bystander)))
    shutil.chown(plan, *[folder.stat().st_uid] * 2)
    assert daemon.call("PUT", "/workshops/attacker/restart").json["process"] == "running", daemon.log.read_text()
    return read_findings(folder)


def scene(base, user, outside, **config):
    """({attempt: error}, the daemon's log); outside: run by a process beside the daemon, not by its worker."""
    base.chmod(0o711)  # refusals must come from the sandbox, not from a parent folder
    daemon = prepare(base, user, **config)
    with listening() as erp_port:
        victim = daemon.add_file("victim", "Victim")
        daemon.add("attacker", "Attacker", {"system": "tryton", "url": f"http://localhost:{erp_port}/db/"})
        elsewhere(daemon.folder / "elsewhere")
        with running(daemon, user) as bystander:
            victim.place("v1")
            victim.wait("v1", "created")
            folder = daemon.folder / "state" / "queues" / "attacker"
            if outside:
                folder = open_folder(base / "outside")
                (folder / "hostile.json").write_text(
                    json.dumps(plan_of(daemon, victim, folder, erp_port, bystander)))
                subprocess.run([HOSTILE / "hostile-outside", folder], check=True, stdin=subprocess.DEVNULL)
                found = read_findings(folder)
            else:
                found = attack(daemon, victim, folder, erp_port, bystander)
            # The victim has not noticed anything.
            assert victim.state("v1")["status"] == "created"
        return found, daemon.log.read_text(errors="replace")


SCENES = {"root": {"user": None, "outside": False},
          "ordinary": {"user": NOBODY if ROOT else None, "outside": False},
          "ordinary-off": {"user": NOBODY if ROOT else None, "outside": False, "sandbox": "off"},
          "outside": {"user": None, "outside": True}}


@functools.cache
def findings(name):
    base = Path(tempfile.mkdtemp(prefix=f"pumpline-{name}-"))
    try:
        return scene(base, **SCENES[name])
    finally:
        shutil.rmtree(base)


def check_refused(name, attempt):
    found, log = findings(name)
    assert found[attempt] in DENIALS, f"{attempt}: {found[attempt] or 'succeeded'}"
    assert "Sanitizer" not in log


@needs_root
@pytest.mark.parametrize("attempt", REFUSED + MAY_LACK)
def test_a_worker_of_its_own_user_is_refused(attempt):
    check_refused("root", attempt)


@pytest.mark.parametrize("attempt", REFUSED + MAY_LACK)
def test_a_worker_of_the_daemons_user_is_refused(attempt):
    check_refused("ordinary", attempt)


@pytest.mark.parametrize("attempt", ALWAYS_REFUSED)
def test_a_connected_socket_stays_so(attempt):
    for name in ["ordinary", *(["root"] if ROOT else [])]:
        assert findings(name)[0][attempt] in ("EISCONN", "EACCES")


@pytest.mark.parametrize("attempt", ALLOWED)
def test_what_it_needs_is_allowed(attempt):
    for name in ["ordinary", *(["root"] if ROOT else [])]:
        assert findings(name)[0][attempt] == ""


@needs_root
@pytest.mark.parametrize("attempt", REFUSED + MAY_LACK)
def test_without_a_sandbox_root_succeeds(attempt):
    """Proves that a refusal above comes from the sandbox, and not from a faulty attempt."""
    error = findings("outside")[0][attempt]
    if attempt in MAY_LACK and error:
        pytest.skip(f"this system refuses it to root too: {error}")
    assert error == ""


@pytest.mark.parametrize("attempt", ORDINARY)
def test_with_the_sandbox_off_an_ordinary_worker_succeeds(attempt):
    assert findings("ordinary-off")[0][attempt] == ""


def test_every_attempt_is_judged():
    assert set(findings("ordinary")[0]) == {*REFUSED, *MAY_LACK, *ALWAYS_REFUSED, *ALLOWED}


def test_one_line_says_what_holds():
    lines = [line for line in findings("ordinary")[1].splitlines() if " sandbox required: " in line]
    assert len(lines) == 3  # the victim's, and the attacker's before and after its restart
    for line in lines:
        assert "no capabilities, no_new_privs" in line and ", seccomp" in line and "Landlock ABI" in line
        assert "; still possible: " in line and "UDP" not in line  # the supervisor resolves names
    assert re.search(r"sandbox off: uid \d+, no capabilities, no_new_privs", findings("ordinary-off")[1])
