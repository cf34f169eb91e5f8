"""What the supervisor and pumplinectl do with what a worker says that was taken over: test/hostile/liar.py is the worker,
and does what its workshop's slug says."""

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest

from pumpline import BUILD, Daemon
from test_sandbox import programs

LIAR = Path(__file__).parents[1] / "hostile" / "liar.py"


@contextlib.contextmanager
def lying(folder, *slugs, **config):
    """A daemon whose workers lie."""
    folder.chmod(0o711)
    daemon = Daemon(folder / "pumpline")
    daemon.program = programs(folder / "programs", LIAR)
    daemon.write_config(**config)
    for slug in slugs:
        daemon.add_file(slug, slug)
    daemon.folder.chmod(0o711)
    try:
        yield daemon.start()
        daemon.stop()
    finally:
        if daemon.process and daemon.process.poll() is None:
            daemon.kill()


# --- a copy of the queue that is none


def victim(daemon):
    """Root's, which the worker may not read. It can name it all the same."""
    path = daemon.folder / "victim"
    path.write_text("secret")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("slug", ["backup-path", "backup-up", "backup-soft", "backup-hard", "backup-pipe", "backup-folder"])
def test_a_backup_copies_and_removes_nothing_else(tmp_path, slug):
    with lying(tmp_path, slug) as daemon:
        path = victim(daemon)
        other = daemon.folder / "state" / "queues" / slug / "other"  # has another name, as one that is linked to has
        other.write_text("x")
        shutil.chown(other, *[other.parent.stat().st_uid] * 2)
        done = subprocess.run([BUILD / "pumplinectl", "--socket", daemon.socket, "backup", slug, tmp_path / "copy"],
                              capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1, done.stderr
        assert path.read_text() == "secret" and not (tmp_path / "copy").exists()
        assert "no plain file of the queue's user" in done.stderr or "did not name a copy" in done.stderr \
            or "Too many levels of symbolic links" in done.stderr
