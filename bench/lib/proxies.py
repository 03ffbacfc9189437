"""The proxies under test: how each is configured, started, and found again."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import processes

CONFIGS = Path(__file__).resolve().parent.parent / "configs"

# Of one self-signed certificate for all; setup.make_certificate() makes them.
PEM_FILES = {"CERTIFICATE": "tls.crt", "PRIVATE_KEY": "tls.key", "KEY_PAIR": "tls.pem"}

# One ticket a full handshake, as the others send, for a proxy that has no setting for it.
ONE_TICKET = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = default
[default]
NumTickets = 1
"""


class StartError(Exception):
    """A proxy that could not be started, with its own words."""


class Proxy:
    """One proxy in front of the origins, with one worker, pinned to a core."""

    h2_origins = False  # whether it speaks HTTP/2 to an origin

    def __init__(self, name, program, template):
        self.name = name
        self.program = program
        self.template = template
        self.child = None
        self.port = None
        self.tls_port = None

    def version(self):
        raise NotImplementedError

    def command(self, config):
        raise NotImplementedError

    def values(self, directory, logs):
        """What this proxy's template wants besides PORT, TLS_PORT, the origins' ports, DIR and the PEM files
        CERTIFICATE, PRIVATE_KEY and KEY_PAIR (both in one)."""
        raise NotImplementedError

    def environment(self, directory):
        """What its environment says besides ours."""
        return {}

    def start(self, directory, origin_ports, core, logs):
        """Starts it and waits until it accepts. `origin_ports` by their names in templates. Raises StartError."""
        pem = {name: Path(directory) / file for name, file in PEM_FILES.items()}
        directory = Path(directory) / self.name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self.port, self.tls_port = processes.free_port(), processes.free_port()
        values = {"PORT": self.port, "TLS_PORT": self.tls_port, "DIR": directory}
        values |= origin_ports | pem | self.values(directory, logs)
        config = directory / self.template
        config.write_text(fill((CONFIGS / self.template).read_text(encoding="utf-8"), values), encoding="utf-8")
        with open(directory / "stdout", "wb") as out, open(directory / "stderr", "wb") as err:
            environment = os.environ | self.environment(directory)
            self.child = processes.start(self.command(config), core, stdout=out, stderr=err, env=environment)
        if not processes.await_port(self.port, self.child):
            self.stop()
            words = (directory / "stderr").read_text(errors="replace").strip().splitlines()
            raise StartError(f"{self.name} does not start: {words[-1] if words else 'no word why'}")

    def stop(self):
        if self.child is not None:
            processes.stop(self.child)
        self.child = None

    def pids(self):
        return processes.tree(self.child.pid)


class Nginx(Proxy):
    def __init__(self):
        super().__init__("nginx", shutil.which("nginx", path=SYSTEM_PATH), "nginx.conf")

    def version(self):
        return first_line([self.program, "-v"])

    def command(self, config):
        return [self.program, "-e", config.parent / "error.log", "-p", config.parent, "-c", config]

    def values(self, directory, logs):
        return {"ACCESS_LOG": f"{directory}/access.log line buffer=64k flush=1s" if logs else "off"}


class Haproxy(Proxy):
    h2_origins = True

    def __init__(self):
        super().__init__("haproxy", shutil.which("haproxy", path=SYSTEM_PATH), "haproxy.cfg")

    def version(self):
        return first_line([self.program, "-v"])

    def command(self, config):
        return [self.program, "-db", "-f", config]

    def values(self, directory, logs):
        # It cannot log to a file by itself; standard output, which is a file here, is its cheapest way there.
        return {
            "LOG_TARGET": "log stdout len 4096 format raw local0" if logs else "",
            "LOG_SWITCH": "log global\n    option httplog" if logs else "",
        }

    def environment(self, directory):
        file = directory / "openssl.cnf"
        file.write_text(ONE_TICKET, encoding="utf-8")
        return {"OPENSSL_CONF": str(file)}


class Nghttpx(Proxy):
    h2_origins = True

    def __init__(self):
        super().__init__("nghttpx", shutil.which("nghttpx", path=SYSTEM_PATH), "nghttpx.conf")

    def version(self):
        return first_line([self.program, "--version"])

    def command(self, config):
        return [self.program, f"--conf={config}"]

    def values(self, directory, logs):
        return {"ACCESS_LOG": f"accesslog-file={directory}/access.log" if logs else ""}


class H2o(Proxy):
    def __init__(self):
        super().__init__("h2o", shutil.which("h2o", path=SYSTEM_PATH), "h2o.conf")

    def version(self):
        return first_line([self.program, "--version"])

    def command(self, config):
        return [self.program, "-m", "worker", "-c", config]

    def values(self, directory, logs):
        return {"ACCESS_LOG": f"access-log: {directory}/access.log" if logs else ""}


class Sluice(Proxy):
    h2_origins = True

    def __init__(self, loop, program):
        super().__init__(f"sluice-{loop}", program, "sluice.yaml")
        self.loop = loop

    def version(self):
        return first_line([self.program, "version"])

    def command(self, config):
        return [self.program, "run", "-c", config]

    def values(self, directory, logs):
        return {
            "EVENT_LOOP": self.loop,
            "ADMIN_PORT": processes.free_port(),
            "ACCESS_LOG": directory / "access.log" if logs else "none",
        }


SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def fill(template, values):
    """The template with each @NAME@ replaced; one that has no value raises KeyError."""
    return re.sub(r"@([A-Z0-9_]+)@", lambda match: str(values[match.group(1)]), template)


def first_line(command):
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=10, check=False)
    except OSError as error:
        return str(error)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else "unknown"
