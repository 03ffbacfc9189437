"""Heads of responses: syntax, limits, and what ends at this hop (RFC 9112 4 and 5, RFC 9110 7.6)."""

from .cases import Whole, bad_gateway, response, whole

EMPTY = "Content-Length: 0"


def bad(name, data, section="RFC 9112 4", reason="upstream_malformed"):
    return bad_gateway(name, section, data, reason)


def line(text, section="RFC 9112 4"):
    return bad(f"status line {text!r}", response(EMPTY, line=text), section)


def field(name, *fields, section="RFC 9112 5.1"):
    return bad(name, response(*fields, EMPTY), section)


def good(name, data, section, **expected):
    return whole(name, section, data, Whole(**expected))


CASES = [
    bad("nothing", b"", reason="upstream_closed_early"),
    bad("a cut head", b"HTTP/1.1 200 OK\r\nContent-Le", "RFC 9112 8", "upstream_closed_early"),
    bad("a head without its empty line", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "RFC 9112 8", "upstream_closed_early"),
    bad("a cut status line", b"HTTP/1.1 2", "RFC 9112 8", "upstream_closed_early"),
    bad("garbage", b"\x00\x01\x02 garbage\r\n\r\n"),
    bad("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n"),
    bad("HTTP/0.9", b"<html>hello</html>"),
    bad("a request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("an empty line in front", b"\r\n" + response(EMPTY)),
    bad("bare LF all through", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "RFC 9112 2.2"),
    bad("a bare LF at the end of the head", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n", "RFC 9112 2.2"),
    line("HTTP/1.1"),
    line("HTTP/1.1 "),
    line("HTTP/1.1 OK 200"),
    line("HTTP/1.1  200 OK"),
    line("HTTP/1.1\t200 OK"),
    line("HTTP/1.1 20 OK"),
    line("HTTP/1.1 2000 OK"),
    line("HTTP/1.1 +20 OK"),
    line("HTTP/1.1 2x0 OK"),
    line("HTTP/1.1 200OK"),
    line("HTTP/1.1 099 Low", "RFC 9110 15"),
    line("HTTP/1.1 000 None", "RFC 9110 15"),
    line("HTTP/1.1 600 High", "RFC 9110 15"),
    line("HTTP/1.1 999 High", "RFC 9110 15"),
    line("HTTP/1.1 200 O\0K"),
    line("HTTP/1.1 200 O\x07K"),
    line("HTTP/1.1 200 O\rK", "RFC 9112 2.2"),
    line("HTTP/2.0 200 OK", "RFC 9112 2.3"),
    line("HTTP/0.9 200 OK", "RFC 9112 2.3"),
    line("http/1.1 200 OK", "RFC 9112 2.3"),
    line("HTTP/1.10 200 OK", "RFC 9112 2.3"),
    line("HTTP/11 200 OK", "RFC 9112 2.3"),
    line("ICY 200 OK", "RFC 9112 2.3"),
    line(" HTTP/1.1 200 OK"),
    field("a folded field", "X-A: b", " c", section="RFC 9112 5.2"),
    field("a field folded with a tab", "X-A: b", "\tc", section="RFC 9112 5.2"),
    field("a folded length", "Content-Length:", " 0", section="RFC 9112 5.2"),
    field("a space before the first field", " X-A: b", section="RFC 9112 2.2"),
    field("a space in a name", "X A: b"),
    field("an empty name", ": b"),
    field("no colon", "nonsense"),
    field("a bare CR in a value", "X-A: b\rSet-Cookie: c=d", section="RFC 9112 2.2"),
    field("a bare LF in a value", "X-A: b\nSet-Cookie: c=d", section="RFC 9112 2.2"),
    field("a NUL in a value", "X-A: b\0c", section="RFC 9110 5.5"),
    field("a NUL in a name", "X\0A: b"),
    field("a control character in a value", "X-A: b\x1bc", section="RFC 9110 5.5"),
    field("a DEL in a value", "X-A: b\x7fc", section="RFC 9110 5.5"),
    field("a vertical tab in a coding", "Transfer-Encoding: \x0bchunked", section="RFC 9110 5.5"),
    field("a bracket in a name", "X(A): b", section="RFC 9110 5.1"),
    field("a byte beyond ASCII in a name", "X\xe4: b", section="RFC 9110 5.1"),
    bad("too many fields", response(*["X: y"] * 20000), "RFC 9110 5.4", "upstream_head_too_large"),
    bad("a field too long", response("X: " + "y" * 200000), "RFC 9110 5.4", "upstream_head_too_large"),
    bad("a name too long", response("X" * 200000 + ": y"), "RFC 9110 5.4", "upstream_head_too_large"),
    bad("a phrase too long", response(EMPTY, line="HTTP/1.1 200 " + "O" * 200000), "RFC 9110 5.4", "upstream_head_too_large"),
    bad("a head without end", b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100000, "RFC 9110 5.4", "upstream_head_too_large"),
    # "A proxy MUST remove any such whitespace from a response message before forwarding the message downstream".
    good("a space before the colon", response("X-A : b", "Content-Length: 2", body=b"ok"), "RFC 9112 5.1", body=b"ok", fields=(("x-a", "b"),)),
    good("a tab before the colon of a length", response("Content-Length\t: 2", body=b"ok"), "RFC 9112 5.1", body=b"ok"),
    good("no phrase", response(EMPTY, line="HTTP/1.1 200 "), "RFC 9112 4"),
    good("no space either", response(EMPTY, line="HTTP/1.1 200"), "RFC 9112 4"),
    good("an odd phrase", response(EMPTY, line="HTTP/1.1 200 Sehr \xe4hnlich"), "RFC 9112 4"),
    good("an unknown status", response(EMPTY, line="HTTP/1.1 299 Odd"), "RFC 9110 15", status=299),
    good("an unknown server error", response(EMPTY, line="HTTP/1.1 599 Odd"), "RFC 9110 15", status=599),
    good("HTTP/1.2", response("Content-Length: 2", body=b"ok", line="HTTP/1.2 200 OK"), "RFC 9110 2.5", body=b"ok"),
    good("HTTP/1.0", response("Content-Length: 2", body=b"ok", line="HTTP/1.0 200 OK"), "RFC 9110 2.5", body=b"ok"),
    good("blanks around a value", response("X-A: \t b c \t", EMPTY), "RFC 9112 5", fields=(("x-a", "b c"),)),
    good("no blank in front of a value", response("X-A:b", EMPTY), "RFC 9112 5", fields=(("x-a", "b"),)),
    good("an empty value", response("X-A:", EMPTY), "RFC 9112 5", fields=(("x-a", ""),)),
    good("bytes beyond ASCII", response("X-A: \xe4\xff", EMPTY), "RFC 9110 5.5", fields=(("x-a", "\xe4\xff"),)),
    good("two cookies stay two", response("Set-Cookie: a=b", "Set-Cookie: c=d", EMPTY), "RFC 9110 5.3", fields=(("set-cookie", "a=b"), ("set-cookie", "c=d"))),
    good("a head in pieces", (b"HTTP/1.1 20", b"0 OK\r", b"\nContent-Len", b"gth: 2\r\n\r", b"\nok"), "RFC 9112 2.2", body=b"ok"),
    good("nominated fields", response("Connection: X-A, close", "X-A: b", "X-C: d", EMPTY), "RFC 9110 7.6.1", fields=(("x-c", "d"),), absent=("x-a", "connection")),
    good("Keep-Alive", response("Keep-Alive: timeout=5", "Connection: keep-alive", EMPTY), "RFC 9110 7.6.1", absent=("keep-alive", "connection")),
    good("Proxy-Connection", response("Proxy-Connection: close", EMPTY), "RFC 9112 C.2.2", absent=("proxy-connection",)),
    good("an upgrade that is offered", response("Connection: upgrade", "Upgrade: h2c", EMPTY), "RFC 9110 7.8", absent=("upgrade", "connection")),
    good("nominated length", response("Connection: Content-Length", "Content-Length: 2", body=b"ok"), "RFC 9110 7.6.1", body=b"ok", fields=(("content-length", "2"),)),
    good("a hundred fields", response(*(f"X-{n}: y" for n in range(100)), EMPTY), "RFC 9110 5.4", fields=(("x-99", "y"),)),
]
