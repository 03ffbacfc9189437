"""HTTP/1.1 by the byte: a client that sends what it is told to, and reads strictly."""

import json
import socket

from .stream import Malformed, Stream

END = b"\r\n\r\n"


class Response:
    """A response with its body and trailers; names of fields are in lower case."""

    def __init__(self, head, fields):
        self.head = head
        self.version, code, self.phrase = head.split("\r\n", 1)[0].split(" ", 2)
        self.status = int(code)
        self.fields = fields
        self.body = b""
        self.trailers = []
        self.interim = []

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def field(self, name, otherwise=None):
        values = self.all(name)
        assert len(values) < 2, f"{name} more than once in\n{self.head}"
        return values[0] if values else otherwise

    def json(self):
        return json.loads(self.body)

    @property
    def reason(self):
        """Why the gateway refused; None where it did not."""
        if self.field("content-type") != "application/problem+json":
            return None
        problem = self.json()
        assert problem["status"] == self.status and problem["type"].endswith(problem["reason"]), problem
        assert problem["reason"] in (self.field("proxy-status") or ""), self.head
        return problem["reason"]


class Connection(Stream):
    """One connection; `address` is (host, port) or the path of a unix socket."""

    def __init__(self, address, timeout=30, source=""):
        if isinstance(address, str):
            super().__init__(socket.socket(socket.AF_UNIX))
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            super().__init__(socket.create_connection(address, timeout=timeout, source_address=(source, 0)))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def of(cls, accepted):
        """The other side: a socket that a server has accepted."""
        connection = cls.__new__(cls)
        Stream.__init__(connection, accepted)
        return connection

    def reset(self):
        """Closes with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def stop(self):
        """Ends what another thread may be sending or reading."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def send_what_is_taken(self, data):
        """For peers that may answer and close before they have read all."""
        try:
            self.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise Malformed(f"closed after {self.pending[-200:]!r}")
        self.pending += data

    def until(self, mark):
        while mark not in self.pending:
            self.more()
        head, self.pending = self.pending.split(mark, 1)
        return head

    def at_end(self):
        """True when the peer closes and nothing more comes."""
        if self.pending:
            return False
        try:
            self.pending = self.socket.recv(65536)
        except ConnectionResetError:
            return True
        return not self.pending

    def read_head(self):
        text = self.until(END).decode("latin-1")
        return Response(text, parse_fields(text.split("\r\n")[1:]))

    def read_response(self, method="GET"):
        """The final response, whole; those before it are in `interim`."""
        interim = []
        response = self.read_head()
        while response.status < 200 and response.status != 101:
            interim.append(response)
            response = self.read_head()
        response.interim = interim
        if method != "HEAD" and response.status not in (101, 204, 304):
            self.read_body(response)
        return response

    def read_body(self, response):
        if response.field("transfer-encoding"):
            assert response.field("transfer-encoding") == "chunked" and not response.all("content-length"), response.head
            response.body = b"".join(self.chunks())
            lines = []
            while line := self.until(b"\r\n"):
                lines.append(line.decode("latin-1"))
            response.trailers = parse_fields(lines)
        elif response.all("content-length"):
            response.body = self.exactly(int(response.field("content-length")))
        else:
            assert response.field("connection") == "close", response.head
            response.body = self.rest()

    def chunks(self):
        while size := int(self.until(b"\r\n"), 16):
            yield self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise Malformed("no CRLF after a chunk")

    def rest(self):
        """Everything up to the peer's FIN."""
        parts = [self.pending]
        self.pending = b""
        while data := self.socket.recv(65536):
            parts.append(data)
        return b"".join(parts)

    def ask(self, data, method="GET"):
        self.send(data)
        return self.read_response(method)


def parse_fields(lines):
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name:
            raise Malformed(f"not a field: {line!r}")
        fields.append((name.lower(), value.strip()))
    return fields


def head(method="GET", target="/", *fields, host="example.test", version="HTTP/1.1"):
    """A request head; `fields` are whole lines."""
    lines = [f"{method} {target} {version}", *([f"Host: {host}"] if host else []), *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunked(*chunks, trailers=()):
    """A chunked body."""
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return b"".join(parts) + b"0\r\n" + "".join(line + "\r\n" for line in trailers).encode("latin-1") + b"\r\n"


def ask(address, data, method="GET", timeout=30):
    """One request on a connection of its own."""
    with Connection(address, timeout) as connection:
        return connection.ask(data, method)
