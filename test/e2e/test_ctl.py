"""pumplinectl's exit statuses, errors, arguments and help."""
import json
import re
import subprocess

import pytest
from fake_daemon import CONTENT, CTL, PATH, SHOP, ctl, daemon, environment, health, integration, problem, shops  # noqa: F401: a fixture

pytestmark = pytest.mark.release  # see fake_daemon.py
EVERY = [
    ["status"], ["status", SHOP], ["start", SHOP], ["stop", SHOP], ["restart", SHOP],
    ["kill", SHOP], ["start-worker", SHOP], ["stop-worker", SHOP], ["queue", SHOP],
    ["clear-queue", SHOP], ["order", SHOP, *CONTENT], ["order-status", SHOP, "u"],
    ["order-status", SHOP, "u", "--history"], ["errors", SHOP], ["errors"], ["retry", SHOP, "u"],
    ["resolve", SHOP, "u", "--note", "n"], ["reload"], ["show", SHOP], ["remove", SHOP],
    ["activate", SHOP], ["deactivate", SHOP], ["token", "add", SHOP, "--scope", "order"],
    ["token", "list", SHOP], ["token", "revoke", SHOP, "n"], ["rekey"], ["status", "--watch"],
    ["status", SHOP, "--watch"],
]


@pytest.mark.parametrize("args", EVERY)
def test_no_socket(tmp_path, args):
    done = ctl(None, "--socket", tmp_path / "none.sock", *args)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"cannot reach the daemon at {tmp_path}/none.sock: No such file or directory (is pumplined running?)" in done.stderr


@pytest.mark.parametrize("args", EVERY)
def test_refused(daemon, args):
    refusal = problem(404, "unknown_workshop", "no workshop has this name", "Not Found")
    daemon.otherwise = (404, refusal)
    done = ctl(daemon, *args)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(
        "pumplinectl: Not Found: no workshop has this name (unknown_workshop, 404)\n")
    done = ctl(daemon, *args, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, refusal)


@pytest.mark.parametrize("status", [400, 401, 409, 429, 500, 503, 504])
def test_refusal_that_is_not_json(daemon, status):
    daemon.on("GET", "/health", b"<html>\x1b[31m</html>", status)
    done = ctl(daemon, "status", "--json")
    assert done.returncode == 1
    assert str(status) in done.stderr and "\x1b" not in done.stderr
    assert json.loads(done.stdout)["status"] == status


@pytest.mark.parametrize("args, code, said", [
    (["remove", "Ben's"], "orders_waiting",
     r"to remove it anyway and archive its queue: pumplinectl remove 'Ben'\''s' --force"),
    (["remove", "Ben's"], "queue_unknown",
     r"to remove it anyway and archive its queue: pumplinectl remove 'Ben'\''s' --force"),
])
def test_a_refusal_says_what_to_do(daemon, args, code, said):
    daemon.otherwise = (409, problem(409, code, "no"))
    assert ctl(daemon, *args).stderr.splitlines()[1:] == [f"pumplinectl: {said}"]


@pytest.mark.parametrize("typed, said", [
    ("benny-auto", "did you mean bennys-auto?"), ("bennys auot", "did you mean Bennys Auto?"), ("BENN", "did you mean bennys-auto?"),
    ("x", "run `pumplinectl status` to list the workshops"), ("a" * 4000, "run `pumplinectl status` to list the workshops")])
def test_an_unknown_workshop_gets_the_nearest(daemon, typed, said):
    shops(daemon)
    daemon.otherwise = (404, problem(404, "unknown_workshop", "no"))
    assert ctl(daemon, "stop", typed).stderr.splitlines()[1:] == [f"pumplinectl: {said}"]


@pytest.mark.parametrize("args, said", [
    (["stat"], "unknown command: stat; did you mean status?"), (["eror", SHOP], "did you mean errors?"),
    (["clear_queue"], "did you mean clear-queue?"), (["frobnicate"], "frobnicate; see pumplinectl --help"),
    (["status", "--wacth"], "unknown option --wacth; did you mean --watch?"),
    (["order", "--pasword-file=gygag"], "unknown option --pasword-file; did you mean --password-file?"),
    (["status", "--zzzz"], "unknown option --zzzz; see pumplinectl --help"),
])
def test_did_you_mean(daemon, args, said):
    done = ctl(daemon, *args)
    assert done.returncode == 2 and said in done.stderr


def test_faults_of_a_configuration_are_all_named(daemon):
    refusal = problem(400, "bad_config", "2 faults")
    refusal["fields"] = ["left", "to", "detail"]
    refusal["faults"] = [{"pointer": "/erp/url", "detail": "is no URL"}, {"x": 1},
                         {"file": "a.json", "pointer": "/listen", "detail": "is used twice"}, {"file": "a.json", "pointer": "", "detail": "line 2"},
                         {"slug": "a", "detail": "no key"}]
    daemon.on("PUT", "/reload", refusal, 400)
    assert ctl(daemon, "reload").stderr.splitlines() == [
        "pumplinectl: Refused: 2 faults (bad_config, 400)",
        "pumplinectl:   /erp/url: is no URL",
        'pumplinectl:   {"x":1}',
        "pumplinectl:   a.json /listen: is used twice",
        "pumplinectl:   a.json: line 2",
        "pumplinectl:   a: no key",
    ]


def test_a_refusal_names_the_options(daemon):
    refusal = {**problem(400, "invalid_fields", "product_amount must be a decimal"), "fields": ["product_amount", "workshop"]}
    daemon.on("PUT", f"{PATH}/orders/u/retry", refusal, 400)
    done = ctl(daemon, "retry", SHOP, "u", "--amount", "5,5")
    assert done.stderr.splitlines()[1:] == ["pumplinectl: set \"product_amount\" with --amount"]


@pytest.mark.parametrize("reply", [b"", b"[]", b"nonsense", b'{"a": 1', b"{} {}"])
def test_nonsensical_success(daemon, reply):
    daemon.on("GET", "/health", reply)
    done = ctl(daemon, "status")
    assert (done.returncode, done.stdout) == (3, "")


def test_reply_cut_short(daemon):
    daemon.missing_bytes = 5
    daemon.on("GET", "/health", health())
    assert ctl(daemon, "status").returncode == 3


def test_reply_with_members_missing(daemon):
    for method, path in [("GET", "/health"), ("GET", PATH), ("GET", f"{PATH}/queue?limit=100"),
                         ("GET", f"{PATH}/orders?status=error&limit=100"),
                         ("GET", f"{PATH}/get_order_status?uniqueid=u"), ("PUT", "/reload"),
                         ("GET", f"{PATH}/orders/u/history"), ("PUT", f"{PATH}/start"),
                         ("GET", f"{PATH}/alive"), ("POST", f"{PATH}/create")]:
        daemon.on(method, path, {})
    for args in (["status"], ["status", SHOP], ["queue", SHOP], ["errors", SHOP], ["reload"],
                 ["order-status", SHOP, "u"], ["order-status", SHOP, "u", "--history"],
                 ["start", SHOP], ["order", SHOP, *CONTENT]):
        assert ctl(daemon, *args).returncode == 0, args


def test_reply_with_members_of_other_types(daemon):
    odd = {"workshop": 1, "integrations": [5, None, {"process": [], "orders": 7, "last_exit": 3,
                                                     "oldest_placed_age_s": "x"}],
           "summary": [], "tasks": {"a": 1}, "orders": [[], "x"], "history": [1], "next": 5}
    for path in ("/health", PATH, f"{PATH}/queue?limit=100", f"{PATH}/orders/u/history",
                 f"{PATH}/orders?status=error&limit=100"):
        daemon.on("GET", path, odd)
    for args in (["status"], ["status", SHOP], ["queue", SHOP], ["errors", SHOP],
                 ["order-status", SHOP, "u", "--history"]):
        assert ctl(daemon, *args).returncode == 0, args


def test_json_is_the_reply_as_it_is(daemon):
    reply = health(integration("Värkstad Öst 修理", oldest_placed_age_s=12.3))
    reply["later_member"] = {"b": 0.1, "a": [1, None, 9007199254740993]}
    daemon.on("GET", "/health", reply)
    done = ctl(daemon, "status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == json.dumps(reply, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("args", [
    [], ["frobnicate"], ["start"], ["show", "a", "b"], ["start", ""], ["start", "a", ""], ["reload", "x"],
    ["order-status", "a"], ["resolve", "a", "b"], ["order", SHOP],
    ["order", SHOP, "--worksheet", "1", "--product", "2"], ["start", SHOP, "--limit", "1"],
    ["queue", SHOP, "--limit", "0"], ["queue", SHOP, "--limit", "-1"],
    ["queue", SHOP, "--limit", "x"], ["queue", SHOP, "--limit"], ["status", "--bogus"],
    ["status", "-x"], ["status", "--socket"], ["resolve", "a", "b", "--note", b"\xff"],
    ["token"], ["token", "x"], ["token", "add", SHOP], ["token", "revoke", SHOP], ["status", "token", "add"],
    ["token", "add", SHOP, "--scope", b"\xff"], ["add"], ["add", "a", "b", "c"], ["metrics", "--json"],
    ["add", "a", "/dev/null", "--slug", "b"], ["add", "/none"], ["add", "/dev/null"], ["add", "-"],
    ["logs", SHOP, "--json"], ["seal"], ["seal", SHOP, "--password", "x"], ["seal", SHOP], ["rekey", "x"], ["reload", "-c", "x"],
])
def test_usage(daemon, args):
    done = ctl(daemon, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"pumplinectl: [^\n]+\n", done.stderr)
    assert daemon.seen == []


def test_subcommands_are_named():
    for word, names in (("recipe", "check, schema, run, test"), ("token", "add, list, revoke")):
        assert ctl(None, word).stderr == f"pumplinectl: {word} requires a subcommand: {names}; see pumplinectl --help\n"
    assert ctl(None, "rekey", "x").stderr == "pumplinectl: usage: pumplinectl rekey\n"


def test_options_stand_before_or_after_the_command(daemon):
    daemon.on("GET", "/health", health())
    for more in ({}, {"POSIXLY_CORRECT": "1"}):
        for args in (["--json", "--socket", daemon.path, "status"],
                     ["status", f"--socket={daemon.path}", "--json"]):
            done = ctl(None, *args, **more)
            assert done.returncode == 0 and json.loads(done.stdout) == health()


def test_socket_option_overrides_the_environment(daemon):
    daemon.on("GET", "/health", health())
    assert ctl(None, "status", "--socket", daemon.path, PUMPLINE_SOCKET="/none").returncode == 0
    assert ctl(None, "status", PUMPLINE_SOCKET="/none").returncode == 3


def listed():
    """{command: (arguments, options)} as printed by the program."""
    rows = [line.split("\t") for line in ctl(None, "--commands").stdout.splitlines()]
    return {name: (arguments, options.split()) for name, arguments, options in rows}


@pytest.mark.parametrize("command", listed())
def test_help_of_a_command(command):
    done = ctl(None, *command.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for part in (f"Usage: pumplinectl [OPTIONS] {command}", "Options:", "Example:", "Exit status:"):
        assert part in done.stdout
    assert "--password " not in done.stdout


@pytest.mark.parametrize("command, said", [
    ("stop", "stays down until you start it or the daemon restarts"),
    ("kill", "stays down until you start it or the daemon restarts"),
    ("stop-worker", "stays stopped until you start it or the daemon restarts"),
    ("start-worker", "parked with erp_unreachable resumes by itself"),
    ("start-worker", "auth_failed needs"),
])
def test_help_says_how_long_it_lasts(command, said):
    assert said in ctl(None, command, "--help").stdout


def test_help_and_version():
    done = ctl(None, "--help")
    assert done.returncode == 0
    for name in listed():
        assert f"\n  {name} " in done.stdout
    for part in ("--socket", "--json", "PUMPLINE_SOCKET", "Exit status:"):
        assert part in done.stdout
    done = ctl(None, "--version")
    assert re.fullmatch(r"pumplinectl \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.long
def test_help_is_a_command_too():
    assert ctl(None, "help").stdout == ctl(None, "--help").stdout
    for command in listed():
        assert ctl(None, "help", *command.split()).stdout == ctl(None, *command.split(), "--help").stdout
        assert ctl(None, "help", command).stdout == ctl(None, "help", *command.split()).stdout, "quoted"
    assert ctl(None, "help", "frobnicate").returncode == 2


def test_full_disk_is_reported(daemon):
    daemon.on("GET", "/health", health())
    with open("/dev/full", "w") as full:
        done = subprocess.run([CTL, "status"], env=environment(daemon), stdout=full,
                              stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 1 and b"stdout" in done.stderr


def test_proxies_of_the_environment_are_left_alone(daemon):
    daemon.on("GET", "/health", health())
    assert ctl(daemon, "status", http_proxy="http://127.0.0.1:1", ALL_PROXY="socks5://x:1"
               ).returncode == 0
    assert daemon.seen == [("GET", "/health", None)]


@pytest.mark.parametrize("name, encoded", [
    ("..", "%2E%2E"), (".", "%2E"), ("a/b?c#d%", "a%2Fb%3Fc%23d%25"), ("Öst", "%C3%96st"),
    ("v1.2_x~-", "v1.2_x~-"), ("'\"&=+", "%27%22%26%3D%2B"),
])
def test_names_are_percent_encoded(daemon, name, encoded):
    daemon.on("PUT", f"/workshops/{encoded}/stop", {"workshop": name})
    assert ctl(daemon, "stop", "--", name).returncode == 0
