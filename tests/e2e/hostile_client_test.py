"""Clients that try to break the gateway, or to make it and the origin disagree about where a request ends."""

import os
import random

from support.case import EndToEnd
from support.stream import Malformed
from support.wire import Connection, ask, chunked, head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
H = b"POST /a HTTP/1.1\r\nHost: a\r\n"
CHUNKED = H + b"Transfer-Encoding: chunked\r\n\r\n"

# What is refused, and must never reach the origin in any form that it could read as a second request.
SMUGGLING = {
    "both framings": H + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    "two lengths": H + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "two equal lengths": H + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": H + b"Content-Length: 4, 4\r\n\r\nabcd",
    "a signed length": H + b"Content-Length: +4\r\n\r\nabcd",
    "a negative length": H + b"Content-Length: -4\r\n\r\nabcd",
    "a hexadecimal length": H + b"Content-Length: 0x4\r\n\r\nabcd",
    "an empty length": H + b"Content-Length: \r\n\r\nabcd",
    "a huge length": H + b"Content-Length: 99999999999999999999999\r\n\r\nabcd",
    "a space before the colon": H + b"Content-Length : 4\r\n\r\nabcd",
    "a folded line": H + b"X-A: b\r\n Content-Length: 4\r\n\r\nabcd",
    "a folded coding": H + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a bare LF": b"POST /a HTTP/1.1\nHost: a\nContent-Length: 4\n\nabcd",
    "a bare CR": H + b"X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a zero byte": H + b"X: a\0b\r\n\r\n",
    "another coding": H + b"Transfer-Encoding: gzip\r\n\r\nabcd",
    "chunked not last": H + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": H + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two fields": H + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a coding like chunked": H + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a tab before chunked": H + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"POST /a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no host": b"GET /a HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a host with a path": b"GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a host with a user": b"GET /a HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "two spaces": b"GET  /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a lower-case version": b"GET /a http/1.1\r\nHost: a\r\n\r\n",
    "version 3": b"GET /a HTTP/3.0\r\nHost: a\r\n\r\n",
    "no version": b"GET /a\r\nHost: a\r\n\r\n",
    "a field without a name": H + b": x\r\n\r\n",
    "a field without a colon": H + b"nonsense\r\n\r\n",
    "a first line with a field's space": b"GET /a HTTP/1.1\r\n Host: a\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
}

# Chunked bodies that break off somewhere in the middle.
BAD_CHUNKS = {
    "no size": b"\r\n\r\n",
    "a signed size": b"+4\r\nabcd\r\n0\r\n\r\n",
    "a size with 0x": b"0x4\r\nabcd\r\n0\r\n\r\n",
    "a space before the size": b" 4\r\nabcd\r\n0\r\n\r\n",
    "a size beyond 64 bits": b"ffffffffffffffff1\r\nabcd",
    "a negative size": b"-1\r\nabcd",
    "too much data": b"4\r\nabcdefgh\r\n0\r\n\r\n",
    "a bare LF behind the size": b"4\nabcd\r\n0\r\n\r\n",
    "a bare LF behind the data": b"4\r\nabcd\n0\r\n\r\n",
    "a CR within the extension": b"4;a\rb\r\nabcd\r\n0\r\n\r\n",
    "an LF within the extension": b"4;a\nb\r\nabcd\r\n0\r\n\r\n",
    "a framing field as trailer": b"0\r\nContent-Length: 5\r\n\r\n",
    "a coding as trailer": b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a broken trailer": b"0\r\nbad trailer\r\n\r\n",
    "endless zeros": b"0" * 5000 + b"\r\n\r\n",
    "an endless extension": b"4;" + b"e" * 100000 + b"\r\nabcd\r\n0\r\n\r\n",
    "endless trailers": b"0\r\n" + b"X-T: t\r\n" * 20000 + b"\r\n",
}


class HostileClients(EndToEnd):
    def setUp(self):
        super().setUp()
        self.received = []
        self.origin = self.scripted(self.record)
        limits = {"requests_per_connection": 10_000_000}
        self.sluice = self.gateway({"a": [self.origin.endpoint]}, listener={"limits": limits})

    def record(self, peer):
        """Takes whatever comes, and answers each time that something like an end of a head came."""
        while data := peer.recv(65536):
            self.received.append(data)
            if b"\r\n\r\n" in data:
                peer.sendall(OK)

    def tearDown(self):
        self.assertEqual(ask(self.sluice.address, head("GET", "/alive")).status, 200)

    def test_ambiguous_requests_are_refused_and_do_not_reach_the_origin(self):
        for name, data in SMUGGLING.items():
            with self.subTest(name), Connection(self.sluice.address) as client:
                client.send_what_is_taken(data)
                response = client.read_response()
                self.assertIn(response.status, (400, 501, 505), name)
                self.assertIsNotNone(response.reason)
                self.assertTrue(client.at_end(), "the connection must not be used any further")
        self.assertEqual(self.received, [])

    def test_broken_chunks_end_the_exchange_on_both_sides(self):
        for name, body in BAD_CHUNKS.items():
            with self.subTest(name), Connection(self.sluice.address) as client:
                client.send(CHUNKED)
                client.send_what_is_taken(body + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
                try:
                    self.assertIn(client.read_response().status, (200, 400, 413, 431, 502))
                    self.assertTrue(client.at_end(), "what follows a broken body is no request")
                except (Malformed, ConnectionResetError):
                    pass
        self.assertFalse([data for data in self.received if data.startswith(b"GET /smuggled")])

    def test_odd_but_right_requests_are_served(self):
        right = {
            "empty lines in front": b"\r\n\r\n" + head("GET", "/"),
            "an absolute target": b"GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "chunk extensions": CHUNKED + b'2;a=b;c="d e"\r\nab\r\n0;last\r\n\r\n',
            "upper-case hex": CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n",
            "leading zeros": CHUNKED + b"0002\r\nab\r\n000\r\n\r\n",
            "one-byte chunks": CHUNKED + chunked(*[b"x"] * 500),
            "a coding in capitals": H + b"Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
            "a tab around a value": b"GET / HTTP/1.1\r\nHost: a\r\nX:\t v \t\r\n\r\n",
            "options of all": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "a later minor version": b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
            "no host in 1.0": b"GET / HTTP/1.0\r\n\r\n",
        }
        for name, data in right.items():
            with self.subTest(name):
                self.assertEqual(ask(self.sluice.address, data).status, 200, name)

    def test_garbage_ends_in_a_refusal_or_a_close(self):
        rng = random.Random(7)
        for _ in range(60):
            with Connection(self.sluice.address) as client:
                client.send_what_is_taken(rng.randbytes(rng.choice((1, 10, 1000, 60000))) + b"\r\n\r\n")
                try:
                    client.finish_sending()
                    client.rest()
                except OSError:
                    pass

    def test_mutated_requests_never_hang_a_connection(self):
        rng = random.Random(int(os.environ.get("SLUICE_E2E_SEED", "11")))
        seed = head("POST", "/a?b=c", "Transfer-Encoding: chunked", "X-A: b") + chunked(b"abc", b"de", trailers=("X-T: t",))
        for _ in range(150):
            data = bytearray(seed)
            for _ in range(rng.randint(1, 3)):
                at = rng.randrange(len(data))
                data[at : at + rng.choice((0, 1, 1, 5))] = rng.randbytes(rng.choice((0, 1, 2)))
            with Connection(self.sluice.address) as client:
                client.send_what_is_taken(bytes(data))
                try:
                    client.finish_sending()
                    client.rest()
                except OSError:
                    pass

    def test_a_hundred_pipelined_requests_are_all_answered(self):
        with Connection(self.sluice.address) as client:
            client.send(head("GET", "/p") * 100)
            for _ in range(100):
                self.assertEqual(client.read_response().status, 200)

    def test_a_pipelining_client_that_never_reads_holds_nobody_up(self):
        with Connection(self.sluice.address) as deaf:
            deaf.socket.settimeout(1)
            try:
                deaf.send(head("GET", "/p") * 200_000)
            except TimeoutError:
                pass  # back-pressure, as it should be
            self.assertEqual(ask(self.sluice.address, head("GET", "/")).status, 200)
            self.assertLess(self.sluice.memory_kib(), 400 * 1024)

    def test_half_closed_clients_get_their_answer(self):
        with Connection(self.sluice.address) as client:
            client.send(head("GET", "/"))
            client.finish_sending()
            self.assertEqual(client.read_response().status, 200)
            self.assertTrue(client.at_end())

    def test_empty_lines_and_nothing_else_are_closed_without_an_answer(self):
        with Connection(self.sluice.address) as client:
            client.send(b"\r\n\r\n")
            client.finish_sending()
            self.assertEqual(client.rest(), b"")

    def test_a_body_that_ends_early_is_not_passed_on_as_whole(self):
        for framing, part in (("Content-Length: 10", b"abc"), ("Transfer-Encoding: chunked", b"5\r\nabc")):
            with Connection(self.sluice.address) as client:
                client.send(head("POST", "/cut", framing) + part)
                client.finish_sending()
                client.rest()
        self.assertFalse([data for data in self.received if b"\r\n0\r\n\r\n" in data])
