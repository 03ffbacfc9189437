"""The tables of conformance/ against the gateway: every case between a raw client and a raw origin."""

from conformance import requests_chunks, requests_connection, requests_framing, requests_head, requests_host, requests_line, requests_target
from conformance import responses_framing, responses_head, responses_interim
from conformance.cases import BEHIND, Answered, BadGateway, Broken, Forwarded, Refused, request, response
from conformance.origin import Recorder, Responder
from support.case import EndToEnd
from support.peers import read_head
from support.stream import Malformed
from support.wire import Connection

NEXT = b"GET /next HTTP/1.1\r\nHost: next.test\r\n\r\n"


def reason_of(response):
    """From Proxy-Status, which is there without a body too; where there is one, it has to say the same."""
    reason = response.field("proxy-status", "").rpartition('details="')[2].partition('"')[0]
    if response.body:
        assert response.reason == reason, response.head
    return reason


class Conformance(EndToEnd):
    """One worker, so that an idle connection to the origin is there for the request that comes next."""

    def start(self, script, routes=None):
        self.origin = self.scripted(script)
        limits = {"requests_per_connection": 1_000_000}
        return self.gateway({"a": [self.origin.endpoint]}, routes, {"limits": limits}, workers=1)

    def run_all(self, chosen, run):
        cases = [(table, case) for table in self.TABLES for case in table.CASES]
        names = [case.name for _, case in cases]
        self.assertEqual({one for one in names if names.count(one) > 1}, set(), "names are unique")
        for table, case in cases:
            if chosen(case):
                with self.subTest(f"{table.__name__}: {case.name} ({case.section})"):
                    run(case)


def comes_to_light_late(case):
    """What has gone on by then arrives at the origin whenever it likes: such cases have a test of their own."""
    return isinstance(case.expected, Refused) and case.expected.begun


class Requests(Conformance):
    TABLES = (requests_framing, requests_chunks, requests_head, requests_line, requests_target, requests_host, requests_connection)

    def setUp(self):
        super().setUp()
        self.recorder = Recorder()
        routes = [{"match": {"path": "/slashes/*"}, "allow_encoded_slash": True, "upstream": "a"}, {"upstream": "a"}]
        self.sluice = self.start(self.recorder.serve, routes)

    def test_every_request_is_refused_or_reaches_the_origin_in_one_reading(self):
        self.run_all(lambda case: not comes_to_light_late(case), self.run_case)

    def test_a_request_that_breaks_on_its_way_never_reaches_the_origin_whole(self):
        self.run_all(comes_to_light_late, self.run_case)
        self.sluice.end_cleanly()
        self.assertEqual((self.recorder.messages, self.recorder.unclear), ([], []))

    def run_case(self, case):
        if not comes_to_light_late(case):
            self.recorder.forget()
        check = {Refused: self.check_refused, Answered: self.check_answered, Forwarded: self.check_forwarded}[type(case.expected)]
        with Connection(self.sluice.address, timeout=10) as client:
            for piece in case.pieces:
                client.send_what_is_taken(piece)
            if case.ends:
                client.finish_sending()
            else:
                client.send_what_is_taken(BEHIND)
            check(client, case, case.expected)
        self.assertEqual(self.recorder.unclear, [])

    def check_refused(self, client, case, expected):
        response = client.read_response("HEAD" if case.pieces[0].startswith(b"HEAD ") else "GET")
        self.assertEqual((response.status, reason_of(response)), (expected.status, expected.reason))
        self.assertEqual(response.field("connection"), "close")
        self.assertTrue(client.at_end(), f"the connection went on: {client.pending}")
        self.assertEqual(self.recorder.messages, [])
        if not expected.begun:
            self.assertEqual(self.recorder.bytes, b"")

    def check_answered(self, client, case, expected):
        response = client.read_response()
        self.assertEqual(response.status, expected.status)
        for name, value in expected.fields:
            self.assertEqual(response.field(name), value)
        self.assertEqual(response.body, expected.body)
        self.check_behind(client, self.recorder.messages)

    def check_forwarded(self, client, case, expected):
        response = client.read_response(expected.method)
        self.assertEqual((response.status, response.body), (200, b"" if expected.method == "HEAD" else b"ok"), response.head)
        message, *behind = self.recorder.messages
        host = self.origin.endpoint if expected.host is None else expected.host
        self.assertEqual((message.method, message.target, message.host), (expected.method, expected.target, host))
        self.assertEqual(message.fields, expected.fields)
        self.assertEqual((message.framing, message.body, message.trailers), (expected.framing, expected.body, expected.trailers))
        if expected.keeps:
            self.check_behind(client, behind)
        else:
            self.assertTrue(client.at_end(), f"the connection went on: {client.pending}")
            self.assertEqual(behind, [])

    def check_behind(self, client, messages):
        """What stands behind the case is served, as it is, and nothing else."""
        self.assertEqual(client.read_response().status, 200)
        self.assertEqual([message.target for message in self.recorder.messages[-1:]], ["/behind"])
        self.assertLessEqual(len(messages), 1)
        self.assertEqual(client.pending, b"")


class UnfinishedHeads(Conformance):
    """RFC 9112 2.2 and 3: what no later line could mend is refused when its line ends, and not when the client is late."""

    LINE = b"GET / HTTP/1.1\r\n"
    BROKEN = (
        ((b"GET /\r\n",), 400, "malformed_head"),
        ((b"GET", b" /\r", b"\n"), 400, "malformed_head"),
        ((b"GET /a b HTTP/1.1\r\n",), 400, "malformed_head"),
        ((b"\r\n", b"GET / HTTP/2.0\r\n"), 505, "unsupported_version"),
        ((b"GE(T / HTTP/1.1\r\n",), 400, "invalid_method"),
        ((b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n",), 414, "uri_too_long"),
        ((LINE + b"Host : a\r\n",), 400, "malformed_head"),
        ((LINE, b"Host: a\r\n", b"X-A", b"\r\n"), 400, "malformed_head"),
        ((LINE + b"Host: a\r\n folded\r\n",), 400, "malformed_head"),
    )

    def test_every_one_is_refused_at_once(self):
        sluice = self.start(Recorder().serve)
        for pieces, status, reason in self.BROKEN:
            with self.subTest(pieces=[piece[:30] for piece in pieces]), Connection(sluice.address, timeout=8) as client:
                for piece in pieces:
                    client.send(piece)
                response = client.read_response()
                self.assertEqual((response.status, reason_of(response)), (status, reason))
                self.assertTrue(client.at_end())

    def test_one_that_may_still_be_a_request_is_waited_for(self):
        sluice = self.start(Recorder().serve)
        with Connection(sluice.address) as client:
            for piece in (b"\r\n", b"GE", b"T /", b"a HTTP/1.1", b"\r", b"\nHo", b"st: a\r\n", b"X-A: b\r\n", b"\r\n"):
                client.send(piece)
            self.assertEqual(client.read_response().status, 200)


class Responses(Conformance):
    TABLES = (responses_head, responses_framing, responses_interim)

    def test_every_response_is_whole_or_visibly_none(self):
        self.responder = Responder()
        self.sluice = self.start(self.responder.serve)
        self.run_all(lambda case: True, self.run_case)

    def run_case(self, case):
        self.responder.begin(case)
        method = case.request.split(b" ", 1)[0].decode()
        with Connection(self.sluice.address, timeout=10) as client:
            client.send(case.request)
            if isinstance(case.expected, BadGateway):
                response = client.read_response(method)
                self.assertEqual((response.status, reason_of(response)), (502, case.expected.reason))
            elif isinstance(case.expected, Broken):
                self.check_broken(client, case.expected)
            else:
                self.check_whole(client.read_response(method), case.expected)
            if not isinstance(case.expected, Broken):
                self.assertEqual(client.pending, b"")
                if b"HTTP/1.0" not in case.request:
                    return self.check_next(client, case)
                self.assertTrue(client.at_end(), client.pending)
        with Connection(self.sluice.address, timeout=10) as client:
            self.check_next(client, case)

    def check_whole(self, response, expected):
        self.assertEqual((response.status, response.body), (expected.status, expected.body), response.head)
        for pair in expected.fields:
            self.assertIn(pair, response.fields)
        for name in expected.absent:
            self.assertNotIn(name, [key for key, value in response.fields if (key, value) != ("connection", "close")])
        self.assertEqual(tuple(one.status for one in response.interim), expected.interim)
        for one in response.interim:
            self.assertFalse({"content-length", "transfer-encoding", "connection", "x-a"} & {key for key, _ in one.fields})
        self.assertEqual(tuple(response.trailers), expected.trailers)

    def check_broken(self, client, expected):
        """A 502 where what is wrong was read with the head; else it ends early in a framing that shows it, or in a reset."""
        try:
            response = client.read_head()
            if response.status != expected.status:
                self.assertEqual(response.status, 502)
                client.read_body(response)
                return self.assertRegex(reason_of(response), "^upstream_")
            client.read_body(response)
        except (Malformed, ConnectionResetError):
            return
        self.fail(f"it looks complete: {response.head}")

    def check_next(self, client, case):
        """The next request is answered by its own response, on a connection that may be used for it."""
        response = client.ask(NEXT)
        self.assertEqual((response.status, response.body), (200, b"ok"))
        (used,) = self.responder.connections_of("/next")
        if case.reuse is not None:
            self.assertEqual(used == self.responder.connections_of("/case")[-1], case.reuse, "reuse of the connection")


class WhileTheBodyIsSent(Conformance):
    """RFC 9110 10.1.1 and RFC 9112 9.6: who waits for whom, and what becomes of the rest."""

    POST = request("POST /a HTTP/1.1", "Expect: 100-continue", f"Content-Length: {len(BEHIND)}")

    def test_a_client_that_waits_is_told_to_go_on(self):
        recorder = Recorder()
        sluice = self.start(recorder.serve)
        with Connection(sluice.address) as client:
            client.send(self.POST)
            self.assertEqual(client.read_head().status, 100)
            client.send(BEHIND)
            self.assertEqual(client.read_response().status, 200)
            client.send(NEXT)
            self.assertEqual(client.read_response().status, 200)
        self.assertEqual([message.target for message in recorder.messages], ["/a", "/next"])
        self.assertEqual(recorder.messages[0].body, BEHIND)

    def test_a_final_response_instead_ends_the_connection_and_the_body_is_no_request(self):
        seen = []

        def refuse_early(peer):
            seen.append(read_head(peer)[0])
            peer.sendall(response("Content-Length: 0", line="HTTP/1.1 401 Unauthorized"))
            while data := peer.recv(65536):
                seen.append(data)

        sluice = self.start(refuse_early)
        with Connection(sluice.address) as client:
            client.send(self.POST)
            answer = client.read_response()
            self.assertEqual((answer.status, answer.field("connection")), (401, "close"))
            client.send_what_is_taken(BEHIND)
            self.assertTrue(client.at_end())
        self.assertEqual(len([one for one in seen if one.startswith(b"GET /behind")]), 0)
