"""Host: exactly one, valid, without user information (RFC 9112 3.2, RFC 9110 7.2)."""

from .cases import forwarded, get, refused, request


def bad(name, host, section="RFC 9112 3.2"):
    return refused(f"Host {name}", section, get(host=host), 400, "invalid_host")


def good(host, wanted=None):
    return forwarded(f"Host {host}", "RFC 9110 7.2", get(host=host), host=wanted or host)


CASES = [
    refused("no Host", "RFC 9112 3.2", request("GET /a HTTP/1.1", host=None), 400, "invalid_host"),
    refused("no Host in HTTP/1.2", "RFC 9112 3.2", request("GET /a HTTP/1.2", host=None), 400, "invalid_host"),
    refused("two Hosts", "RFC 9112 3.2", get("Host: b.test"), 400, "invalid_host"),
    refused("two equal Hosts", "RFC 9112 3.2", get("Host: a.test"), 400, "invalid_host"),
    refused("two Hosts apart", "RFC 9112 3.2", get("X-A: b", "host: b.test"), 400, "invalid_host"),
    refused("two Hosts in HTTP/1.0", "RFC 9112 3.2", request("GET /a HTTP/1.0", "Host: b.test"), 400, "invalid_host"),
    refused("a Host and an empty one", "RFC 9112 3.2", get("Host:"), 400, "invalid_host"),
    refused("a bad Host in HTTP/1.0", "RFC 9112 3.2", request("GET /a HTTP/1.0", host="a/b"), 400, "invalid_host"),
    refused("Host and a space", "RFC 9112 5.1", request("GET /a HTTP/1.1", "Host : a.test", host=None), 400, "malformed_head"),
    refused("a second Host with a space", "RFC 9112 5.1", get("Host : b.test"), 400, "malformed_head"),
    refused("a folded Host", "RFC 9112 5.2", request("GET /a HTTP/1.1", "Host:", " a.test", host=None), 400, "malformed_head"),
    refused("a Host folded to another", "RFC 9112 5.2", get(" b.test"), 400, "malformed_head"),
    bad("empty", "", "RFC 9110 4.2.1"),
    bad("of blanks", " \t", "RFC 9110 4.2.1"),
    bad("of a port", ":80", "RFC 9110 4.2.1"),
    bad("with a user", "u@a.test", "RFC 9110 4.2.4"),
    bad("with a user and a password", "u:p@a.test", "RFC 9110 4.2.4"),
    bad("with an empty user", "@a.test", "RFC 9110 4.2.4"),
    bad("with a host for a user", "a.test@b.test", "RFC 9110 4.2.4"),
    bad("with a path", "a.test/b"),
    bad("with a slash", "a.test/"),
    bad("with a query", "a.test?b"),
    bad("with a fragment", "a.test#b"),
    bad("with a backslash", "a.test\\b"),
    bad("with a scheme", "http://a.test"),
    bad("with a space", "a.test b.test"),
    bad("with a tab", "a.test\tb.test"),
    bad("as a list", "a.test, b.test"),
    bad("with a comma", "a.test,b.test"),
    bad("with a semicolon", "a.test;b"),
    bad("with quotes", '"a.test"'),
    bad("with an escape", "a%2etest"),
    bad("with an encoded slash", "a.test%2fb"),
    bad("with an encoded NUL", "a.test%00"),
    bad("beyond ASCII", "\xe4.test"),
    bad("with angle brackets", "<a.test>"),
    bad("with an empty label", "a..test"),
    bad("with an empty first label", ".a.test"),
    bad("with a port of letters", "a.test:http"),
    bad("with a port and letters", "a.test:80x"),
    bad("with a signed port", "a.test:+80"),
    bad("with a negative port", "a.test:-80"),
    bad("with a port beyond", "a.test:65536"),
    bad("with a port far beyond", "a.test:99999999999"),
    bad("with two ports", "a.test:80:80"),
    bad("with a port and a host", "a.test:80@b.test"),
    bad("with a port and a path", "a.test:80/b"),
    bad("with a port and a space", "a.test: 80"),
    bad("with an open bracket", "[::1"),
    bad("with a closing bracket", "::1]"),
    bad("of IPv6 without brackets", "::1"),
    bad("of IPv6 that is none", "[::g]"),
    bad("of IPv6 with a zone", "[fe80::1%25eth0]"),
    bad("of IPv6 with junk behind", "[::1]a"),
    bad("of empty brackets", "[]"),
    bad("of IPv4 in brackets", "[127.0.0.1]"),
    bad("too long", "a" * 300),
    good("a.test"),
    good("a.test:8080"),
    good("A.Test"),
    good("a.test."),
    good("a_b.test"),
    good("xn--4ca.test"),
    good("127.0.0.1"),
    good("127.0.0.1:80"),
    good("[::1]"),
    good("[2001:db8::1]:8443"),
    # RFC 3986 3.2.3: an empty port is none, and is left out.
    good("a.test:", "a.test"),
    forwarded("Host among blanks", "RFC 9112 5", get(host=" \ta.test\t "), host="a.test"),
    forwarded("HOST", "RFC 9110 5.1", request("GET /a HTTP/1.1", "HOST: a.test", host=None)),
    # HTTP/1.0 knows no Host; HTTP/1.1 needs one.
    forwarded("no Host in HTTP/1.0", "RFC 9112 3.3", request("GET /a HTTP/1.0", host=None), host=None, keeps=False),
    forwarded("Host in HTTP/1.0", "RFC 9112 3.2", request("GET /a HTTP/1.0"), keeps=False),
]
