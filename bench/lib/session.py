"""The whole comparison: works, rounds and proxies, interleaved."""

import sys
from collections import defaultdict

from .errors import MeasureError
from .proxies import StartError
from .works import TLS_IDLE

CLOSED = {"cpu_us": "cpu_us", "rps": "rps", "p50_us": "p50_us", "p99_us": "p99_us"}
PACED = {"cpu_us": "paced_cpu_us", "p50_us": "paced_p50_us", "p99_us": "paced_p99_us"}

# A run during which others took more of the core than this is done again, and the quietest one counts.
NOISY = 0.08
ATTEMPTS = 3


class Session:
    """Measures and keeps the samples: samples[work][metric][proxy] is a list, one value a round."""

    def __init__(self, bench, directory, core, logs, rounds):
        self.bench = bench
        self.directory = directory
        self.core = core
        self.logs = logs
        self.rounds = rounds
        self.samples = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        self.errors = defaultdict(int)
        self.rates = {}
        self.foreign = []

    def start(self, proxies):
        """Starts them all and returns those that run; says which do not and why."""
        running = []
        for proxy in proxies:
            try:
                proxy.start(self.directory, self.bench.origin_ports, self.core, self.logs)
                running.append(proxy)
            except (StartError, OSError) as error:
                say(f"skipped: {error}")
                self.errors[f"{proxy.name} (not started)"] += 1
        return running

    def run(self, works, proxies):
        """Every work: rounds of a closed loop, then rounds at one rate for all, then one pass that counts calls."""
        for work in works:
            able = [proxy for proxy in proxies if proxy.h2_origins or not work.h2_origin]
            self._rounds(work, able, CLOSED, rate=0)
            rate = self.half_of_slowest(work, able)
            if rate:
                self.rates[work.name] = rate
                self._rounds(work, able, PACED, rate=rate)
            say_progress(f"{work.title}, system calls")
            for proxy in able:
                self._count_calls(work, proxy)
            say_done()

    def run_idle(self, name, proxies, connections, rounds):
        """Idle memory, each time from a fresh start, since a proxy keeps what it once allocated."""
        for _ in range(rounds):
            for proxy in self.start(proxies):
                self._attempt(lambda: self._idle(name, proxy, connections))
                proxy.stop()
        say_done()

    def half_of_slowest(self, work, proxies):
        """Half the requests a second that the slowest proxy answered in the closed loop."""
        medians = [sorted(self.samples[work.name]["rps"][p.name] or [0]) for p in proxies]
        slowest = min((values[len(values) // 2] for values in medians), default=0)
        return round(slowest / 2)

    def has_samples(self, proxy):
        return any(proxy.name in by_proxy for metrics in self.samples.values() for by_proxy in metrics.values())

    def noise(self):
        """One line on how much of the core others took, so that a reader knows what the figures are worth."""
        ordered = sorted(self.foreign)
        middle, worst = ordered[len(ordered) // 2], ordered[-1]
        advice = "; repeat this on a quiet machine" if middle > NOISY else ""
        return f"Other programs took {middle:.0%} of the core in the median run, {worst:.0%} in the worst{advice}."

    def _rounds(self, work, proxies, metrics, rate):
        say_progress(f"{work.title}, {f'{rate} requests/s' if rate else 'closed loop'}")
        for number in range(self.rounds):
            turn = number % max(len(proxies), 1)
            for proxy in proxies[turn:] + proxies[:turn]:
                self._attempt(lambda: self._sample(work, proxy, metrics, rate))
        say_done()

    def _quietest(self, load):
        best = load()
        for _ in range(ATTEMPTS - 1):
            if best["foreign"] <= NOISY:
                break
            print("~", end="", file=sys.stderr, flush=True)
            best = min(best, load(), key=lambda result: result["foreign"])
        self.foreign.append(best["foreign"])
        return best

    def _sample(self, work, proxy, metrics, rate):
        # At a fixed rate, or with the load on its own core, others may have what is left of it: their share says
        # nothing then.
        load = lambda: self.bench.load(proxy, work, rate)  # noqa: E731
        result = load() if rate or self.bench.two_cores else self._quietest(load)
        self._note_errors(work.name, proxy, result)
        for key, metric in metrics.items():
            if result[key] is not None:
                self.samples[work.name][metric][proxy.name].append(result[key])

    def _count_calls(self, work, proxy):
        def count():
            calls = self.bench.system_calls(proxy, work, min(self.bench.seconds, 1.0))
            if calls is not None:
                self.samples[work.name]["calls"][proxy.name].append(calls)

        self._attempt(count)

    def _idle(self, name, proxy, connections):
        result = self.bench.idle_memory(proxy, connections, tls="full" if name == TLS_IDLE else "none")
        self._note_errors(name, proxy, result)
        if result["held"] < connections:
            say(f"{proxy.name} held {result['held']} of {connections} idle connections")
        if result["bytes_per_connection"] is not None:
            self.samples[name]["idle_bytes"][proxy.name].append(result["bytes_per_connection"])

    def _note_errors(self, work, proxy, result):
        for fault, count in {**result["faults"], "bad origin request": result["bad_origin_requests"]}.items():
            if count:
                self.errors[f"{proxy.name}, {work}: {fault}"] += count

    def _attempt(self, measurement):
        try:
            measurement()
            print(".", end="", file=sys.stderr, flush=True)
        except MeasureError as error:
            say(str(error))
            self.errors["runs without a result"] += 1


def say(text):
    print(text, file=sys.stderr, flush=True)


def say_progress(text):
    print(f"  {text} ", end="", file=sys.stderr, flush=True)


def say_done():
    print("", file=sys.stderr, flush=True)
