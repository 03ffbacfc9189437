"""Where the body of a response ends, and what never has one (RFC 9112 6, RFC 9110 6.4 and 15)."""

from .cases import Whole, bad_gateway, broken, request, response, whole

CODED = "Transfer-Encoding: chunked"
HEAD = request("HEAD /case HTTP/1.1")
OLD = request("GET /case HTTP/1.0")
SECOND = response("Content-Length: 4", body=b"evil")


def bad(name, *fields, body=b"", reason="upstream_ambiguous_framing", section="RFC 9112 6.3", **rest):
    return bad_gateway(name, section, response(*fields, body=body, **rest), reason)


def good(name, data, body=b"", section="RFC 9112 6.3", status=200, fields=(), absent=(), trailers=(), **rest):
    return whole(name, section, data, Whole(status, body, fields, absent, trailers=trailers), **rest)


def cut(name, data, section="RFC 9112 8", **rest):
    return broken(name, section, data, **rest)


def chunks(body, *fields):
    return response(CODED, *fields, body=body)


CASES = [
    bad("length and coding", "Content-Length: 5", CODED, body=b"0\r\n\r\n"),
    bad("coding and length", CODED, "Content-Length: 5", body=b"0\r\n\r\n"),
    bad("two lengths", "Content-Length: 1", "Content-Length: 2", body=b"ab"),
    bad("two equal lengths", "Content-Length: 2", "Content-Length: 2", body=b"ab"),
    bad("a list of lengths", "Content-Length: 2, 2", body=b"ab"),
    bad("a list of different lengths", "Content-Length: 2, 3", body=b"ab"),
    bad("a word for a length", "Content-Length: x"),
    bad("an empty length", "Content-Length:"),
    bad("a length with a plus", "Content-Length: +2", body=b"ab"),
    bad("a negative length", "Content-Length: -1"),
    bad("a hexadecimal length", "Content-Length: 0x2", body=b"ab"),
    bad("a length with a fraction", "Content-Length: 2.0", body=b"ab"),
    bad("a length with a space", "Content-Length: 2 2", body=b"ab"),
    bad("a length beyond 2^63", "Content-Length: 9223372036854775808"),
    bad("a length beyond 2^64", "Content-Length: 18446744073709551618"),
    bad("a length with a unit", "Content-Length: 2b", body=b"ab"),
    bad("chunked twice", "Transfer-Encoding: chunked, chunked"),
    bad("chunked in two fields", CODED, CODED),
    bad("chunked not last", "Transfer-Encoding: chunked, gzip"),
    bad("gzip", "Transfer-Encoding: gzip"),
    bad("identity", "Transfer-Encoding: identity"),
    bad("xchunked", "Transfer-Encoding: xchunked"),
    bad("chunked with a parameter", "Transfer-Encoding: chunked;a=b"),
    bad("chunked in quotes", 'Transfer-Encoding: "chunked"'),
    bad("an empty coding", "Transfer-Encoding:"),
    bad("gzip, chunked", "Transfer-Encoding: gzip, chunked", reason="upstream_transfer_coding", section="RFC 9112 6.1"),
    bad("a coding in HTTP/1.0", CODED, line="HTTP/1.0 200 OK", body=b"0\r\n\r\n", section="RFC 9112 6.1"),
    bad_gateway("both framings to HEAD", "RFC 9112 6.3", response("Content-Length: 5", CODED), "upstream_ambiguous_framing", request=HEAD),
    bad_gateway("both framings with 304", "RFC 9112 6.3", response("Content-Length: 5", CODED, line="HTTP/1.1 304 Not Modified"), "upstream_ambiguous_framing"),
    good("a length", response("Content-Length: 5", body=b"hello"), b"hello", fields=(("content-length", "5"),), closes=False, reuse=True),
    good("a length of 0", response("Content-Length: 0"), closes=False, reuse=True),
    good("a length with leading zeros", response("Content-Length: 005", body=b"hello"), b"hello", fields=(("content-length", "5"),), closes=False, reuse=True),
    good("chunks", chunks(b"5\r\nhello\r\n0\r\n\r\n"), b"hello", "RFC 9112 7.1", absent=("content-length",), closes=False, reuse=True),
    good("chunks with extensions", chunks(b'5;a="b"\r\nhello\r\n0;c\r\n\r\n'), b"hello", "RFC 9112 7.1.1", closes=False, reuse=True),
    good("chunks in capitals", response("TRANSFER-ENCODING: Chunked", body=b"A\r\n0123456789\r\n0\r\n\r\n"), b"0123456789", "RFC 9112 7.1", closes=False, reuse=True),
    good("a trailer", chunks(b"5\r\nhello\r\n0\r\nX-T: t\r\n\r\n"), b"hello", "RFC 9112 7.1.2", trailers=(("x-t", "t"),), closes=False, reuse=True,
         request=request("GET /case HTTP/1.1", "Connection: TE", "TE: trailers")),
    good("a trailer that Connection nominates", chunks(b"5\r\nhello\r\n0\r\nX-T: t\r\nX-U: u\r\n\r\n", "Connection: X-T"), b"hello", "RFC 9110 7.6.1",
         trailers=(("x-u", "u"),), closes=False, reuse=True, request=request("GET /case HTTP/1.1", "Connection: TE", "TE: trailers")),
    good("a trailer that the gateway asserts in the head", chunks(b"5\r\nhello\r\n0\r\nX-Request-Id: a\r\nX-U: u\r\n\r\n"), b"hello", "RFC 9110 6.5.1",
         trailers=(("x-u", "u"),), closes=False, reuse=True, request=request("GET /case HTTP/1.1", "Connection: TE", "TE: trailers")),
    good("until the end", response(body=b"hello"), b"hello", reuse=False),
    good("until the end, to HTTP/1.0", response(body=b"hello"), b"hello", request=OLD, reuse=False),
    good("chunks, to HTTP/1.0", chunks(b"5\r\nhello\r\n0\r\nX-T: t\r\n\r\n"), b"hello", "RFC 9112 6.1", absent=("transfer-encoding",), request=OLD),
    good("HTTP/1.0 until the end", response(body=b"hello", line="HTTP/1.0 200 OK"), b"hello", reuse=False),
    good("HTTP/1.0 closes", response("Content-Length: 5", body=b"hello", line="HTTP/1.0 200 OK"), b"hello", "RFC 9112 9.3", closes=False, reuse=False),
    good("HTTP/1.0 keeps alive", response("Connection: keep-alive", "Content-Length: 5", body=b"hello", line="HTTP/1.0 200 OK"), b"hello", "RFC 9112 9.3",
         closes=False, reuse=True),
    good("a close that is said", response("Connection: close", "Content-Length: 5", body=b"hello"), b"hello", "RFC 9112 9.6", closes=False, reuse=False),
    good("a CLOSE among others", response("Connection: x, CLOSE", "Content-Length: 5", body=b"hello"), b"hello", "RFC 9112 9.6", closes=False, reuse=False),
    # What never has a body; what stands there nevertheless is not the next response.
    good("HEAD with a length", response("Content-Length: 5"), section="RFC 9110 9.3.2", fields=(("content-length", "5"),), request=HEAD, closes=False, reuse=True),
    good("HEAD with a coding", response(CODED), section="RFC 9110 9.3.2", absent=("transfer-encoding",), request=HEAD, closes=False),
    good("HEAD without either", response(), section="RFC 9110 9.3.2", request=HEAD, closes=False, reuse=True),
    good("HEAD with a body", response("Content-Length: 5", body=b"hello"), section="RFC 9110 9.3.2", request=HEAD, closes=False, reuse=False),
    good("HEAD with a response for a body", response(f"Content-Length: {len(SECOND)}", body=SECOND), section="RFC 9110 9.3.2", request=HEAD, closes=False, reuse=False),
    good("204", response(line="HTTP/1.1 204 No Content"), section="RFC 9110 15.3.5", status=204, absent=("content-length", "transfer-encoding"), closes=False, reuse=True),
    good("204 with a length", response("Content-Length: 5", body=b"hello", line="HTTP/1.1 204 No Content"), section="RFC 9110 8.6", status=204,
         absent=("content-length",), closes=False, reuse=False),
    good("204 with a length of 0", response("Content-Length: 0", line="HTTP/1.1 204 No Content"), section="RFC 9110 8.6", status=204, absent=("content-length",), closes=False),
    good("204 with chunks", response(CODED, body=b"5\r\nhello\r\n0\r\n\r\n", line="HTTP/1.1 204 No Content"), section="RFC 9112 6.1", status=204,
         absent=("transfer-encoding",), closes=False, reuse=False),
    good("204 and a second response", response(line="HTTP/1.1 204 No Content") + SECOND, section="RFC 9112 9.2", status=204, closes=False, reuse=False),
    good("304", response('ETag: "a"', line="HTTP/1.1 304 Not Modified"), section="RFC 9110 15.4.5", status=304, fields=(("etag", '"a"'),), closes=False, reuse=True),
    good("304 with a length", response("Content-Length: 5", line="HTTP/1.1 304 Not Modified"), section="RFC 9110 8.6", status=304,
         fields=(("content-length", "5"),), closes=False, reuse=True),
    good("304 with a body", response("Content-Length: 5", body=b"hello", line="HTTP/1.1 304 Not Modified"), section="RFC 9110 15.4.5", status=304, closes=False, reuse=False),
    good("304 with chunks", response(CODED, body=b"5\r\nhello\r\n0\r\n\r\n", line="HTTP/1.1 304 Not Modified"), section="RFC 9112 6.3", status=304,
         absent=("transfer-encoding",), closes=False, reuse=False),
    good("205", response("Content-Length: 0", line="HTTP/1.1 205 Reset Content"), section="RFC 9110 15.3.6", status=205, closes=False, reuse=True),
    # Bytes behind the end end the connection.
    good("a second response", response("Content-Length: 4", body=b"good") + SECOND, b"good", "RFC 9112 9.2", closes=False, reuse=False),
    good("a second response behind chunks", chunks(b"4\r\ngood\r\n0\r\n\r\n") + SECOND, b"good", "RFC 9112 9.2", closes=False, reuse=False),
    good("more than the length", response("Content-Length: 4", body=b"goodbye"), b"good", "RFC 9112 6.3", closes=False, reuse=False),
    good("an empty line behind", response("Content-Length: 4", body=b"good\r\n"), b"good", "RFC 9112 6.3", closes=False, reuse=False),
    good("a zero length and more", response("Content-Length: 0", body=b"hello"), b"", "RFC 9112 6.3", closes=False, reuse=False),
    # Begun well, ended badly: the client must be able to tell.
    cut("a short body", response("Content-Length: 10", body=b"abc")),
    cut("a body that never came", response("Content-Length: 10")),
    cut("a cut chunk", chunks(b"5\r\nabc")),
    cut("no last chunk", chunks(b"3\r\nabc\r\n")),
    cut("a cut last chunk", chunks(b"3\r\nabc\r\n0\r\n")),
    cut("a last chunk cut in its line", chunks(b"3\r\nabc\r\n0")),
    cut("a cut trailer", chunks(b"3\r\nabc\r\n0\r\nX-T: ")),
    cut("a cut chunk, to HTTP/1.0", chunks(b"5\r\nabc"), request=OLD),
    cut("a bad chunk, to HTTP/1.0", chunks(b"3\r\nabc\r\nzz\r\n"), request=OLD),
    cut("a bad size", chunks(b"3\r\nabc\r\nzz\r\n"), "RFC 9112 7.1"),
    cut("no size", chunks(b"3\r\nabc\r\n\r\n"), "RFC 9112 7.1"),
    cut("a negative size", chunks(b"3\r\nabc\r\n-1\r\nx\r\n0\r\n\r\n"), "RFC 9112 7.1"),
    cut("a size with 0x", chunks(b"0x3\r\nabc\r\n0\r\n\r\n"), "RFC 9112 7.1"),
    cut("a size beyond 64 bits", chunks(b"10000000000000003\r\nabc\r\n0\r\n\r\n"), "RFC 9112 7.1"),
    cut("a size with a blank in front", chunks(b" 3\r\nabc\r\n0\r\n\r\n"), "RFC 9112 7.1"),
    cut("a bare LF behind the size", chunks(b"3\nabc\r\n0\r\n\r\n"), "RFC 9112 7.1"),
    cut("a bare LF behind the data", chunks(b"3\r\nabc\n0\r\n\r\n"), "RFC 9112 7.1"),
    cut("a chunk without end", chunks(b"3\r\nabcdef\r\n0\r\n\r\n"), "RFC 9112 7.1"),
    cut("an LF in an extension", chunks(b"3;a\nb\r\nabc\r\n0\r\n\r\n"), "RFC 9112 7.1.1"),
    cut("a CR in an extension", chunks(b"3;a\rb\r\nabc\r\n0\r\n\r\n"), "RFC 9112 7.1.1"),
    cut("a body without chunks", chunks(b"hello"), "RFC 9112 7.1"),
    cut("a trailer without a colon", chunks(b"3\r\nabc\r\n0\r\nX-T\r\n\r\n"), "RFC 9112 7.1.2"),
    cut("a folded trailer", chunks(b"3\r\nabc\r\n0\r\nX-T: t\r\n u\r\n\r\n"), "RFC 9112 7.1.2"),
    cut("a length in a trailer", chunks(b"3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n"), "RFC 9110 6.5.1"),
    cut("a coding in a trailer", chunks(b"3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"), "RFC 9110 6.5.1"),
    cut("a cookie in a trailer", chunks(b"3\r\nabc\r\n0\r\nSet-Cookie: a=b\r\n\r\n"), "RFC 9110 6.5.1"),
]
