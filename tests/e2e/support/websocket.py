"""A WebSocket client by the frame (RFC 6455)."""

import base64
import hashlib
import os
import struct

from .h2 import DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, WINDOW_UPDATE, H2Connection, block, frame
from .stream import Malformed
from .wire import Connection, head

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Frames:
    """Over what can `send` bytes, and read `exactly` so many."""

    def send_frame(self, opcode, payload):
        mask = b"\x5a\xa5\x3c\xc3"
        size = len(payload)
        if size < 126:
            start = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 65536:
            start = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            start = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        self.send(start + mask + masked(payload, mask))

    def read_frame(self):
        """Opcode and payload."""
        first, second = self.exactly(2)
        size = second & 127
        if size == 126:
            (size,) = struct.unpack("!H", self.exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.exactly(8))
        return first & 15, self.exactly(size)

    def echoed(self, opcode, payload):
        self.send_frame(opcode, payload)
        return self.read_frame()


class WebSocket(Frames, Connection):
    """Open once the constructor is through."""

    def __init__(self, address, target="/ws"):
        super().__init__(address)
        key = base64.b64encode(os.urandom(16)).decode()
        fields = ("Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13")
        self.response = self.ask(head("GET", target, *fields))
        assert self.response.status == 101, self.response.head
        proof = base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()
        assert self.response.field("sec-websocket-accept") == proof, self.response.head
        assert self.response.field("upgrade") == "websocket", self.response.head
        assert self.response.field("connection").lower() == "upgrade", self.response.head


class H2WebSocket(Frames):
    """By an extended CONNECT (RFC 8441), on stream 1 of a connection of its own."""

    def __init__(self, address, target="/ws"):
        self.connection = H2Connection(address)
        self.pending, self.ended = b"", False
        self.connection.send(frame(HEADERS, END_HEADERS, 1, block(
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", target),
            (":authority", "example.test"), ("sec-websocket-version", "13"))))  # fmt: skip
        self.head = self.connection.until(HEADERS, stream=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def send(self, data):
        for at in range(0, len(data), 16384):
            self.connection.send(frame(DATA, 0, 1, data[at : at + 16384]))

    def finish_sending(self):
        self.connection.send(frame(DATA, END_STREAM, 1))

    def exactly(self, count):
        while len(self.pending) < count:
            assert not self.ended, "the stream has ended"
            self._more()
        out, self.pending = self.pending[:count], self.pending[count:]
        return out

    def at_end(self):
        """The other side has ended its half, without more."""
        while not self.ended:
            self._more()
        return not self.pending

    def _more(self):
        got = self.connection.until(DATA, RST_STREAM, stream=1)
        if got.kind == RST_STREAM:
            raise Malformed(f"reset with {got.error}")
        self.pending += got.payload
        self.ended = bool(got.flags & END_STREAM)
        if got.payload:
            grant = struct.pack(">I", len(got.payload))
            self.connection.send(frame(WINDOW_UPDATE, 0, 0, grant), frame(WINDOW_UPDATE, 0, 1, grant))


def masked(payload, mask):
    key = int.from_bytes((mask * (len(payload) // 4 + 1))[: len(payload)], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")
