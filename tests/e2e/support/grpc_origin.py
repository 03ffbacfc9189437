"""A gRPC service over HTTP/1.1 with chunked bodies and trailers: every framing is as gRPC wants it but the outermost."""

import struct
import threading

from .peers import Scripted
from .wire import Connection, Malformed, parse_fields


def framed(message):
    return b"\0" + struct.pack(">I", len(message)) + message


class Call:
    """One call, as a handler serves it. `fields` are those of the request's head, in lower case."""

    def __init__(self, peer):
        self.peer = peer
        head = peer.until(b"\r\n\r\n").decode("latin-1")
        line, *rest = head.split("\r\n")
        self.path = line.split(" ")[1]
        self.fields = dict(parse_fields(rest))
        self.begun = False

    def body(self):
        if self.fields.get("transfer-encoding") != "chunked":
            yield self.peer.exactly(int(self.fields.get("content-length", "0")))
            return
        while size := int(self.peer.until(b"\r\n"), 16):
            yield self.peer.exactly(size + 2)[:-2]
        while self.peer.until(b"\r\n"):
            pass

    def messages(self):
        """Each when it has come."""
        have = b""
        for piece in self.body():
            have += piece
            while len(have) >= 5 and len(have) >= 5 + (size := struct.unpack(">I", have[1:5])[0]):
                yield have[5 : 5 + size]
                have = have[5 + size :]
        assert not have, f"{len(have)} bytes of half a message"

    def begin(self, *fields):
        self.begun = True
        more = "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.peer.send(f"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n{more}\r\n")

    def send(self, message):
        if not self.begun:
            self.begin()
        data = framed(message)
        self.peer.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self, status=0, *fields):
        if not self.begun:
            self.begin()
        more = "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.peer.send(f"0\r\ngrpc-status: {status}\r\n{more}\r\n")


class GrpcOrigin(Scripted):
    """Methods by name: `handlers[name](call)`, which sends and ends. Remembers the fields of every call by path."""

    def __init__(self, handlers):
        self.handlers = handlers
        self.seen = {}
        self.left = threading.Event()  # the peer left a call that was not over
        super().__init__(self.serve)

    def serve(self, socket):
        peer = Connection.of(socket)
        while True:
            try:
                call = Call(peer)
            except Malformed:
                return
            self.seen[call.path] = call.fields
            try:
                self.handlers[call.path.rpartition("/")[2]](call)
            except (OSError, Malformed):
                self.left.set()
                return
