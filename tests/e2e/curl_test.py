"""What curl does that browsers do not: Expect, trailers, HTTP/1.0, unix sockets, IPv6, forwarding fields."""

import json
import re

from support.case import EndToEnd, needs
from support.wire import Connection, head

UPLOAD = "x" * 4096


@needs("node", "curl")
class Curl(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tcp = cls.shared_node("tcp")
        unix = cls.shared_node("unix", str(cls.class_folder / "origin.sock"))
        cls.tcp, cls.socket = tcp, str(cls.class_folder / "listener.sock")
        listeners = [
            {"name": "main", "address": "127.0.0.1:0"},
            {"name": "six", "address": "[::1]:0"},
            {"name": "unix", "address": "unix:" + cls.socket, "trusted_proxies": ["unix"]},
            {"name": "trusting", "address": "127.0.0.3:0", "trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"]},
        ]
        upstreams = {
            "plain": [tcp.endpoint],
            "sock": [unix.endpoint],
            "own": {"endpoints": [tcp.endpoint], "host": "endpoint"},
            "named": {"endpoints": [tcp.endpoint], "host": "origin.internal"},
        }
        routes = [{"match": {"path": f"/{name}/*"}, "upstream": name} for name in ("sock", "own", "named")]
        cls.sluice = cls.shared_gateway(upstreams, [*routes, {"upstream": "plain"}], listeners=listeners)
        cls.main, cls.six, _, cls.trusting = ("http://" + address for address in cls.sluice.addresses)

    def seen(self, *words):
        return json.loads(self.curl(*words))

    def headers(self, *words):
        return self.seen(*words)["headers"]

    def test_expect_is_answered_by_the_upstream_before_the_body_is_sent(self):
        text = self.curl("-i", "-H", "Expect: 100-continue", "--expect100-timeout", "20", "-d", UPLOAD, self.main + "/a")
        self.assertTrue(text.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), text[:200])
        self.assertEqual(json.loads(text.split(b"\r\n\r\n")[2])["length"], len(UPLOAD))

    def test_expect_refused_by_the_upstream_never_gets_the_body(self):
        # 403, as curl asks again by itself after a 417.
        text = self.curl("-i", "-H", "Expect: 100-continue", "--expect100-timeout", "20", "-d", UPLOAD, "-w", "\n%{size_upload}",
                         self.main + "/refuse")  # fmt: skip
        self.assertTrue(text.startswith(b"HTTP/1.1 403 "), text[:200])
        self.assertTrue(text.endswith(b"\n0"), text[-100:])

    def test_a_refused_expectation_announces_the_close(self):
        with Connection(self.sluice.address) as client:
            response = client.ask(head("POST", "/refuse", "Expect: 100-continue", "Content-Length: 5"))
            self.assertEqual(response.status, 403)
            self.assertEqual(response.field("connection"), "close")

    def test_an_unknown_expectation_is_refused(self):
        text = self.curl("-i", "-H", "Expect: the-impossible", "-d", "x", self.main + "/a")
        self.assertTrue(text.startswith(b"HTTP/1.1 417 "), text[:200])
        self.assertIn(b'"reason":"expectation_failed"', text)

    def test_trailers_come_down(self):
        text = self.curl("-i", "-H", "TE: trailers", self.main + "/chunked?bytes=10", "-o", "/dev/null", "-D", "-").decode()
        self.assertRegex(text, r"(?i)x-sha256: [0-9a-f]{64}")

    def test_http_1_0_gets_what_it_understands(self):
        text = self.curl("-0", "-i", self.main + "/chunked?bytes=100000")
        head, body = text.split(b"\r\n\r\n", 1)
        self.assertNotIn(b"ransfer-", head)
        self.assertIn(b"onnection: close", head)
        self.assertEqual(len(body), 100000)

    def test_http_1_0_keeps_the_connection_when_it_asks(self):
        url = self.main + "/stream?bytes=10"
        text = self.curl("-0", "-H", "Connection: keep-alive", url, url, "-w", "\n%{num_connects}\n")
        self.assertEqual(re.findall(rb"\n(\d)\n", text), [b"1", b"0"])

    def test_a_connection_is_used_again(self):
        urls = [self.main + f"/{i}" for i in range(5)]
        text = self.curl(*urls, "-w", "\n%{num_connects}\n")
        self.assertEqual(re.findall(rb"\n(\d)\n", text), [b"1"] + [b"0"] * 4)

    def test_a_slow_reader_gets_everything(self):
        got = self.curl("--limit-rate", "500k", self.main + "/stream?bytes=600000")
        self.assertEqual(len(got), 600000)

    def test_a_unix_socket_leads_to_the_upstream(self):
        self.assertEqual(self.seen(self.main + "/sock/a")["name"], "unix")

    def test_a_unix_socket_leads_to_the_gateway(self):
        self.assertEqual(self.seen("--unix-socket", self.socket, "http://app/a")["name"], "tcp")
        self.assertEqual(self.headers("--unix-socket", self.socket, "http://app/a")["host"], "app")

    def test_ipv6_is_served_and_forwarded_as_such(self):
        seen = self.headers("-g", self.six + "/a")
        self.assertEqual(seen["x-forwarded-for"], "::1")

    def test_host_is_kept_or_replaced_as_configured(self):
        asked = ("-H", "Host: shop.example:81")
        self.assertEqual(self.headers(*asked, self.main + "/a")["host"], "shop.example:81")
        self.assertEqual(self.headers(*asked, self.main + "/own/a")["host"], self.tcp.endpoint)
        self.assertEqual(self.headers(*asked, self.main + "/named/a")["host"], "origin.internal")

    def test_forwarding_fields_say_who_asked_for_what(self):
        seen = self.headers("-H", "Host: shop.example", self.main + "/named/a")
        self.assertEqual(seen["x-forwarded-for"], "127.0.0.1")
        self.assertEqual(seen["x-forwarded-proto"], "http")
        self.assertEqual(seen["x-forwarded-host"], "shop.example")
        self.assertRegex(seen["via"], r"^1\.1 sluice \([0-9a-f]{8}\)$")

    def test_forwarding_fields_of_strangers_are_not_believed(self):
        lies = ("-H", "X-Forwarded-For: 6.6.6.6", "-H", "X-Forwarded-Proto: https", "-H", "X-Forwarded-Host: evil",
                "-H", "Forwarded: for=6.6.6.6;host=evil", "-H", "X-Forwarded-Server: evil", "-H", "X_Forwarded_User: evil",
                "-H", "True-Client-IP: 6.6.6.6", "-H", "X-Client-IP: 6.6.6.6")  # fmt: skip
        seen = self.headers(*lies, self.main + "/a")
        self.assertEqual((seen["x-forwarded-for"], seen["x-forwarded-proto"]), ("127.0.0.1", "http"))
        self.assertNotIn("6.6.6.6", json.dumps(seen))
        self.assertNotIn("evil", json.dumps(seen))

    def test_trusted_proxies_are_believed_and_prolonged(self):
        fields = ("-H", "X-Forwarded-For: 203.0.113.9, 10.1.2.3", "-H", "X-Forwarded-Proto: https", "-H", "X-Forwarded-Host: shop")
        seen = self.headers(*fields, self.trusting + "/trusted")
        self.assertEqual(seen["x-forwarded-for"], "203.0.113.9, 10.1.2.3, 127.0.0.1")
        self.assertEqual((seen["x-forwarded-proto"], seen["x-forwarded-host"]), ("https", "shop"))
        self.assertNotIn("forwarded", seen)
        line = self.sluice.await_access(lambda one: one.get("path") == "/trusted")
        self.assertEqual(line["client"], "203.0.113.9")

    def test_forwarded_is_prolonged_where_a_trusted_proxy_sent_it(self):
        seen = self.headers("-H", "Forwarded: for=203.0.113.9;proto=https", self.trusting + "/a")
        self.assertRegex(seen["forwarded"], r"^for=203\.0\.113\.9;proto=https, for=\"?127\.0\.0\.1")

    def test_a_request_id_is_kept_or_made(self):
        text = self.curl("-i", "-H", "X-Request-Id: abc-123", self.main + "/a")
        self.assertIn(b"X-Request-Id: abc-123", text)
        self.assertEqual(json.loads(text.split(b"\r\n\r\n", 1)[1])["headers"]["x-request-id"], "abc-123")
        self.assertRegex(self.headers(self.main + "/a")["x-request-id"], "^[0-9a-f]{32}$")

    def test_a_trace_context_is_passed_on_and_logged(self):
        parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        seen = self.headers("-H", f"traceparent: {parent}", self.main + "/traced")
        self.assertIn("4bf92f3577b34da6a3ce929d0e0e4736", seen["traceparent"])
        line = self.sluice.await_access(lambda one: one.get("path") == "/traced")
        self.assertEqual(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736")
