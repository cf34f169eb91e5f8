"""Placing an order with pumplinectl, and its password."""
import re
import signal
import subprocess
import termios

import pytest
from fake_daemon import CONTENT, PATH, SHOP, Terminal, ctl, daemon, takes_orders  # noqa: F401: a fixture

pytestmark = pytest.mark.release  # see fake_daemon.py


def placed(daemon):
    return [body for method, path, body in daemon.seen if method == "POST"]


def test_order(daemon):
    takes_orders(daemon)
    done = ctl(daemon, "order", SHOP, *CONTENT, "--id", "u1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{SHOP}: u1 is placed; queue length 3\n"
    assert placed(daemon) == [{"workshop": SHOP, "worksheet": "558", "product_nr": "10",
                               "product_amount": "4.5", "uniqueid": "u1"}]


def test_order_by_slug_names_the_workshop_in_full(daemon):
    takes_orders(daemon, "/workshops/bennys-auto")
    assert ctl(daemon, "order", "bennys-auto", *CONTENT).returncode == 0
    assert placed(daemon)[0]["workshop"] == SHOP


def test_order_makes_a_random_id_and_says_it(daemon):
    takes_orders(daemon)
    ids = []
    for _ in range(2):
        done = ctl(daemon, "order", SHOP, *CONTENT)
        ids.append(re.fullmatch(r"uniqueid (ctl-[0-9a-f]{32})\n", done.stderr).group(1))
    assert [body["uniqueid"] for body in placed(daemon)] == ids
    assert ids[0] != ids[1]


def test_order_that_was_placed_before(daemon):
    takes_orders(daemon, duplicate=True, status="created")
    done = ctl(daemon, "order", SHOP, *CONTENT, "--id", "u1")
    assert "u1 is a duplicate of an order that is created" in done.stdout


def test_order_whose_reply_is_lost_says_how_to_go_on(daemon):
    takes_orders(daemon)
    # Only the reply to POST is cut short.
    daemon.on("POST", f"{PATH}/create", lambda: setattr(daemon, "missing_bytes", 9) or {})
    done = ctl(daemon, "order", SHOP, *CONTENT, "--id", "u1")
    assert done.returncode == 3
    assert "to retry safely, repeat the command with --id u1 " in done.stderr


def test_password_from_a_file(daemon, tmp_path):
    takes_orders(daemon)
    secret = tmp_path / "secret"
    secret.write_text("gyg äg\"\\\nsecond line\n")
    done = ctl(daemon, "order", SHOP, *CONTENT, "--username", "admin", "--password-file", secret)
    assert done.returncode == 0
    assert placed(daemon)[0]["username"] == "admin"
    assert placed(daemon)[0]["password"] == 'gyg äg"\\'
    assert "gyg" not in done.stdout + done.stderr


@pytest.mark.parametrize("given", ["gygag", "gygag\n", "gygag\r\n"])
def test_password_from_stdin_is_in_no_argv(daemon, given):
    takes_orders(daemon)
    commands = []

    def alive():
        # The program waits for this reply: what can other users see of it meanwhile?
        commands.append(subprocess.run(["ps", "-eo", "args"], capture_output=True,
                                       encoding="utf-8").stdout)
        return {"workshop": SHOP}

    daemon.on("GET", f"{PATH}/alive", alive)
    done = ctl(daemon, "order", SHOP, *CONTENT, "--username", "admin", "--password-file", "-",
               stdin=given)
    assert done.returncode == 0
    assert placed(daemon)[0]["password"] == "gygag"
    assert "--password-file -" in commands[0] and "gygag" not in commands[0]
    assert "gygag" not in done.stdout + done.stderr


@pytest.mark.parametrize("args", [["--password-file", "-"], []])
def test_password_prompt_does_not_echo(daemon, args):
    takes_orders(daemon)
    terminal = Terminal(daemon, "order", SHOP, *CONTENT, "--username", "admin", *args)
    terminal.read_until("Password: ")
    assert not termios.tcgetattr(terminal.fd)[3] & termios.ECHO
    terminal.type("gygag\n")
    output, status = terminal.finish()
    assert status == 0
    assert placed(daemon)[0]["password"] == "gygag"
    assert "gygag" not in output


def test_interrupted_prompt_leaves_the_terminal_as_it_was(daemon):
    takes_orders(daemon)
    terminal = Terminal(daemon, "order", SHOP, *CONTENT, "--username", "admin")
    terminal.read_until("Password: ")
    terminal.type("gyg\x03")
    terminal.read_until(None)
    assert termios.tcgetattr(terminal.fd)[3] & termios.ECHO
    assert terminal.finish()[1] == -signal.SIGINT
    assert daemon.seen == []


@pytest.mark.parametrize("args, stdin", [
    (["--password", "gygag"], ""),
    (["--password=gygag"], ""),
    (["--passwd=gygag"], ""),
    (["--username", "admin"], "gygag"),  # no source was given, and stdin is not a terminal
    (["--password-file", "-"], "gygag"),
    (["--username", "admin", "--password-file", "/nonexistent/file"], ""),
    (["--username", "admin", "--password-file", "-"], ""),
    (["--username", "admin", "--password-file", "-"], "\n"),
    (["--username", "admin", "--password-file", "-"], "gygag" * 103),
])
def test_no_password_no_request(daemon, args, stdin):
    takes_orders(daemon)
    done = ctl(daemon, "order", SHOP, *CONTENT, *args, stdin=stdin)
    assert done.returncode == 2
    assert done.stderr.startswith("pumplinectl: ") and "gygag" not in done.stderr
    assert daemon.seen == []


def test_password_of_the_greatest_length(daemon):
    takes_orders(daemon)
    ctl(daemon, "order", SHOP, *CONTENT, "--username", "a", "--password-file", "-",
        stdin="p" * 512 + "\r\n")
    assert placed(daemon)[0]["password"] == "p" * 512
