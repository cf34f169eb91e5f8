"""The examples for nginx and caddy, in the real programs, with TLS."""

import gzip
import http.client
import json
import os
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from console import PASSWORD, Console, FakeDaemon
from pumpline import DEADLINE_S, free_port, until

CONF = Path(__file__).parents[2] / "conf"
NAME = "console.example.com"


def found(program):
    return shutil.which(program) or shutil.which(program, path="/usr/sbin")


class Proxy:
    """The example as it is, but for paths, the port and the certificate."""

    def __init__(self, folder, upstream):
        self.folder, self.port = folder, free_port()
        folder.mkdir(mode=0o755)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
                        "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True, timeout=120)
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(upstream), stdout=log, stderr=log,
                                            env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)})
        until(self.answers, "it answers")

    def connection(self):
        connection = http.client.HTTPSConnection(NAME, timeout=DEADLINE_S, context=ssl.create_default_context(cafile=str(self.folder / "cert.pem")))
        connection._create_connection = lambda *_, **__: __import__("socket").create_connection(("127.0.0.1", self.port), DEADLINE_S)
        return connection

    def call(self, method, path, body=None, **headers):
        connection = self.connection()
        headers = {"Origin": f"https://{NAME}", "Content-Type": "application/json", **headers}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = connection.getresponse()
        data = reply.read()
        return reply.status, reply.headers, json.loads(gzip.decompress(data) if reply.headers["Content-Encoding"] == "gzip" else data or b"{}")

    def answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return self.call("GET", "/api/me")[0] == 401
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE_S)


class Nginx(Proxy):
    def command(self, upstream):
        folder = self.folder
        site = (CONF / "nginx-console.conf").read_text().replace("listen 443", f"listen 127.0.0.1:{self.port}").replace("/run/pumpline-console/http.sock", str(upstream))
        site = site.replace("/etc/ssl/console.example.com.pem", str(folder / "cert.pem")).replace("/etc/ssl/private/console.example.com.key", str(folder / "key.pem"))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;"
                                           f"events {{}} http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;"
                                           f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{site}\n}}")
        return [found("nginx"), "-c", folder / "nginx.conf", "-e", folder / "log"]


class Caddy(Proxy):
    def command(self, upstream):
        site = (CONF / "Caddyfile-console").read_text().replace("/run/pumpline-console/http.sock", str(upstream))
        site = site.replace(f"{NAME} {{", f"{NAME}:{self.port} {{\n\tbind 127.0.0.1\n\ttls {self.folder}/cert.pem {self.folder}/key.pem")
        (self.folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + site)
        return [found("caddy"), "run", "--config", self.folder / "Caddyfile", "--adapter", "caddyfile"]


@pytest.mark.parametrize("kind", [Nginx, Caddy])
def test_the_example(kind, tmp_path):
    if not found(kind.__name__.lower()):
        pytest.skip(f"{kind.__name__.lower()} is not installed")
    fake = FakeDaemon(tmp_path / "control.sock").start()
    upstream = tmp_path / "http.sock"
    console = Console(tmp_path / "console", fake.path, listen=str(upstream), behind_proxy=True, origins=[f"https://{NAME}"])
    console.add("ann", "reader")
    console.add("bob", "admin")
    console.start()
    proxy = kind(tmp_path / "proxy", upstream)
    try:
        status, headers, _ = proxy.call("POST", "/api/login", {"name": "ann", "password": PASSWORD})
        cookie = headers["Set-Cookie"].split(";")[0]
        assert status == 200 and headers["Strict-Transport-Security"]
        assert proxy.call("GET", "/api/health", Cookie=cookie)[0] == 200
        admin = proxy.call("POST", "/api/login", {"name": "bob", "password": PASSWORD})[1]["Set-Cookie"].split(";")[0]
        # Lists are compressed; a version names the same afterwards, whatever that does to the ETag.
        status, headers, body = proxy.call("GET", "/api/health", Cookie=cookie, **{"Accept-Encoding": "gzip"})
        assert status == 200 and headers["Content-Encoding"] == "gzip" and len(body["integrations"]) == 2
        fake.integrations["bennys-auto"]["worker_text"] = "long " * 200
        headers = proxy.call("GET", "/api/workshops/bennys-auto", Cookie=admin, **{"Accept-Encoding": "gzip"})[1]
        assert headers["Content-Encoding"] == "gzip"
        assert proxy.call("PUT", "/api/workshops/bennys-auto", {}, Cookie=admin, **{"If-Match": headers["Pumpline-Version"]})[0] == 200
        assert fake.seen[-1]["if_match"] == '"7"'
        # A client's own fields count for nothing, and neither does another origin.
        assert proxy.call("GET", "/api/me", **{"Remote-User": "ann"})[0] == 401
        assert proxy.call("POST", "/api/logout", {}, Cookie=cookie, Origin="https://evil.example")[0] == 403
        for i in range(8):
            proxy.call("POST", "/api/login", {"name": f"name-{i}", "password": "guess"}, **{"X-Forwarded-For": f"192.0.2.{i}"})
        assert proxy.call("POST", "/api/login", {"name": "ann", "password": PASSWORD})[0] == 429  # one address, whatever it claims
        connection = proxy.connection()
        connection.request("GET", "/api/events", headers={"Cookie": cookie})
        assert connection.getresponse().readline() == b"event: reset\n"  # at once: nothing holds events back
        connection.close()
    finally:
        proxy.stop()
        console.stop()
        fake.stop()
