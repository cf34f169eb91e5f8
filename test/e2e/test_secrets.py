"""No password in any reply, log, file, command line or environment."""

import json
import re
import subprocess
from pathlib import Path

from pumpline import SECRET, BUILD, until

CONFIGURED = "Configured-pw-51c2"


def memory_of(pid):
    for name in ("cmdline", "environ"):
        yield f"/proc/{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()


def files_below(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()


def test_a_password_is_nowhere(daemon):
    bennys = daemon.add_file()
    carls = daemon.add_file("carls-cars", "Carls Cars", credentials={"username": "bot", "password": CONFIGURED})
    daemon.start()
    replies = []
    bennys.put("/stop_worker")
    for uniqueid in ("s1", "s2"):
        replies.append(bennys.create(uniqueid).text)
    carls.create("s3")
    for target in ("/alive", "/queue", "/orders", "/get_order_status?uniqueid=s1", "/orders/s1/history"):
        replies.append(bennys.get(target).text)
    replies.append(bennys.call("POST", "/create", f'{{"password": "{SECRET}" oops').text)
    replies.append(bennys.call("POST", "/create", json.dumps({**bennys.order("s4"), "worksheet": SECRET * 9})).text)
    replies.append(bennys.call("POST", "/create", {**bennys.order("s5"), "password": SECRET * 99}).text)
    for target in ("/health", "/workshops", "/workshops/carls-cars", "/workshops/carls-cars/alive"):
        replies.append(daemon.call("GET", target).text)
    replies.append(subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, "status"], capture_output=True,
                                  text=True, check=True).stdout)
    bennys.put("/clear_queue")
    bennys.put("/orders/s1/retry")
    bennys.put("/start_worker")
    bennys.wait("s1", "created")
    places = [("reply", reply.encode()) for reply in replies]
    for pid in [daemon.process.pid, *daemon.children()]:
        places += memory_of(pid)
    daemon.stop()
    own = str(daemon.folder / "workshops.d" / "carls-cars.json")
    places += [(name, data) for name, data in files_below(daemon.folder) if name != own]
    assert any(name.endswith("data.mdb") for name, _ in places) and any(name.endswith("_api.log") for name, _ in places)
    for secret in (SECRET, CONFIGURED):
        assert not [name for name, data in places if secret.encode() in data]


def test_the_files_are_their_owners(daemon):
    bennys = daemon.add_file()
    daemon.start()
    bennys.place("p1")
    bennys.wait("p1", "created")
    assert daemon.folder.joinpath("master.key").stat().st_mode & 0o777 == 0o600
    assert daemon.folder.joinpath("master.key").stat().st_size == 32
    queue = daemon.folder / "state" / "queues" / "bennys-auto"
    assert queue.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in queue.iterdir())


def test_logs_tell_the_order_and_the_workshop(daemon):
    bennys = daemon.add_file()
    daemon.start()
    bennys.place("told")
    bennys.wait("told", "created")
    api, lines = (daemon.folder / "log" / f"bennys-auto_{name}.log" for name in ("api", "create_orderline"))
    until(lambda: re.search(r"^Bennys Auto: \[told\] \S+ INFO POST /create: placed$", api.read_text(), re.M), "the API's log")
    until(lambda: re.search(r"^Bennys Auto: \[told\] \S+ INFO processing -> created", lines.read_text(), re.M), "the worker's log")
    assert all(line.startswith("Bennys Auto: ") for line in api.read_text().splitlines())
