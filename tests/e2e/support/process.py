"""A process under test or beside it: its output lies in files, and it ends by its own pid."""

import os
import resource
import signal
import subprocess
from pathlib import Path

from .waiting import PATIENCE, wait_until


class Process:
    """Started at once. `folder` takes NAME.out and NAME.err; `limits` are resources and (soft, hard)."""

    def __init__(self, name, command, folder, limits=None, **options):
        self.name = name
        self.out_path = Path(folder) / f"{name}.out"
        self.err_path = Path(folder) / f"{name}.err"
        if limits:
            options["preexec_fn"] = lambda: [resource.setrlimit(what, limit) for what, limit in limits.items()]
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err, **options
            )

    @property
    def pid(self):
        return self.popen.pid

    @property
    def running(self):
        return self.popen.poll() is None

    def out(self):
        return self.out_path.read_text(errors="replace")

    def err(self):
        return self.err_path.read_text(errors="replace")

    def await_text(self, pattern, where, seconds=None):
        """The match of a compiled regex in what `where()` gives; fails early when the process ends."""

        def found():
            match = pattern.search(where())
            if not match and not self.running:
                match = pattern.search(where())
                assert match, f"{self.name} ended with {self.popen.returncode}:\n{self.out()}{self.err()}"
            return match

        return wait_until(found, f"{self.name} says /{pattern.pattern}/\n{self.err()}", seconds)

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=None):
        """The exit code; fails when it does not end in time."""
        try:
            return self.popen.wait(PATIENCE if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end:\n{self.err()}") from None

    def kill(self):
        """Whatever state it is in, it is gone afterwards."""
        if self.running:
            self.send_signal(signal.SIGKILL)
            self.popen.wait()

    def stop(self, number=signal.SIGTERM):
        """The signal, then the exit code."""
        if self.running:
            self.send_signal(number)
        return self.wait()

    def memory_kib(self, field="VmRSS"):
        """A figure of /proc/PID/status, in KiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise AssertionError(f"no {field}")
