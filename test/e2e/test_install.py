"""What cmake --install puts where, and that it leaves alone what an operator has edited."""

import os
import subprocess

from pumpline import BUILD


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


def test_each_shell_finds_its_completion(tmp_path):
    install(tmp_path)
    bash = "/usr/share/bash-completion/completions/pumplinectl"
    assert (tmp_path / bash[1:]).exists()
    for file in ("zsh/vendor-completions/_pumplinectl", "fish/vendor_completions.d/pumplinectl.fish"):
        assert f"bash {bash} " in (tmp_path / "usr/share" / file).read_text()
