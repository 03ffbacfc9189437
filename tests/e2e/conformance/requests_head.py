"""The syntax of field lines, and the limits of a head (RFC 9112 2.2 and 5, RFC 9110 5)."""

from .cases import forwarded, get, refused, request

CONTROLS = [byte for byte in (*range(0x20), 0x7F) if byte not in (0x09, 0x0A, 0x0D)]


def bad(name, *fields, section="RFC 9112 5.1", status=400, reason="malformed_head"):
    return refused(name, section, get(*fields), status, reason)


def good(name, *fields, expected, section="RFC 9112 5"):
    return forwarded(name, section, get(*fields), fields=expected)


CASES = [
    *(bad(f"control character {byte:#04x} in a value", f"X-A: b{chr(byte)}c", section="RFC 9110 5.5") for byte in CONTROLS),
    *(bad(f"{byte:#04x} in a name", f"X{chr(byte)}A: b", section="RFC 9110 5.1")
      for byte in (*b'"(),/;<=>?@[\\]{}', 0x00, 0x01, 0x7F, 0x80, 0xE4, 0xFF)),
    bad("a bare CR in a value", "X-A: b\rc", section="RFC 9112 2.2"),
    bad("a bare CR at the end of a value", "X-A: b\r", section="RFC 9112 2.2"),
    bad("a bare LF in a value", "X-A: b\nX-C: d", section="RFC 9112 2.2"),
    bad("a bare CR that begins a field", "X-A: b\rX-C: d", section="RFC 9112 2.2"),
    bad("a space before the colon", "X-A : b"),
    bad("a tab before the colon", "X-A\t: b"),
    bad("a space in a name", "X A: b"),
    bad("a space before a name", " X-A: b", section="RFC 9112 5.2"),
    bad("a folded line", "X-A: b", " c", section="RFC 9112 5.2"),
    bad("a line folded by a tab", "X-A: b", "\tc", section="RFC 9112 5.2"),
    bad("a line folded to nothing", "X-A: b", " ", section="RFC 9112 5.2"),
    bad("an empty name", ": b"),
    bad("a colon alone", ":"),
    bad("no colon", "nonsense"),
    bad("a word of blanks", " \t ", section="RFC 9112 5.2"),
    bad("a request line among fields", "GET /smuggled HTTP/1.1"),
    refused("a space before the first field", "RFC 9112 2.2", b"GET /a HTTP/1.1\r\n Host: a.test\r\n\r\n", 400, "malformed_head"),
    refused("a tab before the first field", "RFC 9112 2.2", b"GET /a HTTP/1.1\r\n\tX: y\r\nHost: a.test\r\n\r\n", 400, "malformed_head"),
    refused("bare LF all through", "RFC 9112 2.2", b"GET /a HTTP/1.1\nHost: a.test\n\n", 400, "malformed_head"),
    refused("a bare LF behind the request line", "RFC 9112 2.2", b"GET /a HTTP/1.1\nHost: a.test\r\n\r\n", 400, "malformed_head"),
    refused("a bare LF at the end of the head", "RFC 9112 2.2", b"GET /a HTTP/1.1\r\nHost: a.test\r\n\n", 400, "malformed_head"),
    refused("LF LF at the end of the head", "RFC 9112 2.2", b"GET /a HTTP/1.1\r\nHost: a.test\n\n", 400, "malformed_head"),
    refused("a bare CR at the end of the head", "RFC 9112 2.2", b"GET /a HTTP/1.1\r\nHost: a.test\r\n\rX", 400, "malformed_head"),
    refused("CR CR LF behind the request line", "RFC 9112 2.2", b"GET /a HTTP/1.1\r\r\nHost: a.test\r\n\r\n", 400, "malformed_head"),
    refused("CR CR LF behind a field", "RFC 9112 2.2", b"GET /a HTTP/1.1\r\nHost: a.test\r\r\n\r\n", 400, "malformed_head"),
    refused("a NUL before the head", "RFC 9112 2.2", b"\0" + get(), 400, "malformed_head"),
    refused("a bare LF before the head", "RFC 9112 2.2", b"\n" + get(), 400, "malformed_head"),
    refused("a bare CR before the head", "RFC 9112 2.2", b"\r" + get(), 400, "malformed_head"),
    refused("a byte order mark before the head", "RFC 9112 3", b"\xef\xbb\xbf" + get(), 400, "invalid_method"),
    refused("an endless run of empty lines", "RFC 9112 2.2", b"\r\n" * 2000 + get(), 400, "malformed_head"),
    refused("a TLS hello", "RFC 9112 2.2", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", 400, "malformed_head"),
    refused("a head in pieces with a fault", "RFC 9112 5.1", (b"GET /a HT", b"TP/1.1\r\nHost: a.te", b"st\r\nX", b" : y\r\n\r\n"), 400, "malformed_head"),
    refused("a request line cut off", "RFC 9112 8", b"GET /a HTT", 400, "malformed_head", ends=True),
    refused("a field cut off", "RFC 9112 8", b"GET /a HTTP/1.1\r\nHost: a.te", 400, "malformed_head", ends=True),
    refused("the empty line cut off", "RFC 9112 8", get()[:-2], 400, "malformed_head", ends=True),
    refused("half of the empty line cut off", "RFC 9112 8", get()[:-1], 400, "malformed_head", ends=True),
    bad("too many fields", *(f"X-{n}: y" for n in range(200)), section="RFC 6585 5", status=431, reason="header_fields_too_large"),
    bad("a field too long", "X-A: " + "b" * 40000, section="RFC 6585 5", status=431, reason="header_fields_too_large"),
    bad("a name too long", "X" * 40000 + ": b", section="RFC 6585 5", status=431, reason="header_fields_too_large"),
    bad("a head too long", *(f"X-{n}: {'y' * 1000}" for n in range(40)), section="RFC 6585 5", status=431, reason="header_fields_too_large"),
    good("blanks around a value", "X-A: \t b c\t ", expected=(("x-a", "b c"),)),
    good("no blank in front of a value", "X-A:b", expected=(("x-a", "b"),)),
    good("an empty value", "X-A:", expected=(("x-a", ""),)),
    good("a value of blanks", "X-A: \t ", expected=(("x-a", ""),)),
    good("a tab within a value", "X-A: b\tc", expected=(("x-a", "b\tc"),), section="RFC 9110 5.5"),
    good("bytes beyond ASCII in a value", "X-A: \xe4\xff\x80", expected=(("x-a", "\xe4\xff\x80"),), section="RFC 9110 5.5"),
    good("colons within a value", "X-A: b:c: d", expected=(("x-a", "b:c: d"),)),
    good("every character that a name may have", "!#$%&'*+-.^_`|~09azAZ: b", expected=(("!#$%&'*+-.^_`|~09azaz", "b"),), section="RFC 9110 5.1"),
    good("an underscore in a name", "X_A: b", expected=(("x_a", "b"),), section="RFC 9110 5.1"),
    good("two fields of a name", "X-A: b", "X-C: d", "x-a: e", expected=(("x-a", "b"), ("x-c", "d"), ("x-a", "e")), section="RFC 9110 5.3"),
    good("empty members of a list", "Accept: a,, b,", expected=(("accept", "a,, b,"),), section="RFC 9110 5.6.1"),
    good("a quoted value", 'X-A: "b, \\" c"', expected=(("x-a", '"b, \\" c"'),), section="RFC 9110 5.6.4"),
    good("X-Forwarded-For from nobody we trust", "X-Forwarded-For: 1.2.3.4", "X_Forwarded_For: 1.2.3.4", "Forwarded: for=1.2.3.4",
         expected=(), section="RFC 7239 8.1"),
    forwarded("an empty line in front", "RFC 9112 2.2", b"\r\n" + get()),
    forwarded("several empty lines in front", "RFC 9112 2.2", b"\r\n\r\n\r\n" + get()),
    forwarded("a head in pieces", "RFC 9112 2.2", (b"GET /a HT", b"TP/1.1\r", b"\nHost: a.te", b"st\r\n\r", b"\n")),
    forwarded("a head byte by byte", "RFC 9112 2.2", [bytes([byte]) for byte in get("X-A: b")], fields=(("x-a", "b"),)),
    forwarded("Host not first", "RFC 9110 7.2", request("GET /a HTTP/1.1", "X-A: b", "Host: a.test", host=None), fields=(("x-a", "b"),)),
    good("ninety fields", *(f"X-{n}: y" for n in range(90)), expected=tuple((f"x-{n}", "y") for n in range(90))),
    good("a value of 16000 bytes", "X-A: " + "b" * 16000, expected=(("x-a", "b" * 16000),)),
]
