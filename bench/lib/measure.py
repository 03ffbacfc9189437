"""One measurement at a time: a run of the load peer against one proxy."""

import json
import shutil
import subprocess
import time
from dataclasses import dataclass

from . import processes
from .errors import MeasureError
from .h2_load import H2Load, h1_origin, h2_origin
from .works import Work


@dataclass
class Bench:
    """Where and how long everything runs."""

    peer: str
    origin_ports: dict  # ORIGIN_PORT and H2_ORIGIN_PORT, as the templates name them
    load_core: int
    seconds: float
    warm_up: float
    two_cores: bool = False

    def load(self, proxy, work, rate=0, seconds=None):
        """Runs the peer once; its JSON result, with two members added: `cpu_us`, CPU time of the proxy a request, and
        `foreign`, the share of the core that neither proxy nor load used, as far as that can be told.
        """
        seconds = seconds or self.seconds
        if work.streams:
            return self._h2_load(proxy, work, rate, seconds)
        arguments = self._peer(proxy, work) + ["--seconds", seconds, "--warm-up", self.warm_up]
        arguments += ["--rate", rate, "--watch", ",".join(map(str, proxy.pids()))]
        child = processes.start(arguments, self.load_core, stdout=subprocess.PIPE, text=True)
        try:
            output, _ = child.communicate(timeout=seconds + self.warm_up + 15)
        except subprocess.TimeoutExpired as error:
            raise MeasureError(f"{work.name} on {proxy.name}: the peer did not end") from error
        finally:
            processes.stop(child)
        result = parse(output, f"{work.name} on {proxy.name}")
        result["cpu_us"] = result["watched_cpu_ns"] / 1000 / result["requests"] if result["requests"] else None
        strangers = result["core_busy_ns"] - result["own_cpu_ns"] - (0 if self.two_cores else result["watched_cpu_ns"])
        result["foreign"] = max(strangers / 1e9 / seconds, 0)
        return result

    def _h2_load(self, proxy, work, rate, seconds):
        origin = (
            h2_origin(self.origin_ports["H2_ORIGIN_PORT"], self.load_core)
            if work.h2_origin
            else h1_origin(self.peer, self.origin_ports["ORIGIN_PORT"], self.load_core)
        )
        with origin:
            return H2Load(self.load_core).run(proxy, work, rate, seconds)

    def system_calls(self, proxy, work, seconds):
        """System calls a request, by perf or strace; None where neither can count them."""
        for counter in (PerfCounter, StraceCounter):
            if shutil.which(counter.program):
                counted = counter(proxy.pids())
                result = self.load(proxy, work, seconds=seconds)
                calls = counted.end()
                if calls and result["requests_in_all"]:
                    return calls / result["requests_in_all"]
        return None

    def idle_memory(self, proxy, connections, tls):
        """Bytes of resident memory a connection that has been served and now rests; `tls` as in a Work.

        A short load goes before, so that what a proxy sets up once is not counted.
        """
        self.load(proxy, Work("warm", "warm-up", 64, tls=tls), seconds=0.3)
        arguments = self._peer(proxy, Work("idle", "idle", connections, mode="idle", tls=tls)) + ["--seconds", 30]
        before = processes.rss_bytes(proxy.pids())
        child = processes.start(arguments, self.load_core, stdout=subprocess.PIPE, text=True)
        try:
            held = parse(child.stdout.readline(), f"idle on {proxy.name}")["held"]
            time.sleep(0.5)
            after = processes.rss_bytes(proxy.pids())
            child.terminate()
            result = parse(child.stdout.read(), f"idle on {proxy.name}")
        finally:
            processes.stop(child)
        result.update(held=held, bytes_per_connection=(after - before) / held if held else None)
        return result

    def _peer(self, proxy, work):
        port = proxy.port if work.tls == "none" else proxy.tls_port
        address = ["--proxy", f"127.0.0.1:{port}", "--origin-port", self.origin_ports["ORIGIN_PORT"]]
        return [self.peer, *address, *work.peer_arguments()]


class PerfCounter:
    """Counts what the processes ask of the kernel, with a tracepoint: almost free."""

    program = "perf"

    def __init__(self, pids):
        command = ["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", ",".join(map(str, pids))]
        self.child = processes.start(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(0.3)

    def end(self):
        return self._parse(interrupt(self.child))

    @staticmethod
    def _parse(text):
        for line in text.splitlines():
            fields = line.split(",")
            if "raw_syscalls:sys_enter" in line and fields[0].isdigit():
                return int(fields[0])
        return None


class StraceCounter(PerfCounter):
    """The same with strace, which slows the proxy down but needs no rights of the kernel's tracing."""

    program = "strace"

    def __init__(self, pids):
        command = ["strace", "-c", "-f"] + [part for pid in pids for part in ("-p", str(pid))]
        self.child = processes.start(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)

    @staticmethod
    def _parse(text):
        totals = [line.split() for line in text.splitlines() if line.endswith(" total")]
        return int(totals[-1][2 if len(totals[-1]) < 6 else 3]) if totals else None


def interrupt(child):
    """What a tracer prints when it is interrupted."""
    child.send_signal(2)
    try:
        _, text = child.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        text = ""
    processes.stop(child)
    return text or ""


def parse(text, what):
    try:
        return json.loads(text)
    except ValueError as error:
        raise MeasureError(f"{what}: the peer gave no result: {text.strip()!r}") from error
