"""Bash completion of pumplinectl: a real bash sources the file and calls its function."""

import os
import subprocess
from pathlib import Path

import pytest
from pumpline import BUILD

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
        assert offered == ({"bennys-auto", "aura"} if "WORKSHOP" in first else words), command
    assert complete(["stop", "b"], daemon.socket) == {"bennys-auto"}
    assert complete(["--socket", str(daemon.socket), "stop", "b"]) == {"bennys-auto"}
    assert complete(["stop", "bennys-auto", ""], daemon.socket) == set()
    assert complete(["token", "add", "--scope", "order", "a"], daemon.socket) == {"aura"}
    assert complete(["recipe", "run", "x", "--workshop", "a"], daemon.socket) == {"aura"}


def test_without_a_daemon_no_workshop_is_offered():
    assert complete(["stop", ""]) == set()
