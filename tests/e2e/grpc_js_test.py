"""gRPC with npm's @grpc/grpc-js as client and as server, beside and across from Debian's python3-grpcio."""

import re
import unittest

from support.case import EndToEnd, needs
from support.certificates import Certificates
from support.npm import NodeServer, checks, needs_npm
from support.waiting import wait_until

try:
    import grpc
    from support.grpc_server import GrpcServer
except ImportError:
    grpc = None

LISTENING = re.compile(r"listening (\d+) (\d+)")
CHECKS = {
    "unary", "empty_messages", "messages_of_4_mib", "calls_beside_one_another", "client_streaming", "server_streaming",
    "both_stream_in_turns", "metadata", "an_error_without_messages", "an_error_behind_a_message", "deadline",
    "deadline_behind_metadata", "cancellation", "a_refusal_of_the_gateway",
}  # fmt: skip


@needs("openssl")
@needs_npm("@grpc/grpc-js")
class GrpcJs(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificate = Certificates(cls.class_folder).make("localhost", "localhost")
        cls.server = NodeServer(cls.class_folder, LISTENING, "grpc_server.js", *cls.certificate.values())
        cls.addClassCleanup(cls.server.kill)
        clear, encrypted = cls.server.ports
        tls = {"ca": cls.certificate["certificate"], "server_name": "localhost"}
        upstreams = {
            "clear": {"endpoints": [f"127.0.0.1:{clear}"], "protocol": "h2"},
            "encrypted": {"endpoints": [f"127.0.0.1:{encrypted}"], "protocol": "h2", "tls": tls},
        }
        routes = [
            {"match": {"host": "localhost", "path": "/test.Service/*"}, "upstream": "encrypted"},
            {"match": {"path": "/test.Service/*"}, "upstream": "clear"},
        ]
        listeners = [
            {"name": "clear", "address": "127.0.0.1:0"},
            {"name": "encrypted", "address": "127.0.0.1:0", "tls": {"certificates": cls.certificate}},
        ]
        cls.sluice = cls.shared_gateway(upstreams, routes, listeners=listeners)

    def hold(self, results):
        self.assertEqual(set(results), CHECKS)
        for check, error in results.items():
            with self.subTest(check):
                self.assertIsNone(error)

    def test_in_the_clear(self):
        self.hold(checks("grpc_client.js", self.sluice.addresses[0]))
        self.await_left(2)

    def test_over_tls_on_both_sides(self):
        self.hold(checks("grpc_client.js", self.sluice.addresses[1], self.certificate["certificate"]))

    def await_left(self, times):
        wait_until(lambda: self.server.out().count("left") >= times, "the server learns who has left")

    @unittest.skipUnless(grpc, "not installed: python3-grpcio")
    def test_with_a_server_of_another_make(self):
        server = GrpcServer()
        self.addCleanup(server.close)
        routes = [{"match": {"path": "/test.Service/*"}, "upstream": "python"}]
        sluice = self.gateway({"python": {"endpoints": [server.endpoint], "protocol": "h2"}}, routes)
        self.hold(checks("grpc_client.js", sluice.addresses[0]))
        self.assertTrue(server.left.wait(20))

    @unittest.skipUnless(grpc, "not installed: python3-grpcio")
    def test_with_a_client_of_another_make(self):
        with grpc.insecure_channel(self.sluice.addresses[0], [("grpc.enable_http_proxy", 0)]) as channel:
            self.assertEqual(channel.unary_unary("/test.Service/Echo")(b"hello", timeout=20), b"hello")
            answers = channel.stream_stream("/test.Service/Chat")(iter([b"abc", b"xyz"]), timeout=20)
            self.assertEqual(list(answers), [b"cba", b"zyx"])
            with self.assertRaises(grpc.RpcError) as raised:
                channel.unary_unary("/test.Service/Fail")(b"", timeout=20)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)
            self.assertEqual(raised.exception.details(), "not now €")
