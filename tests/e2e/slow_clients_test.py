"""Clients that are slow on purpose, by the hundred: they are cut off, and nobody else notices them."""

import os
import socket
import threading
import time

from support.case import EndToEnd, needs
from support.gateway import sanitized
from support.h2 import (
    CANCEL,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    block,
    frame,
    number,
    request,
    settings_payload,
)
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
LARGE_BUFFER = 256  # KiB
LARGEST_WINDOW = (1 << 31) - 1


class Fleet:
    """Many connections, each of which sends `begin` and then a drop every so often, or takes one. One is cut off when its
    connection ends, or where there is an `end` to its stream, by that."""

    def __init__(self, address, begin, drop=b"", takes=0, end=None):
        self.begin, self.drop, self.takes, self.end = begin, drop, takes, end
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
            if self.end and self.end in self.received[one]:
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
        cls.sluice = cls.shared_gateway(upstreams, routes, {"limits": LIMITS}, workers=1)

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
        self.assertGreater(other.served, 10)
        if not sanitized():
            # The first rounds fill what is kept for the next; how many large buffers are out at once is chance.
            self.assertLess(memory[-1], memory[1] + CLIENTS * LARGE_BUFFER, f"memory grows: {memory} KiB")
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

    def test_responses_that_are_taken_in_drops_are_cut_off(self):
        fleet = self.abuse("client_too_slow", head("GET", "/large"), takes=20)
        for text in fleet.received.values():
            self.assertLess(len(text), LARGE // 2)

    @staticmethod
    def h2(fields, flags=END_HEADERS | END_STREAM, window=LARGEST_WINDOW):
        """A request in HTTP/2, with so much window for its response."""
        return PREFACE + frame(SETTINGS, payload=settings_payload((INITIAL_WINDOW_SIZE, window))) + frame(
            WINDOW_UPDATE, 0, 0, number(LARGEST_WINDOW - 65535)) + frame(HEADERS, flags, 1, block(*fields))  # fmt: skip

    def test_bodies_that_drip_in_http_2_are_cut_off(self):
        begin = self.h2(request(path="/streamed", method="POST"), END_HEADERS)
        fleet = self.abuse("body_too_slow", begin, frame(DATA, 0, 1, b"x"), end=b'"reason":"body_too_slow"')
        self.assertTrue(all(fleet.end in text for text in fleet.received.values()), "each is told")

    def test_windows_that_open_in_drops_cost_their_stream(self):
        begin = self.h2(request(path="/large"), window=1)
        fleet = self.abuse("client_too_slow", begin, frame(WINDOW_UPDATE, 0, 1, number(1)), end=frame(RST_STREAM, 0, 1, number(CANCEL)))
        self.assertTrue(all(fleet.end in text for text in fleet.received.values()), "each loses its stream, not its connection")

    def test_connections_of_http_2_that_are_taken_in_drops_are_cut_off(self):
        before = self.sum("sluice_connections_closed_total", reason="slow_body")
        fleet = self.abuse("client_too_slow", self.h2(request(path="/large")), takes=20)
        for text in fleet.received.values():
            self.assertLess(len(text), LARGE // 2)
        wait_until(lambda: self.sum("sluice_connections_closed_total", reason="slow_body") - before >= ROUNDS * CLIENTS, "so it is counted")
