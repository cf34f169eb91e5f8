"""The log: each line names its workshop, and the workshops' files can be rotated while the daemon runs."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

from pumpline import BUILD, SECRET, alive, until

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"(?P<who>[^:]+): (\[(?P<uniqueid>[^]]+)\] )?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
                  r" (ERROR|WARNING|INFO|DEBUG) .")


def parsed(text):
    lines = text.splitlines()
    found = [LINE.match(line) for line in lines]
    assert all(found), [line for line, match in zip(lines, found) if not match]
    return found


def logs(daemon, slug="bennys-auto"):
    return [daemon.folder / "log" / f"{slug}_{kind}.log" for kind in ("api", "create_orderline")]


def test_each_line_names_its_workshop(pair):
    daemon, bennys, carls = pair
    for workshop in pair[1:]:
        workshop.place("u-1")
        workshop.wait("u-1", "created")
        workshop.place("u-1")
        assert workshop.create("u-1", amount="6").status == 409
        assert workshop.create("u-2", amount="nothing").status == 400
        workshop.put("/clear_queue")
    os.kill(daemon.worker_pid(), signal.SIGKILL)
    until(lambda: daemon.integration()["restarts"] == 1 and daemon.integration()["process"] == "running", "it is back")
    daemon.stop()
    whole = parsed(daemon.log.read_text())
    assert {line["who"] for line in whole} <= {"pumplined", "pumpline-worker", "Bennys Auto", "Carls Cars"}
    assert "Bennys Auto: " in daemon.log.read_text() and "ended: killed by signal 9 (Killed)" in daemon.log.read_text()
    about = re.compile(r"POST /create: |processing -> ")
    told = [line for line in daemon.log.read_text().splitlines() if about.search(line)]
    assert len(told) == 10 and all(re.match(r"(Bennys Auto|Carls Cars): \[u-[12]\] ", line) for line in told)
    for slug, name in (("bennys-auto", "Bennys Auto"), ("carls-cars", "Carls Cars")):
        for path in logs(daemon, slug):
            lines = path.read_text()
            assert path.stat().st_mode & 0o777 == 0o640
            assert {line["who"] for line in parsed(lines)} == {name}
            assert set(lines.splitlines()) <= set(daemon.log.read_text().splitlines())
        assert "serving" in logs(daemon, slug)[0].read_text()
    assert (daemon.folder / "log").stat().st_mode & 0o777 == 0o750
    assert SECRET not in daemon.log.read_text()


def test_pumplinectl_finds_the_files(pair):
    done = subprocess.run([BUILD / "pumplinectl", "--socket", str(pair[0].socket), "logs", "bennys-auto"],
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert logs(pair[0])[0].read_text() in done.stdout and str(logs(pair[0])[1]) in done.stdout


def test_a_journal_gets_priorities(daemon, monkeypatch):
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    bennys = daemon.add_file()
    daemon.start()
    bennys.place("u-1")
    bennys.wait("u-1", "created")
    daemon.stop()
    lines = daemon.log.read_text().splitlines()
    assert lines and all(re.match(r"<[3467]>[^:]+: (\[u-1\] )?\d{4}-", line) for line in lines)
    assert all(LINE.match(line) for path in logs(daemon) for line in path.read_text().splitlines())


def test_a_standalone_worker_opens_its_files(daemon):
    from pumpline import BUILD
    bennys = daemon.add_file()
    (daemon.folder / "log").mkdir()
    (daemon.folder / "log").chmod(0o777)  # the workshop's user must be able to reopen them
    for folder in daemon.folder.parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode & 0o7777 | 0o001)
    process = subprocess.Popen([BUILD / "pumpline-worker", str(bennys.port), "Bennys Auto", "-c", daemon.config],
                               stderr=subprocess.DEVNULL)
    try:
        until(bennys.up, "it answers")
        bennys.place("before")
        old = logs(daemon)[0].rename(logs(daemon)[0].with_suffix(".1"))
        process.send_signal(signal.SIGHUP)
        until(logs(daemon)[0].exists, "it is opened again")
        bennys.place("after")
        bennys.put("/kill")
        assert process.wait(60) == 0
    finally:
        process.kill()
    assert "[before] " in old.read_text() and "[after] " not in old.read_text()
    assert "[after] " in logs(daemon)[0].read_text()


def test_files_that_cannot_be_opened_stop_nothing(daemon):
    bennys = daemon.add_file()
    (daemon.folder / "log").write_text("no folder")
    daemon.start()
    bennys.place("u-1")
    bennys.wait("u-1", "created")
    assert "Bennys Auto: " in daemon.log.read_text() and "_api.log: Not a directory" in daemon.log.read_text()
    (daemon.folder / "log").unlink()
    daemon.process.send_signal(signal.SIGHUP)
    until(logs(daemon)[0].exists, "the folder is made and the file opened")
    bennys.place("u-2")
    until(lambda: "[u-2] " in logs(daemon)[0].read_text(), "lines arrive")
    assert "[u-1] " not in logs(daemon)[0].read_text()


def test_a_flood_of_refused_requests_is_counted(pair):
    """The log stays small, reports how many lines it dropped, and never drops the outcome of an order."""
    daemon, bennys, _ = pair
    body = json.dumps({"workshop": "Bennys Auto", "worksheet": "x" * 128, "product_nr": "y" * 128, "product_amount": "z" * 100,
                       "uniqueid": "u" * 128, "k" * 900 + "\x01": "v"}).encode()
    request = (b"POST /create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               b"Content-Length: %d\r\n\r\n" % len(body)) + body
    for turn in range(200):
        with socket.create_connection(("127.0.0.1", bennys.port), timeout=60) as connection:
            for _ in range(10):
                connection.sendall(request)
                assert connection.recv(1 << 16).startswith(b"HTTP/1.1 400 ")
        if turn % 10 == 0:
            bennys.place(f"u-{turn}", worksheet=str(turn))
    for turn in range(0, 200, 10):
        bennys.wait(f"u-{turn}", "created")
    daemon.stop()
    text = logs(daemon)[0].read_text()
    told = re.findall(r"WARNING suppressed (\d+) lines like this one: POST /create: 400 ", text)
    shown = text.count("INFO POST /create: 400 ")
    assert sum(map(int, told)) + shown == 2000 and shown < 1000
    assert max(map(len, text.splitlines())) < 600
    assert text.count("INFO POST /create: placed") == 20
    assert logs(daemon)[1].read_text().count("processing -> created") == 20


def test_a_hangup_reaches_only_the_daemon(pair):
    """A worker keeps running if its whole process group gets the signal."""
    daemon, bennys, _ = pair
    children = daemon.children()
    for pid in [daemon.process.pid, *children] * 5:
        os.kill(pid, signal.SIGHUP)
    bennys.place("u-1")
    bennys.wait("u-1", "created")
    assert daemon.children() == children and all(alive(pid) for pid in children)


def logrotate_files(daemon, tmp_path):
    """conf/pumpline.logrotate for this folder, and a fake systemctl that signals this daemon."""
    config = tmp_path / "pumpline.logrotate"
    text = (ROOT / "conf/pumpline.logrotate").read_text()
    assert "\n/var/log/pumpline/*.log {\n" in text
    config.write_text(text.replace("/var/log/pumpline/", f"{daemon.folder}/log/"))
    config.chmod(0o644)
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text("#!/bin/sh\n[ \"$*\" = 'kill --kill-whom=main --signal=HUP pumplined.service' ] &&"
                         f" kill -HUP {daemon.process.pid} && echo done >>{tmp_path}/signalled\n")
    systemctl.chmod(0o755)
    return config


def rotate(config, tmp_path, *options):
    return subprocess.run(["/usr/sbin/logrotate", *options, "-s", tmp_path / "rotated", config], capture_output=True, text=True,
                          check=False, env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})


def test_logrotate_loses_no_line_and_refuses_no_client(pair, tmp_path):
    daemon, bennys, carls = pair
    config, placed, stop = logrotate_files(daemon, tmp_path), [], threading.Event()

    def client(workshop, number):
        while not stop.is_set():
            uniqueid = f"r{number}-{len(placed)}"
            assert workshop.create(uniqueid, worksheet=uniqueid).status == 200
            placed.append((workshop, uniqueid))

    failed = []

    def guarded(*arguments):
        try:
            client(*arguments)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(workshop, number))
               for number, workshop in enumerate((bennys, carls, bennys, carls))]
    for thread in threads:
        thread.start()
    files = [path for slug in ("bennys-auto", "carls-cars") for path in logs(daemon, slug)]
    children = daemon.children()
    for turn in range(3):
        count = len(placed)
        until(lambda count=count: len(placed) > count + 20, "orders arrive")
        inodes = [path.stat().st_ino for path in files]
        rotated = rotate(config, tmp_path, "-f")
        assert rotated.returncode == 0 and "error" not in rotated.stderr, rotated.stderr
        assert (tmp_path / "signalled").read_text() == "done\n" * (turn + 1)
        until(lambda inodes=inodes: all(path.exists() and path.stat().st_ino != inode and path.stat().st_size
                                        for path, inode in zip(files, inodes)), "the new files have lines")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failed, failed
    for workshop, uniqueid in placed:
        workshop.wait(uniqueid, "created")
    assert daemon.children() == children
    daemon.stop()
    for slug in ("bennys-auto", "carls-cars"):
        for kind, word in (("api", "POST /create: placed"), ("create_orderline", "processing -> created")):
            parts = sorted((daemon.folder / "log").glob(f"{slug}_{kind}.log*"))
            assert [part.name.removeprefix(f"{slug}_{kind}.log") for part in parts] == ["", ".1", ".2.gz", ".3.gz"]
            text = "".join(subprocess.run(["zcat", "-f", part], capture_output=True, text=True, check=True).stdout
                           for part in parts)
            told = re.findall(r"^[^:]+: \[([^]]+)\] \S+ INFO " + re.escape(word), text, re.M)
            name = {"bennys-auto": bennys, "carls-cars": carls}[slug]
            assert sorted(told) == sorted(uniqueid for workshop, uniqueid in placed if workshop is name)


def test_a_large_log_is_rotated_before_its_day(pair, tmp_path):
    daemon = pair[0]
    config, small = logrotate_files(daemon, tmp_path), logs(daemon, "carls-cars")[0]
    assert rotate(config, tmp_path).returncode == 0  # now each has been rotated today
    for path in logs(daemon):
        os.truncate(path, 51 << 20)
    assert rotate(config, tmp_path).returncode == 0
    assert sorted(path.name for path in (daemon.folder / "log").glob("*.1")) == \
        ["bennys-auto_api.log.1", "bennys-auto_create_orderline.log.1"]
    assert small.exists()


def test_hangup_still_opens_the_logs_again(pair):
    daemon, bennys, _ = pair
    log = daemon.folder / "log" / "bennys-auto_api.log"
    until(log.exists, "the log is there")
    log.rename(log.with_suffix(".1"))
    daemon.process.send_signal(signal.SIGHUP)
    until(log.exists, "it is opened again")
    assert bennys.get("/alive").status == 200
