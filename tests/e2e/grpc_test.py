"""gRPC: a real client (Debian's python3-grpcio) in all four call shapes, refusals frame by frame, and gRPC-Web."""

import base64
import functools
import hashlib
import threading
import time
import unittest

from support.case import EndToEnd, needs
from support.certificates import Certificates
from support.grpc_origin import GrpcOrigin, framed
from support.h2 import DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, H2Connection, frame, request
from support.peers import lasting_port
from support.prometheus import Metrics
from support.waiting import wait_until
from support.wire import ask, head

try:
    import grpc
    from support.grpc_server import GrpcServer
except ImportError:
    grpc = None

MIB = 1 << 20


def echo(call):
    (message,) = call.messages()
    call.send(message)
    call.end()


def collect(call):
    digest = hashlib.sha256()
    for message in call.messages():
        digest.update(message)
    call.send(digest.hexdigest().encode())
    call.end()


def count(call):
    (message,) = call.messages()
    for i in range(int(message)):
        call.send(b"%d" % i)
    call.end()


def chat(call):
    call.begin()
    for message in call.messages():
        call.send(message[::-1])
    call.end()


def tell(call):
    """What came as metadata, in metadata of the head and of the trailers."""
    (_,) = call.messages()
    call.begin(("x-initial", call.fields["x-ascii"]))
    call.send(b"")
    call.end(0, ("x-trailing-bin", call.fields["x-data-bin"]), ("x-timeout", call.fields.get("grpc-timeout", "none")))


def fail(call):
    """Trailers-only."""
    for _ in call.messages():
        pass
    call.peer.send(
        "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n"
        "grpc-status: 9\r\ngrpc-message: not%20now %E2%82%AC\r\n\r\n"
    )


def half_fail(call):
    for _ in call.messages():
        pass
    call.send(b"one")
    call.end(10, ("grpc-message", "then no more"))


def wait(call):
    """Nothing, until the peer leaves."""
    for _ in call.messages():
        pass
    call.begin()
    while True:
        call.peer.more()


HANDLERS = {
    "Echo": echo,
    "Collect": collect,
    "Count": count,
    "Chat": chat,
    "Tell": tell,
    "Fail": fail,
    "HalfFail": half_fail,
    "Wait": wait,
}


def over_each_channel(test):
    """In the clear and over TLS."""

    @functools.wraps(test)
    def both(self):
        for name, channel in self.channels.items():
            with self.subTest(name):
                test(self, channel)

    return both


class Calls(EndToEnd):
    """A gateway before a service, with a route to nobody and one that translates gRPC-Web."""

    protocol = "http/1.1"

    @classmethod
    def start_service(cls):
        return GrpcOrigin(HANDLERS)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start_service()
        cls.addClassCleanup(cls.origin.close)
        cls.certificate = Certificates(cls.class_folder).make("local", "localhost")
        routes = [
            {"name": "service", "match": {"path": "/test.Service/*"}, "upstream": "service"},
            {"name": "web", "match": {"path": "/web.Service/*"}, "upstream": "service", "grpc_web": True},
            {"name": "little", "match": {"path": "/little.Service/*"}, "upstream": "service", "max_body": "10B"},
            {"name": "down", "match": {"path": "/down.Service/Method"}, "upstream": "down"},
        ]
        listeners = [
            {"name": "clear", "address": "127.0.0.1:0"},
            {"name": "tls", "address": "127.0.0.1:0", "tls": {"certificates": cls.certificate}},
        ]
        service = {"endpoints": [cls.origin.endpoint], "protocol": cls.protocol}
        upstreams = {"service": service, "down": ["127.0.0.1:" + lasting_port()]}
        cls.sluice = cls.shared_gateway(upstreams, routes, listeners=listeners)

    def logged(self, path):
        return self.sluice.await_access(lambda line: line["path"] == path, f"a log line for {path}")


@needs("openssl")
@unittest.skipUnless(grpc, "not installed: python3-grpcio")
class Client(Calls):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.certificate["certificate"], "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        options = [("grpc.max_receive_message_length", 8 * MIB), ("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
        clear = grpc.insecure_channel(cls.sluice.addresses[0], options)
        port = cls.sluice.addresses[1].rpartition(":")[2]
        secure = grpc.secure_channel(f"localhost:{port}", credentials, options)
        cls.channels = {"clear": clear, "tls": secure}
        for channel in cls.channels.values():
            cls.addClassCleanup(channel.close)

    def failure(self, call):
        with self.assertRaises(grpc.RpcError) as raised:
            call()
        return raised.exception.code(), raised.exception.details()

    @over_each_channel
    def test_unary(self, channel):
        self.assertEqual(channel.unary_unary("/test.Service/Echo")(b"hello", timeout=20), b"hello")
        self.assertEqual(channel.unary_unary("/test.Service/Echo")(b"", timeout=20), b"")

    @over_each_channel
    def test_messages_of_4_mib(self, channel):
        message = bytes(range(256)) * (4 * MIB // 256)
        self.assertEqual(channel.unary_unary("/test.Service/Echo")(message, timeout=60), message)

    @over_each_channel
    def test_client_streaming(self, channel):
        messages = [b"%d" % i * 1000 for i in range(50)]
        answer = channel.stream_unary("/test.Service/Collect")(iter(messages), timeout=20)
        self.assertEqual(answer.decode(), hashlib.sha256(b"".join(messages)).hexdigest())

    @over_each_channel
    def test_server_streaming(self, channel):
        answers = channel.unary_stream("/test.Service/Count")(b"200", timeout=20)
        self.assertEqual([int(one) for one in answers], list(range(200)))

    @over_each_channel
    def test_both_stream_in_turns(self, channel):
        said = threading.Semaphore(0)

        def messages(said=said):
            for i in range(20):
                yield b"a%d" % i
                said.acquire(timeout=20)  # an answer to it is here before the next is sent

        answers = []
        for answer in channel.stream_stream("/test.Service/Chat")(messages(), timeout=30):
            answers.append(answer)
            said.release()
        self.assertEqual(answers, [(b"a%d" % i)[::-1] for i in range(20)])

    @over_each_channel
    def test_metadata_both_ways(self, channel):
        data = bytes(range(256))
        metadata = (("x-ascii", "some text"), ("x-data-bin", data))
        _, call = channel.unary_unary("/test.Service/Tell").with_call(b"", timeout=20, metadata=metadata)
        self.assertIn(("x-initial", "some text"), call.initial_metadata())
        trailing = dict(call.trailing_metadata())
        self.assertEqual(trailing["x-trailing-bin"], data)
        self.assertRegex(trailing["x-timeout"], r"^\d{8}u$")
        self.assertLess(int(trailing["x-timeout"][:-1]) / 1e6, 20.2, "what is left of 20 s")

    @over_each_channel
    def test_errors_of_the_service(self, channel):
        code, details = self.failure(lambda: channel.unary_unary("/test.Service/Fail")(b"", timeout=20))
        self.assertEqual((code, details), (grpc.StatusCode.FAILED_PRECONDITION, "not now €"))
        answers = channel.unary_stream("/test.Service/HalfFail")(b"", timeout=20)
        self.assertEqual(next(answers), b"one")
        code, details = self.failure(lambda: next(answers))
        self.assertEqual((code, details), (grpc.StatusCode.ABORTED, "then no more"))
        self.assertEqual(self.logged("/test.Service/Fail")["grpc_status"], 9)
        self.assertEqual(self.logged("/test.Service/HalfFail")["grpc_status"], 10)

    @over_each_channel
    def test_errors_of_the_gateway(self, channel):
        code, details = self.failure(lambda: channel.unary_unary("/down.Service/Method")(b"", timeout=20))
        self.assertEqual(code, grpc.StatusCode.UNAVAILABLE)
        self.assertTrue(details.startswith("upstream_connect_refused: "), details)
        code, details = self.failure(lambda: channel.unary_unary("/down.Service/Other")(b"", timeout=20))
        self.assertEqual(code, grpc.StatusCode.UNIMPLEMENTED)
        self.assertTrue(details.startswith("no_route: "), details)
        code, _ = self.failure(lambda: channel.unary_unary("/little.Service/Echo")(b"x" * 1000, timeout=20))
        self.assertEqual(code, grpc.StatusCode.RESOURCE_EXHAUSTED)
        line = self.logged("/down.Service/Method")
        self.assertEqual((line["status"], line["grpc_status"], line["reason"]), (200, 14, "upstream_connect_refused"))

    @over_each_channel
    def test_a_deadline_that_passes(self, channel):
        self.origin.left.clear()
        begun = time.monotonic()
        code, _ = self.failure(lambda: channel.unary_unary("/test.Service/Wait")(b"", timeout=0.5))
        self.assertEqual(code, grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertTrue(self.origin.left.wait(20), "the service is told that nobody waits")

    @over_each_channel
    def test_a_call_that_is_cancelled(self, channel):
        self.origin.left.clear()
        call = channel.unary_stream("/test.Service/Wait")(b"", timeout=60)
        call.initial_metadata()  # it is under way
        call.cancel()
        code, _ = self.failure(lambda: next(call))
        self.assertEqual(code, grpc.StatusCode.CANCELLED)
        self.assertTrue(self.origin.left.wait(20), "the service is told that nobody waits")

    @over_each_channel
    def test_many_calls_at_once(self, channel):
        method = channel.unary_unary("/test.Service/Echo")
        calls = [method.future(b"%d" % i, timeout=60) for i in range(60)]
        self.assertEqual([call.result() for call in calls], [b"%d" % i for i in range(60)])

    def test_metrics_count_by_status(self):
        channel = self.channels["clear"]
        channel.unary_unary("/web.Service/Echo")(b"hello", timeout=20)
        self.failure(lambda: channel.unary_unary("/web.Service/Fail")(b"", timeout=20))

        def counted():
            metrics = Metrics(self.sluice.admin("/metrics")[1])
            name = "sluice_grpc_responses_total"
            have = {dict(labels)["status"] for one, labels in metrics.samples if one == name and ("route", "web") in labels}
            return have == {"0", "9"} and all(metrics.value(name, route="web", status=one) == 1 for one in have)

        wait_until(counted, "one of each status")


class RealServer:
    """In front of a real server, over HTTP/2."""

    protocol = "h2"

    @classmethod
    def start_service(cls):
        return GrpcServer()


@unittest.skipUnless(grpc, "not installed: python3-grpcio")
class ClientAndServer(RealServer, Client):
    pass


@needs("openssl")
class Frames(Calls):
    CALL = (("content-type", "application/grpc"), ("te", "trailers"))

    def answer(self, path, *fields, body=framed(b"x")):
        """The frames of a response."""
        with H2Connection(self.sluice.address) as client:
            client.ask(1, request(*self.CALL, *fields, method="POST", path=path), frame(DATA, END_STREAM, 1, body))
            frames = [client.until(HEADERS, DATA, RST_STREAM, stream=1)]
            while frames[-1].kind != RST_STREAM and not frames[-1].flags & END_STREAM:
                frames.append(client.until(HEADERS, DATA, RST_STREAM, stream=1))
            return frames

    def test_a_refusal_is_one_frame(self):
        for path in ("/down.Service/Method", "/no.Service/Method"):
            frames = self.answer(path)
            self.assertEqual([(one.kind, one.flags & END_STREAM) for one in frames], [(HEADERS, END_STREAM)], path)

    def test_a_response_has_its_status_in_a_last_head(self):
        frames = self.answer("/test.Service/Echo")
        self.assertEqual([one.kind for one in frames], [HEADERS, DATA, HEADERS])
        self.assertEqual(frames[1].payload, framed(b"x"))

    def test_a_stream_is_reset_when_its_time_is_up(self):
        frames = self.answer("/test.Service/Wait", ("grpc-timeout", "300m"))
        self.assertEqual([one.kind for one in frames], [HEADERS, RST_STREAM])
        line = self.sluice.await_access(lambda line: line.get("reason") == "grpc_timeout", "the log line")
        self.assertNotIn("grpc_status", line)
        self.assertLess(line["duration_ms"], 5000)

    def test_a_client_that_takes_nothing_is_cut_off_at_its_deadline(self):
        with H2Connection(self.sluice.address, settings=[(4, 0)]) as client:  # no window for any stream
            fields = request(*self.CALL, ("grpc-timeout", "400m"), method="POST", path="/test.Service/Count")
            client.ask(1, fields, frame(DATA, END_STREAM, 1, framed(b"100000")))
            self.assertEqual(client.until(RST_STREAM, stream=1).flags, 0)


class Web(Calls):
    def ask(self, path, body, content_type, *fields):
        lines = [f"Content-Type: {content_type}", "X-Grpc-Web: 1", f"Content-Length: {len(body)}", *fields]
        return ask(self.sluice.address, head("POST", path, *lines) + body)

    def trailers_of(self, frames):
        """Splits a body into its messages and the fields of its last frame."""
        messages, fields = [], None
        while frames:
            size = int.from_bytes(frames[1:5], "big")
            self.assertIsNone(fields, "the trailers are last")
            if frames[0] == 0x80:
                fields = dict(line.split(": ", 1) for line in frames[5 : 5 + size].decode().split("\r\n")[:-1])
            else:
                messages.append(frames[5 : 5 + size])
            frames = frames[5 + size :]
        return messages, fields

    def test_binary(self):
        answer = self.ask("/web.Service/Echo", framed(b"hello"), "application/grpc-web+proto")
        self.assertEqual((answer.status, answer.field("content-type")), (200, "application/grpc-web"))
        self.assertEqual(self.trailers_of(answer.body), ([b"hello"], {"grpc-status": "0"}))
        self.assertEqual(answer.trailers, [])

    def test_text_with_padding_amid_the_body(self):
        body = framed(b"3")
        text = base64.b64encode(body[:4]) + base64.b64encode(body[4:])
        answer = self.ask("/web.Service/Count", text, "application/grpc-web-text")
        self.assertEqual((answer.status, answer.field("content-type")), (200, "application/grpc-web-text"))
        groups = [answer.body[at : at + 4] for at in range(0, len(answer.body), 4)]
        decoded = b"".join(base64.b64decode(group, validate=True) for group in groups)
        self.assertEqual(self.trailers_of(decoded), ([b"0", b"1", b"2"], {"grpc-status": "0"}))

    def test_a_large_text(self):
        message = bytes(range(256)) * (4 * MIB // 256)
        text = base64.b64encode(framed(message))
        answer = self.ask("/web.Service/Echo", text, "application/grpc-web-text", "Accept: application/grpc-web")
        self.assertEqual(answer.field("content-type"), "application/grpc-web")
        self.assertEqual(self.trailers_of(answer.body), ([message], {"grpc-status": "0"}))

    def test_errors_have_their_status_in_the_head(self):
        answer = self.ask("/web.Service/Fail", framed(b""), "application/grpc-web")
        self.assertEqual((answer.status, answer.field("grpc-status"), answer.body), (200, "9", b""))
        answer = self.ask("/web.Service/Echo", b"AAA!", "application/grpc-web-text")
        self.assertEqual((answer.status, answer.field("grpc-status"), answer.body), (200, "13", b""))
        self.assertEqual(answer.field("content-type"), "application/grpc-web-text")
        self.assertIn("malformed_content", answer.field("proxy-status"))

    def test_errors_behind_messages_are_in_the_last_frame(self):
        answer = self.ask("/web.Service/HalfFail", framed(b""), "application/grpc-web")
        self.assertEqual(
            self.trailers_of(answer.body), ([b"one"], {"grpc-status": "10", "grpc-message": "then no more"})
        )

    def test_over_http_2(self):
        body = framed(b"hello")
        with H2Connection(self.sluice.address) as client:
            fields = request(("content-type", "application/grpc-web"), method="POST", path="/web.Service/Echo")
            client.ask(1, fields, frame(DATA, END_STREAM, 1, body))
            got = client.until(HEADERS, stream=1)
            self.assertTrue(got.flags & END_HEADERS and not got.flags & END_STREAM)
            frames = [client.until(HEADERS, DATA, stream=1)]
            while not frames[-1].flags & END_STREAM:
                frames.append(client.until(HEADERS, DATA, stream=1))
        self.assertEqual({one.kind for one in frames}, {DATA}, "no trailers but those in the body")
        self.assertEqual(self.trailers_of(b"".join(one.payload for one in frames))[0], [b"hello"])


@unittest.skipUnless(grpc, "not installed: python3-grpcio")
class WebAndServer(RealServer, Web):
    pass
