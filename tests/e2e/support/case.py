"""What every end-to-end test starts from: a folder, and processes that end with the test."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from .gateway import Gateway, configuration
from .peers import Haproxy, Nginx, Node, Scripted, find


def needs(*programs):
    """Leaves a test out, and says so, where a peer is not installed."""
    missing = [program for program in programs if not find(program)]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


class EndToEnd(unittest.TestCase):
    """`self.gateway(...)` and its like live as long as the test; those of `cls.shared_...` as long as the class."""

    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.class_folder = Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.class_folder, ignore_errors=True)

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def gateway(self, *args, rlimits=None, **rest):
        """A gateway of this test's own; it is held to a clean end. `rlimits` are those of setrlimit."""
        gateway = Gateway(configuration(*args, **rest), self.folder, limits=rlimits)
        self.addCleanup(gateway.kill)
        self.addCleanup(lambda: gateway.end_cleanly() if gateway.running else None)
        return gateway

    @classmethod
    def shared_gateway(cls, *args, **rest):
        gateway = Gateway(configuration(*args, **rest), cls.class_folder)
        cls.addClassCleanup(gateway.kill)
        cls.addClassCleanup(gateway.end_cleanly)
        return gateway

    def node(self, name="origin", where="0"):
        node = Node(self.folder, name, where)
        self.addCleanup(node.kill)
        return node

    @classmethod
    def shared_node(cls, name="origin", where="0", speaks=("http/1.1",)):
        node = Node(cls.class_folder, name, where, speaks)
        cls.addClassCleanup(node.kill)
        return node

    @classmethod
    def shared_nginx(cls, servers=""):
        nginx = Nginx(cls.class_folder, servers)
        cls.addClassCleanup(nginx.stop)
        return nginx

    def scripted(self, script):
        server = Scripted(script)
        self.addCleanup(server.close)
        return server

    @classmethod
    def shared_haproxy(cls, sections, sockets):
        haproxy = Haproxy(cls.class_folder, sections, sockets)
        cls.addClassCleanup(haproxy.kill)
        return haproxy

    def curl(self, *words, code=0, seconds=60):
        """What curl prints, as bytes; `-q` keeps the user's own settings out."""
        command = ["curl", "-q", "-sS", "--noproxy", "*", "--max-time", str(seconds), *[str(word) for word in words]]
        done = subprocess.run(command, capture_output=True, timeout=seconds + 30, check=False)
        self.assertEqual(done.returncode, code, done.stderr.decode() + done.stdout.decode(errors="replace")[:2000])
        return done.stdout
