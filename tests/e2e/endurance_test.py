"""Each abuse for a while, beside a client that behaves: nothing fails for that one, and memory stays flat.

SLUICE_E2E_ABUSE=600 holds each for ten minutes.
"""

import contextlib
import os
import random
import threading
import time

from hostile_client_test import BAD_CHUNKS, CHUNKED, SMUGGLING
from hostile_upstream_test import CUT, REFUSED
from slow_clients_test import LARGE, LIMITS, Fleet, asking_for_small

from support.case import EndToEnd, needs
from support.certificates import Certificates
from support.gateway import host_port, sanitized
from support.neighbour import Neighbour
from support.peers import read_head
from support.prometheus import Metrics
from support.stream import Malformed
from support.waiting import wait_until
from support.wire import Connection, ask, head

SECONDS = float(os.environ.get("SLUICE_E2E_ABUSE", "1"))
AT_ONCE = 4  # threads of an abuse
PAUSE = 0.01  # seconds from turn to turn of each: what is asked for and left must not be more than nginx can begin
FLAT = 16 << 10  # KiB that memory may grow from the first half to the second
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # of a handshake that does not go on


@needs("nginx", "node", "openssl")
class Abuse(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nginx, cls.node = cls.shared_nginx(), cls.shared_node()
        cls.nginx.file("small", b"small")
        cls.nginx.file("large", b"x" * LARGE)
        cls.pair = Certificates(cls.class_folder).make("a", "a.test")

    def setUp(self):
        super().setUp()
        self.random = random.Random(int(os.environ.get("SLUICE_E2E_SEED", "11")))
        answers = list(REFUSED.values()) + list(CUT.values())

        def break_off(peer):
            read_head(peer)
            peer.sendall(self.random.choice(answers))

        broken = self.scripted(break_off)
        upstreams = {"files": [self.nginx.endpoint], "node": [self.node.endpoint], "broken": [broken.endpoint]}
        routes = [
            {"match": {"path": "/echo"}, "upstream": "node"},
            {"match": {"path": "/broken"}, "upstream": "broken"},
            {"upstream": "files"},
        ]
        listeners = [
            {"name": "main", "address": "127.0.0.1:0", "limits": LIMITS},
            {"name": "tls", "address": "127.0.0.1:0", "limits": LIMITS, "tls": {"certificates": [self.pair]}},
        ]
        self.sluice = self.gateway(upstreams, routes, listeners=listeners)

    def hold(self, turn, at_once=AT_ONCE):
        """Does `turn` over and over on so many threads."""
        until = time.monotonic() + SECONDS
        faults, memory = [], []

        def abuse():
            try:
                while time.monotonic() < until:
                    turn()
                    time.sleep(PAUSE)
            except Exception as error:
                faults.append(repr(error))

        threads = [threading.Thread(target=abuse) for _ in range(at_once)]
        with Neighbour(asking_for_small(self.sluice.address)) as other:
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                memory.append(self.sluice.memory_kib())
                time.sleep(SECONDS / 40)
            for thread in threads:
                thread.join()
        self.assertEqual(faults, [])
        if not sanitized():
            half = len(memory) // 2
            self.assertLess(max(memory[half:]), max(memory[:half]) + FLAT, f"memory grows: {memory} KiB")
        print(f"{SECONDS:g} s, {other.served} answers beside; {memory[0]} to {max(memory)}, at last {memory[-1]} KiB", end=" ")
        for gauge in ("sluice_exchanges_in_flight", "sluice_upstream_connections_active"):
            wait_until(lambda gauge=gauge: Metrics(self.sluice.admin("/metrics")[1]).sum(gauge) == 0, f"{gauge} is 0")

    def throw(self, data, address=None):
        """Sends it, and reads until the end."""
        with contextlib.suppress(OSError), Connection(address or self.sluice.address, timeout=5) as client:
            client.send_what_is_taken(data)
            client.finish_sending()
            client.rest()

    def leave(self, data, address=None):
        """Sends it, and is gone."""
        with contextlib.suppress(OSError):
            client = Connection(address or self.sluice.address)
            client.send_what_is_taken(data)
            client.reset()

    def test_heads_that_drip(self):
        self.hold(lambda: Fleet(self.sluice.address, b"GET / HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n").hold(), 1)

    def test_bodies_that_drip(self):
        self.hold(lambda: Fleet(self.sluice.address, head("POST", "/echo", "Content-Length: 100000"), b"x").hold(), 1)

    def test_responses_that_are_taken_in_drops(self):
        self.hold(lambda: Fleet(self.sluice.address, head("GET", "/large"), takes=20).hold(), 1)

    def test_ranges_by_the_thousand(self):
        ranges = "0-," + ",".join(f"5-{i}" for i in range(1000))  # those of slowhttptest
        self.hold(lambda: self.leave(head("GET", "/large", f"Range: bytes={ranges}")))

    def test_ambiguous_requests(self):
        requests = list(SMUGGLING.values()) + [CHUNKED + chunks for chunks in BAD_CHUNKS.values()]
        self.hold(lambda: self.throw(self.random.choice(requests)))

    def test_garbage(self):
        self.hold(lambda: self.throw(self.random.randbytes(self.random.choice((1, 100, 60_000))) + b"\r\n\r\n"))

    def test_heads_beyond_the_limits(self):
        self.hold(lambda: self.throw(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Padding: y\r\n" * 20_000))

    def test_connections_that_come_and_go(self):
        self.hold(lambda: self.leave(self.random.choice((b"", b"GET / HT", head("GET", "/small"), head("GET", "/large")))))

    def test_pipelining_without_reading(self):
        def turn():
            with Connection(self.sluice.address, timeout=1) as deaf, contextlib.suppress(OSError):
                deaf.send(head("GET", "/small") * 50_000)

        self.hold(turn)

    def test_handshakes_that_break_off(self):
        tls = host_port(self.sluice.addresses[1])
        self.hold(lambda: self.leave(self.random.choice((b"", HELLO, HELLO + self.random.randbytes(600))), tls))

    def test_upstreams_that_break_off(self):
        def turn():
            with contextlib.suppress(Malformed, ConnectionResetError):
                ask(self.sluice.address, head("GET", "/broken", "Connection: close"), timeout=20)

        self.hold(turn)
