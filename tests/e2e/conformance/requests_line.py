"""Request lines: methods, versions, blanks (RFC 9112 2.3 and 3)."""

from .cases import forwarded, refused, request, target


def line(text, status=400, reason="malformed_head", section="RFC 9112 3"):
    return refused(f"request line {text[:30]!r}, {len(text)} bytes", section, request(text), status, reason)


CASES = [
    line("GET"),
    line("GET "),
    line("GET /a", section="RFC 9112 3"),  # HTTP/0.9
    line("GET /a "),
    line("GET  /a HTTP/1.1"),
    line("GET /a  HTTP/1.1"),
    line("GET\t/a HTTP/1.1", reason="invalid_method"),
    line("GET /a\tHTTP/1.1"),
    line("GET /a HTTP/1.1 "),
    line("GET /a HTTP/1.1\t"),
    line("GET /a HTTP/1.1 x"),
    line("GET /a HTTP/1.1 HTTP/1.1"),
    line("GET /a b HTTP/1.1"),
    line("GET /a HTTP/1.1, HTTP/1.1"),
    line(" GET /a HTTP/1.1", reason="invalid_method"),
    line("\tGET /a HTTP/1.1", reason="invalid_method"),
    line("GET /a\x0bHTTP/1.1"),
    line("GET\x0b/a HTTP/1.1"),
    line("GET\x00 /a HTTP/1.1"),
    line("GET /a\x00 HTTP/1.1"),
    line("GET /a\x7f HTTP/1.1"),
    line("GET /a\x01 HTTP/1.1"),
    line("GET /a\r HTTP/1.1"),
    line("GET /a\rHTTP/1.1"),
    line("GET\r/a HTTP/1.1"),
    line("/a HTTP/1.1", reason="invalid_method"),
    line("HTTP/1.1 200 OK", reason="invalid_method"),
    line("G=T /a HTTP/1.1", reason="invalid_method", section="RFC 9110 9.1"),
    line("G(T /a HTTP/1.1", reason="invalid_method", section="RFC 9110 9.1"),
    line("GET: /a HTTP/1.1", reason="invalid_method", section="RFC 9110 9.1"),
    line("GET/ /a HTTP/1.1", reason="invalid_method", section="RFC 9110 9.1"),
    line('"GET" /a HTTP/1.1', reason="invalid_method", section="RFC 9110 9.1"),
    line("G\xc4T /a HTTP/1.1", reason="invalid_method", section="RFC 9110 9.1"),
    line("{GET} /a HTTP/1.1", reason="invalid_method", section="RFC 9110 9.1"),
    # "A server that receives a method longer than any that it implements SHOULD respond with a 501".
    line("M" * 1000 + " /a HTTP/1.1", 501, "not_implemented", "RFC 9112 3"),
    line("M" * 10000 + " /a HTTP/1.1", 501, "not_implemented", "RFC 9112 3"),
    line("GET /" + "a" * 9000 + " HTTP/1.1", 414, "uri_too_long", "RFC 9110 15.5.15"),
    line("GET /?" + "a" * 9000 + " HTTP/1.1", 414, "uri_too_long", "RFC 9110 15.5.15"),
    line("GET /" + "a" * 100000 + " HTTP/1.1", 414, "uri_too_long", "RFC 9110 15.5.15"),
    line("GET /a HTTP/0.9", 505, "unsupported_version", "RFC 9110 15.6.6"),
    line("GET /a HTTP/2.0", 505, "unsupported_version", "RFC 9110 15.6.6"),
    line("GET /a HTTP/3.0", 505, "unsupported_version", "RFC 9110 15.6.6"),
    line("GET /a HTTP/9.9", 505, "unsupported_version", "RFC 9110 15.6.6"),
    *(line(f"GET /a {version}", section="RFC 9112 2.3") for version in (
        "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/1.10", "HTTP/01.1", "HTTP/1.01", "HTTP/11", "HTTP/2", "HTTP/1,1", "HTTP/a.b",
        "HTTP/1.x", "HTTP/-1.1", "HTTP/1.1;x", "HTTP/ 1.1", "HTTP /1.1", "http/1.1", "Http/1.1", "HTTPS/1.1", "HTTP1.1",
        "XTTP/1.1", "ICY/1.1", "HTTP//1.1", "HTTP/1.1.1", "HTTP/+1.1", "HTTP/1.1\x00", "\xc8TTP/1.1")),
    forwarded("HTTP/1.1", "RFC 9112 2.3", target("/a")),
    # "Process as the highest minor version within that major version that is implemented" (RFC 9110 2.5).
    forwarded("HTTP/1.2", "RFC 9110 2.5", request("GET /a HTTP/1.2")),
    forwarded("HTTP/1.9", "RFC 9110 2.5", request("GET /a HTTP/1.9")),
    forwarded("HTTP/1.0", "RFC 9110 2.5", request("GET /a HTTP/1.0"), keeps=False),
    forwarded("a method of our own", "RFC 9110 9.1", target("/a", "FROB"), method="FROB"),
    forwarded("methods are case-sensitive", "RFC 9110 9.1", target("/a", "get"), method="get"),
    forwarded("a method of odd characters", "RFC 9110 9.1", target("/a", "M-SEARCH!#$%&'*+.^_`|~"), method="M-SEARCH!#$%&'*+.^_`|~"),
    *(forwarded(f"the method {method}", "RFC 9110 9.3", target("/a", method), method=method)
      for method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND")),
    forwarded("a target of 8000 bytes", "RFC 9112 3", target("/" + "a" * 7999), target="/" + "a" * 7999),
]
