"""One console over the daemons of two machines: nothing reaches the wrong one, and one that is away takes no other with it."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading

import pytest
from conftest import watched
from console import Console
from test_audit import open_folders, user_in_group

from pumpline import BUILD, free_port, until


@contextlib.contextmanager
def machine(folder):
    """A daemon that is not started yet, and stopped also if the test fails."""
    daemons = watched(folder)
    try:
        yield next(daemons)
    finally:
        next(daemons, None)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Bennys Auto on north, Carls Cars on south, and their console."""
    folder = tmp_path_factory.mktemp("site")
    with machine(folder / "north") as north, machine(folder / "south") as south:
        bennys, carls = north.add_file(), south.add_file("carls-cars", "Carls Cars")
        north.start()
        south.start()
        one = Console(folder / "console", None, control_sockets={"north": str(north.socket), "south": str(south.socket)})
        del one.document["control_socket"]
        for name, role, at in (("root", "admin", None), ("ann", "manager", "bennys-auto"), ("carl", "admin", "carls-cars")):
            one.add(name, role, at)
        one.start()
        yield one, north, south, bennys, carls
        one.stop()


@pytest.fixture
def cookies(site):
    """Of all three, once both daemons are known."""
    console, *_ = site
    found = {name: console.cookie(name) for name in ("root", "ann", "carl")}
    console.known(found["root"])
    return found


def health(console, cookie):
    return console.call("GET", "/api/health", cookie=cookie).json


def cleared(workshop, *uniqueids):
    """Orders in error, which are placed one after the other."""
    workshop.put("/stop_worker")
    for uniqueid in uniqueids:
        workshop.place(uniqueid)
    workshop.put("/clear_queue")
    workshop.put("/start_worker")


def lines(workshop):
    return sorted(json.loads(path.read_text())["worksheet"] for path in workshop.lines.iterdir() if path.suffix == ".json")


def calls_of(daemon, who):
    return [(one["what"], one["status"]) for one in daemon.call("GET", "/audit?limit=1000").json["entries"] if one["by"]["who"] == who]


def test_an_order_of_each_is_retried_at_its_own_daemon(site, cookies):
    console, north, south, bennys, carls = site
    cleared(bennys, "same-1")
    cleared(carls, "same-1")
    page = console.call("GET", "/api/orders?needs_attention=true", cookie=cookies["root"]).json
    assert [(one["workshop"], one["daemon"], one["slug"]) for one in page["orders"]] == [
        ("Carls Cars", "south", "carls-cars"), ("Bennys Auto", "north", "bennys-auto")] and page["incomplete"] == [] and page["next"] is None
    found = health(console, cookies["root"])
    assert {one["slug"]: one["daemon"] for one in found["integrations"]} == {"bennys-auto": "north", "carls-cars": "south"}
    assert found["summary"]["total"] == 2 and found["incomplete"] == []
    for who, slug, sheet in (("ann", "bennys-auto", "811"), ("carl", "Carls Cars", "812")):
        path = f"/api/workshops/{slug.replace(' ', '%20')}/orders/same-1/retry"
        for other in {"ann", "carl"} - {who}:
            assert console.call("PUT", path, {"worksheet": "999"}, cookies[other]).json["code"] == "unknown_workshop"
        assert console.call("PUT", path, {"worksheet": sheet}, cookies[who]).status == 200
    bennys.wait("same-1", "created")
    carls.wait("same-1", "created")
    assert (lines(bennys), lines(carls)) == (["811"], ["812"])
    assert {one["slug"] for one in health(console, cookies["ann"])["integrations"]} == {"bennys-auto"}
    assert [len(calls_of(daemon, who)) for daemon in (north, south) for who in ("ann", "carl")] == [1, 0, 0, 1]
    entries = console.call("GET", "/api/audit?limit=1000", cookie=cookies["root"]).json["entries"]
    assert {one["daemon"] for one in entries} == {"north", "south"}
    assert [one["at"] for one in entries] == sorted((one["at"] for one in entries), reverse=True)
    assert {one["slug"] for one in console.call("GET", "/api/audit", cookie=cookies["carl"]).json["entries"]} == {"carls-cars"}


@pytest.mark.parametrize("limit", [1, 3, 4])
def test_pages_have_every_order_once_and_in_order(site, cookies, limit):
    console, _, _, bennys, carls = site
    for i in range(3):
        cleared(bennys, f"b{limit}-{i}", f"c{limit}-{i}")
        cleared(carls, f"d{limit}-{i}")
    target, found, after = f"/api/orders?needs_attention=true&limit={limit}", [], ""
    while after is not None:
        page = console.call("GET", target + (f"&after={after}" if after else ""), cookie=cookies["root"]).json
        assert len(page["orders"]) <= limit and page["incomplete"] == []
        found += page["orders"]
        after = page["next"]
    times = [one["placed_at"] for one in found]
    assert times == sorted(times, reverse=True)
    wanted = {(workshop.name, one["uniqueid"]) for workshop in (bennys, carls)
              for one in workshop.get("/orders?needs_attention=true&limit=1000").json["orders"]}
    assert len(found) == len(wanted) == len({(one["workshop"], one["uniqueid"]) for one in found}) >= 9
    assert console.call("GET", target + "&after=nonsense", cookie=cookies["root"]).status == 400
    assert {one["workshop"] for one in console.call("GET", target, cookie=cookies["ann"]).json["orders"]} <= {"Bennys Auto"}


def test_many_report_and_recipes(site, cookies):
    console, north, south, bennys, carls = site
    for workshop in (bennys, carls):
        workshop.place("many-1")
    both = ["carls-cars", "Bennys Auto"]
    assert console.call("PUT", "/api/workshops/stop_worker", {"workshops": both}, cookies["ann"]).status == 403
    results = console.call("PUT", "/api/workshops/stop_worker", {"workshops": both}, cookies["root"]).json["results"]
    assert [(one["workshop"], one["status"]) for one in results] == [("Carls Cars", 200), ("Bennys Auto", 200)]
    assert (north.integration()["worker"], south.integration("carls-cars")["worker"]) == ("stopped", "stopped")
    results = console.call("PUT", "/api/workshops/start_worker", {"workshops": "all"}, cookies["root"]).json["results"]
    assert {(one["workshop"], one["status"]) for one in results} == {("Carls Cars", 200), ("Bennys Auto", 200)}
    report = console.call("GET", "/api/report?by=product", cookie=cookies["root"]).json
    assert [(one["workshop"], one["daemon"]) for one in report["workshops"]] == [("Bennys Auto", "north"), ("Carls Cars", "south")]
    text = console.call("GET", "/api/report?by=product&format=csv", cookie=cookies["root"]).text.splitlines()
    assert text[0].startswith("workshop,") and [line.split(",")[0] for line in text[1:]] == ['"Bennys Auto"', '"Carls Cars"']
    recipes = console.call("GET", "/api/recipes", cookie=cookies["root"]).json["recipes"]
    assert {one["daemon"] for one in recipes} == {"north", "south"}
    path = f"/api/recipes/{recipes[0]['recipe']}"
    assert console.call("GET", path, cookie=cookies["root"]).json["code"] == "daemon_required"
    assert console.call("GET", path + "?daemon=south", cookie=cookies["root"]).status == 200


def listen(console, cookie, until_seen):
    """The stream, read until an event has each of these texts."""
    connection, seen = console.connection(), []
    connection.request("GET", "/api/events", headers={"Cookie": cookie})
    reply = connection.getresponse()
    opened = threading.Event()

    def read():
        missing = set(until_seen)
        for line in iter(reply.readline, b""):
            seen.append(line.decode())
            opened.set()
            missing = {text for text in missing if text not in "".join(seen[-2:])}
            if not missing:
                break
        connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    assert opened.wait(30)
    return thread, seen


def test_live_events_of_both(site, cookies):
    console, _, _, bennys, carls = site
    everything, heard = listen(console, cookies["root"], ["live-b", "live-c"])
    own, of_ann = listen(console, cookies["ann"], ["live-b"])
    carls.place("live-c")
    bennys.place("live-b")
    everything.join(30)
    own.join(30)
    assert not everything.is_alive() and not own.is_alive()
    orders = {one["uniqueid"]: one["daemon"] for one in (json.loads(line[5:]) for line in heard if line.startswith("data:")) if "uniqueid" in one}
    assert orders == {"live-b": "north", "live-c": "south"}
    assert "live-c" not in "".join(of_ann) and "carls-cars" not in "".join(of_ann)


def document(folder, name):
    folder.mkdir(exist_ok=True)
    return {"workshop": name, "listen": f"127.0.0.1:{free_port()}", "erp": {"system": "file", "folder": str(folder), "format": "json"}}


def test_a_disputed_slug_reaches_no_daemon(site, cookies, tmp_path):
    console, north, south, bennys, _ = site
    cleared(bennys, "disputed-1")
    # By the console it cannot come to that.
    new = "/api/workshops/new-one"
    assert console.call("PUT", new, document(tmp_path / "new", "New One"), cookies["root"]).json["code"] == "daemon_required"
    assert console.call("PUT", new + "?daemon=east", document(tmp_path / "new", "New One"), cookies["root"]).json["code"] == "other_daemon"
    assert console.call("PUT", new + "?daemon=south", document(tmp_path / "new", "Bennys Auto"), cookies["root"]).json["code"] == "disputed_workshop"
    assert console.call("PUT", "/api/workshops/bennys-auto?daemon=south", document(tmp_path / "new", "Bennys Auto"), cookies["root"]).json["code"] == "other_daemon"
    assert console.call("PUT", new + "?daemon=south", document(tmp_path / "new", "New One"), cookies["root"]).status in (200, 201)
    assert south.call("GET", "/workshops/new-one").status == 200 and north.call("GET", "/workshops/new-one").status == 404
    # By hand it can.
    assert south.call("PUT", "/workshops/bennys-auto", document(tmp_path / "twin", "The Other Benny")).status in (200, 201)
    until(lambda: sum(one.get("disputed", False) for one in health(console, cookies["root"])["integrations"]) == 2, "both are shown as disputed")
    before = [len(calls_of(daemon, who)) for daemon in (north, south) for who in ("ann", "root")]
    for cookie in (cookies["ann"], cookies["root"]):
        for path in ("/orders/disputed-1/retry", "/stop_worker"):
            for name in ("bennys-auto", "Bennys%20Auto"):
                reply = console.call("PUT", f"/api/workshops/{name}{path}", {}, cookie)
                assert (reply.status, reply.json["code"]) == (409, "disputed_workshop"), reply.text
        assert console.call("GET", "/api/workshops/bennys-auto/orders/disputed-1", cookie=cookie).status == 409
    for names in ("all", ["bennys-auto"]):
        assert console.call("PUT", "/api/workshops/stop", {"workshops": names}, cookies["root"]).status == 409
    assert before == [len(calls_of(daemon, who)) for daemon in (north, south) for who in ("ann", "root")]
    assert health(console, cookies["ann"])["integrations"] == []
    assert console.call("GET", "/api/orders", cookie=cookies["ann"]).json["orders"] == []
    shown = [one for one in console.call("GET", "/api/orders?needs_attention=true&limit=1000", cookie=cookies["root"]).json["orders"] if one["uniqueid"] == "disputed-1"]
    assert [(one["daemon"], one["disputed"]) for one in shown] == [("north", True)]
    for slug in ("bennys-auto", "new-one"):
        assert south.call("DELETE", f"/workshops/{slug}?force=true").status == 200
    retry = "/api/workshops/bennys-auto/orders/disputed-1/retry"
    until(lambda: console.call("PUT", retry, {}, cookies["ann"]).status == 200, "it is Benny's alone again")
    bennys.wait("disputed-1", "created")


def test_one_away_and_back(site, cookies, tmp_path):
    console, _, south, bennys, carls = site
    cleared(bennys, "away-1", "away-2")
    cleared(carls, "away-1", "away-2")
    first = console.call("GET", "/api/orders?needs_attention=true&limit=1", cookie=cookies["root"]).json
    gone, _ = listen(console, cookies["ann"], ['event: down\ndata: {"daemon":"south"}'])
    south.stop()
    gone.join(30)
    assert not gone.is_alive()
    for restarted in (False, True):
        if restarted:  # which workshops south has is still known
            console.stop()
            console.start()
        until(lambda: health(console, cookies["root"]).get("incomplete") == ["south"], "south is missing")
        assert [one["slug"] for one in health(console, cookies["root"])["integrations"]] == ["bennys-auto"]
        page = console.call("GET", "/api/orders?needs_attention=true&limit=1000", cookie=cookies["root"]).json
        assert page["incomplete"] == ["south"] and {one["daemon"] for one in page["orders"]} == {"north"}
        retry = f"/orders/away-{1 + restarted}/retry"
        assert console.call("PUT", "/api/workshops/carls-cars" + retry, {}, cookies["carl"]).json["code"] == "daemon_unreachable"
        assert console.call("PUT", "/api/workshops/bennys-auto" + retry, {}, cookies["ann"]).status == 200
        reply = console.call("PUT", "/api/workshops/carls-cars?daemon=north", document(tmp_path / "x", "X"), cookies["root"])
        assert reply.json["code"] == "other_daemon"
        reply = console.call("PUT", "/api/workshops/unheard-of?daemon=north", document(tmp_path / "x", "X"), cookies["root"])
        assert (reply.status, reply.json["code"]) == (503, "daemon_unknown")
        assert console.call("GET", "/api/report?by=product&format=csv", cookie=cookies["root"]).json["incomplete"] == ["south"]
    rest = console.call("GET", f"/api/orders?needs_attention=true&limit=1000&after={first['next']}", cookie=cookies["root"])
    assert rest.json["incomplete"] == ["south"]
    bennys.wait("away-2", "created")
    # Without that knowledge, Benny's slug could be one of south's, too.
    console.stop()
    (console.folder / "daemons.json").unlink()
    console.start()
    until(lambda: "south" in health(console, cookies["root"]).get("incomplete", ["south"]), "north is heard")
    reply = console.call("GET", "/api/workshops/bennys-auto", cookie=cookies["ann"])
    assert (reply.status, reply.json["code"]) == (503, "daemon_unknown") and "south" in reply.json["detail"]
    south.start()
    console.known(cookies["root"])
    assert console.call("PUT", "/api/workshops/carls-cars/orders/away-1/retry", {}, cookies["carl"]).status == 200
    carls.wait("away-1", "created")
    assert lines(carls).count("558") >= 1 and health(console, cookies["root"])["incomplete"] == []


def test_the_command_line_names_daemons(tmp_path):
    config = tmp_path / "console.json"
    config.write_text("{}")

    def check(*sockets):
        done = subprocess.run([BUILD / "pumpline-console", "-n", "-c", config, *(word for one in sockets for word in ("--socket", one))],
                              capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stderr

    assert check("/run/a.sock", "north=/run/b.sock") == (0, "")
    for sockets, said in ((("/run/a.sock", "/var/a.sock"), "two daemons are named a"), (("relative.sock",), "absolute"), (("North=/run/a",), "not a valid name")):
        status, text = check(*sockets)
        assert status == 64 and said in text, sockets
    config.write_text('{"control_sockets": {"a b": "/run/a.sock", "ok": 5}, "control_socket": "/run/a"}')
    status, text = check()
    assert status == 78 and "/control_sockets/a b: " in text and "/control_sockets/ok: " in text and "excludes control_socket" in text


# --- over SSH


class Sshd:
    """Debian's sshd on loopback, for one user who may forward to sockets and nothing else."""

    def __init__(self, folder, user):
        self.folder, self.port, self.user = folder, free_port(), user
        folder.mkdir()
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        authorized = folder / "authorized"
        authorized.write_text("restrict,port-forwarding " + (folder / "user.pub").read_text())
        authorized.chmod(0o644)
        folder.chmod(0o755)
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {(folder / 'host.pub').read_text()}")
        (folder / "config").write_text(f"""Port {self.port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM no
PasswordAuthentication no
PidFile none
AllowUsers {user}
""")
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self.process = self.client = None

    def start(self):
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen([shutil.which("sshd", path="/usr/sbin"), "-D", "-e", "-f", self.folder / "config"],
                                            stdin=subprocess.DEVNULL, stderr=log)

    def forward(self, local, remote):
        with (self.folder / "ssh.log").open("ab") as log:
            self.client = subprocess.Popen(
                ["ssh", "-nNT", "-F", "none", "-i", self.folder / "user", "-p", str(self.port), "-o", f"UserKnownHostsFile={self.folder}/known",
                 "-o", "ExitOnForwardFailure=yes", "-o", "StreamLocalBindUnlink=yes", "-o", "ConnectionAttempts=20",
                 "-L", f"{local}:{remote}", f"{self.user}@127.0.0.1"], stdin=subprocess.DEVNULL, stderr=log)

    def log(self):
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    def stop(self):
        for process in (self.client, self.process):
            if process and process.poll() is None:
                process.terminate()
                process.wait(30)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("sshd", path="/usr/sbin"), reason="needs root and openssh-server")
def test_over_ssh(site, tmp_path):
    """The socket of another machine: its audit has the user of SSH, and a connection that was lost is used again once it is back."""
    site_console, north, _, bennys, _ = site
    with machine(tmp_path / "far") as far, user_in_group() as (user, group):
        subprocess.run(["usermod", "--password", "*", "--shell", "/usr/sbin/nologin", user], check=True)  # not locked
        far.write_config(control_group=group)
        remote = far.add_file("anns-garage", "Anns Garage")
        far.start()
        open_folders(far)
        sshd, local = Sshd(tmp_path / "ssh", user), tmp_path / "far.sock"
        console = Console(tmp_path / "console", None, control_sockets={"north": str(north.socket), "far": str(local)})
        del console.document["control_socket"]
        console.add("ann", "manager")
        try:
            sshd.start()
            sshd.forward(local, far.socket)
            console.start()
            cookie = console.cookie("ann")
            console.known(cookie)
            cleared(remote, "far-1", "far-2")
            assert console.call("PUT", "/api/workshops/anns-garage/orders/far-1/retry", {}, cookie).status == 200, sshd.log()
            remote.wait("far-1", "created")
            entry = far.call("GET", "/audit").json["entries"][0]
            assert (entry["by"], entry["user"]) == ({"who": "ann", "via": "console"}, user), entry
            done = subprocess.run([BUILD / "pumplinectl", "--socket", local, "status"], capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0 and "Anns Garage" in done.stdout, done
            sshd.client.kill()  # and with it the connection
            sshd.client.wait()
            until(lambda: health(console, cookie)["incomplete"] == ["far"], "the console notices")
            assert console.call("PUT", "/api/workshops/anns-garage/orders/far-2/retry", {}, cookie).json["code"] == "daemon_unreachable"
            assert console.call("GET", "/api/workshops/bennys-auto/orders", cookie=cookie).status == 200
            sshd.forward(local, far.socket)
            console.known(cookie)
            assert console.call("PUT", "/api/workshops/anns-garage/orders/far-2/retry", {}, cookie).status == 200
            remote.wait("far-2", "created")
            assert re.search(r"Accepted publickey for " + user, sshd.log())
        finally:
            console.stop()
            sshd.stop()
    assert site_console.process.poll() is None and bennys.up()
