"""Every MUST of RFC 9113 for a server and of RFC 7541 for a decoder: the tables conformance/h2_*, frame by frame, in the clear and
over TLS; and floods beside a client that has nothing to do with them."""

import collections
import contextlib
import itertools
import os
import select
import ssl
import threading
import time

from conformance import h2_frames, h2_hpack, h2_messages, h2_streams
from conformance.h2_cases import (
    GET,
    Answers,
    Done,
    EndsConnection,
    Finishes,
    Reset,
    ResetsStream,
    Serves,
    begun,
    continued,
    data,
    headers,
    opened,
    padded,
    priority,
    reset,
    settings,
    window,
)
from support.case import EndToEnd, needs
from support.certificates import Certificates
from support.gateway import host_port, sanitized
from support.h2 import (
    ACK,
    DATA,
    END_STREAM,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    NO_ERROR,
    PING,
    PREFACE,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    H2Connection,
    block,
    frame,
    request,
)
from support.memory import Watched
from support.neighbour import Neighbour
from support.peers import Scripted, answering, read_head
from support.prometheus import Metrics
from support.stream import Malformed
from support.waiting import PATIENCE, wait_until

TABLES = (h2_frames, h2_streams, h2_messages, h2_hpack)
LATER = (1 << 31) - 1  # the last stream, so that it is above those of every case
STREAMS = 20  # at a time
LONG = b"b" * 100_000

# What only just passes: a connection error where the RFC asks for a stream error. It is allowed everywhere (5.4), and costs the
# client its other streams.
ONLY_JUST = {
    "4.2 DATA that is too large",
    "5.1 half-closed: DATA",
    "5.1 half-closed: the end again",
    "5.1 half-closed: HEADERS",
    "5.1 half-closed: trailers",
    "5.1 half-closed by DATA: DATA",
    "5.1 closed: DATA",
    "5.1 reset by the client: DATA",
    "5.1 reset by the client: HEADERS",
    "6.3 PRIORITY of 4 bytes",
    "6.3 PRIORITY of 6 bytes",
    "6.9 an increment of 0 to a stream",
}


def read_to_the_end(peer):
    while peer.recv(65536):
        pass


class Rules:
    """Mixed into a test that has an `address`, and a `tls` context or none."""

    @classmethod
    def start(cls):
        cls.over = threading.Event()
        scripts = {
            "waiting": cls.answer_whole_requests,
            "silent": read_to_the_end,
            "stuck": lambda peer: cls.over.wait(),
            "long": answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LONG) + LONG),
        }
        origins = {name: Scripted(script) for name, script in scripts.items()}
        for origin in origins.values():
            cls.addClassCleanup(origin.close)
        cls.addClassCleanup(cls.over.set)
        cls.certificate = Certificates(cls.class_folder).make("local", "localhost", "example.test")
        routes = [
            {"match": {"path": "/hello"}, "respond": {"body": "hello"}},
            {"match": {"path": "/long"}, "upstream": "long"},
            {"match": {"path": "/never"}, "upstream": "silent"},
            {"match": {"path": "/stuck"}, "upstream": "stuck"},
            {"upstream": "waiting"},
        ]
        upstreams = {name: [origin.endpoint] for name, origin in origins.items()}
        listeners = [
            {"name": "clear", "address": "127.0.0.1:0", "limits": {"concurrent_streams": STREAMS}},
            {"name": "tls", "address": "127.0.0.1:0", "limits": {"concurrent_streams": STREAMS}, "tls": {"certificates": cls.certificate}},
        ]
        cls.sluice = cls.shared_gateway(upstreams, routes, listeners=listeners)

    @staticmethod
    def answer_whole_requests(peer):
        request, rest = read_head(peer)
        chunked = b"chunked" in request.lower()
        length = 0 if chunked else int(request.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or b"0")
        while (chunked and not (b"\r\n0\r\n" in b"\r\n" + rest and rest.endswith(b"\r\n\r\n"))) or len(rest) < length:
            more = peer.recv(65536)
            if not more:
                return
            rest += more
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

    def connect(self, **rest):
        return H2Connection(self.address, tls=self.tls, timeout=10, **rest)

    def test_every_case(self):
        cases = [case for table in TABLES for case in table.CASES]
        names = [f"{case.section} {case.name}" for case in cases]
        self.assertEqual({one for one in names if names.count(one) > 1}, set(), "names are unique")
        only_just = set()
        for name, case in zip(names, cases):
            with self.subTest(name), self.connect() as client:
                if not self.passes(Dialogue(client), case):
                    only_just.add(name)
        self.assertEqual(only_just, ONLY_JUST)

    def passes(self, dialogue, case):
        """False where it only just does: the connection ended instead of a stream."""
        check = {EndsConnection: self.check_ended, ResetsStream: self.check_reset, Serves: self.check_served,
                 Answers: self.check_answered, Finishes: self.check_finished}[type(case.expected)]  # fmt: skip
        dialogue.play(case.pieces)
        return check(dialogue, case.expected)

    def check_ended(self, dialogue, expected):
        dialogue.read_until(lambda: False)
        self.assertIn(dialogue.goaway, expected.codes)
        return True

    def check_reset(self, dialogue, expected):
        dialogue.read_until(lambda: expected.stream in dialogue.resets)
        self.assertIn(dialogue.resets.get(expected.stream, dialogue.goaway), expected.codes)
        if expected.stream not in dialogue.resets:
            return False
        return self.check_goes_on(dialogue)

    def check_served(self, dialogue, expected):
        dialogue.read_until(lambda: dialogue.ended.issuperset(expected.streams))
        for stream in expected.streams:
            self.assertIn(stream, dialogue.ended)
            self.assertIn(bytes(dialogue.bodies[stream]), (b"hello", b""))
        return self.check_goes_on(dialogue)

    def check_answered(self, dialogue, expected):
        answer = (expected.kind, expected.flags, expected.payload)
        dialogue.read_until(lambda: answer in dialogue.others)
        self.assertIn(answer, dialogue.others)
        self.assertNotIn((PING, ACK, b"unasked."), dialogue.others)
        return self.check_goes_on(dialogue)

    def check_finished(self, dialogue, expected):
        dialogue.read_until(lambda: False)
        self.assertEqual((dialogue.goaway, bytes(dialogue.bodies[expected.stream])), (NO_ERROR, b"hello"))
        return True

    def check_goes_on(self, dialogue):
        dialogue.play((frame(PING, 0, 0, b"probing."), headers(LATER)))
        dialogue.read_until(lambda: LATER in dialogue.ended and (PING, ACK, b"probing.") in dialogue.others)
        self.assertEqual((dialogue.goaway, bytes(dialogue.bodies[LATER])), (None, b"hello"))
        return True

    # --- what takes more than frames to send and one answer to wait for

    def test_the_preface_of_the_server_is_its_settings(self):
        """RFC 9113 3.4"""
        with self.connect() as client:
            first = client.next()
            self.assertEqual((first.kind, first.flags, first.stream), (SETTINGS, 0, 0))

    def test_another_preface_ends_the_connection(self):
        """RFC 9113 3.4: the end without a GOAWAY is allowed here."""
        for preface in (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n", PREFACE[::-1], bytes(24)):
            with self.subTest(preface), self.plain() as client:
                client.socket.sendall(preface)
                dialogue = Dialogue(client)
                if self.tls:  # in the clear it may be HTTP/1.1, and is refused as such
                    dialogue.read_until(lambda: False)
                    self.assertIn(dialogue.goaway, (None, PROTOCOL_ERROR))
                else:
                    while client.socket.recv(65536):
                        pass

    def test_another_frame_instead_of_settings_ends_the_connection(self):
        """RFC 9113 3.4"""
        with self.plain() as client:
            client.socket.sendall(PREFACE + frame(PING, 0, 0, b"12345678"))
            dialogue = Dialogue(client)
            dialogue.read_until(lambda: False)
            self.assertIn(dialogue.goaway, (None, PROTOCOL_ERROR))

    def plain(self):
        """A connection on which nothing is sent yet."""
        client = H2Connection.__new__(H2Connection)
        client.connect(self.address, 10, self.tls)
        return client

    def test_the_word_about_an_error_outlives_what_is_still_on_its_way(self):
        """RFC 9113 6.8: what the client sends behind the error does not make the server's kernel take the GOAWAY back."""
        with self.connect() as client:
            client.until(SETTINGS)
            client.send(headers(2))
            wait_until(lambda: self.is_told(client), "the server speaks of it")
            for _ in range(20):
                client.send(frame(PING, 0, 0, b"12345678") * 500)
            self.assertEqual(self.last_word(client), PROTOCOL_ERROR)

    @staticmethod
    def is_told(client):
        """Without reading on: enough has come for a GOAWAY, and the end behind it."""
        poller = select.poll()
        poller.register(client.socket, select.POLLRDHUP)
        return poller.poll(0)

    @staticmethod
    def last_word(client):
        """Reads to the end of the connection, which is to be one in order."""
        with contextlib.suppress(Malformed):
            while True:
                client.next()
        return client.goaway

    def test_streams_beyond_the_limit_are_refused(self):
        """RFC 9113 5.1.2: by then the limit is known to be acknowledged."""
        with self.connect() as client:
            client.until(SETTINGS)
            client.send(frame(PING, 0, 0, b"settings"))
            client.until(PING)
            dialogue = Dialogue(client)
            dialogue.play([opened(stream) for stream in range(1, 2 * STREAMS + 2, 2)])
            dialogue.read_until(lambda: 2 * STREAMS + 1 in dialogue.resets)
            code = dialogue.resets.get(2 * STREAMS + 1, dialogue.goaway)
            self.assertIn(code, (REFUSED_STREAM, PROTOCOL_ERROR))

    def data(self, client, count, stream=1):
        """So many bytes of DATA, and not one more by the time that a PING is answered."""
        while count > 0:
            got = client.until(DATA, stream=stream)
            self.assertLessEqual(len(got.payload), 16384)
            count -= len(got.payload)
        client.send(frame(PING, 0, 0, b"no more."))
        more = client.until(DATA, PING)
        self.assertEqual((count, more.kind), (0, PING))

    def test_a_small_window_is_kept_to(self):
        """RFC 9113 6.9.1"""
        with self.connect(settings=[(INITIAL_WINDOW_SIZE, 1)]) as client:
            client.send(headers(1, request(path="/long")))
            self.data(client, 1)
            client.send(window(10, 1))
            self.data(client, 10)
            client.send(window(99_989, 1))
            self.data(client, 65535 - 11)  # the connection's
            client.send(window(100_000))
            self.data(client, 100_000 - 65535)

    def test_a_window_of_0_can_be_opened_by_settings(self):
        """RFC 9113 6.9.2: they change the windows of streams that are open."""
        with self.connect(settings=[(INITIAL_WINDOW_SIZE, 0)]) as client:
            client.send(headers(1, request(path="/long")))
            client.until(HEADERS)
            self.data(client, 0)
            client.send(settings((INITIAL_WINDOW_SIZE, 7)))
            self.data(client, 7)

    def test_a_window_may_become_negative(self):
        """RFC 9113 6.9.2"""
        with self.connect(settings=[(INITIAL_WINDOW_SIZE, 3)]) as client:
            client.send(headers(1, request(path="/long")))
            self.data(client, 3)
            client.send(settings((INITIAL_WINDOW_SIZE, 1)), window(2, 1))
            self.data(client, 0)
            client.send(window(5, 1))
            self.data(client, 5)

    def test_the_last_of_several_values_holds(self):
        """RFC 9113 6.5.3"""
        with self.connect(settings=[(INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)]) as client:
            client.send(headers(1, request(path="/long")))
            self.data(client, 1)

    def test_frames_are_no_larger_than_the_client_allows(self):
        """RFC 9113 4.2: 16384 until it says otherwise."""
        with self.connect(settings=[(INITIAL_WINDOW_SIZE, 1 << 20)]) as client:
            client.send(window(1 << 20), headers(1, request(path="/long")))
            self.data(client, len(LONG))

    def test_the_window_of_a_body_is_opened_again(self):
        """RFC 9113 6.9: more than the first windows hold comes through, paced by what the server grants."""
        with self.connect() as client:
            client.send(opened(1, request(method="POST", path="/wait")))
            room, left, whole = 65535, 300_000, 65535
            while left:
                size = min(room, whole, left, 16384)
                if size == 0:
                    got = client.until(WINDOW_UPDATE)
                    granted = int.from_bytes(got.payload, "big")
                    room, whole = room + granted * (got.stream == 1), whole + granted * (got.stream == 0)
                    continue
                client.send(frame(DATA, END_STREAM if size == left else 0, 1, bytes(size)))
                room, whole, left = room - size, whole - size, left - size
            self.assertEqual(client.response(1), b"hello")


class Dialogue:
    """Plays the pieces of a case and notes what comes back."""

    def __init__(self, client):
        self.client = client
        self.bodies = collections.defaultdict(bytearray)
        self.ended = set()  # streams with their whole response
        self.resets = {}  # codes by stream; the first counts
        self.others = []  # kind, flags and payload of the rest
        self.goaway = None

    def play(self, pieces):
        for piece in pieces:
            if isinstance(piece, Done):
                self.read_until(lambda: piece.stream in self.ended)
            elif isinstance(piece, Reset):
                self.read_until(lambda: piece.stream in self.resets)
            else:
                # Who is told that it is over may be told so in the midst of what it sends.
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    self.client.send(piece)

    def read_until(self, claim):
        """To the end of the connection where the claim never holds; a peer that does neither is a TimeoutError."""
        with contextlib.suppress(Malformed, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            while not claim():
                self.take(self.client.next())

    def take(self, got):
        if got.kind == GOAWAY:
            self.goaway = got.error
        elif got.kind == RST_STREAM:
            self.resets.setdefault(got.stream, got.error)
        elif got.kind in (HEADERS, DATA):
            if got.kind == DATA:
                self.bodies[got.stream] += got.payload
            if got.flags & END_STREAM:
                self.ended.add(got.stream)
        else:
            self.others.append((got.kind, got.flags, got.payload))


class InTheClear(Rules, EndToEnd):
    tls = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start()
        cls.address = cls.sluice.address


@needs("openssl")
class OverTls(Rules, EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start()
        cls.address = host_port(cls.sluice.addresses[1])
        cls.tls = ssl.create_default_context(cafile=cls.certificate["certificate"])
        cls.tls.check_hostname = False
        cls.tls.set_alpn_protocols(["h2"])


def forever(*frames):
    """The same again and again, in pieces that are worth sending."""
    piece = b"".join(frames)
    piece *= max(1, 16384 // len(piece))
    while True:
        yield piece


def on_new_streams(*frames_of):
    """For stream 1, 3, 5 and so on what these make of it."""
    for first in range(1, 1 << 30, 128):
        yield b"".join(make(stream) for stream in range(first, first + 128, 2) for make in frames_of)


NEVER = request(path="/never")
SMALL = [*GET, ("x-a", "b" * 4000)]

# All that the server does for any of them it does for nothing.
FLOODS = {
    "rapid reset": lambda: on_new_streams(lambda stream: headers(stream, NEVER), reset),
    "rapid reset with another code": lambda: on_new_streams(lambda stream: headers(stream, NEVER), lambda stream: reset(stream, 2)),
    "resets that the client provokes": lambda: on_new_streams(lambda stream: opened(stream, [*NEVER, ("content-length", "1")]),
                                                      lambda stream: data(b"xy", stream)),
    "malformed requests": lambda: on_new_streams(lambda stream: headers(stream, [*GET, ("X-A", "b")])),
    "PING": lambda: forever(frame(PING, 0, 0, b"12345678")),
    "SETTINGS": lambda: forever(settings((INITIAL_WINDOW_SIZE, 65535))),
    "empty SETTINGS": lambda: forever(settings()),
    "PRIORITY": lambda: forever(priority(1, 3), priority(3, 1)),
    "WINDOW_UPDATE": lambda: forever(window(1), window(1)),
    "unknown frames": lambda: forever(frame(0x16)),
    "empty DATA": lambda: itertools.chain([opened(1, request(path="/never", method="POST"))], forever(data())),
    "padding alone": lambda: itertools.chain([opened(1, request(path="/never", method="POST"))], forever(padded(DATA, 0, b"", 9))),
    "CONTINUATION": lambda: itertools.chain([begun()], forever(continued(block(("x-a", "b" * 100)), flags=0))),
    "empty CONTINUATION": lambda: itertools.chain([begun()], forever(continued(flags=0))),
    "requests beyond what is allowed": lambda: on_new_streams(lambda stream: headers(stream, NEVER)),
    # A field of 4 kB that goes into the table once, and is named by one byte each time then.
    "HPACK bomb": lambda: itertools.chain([headers(1, SMALL, more=h2_hpack.FOUR_KB)],
                                  (headers(stream, more=b"\xbe" * 16000) for stream in range(3, 1 << 30, 2))),
}  # fmt: skip
STARVED = 32  # KiB for a stream that may be open: far less than the body that waits for its reader
FLOOD_SECONDS = float(os.environ.get("SLUICE_E2E_FLOOD", "0.4"))
GROWTH = 8 << 10  # KiB that memory may differ by from one time to the next


class Floods(EndToEnd):
    """RFC 9113 10.5: a flood ends, or is bounded; and nobody else is the worse for it, however long it lasts."""

    def setUp(self):
        super().setUp()
        origin = self.scripted(read_to_the_end)
        upstreams = {"silent": {"endpoints": [origin.endpoint], "connections": {"max": 200}}}
        routes = [{"match": {"path": "/hello"}, "respond": {"body": "hello"}},
                  {"match": {"path": "/large"}, "respond": {"body": "b" * 65536}}, {"upstream": "silent"}]  # fmt: skip
        self.sluice = self.gateway(upstreams, routes, {"limits": {"requests_per_connection": 1_000_000_000}})

    def blamed(self):
        """Connections that ended for what the client did. Some floods break a rule before they are one."""
        metrics = Metrics(self.sluice.admin("/metrics")[1])
        return sum(metrics.sum("sluice_connections_closed_total", reason=reason) for reason in ("flooded", "malformed"))

    def assertMemoryBelow(self, kib, most):
        if not sanitized():  # a quarantine is not a leak
            self.assertLess(kib, most)

    def test_every_flood_ends(self):
        with Neighbour(asking_for_hello(self.sluice.address)) as neighbour:
            for name, flood in FLOODS.items():
                for reads in (True, False):
                    with self.subTest(name, reads=reads):
                        before = neighbour.served
                        self.flood(flood, reads)
                        wait_until(lambda: neighbour.failure or neighbour.served > before, "others are served")
                        self.assertIsNone(neighbour.failure)
        self.assertMemoryBelow(self.sluice.memory_kib("VmHWM"), 64 << 10)

    def flood(self, flood, reads):
        """Again and again, each time until it is ended; the first takes what the others find."""
        stop = time.monotonic() + FLOOD_SECONDS / 2
        before = self.blamed()
        with Watched(self.sluice) as first:
            self.play(flood, reads)
        ends = 1
        with Watched(self.sluice) as further:
            while time.monotonic() < stop:
                self.play(flood, reads)
                ends += 1
        wait_until(lambda: self.blamed() - before >= ends, "each is counted as the client's fault")
        self.assertMemoryBelow(further.most, first.most + GROWTH)

    def play(self, flood, reads):
        with H2Connection(self.sluice.address, timeout=PATIENCE) as client:
            dialogue = Dialogue(client)
            reader = threading.Thread(target=dialogue.read_until, args=(lambda: False,))
            if reads:
                reader.start()
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                for piece in flood():
                    client.send(piece)
            if reads:
                reader.join()

    def test_slow_readers_are_bounded(self):
        """A byte of each stream at a time: what waits for its reader is no more than the stream, and others are served."""
        before = self.sluice.memory_kib()
        with Neighbour(asking_for_hello(self.sluice.address)) as neighbour, contextlib.ExitStack() as open_ones:
            starved = [open_ones.enter_context(Starved(self.sluice.address)) for _ in range(20)]
            for client in starved:
                client.take_a_byte_each()
            settled = self.sluice.memory_kib()
            self.assertMemoryBelow(settled - before, sum(len(client.open) for client in starved) * STARVED)
            served = neighbour.served
            stop = time.monotonic() + FLOOD_SECONDS
            with Watched(self.sluice) as further:
                while time.monotonic() < stop:
                    for client in starved:
                        client.take_a_byte_each()
            wait_until(lambda: neighbour.failure or neighbour.served > served, "others are served")
        self.assertIsNone(neighbour.failure)
        self.assertMemoryBelow(further.most, settled + GROWTH)


class Starved(H2Connection):
    """As many streams as it may have, each of which it gives a byte of window at a time; for one that is reset it opens
    another."""

    STREAMS = 100

    def __init__(self, address):
        super().__init__(address, timeout=PATIENCE, settings=[(INITIAL_WINDOW_SIZE, 0)])
        self.following = 1
        self.open = set()
        self.fill()

    def fill(self):
        while len(self.open) < self.STREAMS:
            self.send(headers(self.following, request(path="/large")))
            self.open.add(self.following)
            self.following += 2

    def take_a_byte_each(self):
        waited_for = set(self.open)
        self.send(window(len(waited_for)), *(window(1, stream) for stream in waited_for))
        while waited_for:
            got = self.until(DATA, RST_STREAM)
            waited_for.discard(got.stream)
            if got.kind == RST_STREAM:
                self.open.discard(got.stream)
        self.fill()


def asking_for_hello(address):
    """For a Neighbour: streams of one connection that ask for /hello."""
    with H2Connection(address, timeout=PATIENCE) as client:
        for stream in range(1, 1 << 30, 2):
            client.ask(stream, GET)
            assert client.response(stream) == b"hello"
            client.send(window(len(b"hello")))
            yield
