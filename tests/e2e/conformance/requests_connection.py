"""What ends at this hop: Connection, persistence, Upgrade, Expect, TE, Max-Forwards (RFC 9110 7.6 to 10, RFC 9112 9)."""

from .cases import answered, forwarded, get, post, refused, request

UPGRADE = ("Connection: Upgrade", "Upgrade: h2c")


def hop(name, *fields, expected=(), keeps=True, section="RFC 9110 7.6.1"):
    return forwarded(name, section, get(*fields), fields=expected, keeps=keeps)


def forwards(name, method, value, expected, section="RFC 9110 7.6.2"):
    return forwarded(name, section, request(f"{method} /a HTTP/1.1", f"Max-Forwards: {value}"), method=method,
                     fields=(("max-forwards", expected),))  # fmt: skip


def expects(name, *fields):
    return refused(f"Expect: {name}", "RFC 9110 10.1.1", post(*fields, "Content-Length: 4", body=b"abcd"), 417, "expectation_failed")


CASES = [
    hop("a nominated field", "Connection: X-A", "X-A: b", "X-C: d", expected=(("x-c", "d"),)),
    hop("nominated fields", "Connection: x-a, X-C", "X-A: b", "x-c: d", "X-E: f", expected=(("x-e", "f"),)),
    hop("nominated in two fields", "Connection: x-a", "Connection: X-C", "X-A: b", "x-c: d"),
    hop("nominated twice there", "Connection: X-A", "X-A: b", "X-A: c"),
    hop("nominated but not there", "Connection: X-A"),
    hop("nominated among empty members", "Connection: , X-A,,", "X-A: b"),
    hop("a Connection that is empty", "Connection:"),
    hop("Keep-Alive", "Keep-Alive: timeout=5", "Connection: keep-alive"),
    hop("Keep-Alive not nominated", "Keep-Alive: timeout=5"),
    hop("Proxy-Connection", "Proxy-Connection: keep-alive", section="RFC 9112 C.2.2"),
    hop("Proxy-Connection: close", "Proxy-Connection: close", section="RFC 9112 C.2.2"),
    hop("TE", "Connection: TE", "TE: gzip", section="RFC 9110 10.1.4"),
    hop("TE not nominated", "TE: gzip;q=0.5", section="RFC 9110 10.1.4"),
    hop("TE: trailers", "Connection: TE", "TE: trailers", expected=(("connection", "TE"), ("te", "trailers")), section="RFC 9110 10.1.4"),
    hop("TE: trailers with others", "Connection: TE", "TE: gzip, trailers, deflate;q=0.5",
        expected=(("connection", "TE"), ("te", "trailers")), section="RFC 9110 10.1.4"),
    # Nobody may take away what routes, frames or authenticates a message.
    hop("nominated Host", "Connection: Host"),
    hop("nominated Cookie", "Connection: Cookie", "Cookie: a=b", expected=(("cookie", "a=b"),)),
    hop("nominated Authorization", "Connection: Authorization", "Authorization: Basic YTpi", expected=(("authorization", "Basic YTpi"),)),
    hop("nominated Cache-Control, Content-Type and Range", "Connection: Cache-Control, Content-Type, Range", "Cache-Control: no-store",
        "Content-Type: text/plain", "Range: bytes=0-1"),
    hop("nominated X-Forwarded-For", "Connection: X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host"),
    forwarded("nominated Content-Length", "RFC 9110 7.6.1", post("Connection: Content-Length", "Content-Length: 4", body=b"abcd"),
              method="POST", framing="length", body=b"abcd"),
    forwarded("nominated Transfer-Encoding", "RFC 9110 7.6.1",
              post("Connection: Transfer-Encoding", "Transfer-Encoding: chunked", body=b"4\r\nabcd\r\n0\r\n\r\n"),
              method="POST", framing="chunked", body=b"abcd"),
    hop("close", "Connection: close", keeps=False, section="RFC 9112 9.6"),
    hop("CLOSE", "Connection: CLOSE", keeps=False, section="RFC 9112 9.6"),
    hop("close among others", "Connection: keep-alive, close, X-A", "X-A: b", keeps=False, section="RFC 9112 9.6"),
    hop("close in a second field", "Connection: keep-alive", "Connection: close", keeps=False, section="RFC 9112 9.6"),
    hop("close is no part of a word", "Connection: closed", section="RFC 9112 9.6"),
    hop("keep-alive", "Connection: keep-alive", section="RFC 9112 9.3"),
    forwarded("HTTP/1.0 ends", "RFC 9112 9.3", request("GET /a HTTP/1.0"), keeps=False),
    forwarded("HTTP/1.0 with keep-alive", "RFC 9112 9.3", request("GET /a HTTP/1.0", "Connection: keep-alive")),
    forwarded("HTTP/1.0 with Keep-Alive", "RFC 9112 9.3", request("GET /a HTTP/1.0", "Connection: Keep-Alive", "Keep-Alive: 300")),
    forwarded("HTTP/1.0 with keep-alive and close", "RFC 9112 9.3", request("GET /a HTTP/1.0", "Connection: keep-alive, close"), keeps=False),
    forwarded("HTTP/1.0 with Proxy-Connection", "RFC 9112 C.2.2", request("GET /a HTTP/1.0", "Proxy-Connection: keep-alive"), keeps=False),
    forwarded("HTTP/1.0 and a body, kept", "RFC 9112 9.3",
              request("POST /a HTTP/1.0", "Connection: keep-alive", "Content-Length: 4", body=b"abcd"),
              method="POST", framing="length", body=b"abcd"),
    hop("h2c", *UPGRADE, section="RFC 9110 7.8"),
    hop("h2c with its settings", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        section="RFC 9110 7.8"),
    hop("h2c settings not nominated", *UPGRADE, "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", section="RFC 9110 7.8"),
    hop("H2C in capitals", "Connection: upgrade", "Upgrade: H2C", section="RFC 9110 7.8"),
    hop("h2c among others", "Connection: upgrade", "Upgrade: websocket, h2c", section="RFC 9110 7.8"),
    hop("h2c in a second field", "Connection: upgrade", "Upgrade: websocket", "Upgrade: h2c", section="RFC 9110 7.8"),
    hop("HTTP/2.0", "Connection: upgrade", "Upgrade: HTTP/2.0", section="RFC 9110 7.8"),
    hop("TLS/1.2", "Connection: upgrade", "Upgrade: TLS/1.2", section="RFC 9110 7.8"),
    hop("an upgrade that is not nominated", "Upgrade: websocket", section="RFC 9110 7.8"),
    hop("a nomination without an upgrade", "Connection: upgrade", section="RFC 9110 7.8"),
    *(hop(f"an upgrade to {protocol!r}", "Connection: upgrade", f"Upgrade: {protocol}", section="RFC 9110 7.8")
      for protocol in ("web socket", "websocket, web socket", "websocket/", "/13", "web(socket)", "a/b/c", '"websocket"', ",")),
    hop("an upgrade with a version", "Connection: upgrade", "Upgrade: websocket/13",
        expected=(("connection", "upgrade"), ("upgrade", "websocket/13")), section="RFC 9110 7.8"),
    hop("an empty upgrade", "Connection: upgrade", "Upgrade:", section="RFC 9110 7.8"),
    forwarded("h2c with a body", "RFC 9110 7.8", post(*UPGRADE, "Content-Length: 4", body=b"abcd"), method="POST", framing="length", body=b"abcd"),
    forwarded("an upgrade in HTTP/1.0", "RFC 9110 7.8", request("GET /a HTTP/1.0", "Connection: upgrade", "Upgrade: websocket"), keeps=False),
    # The origin declines: it is a plain exchange.
    hop("an upgrade", "Connection: Upgrade", "Upgrade: websocket", expected=(("connection", "upgrade"), ("upgrade", "websocket")),
        section="RFC 9110 7.8"),
    expects("unknown", "Expect: 200-ok"),
    expects("100", "Expect: 100"),
    expects("with another", "Expect: 100-continue, x"),
    expects("in two fields", "Expect: 100-continue", "Expect: x"),
    expects("with a word in front", "Expect: y 100-continue"),
    expects("with a parameter", "Expect: 100-continue;a=b"),
    expects("in quotes", 'Expect: "100-continue"'),
    expects("empty", "Expect:"),
    forwarded("100-continue with its body at once", "RFC 9110 10.1.1", post("Expect: 100-continue", "Content-Length: 4", body=b"abcd"),
              method="POST", framing="length", body=b"abcd", fields=(("expect", "100-continue"),)),
    forwarded("100-continue in capitals", "RFC 9110 10.1.1", post("Expect: 100-CONTINUE", "Content-Length: 4", body=b"abcd"),
              method="POST", framing="length", body=b"abcd", fields=(("expect", "100-CONTINUE"),)),
    forwarded("100-continue and chunks", "RFC 9110 10.1.1",
              post("Expect: 100-continue", "Transfer-Encoding: chunked", body=b"4\r\nabcd\r\n0\r\n\r\n"),
              method="POST", framing="chunked", body=b"abcd", fields=(("expect", "100-continue"),)),
    # Nothing is waited for, so nobody needs to be told to go on.
    forwarded("100-continue without a body", "RFC 9110 10.1.1", get("Expect: 100-continue")),
    forwarded("100-continue with a body of 0", "RFC 9110 10.1.1", post("Expect: 100-continue", "Content-Length: 0"), method="POST", framing="length"),
    forwarded("100-continue in HTTP/1.0 is ignored", "RFC 9110 10.1.1",
              request("POST /a HTTP/1.0", "Expect: 100-continue", "Content-Length: 4", body=b"abcd"),
              method="POST", framing="length", body=b"abcd", keeps=False),
    forwarded("an unknown expectation in HTTP/1.0 is ignored", "RFC 9110 10.1.1", request("GET /a HTTP/1.0", "Expect: x"), keeps=False),
    answered("TRACE with Max-Forwards: 0", "RFC 9110 9.3.8", request("TRACE /a HTTP/1.1", "Max-Forwards: 0", "X-A: b"), 200,
             (("content-type", "message/http"),), b"TRACE /a HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\nX-A: b\r\n\r\n"),
    answered("TRACE keeps secrets", "RFC 9110 9.3.8",
             request("TRACE /a?b HTTP/1.1", "Max-Forwards: 0", "Cookie: a=b", "Authorization: Basic YTpi", "Proxy-Authorization: Basic YTpi", "X-API-Key: k"),
             200, (("content-type", "message/http"),), b"TRACE /a?b HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n"),
    answered("OPTIONS with Max-Forwards: 0", "RFC 9110 9.3.7", request("OPTIONS /a HTTP/1.1", "Max-Forwards: 0"), 200, (("content-length", "0"),), b""),
    answered("OPTIONS * with Max-Forwards: 0", "RFC 9110 9.3.7", request("OPTIONS * HTTP/1.1", "Max-Forwards: 0"), 200, (("content-length", "0"),), b""),
    answered("Max-Forwards: 000", "RFC 9110 7.6.2", request("OPTIONS /a HTTP/1.1", "Max-Forwards: 000"), 200, (), b""),
    forwards("TRACE with Max-Forwards: 1", "TRACE", "1", "0"),
    forwards("TRACE with Max-Forwards: 10", "TRACE", "10", "9"),
    forwards("OPTIONS with Max-Forwards: 5", "OPTIONS", "5", "4"),
    forwards("Max-Forwards with leading zeros", "OPTIONS", "0010", "9"),
    forwards("Max-Forwards beyond every number", "OPTIONS", "9" * 40, "999999999"),
    forwards("GET does not count", "GET", "0", "0"),
    forwards("POST does not count", "POST", "3", "3"),
    forwarded("TRACE without Max-Forwards", "RFC 9110 9.3.8", request("TRACE /a HTTP/1.1"), method="TRACE"),
    refused("TRACE with a body", "RFC 9110 9.3.8", request("TRACE /a HTTP/1.1", "Content-Length: 4", body=b"abcd"), 400, "unexpected_content"),
    refused("TRACE with chunks", "RFC 9110 9.3.8", request("TRACE /a HTTP/1.1", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400, "unexpected_content"),
    *(refused(f"Max-Forwards: {value}", "RFC 9110 7.6.2", request("TRACE /a HTTP/1.1", f"Max-Forwards: {value}"), 400, "invalid_max_forwards")
      for value in ("", "-1", "+1", "1.5", "x", "1, 2")),
    refused("Max-Forwards twice", "RFC 9110 7.6.2", request("OPTIONS /a HTTP/1.1", "Max-Forwards: 1", "Max-Forwards: 1"), 400, "invalid_max_forwards"),
]
