"""A stand-in for systemd and conf/pumpline-webdriver@.service, for a daemon started by a test: each unit runs our program
with a chromedriver, in its own network and mount namespace. Needs root."""

import os
import subprocess
import tempfile
import threading
from pathlib import Path

ALONE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "unchanged",
         "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
DRIVER = ["chromedriver", "--port=9514", "--log-level=WARNING"]


class Units:
    """`environment` is the daemon's. `asked` lists its requests: ("restart", "bennys-auto")."""

    def __init__(self, folder, program):
        self.folder, self.program = Path(folder), program
        self.scratch = tempfile.TemporaryDirectory()  # a short path: Chromium's and our sockets are below it
        self.run, self.asked, self.running = Path(self.scratch.name) / "run", [], {}
        self.run.mkdir()
        tool = self.folder / "bin" / "systemctl"
        tool.parent.mkdir(parents=True)
        self.fifo = self.folder / "asked"
        os.mkfifo(self.fifo)
        tool.write_text(f'#!/bin/sh\necho "$*" >{self.fifo}\n')
        tool.chmod(0o755)
        self.environment = {"PATH": f"{tool.parent}:{os.environ['PATH']}", "RUNTIME_DIRECTORY": str(self.run),
                            "PUMPLINE_WEBDRIVER_UNIT": "pumpline-webdriver@"}
        self.lock = threading.Lock()
        # Also open for writing, so that reading does not end before stop().
        self.pipe = os.fdopen(os.open(self.fifo, os.O_RDWR), "r")
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        for line in self.pipe:
            words = line.split()
            if words == ["end"]:
                return
            assert words[:2] == ["--no-block", "--quiet"], line
            verb, slug = words[2], words[3].removeprefix("pumpline-webdriver@").removesuffix(".service")
            with self.lock:
                if verb in ("stop", "restart"):
                    self.end(slug)
                if verb in ("start", "restart") and not self.is_up(slug):
                    self.begin(slug)
                self.asked.append((verb, slug))

    def is_up(self, slug):
        return slug in self.running and self.running[slug].poll() is None

    def begin(self, slug):
        with (self.folder / f"{slug}.log").open("ab") as log:
            self.running[slug] = subprocess.Popen(
                [*ALONE, self.program, self.run / "webdriver" / slug / "worker", *DRIVER], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={**os.environ, "TMPDIR": self.scratch.name, "HOME": self.scratch.name})

    def end(self, slug):
        one = self.running.pop(slug, None)
        if one:
            one.kill()
            one.wait()

    def restart(self, slug):
        """Marks the unit as failed."""
        with self.lock:
            self.end(slug)
            self.begin(slug)

    def stop(self):
        self.fifo.write_text("end\n")
        self.thread.join()
        self.pipe.close()
        for slug in list(self.running):
            self.end(slug)
        self.scratch.cleanup()
