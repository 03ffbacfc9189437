"""HTTP/2 with upstreams: a real node server, and upstreams that do what a well-behaved one does not (RFC 9113)."""

import hashlib
import json
import struct
import subprocess
import threading

from support import peers
from support.case import EndToEnd, needs
from support.h2 import (
    ACK,
    CANCEL,
    DATA,
    END_HEADERS,
    END_STREAM,
    FLOW_CONTROL_ERROR,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    NO_ERROR,
    PING,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    H2Connection,
    H2Upstream,
    block,
    frame,
    number,
    request,
    settings_payload,
)
from support.gateway import binary, configuration
from support.prometheus import Metrics
from support.waiting import wait_until
from support.wire import Connection, Malformed, ask, chunked, head
from tls_test import Certificates

MIB = 1 << 20
MAX_CONCURRENT_STREAMS = 3


@needs("curl", "node", "openssl")
class Node(EndToEnd):
    """Clients of either protocol, an upstream of HTTP/2."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pair = cls.pair = Certificates(cls.class_folder).make("local", "localhost")
        files = (pair["certificate"], pair["private_key"])
        cls.clear, cls.tls = cls.shared_node("clear", speaks=["h2"]), cls.shared_node("tls", speaks=["h2", *files])
        cls.both = cls.shared_node("both", speaks=["both", *files])
        cls.old = cls.shared_node("old")
        trust = {"ca": str(pair["certificate"]), "server_name": "localhost"}
        upstreams = {
            "clear": {"endpoints": [cls.clear.endpoint], "protocol": "h2"},
            "tls": {"endpoints": [cls.tls.endpoint], "protocol": "h2", "tls": trust},
            "auto": {"endpoints": [cls.both.endpoint], "protocol": "auto", "tls": trust},
            "checked": {
                "endpoints": [cls.tls.endpoint],
                "protocol": "h2",
                "tls": trust,
                "health_check": {"path": "/healthz", "interval": "200ms", "timeout": "200ms"},
            },
        }
        routes = [{"match": {"path": f"/{name}/*"}, "rewrite": {"path": "/{path.rest}"}, "upstream": name} for name in upstreams]
        cls.sluice = cls.shared_gateway(upstreams, routes)
        cls.url = "http://" + cls.sluice.addresses[0]

    def get(self, path, *words):
        return self.curl(*words, self.url + path)

    def test_each_way_of_agreeing_on_it(self):
        for name in ("clear", "tls", "auto"):
            answer = json.loads(self.get(f"/{name}/echo?a=1", "-H", "X-Own: 1", "-H", "Connection: x-gone", "-H", "X-Gone: 1"))
            self.assertEqual(answer["version"], "2.0", name)
            self.assertEqual(answer["url"], "/echo?a=1")
            self.assertEqual(answer["headers"][":scheme"], "http" if name == "clear" else "https")
            self.assertEqual(answer["headers"][":authority"], self.url.removeprefix("http://"))
            self.assertEqual(answer["headers"]["x-own"], "1")
            self.assertNotIn("x-gone", answer["headers"])
            self.assertNotIn("host", answer["headers"])
            self.assertIn("1.1 sluice", answer["headers"]["via"])

    def test_bodies_of_any_size_and_framing(self):
        for size in (0, 1, 16384, 16385, 3 * MIB):
            body = hashlib.sha256(b"x").digest() * (size // 32) + b"x" * (size % 32)
            (self.folder / "body").write_bytes(body)
            for words in ([], ["-H", "Transfer-Encoding: chunked"]):
                for protocol in ("--http1.1", "--http2-prior-knowledge"):
                    answer = json.loads(self.get("/clear/echo", protocol, *words, "--data-binary", f"@{self.folder}/body"))
                    self.assertEqual((answer["length"], answer["sha256"]), (size, hashlib.sha256(body).hexdigest()))
            down = self.get(f"/clear/stream?bytes={size}")
            self.assertEqual(len(down), size)
            self.assertEqual(down, self.get(f"/clear/chunked?bytes={size}", "--http2-prior-knowledge"))

    def test_trailers_both_ways(self):
        with Connection(self.sluice.address) as client:
            client.send(head("POST", "/clear/echo", "Transfer-Encoding: chunked", "Trailer: x-sum", "TE: trailers",
                             "Connection: TE") + chunked(b"body", trailers=["X-Sum: 4"]))  # fmt: skip
            answer = client.read_response().json()
            self.assertEqual((answer["trailers"], answer["headers"]["te"]), ({"x-sum": "4"}, "trailers"))
            client.send(head("GET", "/clear/chunked?bytes=100000", "TE: trailers", "Connection: TE"))
            response = client.read_response()
            self.assertEqual(dict(response.trailers)["x-sha256"], hashlib.sha256(response.body).hexdigest())

    def test_heads_without_bodies(self):
        with Connection(self.sluice.address) as client:
            response = client.ask(head("HEAD", "/clear/stream?bytes=77"), method="HEAD")
            self.assertEqual((response.status, response.field("content-length")), (200, "77"))
            for code in (204, 304, 404):
                response = client.ask(head("GET", f"/clear/status?code={code}"))
                self.assertEqual((response.status, response.body), (code, b""))

    def test_large_heads_pass(self):
        lines = [f"X-{number}: {'a' * 7000}" for number in range(12)]
        limits = {"limits": {"header_bytes": "128KiB"}}
        sluice = self.gateway({"a": {"endpoints": [self.clear.endpoint], "protocol": "h2"}}, listener=limits)
        response = ask(sluice.address, head("GET", "/echo", *lines[:6]))
        self.assertEqual(response.json()["headers"]["x-5"], "a" * 7000)
        # More than this node takes: it is for the upstream to say so.
        self.assertIn(ask(sluice.address, head("GET", "/echo", *lines)).status, (200, 431, 502))

    def test_interim_responses(self):
        with Connection(self.sluice.address) as client:
            response = client.ask(head("GET", "/clear/hints"))
            self.assertEqual([one.status for one in response.interim], [103])
            client.send(head("POST", "/clear/echo", "Expect: 100-continue", "Content-Length: 2"))
            self.assertEqual(client.read_head().status, 100)
            client.send(b"ok")
            self.assertEqual(client.read_response().json()["length"], 2)

    def test_many_share_a_connection(self):
        before = self.sluice.upstream("clear")["endpoints"][0]["totals"]["opened"]
        threads = [threading.Thread(target=ask, args=(self.sluice.address, head("GET", "/clear/slow?ms=300"))) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLessEqual(self.sluice.upstream("clear")["endpoints"][0]["totals"]["opened"] - before, 2)

    def test_a_slow_client_holds_up_no_other(self):
        with Connection(self.sluice.address) as slow:
            slow.send(head("GET", f"/clear/stream?bytes={64 * MIB}"))
            slow.read_head()
            self.assertEqual(len(self.get(f"/clear/stream?bytes={8 * MIB}")), 8 * MIB)

    def test_health_is_asked_for_in_http_2(self):
        wait_until(lambda: self.sluice.upstream("checked")["endpoints"][0]["health"]["state"] == "healthy", "it is healthy")

    def test_an_upstream_without_it_is_named(self):
        upstream = {"endpoints": [self.both.endpoint], "protocol": "h2", "tls": {"verify": False}}
        old = {"endpoints": [self.old.endpoint], "protocol": "h2"}
        sluice = self.gateway({"tls": upstream, "old": old}, [{"match": {"path": "/old"}, "upstream": "old"}, {"upstream": "tls"}])
        self.assertEqual(ask(sluice.address, head("GET", "/")).status, 200)
        response = ask(sluice.address, head("GET", "/old"))
        self.assertEqual(response.status, 502)


@needs("node")
class FewStreams(EndToEnd):
    """Upstreams that take few streams at a time on a connection, and many requests at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.limits = (0, 1, 10)
        upstreams = {
            f"by-{limit}": {"endpoints": [cls.shared_node(f"by-{limit}", speaks=[f"h2:{limit}"]).endpoint], "protocol": "h2"}
            for limit in cls.limits
        }
        routes = [{"match": {"path": f"/{name}/*"}, "rewrite": {"path": "/{path.rest}"}, "upstream": name,
                   "timeout": "1s" if name == "by-0" else "30s"} for name in upstreams]  # fmt: skip
        cls.sluice = cls.shared_gateway(upstreams, routes, listener={"limits": {"concurrent_streams": 1000}}, workers=1)

    def burst(self, sluice, path, many):
        """The bodies of this many requests that one client has asked for at once."""
        with H2Connection(sluice.address) as client:
            streams = range(1, 2 * many, 2)
            client.send(*(frame(HEADERS, END_HEADERS | END_STREAM, stream, block(*request(path=path))) for stream in streams))
            bodies, open_streams = dict.fromkeys(streams, b""), set(streams)
            while open_streams:
                got = client.until(HEADERS, DATA, RST_STREAM)
                if got.kind == DATA:
                    bodies[got.stream] += got.payload
                if got.kind == RST_STREAM or got.flags & END_STREAM:
                    open_streams.discard(got.stream)
        return [json.loads(body) for body in bodies.values()]

    def retries(self):
        return Metrics(self.sluice.admin("/metrics")[1]).sum("sluice_upstream_retries_total")

    def test_none_of_a_burst_is_refused_cold_or_warm(self):
        for limit, many in ((10, 100), (10, 100), (10, 400), (1, 20), (1, 20)):
            before = self.retries()
            answers = self.burst(self.sluice, f"/by-{limit}/slow?ms=100", many)
            self.assertEqual(answers, [{"name": f"by-{limit}"}] * many, (limit, many))
            self.assertEqual(self.retries(), before, "and none has been sent in vain")

    def test_what_an_endpoint_refuses_that_takes_fewer_than_before_finds_room(self):
        port = peers.lasting_port()
        before = peers.Node(self.folder, "before", port, ["h2:100"])
        self.addCleanup(before.kill)
        sluice = self.gateway({"app": {"endpoints": [before.endpoint], "protocol": "h2"}}, workers=1)
        self.assertEqual(self.burst(sluice, "/slow?ms=100", 50), [{"name": "before"}] * 50)
        before.kill()
        after = peers.Node(self.folder, "after", port, ["h2:10"])
        self.addCleanup(after.kill)
        wait_until(lambda: sluice.upstream("app")["endpoints"][0]["connections"]["open"] == 0, "the first is known to be gone")
        self.assertEqual(self.burst(sluice, "/slow?ms=100", 100), [{"name": "after"}] * 100)

    def test_where_no_stream_is_taken_requests_wait_for_one(self):
        answers = self.burst(self.sluice, "/by-0/slow?ms=100", 5)
        self.assertEqual([answer.get("reason") for answer in answers], ["pending_timeout"] * 5)
        self.assertEqual(self.sluice.upstream("by-0")["endpoints"][0]["totals"]["opened"], 1)


class Scripted(EndToEnd):
    def through(self, script, settings=(), timeouts=None, **connections):
        """A gateway in front of an upstream that runs this on every connection."""
        self.connections = 0

        def run(peer):
            self.connections += 1
            script(H2Upstream(peer, settings), self.connections)

        upstream = {"endpoints": [self.scripted(run).endpoint], "protocol": "h2", "connections": connections}
        if timeouts:
            upstream["timeouts"] = timeouts
        return self.gateway({"app": upstream}, workers=1)

    def test_a_refused_stream_is_tried_again(self):
        def script(upstream, _):
            refused = False
            while stream := upstream.asked():
                if not refused:
                    upstream.send(frame(RST_STREAM, 0, stream, struct.pack(">I", REFUSED_STREAM)))
                    refused = True
                else:
                    upstream.answer(stream)

        sluice = self.through(script)
        response = ask(sluice.address, head("POST", "/", "Content-Length: 2") + b"ok")
        self.assertEqual((response.status, response.body), (200, b"done"))

    def test_a_stream_that_is_refused_for_ever_is_tried_three_times_in_all(self):
        asked = []

        def script(upstream, _):
            while stream := upstream.asked():
                asked.append(stream)
                upstream.send(frame(RST_STREAM, 0, stream, struct.pack(">I", REFUSED_STREAM)))

        sluice = self.through(script)
        response = ask(sluice.address, head("GET", "/"))
        self.assertEqual((response.status, response.reason), (502, "upstream_reset"))
        self.assertEqual(len(asked), 3)
        self.assertEqual(sluice.await_access(lambda _: True)["attempts"], 3)

    def test_what_a_goaway_leaves_unprocessed_goes_to_another_connection(self):
        def script(upstream, number):
            stream = upstream.asked()
            if number == 1:
                upstream.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, NO_ERROR)))
                upstream.ended()
                return
            while stream:
                upstream.answer(stream)
                stream = upstream.asked()

        sluice = self.through(script)
        response = ask(sluice.address, head("POST", "/", "Content-Length: 2") + b"ok")
        self.assertEqual((response.status, self.connections), (200, 2))

    def test_a_goaway_lets_what_runs_finish(self):
        def script(upstream, number):
            stream = upstream.asked()
            if number == 1:
                upstream.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream, NO_ERROR)))
            while stream:
                upstream.answer(stream, body=str(number).encode())
                stream = upstream.asked()

        sluice = self.through(script)
        with Connection(sluice.address) as client:
            self.assertEqual([client.ask(head("GET", "/")).body for _ in range(3)], [b"1", b"2", b"2"])

    def test_an_initial_window_that_lifts_a_stream_s_beyond_2_31_1_ends_the_connection(self):
        """RFC 9113 6.9.2"""
        codes = []

        def script(upstream, _):
            largest = (1 << 31) - 1
            if stream := upstream.asked():
                upstream.send(frame(WINDOW_UPDATE, 0, stream, number(largest - 65535)),
                              frame(SETTINGS, payload=settings_payload((INITIAL_WINDOW_SIZE, 65536))))  # fmt: skip
                codes.append(upstream.ended())

        sluice = self.through(script)
        self.assertEqual(ask(sluice.address, head("GET", "/")).status, 502)
        wait_until(lambda: FLOW_CONTROL_ERROR in codes, "the upstream is told")

    def test_the_limit_of_streams_is_that_of_the_upstream(self):
        asked, another = [], threading.Event()

        def script(upstream, number):
            if number > 1:
                another.set()
            while stream := upstream.asked():
                asked.append(stream)
                # All but the first of all are kept until another connection has come for the others.
                if len(asked) > 1:
                    another.wait(30)
                upstream.answer(stream)

        sluice = self.through(script, settings=[(MAX_CONCURRENT_STREAMS, 1)])
        ask(sluice.address, head("GET", "/"))
        threads = [threading.Thread(target=ask, args=(sluice.address, head("GET", "/"))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(asked), 6)
        self.assertGreater(self.connections, 1)

    def test_malformed_responses_are_502(self):
        heads = {
            "no status": [("x", "1")],
            "an upper-case name": [(":status", "200"), ("X-Y", "1")],
            "connection-specific": [(":status", "200"), ("connection", "close")],
            "transfer-encoding": [(":status", "200"), ("transfer-encoding", "chunked")],
            "two lengths": [(":status", "200"), ("content-length", "3"), ("content-length", "4")],
            "a line end": [(":status", "200"), ("x", "a\r\nb: c")],
            "a NUL": [(":status", "200"), ("x", "a\0b")],
            "a request's field": [(":status", "200"), (":path", "/")],
            "101": [(":status", "101")],
        }

        def script(upstream, _):
            while stream := upstream.asked():
                upstream.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, block(*heads[self.case])))

        sluice = self.through(script)
        for self.case in heads:
            response = ask(sluice.address, head("GET", "/"))
            self.assertEqual((response.status, response.reason), (502, "upstream_malformed"), self.case)

    def test_too_large_a_head_is_502(self):
        def script(upstream, _):
            while stream := upstream.asked():
                fields = [(":status", "200"), *[(f"x-{number}", "a" * 100) for number in range(201)]]
                whole = block(*fields)
                upstream.send(frame(HEADERS, END_STREAM, stream, whole[:16000]), frame(9, END_HEADERS, stream, whole[16000:]))

        response = ask(self.through(script).address, head("GET", "/"))
        self.assertEqual((response.status, response.reason), (502, "upstream_head_too_large"))

    def test_a_body_that_breaks_off_never_looks_whole(self):
        def script(upstream, _):
            while stream := upstream.asked():
                upstream.send(frame(HEADERS, END_HEADERS, stream, block((":status", "200"))), frame(DATA, 0, stream, b"half"))
                upstream.send(frame(RST_STREAM, 0, stream, struct.pack(">I", 2)))

        with Connection(self.through(script).address) as client:
            client.send(head("GET", "/"))
            with self.assertRaises((Malformed, ConnectionResetError)):
                client.read_response()

    def test_a_body_of_another_length_never_looks_whole(self):
        def script(upstream, _):
            while stream := upstream.asked():
                upstream.answer(stream, ("content-length", "10"), body=b"1234")

        with Connection(self.through(script).address) as client:
            client.send(head("GET", "/"))
            with self.assertRaises((Malformed, ConnectionResetError)):
                client.read_response()

    def test_a_stream_that_owes_its_head_is_504_and_the_connection_goes_on(self):
        resets = []

        def script(upstream, number):
            upstream.asked()
            resets.append((number, upstream.until(RST_STREAM).error))
            upstream.answer(upstream.asked(), body=str(number).encode())
            upstream.ended()

        sluice = self.through(script, timeouts={"first_byte": "200ms"})
        with Connection(sluice.address) as client:
            response = client.ask(head("GET", "/"))
            self.assertEqual((response.status, response.reason), (504, "upstream_timeout"))
            self.assertEqual(client.ask(head("GET", "/")).body, b"1")
        self.assertEqual(resets, [(1, CANCEL)])

    def test_a_client_that_leaves_cancels_its_stream_alone(self):
        resets, waits = [], threading.Event()

        def script(upstream, number):
            upstream.asked()
            waits.set()
            resets.append((number, upstream.until(RST_STREAM).error))
            upstream.answer(upstream.asked(), body=str(number).encode())
            upstream.ended()

        sluice = self.through(script)
        with Connection(sluice.address) as client:
            client.send(head("GET", "/"))
            waits.wait(30)
        wait_until(lambda: resets == [(1, CANCEL)], f"it is cancelled: {resets}")
        self.assertEqual(ask(sluice.address, head("GET", "/")).body, b"1")

    def test_an_early_answer_counts(self):
        def script(upstream, _):
            stream = upstream.until(HEADERS).stream
            upstream.answer(stream, status=403, body=b"no")
            upstream.send(frame(RST_STREAM, 0, stream, struct.pack(">I", NO_ERROR)))
            upstream.ended()

        with Connection(self.through(script).address) as client:
            client.send(head("POST", "/", "Content-Length: 100000000"))
            client.send_what_is_taken(b"a" * 400000)
            response = client.read_response()
            self.assertEqual((response.status, response.body), (403, b"no"))

    def test_an_idle_connection_is_ended_with_a_goaway(self):
        ends = []

        def script(upstream, _):
            upstream.answer(upstream.asked())
            ends.append(upstream.ended())

        sluice = self.through(script, timeouts={"idle": "300ms"})
        self.assertEqual(ask(sluice.address, head("GET", "/")).status, 200)
        wait_until(lambda: ends == [NO_ERROR], "it is ended")

    def test_pings_are_answered(self):
        def script(upstream, _):
            stream = upstream.asked()
            upstream.send(frame(PING, 0, 0, b"12345678"))
            got = upstream.until(PING)
            upstream.answer(stream, body=got.payload if got.flags & ACK else b"?")
            upstream.ended()

        self.assertEqual(ask(self.through(script).address, head("GET", "/")).body, b"12345678")


class Configuration(EndToEnd):
    def test_what_cannot_be_is_said(self):
        for upstream, complaint in (
            ({"endpoints": ["127.0.0.1:1"], "protocol": "auto"}, "without TLS there is no handshake"),
            ({"endpoints": ["127.0.0.1:1"], "protocol": "h2", "proxy_protocol": "v2"}, "share an HTTP/2 connection"),
        ):
            path = self.folder / "sluice.yaml"
            path.write_text(json.dumps(configuration({"a": upstream})))
            done = subprocess.run([binary(), "check", "-c", path], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(complaint, done.stderr)
