"""HTTP semantics (RFC 9113 8)."""

from support.h2 import END_HEADERS, END_STREAM, PROTOCOL_ERROR, request

from .h2_cases import GET, POST, Done, data, headers, opened, resets, serves

TRAILERS = [("x-sum", "7")]


def malformed(section, name, fields):
    return resets(section, name, headers(1, fields), code=PROTOCOL_ERROR)


def without(name):
    return [field for field in GET if field[0] != name]


def with_length(length):
    return opened(fields=[*POST, ("content-length", length)])


def trailed(section, name, trailers, flags=END_HEADERS | END_STREAM):
    return resets(section, name, opened(), data(b"x"), headers(1, trailers, flags), code=PROTOCOL_ERROR)


CASES = [
    # --- 8.1 framing
    serves("8.1", "GET", headers(1), streams=(1,)),
    serves("8.1", "HEAD", headers(1, request(method="HEAD", path="/hello")), streams=(1,)),
    serves("8.1", "POST", opened(), data(b"x", flags=END_STREAM), streams=(1,)),
    serves("8.1", "POST with trailers", opened(), data(b"x"), headers(1, TRAILERS), streams=(1,)),
    serves("8.1", "POST with trailers alone", opened(), headers(1, TRAILERS), streams=(1,)),
    resets("8.1", "a second HEADERS without END_STREAM", opened(), headers(1, TRAILERS, END_HEADERS), code=PROTOCOL_ERROR),
    resets("8.1", "a second request on the stream", opened(), headers(1, POST, END_HEADERS), code=PROTOCOL_ERROR),
    trailed("8.1", "trailers without END_STREAM", TRAILERS, END_HEADERS),
    # --- 8.1.1 malformed messages
    serves("8.1.1", "a body as long as it said", with_length("4"), data(b"ab"), data(b"cd", flags=END_STREAM), streams=(1,)),
    resets("8.1.1", "a body shorter than it said", with_length("2"), data(b"x", flags=END_STREAM), code=PROTOCOL_ERROR),
    resets("8.1.1", "a body longer than it said", with_length("1"), data(b"xy", flags=END_STREAM), code=PROTOCOL_ERROR),
    resets("8.1.1", "a body longer than it said, in pieces", with_length("3"), data(b"xy"), data(b"xy", flags=END_STREAM), code=PROTOCOL_ERROR),
    resets("8.1.1", "a body shorter than it said, in pieces", with_length("5"), data(b"xy"), data(b"xy"), data(flags=END_STREAM), code=PROTOCOL_ERROR),
    resets("8.1.1", "a body shorter than it said, with trailers", with_length("5"), data(b"xy"), headers(1, TRAILERS), code=PROTOCOL_ERROR),
    malformed("8.1.1", "a length and no body", [*POST, ("content-length", "1")]),
    malformed("8.1.1", "a length that is none", [*POST, ("content-length", "x")]),
    malformed("8.1.1", "a negative length", [*POST, ("content-length", "-1")]),
    malformed("8.1.1", "two lengths", [*POST, ("content-length", "0"), ("content-length", "1")]),
    # --- 8.2.1 field validity
    malformed("8.2", "an upper-case name", [*GET, ("X-A", "1")]),
    *(malformed("8.2.1", f"a name with {byte!r}", [*GET, (b"x" + byte + b"a", "1")])
      for byte in (b"\0", b"\t", b"\r", b"\n", b" ", b"A", b"\x7f", b"\x80", b"\xff")),
    malformed("8.2.1", "a name with a colon", [*GET, ("x:a", "1")]),
    malformed("8.2.1", "an empty name", [*GET, ("", "1")]),
    *(malformed("8.2.1", f"a value with {byte!r}", [*GET, ("x-a", b"b" + byte + b"c")]) for byte in (b"\0", b"\r", b"\n")),
    *(malformed("8.2.1", f"a value {name}", [*GET, ("x-a", value)])
      for name, value in {"behind a space": " b", "behind a tab": "\tb", "in front of a space": "b ", "in front of a tab": "b\t"}.items()),
    serves("8.2.1", "an empty value", headers(1, [*GET, ("x-a", "")]), streams=(1,)),
    # --- 8.2.2 connection-specific fields
    *(malformed("8.2.2", name, [*GET, (name, value)])
      for name, value in {"connection": "keep-alive", "proxy-connection": "keep-alive", "keep-alive": "300", "transfer-encoding": "chunked",
                          "upgrade": "h2c"}.items()),
    malformed("8.2.2", "TE other than trailers", [*GET, ("te", "trailers, deflate")]),
    malformed("8.2.2", "TE of gzip", [*GET, ("te", "gzip")]),
    serves("8.2.2", "TE of trailers", headers(1, [*GET, ("te", "trailers")]), streams=(1,)),
    serves("8.2.3", "Cookie in crumbs", headers(1, [*GET, ("cookie", "a=b"), ("cookie", "c=d")]), streams=(1,)),
    # --- 8.3 pseudo-fields
    malformed("8.3", "an unknown pseudo-field", [*GET, (":test", "ok")]),
    malformed("8.3", "a response's pseudo-field", [*GET, (":status", "200")]),
    malformed("8.3", "a pseudo-field behind a field", [("x-a", "b"), *GET]),
    malformed("8.3", "the last pseudo-field behind a field", [*GET[:3], ("x-a", "b"), GET[3]]),
    trailed("8.1", "a pseudo-field in trailers", [(":method", "POST")]),
    trailed("8.1", "a pseudo-field behind others in trailers", [*TRAILERS, (":path", "/")]),
    trailed("8.2", "an upper-case name in trailers", [("X-Sum", "7")]),
    trailed("8.2.2", "a connection field in trailers", [("connection", "close")]),
    trailed("8.2.1", "NUL in trailers", [("x-sum", "\0")]),
    *(malformed("8.3.1", f"no {name}", without(name)) for name in (":method", ":scheme", ":path")),
    *(malformed("8.3.1", f"{name} twice", [field, *GET])
      for name, field in {field[0]: field for field in GET}.items()),
    malformed("8.3.1", "an empty :path", request(path="")),
    malformed("8.3.1", "an empty :method", request(method="", path="/hello")),
    malformed("8.3.1", ":path without a slash", request(path="hello")),
    malformed("8.3.1", ":path of * for GET", request(path="*")),
    # --- 8.5 CONNECT
    malformed("8.5", "CONNECT with :scheme and :path", request(method="CONNECT", path="/hello")),
    malformed("8.5", "CONNECT without :authority", [(":method", "CONNECT")]),
    malformed("RFC 8441 4", ":protocol without CONNECT", [*GET, (":protocol", "websocket")]),
    # --- what is wrong with one stream is nothing to the next
    serves("5.4.2", "malformed requests between others", headers(1), headers(3, [*GET, ("X-A", "b")]), headers(5), Done(1), streams=(5,)),
]
