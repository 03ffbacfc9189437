"""The words that the tables are written in."""

from dataclasses import dataclass, field

# Stands behind every request of a table: it is served where the connection goes on, and never else.
BEHIND = b"GET /behind HTTP/1.1\r\nHost: behind.test\r\n\r\n"


@dataclass(frozen=True)
class Refused:
    """The gateway answers with this, closes, and the origin never has a whole request.

    `begun`: the fault comes to light after the head went on, so that the origin may have a part of it.
    """

    status: int
    reason: str
    begun: bool = False


@dataclass(frozen=True)
class Answered:
    """The gateway answers by itself and the connection goes on."""

    status: int
    fields: tuple = ()
    body: bytes | None = None


@dataclass(frozen=True)
class Forwarded:
    """Exactly this reaches the origin, once.

    `fields` are (name in lower case, value) in order, without those that the gateway asserts and without Host
    and framing, which are told apart.
    """

    method: str = "GET"
    target: str = "/a"
    host: str | None = "a.test"  # None: the origin's own address
    fields: tuple = ()
    framing: str = "none"  # none, length or chunked
    body: bytes = b""
    trailers: tuple = ()
    keeps: bool = True  # another request may follow on the client's connection


@dataclass(frozen=True)
class RequestCase:
    name: str
    section: str
    pieces: tuple
    expected: Refused | Answered | Forwarded
    ends: bool = False  # the client sends FIN behind it and nothing else


@dataclass(frozen=True)
class BadGateway:
    """The client gets a 502 with this reason, and its connection goes on."""

    reason: str


@dataclass(frozen=True)
class Broken:
    """The client gets this head, and then a body that ends in a reset or without its end; or a 502 in place of all that."""

    status: int = 200


@dataclass(frozen=True)
class Whole:
    """The client gets this response, complete. `fields` are some that must be there, `absent` names that must not."""

    status: int = 200
    body: bytes = b""
    fields: tuple = ()
    absent: tuple = ()
    interim: tuple = ()
    trailers: tuple = ()


@dataclass(frozen=True)
class ResponseCase:
    name: str
    section: str
    pieces: tuple  # what the origin sends
    expected: BadGateway | Broken | Whole
    closes: bool = True  # the origin closes behind it
    reuse: bool | None = None  # the next request comes on the same connection; None: either is right
    request: bytes = field(default=b"GET /case HTTP/1.1\r\nHost: a.test\r\n\r\n")


def pieces_of(data):
    return (data,) if isinstance(data, bytes) else tuple(data)


def refused(name, section, data, status, reason, begun=False, ends=False):
    return RequestCase(name, section, pieces_of(data), Refused(status, reason, begun), ends)


def answered(name, section, data, status, fields=(), body=None):
    return RequestCase(name, section, pieces_of(data), Answered(status, tuple(fields), body))


def forwarded(name, section, data, **expected):
    return RequestCase(name, section, pieces_of(data), Forwarded(**expected))


def bad_gateway(name, section, data, reason, **rest):
    return ResponseCase(name, section, pieces_of(data), BadGateway(reason), **rest)


def broken(name, section, data, status=200, **rest):
    return ResponseCase(name, section, pieces_of(data), Broken(status), **rest)


def whole(name, section, data, expected, **rest):
    return ResponseCase(name, section, pieces_of(data), expected, **rest)


def request(line="GET /a HTTP/1.1", *fields, host="a.test", body=b""):
    """Bytes of a request; `fields` are lines, Host comes first."""
    lines = [line, *([f"Host: {host}"] if host is not None else []), *fields]
    return "".join(one + "\r\n" for one in lines).encode("latin-1") + b"\r\n" + body


def get(*fields, **rest):
    return request("GET /a HTTP/1.1", *fields, **rest)


def post(*fields, **rest):
    return request("POST /a HTTP/1.1", *fields, **rest)


def chunked(body, *fields):
    """A request with a chunked body, `body` as it stands on the wire."""
    return post(*fields, "Transfer-Encoding: chunked", body=body)


def target(text, method="GET"):
    return request(f"{method} {text} HTTP/1.1")


def response(*fields, body=b"", line="HTTP/1.1 200 OK"):
    return "".join(one + "\r\n" for one in (line, *fields)).encode("latin-1") + b"\r\n" + body
