"""Origins that break the protocol or the connection at odd moments."""

import re
import sys
import threading
from pathlib import Path

from support.case import EndToEnd
from support.peers import answering_once, read_head
from support.process import Process
from support.prometheus import Metrics
from support.stream import Malformed
from support.waiting import wait_until
from support.wire import Connection, ask, chunked, head

START = b"HTTP/1.1 200 OK\r\n"

# Never to be shown to a client as a good response.
REFUSED = {
    "nothing": b"",
    "garbage": b"\x00\x01\x02 garbage\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/0.9": b"<html>hello</html>",
    "a cut head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no status": b"HTTP/1.1\r\n\r\n",
    "a status of letters": b"HTTP/1.1 OK 200\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "a status beyond": b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
    "version 2": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "two lengths": START + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and coding": START + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a wrong length": START + b"Content-Length: x\r\n\r\n",
    "another coding": START + b"Transfer-Encoding: gzip\r\n\r\n",
    "a split field": START + b"X-A: b\r\n c\r\nX : d\r\nContent-Length: 0\r\n\r\n",
    "a bare CR": START + b"X: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "a zero byte": START + b"X: a\0\r\nContent-Length: 0\r\n\r\n",
    "a huge head": START + b"X: y\r\n" * 20000 + b"\r\n",
    "a huge field": START + b"X: " + b"y" * 200000 + b"\r\n\r\n",
    "only interim responses": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3,
    "endless interim responses": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500 + START + b"Content-Length: 0\r\n\r\n",
    "a broken chunk size": START + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    "a chunk without end": START + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    "a forbidden trailer": START + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
}

# Begun well, ended badly: the client must be able to tell.
CUT = {
    "a short body": START + b"Content-Length: 10\r\n\r\nabc",
    "a cut chunk": START + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
    "no last chunk": START + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "a cut last chunk": START + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    "a cut trailer": START + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: ",
}


class HostileUpstreams(EndToEnd):
    """One gateway, and an origin that says `self.response` and closes, or runs `self.script`."""

    def setUp(self):
        super().setUp()
        self.script = None
        self.origin = self.scripted(lambda peer: self.script(peer))
        upstream = {"endpoints": [self.origin.endpoint], "timeouts": {"first_byte": "5s", "idle": "2s"}}
        self.sluice = self.gateway({"a": upstream})

    def tearDown(self):
        self.script = answering_once(START + b"Content-Length: 2\r\n\r\nok")
        self.assertEqual(ask(self.sluice.address, head("GET", "/alive")).body, b"ok")

    def test_what_is_no_response_becomes_a_502_that_says_why(self):
        for name, data in REFUSED.items():
            with self.subTest(name), Connection(self.sluice.address) as client:
                self.script = answering_once(data)
                response = client.ask(head("GET", "/"))
                self.assertEqual(response.status, 502, response.head)
                self.assertTrue(response.reason.startswith("upstream_"), response.reason)
                self.assertEqual(client.ask(head("GET", "/")).status, 502)  # the client's connection lives on

    def test_a_body_that_breaks_off_never_looks_whole(self):
        for name, data in CUT.items():
            with self.subTest(name):
                self.script = answering_once(data)
                with self.assertRaises((Malformed, ConnectionResetError)):
                    ask(self.sluice.address, head("GET", "/"))
                line = self.sluice.await_access(lambda one: one.get("reason", "").startswith("upstream_"))
                self.assertEqual(line["status"], 200)

    def test_a_body_that_breaks_behind_its_head_keeps_its_status_and_says_why(self):
        go_on = threading.Event()

        def script(peer):
            read_head(peer)
            peer.sendall(START + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            go_on.wait(30)
            peer.sendall(b"zz\r\n")

        self.script = script
        with Connection(self.sluice.address) as client:
            client.send(head("GET", "/"))
            self.assertEqual(client.read_head().status, 200)
            go_on.set()
            with self.assertRaises((Malformed, ConnectionResetError)):
                client.until(b"\r\n0\r\n")
        line = self.sluice.await_access(lambda one: one["path"] == "/")
        self.assertEqual((line["status"], line["reason"]), (200, "upstream_invalid_chunk"))

    def test_an_origin_that_hangs_is_given_up(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def hang(peer):
            read_head(peer)
            peer.sendall(START + b"Content-Length: 10\r\n\r\nabc")
            release.wait(60)

        self.script = hang
        with self.assertRaises((Malformed, ConnectionResetError)):
            ask(self.sluice.address, head("GET", "/"))

    def test_right_but_odd_responses_pass(self):
        odd = {
            "until the end": (START + b"\r\nhello", b"hello"),
            "from HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
            "no phrase": (b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello", b"hello"),
            "an interim first": (b"HTTP/1.1 102 Processing\r\n\r\n" + START + b"Content-Length: 5\r\n\r\nhello", b"hello"),
            "an empty chunked body": (START + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
            "a hundred fields": (START + b"".join(b"X-%d: y\r\n" % i for i in range(100)) + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        }
        for name, (data, body) in odd.items():
            with self.subTest(name), Connection(self.sluice.address) as client:
                self.script = answering_once(data)
                response = client.ask(head("GET", "/"))
                self.assertEqual((response.status, response.body), (200, body))

    def test_bytes_behind_a_response_are_not_the_next_one(self):
        """A second response that nobody asked for must not answer the next client."""

        def script(peer):
            while read_head(peer)[0]:
                peer.sendall(START + b"Content-Length: 4\r\n\r\ngood" + START + b"Content-Length: 4\r\n\r\nevil")

        self.script = script
        for _ in range(20):
            self.assertEqual(ask(self.sluice.address, head("GET", "/")).body, b"good")

    def test_an_answer_in_the_middle_of_the_upload_reaches_the_client(self):
        def script(peer):
            read_head(peer)
            peer.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n")

        self.script = script
        for framing, body in (("Content-Length: 3000000", b"x" * 3_000_000), ("Transfer-Encoding: chunked", chunked(*[b"x" * 30000] * 100))):
            with Connection(self.sluice.address) as client:
                client.send(head("POST", "/", framing))
                sender = threading.Thread(target=client.send_what_is_taken, args=(body,))
                sender.start()
                try:
                    response = client.read_response()
                    self.assertIn(response.status, (413, 502))
                finally:
                    client.stop()
                    sender.join()

    def test_an_idle_connection_that_was_closed_costs_the_next_request_nothing(self):
        """The origin closes after each response without saying so: the next request finds a dead connection."""

        def script(peer):
            if read_head(peer)[0]:
                peer.sendall(START + b"Content-Length: 2\r\n\r\nok")

        self.script = script
        with Connection(self.sluice.address) as client:
            for number in range(60):
                self.assertEqual(client.ask(head("GET", f"/{number}")).status, 200)

    def test_a_reset_in_place_of_a_response_is_a_502(self):
        def script(peer):
            read_head(peer)
            peer.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0: close sends RST

        self.script = script
        with Connection(self.sluice.address) as client:
            response = client.ask(head("GET", "/"))
            self.assertEqual(response.status, 502)
            self.assertIn(response.reason, ("upstream_reset", "upstream_closed_early"))

    def test_a_request_that_is_not_idempotent_is_sent_once_only(self):
        seen = []

        def script(peer):
            while request := read_head(peer)[0]:
                seen.append(request)
                if b"POST" in request:
                    return
                peer.sendall(START + b"Content-Length: 2\r\n\r\nok")

        self.script = script
        with Connection(self.sluice.address) as client:
            self.assertEqual(client.ask(head("GET", "/")).status, 200)
            self.assertEqual(client.ask(head("POST", "/", "Content-Length: 0")).status, 502)
        self.assertEqual(len([one for one in seen if one.startswith(b"POST")]), 1)


class KilledUpstreams(EndToEnd):
    """An origin that is killed (SIGKILL) in the middle of a thousand responses."""

    TIMES = 1000
    AT_ONCE = 8
    # A response that ends with the connection must be reset: FIN would make it look whole.
    WAYS = (("/length", "HTTP/1.1"), ("/chunked", "HTTP/1.1"), ("/chunked", "HTTP/1.0"), ("/length", "HTTP/1.0"))

    def setUp(self):
        super().setUp()
        script = Path(__file__).resolve().parent / "origin_killed.py"
        origin = Process("killed", [sys.executable, script], self.folder)
        self.addCleanup(origin.kill)
        port = origin.await_text(re.compile(r"listening (\d+)"), origin.out)[1]
        self.sluice = self.gateway({"a": [f"127.0.0.1:{port}"]})
        self.outcomes = []

    def ask_and_be_cut(self, numbers):
        for number in numbers:
            target, version = self.WAYS[number % len(self.WAYS)]
            try:
                response = ask(self.sluice.address, head("GET", target, version=version))
                self.outcomes.append(response.reason or f"looks whole: {response.head} and {len(response.body)} bytes")
            except (Malformed, ConnectionResetError):
                self.outcomes.append("cut")

    def sum(self, name):
        return Metrics(self.sluice.admin("/metrics")[1]).sum(name)

    def test_no_response_looks_whole_and_no_connection_is_left(self):
        ask(self.sluice.address, head("GET", "/none", "Content-Length: x"))  # whatever is opened once is open now
        descriptors = self.sum("process_open_fds")
        clients = [
            threading.Thread(target=self.ask_and_be_cut, args=(range(i, self.TIMES, self.AT_ONCE),))
            for i in range(self.AT_ONCE)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assertEqual(len(self.outcomes), self.TIMES)
        wrong = [one for one in self.outcomes if one != "cut" and not one.startswith("upstream_")]
        self.assertEqual(wrong, [])
        self.assertGreater(self.outcomes.count("cut"), self.TIMES / 2)
        for gauge in ("sluice_exchanges_in_flight", "sluice_upstream_connections_active", "sluice_connections_active"):
            wait_until(lambda gauge=gauge: self.sum(gauge) == 0, f"{gauge} is 0")
        wait_until(lambda: self.sum("process_open_fds") <= descriptors, "no descriptor is left")
        self.assertEqual(self.sum("sluice_upstream_connections_opened_total"), self.TIMES)
