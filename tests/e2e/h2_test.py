"""HTTP/2 with clients: curl, nghttp and h2load, and frames that no well-behaved client sends (RFC 9113)."""

import contextlib
import hashlib
import json
import re
import socket
import struct
import subprocess
import threading

from support.case import EndToEnd, needs
from support.gateway import sanitized
from support.h2 import (
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    GOAWAY,
    HEADERS,
    NO_ERROR,
    PING,
    PREFACE,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    H2Connection,
    block,
    frame,
    request,
)
from support.peers import answering
from support.prometheus import Metrics
from support.waiting import wait_until
from support.wire import Connection, ask
from support.wire import head as h1_head
from tls_test import Certificates

HELLO = [{"match": {"path": "/hello"}, "respond": {"body": "hello"}}]
MIB = 1 << 20


@needs("curl", "node", "nghttp", "h2load", "openssl")
class Clients(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificate = Certificates(cls.class_folder).make("local", "localhost")
        cls.node = cls.shared_node()
        routes = [*HELLO, {"match": {"path": "/little"}, "upstream": "node", "max_body": "10B"}, {"upstream": "node"}]
        listeners = [
            {"name": "clear", "address": "127.0.0.1:0"},
            {"name": "tls", "address": "127.0.0.1:0", "tls": {"certificates": cls.certificate}},
            {"name": "old", "address": "127.0.0.1:0", "protocols": ["http/1.1"], "tls": {"certificates": cls.certificate}},
        ]
        cls.sluice = cls.shared_gateway({"node": [cls.node.endpoint]}, routes, listeners=listeners)
        cls.clear = "http://" + cls.sluice.addresses[0]
        cls.tls, cls.old = ("https://localhost:" + address.rpartition(":")[2] for address in cls.sluice.addresses[1:])

    def h2(self, *words, **rest):
        return self.curl("--http2-prior-knowledge", *words, **rest)

    def seen(self, *words):
        return json.loads(self.h2(*words))

    def secure(self, *words):
        return self.curl("--http2", "--cacert", self.certificate["certificate"], *words)

    def test_a_request_and_its_response(self):
        text = self.h2("-i", self.clear + "/hello").decode()
        self.assertTrue(text.startswith("HTTP/2 200 \r\n"), text)
        self.assertTrue(text.endswith("\r\n\r\nhello"), text)
        self.assertNotRegex(text, "(?i)connection:|keep-alive:|transfer-encoding:")

    def test_the_upstream_gets_one_clear_http_1_1_request(self):
        seen = self.seen("-d", "x" * 5000, "-b", "a=1; b=2", "-H", "X-Two: 1", self.clear + "/a?b=c")
        self.assertEqual((seen["method"], seen["url"], seen["length"]), ("POST", "/a?b=c", 5000))
        headers = seen["headers"]
        self.assertEqual(headers["host"], self.sluice.addresses[0])
        self.assertEqual(headers["cookie"], "a=1; b=2")
        self.assertEqual(headers["content-length"], "5000")
        self.assertEqual((headers["x-forwarded-proto"], headers["x-two"]), ("http", "1"))
        self.assertRegex(headers["via"], r"^2(\.0)? sluice")

    def test_a_body_without_a_length_is_chunked_upstream(self):
        seen = self.seen("-T", "-", "-H", "Content-Length:", self.clear + "/up")
        self.assertEqual((seen["method"], seen["length"]), ("PUT", 0))
        for body in (b"y", b"y" * 300_000):
            done = subprocess.run(["curl", "-q", "-sS", "--http2-prior-knowledge", "-T", "-", self.clear + "/up"],
                                  input=body, capture_output=True, timeout=60, check=True)  # fmt: skip
            seen = json.loads(done.stdout)
            self.assertEqual((seen["length"], seen["headers"].get("transfer-encoding")), (len(body), "chunked"))
            self.assertEqual(seen["sha256"], hashlib.sha256(body).hexdigest())

    def test_a_whole_request_in_one_segment_keeps_its_body_and_trailers(self):
        with H2Connection(self.sluice.address) as client:
            client.ask(1, request(method="POST", path="/up"), frame(DATA, 0, 1, b"body"),
                       frame(HEADERS, END_HEADERS | END_STREAM, 1, block(("x-sum", "7"))))  # fmt: skip
            seen = json.loads(client.response(1))
        self.assertEqual((seen["length"], seen["trailers"]), (4, {"x-sum": "7"}))

    def test_head_and_no_content_have_no_body(self):
        text = self.h2("-I", self.clear + "/stream?bytes=1000").decode()
        self.assertRegex(text, r"(?i)content-length: 1000")
        text = self.h2("-i", self.clear + "/status?code=204").decode()
        self.assertTrue(text.startswith("HTTP/2 204"), text)

    def test_large_bodies_both_ways(self):
        body = self.h2(self.clear + f"/chunked?bytes={32 * MIB}", seconds=120)
        self.assertEqual(len(body), 32 * MIB)
        path = self.folder / "body"
        path.write_bytes(body)
        seen = self.seen("--data-binary", f"@{path}", self.clear + "/up")
        self.assertEqual((seen["length"], seen["sha256"]), (len(body), hashlib.sha256(body).hexdigest()))

    def test_trailers_and_interim_responses(self):
        text = self.h2("-i", "-H", "TE: trailers", self.clear + "/chunked?bytes=10", "-o", "/dev/null", "-D", "-").decode()
        self.assertRegex(text, r"x-sha256: [0-9a-f]{64}")
        text = self.h2("-i", self.clear + "/hints").decode()
        self.assertTrue(text.startswith("HTTP/2 103 \r\n"), text)
        self.assertIn("HTTP/2 200 \r\n", text)

    def test_refusals_are_as_in_http_1_1(self):
        text = self.h2("-i", "-d", "more than ten bytes", self.clear + "/little").decode()
        self.assertTrue(text.startswith("HTTP/2 413"), text)
        self.assertIn('"reason":"body_too_large"', text)
        text = self.h2("-i", "-H", "x-large: " + "y" * 40_000, self.clear + "/hello").decode()
        self.assertTrue(text.startswith("HTTP/2 431"), text)
        text = self.h2("-i", "-H", "Expect: the-impossible", "-d", "x", self.clear + "/a").decode()
        self.assertTrue(text.startswith("HTTP/2 417"), text)

    def test_alpn_chooses(self):
        version = ("-o", "/dev/null", "-w", "%{http_version}")
        self.assertEqual(self.secure(*version, self.tls + "/hello"), b"2")
        self.assertEqual(self.secure(*version, "--http1.1", self.tls + "/hello"), b"1.1")
        self.assertEqual(self.secure(*version, self.old + "/hello"), b"1.1")
        self.assertEqual(self.h2(*version, self.clear + "/hello"), b"2")
        self.assertEqual(self.curl(*version, self.clear + "/hello"), b"1.1")

    def test_the_access_log_and_the_metrics_know(self):
        self.h2(self.clear + "/hello?logged")
        line = wait_until(lambda: [one for one in self.sluice.access_log() if one.get("query") == "logged"], "it is logged")[0]
        self.assertEqual((line["protocol"] if "protocol" in line else line["version"], line["status"]), ("HTTP/2", 200))

    def test_nghttp_with_many_streams_and_trailers(self):
        urls = [self.clear + f"/stream?bytes={size}" for size in (1, 1000, 100_000, 300_000)]
        done = subprocess.run(["nghttp", "-nv", "--no-dep", *urls], capture_output=True, timeout=60, check=True)
        text = done.stdout.decode()
        self.assertEqual(len(re.findall(r":status: 200", text)), len(urls), text[:2000])
        self.assertNotRegex(text, r"RST_STREAM|error_code=(?!NO_ERROR)")
        path = self.folder / "body"
        path.write_bytes(b"z" * 1000)
        done = subprocess.run(["nghttp", "--no-content-length", "--trailer", "x-sum: 7", "-d", path, self.clear + "/up"],
                              capture_output=True, timeout=60, check=True)  # fmt: skip
        self.assertEqual(json.loads(done.stdout)["trailers"], {"x-sum": "7"})

    def test_h2load_over_both(self):
        for url in (self.clear + "/hello", self.tls + "/hello", self.clear + "/stream?bytes=20000"):
            done = subprocess.run(["h2load", "-n", "3000", "-c", "8", "-m", "16", url], capture_output=True, timeout=120, check=True)
            text = done.stdout.decode()
            self.assertIn("3000 succeeded, 0 failed, 0 errored, 0 timeout", text, text)
            self.assertIn("status codes: 3000 2xx", text)

    def test_trailers_that_may_be_none_are_refused_as_in_http_1_1(self):
        cases = {
            "forbidden_trailer": [("authorization", "Basic YTpi")],
            "header_fields_too_large": [(f"x-{i}", "1") for i in range(200)],
        }
        for reason, fields in cases.items():
            with self.subTest(reason), H2Connection(self.sluice.address) as client:
                trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, block(*fields))
                client.ask(1, request(path="/up", method="POST"), frame(DATA, 0, 1, b"x"), trailers)
                self.assertEqual(json.loads(client.response(1))["reason"], reason)
                client.ask(3, request(path="/hello"))
                self.assertEqual(client.response(3), b"hello")


class Frames(EndToEnd):
    """Single frames, and what comes of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sluice = cls.shared_gateway(None, HELLO)

    def ask_malformed(self, fields, *more):
        """The stream is reset with PROTOCOL_ERROR, and the connection goes on."""
        with H2Connection(self.sluice.address) as client:
            client.ask(1, fields, *more)
            got = client.until(RST_STREAM, HEADERS, stream=1)
            self.assertEqual((got.kind, got.kind == RST_STREAM and got.error), (RST_STREAM, PROTOCOL_ERROR), fields)
            client.ask(3, request(path="/hello"))
            self.assertEqual(client.response(3), b"hello")

    def test_malformed_heads_reset_their_stream(self):
        bad = {
            "an upper-case name (8.2.1)": request(("X-A", "1")),
            "a connection field (8.2.2)": request(("connection", "close")),
            "a transfer coding (8.2.2)": request(("transfer-encoding", "chunked")),
            "keep-alive (8.2.2)": request(("keep-alive", "1")),
            "upgrade (8.2.2)": request(("upgrade", "h2c")),
            "TE other than trailers (8.2.2)": request(("te", "gzip")),
            "CR in a value (8.2.1)": request(("x-a", "a\rb")),
            "LF in a value (8.2.1)": request(("x-a", "a\nb")),
            "NUL in a value (8.2.1)": request(("x-a", "a\0b")),
            "a space in a name (8.2.1)": request(("x a", "b")),
            "a blank before a value (8.2.1)": request(("x-a", " b")),
            "a blank behind a value (8.2.1)": request(("x-a", "b ")),
            "no method (8.3.1)": request()[1:],
            "no scheme (8.3.1)": [field for field in request() if field[0] != ":scheme"],
            "no path (8.3.1)": [field for field in request() if field[0] != ":path"],
            "an empty path (8.3.1)": request(path=""),
            "two methods (8.3.1)": [(":method", "GET"), *request()],
            "a response's pseudo-field (8.3)": [*request(), (":status", "200")],
            "an unknown pseudo-field (8.3)": [*request(), (":x", "1")],
            "a pseudo-field behind a field (8.3)": [("x-a", "1"), *request()],
        }
        for name, fields in bad.items():
            with self.subTest(name):
                self.ask_malformed(fields)

    def test_a_body_that_is_not_as_long_as_it_said_resets_its_stream(self):
        post = request(("content-length", "5"), method="POST")
        self.ask_malformed(post, frame(DATA, END_STREAM, 1, b"four"))
        self.ask_malformed(post, frame(DATA, END_STREAM, 1, b"sixsix"))
        self.ask_malformed(post)

    def test_bad_requests_are_refused_as_in_http_1_1(self):
        bad = [request(path="/a\x7f"), request(path="/%00"), request(path="/../x"), request(path="/a#b"),
               request(authority="a b"), request(("host", "other.test")),
               [field for field in request() if field[0] != ":authority"]]  # fmt: skip
        for fields in bad:
            with self.subTest(fields), H2Connection(self.sluice.address) as client:
                client.ask(1, fields)
                got = client.until(RST_STREAM, HEADERS, stream=1)
                if got.kind == HEADERS:
                    body = client.response(1)
                    self.assertEqual(json.loads(body)["status"], 400, body)

    def test_refusals_name_their_reason(self):
        cases = {
            "uri_too_long": request(path="/" + "a" * 9000),
            "misdirected": [(":method", "GET"), (":scheme", "https"), (":path", "/hello"), (":authority", "example.test")],
            "upgrade_refused": [(":method", "CONNECT"), (":authority", "example.test:443")],
            "header_fields_too_large": request(*[(f"x-{i}", "1") for i in range(200)]),
            "invalid_host": request(("host", "other.test")),
            "no_route": request(path="/nowhere"),
            "not_implemented": request(method="M" * 65),
            "invalid_target": [(":method", "GET"), (":scheme", "ftp"), (":path", "/hello"), (":authority", "example.test")],
        }
        for reason, fields in cases.items():
            with self.subTest(reason), H2Connection(self.sluice.address) as client:
                client.ask(1, fields)
                self.assertEqual(json.loads(client.response(1))["reason"], reason)

    def test_only_websocket_is_tunnelled(self):
        with H2Connection(self.sluice.address) as client:
            tunnel = [(":method", "CONNECT"), (":protocol", "foo"), *request()[1:]]
            client.send(frame(HEADERS, END_HEADERS, 1, block(*tunnel)))
            self.assertEqual(json.loads(client.response(1))["reason"], "not_implemented")

    def test_what_is_refused_behind_the_head(self):
        """A TRACE with a body, and more in trailers than may be in a head."""
        origin = self.scripted(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        sluice = self.gateway({"a": [origin.endpoint]}, listener={"limits": {"header_bytes": "4KiB"}})
        trailers = block(*[(f"x-{i}", "t" * 900) for i in range(10)])
        cases = {
            "unexpected_content": (request(method="TRACE"), frame(DATA, END_STREAM, 1, b"x")),
            "header_fields_too_large": (request(method="POST"), frame(DATA, 0, 1, b"x"),
                                        frame(HEADERS, END_HEADERS | END_STREAM, 1, trailers)),
        }  # fmt: skip
        for reason, (fields, *more) in cases.items():
            with self.subTest(reason), H2Connection(sluice.address) as client:
                client.send(frame(HEADERS, END_HEADERS, 1, block(*fields)), *more)
                self.assertEqual(json.loads(client.response(1))["reason"], reason)

    def test_the_preface_is_refused_where_http_2_is_not_spoken(self):
        sluice = self.gateway(None, HELLO, {"protocols": ["http/1.1"]})
        with Connection(sluice.address) as client:
            client.send_what_is_taken(PREFACE)
            response = client.read_response()
            self.assertEqual((response.status, response.reason), (505, "unsupported_version"))
            self.assertTrue(client.at_end())

    def test_http_1_1_is_refused_where_it_is_not_spoken(self):
        sluice = self.gateway(None, HELLO, {"protocols": ["h2"]})
        response = ask(sluice.address, h1_head("GET", "/hello"))
        self.assertEqual((response.status, response.reason), (505, "unsupported_version"))
        with H2Connection(sluice.address) as client:
            client.ask(1, request(path="/hello"))
            self.assertEqual(client.response(1), b"hello")

    def connection_error(self, *frames):
        with H2Connection(self.sluice.address) as client:
            client.send(*frames)
            return client.ended()

    def test_broken_connections_end_with_a_word(self):
        self.assertEqual(self.connection_error(frame(DATA, 0, 1, b"x")), PROTOCOL_ERROR)
        self.assertEqual(self.connection_error(frame(HEADERS, END_HEADERS | END_STREAM, 2, block(*request()))), PROTOCOL_ERROR)
        self.assertEqual(self.connection_error(frame(CONTINUATION, END_HEADERS, 1, b"")), PROTOCOL_ERROR)
        self.assertIsNotNone(self.connection_error(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff")))
        self.assertIsNotNone(self.connection_error(frame(PING, 0, 0, b"seven77")))

    def test_a_ping_is_answered(self):
        with H2Connection(self.sluice.address) as client:
            client.send(frame(PING, 0, 0, b"12345678"))
            got = client.until(PING)
            self.assertEqual((got.flags, got.payload), (1, b"12345678"))

    def test_half_a_preface_is_nothing(self):
        with socket.create_connection(self.sluice.address, timeout=30) as client:
            client.sendall(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
            while client.recv(65536):
                pass


class Conduct(EndToEnd):
    """Limits, time, and the end."""

    def test_more_streams_than_allowed_are_refused(self):
        origin = self.scripted(lambda peer: peer.recv(1 << 20) and peer.recv(1))
        sluice = self.gateway({"slow": [origin.endpoint]}, None, {"limits": {"concurrent_streams": 3}})
        with H2Connection(sluice.address) as client:
            client.until(4)
            client.send(frame(PING, 0, 0, b"settings"))
            client.until(PING)
            for stream in range(1, 8, 2):
                client.ask(stream, request())
            got = client.until(RST_STREAM, GOAWAY)
            self.assertIn(got.error, (REFUSED_STREAM, PROTOCOL_ERROR))
            if got.kind == RST_STREAM:
                self.assertEqual(got.stream, 7)

    def test_a_client_that_resets_cancels_its_request(self):
        gone = threading.Event()

        def script(peer):
            peer.recv(65536)
            if not peer.recv(65536):
                gone.set()

        origin = self.scripted(script)
        sluice = self.gateway({"slow": [origin.endpoint]}, None)
        with H2Connection(sluice.address) as client:
            client.ask(1, request(path="/left"))
            wait_until(lambda: origin.connections == 1, "it reaches the origin")
            client.send(frame(RST_STREAM, 0, 1, b"\0\0\0\x08"))
            self.assertTrue(gone.wait(30))
            line = wait_until(sluice.access_log, "it is logged")[0]
            self.assertEqual((line["status"], line["reason"]), (499, "client_closed"))
            client.send(frame(PING, 0, 0, b"12345678"))
            client.until(PING)

    def test_rapid_resets_end_the_connection(self):
        origin = self.scripted(lambda peer: peer.recv(1 << 20) and peer.recv(1))
        sluice = self.gateway({"slow": {"endpoints": [origin.endpoint], "connections": {"max": 4}}}, None)
        with H2Connection(sluice.address) as client:
            try:
                for stream in range(1, 2001, 2):
                    client.ask(stream, request())
                    client.send(frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))
            except (ConnectionResetError, BrokenPipeError):
                pass
            self.assertIn(client.ended(), (ENHANCE_YOUR_CALM, None))
        wait_until(lambda: Metrics(sluice.admin("/metrics")[1]).sum("sluice_exchanges_in_flight") == 0, "nothing is left")

    def test_floods_end_the_connection(self):
        sluice = self.gateway(None, HELLO)
        head = frame(HEADERS, END_STREAM, 1, block(*request()))
        floods = {
            "CONTINUATION": head + frame(CONTINUATION, 0, 1, block(("x-a", "y" * 8000))) * 1000,
            "empty CONTINUATION": head + frame(CONTINUATION, 0, 1) * 100_000,
            "PING": frame(PING, 0, 0, b"12345678") * 100_000,
            "SETTINGS": frame(SETTINGS, 0, 0, b"\0\4\0\0\xff\xff") * 100_000,
        }
        for name, flood in floods.items():
            with self.subTest(name), H2Connection(sluice.address) as client:
                with contextlib.suppress(ConnectionResetError, BrokenPipeError, TimeoutError):
                    client.socket.settimeout(5)
                    client.send(flood)
                with contextlib.suppress(TimeoutError):
                    self.assertNotEqual(client.ended(), NO_ERROR)
            self.assertEqual(ask(sluice.address, h1_head("GET", "/hello")).body, b"hello")
        if not sanitized():
            self.assertLess(sluice.memory_kib(), 100 << 10)

    def test_a_client_that_takes_nothing_is_cut_off_and_the_others_are_not(self):
        sluice = self.gateway(None, [{"respond": {"body": "b" * 100}}], {"limits": {"body_timeout": "500ms"}})
        with H2Connection(sluice.address, settings=[(4, 10)]) as client:
            client.ask(1, request())
            got = client.until(RST_STREAM, stream=1)
            self.assertEqual(got.error, CANCEL)
            client.send(frame(4, 0, 0, b"\0\4\0\1\0\0"))
            client.ask(3, request())
            self.assertEqual(client.response(3), b"b" * 100)

    def test_a_client_that_sends_nothing_is_told(self):
        origin = self.scripted(lambda peer: peer.recv(1 << 20) and peer.recv(1))
        sluice = self.gateway({"origin": [origin.endpoint]}, None, {"limits": {"body_timeout": "300ms"}})
        with H2Connection(sluice.address) as client:
            client.ask(1, request(method="POST"), b"")
            got = client.until(HEADERS, RST_STREAM, stream=1)
            self.assertEqual(got.kind, HEADERS)
            self.assertEqual(json.loads(client.response(1))["reason"], "body_too_slow")

    def test_an_idle_connection_ends(self):
        sluice = self.gateway(None, HELLO, {"limits": {"idle_timeout": "200ms"}})
        with H2Connection(sluice.address) as client:
            client.ask(1, request(path="/hello"))
            self.assertEqual(client.response(1), b"hello")
            self.assertEqual(client.ended(), NO_ERROR)

    def test_an_unfinished_head_is_left_out(self):
        sluice = self.gateway(None, HELLO, {"limits": {"header_timeout": "200ms"}})
        for served in (0, 1):
            with H2Connection(sluice.address) as client:
                client.until(SETTINGS)  # acknowledged: between the frames of a head nothing may come
                if served:
                    client.ask(1, request(path="/hello"))
                    self.assertEqual(client.response(1), b"hello")
                client.send(frame(HEADERS, END_STREAM, 1 + 2 * served, block(*request(path="/hello"))))
                goaway = client.until(GOAWAY)
                self.assertEqual((goaway.last_stream, goaway.error), (served, NO_ERROR))

    def test_a_client_that_says_goaway_is_told_what_was_left_out(self):
        leave = frame(GOAWAY, payload=struct.pack(">II", 0, NO_ERROR))
        opens = frame(HEADERS, END_HEADERS | END_STREAM, 3, block(*request(path="/hello")))
        sluice = self.gateway(None, HELLO)
        with H2Connection(sluice.address) as client:
            client.ask(1, request(path="/hello"))
            self.assertEqual(client.response(1), b"hello")
            client.send(leave, opens)
            goaway = client.until(GOAWAY)
            self.assertEqual((goaway.last_stream, goaway.error), (1, NO_ERROR))
            client.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(client.ended(), NO_ERROR)
        reasons = Metrics(sluice.admin("/metrics")[1])
        self.assertEqual(reasons.sum("sluice_connections_closed_total", reason="malformed"), 0)

    def test_a_connection_ends_after_so_many_requests(self):
        sluice = self.gateway(None, HELLO, {"limits": {"requests_per_connection": 2}})
        with H2Connection(sluice.address) as client:
            for stream in (1, 3):
                client.ask(stream, request(path="/hello"))
            self.assertEqual(client.response(1), b"hello")
            self.assertEqual(client.response(3), b"hello")
            self.assertEqual(client.ended(), NO_ERROR)

    def test_sigterm_says_goaway_and_lets_a_response_finish(self):
        told = threading.Event()

        def script(peer):
            peer.recv(65536)
            told.wait(30)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")
            peer.recv(1)

        origin = self.scripted(script)
        sluice = self.gateway({"slow": [origin.endpoint]}, None)
        with H2Connection(sluice.address) as client, H2Connection(sluice.address) as idle:
            client.ask(1, request())
            wait_until(lambda: origin.connections == 1, "it reaches the origin")
            sluice.send_signal(15)
            self.assertEqual(idle.ended(), NO_ERROR)
            self.assertEqual(client.until(GOAWAY).error, NO_ERROR)
            told.set()
            self.assertEqual(client.response(1), b"slow")
            self.assertEqual(client.ended(), NO_ERROR)
        self.assertEqual(sluice.wait(), 0)
