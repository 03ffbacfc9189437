"""A dnsmasq on loopback that answers for the zone `test` alone."""

import socket
from pathlib import Path

from .peers import find, lasting_port
from .process import Process
from .waiting import wait_until


class Dnsmasq(Process):
    """Serves once the constructor is through. `records`: lines of dnsmasq.conf, like address=/a.test/127.0.0.1."""

    def __init__(self, folder, records, port=None, name="dnsmasq"):
        self.port = port or lasting_port()
        config = Path(folder) / f"{name}.conf"
        lines = [
            "keep-in-foreground", "no-resolv", "no-hosts", "bind-interfaces", "listen-address=127.0.0.1",
            f"port={self.port}", "log-queries", "log-facility=-", "user=", "pid-file=", "local=/test/",
            *records,
        ]
        config.write_text("\n".join(lines) + "\n")
        super().__init__(name, [find("dnsmasq"), "-C", config], folder)
        wait_until(self._listens, "dnsmasq listens")

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True
        except OSError:
            return False

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def queries(self, name):
        """The lines of its log that say that the name was asked for."""
        return [line for line in (self.err() + self.out()).splitlines() if "query[" in line and f" {name} from" in line]
