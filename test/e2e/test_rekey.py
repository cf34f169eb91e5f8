"""Replacing the master key: while orders are delivered, from each of its sources, with queues that no worker serves."""

import json
import os
import shutil
import subprocess

import pytest
from pumpline import BUILD, DEADLINE_S, until

CONFIGURED = "Configured-pw-51c2"


def key_files(daemon):
    return [daemon.folder / name for name in ("master.key", "master.key.next", "master.key.replaced")]


def rekey(daemon):
    reply = daemon.call("PUT", "/rekey")
    assert reply.status == 200, reply.text
    return reply.json["rekeyed"]


def stopped_with_orders(workshop, prefix, count=3):
    """Orders with their own credentials, sealed in the queue."""
    workshop.put("/stop_worker")
    for number in range(count):
        workshop.place(f"{prefix}{number}", worksheet=f"{prefix}{number}")


def delivered(workshop, prefix, count=3):
    workshop.put("/start_worker")
    for number in range(count):
        workshop.wait(f"{prefix}{number}", "created")


def add_configured(daemon, slug="carls-cars", name="Carls Cars", **more):
    return daemon.add_file(slug, name, credentials={"username": "bot", "password": CONFIGURED}, **more)


def document(daemon, slug):
    return json.loads((daemon.folder / "workshops.d" / f"{slug}.json").read_text())


def test_everything_opens_with_the_new_key_alone(daemon):
    bennys, carls = daemon.add_file(), add_configured(daemon)
    daemon.start()
    old = key_files(daemon)[0].read_bytes()
    stopped_with_orders(bennys, "b")
    carls.place("c1", username="", password="")
    assert rekey(daemon) == 2
    key, upcoming, _ = key_files(daemon)
    new = key.read_bytes()
    assert new != old and len(new) == 32 and not upcoming.exists() and key.stat().st_mode & 0o777 == 0o600
    assert set(document(daemon, "carls-cars")["credentials"]["password"]) == {"sealed"}
    assert bennys.get("/alive").json["worker"] == "stopped", "it has not been started"
    daemon.stop()
    daemon.start()
    delivered(bennys, "b")
    carls.wait("c1", "created")
    assert not [one for one in daemon.call("GET", "/health").json["integrations"] if one["process"] != "running"]


def test_the_old_key_is_refused_and_opens_nothing(daemon):
    bennys, _ = daemon.add_file(), add_configured(daemon)
    daemon.start()
    key, _, replaced = key_files(daemon)
    old = key.read_bytes()
    stopped_with_orders(bennys, "b", 1)
    rekey(daemon)
    daemon.stop()
    new = key.read_bytes()
    key.write_bytes(old)
    again = subprocess.run([BUILD / "pumplined", "-c", daemon.config], capture_output=True, text=True, check=False,
                           timeout=DEADLINE_S)
    assert again.returncode == 78 and "rekey replaced it" in again.stderr
    replaced.unlink()  # the old key no longer opens anything
    daemon.start()
    until(lambda: daemon.integration("carls-cars")["process"] == "failed", "its password is not opened")
    bennys.put("/start_worker")
    assert bennys.wait("b0", "error")["reason_code"] == "auth_failed"
    daemon.stop()
    key.write_bytes(new)
    daemon.start()
    assert daemon.integration("carls-cars")["process"] == "running"
    bennys.put("/orders/b0/retry")
    bennys.wait("b0", "created")


def test_queues_of_stopped_workshops_are_resealed(daemon):
    shops = {"stopped": daemon.add_file("stopped", "Stopped"), "inactive": daemon.add_file("inactive", "Inactive"),
             "gone": daemon.add_file("gone", "Gone"), "kept": add_configured(daemon, "kept", "Kept")}
    daemon.start()
    for slug, shop in shops.items():
        stopped_with_orders(shop, slug[0], 1)
    files = daemon.folder / "workshops.d"
    daemon.call("PUT", "/workshops/stopped/stop")
    inactive = document(daemon, "inactive")
    (files / "inactive.json").write_text(json.dumps({**inactive, "active": False}))
    gone = (files / "gone.json").read_text()
    (files / "gone.json").unlink()
    assert daemon.call("PUT", "/reload").status == 200
    assert daemon.call("DELETE", "/workshops/kept?force=true").json["waiting"] == 1
    removed = next((daemon.folder / "state" / "removed").iterdir())
    assert rekey(daemon) == 4
    assert not (daemon.folder / "state" / "queues" / "kept").exists()
    sealed = json.loads((removed / "kept.json").read_text())
    assert set(sealed["credentials"]["password"]) == {"sealed"}
    for slug in ("stopped", "inactive"):  # processes for the queue alone are done, and may be ending
        until(lambda slug=slug: daemon.integration(slug)["process"] == "stopped", f"{slug} is as it was")
    # All are started again and can open their secrets.
    shutil.move(removed / "queue", daemon.folder / "state" / "queues" / "kept")
    (files / "kept.json").write_text(json.dumps({**sealed, "active": True}))
    (files / "gone.json").write_text(gone)
    (files / "inactive.json").write_text(json.dumps(inactive))
    assert daemon.call("PUT", "/reload").status == 200
    assert daemon.call("PUT", "/workshops/stopped/start").status == 200
    until(daemon.ready, "they run")
    for slug, shop in shops.items():
        until(shop.up, f"{slug} serves")
        delivered(shop, slug[0], 1)


def test_a_failed_workshop_does_not_block_it(daemon):
    bennys, carls = daemon.add_file(), add_configured(daemon)
    daemon.start()
    stopped_with_orders(carls, "c", 1)
    with_plain = document(daemon, "carls-cars")
    bad = {**with_plain, "credentials": {"username": "bot", "password": {"sealed": "AAAA"}}}
    file = daemon.folder / "workshops.d" / "carls-cars.json"
    daemon.stop()
    file.write_text(json.dumps(bad))
    daemon.start()
    until(lambda: daemon.integration("carls-cars")["process"] == "failed", "its credentials don't open")
    reply = daemon.call("PUT", "/rekey")
    assert reply.status == 409 and reply.json["code"] == "rekey_incomplete"
    assert [one["slug"] for one in reply.json["incomplete"]] == ["carls-cars"]
    assert "sealed with another key" in reply.json["incomplete"][0]["detail"]
    first = key_files(daemon)[1].read_bytes()
    assert daemon.integration()["process"] == "running" and bennys.create("between").status == 200
    # A new daemon continues and gets equally far.
    daemon.stop()
    daemon.start()
    until(lambda: "rekey incomplete: " in daemon.log.read_text().rsplit("serving 2", 1)[1], "it has tried")
    assert key_files(daemon)[1].read_bytes() == first
    file.write_text(json.dumps(with_plain))
    daemon.call("PUT", "/reload")
    assert rekey(daemon) == 2
    assert key_files(daemon)[0].read_bytes() == first and not key_files(daemon)[1].exists()
    until(lambda: daemon.integration("carls-cars")["process"] == "running", "it runs")
    carls.put("/start_worker")
    carls.wait("c0", "created")
    bennys.wait("between", "created")


def test_a_queue_in_use_is_waited_for(daemon):
    bennys = daemon.add_file()
    daemon.start()
    stopped_with_orders(bennys, "b", 1)
    daemon.call("PUT", "/workshops/bennys-auto/stop")
    alone = subprocess.Popen([BUILD / "pumpline-worker", str(bennys.port), "bennys-auto", "-c", daemon.config],
                             stderr=subprocess.DEVNULL)
    try:
        until(bennys.up, "the worker by itself")
        reply = daemon.call("PUT", "/rekey")
        assert reply.status == 409 and "another process uses the queue" in reply.json["detail"]
    finally:
        alone.terminate()
        alone.wait(DEADLINE_S)
    assert rekey(daemon) == 1
    daemon.call("PUT", "/workshops/bennys-auto/start")
    delivered(bennys, "b", 1)


def test_a_standalone_worker_knows_both_keys(daemon):
    bennys = daemon.add_file(credentials={"username": "bot", "password": CONFIGURED})
    daemon.start()
    stopped_with_orders(bennys, "b", 1)
    daemon.stop()
    key, upcoming, _ = key_files(daemon)
    upcoming.write_bytes(os.urandom(32))
    upcoming.chmod(0o600)
    alone = subprocess.Popen([BUILD / "pumpline-worker", str(bennys.port), "bennys-auto", "-c", daemon.config],
                             stderr=subprocess.DEVNULL)
    try:
        until(bennys.up, "the worker by itself")
        bennys.wait("b0", "created")
    finally:
        alone.terminate()
        alone.wait(DEADLINE_S)
    first = upcoming.read_bytes()
    daemon.start()
    until(lambda: not upcoming.exists(), "the daemon goes on")
    assert key.read_bytes() == first


def test_many_while_orders_come_and_go(daemon):
    shops = [add_configured(daemon, f"shop-{number}", f"Shop {number}") for number in range(20)]
    daemon.start()
    for number, shop in enumerate(shops):
        for order in range(5):
            shop.place(f"o{order}", worksheet=str(order))
    for number in range(3):
        assert rekey(daemon) == len(shops)
        for shop in shops:
            shop.place(f"r{number}")
    for shop in shops:
        for uniqueid in ["o0", "o4", "r0", "r1", "r2"]:
            shop.wait(uniqueid, "created")
        assert len(list(shop.lines.iterdir())) == 8
    assert all(one["restarts"] == 0 for one in daemon.call("GET", "/health").json["integrations"])


def test_calls_that_come_together_share_one_key(daemon):
    daemon.add_file()
    daemon.start()
    processes = [subprocess.Popen(["curl", "-s", "-X", "PUT", "--unix-socket", daemon.socket, "http://pumpline/rekey"],
                                  stdout=subprocess.PIPE, text=True) for _ in range(4)]
    replies = [json.loads(one.communicate(timeout=DEADLINE_S)[0]) for one in processes]
    assert replies == [{"rekeyed": 1}] * 4


# --- sources of the key

@pytest.fixture
def credential(daemon, monkeypatch):
    """The daemon's credential, as passed by a service manager."""
    folder = daemon.folder / "credentials"
    folder.mkdir(mode=0o500)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))

    def give(source):
        folder.chmod(0o700)
        (folder / "master.key").unlink(missing_ok=True)
        (folder / "master.key").write_bytes(source)
        (folder / "master.key").chmod(0o400)
        folder.chmod(0o500)
    yield give
    folder.chmod(0o700)


def test_a_credential_without_its_source_is_not_replaced(daemon, credential):
    credential(b"k" * 32)
    bennys = daemon.add_file()
    daemon.start()
    for _ in range(2):
        reply = daemon.call("PUT", "/rekey")
        assert reply.status == 409 and reply.json["code"] == "key_is_a_credential"
    assert not any(path.exists() for path in key_files(daemon))
    bennys.place("p1")
    bennys.wait("p1", "created")


def test_a_credential_is_replaced_in_its_source(daemon, credential):
    key, upcoming, _ = key_files(daemon)
    assert subprocess.run([BUILD / "pumplined", "--create-key", "-c", daemon.config], capture_output=True, text=True,
                          check=True).stdout == f"{key} created\n"
    assert subprocess.run([BUILD / "pumplined", "--create-key", "-c", daemon.config], capture_output=True, text=True,
                          check=True).stdout == f"{key} already exists\n"
    old = key.read_bytes()
    credential(old)
    bennys = daemon.add_file(credentials={"username": "bot", "password": CONFIGURED})
    daemon.start()
    stopped_with_orders(bennys, "b", 1)
    assert rekey(daemon) == 1
    assert key.read_bytes() != old
    # Killed and restarted with the old credential, then with the new one.
    for _ in range(2):
        daemon.kill()
        daemon.start()
        until(lambda: daemon.integration()["process"] == "running", "it serves")
        credential(key.read_bytes())
    delivered(bennys, "b", 1)
    assert rekey(daemon) == 1
    assert not upcoming.exists()


def test_a_key_that_others_can_read_is_refused(daemon, credential):
    daemon.add_file()
    folder = daemon.folder / "credentials"
    for mode, inside in ((0o444, True), (0o640, False)):
        credential(b"k" * 32)
        path = folder / "master.key" if inside else key_files(daemon)[0]
        folder.chmod(0o700)
        if not inside:
            (folder / "master.key").unlink()
            path.write_bytes(b"k" * 32)
        path.chmod(mode)
        ended = subprocess.run([BUILD / "pumplined", "-c", daemon.config], capture_output=True, text=True, check=False,
                               timeout=DEADLINE_S)
        assert ended.returncode == 78 and str(path) in ended.stderr and "chmod 600" in ended.stderr
