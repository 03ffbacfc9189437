"""The gateway under test: the real binary with a configuration written for the occasion."""

import http.client
import json
import os
import re
import socket
from pathlib import Path

from .process import Process
from .waiting import wait_until

LISTENING = re.compile(r"listening on (.*); \d+ workers?, event loop (\w+)")
ADMIN = re.compile(r"admin on (\S+)")
COMPLAINTS = re.compile(r"Sanitizer|runtime error:|terminate called|Assertion")


def binary():
    return os.environ["SLUICE_E2E_BINARY"]


def event_loop():
    """The loop that this run of the tests is about."""
    return os.environ.get("SLUICE_E2E_LOOP", "auto")


def sanitized():
    """True when memory figures and speed are those of a sanitizer, not of the gateway."""
    return b"__asan_init" in Path(binary()).read_bytes()


def configuration(upstreams=None, routes=None, listener=None, **rest):
    """A configuration: one listener on a port that the system chooses, an admin listener, two workers."""
    whole = {
        "workers": 2,
        "event_loop": event_loop(),
        "listeners": [{"name": "main", "address": "127.0.0.1:0", **(listener or {})}],
        "upstreams": upstreams or {},
        "routes": routes or [{"upstream": next(iter(upstreams))}],
        "admin": {"address": "127.0.0.1:0"},
        "shutdown": {"drain": "5s"},
    }
    whole.update(rest)
    whole["shutdown"].setdefault("grace", "0s")  # no test waits for late clients unless it is about them
    return {key: value for key, value in whole.items() if value is not None}


class Gateway(Process):
    """Serves once the constructor is through."""

    def __init__(self, config, folder, name="sluice", limits=None):
        self.config_path = Path(folder) / f"{name}.yaml"
        self.access_log_path = Path(folder) / f"{name}.access.log"
        config.setdefault("access_log", {"output": str(self.access_log_path)})
        self.config_path.write_text(json.dumps(config, indent=1))  # JSON is YAML
        super().__init__(name, [binary(), "run", "-c", self.config_path], folder, limits)
        match = self.await_text(LISTENING, self.err)
        self.addresses = match[1].split(", ")
        self.event_loop = match[2]
        self.admin_address = self.await_text(ADMIN, self.err)[1] if "admin" in config else None

    @property
    def address(self):
        """Host and port of the first listener."""
        return host_port(self.addresses[0])

    @property
    def url(self):
        return "http://" + self.addresses[0]

    def admin(self, path):
        """Status and body of an admin page."""
        connection = http.client.HTTPConnection(*host_port(self.admin_address), timeout=30)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def upstream(self, name):
        """What /upstreams says of one upstream."""
        status, body = self.admin("/upstreams")
        assert status == 200, body
        return next(one for one in json.loads(body) if one["name"] == name)

    def access_log(self):
        """Every line that is complete by now, parsed."""
        text = self.access_log_path.read_bytes().decode()
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def await_access(self, claim, what="an access log line"):
        """The first line of the access log for which `claim` holds."""
        return wait_until(lambda: next((line for line in self.access_log() if claim(line)), None), what)

    def accepts(self):
        """True while connections to the first listener are accepted."""
        try:
            socket.create_connection(self.address, timeout=5).close()
            return True
        except OSError:
            return False

    def end_cleanly(self):
        """Stops it and holds it to an exit without complaint."""
        code = self.stop()
        complaint = COMPLAINTS.search(self.err())
        assert not complaint, f"{self.name} complained:\n{self.err()[-6000:]}"
        assert code == 0, f"{self.name} ended with {code}:\n{self.err()[-6000:]}"


def host_port(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
