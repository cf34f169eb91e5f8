"""pumplined -n reports every fault with its file and pointer, and accepts a valid configuration."""

import json
import subprocess

import pytest
from pumpline import BUILD, DEADLINE_S, SECRET


def check(daemon):
    return subprocess.run([BUILD / "pumplined", "-n", "-c", daemon.config], capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False)


def write(daemon, slug, document):
    text = document if isinstance(document, str) else json.dumps(document)
    (daemon.folder / "workshops.d" / f"{slug}.json").write_text(text)


def good(daemon, **more):
    return {"workshop": "Bennys Auto", "listen": "127.0.0.1:8101", "erp": {"system": "file", "folder": "/srv/lines"},
            **more}


def test_a_valid_configuration(daemon):
    write(daemon, "bennys-auto", good(daemon))
    result = check(daemon)
    assert result.returncode == 0, result.stderr


def test_every_fault_at_once(daemon):
    daemon.write_config(sandbox="maybe", nonsense=1)
    write(daemon, "a", {"workshop": 5, "listen": "nowhere", "erp": {"system": "file", "folder": "relative", "x": 1},
                        "retry": {"first_s": "soon"}, "retention_days": 0, "extra": None})
    write(daemon, "b", good(daemon))
    write(daemon, "c", good(daemon, erp={"system": "tryton", "url": "ftp://x"}, credentials={"username": "u"}))
    write(daemon, "d", good(daemon, listen="0.0.0.0:8104", erp={"system": "sap"}))
    write(daemon, "e", '{"workshop": "E", "workshop": "F"}')
    write(daemon, "f", f'{{"credentials": {{"password": "{SECRET}" }} nonsense')
    result = check(daemon)
    assert result.returncode == 78
    folder = daemon.folder / "workshops.d"
    for file, pointer in ((daemon.config, "/sandbox"), (daemon.config, "/nonsense"), (folder / "a.json", "/workshop"),
                          (folder / "a.json", "/listen"), (folder / "a.json", "/erp/folder"), (folder / "a.json", "/erp/x"),
                          (folder / "a.json", "/retry/first_s"), (folder / "a.json", "/retention_days"),
                          (folder / "a.json", "/extra"), (folder / "c.json", "/erp/url"),
                          (folder / "c.json", "/credentials/password"), (folder / "d.json", "/listen"),
                          (folder / "d.json", "/erp/system"), (folder / "e.json", ""), (folder / "f.json", "")):
        place = f"{file}: {pointer}: " if pointer else f"{file}: "
        assert any(line.startswith(place) for line in result.stderr.splitlines()), (pointer, result.stderr)
    assert SECRET not in result.stderr


def test_ports_and_names_are_used_once(daemon):
    write(daemon, "one", good(daemon))
    write(daemon, "two", good(daemon))
    result = check(daemon)
    assert result.returncode == 78
    lines = result.stderr.splitlines()
    assert any("two.json: /listen: " in line for line in lines)
    assert any("two.json: /workshop: " in line for line in lines)
    assert any("one.json: /listen: " in line for line in lines)
    assert any("one.json: /workshop: " in line for line in lines)


def test_a_broken_configuration_does_not_start(daemon):
    """In pumpline.json, that is: a faulty workshop file only stops its own workshop (test_faulty.py)."""
    write(daemon, "one", "{")
    daemon.write_config(nonsense=1)
    result = subprocess.run([BUILD / "pumplined", "-c", daemon.config], capture_output=True, text=True,
                            timeout=DEADLINE_S, check=False)
    assert result.returncode == 78 and "one.json" in result.stderr


def test_usage(daemon):
    for program, arguments in (("pumplined", ["--nonsense"]), ("pumpline-worker", ["8101"]), ("pumplinectl", ["nonsense"])):
        result = subprocess.run([BUILD / program, *arguments], capture_output=True, text=True, timeout=DEADLINE_S,
                                check=False)
        assert result.returncode in (2, 64) and result.stderr


@pytest.mark.parametrize("program, arguments, said", [
    ("pumplined", [], "-c FILE is required"), ("pumplined", ["-c", "/x", "more"], "unexpected argument: more"),
    ("pumpline-console", [], "-c FILE is required"), ("pumpline-worker", ["8101"], "PORT, WORKSHOP and -c FILE are required"),
    ("pumpline-worker", ["abc", "x", "-c", "/x"], "PORT must be 1 to 65535: abc"),
    ("pumpline-worker", ["1", "x", "y", "-c", "/x"], "unexpected argument: y"), ("pumpline-worker", ["-c"], "unknown option, or no value for it: -c")])
def test_usage_says_what_is_wrong(program, arguments, said):
    done = subprocess.run([BUILD / program, *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 64 and done.stderr.startswith(f"{program}: {said}\nusage: "), done.stderr
