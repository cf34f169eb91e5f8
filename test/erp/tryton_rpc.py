"""Tryton's calls (JSON-RPC over HTTP), as one of its users."""

import base64
import http.client
import json
import urllib.parse
from decimal import Decimal


class RpcError(Exception):
    """Tryton refused a call: `status` is the HTTP status, `error` comes from the reply."""

    def __init__(self, status, error):
        super().__init__(f"{status} {error}")
        self.status = status
        self.error = error


def exact(text):
    """A JSON number as a plain decimal: "5.0" is "5", "1e-06" is "0.000001". Tryton's floats are read as text so that no
    digit is lost."""
    number = Decimal(text)
    return format(number.normalize() if number else Decimal(0), "f")


def decode(value):
    if value.get("__class__") == "Decimal":
        return Decimal(value["decimal"])
    return value


class Rpc:
    """One user's session; it logs in automatically, and again after a 401.

    It shares no code with the driver, so that each checks the other.
    """

    TIMEOUT_S = 180

    def __init__(self, url, login, password):
        self.url = urllib.parse.urlsplit(url)
        self.login = login
        self.password = password
        self.session = None
        self.context = {}

    def call(self, method, *params):
        if self.session is None:
            self._log_in()
        try:
            return self._post(method, [*params, self.context])
        except RpcError as error:
            if error.status != http.client.UNAUTHORIZED:
                raise
        self._log_in()
        return self._post(method, [*params, self.context])

    def search_read(self, model, domain, fields, order=None):
        method = f"model.{model}.search_read"
        return self.call(method, domain, 0, None, order, fields)

    def _log_in(self):
        self.session = None
        user, key = self._post(
            "common.db.login", [self.login, {"password": self.password}, "en"])
        token = base64.b64encode(f"{self.login}:{user}:{key}".encode())
        self.session = token.decode()
        self.context = self._post(
            "model.res.user.get_preferences", [True, {}])

    def _post(self, method, params):
        headers = {"Content-Type": "application/json"}
        if self.session:
            headers["Authorization"] = f"Session {self.session}"
        body = json.dumps({"id": 1, "method": method, "params": params})
        status, text = self._exchange(body, headers)
        if status != http.client.OK:
            raise RpcError(status, text)
        reply = json.loads(text, parse_float=exact, object_hook=decode)
        if "error" in reply:
            raise RpcError(status, reply["error"])
        return reply["result"]

    def _exchange(self, body, headers):
        connection = http.client.HTTPConnection(
            self.url.hostname, self.url.port, timeout=self.TIMEOUT_S)
        try:
            connection.request("POST", self.url.path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()
