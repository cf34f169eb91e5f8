"""conf/container: the image runs in the real podman: pumplined is its first process, delivers an order in its sandbox, reaps
orphans, and ends at SIGTERM; as root with five capabilities, and as an ordinary user with none. The libraries are this machine's:
mmdebstrap's part of build.sh takes minutes."""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from pumpline import BUILD, Workshop, free_port, until

CONTAINER = Path(__file__).parents[2] / "conf/container"
PROGRAMS = ("sbin/pumplined", "bin/pumplinectl", "lib/pumpline/pumpline-worker")
FROM_HERE = ("/bin/sh", "/bin/true", "/usr/bin/sleep")
VERSION = subprocess.run([BUILD / "pumplined", "--version"], capture_output=True, text=True, check=True, timeout=60).stdout.split()[1]
pytestmark = pytest.mark.release


def private(*command, **more):
    """In a view of cgroups that has version 2 alone: crun refuses a mixed one."""
    prepare = "umount -lR /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec \"$@\""
    return subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", prepare, "sh", *command], capture_output=True, text=True,
                          check=False, timeout=300, **more)


def libraries():
    found = {"/lib64/ld-linux-x86-64.so.2"} if Path("/lib64/ld-linux-x86-64.so.2").exists() else set()
    for program in (*(BUILD / Path(one).name for one in PROGRAMS), *FROM_HERE):
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True, timeout=60).stdout
        found |= set(re.findall(r"(/\S+\.so\S*) \(", said))
    return found


class Podman:
    def __init__(self, folder, run):
        """run: podman wants a path of at most 50 characters."""
        self.run = run
        self.options = ["--root", str(folder / "root"), "--runroot", run, "--cgroup-manager", "cgroupfs", "--storage-driver", "vfs"]
        self.folder, self.count = folder, 0

    def __call__(self, *arguments):
        return private("podman", *self.options, *arguments)

    def build(self, user):
        name = f"localhost/pumpline-{user}"
        done = private(CONTAINER / "build.sh", BUILD, name, str(user),
                       env={**os.environ, "PUMPLINE_ROOTFS": str(self.folder / "rootfs.tar"), "PODMAN_OPTIONS": " ".join(self.options)})
        assert done.returncode == 0, done.stdout + done.stderr
        said = self("image", "inspect", name, "--format", '{{.ManifestType}} {{index .Labels "org.opencontainers.image.version"}}')
        assert said.stdout.split() == ["application/vnd.oci.image.manifest.v1+json", VERSION], said.stdout + said.stderr
        return name


@pytest.fixture(scope="module")
def podman(tmp_path_factory):
    if os.geteuid() or not shutil.which("podman"):
        pytest.skip("needs root and podman")
    one = Podman(tmp_path_factory.mktemp("podman"), tempfile.mkdtemp(prefix="podman-"))
    with tarfile.open(one.folder / "rootfs.tar", "w") as tar:
        for link in ("bin", "sbin", "lib", "lib64"):
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{link}"
            tar.addfile(entry)
        for path in sorted({*libraries(), *FROM_HERE}):
            inside = path if path.startswith("/usr") else f"/usr{path}"
            tar.add(os.path.realpath(path), inside.lstrip("/"))
    yield one
    one("rm", "--all", "--force")
    subprocess.run(["umount", "-l", one.folder / "root/vfs"], capture_output=True, check=False)
    shutil.rmtree(one.run, ignore_errors=True)


@pytest.mark.parametrize("user,rights", [
    (0, ["--cap-drop=all", "--cap-add=chown,setuid,setgid,setpcap,kill"]), (40500, ["--cap-drop=all", "--security-opt=no-new-privileges"])])
def test_it_is_the_first_process(podman, user, rights):
    port = free_port()
    started = podman("run", "-d", f"--name=p{user}", "--cgroups=disabled", "--network=host", "--ulimit=nofile=4096:4096", "--ulimit=nproc=1000:1000",
                     "--tmpfs=/run/pumpline:mode=0777,size=1m", "--health-cmd=pumplinectl status", "--health-interval=disable", *rights, podman.build(user))
    if "OCI" in started.stderr:
        pytest.skip(f"podman cannot run a container here: {started.stderr.strip().splitlines()[-1]}")
    assert started.returncode == 0, started.stderr

    def inside(script):
        return podman("exec", f"p{user}", "sh", "-c", script)

    until(lambda: podman("healthcheck", "run", f"p{user}").returncode == 0, "the health check passes")
    document = f'{{"workshop": "Bennys Auto", "listen": "127.0.0.1:{port}", "erp": {{"system": "file", "folder": "/srv/pumpline"}}}}'
    added = inside(f"echo '{document}' > /run/pumpline/b.json && pumplinectl add /run/pumpline/b.json")
    assert added.returncode == 0, added.stdout + added.stderr
    shop = Workshop("Bennys Auto", port)
    until(shop.up, "it serves")
    shop.place("oil")
    shop.wait("oil", "created")
    inside("(sh -c 'exit 0' & exec sleep 0.1) & exit 0")
    until(lambda: "\nZ\n" not in inside("for p in /proc/[0-9]*; do read -r a b c d < $p/stat && echo $c; done; echo").stdout, "orphans are reaped")
    assert podman("stop", "-t", "60", f"p{user}").returncode == 0
    assert podman("inspect", f"p{user}", "--format", "{{.State.ExitCode}}").stdout.strip() == "0"
    log = podman("logs", f"p{user}").stderr
    assert "sandbox required: uid " + str(user or 40000) in log and "seccomp" in log and log.rstrip().endswith("stopped"), log
