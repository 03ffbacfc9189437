"""HTTP/2 spoken frame by frame: for what no well-behaved client sends. Heads are written without compression, and read
only as far as which frames came."""

import socket
import struct

from .stream import Malformed, Stream

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 1, 1, 4, 8, 0x20
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 5, 6, 7, 8, 9, 11


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(value):
    """The payload of a WINDOW_UPDATE or RST_STREAM."""
    return struct.pack(">I", value)


def settings_payload(*pairs):
    return b"".join(struct.pack(">HI", key, value) for key, value in pairs)


def length(size):
    """An integer with a prefix of 7 bits (RFC 7541 5.1)."""
    if size < 127:
        return bytes([size])
    out, rest = bytearray([127]), size - 127
    while rest >= 128:
        out.append(rest % 128 + 128)
        rest //= 128
    return bytes(out) + bytes([rest])


def block(*fields):
    """Literal fields, never indexed, without Huffman."""
    out = b""
    for name, value in fields:
        name, value = (text if isinstance(text, bytes) else text.encode("latin-1") for text in (name, value))
        out += b"\x10" + length(len(name)) + name + length(len(value)) + value
    return out


def request(*fields, method="GET", path="/", authority="example.test"):
    return [(":method", method), (":scheme", "http"), (":path", path), (":authority", authority), *fields]


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    @property
    def error(self):
        """The error code of a RST_STREAM or GOAWAY."""
        at = {RST_STREAM: 0, GOAWAY: 4}[self.kind]
        return struct.unpack(">I", self.payload[at : at + 4])[0]

    @property
    def last_stream(self):
        """The last that a GOAWAY does not leave out."""
        return struct.unpack(">I", self.payload[:4])[0]

    def __repr__(self):
        return f"<frame {self.kind} flags {self.flags} stream {self.stream} {self.payload[:40]!r}>"


class H2Connection(Stream):
    """A client that has sent its preface and settings. Acknowledges settings; grants no window by itself."""

    def __init__(self, address, timeout=30, settings=(), tls=None):
        self.connect(address, timeout, tls)
        self.send(PREFACE, frame(SETTINGS, payload=settings_payload(*settings)))

    def connect(self, address, timeout, tls):
        """`tls`: an ssl.SSLContext; h2 is what it has to agree on."""
        connected = socket.create_connection(address, timeout=timeout)
        if tls:
            connected = tls.wrap_socket(connected)
            assert connected.selected_alpn_protocol() == "h2"
        Stream.__init__(self, connected)
        self.goaway = None  # the error code of the last one

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    def ask(self, stream, fields, *more):
        """A request without a body, or with these frames for one."""
        self.send(frame(HEADERS, END_HEADERS | (0 if more else END_STREAM), stream, block(*fields)), *more)

    def next(self):
        """The next frame; settings are acknowledged on the way."""
        head = self.exactly(9)
        size = int.from_bytes(head[:3], "big")
        got = Frame(head[3], head[4], struct.unpack(">I", head[5:])[0] & 0x7FFFFFFF, self.exactly(size))
        if got.kind == SETTINGS and not got.flags & ACK:
            self.send(frame(SETTINGS, ACK))
        if got.kind == GOAWAY:
            self.goaway = got.error
        return got

    def until(self, *kinds, stream=None):
        """The next frame of one of the kinds, on this stream."""
        while True:
            got = self.next()
            if got.kind in kinds and stream in (None, got.stream):
                return got

    def response(self, stream):
        """Reads one to its end: the bytes of its body."""
        body = b""
        while True:
            got = self.until(HEADERS, DATA, RST_STREAM, stream=stream)
            if got.kind == RST_STREAM:
                raise Malformed(f"reset with {got.error}")
            if got.kind == DATA:
                body += got.payload
            if got.flags & END_STREAM:
                return body

    def ended(self):
        """Reads to the end of the connection; the error code of the last GOAWAY, if there was one."""
        try:
            while True:
                self.next()
        except (Malformed, ConnectionResetError, BrokenPipeError):
            return self.goaway


class H2Upstream(H2Connection):
    """The other side: an upstream, of which the gateway is the client. For the scripts of a Scripted server."""

    def __init__(self, peer, settings=()):
        self.socket, self.pending, self.goaway = peer, b"", None
        assert self.exactly(len(PREFACE)) == PREFACE
        self.send(frame(SETTINGS, payload=settings_payload(*settings)))

    def asked(self):
        """The stream of the next request, read to its end; none at the end of the connection."""
        try:
            while True:
                got = self.until(HEADERS, DATA)
                if got.flags & END_STREAM:
                    return got.stream
        except (Malformed, ConnectionResetError):
            return None

    def answer(self, stream, *fields, status=200, body=b"done"):
        self.send(frame(HEADERS, END_HEADERS, stream, block((":status", str(status)), *fields)),
                  frame(DATA, END_STREAM, stream, body))  # fmt: skip
