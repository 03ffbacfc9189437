"""WebSocket and other upgrades through the gateway."""

import os
import threading

from support.case import EndToEnd, needs
from support.peers import answering, read_head
from support.wire import Connection, head
from support.websocket import BINARY, CLOSE, PING, PONG, TEXT, H2WebSocket, WebSocket

UPGRADE = ("Connection: Upgrade", "Upgrade: shout")
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: shout\r\n"


@needs("node")
class Upgrades(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        node = cls.shared_node()
        # Timeouts far shorter than the silence of the test below: a tunnel has its own.
        upstream = {"endpoints": [node.endpoint], "timeouts": {"first_byte": "3s", "idle": "1s"}}
        limits = {"idle_timeout": "3s", "body_timeout": "1s", "header_timeout": "3s"}
        cls.sluice = cls.shared_gateway({"node": upstream}, [{"upstream": "node", "timeout": "3s"}], {"limits": limits})

    def test_text_and_binary_messages_of_all_sizes_come_back(self):
        with WebSocket(self.sluice.address) as client:
            for size in (0, 1, 125, 126, 65535, 65536, 1024 * 1024):
                self.assertEqual(client.echoed(TEXT, b"t" * size), (TEXT, b"t" * size))
                message = os.urandom(size)
                self.assertEqual(client.echoed(BINARY, message), (BINARY, message))

    def test_messages_cross_while_both_sides_send(self):
        message, count = os.urandom(256 * 1024), 40
        with WebSocket(self.sluice.address) as client:
            sender = threading.Thread(target=lambda: [client.send_frame(BINARY, message) for _ in range(count)])
            sender.start()
            for _ in range(count):
                self.assertEqual(client.read_frame(), (BINARY, message))
            sender.join()

    def test_a_ping_is_answered(self):
        with WebSocket(self.sluice.address) as client:
            self.assertEqual(client.echoed(PING, b"there?"), (PONG, b"there?"))

    def test_the_close_handshake_ends_the_connection(self):
        with WebSocket(self.sluice.address) as client:
            self.assertEqual(client.echoed(CLOSE, b"\x03\xe8bye"), (CLOSE, b"\x03\xe8bye"))
            self.assertTrue(client.at_end())

    def test_silence_does_not_end_a_tunnel(self):
        with WebSocket(self.sluice.address) as client:
            client.socket.settimeout(3.5)  # longer than every timeout of the configuration
            with self.assertRaises(TimeoutError):
                client.read_frame()
            client.socket.settimeout(30)
            self.assertEqual(client.echoed(TEXT, b"still here"), (TEXT, b"still here"))

    def test_many_tunnels_stand_at_once(self):
        clients = [WebSocket(self.sluice.address) for _ in range(100)]
        for number, client in enumerate(clients):
            client.send_frame(TEXT, b"%d" % number)
        for number, client in enumerate(clients):
            self.assertEqual(client.read_frame(), (TEXT, b"%d" % number))
            client.close()

    def test_any_protocol_can_be_upgraded_to_and_closed_by_half(self):
        with Connection(self.sluice.address) as client:
            client.send(head("GET", "/", *UPGRADE) + b"early ")  # the first bytes come with the head
            self.assertEqual(client.read_response().field("upgrade"), "shout")
            client.send(b"and late")
            self.assertEqual(client.exactly(14), b"EARLY AND LATE")
            client.finish_sending()
            self.assertEqual(client.rest(), b"BYE")  # the other half still stands

    def test_a_refused_upgrade_is_a_plain_response(self):
        with Connection(self.sluice.address) as client:
            response = client.ask(head("GET", "/no-upgrade", *UPGRADE))
            self.assertEqual((response.status, response.body), (426, b"no\n"))
            self.assertEqual(client.ask(head("GET", "/status?code=204")).status, 204)

    def tunnel_of(self, answer):
        """The head of an upgrade's response, and what comes through the tunnel, of an origin that says this and leaves."""

        def script(peer):
            read_head(peer)
            peer.sendall(answer)

        sluice = self.gateway({"a": [self.scripted(script).endpoint]})
        with Connection(sluice.address) as client:
            client.send(head("GET", "/", *UPGRADE))
            return client.read_response(), client.rest()

    def test_an_origin_that_leaves_ends_the_tunnel(self):
        response, came = self.tunnel_of(SWITCHED + b"\r\nhi")
        self.assertEqual((response.status, came), (101, b"hi"))

    def test_a_length_in_front_of_a_tunnel_goes_no_further(self):  # RFC 9110 8.6
        response, came = self.tunnel_of(SWITCHED + b"Content-Length: 5\r\n\r\nhi")
        self.assertEqual((response.status, response.field("content-length"), came), (101, None, b"hi"))

    def test_a_tunnel_that_is_silent_for_too_long_ends_and_the_log_says_why(self):
        def script(peer):
            read_head(peer)
            peer.sendall(SWITCHED + b"\r\n")
            peer.recv(100)

        origin = self.scripted(script)
        sluice = self.gateway({"a": [origin.endpoint]}, listener={"limits": {"tunnel_timeout": "200ms"}})
        with Connection(sluice.address) as client:
            client.send(head("GET", "/", *UPGRADE))
            self.assertEqual(client.read_response().status, 101)
            self.assertTrue(client.at_end())
        line = sluice.await_access(lambda one: one["status"] == 101)
        self.assertEqual(line["reason"], "tunnel_timeout")

    def test_a_client_that_breaks_off_ends_the_tunnel(self):
        left = threading.Event()

        def script(peer):
            read_head(peer)
            peer.sendall(SWITCHED + b"\r\n")
            try:
                while peer.recv(100):
                    pass
            finally:
                left.set()

        origin = self.scripted(script)
        sluice = self.gateway({"a": [origin.endpoint]})
        client = Connection(sluice.address)
        client.send(head("GET", "/", *UPGRADE))
        self.assertEqual(client.read_response().status, 101)
        client.reset()
        self.assertTrue(left.wait(20))

    def test_a_switch_that_nobody_asked_for_is_refused(self):
        origin = self.scripted(
            lambda peer: read_head(peer) and peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
        )
        sluice = self.gateway({"a": [origin.endpoint]})
        with Connection(sluice.address) as client:
            response = client.ask(head("GET", "/"))
            self.assertEqual(response.status, 502)
            self.assertIsNotNone(response.reason)


@needs("node")
class AcrossVersions(EndToEnd):
    """An upgrade in HTTP/1.1 on the one side is an extended CONNECT in HTTP/2 on the other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        old, new = cls.shared_node("old"), cls.shared_node("new", speaks=["h2"])
        upstreams = {"old": [old.endpoint], "new": {"endpoints": [new.endpoint], "protocol": "h2"}}
        routes = [{"match": {"path": f"/{name}/*"}, "rewrite": {"path_prefix": "/"}, "upstream": name} for name in upstreams]
        cls.sluice = cls.shared_gateway(upstreams, routes)

    def test_messages_come_back_by_every_way(self):
        for client, target in ((H2WebSocket, "/old/ws"), (H2WebSocket, "/new/ws"), (WebSocket, "/new/ws")):
            with client(self.sluice.address, target) as tunnel:
                for size in (0, 5, 126, 30000):
                    message = os.urandom(size)
                    self.assertEqual(tunnel.echoed(BINARY, message), (BINARY, message), (client, target))
                self.assertEqual(tunnel.echoed(PING, b"there?"), (PONG, b"there?"))
                self.assertEqual(tunnel.echoed(CLOSE, b"\x03\xe8bye"), (CLOSE, b"\x03\xe8bye"))
                self.assertTrue(tunnel.at_end(), (client, target))

    def test_a_refused_one_is_a_plain_response(self):
        for target in ("/old/no-upgrade", "/new/no-upgrade"):
            with H2WebSocket(self.sluice.address, target) as tunnel:
                self.assertIn(b"426", tunnel.head.payload, target)
            with Connection(self.sluice.address) as client:
                response = client.ask(head("GET", target, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x"))
                self.assertEqual(response.status, 426)

    def assertRefused(self, path, status, reason, *config):
        sluice = self.gateway(*config)
        with H2WebSocket(sluice.address, path):
            line = sluice.await_access(lambda one: one["path"] == path)
            self.assertEqual((line["status"], line["reason"]), (status, reason))

    def test_no_success_but_a_switch_reaches_an_extended_connect(self):  # RFC 8441 5: it would stand for the tunnel
        for status in ("200 OK\r\nContent-Length: 2\r\n\r\nok", "204 No Content\r\n\r\n"):
            origin = self.scripted(answering(f"HTTP/1.1 {status}".encode()))
            self.assertRefused(f"/{status[:3]}", 502, "upstream_no_upgrade", {"a": [origin.endpoint]})
        self.assertRefused("/own", 403, "upgrade_refused", None, [{"respond": {"body": "hello"}}])

    def test_an_upstream_must_have_read_the_key(self):  # RFC 6455 4.1
        for path, proof in (("/none", b""), ("/wrong", b"Sec-WebSocket-Accept: aaaa\r\n")):
            switched = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            origin = self.scripted(answering(switched + proof + b"\r\n"))
            self.assertRefused(path, 502, "upstream_malformed", {"a": [origin.endpoint]})

    def test_it_is_logged_as_the_upgrade_that_it_is(self):
        with H2WebSocket(self.sluice.address, "/old/logged"):
            pass
        line = self.sluice.await_access(lambda line: line["path"] == "/old/logged")
        self.assertEqual((line["status"], line["protocol"], line["method"]), (101, "HTTP/2", "GET"))
