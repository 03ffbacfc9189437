"""An origin that keeps every byte it gets, and reads requests as strictly as the standard can be read."""

import re
import threading

OWN_FIELDS = {"via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id"}
REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/1\.1")
FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?((?:[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Unclear(Exception):
    """Another reader could take the bytes for something else."""


class Cut(Exception):
    """The stream ended within a message."""


class Message:
    """A request as it came."""

    def __init__(self, line, fields):
        match = REQUEST_LINE.fullmatch(line)
        if not match:
            raise Unclear(f"request line {line!r}")
        self.method, self.target = (part.decode() for part in match.groups())
        self.all_fields = fields
        self.body = b""
        self.trailers = ()
        self.host = self.only("host")
        self.framing = self.framing_of()

    def values(self, name):
        return [value for key, value in self.all_fields if key == name]

    def only(self, name):
        values = self.values(name)
        if len(values) != 1:
            raise Unclear(f"{name}: {values}")
        return values[0]

    def framing_of(self):
        length, coding = self.values("content-length"), self.values("transfer-encoding")
        if length and coding or len(length) > 1 or coding not in ([], ["chunked"]):
            raise Unclear(f"framing {length} {coding}")
        if length and not re.fullmatch("0|[1-9][0-9]*", length[0]):
            raise Unclear(f"length {length}")
        return "length" if length else "chunked" if coding else "none"

    @property
    def fields(self):
        """Without Host, framing, and what the gateway asserts."""
        left_out = OWN_FIELDS | {"host", "content-length", "transfer-encoding"}
        return tuple(pair for pair in self.all_fields if pair[0] not in left_out)


class Reader:
    """Requests from a socket; `keep(bytes)` sees all that comes."""

    def __init__(self, peer, keep):
        self.peer = peer
        self.keep = keep
        self.pending = b""

    def more(self):
        data = self.peer.recv(65536)
        self.keep(data)
        if not data:
            raise Cut
        self.pending += data

    def line(self):
        while b"\n" not in self.pending:
            self.more()
        line, self.pending = self.pending.split(b"\n", 1)
        if not line.endswith(b"\r") or b"\r" in line[:-1]:
            raise Unclear(f"end of {line!r}")
        return line[:-1]

    def exactly(self, count):
        while len(self.pending) < count:
            self.more()
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def section(self):
        fields = []
        while line := self.line():
            match = FIELD_LINE.fullmatch(line)
            if not match:
                raise Unclear(f"field {line!r}")
            fields.append((match[1].decode().lower(), match[2].decode("latin-1")))
        return tuple(fields)

    def message(self, on_expect):
        """The next request; None at the end of the stream between two of them."""
        if not self.pending:
            try:
                self.more()
            except Cut:
                return None
        message = Message(self.line(), self.section())
        if "100-continue" in message.values("expect"):
            on_expect()
        if message.framing == "length":
            message.body = self.exactly(int(message.only("content-length")))
        elif message.framing == "chunked":
            message.body, message.trailers = self.chunks()
        return message

    def chunks(self):
        parts = []
        while True:
            size = self.line()
            if not re.fullmatch(b"0|[1-9a-f][0-9a-f]*", size):
                raise Unclear(f"chunk size {size!r}")
            if size == b"0":
                return b"".join(parts), self.section()
            parts.append(self.exactly(int(size, 16)))
            if self.exactly(2) != b"\r\n":
                raise Unclear("chunk without an end")


class Recorder:
    """What the connections of an origin got; one script for each of them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.forget()

    def forget(self):
        with self.lock:
            self.bytes = b""
            self.messages = []
            self.unclear = []

    def serve(self, peer):
        reader = Reader(peer, self.keep)
        try:
            while message := reader.message(lambda: peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")):
                with self.lock:
                    self.messages.append(message)
                peer.sendall(OK)
        except Unclear as fault:
            with self.lock:
                self.unclear.append(str(fault))
        except Cut:
            pass

    def keep(self, data):
        with self.lock:
            self.bytes += data


class Responder:
    """Answers /case with the bytes of the case, and every other request well. Notes who came on which connection."""

    def __init__(self):
        self.lock = threading.Lock()
        self.case = None
        self.connections = 0
        self.seen = []  # (connection, target)

    def begin(self, case):
        with self.lock:
            self.case = case
            self.seen = []

    def serve(self, peer):
        with self.lock:
            self.connections += 1
            number = self.connections
        reader = Reader(peer, lambda data: None)
        try:
            while message := reader.message(lambda: None):
                with self.lock:
                    self.seen.append((number, message.target))
                    case = self.case
                if message.target != "/case":
                    peer.sendall(OK)
                    continue
                for piece in case.pieces:
                    peer.sendall(piece)
                if case.closes:
                    return
        except (Unclear, Cut):
            pass

    def connections_of(self, target):
        with self.lock:
            return [number for number, seen in self.seen if seen == target]
