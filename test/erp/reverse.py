"""nginx in front of an ERP: HTTP/2, and the ways a reverse proxy loses a reply."""

import os
import signal
import subprocess
import time
from pathlib import Path

import formshop
from browser import POLL_S, START_TIMEOUT_S, state_and_parent

CONFIGURATION = """\
daemon off;
{user}
worker_processes 1;
worker_shutdown_timeout 1s;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port}{listen};
        {certificate}
        {more}
        location / {{
            proxy_pass http://127.0.0.1:{behind};
        }}
        location @nothing {{ return 444; }}
    }}
}}
"""
IMPATIENT = "proxy_read_timeout 1s;"
# 444: nginx closes without a reply, whatever the ERP has stored.
SILENT = "error_page 502 504 = @nothing; proxy_intercept_errors on;"


class Nginx:
    """With tls: HTTPS with HTTP/2. `more`: additional lines of the server's configuration."""

    def __init__(self, folder, port, behind, tls=False, http2=False, more=""):
        self.folder, self.port = Path(folder), port
        self.folder.mkdir(parents=True)
        crt, key = formshop.certificate(self.folder) if tls else ("", "")
        self.configuration = {
            "user": "user root;" if os.geteuid() == 0 else "", "folder": self.folder, "port": port, "behind": behind,
            "listen": (" ssl" if tls else "") + (" http2" if http2 else ""),
            "certificate": f"ssl_certificate {crt}; ssl_certificate_key {key};" if tls else ""}
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{port}/shop/"
        self.write(more)
        self.process = subprocess.Popen(["nginx", "-c", self.folder / "nginx.conf", "-p", self.folder],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.worker()

    def write(self, more):
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(more=more, **self.configuration))

    def worker(self):
        """The pid of the worker process, which has the connections."""
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            alive = [int(pid) for pid in children if (state_and_parent(pid) or "Z")[0] != "Z"]
            if len(alive) == 1:
                return alive[0]
            time.sleep(POLL_S)
        raise RuntimeError(f"nginx did not start: {(self.folder / 'error.log').read_text()[-2000:]}")

    def kill_worker(self):
        """Its master starts a new one."""
        os.kill(self.worker(), signal.SIGKILL)

    def behave(self, more=""):
        """Applies from the next connection."""
        before = self.worker()
        self.write(more)
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + START_TIMEOUT_S
        while self.worker() == before and time.monotonic() < end:
            time.sleep(POLL_S)

    def stop(self):
        self.process.terminate()
        self.process.wait()
