"""What a route's `retry` sends again, with real peers: a gRPC server and client (Debian's python3-grpcio), and HTTP."""

import collections
import itertools
import threading
import time
import unittest
from concurrent import futures

from support.case import EndToEnd
from support.peers import Scripted, answering, lasting_port
from support.prometheus import Metrics
from support.waiting import wait_until
from support.wire import Connection, Malformed, ask, chunked, head

try:
    import grpc
except ImportError:
    grpc = None

MIB = 1 << 20
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
CLOSES = b""
SILENT = None


def counted(sluice, name, **labels):
    return Metrics(sluice.admin("/metrics")[1]).sum("sluice_upstream_" + name, **labels)


class Failing(Scripted):
    """Gives the answers in turn, whichever connection asks, then the last one for ever; keeps what it was asked."""

    def __init__(self, *answers):
        self.answers = itertools.chain(answers, itertools.repeat(answers[-1]))
        self.heads, self.bodies = [], []
        super().__init__(self.serve)

    def serve(self, socket):
        peer = Connection.of(socket)
        while True:
            try:
                request = peer.until(b"\r\n\r\n").decode("latin-1").lower()
                self.heads.append(request)
                self.bodies.append(self.body(peer, request))
            except Malformed:
                return
            answer = next(self.answers)
            if answer is SILENT:
                return peer.rest()
            if answer == CLOSES:
                return None
            peer.send(answer)

    @staticmethod
    def body(peer, request):
        if "transfer-encoding: chunked" in request:
            body = b"".join(peer.chunks())
            peer.until(b"\r\n")
            return body
        _, found, length = request.partition("content-length: ")
        return peer.exactly(int(length.split("\r\n")[0])) if found else b""


class Http(EndToEnd):
    def behind(self, retry, *answers, route=None):
        """A gateway before a server with these answers."""
        origin = Failing(*answers)
        self.addCleanup(origin.close)
        routes = [{"upstream": "app", "retry": retry, **(route or {})}]
        return self.gateway({"app": [origin.endpoint]}, routes), origin

    def test_a_503_is_followed_by_a_200(self):
        sluice, origin = self.behind({"on": [503]}, BUSY, GOOD)
        self.assertEqual(ask(sluice.address, head()).body, b"good")
        self.assertEqual(len(origin.heads), 2)
        line = sluice.await_access(lambda _: True)
        self.assertEqual((line["status"], line["attempts"]), (200, 2))
        self.assertEqual(counted(sluice, "retries_total", cause="503"), 1)
        self.assertEqual(counted(sluice, "attempts_total"), 2)

    def test_the_last_answer_goes_to_the_client(self):
        sluice, origin = self.behind({"attempts": 3, "on": [503]}, BUSY)
        response = ask(sluice.address, head())
        self.assertEqual((response.status, response.body), (503, b"busy"))
        self.assertEqual(len(origin.heads), 3)
        self.assertEqual(counted(sluice, "retries_refused_total", reason="attempts"), 1)

    def test_a_broken_connection_is_followed_by_another(self):
        sluice, _ = self.behind({"on": ["reset"]}, CLOSES, GOOD)
        self.assertEqual(ask(sluice.address, head()).body, b"good")

    def test_a_post_goes_once_unless_the_route_says_otherwise(self):
        post = head("POST", "/", "Content-Length: 4") + b"body"
        for leave, status in ((False, 503), (True, 200)):
            with self.subTest(leave=leave):
                sluice, origin = self.behind({"on": [503], "non_idempotent": leave}, BUSY, GOOD)
                self.assertEqual(ask(sluice.address, post).status, status)
                self.assertEqual(origin.bodies, [b"body"] * (2 if leave else 1))

    def test_a_body_in_pieces_goes_again_up_to_what_is_kept(self):
        for size, status in ((60_000, 200), (70_000, 503)):
            with self.subTest(size):
                sluice, origin = self.behind({"on": [503]}, BUSY, GOOD)
                half = b"x" * (size // 2)
                with Connection(sluice.address) as client:
                    client.send(head("PUT", "/", "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n" % (len(half), half))
                    wait_until(lambda origin=origin: origin.heads, "the request is on its way")
                    client.send(chunked(half))
                    self.assertEqual(client.read_response().status, status)
                self.assertEqual(origin.bodies, [half + half] * (2 if status == 200 else 1))
                self.assertEqual(counted(sluice, "retries_refused_total", reason="body"), 0 if status == 200 else 1)

    def test_a_body_that_is_buffered_goes_again_whatever_its_length(self):
        sluice, origin = self.behind({"on": [503]}, BUSY, GOOD, route={"buffer_request": "2MiB"})
        body = b"x" * MIB
        self.assertEqual(ask(sluice.address, head("PUT", "/", f"Content-Length: {MIB}") + body).status, 200)
        self.assertEqual(origin.bodies, [body, body])

    def test_a_try_has_its_own_time(self):
        sluice, origin = self.behind({"per_try_timeout": "300ms"}, SILENT, GOOD)
        begun = time.monotonic()
        self.assertEqual(ask(sluice.address, head()).body, b"good")
        self.assertGreater(time.monotonic() - begun, 0.25)
        self.assertEqual(len(origin.heads), 2)
        self.assertEqual(counted(sluice, "retries_total", cause="timeout"), 1)

    def test_the_next_try_goes_elsewhere(self):
        busy, good = self.scripted(answering(BUSY)), self.scripted(answering(GOOD))
        upstreams = {"app": [busy.endpoint, good.endpoint]}
        sluice = self.gateway(upstreams, [{"upstream": "app", "retry": {"on": [503]}}])
        with Connection(sluice.address) as client:
            statuses = collections.Counter(client.ask(head()).status for _ in range(20))
        self.assertEqual(statuses, {200: 20})

    def test_retries_are_a_part_of_the_requests_and_no_more(self):
        requests = 200
        sluice, origin = self.behind({"attempts": 5, "on": [503]}, BUSY)
        with Connection(sluice.address) as client:
            for _ in range(requests):
                self.assertEqual(client.ask(head()).status, 503)
        spare = 30 + 3 * 10  # saved up, and ten seconds' worth
        self.assertGreater(len(origin.heads), requests * 1.2)
        self.assertLess(len(origin.heads), requests * 1.2 + spare)
        self.assertGreater(counted(sluice, "retries_refused_total", reason="budget"), 100)


class Service(grpc.GenericRpcHandler if grpc else object):
    """Calls that end with UNAVAILABLE for the first `failures` times, and then well."""

    def __init__(self):
        self.failures = 1
        self.fails_after = 0  # seconds
        self.calls, self.left = [], []
        self.lock = threading.Lock()

    def service(self, details):
        handlers = {
            "Echo": grpc.unary_unary_rpc_method_handler(self.echo),
            "Collect": grpc.stream_unary_rpc_method_handler(self.collect),
            "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
            "Late": grpc.unary_stream_rpc_method_handler(self.late),
        }
        return handlers.get(details.method.rpartition("/")[2])

    def begin(self, context, call=b""):
        with self.lock:
            self.calls.append(call)
            self.left.append(context.time_remaining())
            fails = len(self.calls) <= self.failures
        if fails:
            time.sleep(self.fails_after)
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")

    def echo(self, message, context):
        self.begin(context, message)
        return message

    def collect(self, messages, context):
        whole = b"".join(messages)
        self.begin(context, whole)
        return whole

    def chat(self, messages, context):
        self.begin(context)
        yield from messages

    def late(self, message, context):
        yield message
        self.begin(context)


@unittest.skipUnless(grpc, "not installed: python3-grpcio")
class Grpc(EndToEnd):
    def setUp(self):
        super().setUp()
        self.service = Service()
        server = grpc.server(futures.ThreadPoolExecutor(8), handlers=(self.service,))
        endpoint = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        self.addCleanup(lambda: server.stop(None).wait())
        upstreams = {"calls": {"endpoints": [endpoint], "protocol": "h2"}}
        routes = [
            {"name": "again", "match": {"path": "/again.S/*"}, "upstream": "calls",
             "retry": {"attempts": 3, "on": ["grpc_unavailable"]}},
            {"name": "other", "match": {"path": "/other.S/*"}, "upstream": "calls",
             "retry": {"attempts": 3, "on": ["grpc_aborted", 503, "reset"]}},
        ]  # fmt: skip
        self.sluice = self.gateway(upstreams, routes)
        # What is tried again is tried again by the gateway.
        options = [("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
        self.channel = grpc.insecure_channel(self.sluice.addresses[0], options)
        self.addCleanup(self.channel.close)

    def status(self, call):
        with self.assertRaises(grpc.RpcError) as raised:
            call()
        return raised.exception.code()

    def test_unavailable_is_followed_by_ok(self):
        self.service.failures = 2
        self.assertEqual(self.channel.unary_unary("/again.S/Echo")(b"hello", timeout=20), b"hello")
        self.assertEqual(self.service.calls, [b"hello"] * 3)
        self.assertEqual(counted(self.sluice, "retries_total", cause="grpc_unavailable"), 2)
        line = self.sluice.await_access(lambda one: one["path"] == "/again.S/Echo")
        self.assertEqual((line["grpc_status"], line["attempts"]), (0, 3))

    def test_each_try_is_told_what_is_left_of_the_deadline(self):
        self.service.fails_after = 0.5
        self.channel.unary_unary("/again.S/Echo")(b"hello", timeout=20)
        first, second = self.service.left
        self.assertLess(second, first - 0.25)
        self.assertGreater(second, 10)

    def test_the_last_status_goes_to_the_client(self):
        self.service.failures = 9
        echo = self.channel.unary_unary("/again.S/Echo")
        self.assertEqual(self.status(lambda: echo(b"hello", timeout=20)), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(len(self.service.calls), 3)

    def test_a_route_that_names_other_statuses_passes_it_on(self):
        echo = self.channel.unary_unary("/other.S/Echo")
        self.assertEqual(self.status(lambda: echo(b"hello", timeout=20)), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(len(self.service.calls), 1)

    def test_messages_that_were_streamed_go_again(self):
        messages = [b"%d" % i * 100 for i in range(50)]
        answer = self.channel.stream_unary("/again.S/Collect")(iter(messages), timeout=20)
        self.assertEqual(answer, b"".join(messages))
        self.assertEqual(self.service.calls, [answer, answer])

    def test_a_stream_goes_again_that_has_only_begun(self):
        def messages():
            yield b"first"
            wait_until(lambda: len(self.service.calls) == 2, "it has begun again")
            yield b"second"

        answers = list(self.channel.stream_stream("/again.S/Chat")(messages(), timeout=20))
        self.assertEqual(answers, [b"first", b"second"])

    def test_a_call_of_which_too_much_has_gone_out_does_not(self):
        message = b"x" * 100_000
        echo = self.channel.unary_unary("/again.S/Echo")
        self.assertEqual(self.status(lambda: echo(message, timeout=20)), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(len(self.service.calls), 1)

    def test_a_status_behind_a_message_is_the_clients(self):
        late = self.channel.unary_stream("/again.S/Late")
        self.assertEqual(self.status(lambda: list(late(b"one", timeout=20))), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(len(self.service.calls), 1)


class Unreachable(EndToEnd):
    def test_the_only_endpoint_is_asked_again(self):
        upstreams = {"down": ["127.0.0.1:" + lasting_port()]}
        sluice = self.gateway(upstreams, [{"upstream": "down", "retry": {"attempts": 4}}])
        self.assertEqual(ask(sluice.address, head()).reason, "upstream_connect_refused")
        self.assertEqual(sluice.await_access(lambda _: True)["attempts"], 4)
