"""Interim responses and switched protocols (RFC 9110 15.2 and 7.8)."""

from .cases import Whole, bad_gateway, request, response, whole

FINAL = response("Content-Length: 2", body=b"ok")
HINTS = response("Link: </a>", line="HTTP/1.1 103 Early Hints")
SWITCH = "HTTP/1.1 101 Switching Protocols"
OLD = request("GET /case HTTP/1.0")
UPGRADE = request("GET /case HTTP/1.1", "Connection: upgrade", "Upgrade: websocket")


def bad(name, data, reason="upstream_malformed", section="RFC 9110 15.2", **rest):
    return bad_gateway(name, section, data, reason, **rest)


def good(name, data, *interim, section="RFC 9110 15.2", **rest):
    return whole(name, section, data, Whole(body=b"ok", interim=interim), closes=False, reuse=True, **rest)


CASES = [
    good("102", response(line="HTTP/1.1 102 Processing") + FINAL, 102),
    good("103", HINTS + FINAL, 103),
    good("100 that nobody asked for", response(line="HTTP/1.1 100 Continue") + FINAL, 100),
    good("an unknown one", response(line="HTTP/1.1 199 Odd") + FINAL, 199),
    good("several", HINTS * 5 + FINAL, 103, 103, 103, 103, 103),
    good("in pieces", (HINTS[:5], HINTS[5:] + FINAL[:9], FINAL[9:]), 103),
    good("with a length of 0", response("Content-Length: 0", line="HTTP/1.1 103 Early Hints") + FINAL, 103, section="RFC 9110 8.6"),
    good("with hop-by-hop fields", response("Connection: X-A", "X-A: b", line="HTTP/1.1 103 Early Hints") + FINAL, 103, section="RFC 9110 7.6.1"),
    good("not to HTTP/1.0", HINTS * 3 + FINAL, request=OLD),
    bad("nothing but interim ones", HINTS * 3, "upstream_closed_early"),
    bad("a flood", HINTS * 500 + FINAL, "upstream_too_many_interim"),
    bad("a flood to HTTP/1.0", HINTS * 500 + FINAL, "upstream_too_many_interim", request=OLD),
    bad("an endless flood of 100", response(line="HTTP/1.1 100 Continue") * 5000, "upstream_too_many_interim"),
    bad("with a body", response("Content-Length: 5", line="HTTP/1.1 103 Early Hints", body=b"hello") + FINAL, section="RFC 9110 6.4.1"),
    bad("with both framings", response("Content-Length: 5", "Transfer-Encoding: chunked", line="HTTP/1.1 103 Early Hints") + FINAL, "upstream_ambiguous_framing",
        "RFC 9112 6.3"),
    bad("with a NUL", response("X: \0", line="HTTP/1.1 103 Early Hints") + FINAL),
    bad("and then garbage", HINTS + b"garbage\r\n\r\n"),
    bad("and then an ambiguous head", HINTS + response("Content-Length: 1", "Content-Length: 2"), "upstream_ambiguous_framing", "RFC 9112 6.3"),
    bad("101 that nobody asked for", response("Connection: upgrade", "Upgrade: websocket", line=SWITCH), "upstream_unexpected_upgrade", "RFC 9110 15.2.2"),
    bad("101 to HTTP/1.0", response("Connection: upgrade", "Upgrade: websocket", line=SWITCH), "upstream_unexpected_upgrade", "RFC 9110 15.2.2", request=OLD),
    bad("101 to h2c, which was not passed on", response("Connection: upgrade", "Upgrade: h2c", line=SWITCH), "upstream_unexpected_upgrade", "RFC 9110 7.8",
        request=request("GET /case HTTP/1.1", "Connection: upgrade", "Upgrade: h2c")),
    bad("101 to another protocol", response("Connection: upgrade", "Upgrade: h2c", line=SWITCH), "upstream_unexpected_upgrade", "RFC 9110 7.8", request=UPGRADE),
    bad("101 that Connection does not name", response("Upgrade: websocket", line=SWITCH), "upstream_unexpected_upgrade", "RFC 9110 7.8", request=UPGRADE),
    bad("101 in HTTP/1.0", response("Connection: upgrade", "Upgrade: websocket", line="HTTP/1.0 101 Switching Protocols"), request=UPGRADE),
    bad("103 in HTTP/1.0", response("Link: </a>", line="HTTP/1.0 103 Early Hints") + FINAL),
    bad("100 in HTTP/1.0", response(line="HTTP/1.0 100 Continue") + FINAL),
    bad("101 without a protocol", response("Connection: upgrade", line=SWITCH), "upstream_unexpected_upgrade", "RFC 9110 7.8", request=UPGRADE),
]
