"""The memory ceiling: near it the gateway refuses, says why, and lives; behind it all is as before."""

import threading

from support.case import EndToEnd
from support.gateway import sanitized
from support.peers import answering
from support.prometheus import Metrics
from support.stream import Malformed
from support.waiting import wait_until
from support.wire import Connection, ask, head

CEILING = 64 << 20
ALLOWED = 80 << 20  # what `auto` would have made this ceiling of
BEGIN = b"GET / HTTP/1.1\r\nHost: a\r\n"
MORE = b"X-Padding: " + b"y" * 6000 + b"\r\n"
PARTS = 4
MOST = 6000  # connections; far fewer are enough
GET = head("GET", "/", "Connection: close")


class Memory(EndToEnd):
    def setUp(self):
        super().setUp()
        if sanitized():
            self.skipTest("memory is the sanitizer's")
        origin = self.scripted(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        listener = {"limits": {"header_timeout": "60s", "idle_timeout": "60s"}}
        self.sluice = self.gateway({"a": [origin.endpoint]}, listener=listener, limits={"memory": "64MiB"})

    def metric(self, name, **labels):
        return Metrics(self.sluice.admin("/metrics")[1]).sum(name, **labels)

    def outcome(self):
        try:
            response = ask(self.sluice.address, GET, timeout=10)
            return response.reason or response.status
        except (Malformed, OSError) as error:
            return repr(error)

    def shed(self):
        return self.metric("sluice_connections_closed_total", reason="memory_pressure")

    def abuse(self):
        """Heads that never end, each with as much memory as it may take, until the gateway has had enough."""
        held, before = [], self.shed()
        while len(held) < MOST and self.shed() - before < 100:
            some = [Connection(self.sluice.address) for _ in range(50)]
            for part in (BEGIN + MORE, *[MORE] * (PARTS - 1)):
                for one in some:
                    one.send_what_is_taken(part)
            held += some
        return held

    def watch(self, outcomes, stop):
        while not stop.is_set():
            outcomes.add(self.outcome())

    def test_near_the_ceiling_new_work_is_refused_and_the_process_lives(self):
        self.assertEqual(self.metric("sluice_memory_ceiling_bytes"), CEILING)
        self.assertEqual(self.metric("sluice_memory_pressure"), 0)
        self.assertEqual(self.outcome(), 200)
        outcomes, stop = set(), threading.Event()
        others = threading.Thread(target=self.watch, args=(outcomes, stop))
        others.start()
        try:
            for _ in range(3):
                held = self.abuse()
                self.assertLess(len(held), MOST, "it was enough")
                # What waits is shed, so that those who come later are served though nobody has left.
                wait_until(lambda: self.outcome() == 200, "new requests are served again")
                for one in held:
                    one.close()
        finally:
            stop.set()
            others.join()
        self.assertEqual(outcomes, {200, "memory_pressure"})
        self.assertLess(self.sluice.memory_kib("VmHWM"), ALLOWED >> 10, "a cgroup of this size would not have killed it")
        wait_until(lambda: self.metric("sluice_memory_pressure") == 0, "pressure is over")
        lines = self.sluice.err().splitlines()
        entered = [line for line in lines if "new requests are refused (memory_pressure)" in line]
        left = [line for line in lines if "new requests are taken again" in line]
        self.assertEqual(len(entered), len(left))
        self.assertGreaterEqual(len(entered), 1)

    def test_what_a_load_has_left_behind_is_given_back(self):
        before = self.sluice.memory_kib()
        held = [Connection(self.sluice.address) for _ in range(1000)]
        for one in held:
            one.send(BEGIN + MORE * 3)
        wait_until(lambda: self.sluice.memory_kib() > before + 16 * 1024, "the load takes memory")
        for one in held:
            one.close()
        wait_until(lambda: self.sluice.memory_kib() < before + 6 * 1024, "it is given back")
        self.assertEqual(self.outcome(), 200)
