"""conf/rsyslog and conf/logcheck: the lines of a real daemon, as the journal has them, through the real rsyslogd; what logcheck's
grep leaves of them is what a person should read."""

import re
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from pumpline import free_port, until

CONF = Path(__file__).parents[2] / "conf"
pytestmark = pytest.mark.skipif(not shutil.which("rsyslogd"), reason="rsyslog is not installed")
FORGED = "x] 2026-11-29T11:00:00.000Z INFO POST /create: placed"  # a uniqueid that looks like a routine line


@pytest.fixture
def lines(daemon, monkeypatch):
    """As systemd gets them: <SEVERITY>WORKSHOP: …"""
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    bennys = daemon.add_file()
    daemon.start()
    for uniqueid in ("u-1", FORGED):
        bennys.place(uniqueid)
        bennys.wait(uniqueid, "created")
        assert bennys.create(uniqueid, amount="6").status == 409
    daemon.stop()
    return daemon.log.read_text().splitlines()


class LogServer:
    """Takes lines over TCP."""

    def __init__(self):
        self.port, self.text = free_port(), b""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
                while (piece := connection.recv(65536)):
                    self.text += piece
            except OSError:
                return


@pytest.fixture
def written(lines, tmp_path):
    """The file that rsyslogd writes, and what the log server got."""
    example = (CONF / "rsyslog/pumpline.conf").read_text()
    server, file, inlet = LogServer(), tmp_path / "pumplined.log", tmp_path / "inlet"
    for old, new in {"/var/log/pumplined.log": str(file), 'target="logs.example.com" port="514"': f'target="127.0.0.1" port="{server.port}"',
                     ' fileOwner="root" fileGroup="adm"': ""}.items():
        assert old in example
        example = example.replace(old, new)
    (tmp_path / "rsyslog.conf").write_text(
        f'global(workDirectory="{tmp_path}")\nmodule(load="imuxsock" SysSock.Use="off")\n'
        f'input(type="imuxsock" Socket="{inlet}" RateLimit.Interval="0")\n{example}'
        f'action(type="omfile" file="{tmp_path}/others.log")\n')
    check = subprocess.run(["rsyslogd", "-N1", "-f", tmp_path / "rsyslog.conf"], capture_output=True, text=True, check=False, timeout=60)
    assert check.returncode == 0, check.stderr
    process = subprocess.Popen(["rsyslogd", "-n", "-f", tmp_path / "rsyslog.conf", "-i", tmp_path / "pid"])
    try:
        until(inlet.exists, "rsyslogd listens")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            for line in [*lines, "<6>last"]:
                severity, text = re.fullmatch(r"<(\d)>(.*)", line).groups()
                sender.sendto(f"<{3 * 8 + int(severity)}>Nov 29 11:00:00 {'other' if text == 'last' else 'pumplined'}[71]: {text}".encode(), str(inlet))
        until(lambda: file.exists() and len(file.read_text().splitlines()) == len(lines), "all are written")
        warnings = [line for line in lines if line[1] <= "4"]
        until(lambda: server.text.count(b"\n") == len(warnings), "the server has the warnings")
        until((tmp_path / "others.log").exists, "others go elsewhere")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        server.listener.close()
    return file.read_text(), server.text.decode()


def test_what_a_person_should_read(lines, written):
    file, sent = written
    said = [line[3:] for line in lines]
    assert [line.split("pumplined[71]: ", 1)[1] for line in file.splitlines()] == said
    warnings = [line for line in said if " WARNING " in line]
    assert len(warnings) == 2 and all(line in sent for line in warnings) and " INFO stopped" not in sent
    left = subprocess.run(["grep", "-E", "--text", "-v", "-f", CONF / "logcheck/pumpline"], input=file, capture_output=True, text=True,
                          check=False, timeout=60).stdout.splitlines()
    left = [line.split("pumplined[71]: ", 1)[1] for line in left]
    assert set(warnings) <= set(left)
    keys = [line for line in left if "created a new master key" in line]  # the old one may be lost
    assert len(keys) == 1 and all(line in warnings or FORGED in line or line in keys for line in left), left
    assert all(re.match(r"\^.*\$$", rule) for rule in (CONF / "logcheck/pumpline").read_text().splitlines())
