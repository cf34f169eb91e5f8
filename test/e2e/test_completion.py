"""Bash completion of pumplinectl: a real bash sources the file and calls its function."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pumpline import BUILD

pytestmark = pytest.mark.release  # shells that start the program hundreds of times, which test_ctl_*.py run with sanitizers
FILE = Path(__file__).parents[2] / "conf" / "completion" / "pumplinectl.bash"
GLOBAL = {"--socket", "--json", "--help", "--version"}


def complete(line, socket="/nonexistent", cwd=None):
    """The completions of the last word, which may be incomplete."""
    script = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pumplinectl || exit 9
                ((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}" """
    env = {"PATH": f"{BUILD}:{os.environ['PATH']}", "PUMPLINE_SOCKET": str(socket)}
    done = subprocess.run(["bash", "-c", script, "bash", FILE, "pumplinectl", *line], env=env, cwd=cwd,
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done
    offered = done.stdout.splitlines()
    assert len(offered) == len(set(offered)), offered
    return set(offered)


def commands():
    done = subprocess.run([BUILD / "pumplinectl", "--commands"], capture_output=True, text=True, check=True, timeout=60)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {name: (arguments.split(), options.split()) for name, arguments, options in rows}


def test_it_is_registered():
    done = subprocess.run(["bash", "-c", 'source "$1"; complete -p pumplinectl', "bash", FILE], capture_output=True,
                          text=True, check=True, timeout=60)
    assert done.stdout == "complete -F _pumplinectl pumplinectl\n"


def test_every_command_is_offered():
    assert complete([""]) == {name.split()[0] for name in commands()}
    assert complete(["token", ""]) == {"add", "list", "revoke"}
    assert complete(["recipe", ""]) == {"check", "run", "schema", "test"}
    assert complete(["user", ""]) == {"add", "link", "list", "passwd", "remove", "role"}
    assert complete(["sta"]) == {"status", "start", "start-worker"}
    assert complete(["token", "re"]) == {"revoke"}
    assert complete(["no-such", ""]) == set()


@pytest.mark.parametrize("command", commands())
def test_every_option_of_a_command_is_offered(command):
    options = {option.split("=")[0] for option in commands()[command][1]}
    assert complete([*command.split(), "--"]) == options
    assert complete([*command.split(), "x", "--"]) == options


def test_options_before_the_command():
    assert complete(["--"]) == GLOBAL
    assert complete(["--json", "sho"]) == {"show"}
    assert complete(["--socket", "/x", "sho"]) == {"show"}
    assert complete(["--socket", "=", "/x", "sho"]) == {"show"}


def test_values():
    assert complete(["token", "add", "x", "--scope", ""]) == {"order", "manage"}
    assert complete(["token", "add", "x", "--scope", "="]) == {"order", "manage"}
    assert complete(["token", "add", "--scope", "=", "m"]) == {"manage"}
    assert complete(["recipe", "run", "x", "--until", ""]) == {"commit", "end"}
    assert complete(["queue", "--limit", ""]) == set()
    assert complete(["resolve", "x", "y", "--note", ""]) == set()


@pytest.mark.parametrize("line", [["add"], ["add", "x"], ["seal", "x", "--password-file"], ["seal", "x", "-c"],
                                  ["seal", "x", "--config"], ["backup", "x"], ["--socket"], ["recipe", "check"], ["recipe", "run", "x", "--order"],
                                  ["recipe", "run", "--folder"]])
def test_files(tmp_path, line):
    (tmp_path / "my workshop.json").touch()
    assert complete([*line, "my"], cwd=tmp_path) == {"my workshop.json"}
    assert complete([*line, "z"], cwd=tmp_path) == set()


def test_workshops_come_from_the_daemon(daemon):
    daemon.add_file()
    daemon.add_file("aura", "Aura Öljy")
    daemon.start()
    for command, (arguments, _) in commands().items():
        offered = complete([*command.split(), ""], daemon.socket, daemon.folder / "lines-aura")
        first = arguments[0] if arguments else ""
        words = set(first.split("|")) if first.islower() else set()
        words |= {"all"} if first.endswith("|all") else set()
        words |= {name.split()[0] for name in commands()} if "COMMAND" in first else set()
        assert offered == ({"bennys-auto", "aura"} | words if "WORKSHOP" in first else words), command
    assert complete(["stop", "b"], daemon.socket) == {"bennys-auto"}
    assert complete(["--socket", str(daemon.socket), "stop", "b"]) == {"bennys-auto"}
    assert complete(["stop", "bennys-auto", "a"], daemon.socket) == {"aura", "all"}
    assert complete(["show", "bennys-auto", ""], daemon.socket) == set()
    assert complete(["token", "add", "--scope", "order", "a"], daemon.socket) == {"aura"}
    assert complete(["recipe", "run", "x", "--workshop", "a"], daemon.socket) == {"aura"}


def test_uniqueids_come_from_the_daemon(daemon):
    bennys = daemon.add_file()
    daemon.start()
    bennys.put("/stop_worker")
    for uniqueid in ("e-1", "e 2"):
        bennys.place(uniqueid)
    bennys.put("/clear_queue")
    bennys.place("q-1")
    for command in ("retry", "resolve"):
        assert complete([command, "bennys-auto", ""], daemon.socket) == {"e-1"}  # "e 2" would need quotes
    assert complete(["order-status", "bennys-auto", ""], daemon.socket) == {"e-1", "q-1"}
    assert complete(["retry", "bennys-auto", "x"], daemon.socket) == set()


def offered_by(shell, tmp_path, script, *arguments):
    """What a shell offers, with the completion file for it made as cmake --install makes it."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "_pumplinectl"
    file.write_text((FILE.parent / f"pumplinectl.{shell}.in").read_text().replace("@PUMPLINE_COMPLETION@", str(FILE)))
    env = {"PATH": f"{BUILD}:{os.environ['PATH']}", "HOME": str(tmp_path), "PUMPLINE_SOCKET": "/nonexistent", "LANG": "C.UTF-8"}
    done = subprocess.run([shell, "-c", script, *arguments], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    return set(done.stdout.split())


@pytest.mark.parametrize("line, offered", [
    ("sta", {"status", "start", "start-worker"}), ("token ", {"add", "list", "revoke"}), ("stop --js", {"--json"}),
    ("token add x --scope ", {"order", "manage"})])
def test_fish_offers_the_same(tmp_path, line, offered):
    script = f"source _pumplinectl; complete --do-complete 'pumplinectl {line}'"
    assert offered_by("fish", tmp_path, script) == offered


@pytest.mark.parametrize("words, offered", [
    (["sta"], {"status", "start", "start-worker"}), (["token", ""], {"add", "list", "revoke"}), (["stop", "--js"], {"--json"}),
    (["no-such", ""], set())])
def test_zsh_offers_the_same(tmp_path, words, offered):
    script = """words=(pumplinectl "$@"); CURRENT=$#words; compadd() { shift; print -l -- "$@" }; . ./_pumplinectl"""
    assert offered_by("zsh", tmp_path, script, "zsh", *words) == offered


def test_without_a_daemon_no_workshop_is_offered():
    assert complete(["stop", ""]) == set()
