"""Peers that npm installs: scripts/test.sh puts them into build/peers, which git does not see."""

import json
import subprocess
import unittest

from .peers import HERE, find
from .process import Process

SCRIPTS = HERE / "npm"
MODULES = HERE.parent.parent / "build" / "peers" / "node_modules"


def needs_npm(*packages):
    """Leaves a test out, and says so, where node or a package is not installed."""
    missing = [] if find("node") else ["node"]
    missing += [f"npm's {package}" for package in packages if not (MODULES / package).exists()]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)} (see scripts/test.sh)")


def command(script, *words):
    return ["env", f"NODE_PATH={MODULES}", find("node"), str(SCRIPTS / script), *[str(word) for word in words]]


class NodeServer(Process):
    """A script that says where it listens."""

    def __init__(self, folder, pattern, script, *words):
        super().__init__(script.partition(".")[0], command(script, *words), folder)
        self.ports = self.await_text(pattern, self.out).groups()


def checks(script, *words):
    """What a client's checks came to: name to error, None for one that passed."""
    done = subprocess.run(command(script, *words), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["check"]: line.get("error") for line in lines}
