"""The words that the tables of HTTP/2 are written in."""

from dataclasses import dataclass

from support.h2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PADDED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    block,
    frame,
    number,
    request,
    settings_payload,
)

WHOLE = END_HEADERS | END_STREAM
# A route answers /hello at once; what asks for /wait is answered when all of its body is there; /never is not, nor /stuck, whose body nobody takes.
GET = request(path="/hello")
POST = request(path="/wait", method="POST")


@dataclass(frozen=True)
class EndsConnection:
    """A connection error (RFC 9113 5.4.1): GOAWAY with one of the codes, then the end."""

    codes: tuple


@dataclass(frozen=True)
class ResetsStream:
    """A stream error (5.4.2): RST_STREAM with one of the codes, and the connection goes on. It may be taken for a connection
    error (5.4), which only just passes."""

    codes: tuple
    stream: int = 1


@dataclass(frozen=True)
class Serves:
    """These streams are answered, and nothing is wrong with the connection."""

    streams: tuple = ()


@dataclass(frozen=True)
class Finishes:
    """The stream is answered, and the connection ends without an error: the client has said that it opens no more."""

    stream: int = 1


@dataclass(frozen=True)
class Answers:
    """A frame of this kind comes back, with these flags and this payload, and the connection goes on."""

    kind: int
    flags: int
    payload: bytes


@dataclass(frozen=True)
class Done:
    """Among the pieces: waits for the end of this stream's response."""

    stream: int


@dataclass(frozen=True)
class Reset:
    """Among the pieces: waits for the reset of this stream."""

    stream: int


@dataclass(frozen=True)
class Case:
    section: str  # of RFC 9113 unless it says otherwise
    name: str
    pieces: tuple  # bytes to send, and what to wait for between them
    expected: EndsConnection | ResetsStream | Serves | Finishes | Answers


def ends(section, name, *pieces, code):
    return Case(section, name, pieces, EndsConnection(code if isinstance(code, tuple) else (code,)))


def resets(section, name, *pieces, code, stream=1):
    return Case(section, name, pieces, ResetsStream(code if isinstance(code, tuple) else (code,), stream))


def serves(section, name, *pieces, streams=()):
    return Case(section, name, pieces, Serves(streams))


def finishes(section, name, *pieces):
    return Case(section, name, pieces, Finishes())


def answers(section, name, *pieces, kind, flags=0, payload=b""):
    return Case(section, name, pieces, Answers(kind, flags, payload))


def headers(stream=1, fields=GET, flags=WHOLE, more=b""):
    """`more` stands in the block behind the fields."""
    return frame(HEADERS, flags, stream, block(*fields) + more)


def opened(stream=1, fields=POST):
    """A request whose body is to come."""
    return headers(stream, fields, END_HEADERS)


def begun(stream=1, fields=GET, flags=END_STREAM):
    """A header block whose rest is to come."""
    return headers(stream, fields, flags)


def continued(payload=b"", stream=1, flags=END_HEADERS):
    return frame(CONTINUATION, flags, stream, payload)


def data(payload=b"", stream=1, flags=0):
    return frame(DATA, flags, stream, payload)


def padded(kind, flags, payload, pad, stream=1, left=None):
    """`left`: what it says of its padding, where that is not what there is."""
    return frame(kind, flags | PADDED, stream, bytes([pad if left is None else left]) + payload + bytes(pad))


def reset(stream, code=8):
    return frame(RST_STREAM, 0, stream, number(code))


def window(increment, stream=0):
    return frame(WINDOW_UPDATE, 0, stream, number(increment))


def settings(*pairs):
    return frame(SETTINGS, 0, 0, settings_payload(*pairs))


def priority(stream, on=0, weight=15, exclusive=False):
    return frame(PRIORITY, 0, stream, number(on | (exclusive << 31)) + bytes([weight]))


def promised(stream, new):
    return frame(PUSH_PROMISE, END_HEADERS, stream, number(new) + block(*GET))
