"""Clients that are slow on purpose, by the hundred: they are cut off, and nobody else notices them."""

import os
import socket
import threading
import time

from support.case import EndToEnd, needs
from support.gateway import sanitized
from support.neighbour import Neighbour
from support.prometheus import Metrics
from support.waiting import wait_until
from support.wire import ask, head

CLIENTS = int(os.environ.get("SLUICE_E2E_SLOW_CLIENTS", "60" if sanitized() else "300"))
ROUNDS = 3
DRIP = 0.1  # seconds from drop to drop
LIMITS = {"header_timeout": "1s", "body_timeout": "1s", "body_min_rate": "500B/s"}
CUT = 20.0  # seconds: far more than the limits, for a busy machine
LARGE = 8 << 20


class Fleet:
    """Many connections, each of which sends `begin` and then a drop every so often, or takes one."""

    def __init__(self, address, begin, drop=b"", takes=0):
        self.begin, self.drop, self.takes = begin, drop, takes
        self.sockets = [self._open(address) for _ in range(CLIENTS)]
        self.received = {one: b"" for one in self.sockets}
        self.cut = set()

    def _open(self, address):
        one = socket.socket()
        if self.takes:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(30)
        one.connect(address)
        one.sendall(self.begin)
        one.setblocking(False)
        return one

    def hold(self, enough=CLIENTS):
        """Goes on until so many are cut off; how long that took."""
        began = time.monotonic()
        while len(self.cut) < enough and time.monotonic() - began < CUT:
            for one in self.sockets:
                if one not in self.cut:
                    self._turn(one)
            time.sleep(DRIP)
        took = time.monotonic() - began
        for one in self.sockets:
            one.close()
        return took

    def _turn(self, one):
        try:
            if self.drop:
                one.send(self.drop)
            data = one.recv(self.takes or 65536)
            self.received[one] += data
            # What came before a reset can still be read, and would be for long.
            if not data or one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.cut.add(one)
        except BlockingIOError:
            pass
        except OSError:
            self.cut.add(one)


def asking_for_small(address):
    """For a Neighbour: new connections that ask for /small."""
    while True:
        response = ask(address, head("GET", "/small", "Connection: close"))
        assert (response.status, response.body) == (200, b"small"), response.head
        yield


@needs("nginx", "node")
class SlowClients(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        nginx, node = cls.shared_nginx(), cls.shared_node()
        cls.nginx = nginx
        nginx.file("small", b"small")
        nginx.file("large", b"x" * LARGE)
        routes = [
            {"name": "buffered", "match": {"path": "/buffered"}, "upstream": "node", "buffer_request": "64KiB"},
            {"name": "streamed", "match": {"path": "/streamed"}, "upstream": "node"},
            {"name": "files", "upstream": "files"},
        ]
        upstreams = {"files": [nginx.endpoint], "node": [node.endpoint]}
        cls.sluice = cls.shared_gateway(upstreams, routes, {"limits": LIMITS})

    def sum(self, name, **labels):
        return Metrics(self.sluice.admin("/metrics")[1]).sum(name, **labels)

    def abuse(self, reason, *words, **rest):
        """Rounds of a fleet; every client of it must be cut off for this reason, and memory must not grow."""
        memory = []
        with Neighbour(asking_for_small(self.sluice.address)) as other:
            for _ in range(ROUNDS):
                before = self.sum("sluice_requests_total", reason=reason)
                fleet = Fleet(self.sluice.address, *words, **rest)
                took = fleet.hold()
                self.assertEqual(len(fleet.cut), CLIENTS, f"are cut off; after {took:.1f} s")
                wait_until(lambda: self.sum("sluice_requests_total", reason=reason) - before == CLIENTS, reason)
                memory.append(self.sluice.memory_kib())
        self.assertIsNone(other.failure, f"after {other.served} requests of another")
        self.assertGreater(other.served, 10)
        if not sanitized():
            # The first round fills what is kept for the next.
            self.assertLess(memory[-1], memory[1] + 8 * 1024, f"memory grows: {memory} KiB")
        wait_until(lambda: self.held() == 0, "no upstream connection is held")
        return fleet

    def held(self):
        return self.sum("sluice_upstream_connections_active")

    def test_slow_heads_are_cut_off(self):
        fleet = self.abuse("request_timeout", b"GET /small HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n")
        self.assertTrue(all(b" 408 " in text for text in fleet.received.values()))

    def test_bodies_that_drip_are_cut_off(self):
        fleet = self.abuse("body_too_slow", head("POST", "/streamed", "Content-Length: 100000"), b"x")
        self.assertTrue(all(b" 408 " in text for text in fleet.received.values()))

    def test_bodies_that_drip_hold_no_upstream_connection_where_they_are_buffered(self):
        held = []
        stop = threading.Event()

        def watch():
            while not stop.wait(0.1):
                held.append(self.held())

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            fleet = self.abuse("body_too_slow", head("POST", "/buffered", "Content-Length: 10000"), b"x")
        finally:
            stop.set()
            watching.join()
        self.assertLess(max(held), 10, "but for those of others")
        self.assertTrue(all(b" 408 " in text for text in fleet.received.values()))

    def test_slow_readers_lose_the_upstream_connections_that_others_wait_for(self):
        most = 64
        upstreams = {"files": {"endpoints": [self.nginx.endpoint], "connections": {"max": most, "pending_max": CLIENTS + 10}}}
        sluice = self.gateway(upstreams, None)  # with the limits that hold without being written
        with Neighbour(asking_for_small(sluice.address)) as other:
            fleet = Fleet(sluice.address, head("GET", "/large"), takes=20)
            fleet.hold(CLIENTS - most)
            wait_until(lambda: other.served > 10 or other.failure, "others are served")
        self.assertGreaterEqual(len(fleet.cut), CLIENTS - most)
        self.assertIsNone(other.failure, f"after {other.served} requests of another")

    def test_responses_that_are_taken_in_drops_are_cut_off(self):
        fleet = self.abuse("client_too_slow", head("GET", "/large"), takes=20)
        for text in fleet.received.values():
            self.assertLess(len(text), LARGE // 2)
