"""The PROXY protocol in front of connections, in the clear and under TLS, and from whom it is taken."""

import socket
import struct

from support.case import EndToEnd
from support.wire import Connection, head

ROUTES = [{"respond": {"body": "hi"}, "response_headers": {"set": {"x-client": "{client.ip} {client.port}"}}}]
BEGIN2 = b"\r\n\r\n\0\r\nQUIT\n"


def version1(source="192.0.2.7", port=4321):
    return f"PROXY TCP4 {source} 192.0.2.1 {port} 80\r\n".encode()


def version2(source="192.0.2.7", port=4321):
    body = socket.inet_aton(source) + socket.inet_aton("192.0.2.1") + struct.pack("!HH", port, 80)
    return BEGIN2 + b"\x21\x11" + struct.pack("!H", len(body)) + body


class ProxyProtocol(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        listener = {
            "proxy_protocol": True,
            "trusted_proxies": ["127.0.0.1"],
            "limits": {"header_timeout": "500ms", "connections_per_client": 2},
        }
        cls.sluice = cls.shared_gateway(None, ROUTES, listener)

    def connect(self, *pieces, source=""):
        client = Connection(self.sluice.address, source=source)
        self.addCleanup(client.close)
        for piece in pieces:
            client.send(piece)
        return client

    def test_both_versions_name_the_client(self):
        for header in (version1(), version2()):
            client = self.connect(header + head("GET", "/"))
            response = client.read_response()
            self.assertEqual(response.status, 200)
            self.assertEqual(response.field("x-client"), "192.0.2.7 4321")
            self.assertEqual(client.ask(head("GET", "/")).field("x-client"), "192.0.2.7 4321")
            line = self.sluice.await_access(lambda one: one["client"] == "192.0.2.7")
            self.assertEqual(line["peer"], "192.0.2.7:4321")

    def test_a_header_may_come_byte_by_byte(self):
        client = self.connect(*[bytes([byte]) for byte in version2() + head("GET", "/")])
        self.assertEqual(client.read_response().field("x-client"), "192.0.2.7 4321")

    def test_without_a_name_the_connection_speaks_for_itself(self):
        client = self.connect(b"PROXY UNKNOWN\r\n" + head("GET", "/"))
        self.assertTrue(client.read_response().field("x-client").startswith("127.0.0.1 "))

    def test_nothing_is_served_without_a_header_or_from_strangers(self):
        self.assertTrue(self.connect(head("GET", "/")).at_end())
        self.assertTrue(self.connect(version1()[:20]).at_end())  # the rest does not come in time
        stranger = self.connect(source="127.0.0.2")
        stranger.send_what_is_taken(version1() + head("GET", "/"))
        self.assertTrue(stranger.at_end())

    def test_the_client_that_is_named_is_counted(self):
        first = [self.connect(version1("198.51.100.9", port) + head("GET", "/")) for port in (1, 2)]
        for client in first:
            self.assertEqual(client.read_response().status, 200)
        third = self.connect(version1("198.51.100.9", 3) + head("GET", "/"))
        self.assertEqual(third.read_response().reason, "connection_limit")
        self.assertEqual(self.connect(version1("198.51.100.10") + head("GET", "/")).read_response().status, 200)
