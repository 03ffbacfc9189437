"""A WebSocket client by the frame (RFC 6455)."""

import base64
import hashlib
import os
import struct

from .wire import Connection, head

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket(Connection):
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


def masked(payload, mask):
    key = int.from_bytes((mask * (len(payload) // 4 + 1))[: len(payload)], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")
