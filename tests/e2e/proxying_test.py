"""Plain proxying in front of a real nginx and a real node server."""

import gzip
import hashlib

from support.case import EndToEnd, needs
from support.wire import Connection, ask, chunked, head

ROUTES = [{"match": {"path": "/files/*"}, "rewrite": {"path_prefix": "/"}, "upstream": "files"}, {"upstream": "node"}]


@needs("nginx", "node")
class Proxying(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nginx, node = cls.shared_nginx(), cls.shared_node()
        cls.page = cls.nginx.file("page.txt", b"The quick brown fox jumps over the lazy dog.\n" * 100)
        cls.nginx.file("empty.bin", b"")
        cls.sluice = cls.shared_gateway({"files": [cls.nginx.endpoint], "node": [node.endpoint]}, ROUTES)

    def ask(self, *words, body=b"", method="GET"):
        return ask(self.sluice.address, head(method, *words) + body, method)

    def echo(self, *words, **rest):
        response = self.ask(*words, **rest)
        self.assertEqual(response.status, 200, response.head)
        return response.json()

    def test_a_file_comes_through_with_its_fields(self):
        response = self.ask("/files/page.txt")
        self.assertEqual((response.status, response.body), (200, self.page))
        self.assertTrue(response.field("etag") and response.field("last-modified") and response.field("x-request-id"))
        self.assertIn("sluice", response.field("via"))

    def test_head_has_the_fields_of_get_and_no_body(self):
        with Connection(self.sluice.address) as connection:
            for target in ("/files/page.txt", "/files/missing", "/chunked?bytes=1000", "/stream?bytes=70000"):
                response = connection.ask(head("HEAD", target), "HEAD")
                self.assertEqual(response.status, 404 if "missing" in target else 200)
            got = connection.ask(head("GET", "/files/page.txt"))  # the connection is still in step
            self.assertEqual(got.body, self.page)

    def test_ranges_pass_both_ways(self):
        one = self.ask("/files/page.txt", "Range: bytes=4-8")
        self.assertEqual((one.status, one.body), (206, b"quick"))
        self.assertEqual(one.field("content-range"), f"bytes 4-8/{len(self.page)}")
        several = self.ask("/files/page.txt", "Range: bytes=0-2,10-14")
        self.assertEqual(several.status, 206)
        self.assertIn(b"brown", several.body)
        self.assertEqual(self.ask("/files/page.txt", "Range: bytes=999999-").status, 416)

    def test_conditional_requests_are_answered_304_without_a_body(self):
        etag = self.ask("/files/page.txt").field("etag")
        with Connection(self.sluice.address) as connection:
            for _ in range(3):
                response = connection.ask(head("GET", "/files/page.txt", f"If-None-Match: {etag}"))
                self.assertEqual((response.status, response.body), (304, b""))
            self.assertEqual(connection.ask(head("GET", "/files/page.txt")).body, self.page)

    def test_statuses_without_a_body_keep_the_connection_in_step(self):
        with Connection(self.sluice.address) as connection:
            for code in (204, 304, 200, 404, 503, 204):
                self.assertEqual(connection.ask(head("GET", f"/status?code={code}")).status, code)

    def test_an_empty_file_is_an_empty_body(self):
        response = self.ask("/files/empty.bin")
        self.assertEqual((response.status, response.field("content-length"), response.body), (200, "0", b""))

    def test_compressed_bodies_pass_unchanged(self):
        for target in ("/gzip", "/files/page.txt"):
            response = self.ask(target, "Accept-Encoding: gzip")
            self.assertEqual(response.field("content-encoding"), "gzip", response.head)
            whole = self.page if "files" in target else b"gzip me " * 12500
            self.assertEqual(gzip.decompress(response.body), whole)

    def test_a_posted_body_arrives_as_sent(self):
        for body in (b"", b"x", b"a" * 16384, bytes(range(256)) * 1000):
            seen = self.echo("/echo", f"Content-Length: {len(body)}", method="POST", body=body)
            self.assertEqual((seen["method"], seen["length"]), ("POST", len(body)))
            self.assertEqual(seen["sha256"], hashlib.sha256(body).hexdigest())

    def test_a_chunked_request_arrives_whole_with_its_trailers(self):
        chunks = [b"one", b"2" * 70000, b"three" * 7, b"."]
        body = chunked(*chunks, trailers=("X-Checksum: 42", "x-other: a, b"))
        seen = self.echo("/echo", "Transfer-Encoding: chunked", "Trailer: X-Checksum", method="POST", body=body)
        self.assertEqual(seen["sha256"], hashlib.sha256(b"".join(chunks)).hexdigest())
        self.assertEqual(seen["trailers"], {"x-checksum": "42", "x-other": "a, b"})

    def test_a_chunked_response_comes_whole_with_its_trailers(self):
        with Connection(self.sluice.address) as connection:
            for size in (1, 65536, 1_000_000):
                response = connection.ask(head("GET", f"/chunked?bytes={size}", "TE: trailers"))
                self.assertEqual(len(response.body), size)
                self.assertEqual(response.trailers, [("x-sha256", hashlib.sha256(response.body).hexdigest())])

    def test_an_early_hint_passes_in_front_of_the_response(self):
        response = self.ask("/hints")
        self.assertEqual([one.status for one in response.interim], [103])
        self.assertIn("/style.css", response.interim[0].field("link"))
        self.assertEqual(response.status, 200)

    def test_hop_by_hop_fields_stay_on_their_hop(self):
        fields = ("Connection: keep-alive, x-mine", "X-Mine: 1", "Keep-Alive: timeout=9", "Proxy-Connection: x", "X-Kept: 1")
        seen = self.echo("/echo", *fields)["headers"]
        self.assertEqual(seen.get("x-kept"), "1")
        for name in ("x-mine", "keep-alive", "proxy-connection"):
            self.assertNotIn(name, seen)
        response = self.ask("/hop")
        self.assertEqual(response.field("x-open"), "1")
        self.assertEqual(response.all("x-secret") + response.all("keep-alive"), [])

    def test_pipelined_requests_are_answered_in_order(self):
        with Connection(self.sluice.address) as connection:
            body = b"z" * 3000
            connection.send(
                head("GET", "/a") + head("POST", "/b", "Content-Length: 3000") + body
                + head("POST", "/c", "Transfer-Encoding: chunked") + chunked(b"12", b"345")
                + head("HEAD", "/files/page.txt") + head("GET", "/d")
            )  # fmt: skip
            answers = [connection.read_response(method) for method in ("GET", "POST", "POST", "HEAD", "GET")]
            self.assertEqual([answers[i].json()["url"] for i in (0, 1, 2, 4)], ["/a", "/b", "/c", "/d"])
            self.assertEqual([answers[i].json()["length"] for i in (1, 2)], [3000, 5])

    def test_a_request_in_single_bytes_is_understood(self):
        with Connection(self.sluice.address) as connection:
            for byte in head("POST", "/bytes", "Transfer-Encoding: chunked") + chunked(b"ab", b"c"):
                connection.send(bytes([byte]))
            self.assertEqual(connection.read_response().json()["length"], 3)
