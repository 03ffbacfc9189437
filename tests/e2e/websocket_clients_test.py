"""WebSocket with clients and servers that others have made: npm's ws and Debian's python3-websockets."""

import asyncio
import contextlib
import os
import re
import ssl
import unittest

from support.case import EndToEnd, needs
from support.certificates import Certificates
from support.npm import NodeServer, checks, needs_npm

try:
    import websockets
except ImportError:
    websockets = None

LISTENING = re.compile(r"listening (\d+) (\d+)")
EVERYWHERE = {"messages_of_all_sizes", "fragments", "ping_and_pong", "many_at_once"}
IN_HTTP_1_1 = EVERYWHERE | {"compression", "subprotocols", "a_refused_handshake"}


def listeners(certificate):
    return [
        {"name": "clear", "address": "127.0.0.1:0"},
        {"name": "encrypted", "address": "127.0.0.1:0", "tls": {"certificates": certificate}},
    ]


@needs("openssl")
@needs_npm("ws")
class Ws(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = NodeServer(cls.class_folder, LISTENING, "websocket_server.js")
        cls.addClassCleanup(server.kill)
        first, second = (f"127.0.0.1:{port}" for port in server.ports)
        cls.certificate = Certificates(cls.class_folder).make("localhost", "localhost")
        upstreams = {"first": [first], "second": {"endpoints": [second], "protocol": "h2"}}
        # The client by HTTP/2 asks for this host.
        routes = [{"match": {"host": "example.test"}, "upstream": "second"}, {"upstream": "first"}]
        cls.sluice = cls.shared_gateway(upstreams, routes, listeners=listeners(cls.certificate))

    def hold(self, wanted, *words):
        results = checks("websocket_client.js", *words)
        self.assertEqual(set(results), wanted)
        for check, error in results.items():
            with self.subTest(check):
                self.assertIsNone(error)

    def test_over_http_1_1(self):
        self.hold(IN_HTTP_1_1, "http/1.1", self.sluice.addresses[0])

    def test_over_tls(self):
        self.hold(IN_HTTP_1_1, "http/1.1", self.sluice.addresses[1], self.certificate["certificate"])

    def test_over_http_2_on_both_sides(self):
        self.hold(EVERYWHERE, "h2", self.sluice.addresses[0])


def in_a_loop(test):
    """A test that is a coroutine, with a time limit."""
    return lambda self: asyncio.run(asyncio.wait_for(test(self), 60))


@needs("openssl")
@unittest.skipUnless(websockets, "not installed: python3-websockets")
class Websockets(EndToEnd):
    def context(self):
        return ssl.create_default_context(cafile=self.certificate["certificate"])

    @contextlib.asynccontextmanager
    async def served(self):
        """Addresses of a gateway before a server that echoes, in the clear and over TLS."""

        async def echo(socket):
            with contextlib.suppress(websockets.ConnectionClosedError):  # with a code of the client's own
                async for message in socket:
                    await socket.send(message)

        server = await websockets.serve(echo, "127.0.0.1", 0, subprotocols=["chat"], max_size=None)
        async with server:
            port = server.sockets[0].getsockname()[1]
            # The gateway starts in a thread of its own: this loop is the server's.
            await asyncio.to_thread(self.begin_here, f"127.0.0.1:{port}")
            yield f"ws://{self.sluice.addresses[0]}/", f"wss://localhost:{self.sluice.addresses[1].rpartition(':')[2]}/"

    def begin_here(self, endpoint):
        self.certificate = Certificates(self.folder).make("localhost", "localhost")
        self.sluice = self.gateway({"echo": [endpoint]}, listeners=listeners(self.certificate))

    async def talk(self, url, **options):
        async with websockets.connect(url, subprotocols=["chat"], max_size=None, **options) as socket:
            self.assertEqual(socket.subprotocol, "chat")
            self.assertEqual([one.name for one in socket.extensions], ["permessage-deflate"])
            for size in (0, 1, 125, 126, 65535, 65536, 1 << 20):
                for message in (os.urandom(size), "é" * (size // 2)):
                    await socket.send(message)
                    self.assertEqual(await socket.recv(), message)
            await socket.send(["one ", "two ", "three"])
            self.assertEqual(await socket.recv(), "one two three")
            await (await socket.ping("there?"))
            await socket.close(4999, "with a code of its own")
        self.assertEqual((socket.close_code, socket.close_reason), (4999, "with a code of its own"))

    @in_a_loop
    async def test_messages_pings_and_the_close_handshake(self):
        async with self.served() as (clear, encrypted):
            await self.talk(clear)
            await self.talk(encrypted, ssl=self.context())

    @in_a_loop
    async def test_messages_cross(self):
        messages = [os.urandom(100_000) for _ in range(30)]
        async with self.served() as (clear, _), websockets.connect(clear, max_size=None) as socket:

            async def send():
                for message in messages:
                    await socket.send(message)

            sending = asyncio.create_task(send())
            answers = [await socket.recv() for _ in messages]
            await sending
            self.assertEqual(answers, messages)
