"""The package of the console on a machine that serves: its rights, and from a link that signs in once to a workshop."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from machine import InsideConnection, InsideWorkshop

from pumpline import BUILD, call, until

pytestmark = pytest.mark.skipif(not (BUILD / "console-web/index.html").exists(), reason="the console's pages are not built: they need npm")
UNIT = "pumpline-console.service"
PORT = 8080
FORM = Path(__file__).parents[2] / "supervisor/console/web/workshops.js"
MOST = 2.0
EXPOSED = {
    "SystemCallFilter=~@privileged": "it drops capabilities itself",
    "SystemCallFilter=~@resources": "it sets its own limits",
    "PrivateNetwork=": "the web server in front of it reaches it on loopback",
    "RestrictAddressFamilies=~AF_(INET|INET6)": "the same",
    "RestrictAddressFamilies=~AF_UNIX": "the control socket",
    "DeviceAllow=": "ProtectClock= lets the clock be read",
    "RootDirectory=/RootImage=": "libraries are the machine's",
    "PrivateUsers=": "the control socket is for a group of the machine",
    "IPAddressDeny=": "loopback is allowed",
}


@pytest.fixture(scope="module")
def console(booted, tmp_path_factory):
    """Installed while the machine runs, and purged."""
    folder = tmp_path_factory.mktemp("console")
    subprocess.run(["cpack", "-G", "DEB", "-B", folder, "-D", "CPACK_COMPONENTS_ALL=console"], cwd=BUILD, check=True, capture_output=True)
    [path] = folder.glob("pumpline-console_*.deb")
    booted.run("dpkg", "--force-depends-version", "-i", booted.take(path))  # what the machine has calls itself an earlier release
    yield booted
    booted.run("dpkg", "--purge", "pumpline-console")
    assert not (booted.tree / "var/lib/pumpline-console").exists()


def ask(machine, method, path, body=None, cookie=None):
    headers = {"Origin": f"http://127.0.0.1:{PORT}", **({"Cookie": cookie} if cookie else {})}
    return call(InsideConnection(machine, PORT), method, path, body, headers)


def sign_in(machine, name, *role):
    """The session's cookie, by a link, which signs in once."""
    until(lambda: answers(machine), "it answers")
    link = re.search(r"#link=(\S+)", machine.run("pumplinectl", "user", "add", name, "--role", *role))[1]
    signed_in = ask(machine, "POST", "/api/login", {"link": link})
    assert signed_in.status == 200 and ask(machine, "POST", "/api/login", {"link": link}).status == 401
    cookie = signed_in.headers["Set-Cookie"].split(";")[0]
    until(lambda: ask(machine, "GET", "/api/me", cookie=cookie).json["daemon"], "it hears the daemon")
    return cookie


def answers(machine):
    try:
        return ask(machine, "GET", "/api/me").status == 401
    except OSError:
        return False


def test_the_console_has_no_rights_but_its_group(console, note):
    until(lambda: console.show("ActiveState", UNIT) == "active" and console.members(UNIT), "it runs")
    user, group = (int(console.run("id", option, "pumpline-console")) for option in ("-u", "-g"))
    pumpline = int(console.run("getent", "group", "pumpline").split(":")[2])
    for pid in console.members(UNIT):
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert set(status["Uid"].split()) == {str(user)} and user != 0
        assert {int(one) for one in status["Gid"].split() + status["Groups"].split()} <= {group, pumpline}
        assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    figure = float(console.run("systemd-analyze", "security", "--no-pager", UNIT).rsplit(f"{UNIT}:", 1)[1].split()[0])
    left = {one["name"]: one["exposure"] for one in json.loads(console.run("systemd-analyze", "security", "--no-pager", "--json=short", UNIT)) if one["exposure"]}
    note(f"boot: systemd-analyze security {UNIT}: {figure}: {', '.join(map(' '.join, left.items()))}")
    assert figure < MOST and set(left) <= set(EXPOSED), left


def test_a_link_leads_to_a_workshop(console, bennys):
    cookie = sign_in(console, "ann", "reader", "--at", bennys.slug)
    seen = ask(console, "GET", "/api/health", cookie=cookie).json["integrations"]
    assert [(one["workshop"], one["process"]) for one in seen] == [("Bennys Auto", "running")]
    page = ask(console, "GET", "/")
    assert page.status == 200 and re.search(r'src="a/\w+/app.js"', page.text)
    accounts = (console.tree / "var/lib/pumpline-console/accounts.json").stat()
    assert (accounts.st_uid, accounts.st_mode & 0o777) == (int(console.run("id", "-u", "pumpline-console")), 0o600)


def test_the_form_of_a_new_workshop_works_as_it_is(console):
    """Its folder is one that the package makes; it is handed over to the workshop's user."""
    cookie = sign_in(console, "bea", "admin")
    [folder] = re.findall(r'folder: "([^"]+)"', FORM.read_text())
    shop = InsideWorkshop(console, "franks-fleet", "Franks Fleet", 8107, 0)
    shop.lines = console.tree / folder.lstrip("/")
    document = {**shop.document(), "erp": {"system": "file", "folder": folder, "format": "json"}}
    assert ask(console, "PUT", "/api/workshops/franks-fleet", document, cookie).status == 200
    until(shop.up, "it is served")
    shop.place("f1")
    shop.wait("f1", "created")
    assert len(shop.lines_of("f1")) == 1
    assert console.control("DELETE", "/workshops/franks-fleet?force=true").status == 200
