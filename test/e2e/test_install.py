"""What cmake --install puts where, and that it leaves alone what an operator has edited."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pumpline import BUILD, Workshop, free_port

pytestmark = pytest.mark.release  # once is enough: it is about what is installed

CONF = Path(__file__).parents[2] / "conf"


def install(tree):
    subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], env={**os.environ, "DESTDIR": str(tree)},
                   capture_output=True, check=True, timeout=120)


def test_edited_files_are_kept(tmp_path):
    install(tmp_path)
    edited = [tmp_path / "etc/pumpline/pumpline.json", tmp_path / "etc/logrotate.d/pumpline"]
    for file in edited:
        assert file.read_text() == (tmp_path / "usr/share/doc/pumpline/examples" / {
            "pumpline.json": "pumpline.json", "pumpline": "pumpline.logrotate"}[file.name]).read_text()
        file.write_text("mine")
    install(tmp_path)
    assert [file.read_text() for file in edited] == ["mine", "mine"]


def test_the_example_works_as_installed(daemon, tmp_path):
    """Its folder is made by systemd-tmpfiles, writable to the unit, and handed over to the workshop's user."""
    document = json.loads((CONF / "workshops.d/bennys-auto.json.example").read_text())
    folder = Path(document["erp"]["folder"])
    assert f"ReadWritePaths=-{folder.parent}\n" in (CONF / "pumplined.service.in").read_text()
    rows = [line.split() for line in (CONF / "pumpline.tmpfiles").read_text().splitlines() if line.startswith("d /srv/")]
    assert [row[1] for row in rows] == [str(folder.parent), str(folder)]
    made = tmp_path / "root" / folder.relative_to("/")
    if os.geteuid() == 0 and shutil.which("systemd-tmpfiles"):
        (tmp_path / "tmpfiles.conf").write_text("".join(" ".join(row) + "\n" for row in rows))
        (tmp_path / "root").mkdir()
        create = ["systemd-tmpfiles", f"--root={tmp_path / 'root'}", "--create", tmp_path / "tmpfiles.conf"]
        subprocess.run(create, check=True, timeout=60)
    else:
        create = ["true"]
        made.mkdir(parents=True)
    port = free_port()
    document.update(listen=f"127.0.0.1:{port}", erp={**document["erp"], "folder": str(made)})
    (daemon.folder / "workshops.d/bennys-auto.json").write_text(json.dumps(document))
    daemon.start()
    shop = Workshop("Bennys Auto", port)
    shop.place("e1")
    shop.wait("e1", "created")
    assert (made / "e1.csv").exists()
    owner = made.stat().st_uid
    subprocess.run(create, check=True, timeout=60)  # at the next boot
    assert made.stat().st_uid == owner and (owner != 0) == (os.geteuid() == 0)
    shop.place("e2")
    shop.wait("e2", "created")


def test_each_shell_finds_its_completion(tmp_path):
    install(tmp_path)
    bash = "/usr/share/bash-completion/completions/pumplinectl"
    assert (tmp_path / bash[1:]).exists()
    for file in ("zsh/vendor-completions/_pumplinectl", "fish/vendor_completions.d/pumplinectl.fish"):
        assert f"bash {bash} " in (tmp_path / "usr/share" / file).read_text()


def test_the_console_is_installed(tmp_path):
    install(tmp_path)
    config = tmp_path / "etc/pumpline-console/console.json"
    assert (tmp_path / "usr/lib/pumpline/pumpline-console").exists() and config.exists()
    subprocess.run([BUILD / "pumpline-console", "-n", "-c", config], capture_output=True, check=True, timeout=60)
    config.write_text("mine")
    install(tmp_path)
    assert config.read_text() == "mine"


def test_the_consoles_unit_is_shut_in(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    install(tmp_path)
    unit = tmp_path / "usr/lib/systemd/system/pumpline-console.service"
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 0 and "Overall exposure level" in done.stdout, done
