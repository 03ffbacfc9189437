"""What stands behind the gateway: a real nginx, a real node server, and servers that do what a script says."""

import os
import random
import re
import shutil
import socket
import threading
from pathlib import Path

from .process import Process

HERE = Path(__file__).resolve().parent.parent
WITH_SBIN = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def find(program):
    """The path of a program; None where it is not installed."""
    return shutil.which(program, path=WITH_SBIN)


def lasting_port():
    """A port for a server that goes and comes back: one that the system gives nobody meanwhile."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10000, first_given)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return str(port)
            except OSError:
                continue


class Node(Process):
    """tests/e2e/origin.js on a port of its choice, or on `where`."""

    PORT = re.compile(r"listening (\S+)")

    def __init__(self, folder, name="origin", where="0", speaks=("http/1.1",)):
        super().__init__(name, [find("node"), HERE / "origin.js", where, name, *speaks], folder)
        self.where = self.await_text(self.PORT, self.out)[1]

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.where}" if self.where.isdigit() else "unix:" + self.where


NGINX = """
%(user)s
daemon off;
worker_processes 1;
pid %(folder)s/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path %(folder)s/body;
  proxy_temp_path %(folder)s/proxy; fastcgi_temp_path %(folder)s/fastcgi;
  uwsgi_temp_path %(folder)s/uwsgi; scgi_temp_path %(folder)s/scgi;
  sendfile on; tcp_nopush on; keepalive_requests 1000000;
  gzip on; gzip_proxied any; gzip_types text/plain; gzip_min_length 1000;
  server { listen unix:%(socket)s; root %(root)s; }
  %(servers)s
}
"""


class Nginx(Process):
    """Serves the files under `root`, over a unix socket: no port has to be guessed. `servers` are blocks of
    configuration beside that one."""

    def __init__(self, folder, servers=""):
        folder = Path(folder)
        self.root = folder / "www"
        self.root.mkdir(exist_ok=True)
        self.path = str(folder / "nginx.sock")
        config = folder / "nginx.conf"
        user = "user root;" if os.getuid() == 0 else ""
        config.write_text(NGINX % {"folder": folder, "root": self.root, "socket": self.path, "user": user, "servers": servers})
        # -e keeps it from opening its compiled-in log.
        super().__init__("nginx", [find("nginx"), "-e", "stderr", "-c", config, "-p", folder], folder)
        from .waiting import wait_until

        wait_until(self.serves, "nginx serves")

    def serves(self):
        assert self.running, self.err()
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.path)
            return True
        except OSError:
            return False

    @property
    def endpoint(self):
        return "unix:" + self.path

    def file(self, name, content):
        (self.root / name).write_bytes(content)
        return content


HAPROXY = """
global
  stats timeout 10s
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
%(sections)s
"""


class Haproxy(Process):
    """With the sections that a test gives it; serves once every socket of theirs in `folder` is there."""

    def __init__(self, folder, sections, sockets):
        config = Path(folder) / "haproxy.cfg"
        config.write_text(HAPROXY % {"sections": sections})
        super().__init__("haproxy", [find("haproxy"), "-db", "-f", config], folder)
        from .waiting import wait_until

        wait_until(lambda: self.serves(sockets), "haproxy serves")

    def serves(self, sockets):
        assert self.running, self.err()
        return all(Path(one).exists() for one in sockets)


class Scripted:
    """A TCP server that gives every connection to `script(socket)` on a thread of its own.

    The script may return or raise when the peer leaves; the socket is closed behind it.
    """

    def __init__(self, script, port=0, host="127.0.0.1"):
        self.script = script
        self.connections = 0
        self.listener = socket.create_server((host, port), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        peer.settimeout(30)
        try:
            with peer:
                self.script(peer)
        except OSError:
            pass

    def close(self):
        # Wakes accept(), which close() alone does not.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(5)


def read_head(peer):
    """A request head, and what came behind it; empty at the end of the stream."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.recv(65536)
        if not piece:
            return b"", b""
        data += piece
    head, rest = data.split(b"\r\n\r\n", 1)
    return head, rest


def answering(response):
    """A script that gives this answer to every request without a body, and keeps the connection."""

    def script(peer):
        while read_head(peer)[0]:
            peer.sendall(response)

    return script


def answering_once(response):
    """A script that gives this answer and closes."""

    def script(peer):
        if read_head(peer)[0]:
            peer.sendall(response)

    return script
