"""HTTP/2 load: nghttp2's h2load as the client; the load peer or nghttp2's nghttpd as the origin."""

import contextlib
import re
import subprocess
import tempfile
from pathlib import Path

from . import processes
from .errors import MeasureError

DONE = re.compile(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, \d+ errored")
SPEED = re.compile(r"finished in \S+, ([\d.]+) req/s")
PREPARED = 5000  # requests that tell how many come to a run


@contextlib.contextmanager
def h1_origin(peer, port, core):
    """The load peer as an origin alone, while in use."""
    child = processes.start([peer, "--origin-only", "--origin-port", port], core, stdout=subprocess.DEVNULL)
    with serving(child, port):
        yield


@contextlib.contextmanager
def h2_origin(port, core):
    """nghttp2's server in the clear, with /h2/1k, while in use."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "h2").mkdir()
        (Path(folder) / "h2" / "1k").write_bytes(b"x" * 1024)
        command = ["nghttpd", "--no-tls", "--address=127.0.0.1", "--workers=1", f"--htdocs={folder}", str(port)]
        with serving(processes.start(command, core, stdout=subprocess.DEVNULL), port):
            yield


@contextlib.contextmanager
def serving(child, port):
    try:
        if not processes.await_port(port, child):
            raise MeasureError(f"the origin on port {port} does not start")
        yield
    finally:
        processes.stop(child)


class H2Load:
    def __init__(self, core):
        self.core = core

    def run(self, proxy, work, rate, seconds):
        """As Bench.load() gives it; handshakes are part of it, some 64 among a hundred thousand requests."""
        pace = rate or self._load(proxy, work, 0, PREPARED)["rps"]
        return self._load(proxy, work, rate, max(PREPARED, round(pace * seconds)))

    def _load(self, proxy, work, rate, count):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            words = ["h2load", "-n", count, "-c", work.connections, "-m", work.streams, "-t", 1, "--log-file", log]
            if rate:
                words += ["--rps", max(1, round(rate / work.connections))]
            words.append(f"https://127.0.0.1:{proxy.tls_port}{work.path}")
            before = processes.cpu_ns(proxy.pids())
            child = processes.start(words, self.core, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                text, _ = child.communicate(timeout=60)
            except subprocess.TimeoutExpired as error:
                raise MeasureError(f"{work.name} on {proxy.name}: h2load did not end") from error
            finally:
                processes.stop(child)
            watched = processes.cpu_ns(proxy.pids()) - before
            done, speed = DONE.search(text), SPEED.search(text)
            if not done or not speed or not int(done[1]):
                raise MeasureError(f"{work.name} on {proxy.name}: h2load gave no result: {text.strip()[-200:]!r}")
            times = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
        return {
            "cpu_us": watched / 1000 / int(done[1]),
            "rps": float(speed[1]),
            "p50_us": times[len(times) // 2],
            "p99_us": times[len(times) * 99 // 100],
            "requests_in_all": int(done[1]),
            "faults": {"failed": int(done[3])},
            "bad_origin_requests": 0,
            "foreign": 0,  # is not told here
        }
