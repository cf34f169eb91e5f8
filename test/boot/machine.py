"""A Debian of its own with Pumpline installed in it: made by mmdebstrap, booted by systemd-nspawn, spoken to through its
first process. Knows nothing of what is tested."""

import contextlib
import ctypes
import http.client
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from browser import ONE_RENDERER, SHELL
from pumpline import DEADLINE_S, Reply, UnixConnection, Workshop, call, children_of, command_of, until

PACKAGES = ("systemd-sysv", "ca-certificates", "libcurl4", "libevent-core-2.1-7", "libevent-extra-2.1-7", "libjansson4",
            "liblmdb0", "libseccomp2", "libsodium23", "libutf8proc2", "libxml2", "logrotate", "curl")
BROWSER_PACKAGES = ("chromium", "chromium-driver", *(["chromium-headless-shell"] if SHELL else []))
# `erp.browser` where it is not about the browser itself; all of Chromium where the other is not installed.
HEADLESS = {"binary": SHELL, "arguments": ONE_RENDERER} if SHELL else {}
UNREAD = ("doc", "locale", "man")  # of /usr/share: thousands of files
# Those of the sandbox, which nspawn refuses otherwise.
SYSTEM_CALLS = "landlock_create_ruleset landlock_add_rule landlock_restrict_self memfd_secret"
REBOOTED = 133  # nspawn's exit status for it with --keep-unit
CONFIG = "etc/pumpline"
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


def output(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def codename():
    lines = Path("/etc/os-release").read_text().splitlines()
    return next(line.split("=", 1)[1] for line in lines if line.startswith("VERSION_CODENAME="))


def mirror():
    """Where apt here takes its packages from; empty where it knows none."""
    found = output("apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)",
                   "Created-By: Packages").splitlines()
    return next((line.split()[2] for line in found if line.split()[:2] == [codename(), "main"]), "")


def why_not():
    """What is missing here for a boot; empty: nothing."""
    if os.geteuid():
        return "needs root"
    for tool in ("mmdebstrap", "systemd-nspawn", "nsenter"):
        if not shutil.which(tool):
            return f"needs {tool}"
    attempt = subprocess.run(["unshare", "-mpnuif", "true"], capture_output=True, text=True, check=False)
    if attempt.returncode:
        return f"needs namespaces: {attempt.stderr.strip()}"
    try:
        Cgroup("pumpline-boot-probe").remove()
    except OSError as error:
        return f"needs cgroups: {error}"
    asked = subprocess.run(["curl", "-sSfL", "--max-time", "60", "-o", "/dev/null",
                            f"{mirror()}dists/{codename()}/InRelease"], capture_output=True, text=True, check=False)
    return f"needs the mirror of apt's sources: {asked.stderr.strip()}" if asked.returncode else ""


class Cgroup:
    """A cgroup for the container in each hierarchy that systemd uses, so that nspawn leaves nothing in ours; and in
    that of memory, where it is one by itself: systemd inside may not use it, and a test can limit what it likes."""

    def __init__(self, name):
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
        self.folders = [Path(mount[1]) / name for mount in mounts
                        if mount[2] == "cgroup2" or
                        (mount[2] == "cgroup" and {"name=systemd", "memory"} & set(mount[3].split(",")))]
        for folder in self.folders:
            folder.mkdir(exist_ok=True)

    def memory(self):
        """Its folder in the hierarchy of memory, if there is one."""
        return next((folder for folder in self.folders if (folder / "memory.limit_in_bytes").exists()), None)

    def enter(self):
        for folder in self.folders:
            (folder / "cgroup.procs").write_text("0")

    def remove(self):
        for folder in self.folders:
            for path, _, _ in os.walk(folder, topdown=False):
                os.rmdir(path)


@contextlib.contextmanager
def in_network_of(pid):
    """This thread's new sockets are the container's."""
    with open("/proc/thread-self/ns/net") as ours, open(f"/proc/{pid}/ns/net") as theirs:
        assert libc.setns(theirs.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert libc.setns(ours.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


class InsideConnection(http.client.HTTPConnection):
    def __init__(self, machine, port):
        super().__init__("127.0.0.1", port, timeout=DEADLINE_S)
        self.machine = machine

    def connect(self):
        with in_network_of(self.machine.leader):
            super().connect()


class InsideWorkshop(Workshop):
    """A workshop of the file driver, as uid."""

    def __init__(self, machine, slug, name, port, uid):
        super().__init__(name, port)
        self.machine, self.slug, self.uid = machine, slug, uid
        self.lines = machine.tree / "srv" / slug

    def document(self, **more):
        return {"workshop": self.name, "listen": f"127.0.0.1:{self.port}", "retry": {"first_s": 0.05, "max_s": 1},
                "erp": {"system": "file", "folder": f"/srv/{self.slug}", "format": "json"}, **more}

    def call(self, method, target, body=None, headers=None):
        return call(InsideConnection(self.machine, self.port), method, target, body, headers)

    def lines_of(self, uniqueid):
        return [path for path in self.lines.iterdir() if json.loads(path.read_text())["uniqueid"] == uniqueid]


class Machine:
    def __init__(self, folder):
        self.tree, self.console = folder / "tree", folder / "console.log"
        self.process = self.leader = self.cgroup = None

    # Before it runs.

    def bootstrap(self):
        # /proc is mounted in the tree: in a namespace of its own, so that nothing is left mounted where it is killed.
        attempt = subprocess.run(["unshare", "-m", "mmdebstrap", "--mode=root", "--variant=minbase",
                                  f"--include={','.join(PACKAGES)}", "--dpkgopt=force-unsafe-io", codename(), self.tree,
                                  mirror()],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert attempt.returncode == 0, attempt.stdout[-2000:]

    def copy_packages(self, *packages):
        """These and what they depend on, as files of the machine that runs the tests: much less work than to install them.
        The package manager in the tree does not know of them."""
        plan = output("apt-get", "-sqy", "--no-install-recommends", "-o", f"Dir::State::status={self.tree}/var/lib/dpkg/status",
                      "-o", f"Dir::State::extended_states={self.tree}/var/lib/apt/extended_states", "install", *packages)
        needed = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
        assert set(packages) <= set(needed), plan
        unread = tuple(f"/usr/share/{name}/" for name in UNREAD)
        files = [line for line in output("dpkg-query", "-L", *needed).splitlines() if line.startswith("/") and
                 not line.startswith(unread) and (os.path.islink(line) or not os.path.isdir(line))]
        subprocess.run(["xargs", "-d", "\n", "cp", "-dp", "--parents", "-t", self.tree], input="\n".join(files), cwd="/",
                       check=True, text=True)
        output("chroot", self.tree, "ldconfig")

    def take(self, package):
        """Its path in the machine."""
        (self.tree / "opt").mkdir(exist_ok=True)
        shutil.copy(package, self.tree / "opt")
        return f"/opt/{package.name}"

    def install(self, package):
        """Before the first boot. Its machine-id tells systemd that this is no first boot, at which it would enable whatever it
        finds."""
        output("unshare", "-m", "sh", "-c", 'mount -t proc proc "$1/proc" && exec chroot "$1" dpkg -i "$2"', "sh", self.tree,
               self.take(package))
        (self.tree / "etc/machine-id").write_text("5eed" * 8 + "\n")

    def write(self, path, text, mode=0o644):
        path = self.tree / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def shop(self, slug, name, port, uid=0):
        """Its ERP is the folder /srv/SLUG, which is uid's alone."""
        workshop = InsideWorkshop(self, slug, name, port, uid)
        workshop.lines.mkdir(0o700, exist_ok=True)
        os.chown(workshop.lines, uid, uid)
        return workshop

    def configure(self, slug, name, port, uid, **more):
        """The workshop's own file."""
        workshop = self.shop(slug, name, port, uid)
        self.write(f"{CONFIG}/workshops.d/{slug}.json", json.dumps(workshop.document(**more)), 0o600)
        return workshop

    # Its life.

    def start(self):
        self.cgroup = Cgroup(f"pumpline-boot-{os.getpid()}")
        with open(self.console, "ab") as console:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "-D", self.tree, "-b", "--register=no", "--keep-unit", "--private-network",
                 f"--system-call-filter={SYSTEM_CALLS}"], stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                start_new_session=True, preexec_fn=self.cgroup.enter)
        self.leader = until(self.find_leader, "the container's first process")

    def find_leader(self):
        assert self.process.poll() is None, self.console.read_text(errors="replace")
        return next((pid for pid in children_of(self.process.pid) if command_of(pid) == "systemd"), None)

    def ended(self):
        """Waits for the container's end, and gives nspawn's exit status."""
        status = self.process.wait(DEADLINE_S)
        self.leader = None
        self.cgroup.remove()
        return status

    def power_cut(self):
        """All of it dies at once."""
        os.kill(self.leader, signal.SIGKILL)
        return self.ended()

    def remove(self):
        if self.process and self.process.poll() is None:
            os.kill(self.leader or self.process.pid, signal.SIGKILL)
            self.ended()

    # While it runs.

    def attempt(self, *command, user=None, inside=None, stdin=None):
        """As user, a name or a number, and with the files that the process `inside` (its number out here) sees."""
        groups = "--clear-groups" if isinstance(user, int) else "--init-groups"
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", groups] if user else []
        return subprocess.run(["nsenter", "-t", str(inside or self.leader), "-a", *become, *command],
                              capture_output=True, text=True, check=False, timeout=DEADLINE_S, input=stdin)

    def run(self, *command, **more):
        done = self.attempt(*command, **more)
        assert done.returncode == 0, f"{command}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stdout

    def show(self, name, unit="pumplined.service"):
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def journal(self, boot=0):
        text = self.run("journalctl", "--no-pager", "-b", str(boot), "-o", "json", "-u", "pumplined.service")
        return [json.loads(line) for line in text.splitlines()]

    def last_words(self):
        if not self.leader:
            return self.console.read_text(errors="replace")[-4000:]
        return self.attempt("journalctl", "--no-pager", "-n", "60", "-o", "short-monotonic").stdout

    def control(self, method, target) -> Reply:
        socket_path = f"/proc/{self.leader}/root/run/pumpline/control.sock"
        return call(UnixConnection(socket_path, DEADLINE_S), method, target)

    def integrations(self):
        """By slug; empty where the daemon does not answer."""
        try:
            return {one["slug"]: one for one in self.control("GET", "/health").json["integrations"]}
        except OSError:
            return {}

    def serves(self):
        """The integrations, once all of them run."""
        found = self.integrations()
        return found if found and all(one["process"] == "running" for one in found.values()) else None

    def workers(self):
        """Each workshop's process, by its number in there. The process of a connection test, which may end after the reply, is
        not among them."""
        return {one["slug"]: one["pid"] for one in self.control("GET", "/health").json["integrations"]}

    def members(self, unit):
        """All processes of its cgroup, by their numbers out here. One that is being removed has none (ENOENT, ENODEV), and
        os.walk goes on where a folder is removed while it looks, which rglob does not."""
        found = set()
        for folder in self.cgroup.folders:
            for path in (Path(path) for path, _, _ in os.walk(folder)):
                if path.name == unit:
                    with contextlib.suppress(OSError):
                        found |= {int(pid) for pid in (path / "cgroup.procs").read_text().split()}
        return found

    def processes(self, name="pumpline-worker"):
        """Of the service, by their numbers out here."""
        return {pid for pid in self.members("pumplined.service") if command_of(pid) == name}

    def worker_uids(self):
        return {os.stat(f"/proc/{pid}").st_uid for pid in self.processes()}

    def daemon_pid(self):
        return until(lambda: self.processes("pumplined"), "the daemon is there").pop()
