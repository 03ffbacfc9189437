"""The PROXY protocol in front of connections, from whom it is taken, and how real servers understand ours."""

import socket
import struct

from support.case import EndToEnd, needs
from support.certificates import Certificates
from support.waiting import wait_until
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

    def test_a_client_without_a_name_is_not_believed_in_the_load_balancers_place(self):
        asked = head("GET", "/", "X-Forwarded-For: 198.51.100.1")
        for header in (b"PROXY UNKNOWN\r\n", BEGIN2 + b"\x21\x00\0\0", BEGIN2 + b"\x21\x31\0\xd8" + b"x" * 216):
            client = self.connect(header + asked)
            self.assertTrue(client.read_response().field("x-client").startswith("127.0.0.1 "), header)
        client = self.connect(BEGIN2 + b"\x20\x00\0\0" + asked)  # LOCAL: the load balancer's own
        self.assertTrue(client.read_response().field("x-client").startswith("198.51.100.1 "))

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


# What each says of the PROXY header and of the connection that it stood in front of.
NGINX = """server { listen unix:%s proxy_protocol; keepalive_timeout 60s; default_type text/plain;
  location / {
    return 200 "$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_addr:$proxy_protocol_server_port $connection";
  } }"""
HAPROXY = """
frontend clear
  bind unix@%(clear)s accept-proxy
  http-request return status 200 content-type text/plain lf-string "%%[src]:%%[src_port] %%[dst]:%%[dst_port]"
frontend encrypted
  bind unix@%(encrypted)s accept-proxy ssl crt %(pem)s
  http-request return status 200 content-type text/plain lf-string "%%[src]:%%[src_port] %%[dst]:%%[dst_port]"
"""


@needs("nginx", "haproxy", "openssl")
class ProxyProtocolUpstreams(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.class_folder
        certificate = Certificates(folder).make("local", "localhost")
        pem = folder / "local.pem"
        pem.write_bytes(b"".join(open(path, "rb").read() for path in certificate.values()))
        sockets = {"clear": folder / "clear.sock", "encrypted": folder / "encrypted.sock", "nginx": folder / "told.sock"}
        cls.shared_haproxy(HAPROXY % {**sockets, "pem": pem}, [sockets["clear"], sockets["encrypted"]])
        cls.shared_nginx(NGINX % sockets["nginx"])
        upstreams = {
            f"{peer}-{version}": {
                "endpoints": [f"unix:{socket}"],
                "proxy_protocol": version,
                "health_check": {"path": "/health", "interval": "200ms", "timeout": "200ms"},
            }
            for peer, socket in sockets.items()
            for version in ("v1", "v2")
        }
        for version in ("v1", "v2"):
            upstreams[f"encrypted-{version}"]["tls"] = {"server_name": "localhost", "ca": certificate["certificate"]}
        cls.names = list(upstreams)
        routes = [{"match": {"path": f"/{name}"}, "upstream": name} for name in upstreams]
        cls.sluice = cls.shared_gateway(upstreams, routes, {"trusted_proxies": ["127.0.0.1"]})

    def connect(self):
        client = Connection(self.sluice.address)
        self.addCleanup(client.close)
        return client, "%s:%d" % client.socket.getsockname() + " %s:%d" % self.sluice.address

    def test_every_peer_learns_who_the_client_is(self):
        for name in self.names:
            with self.subTest(name):
                client, ends = self.connect()
                # One that came through other proxies is still the client of this connection.
                response = client.ask(head("GET", f"/{name}", "X-Forwarded-For: 192.0.2.1"))
                self.assertEqual(response.status, 200)
                self.assertTrue(response.body.decode().startswith(ends), response.body)

    def test_a_connection_is_used_again_by_its_client_alone(self):
        seen = []
        for _ in range(3):
            client, ends = self.connect()
            answers = {client.ask(head("GET", "/nginx-v2")).body.decode() for _ in range(5)}
            self.assertEqual(len(answers), 1, "one client, one connection")
            self.assertTrue(all(answer.startswith(ends) for answer in answers), answers)
            seen.append(answers.pop().split()[-1])
            client.close()
        self.assertEqual(len(set(seen)), 3, "no client has the connection of another")

    def test_a_connection_ends_with_its_client(self):
        client, _ = self.connect()
        client.ask(head("GET", "/nginx-v1"))
        idle = lambda: self.sluice.upstream("nginx-v1")["endpoints"][0]["connections"]["idle"]  # noqa: E731
        wait_until(lambda: idle() > 0, "it waits for the next request")
        client.close()
        wait_until(lambda: idle() == 0, "the client's upstream connections end")

    def test_health_checks_pass_without_a_client(self):
        for name in self.names:
            state = lambda name=name: self.sluice.upstream(name)["endpoints"][0]["health"]  # noqa: E731
            self.assertEqual(wait_until(lambda: state()["state"] != "unknown" and state(), f"{name} is checked")["state"], "healthy")
