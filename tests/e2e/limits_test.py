"""Clients that are slow, too large, too many, or gone."""

import json
import re
import resource
import subprocess
import threading
import time

from support.case import EndToEnd
from support.gateway import binary, configuration
from support.peers import answering, read_head
from support.prometheus import Metrics
from support.stream import Malformed
from support.waiting import wait_until
from support.wire import Connection, ask, chunked, head

LIMITS = {"header_timeout": "300ms", "idle_timeout": "600ms", "body_timeout": "400ms", "body": "64KiB", "header_bytes": "4KiB",
          "request_line": "1KiB", "header_count": 20, "requests_per_connection": 5}  # fmt: skip
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Limits(EndToEnd):
    def setUp(self):
        super().setUp()
        self.origin = self.scripted(answering(OK))
        self.sluice = self.gateway({"a": [self.origin.endpoint]}, [{"name": "all", "upstream": "a"}], {"limits": LIMITS})

    def refusal(self, data, status, reason, closes=True):
        with Connection(self.sluice.address) as client:
            client.send_what_is_taken(data)
            response = client.read_response()
            self.assertEqual((response.status, response.reason), (status, reason), response.head)
            if closes:
                self.assertEqual(response.field("connection"), "close")
                self.assertTrue(client.at_end())
            return response

    def test_a_head_that_drips_is_answered_408(self):
        with Connection(self.sluice.address) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
            began = time.monotonic()
            stop = threading.Event()

            def drip():
                while not stop.wait(0.05):
                    client.send_what_is_taken(b"X-A: b\r\n")

            dripping = threading.Thread(target=drip)
            dripping.start()
            try:
                response = client.read_response()
            finally:
                stop.set()
                dripping.join()
            self.assertEqual((response.status, response.reason), (408, "request_timeout"))
            self.assertGreater(time.monotonic() - began, 0.25)

    def test_an_idle_connection_is_closed_without_a_word(self):
        for words in (b"", head("GET", "/")):
            with Connection(self.sluice.address) as client:
                if words:
                    self.assertEqual(client.ask(words).status, 200)
                began = time.monotonic()
                self.assertTrue(client.at_end())
                self.assertGreater(time.monotonic() - began, 0.5)

    def test_a_body_that_stands_still_is_answered_408(self):
        for framing in ("Content-Length: 100", "Transfer-Encoding: chunked"):
            with Connection(self.sluice.address) as client:
                client.send(head("POST", "/", framing))
                # The origin answers at once, so either answer is right; what counts is that it ends.
                self.assertIn(client.read_response().status, (200, 408))
                self.assertTrue(client.at_end())

    def test_a_client_that_stalls_is_to_blame_and_one_that_is_slow_is_not_cut(self):
        """Every other timeout is shorter than what the client may take."""
        self.sluice.end_cleanly()

        def answer_when_all_is_there(peer):
            request, rest = read_head(peer)
            while request:
                while len(rest) < 8 and (more := peer.recv(8)):
                    rest += more
                peer.sendall(OK)
                request, rest = read_head(peer)

        waiting = self.scripted(answer_when_all_is_there)
        upstream = {"endpoints": [waiting.endpoint], "timeouts": {"first_byte": "200ms", "idle": "200ms"}}
        limits = {"limits": {"body_timeout": "1s", "body_min_rate": "off"}}
        sluice = self.gateway({"a": upstream}, [{"name": "all", "upstream": "a", "timeout": "200ms"}], limits)
        with Connection(sluice.address) as client:
            client.send(head("POST", "/", "Content-Length: 8"))
            for _ in range(8):
                time.sleep(0.25)  # the pace of this client
                client.send(b"x")
            self.assertEqual(client.read_response().status, 200)
            client.send(head("POST", "/", "Content-Length: 8") + b"x")
            response = client.read_response()
            self.assertEqual((response.status, response.reason), (408, "body_too_slow"))
        self.assertEqual(sluice.await_access(lambda line: line["status"] == 408)["reason"], "body_too_slow")

    def test_too_large_a_head_is_answered_431(self):
        self.refusal(head("GET", "/", "X-Long: " + "a" * 5000), 431, "header_fields_too_large")
        self.refusal(head("GET", "/", *[f"X-{i}: a" for i in range(30)]), 431, "header_fields_too_large")
        self.refusal(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100000, 431, "header_fields_too_large")

    def test_too_long_a_target_is_answered_414(self):
        self.refusal(head("GET", "/" + "a" * 2000), 414, "uri_too_long")
        self.refusal(b"GET /" + b"a" * 100000, 414, "uri_too_long")

    def test_too_large_a_body_is_answered_413_before_the_origin_sees_it(self):
        before = self.origin.connections
        self.refusal(head("POST", "/", "Content-Length: 65537") + b"a" * 65537, 413, "body_too_large")
        self.refusal(head("POST", "/", "Content-Length: 99999999999"), 413, "body_too_large")
        self.assertEqual(self.origin.connections, before)

    def test_a_chunked_body_that_grows_too_large_is_cut(self):
        waiting = self.scripted(lambda peer: [None for _ in iter(lambda: peer.recv(65536), b"")])
        sluice = self.gateway_with(waiting)
        with Connection(sluice.address) as client:
            client.send(head("POST", "/", "Transfer-Encoding: chunked"))
            client.send_what_is_taken(chunked(*[b"a" * 8192] * 20))
            response = client.read_response()
            self.assertEqual((response.status, response.reason), (413, "body_too_large"))

    def gateway_with(self, origin):
        self.sluice.end_cleanly()
        return self.gateway({"a": [origin.endpoint]}, [{"name": "all", "upstream": "a"}], {"limits": LIMITS})

    def test_a_body_of_just_the_limit_passes(self):
        with Connection(self.sluice.address) as client:
            client.send(head("POST", "/", "Content-Length: 65536") + b"a" * 65536)
            self.assertEqual(client.read_response().status, 200)

    def test_a_connection_ends_after_so_many_requests(self):
        with Connection(self.sluice.address) as client:
            marks = [client.ask(head("GET", "/")).field("connection") for _ in range(5)]
            self.assertEqual(marks, [None] * 4 + ["close"])
            self.assertTrue(client.at_end())


class Crowds(EndToEnd):
    def test_too_many_connections_are_turned_away_with_a_word(self):
        sluice = self.gateway(None, [{"respond": {"body": "hi"}}], {"limits": {"connections": 3}})
        first = [Connection(sluice.address) for _ in range(3)]
        for client in first:
            self.assertEqual(client.ask(head("GET", "/")).body, b"hi")
        with Connection(sluice.address) as fourth:
            fourth.send_what_is_taken(head("GET", "/"))
            response = fourth.read_response()
            self.assertEqual((response.status, response.reason), (503, "connection_limit"))
            self.assertTrue(response.field("date") and response.json()["instance"] == response.field("x-request-id"))
            self.assertTrue(fourth.at_end())
        self.assertEqual(first[0].ask(head("GET", "/")).status, 200)
        first.pop().close()
        wait_until(lambda: ask(sluice.address, head("GET", "/")).status == 200, "there is room again")
        for client in first:
            client.close()

    def test_hundreds_of_connections_come_and_go_without_a_trace(self):
        sluice = self.gateway(None, [{"respond": {"body": "hi"}}])
        for _ in range(3):
            crowd = [Connection(sluice.address) for _ in range(200)]
            for client in crowd:
                client.send(head("GET", "/"))
            for client in crowd:
                self.assertEqual(client.read_response().body, b"hi")
                client.close()
        wait_until(lambda: self.open_connections(sluice) == 0, "all are closed")

    @staticmethod
    def open_connections(sluice):
        return Metrics(sluice.admin("/metrics")[1]).sum("sluice_connections_active")


class Descriptors(EndToEnd):
    """Few of them."""

    def limited(self, limit, *args, **rest):
        sluice = self.gateway(*args, rlimits={resource.RLIMIT_NOFILE: (limit, limit)}, **rest)
        sluice.await_text(re.compile(rf"warn the limit of open files is {limit}, this configuration may need \d+: "), sluice.err)
        return sluice

    def test_clients_leave_some_for_upstream_connections(self):
        origin = self.scripted(answering(OK))
        sluice = self.limited(64, {"a": [origin.endpoint]})
        crowd = [Connection(sluice.address) for _ in range(60)]
        for client in crowd:
            client.send_what_is_taken(head("GET", "/"))
        served = 0
        for client in crowd:
            try:
                response = client.read_response()
            except (Malformed, ConnectionResetError):
                continue  # Beyond those that are told so.
            self.assertIn((response.status, response.reason), [(200, None), (503, "connection_limit")], response.head)
            served += response.status == 200
        self.assertGreaterEqual(served, 10)
        for client in crowd:
            client.close()
        wait_until(lambda: ask(sluice.address, head("GET", "/")).status == 200, "there is room again")

    def test_as_many_are_served_at_a_time_as_the_log_promises(self):
        asked, let_go = [], threading.Event()
        self.addCleanup(let_go.set)

        def held(peer):
            while read_head(peer)[0]:
                asked.append(1)
                let_go.wait(30)
                peer.sendall(OK)

        origin = self.scripted(held)
        for limit in (32, 40):
            with self.subTest(limit):
                asked.clear()
                let_go.clear()
                sluice = self.limited(limit, {"a": [origin.endpoint]})
                promised = int(re.search(r"at most (\d+) are served", sluice.err())[1])
                clients = [Connection(sluice.address) for _ in range(promised)]
                for client in clients:
                    client.send(head("GET", "/"))
                wait_until(lambda: len(asked) == promised, f"{promised} are at the origin")
                let_go.set()
                self.assertEqual([client.read_response().status for client in clients], [200] * promised)
                for client in clients:
                    client.close()

    def test_a_limit_that_is_too_small_to_serve_with_is_one_clear_line(self):
        path = self.folder / "few.yaml"
        path.write_text(json.dumps(configuration({"a": ["127.0.0.1:1"]})))
        few = (29, 29)
        done = subprocess.run([binary(), "run", "-c", str(path)], capture_output=True, text=True, timeout=60, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, few))  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (
            1, "sluice: the limit of open files is 29, at least 30 are needed; raise LimitNOFILE (ulimit -n)\n"))  # fmt: skip

    def test_an_upstream_without_one_is_refused_by_that_name_and_logged(self):
        origins = [self.scripted(answering(OK)) for _ in range(60)]
        upstreams = {f"u{n}": [origin.endpoint] for n, origin in enumerate(origins)}
        routes = [{"match": {"path": f"/{name}"}, "upstream": name} for name in upstreams]
        sluice = self.limited(64, upstreams, routes)
        with Connection(sluice.address) as client:
            seen = [client.ask(head("GET", "/" + name)) for name in upstreams]
        self.assertEqual({(one.status, one.reason) for one in seen}, {(200, None), (503, "no_descriptors")})
        wait_until(lambda: "no file descriptor was left" in sluice.err(), "it is said")
        self.assertRegex(sluice.err(), r" error upstream u\d+: no file descriptor was left for a connection, 1 time; raise LimitNOFILE")

    def test_the_soft_limit_is_raised_to_the_hard_one(self):
        sluice = self.gateway(None, [{"respond": {}}], {"limits": {"connections": 100}},
                              rlimits={resource.RLIMIT_NOFILE: (64, 1000)})  # fmt: skip
        self.assertEqual(Metrics(sluice.admin("/metrics")[1]).sum("process_max_fds"), 1000)
        self.assertNotIn("limit of open files", sluice.err())


class Leaving(EndToEnd):
    """The client goes first."""

    def setUp(self):
        super().setUp()
        self.asked, self.cancelled = threading.Event(), threading.Event()
        self.more = lambda peer: None  # what it says before it waits
        self.origin = self.scripted(self.wait_for_the_end)
        self.sluice = self.gateway({"a": [self.origin.endpoint]})

    def wait_for_the_end(self, peer):
        try:
            read_head(peer)
            self.asked.set()
            self.more(peer)
            while peer.recv(65536):
                pass
        finally:
            self.cancelled.set()

    def leaves(self, client, by, status=499, reason="client_closed"):
        self.assertTrue(self.asked.wait(30))
        by(client)
        self.assertTrue(self.cancelled.wait(20), "the upstream was not let go")
        line = self.sluice.await_access(lambda one: one["status"] == status, f"a line with {status}")
        self.assertEqual(line["reason"], reason)
        metrics = Metrics(self.sluice.admin("/metrics")[1])
        self.assertEqual(metrics.sum("sluice_requests_total", reason=reason), 1)
        wait_until(lambda: self.sluice.upstream("a")["endpoints"][0]["active_requests"] == 0, "no request is active")

    def test_a_client_that_closes_is_logged_as_499_and_its_upstream_cancelled(self):
        client = Connection(self.sluice.address)
        client.send(head("GET", "/"))
        self.leaves(client, Connection.close)

    def test_a_client_that_resets_too(self):
        client = Connection(self.sluice.address)
        client.send(head("GET", "/"))
        self.leaves(client, Connection.reset)

    def test_a_client_that_resets_within_its_body_too(self):
        client = Connection(self.sluice.address)
        client.send(head("POST", "/", "Content-Length: 1000") + b"half")
        self.leaves(client, Connection.reset)

    def test_a_client_that_leaves_within_its_response_keeps_its_status(self):
        """Whoever notices: the watch on a client that waits, or a write to it."""
        for way, size in (("waits", 10), ("is written to", 50_000_000)):
            with self.subTest(way):
                start = b"HTTP/1.1 201 Created\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 10
                self.asked.clear()
                self.cancelled.clear()
                self.more = lambda peer, size=size: peer.sendall(start + b"x" * size)
                client = Connection(self.sluice.address)
                client.send(head("GET", f"/{size}"))
                self.assertEqual(client.read_head().status, 201)
                client.reset()
                self.assertTrue(self.cancelled.wait(20), "the upstream was not let go")
                line = self.sluice.await_access(lambda one, size=size: one["path"] == f"/{size}")
                self.assertEqual((line["status"], line["reason"]), (201, "client_closed"))
        metrics = Metrics(self.sluice.admin("/metrics")[1])
        self.assertEqual(metrics.sum("sluice_requests_total", status_class="2xx", reason="client_closed"), 2)

    def test_a_client_that_ends_its_body_early_is_answered_for_it_may_still_listen(self):
        client = Connection(self.sluice.address)
        client.send(head("POST", "/", "Content-Length: 1000") + b"half")
        self.leaves(client, Connection.close, 400, "truncated_body")

    def test_one_client_leaves_room_for_others(self):
        limits = {"connections_per_client": 2}
        sluice = self.gateway(None, [{"respond": {"body": "hi"}}], {"limits": limits, "trusted_proxies": ["127.0.0.3"]})
        greedy = [Connection(sluice.address) for _ in range(2)]
        for client in greedy:
            self.assertEqual(client.ask(head("GET", "/")).body, b"hi")
        with Connection(sluice.address) as third:
            third.send_what_is_taken(head("GET", "/"))
            self.assertEqual(third.read_response().reason, "connection_limit")
        others = [Connection(sluice.address, source=one) for one in ("127.0.0.2", "127.0.0.3", "127.0.0.3", "127.0.0.3")]
        for client in others:
            self.assertEqual(client.ask(head("GET", "/")).status, 200)
        greedy.pop().close()
        wait_until(lambda: ask(sluice.address, head("GET", "/")).status == 200, "there is room again")
        for client in greedy + others:
            client.close()
