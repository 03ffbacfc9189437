"""/metrics: strictly in format, and its counters add up with what was sent."""

import socket
import struct
import subprocess
import threading

from support.case import EndToEnd
from support.peers import answering, find, read_head
from support.prometheus import Metrics
from support.stream import Malformed
from support.waiting import wait_until
from support.wire import Connection, ask, head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class AdminPages(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secret = "do-not-show-me"
        (cls.class_folder / "secret").write_text(cls.secret)

    def setUp(self):
        super().setUp()
        origin = self.scripted(answering(OK))
        secret = {"x-key": "${file:%s}" % (self.class_folder / "secret")}
        routes = [
            {"name": 'odd "name" \\', "match": {"path": "/app/*"}, "upstream": "a", "request_headers": {"set": secret}},
            {"name": "own", "match": {"path": "/own", "method": "GET"}, "respond": {"body": "x"}},
            {"name": "lost", "match": {"path": "/lost"}, "upstream": "nowhere"},
        ]
        self.sluice = self.gateway({"a": [origin.endpoint], "nowhere": ["127.0.0.1:1"]}, routes)

    def metrics(self):
        status, text = self.sluice.admin("/metrics")
        self.assertEqual(status, 200)
        return Metrics(text)

    def test_every_request_is_counted_once_where_it_belongs(self):
        sent = head("GET", "/app/1")
        with Connection(self.sluice.address) as client:
            for _ in range(30):
                client.ask(sent)
            for _ in range(7):
                client.ask(head("HEAD", "/own"), "HEAD")
            for _ in range(5):
                client.ask(head("GET", "/none"))
            for _ in range(3):
                client.ask(head("GET", "/lost"))
            client.ask(head("DELETE", "/own"))
            client.ask(head("BREW", "/app/2"))
        wait_until(lambda: self.metrics().sum("sluice_connections_active") == 0, "the connection is counted as closed")
        metrics = self.metrics()

        def requests(**labels):
            return metrics.sum("sluice_requests_total", **labels)

        self.assertEqual(requests(), 47)
        self.assertEqual(requests(route='odd \\"name\\" \\\\', status_class="2xx", method="GET", reason="none"), 30)
        self.assertEqual(requests(route="own", method="HEAD", status_class="2xx"), 7)
        self.assertEqual(requests(route="unmatched", reason="no_route", status_class="4xx"), 5)
        self.assertEqual(requests(route="lost", reason="upstream_connect_refused", status_class="5xx"), 3)
        self.assertEqual(requests(reason="method_not_allowed"), 1)
        self.assertEqual(requests(method="other"), 1)
        self.assertEqual(metrics.sum("sluice_request_duration_seconds_count"), 47)
        self.assertEqual(metrics.value("sluice_upstream_attempts_total", upstream="a"), 31)
        self.assertGreaterEqual(metrics.sum("sluice_upstream_connections_reused_total", upstream="a"), 29)
        self.assertEqual(metrics.sum("sluice_connections_accepted_total"), 1)
        self.assertEqual(metrics.sum("sluice_exchanges_in_flight"), 0)
        self.assertGreaterEqual(metrics.sum("sluice_request_bytes_total", route='odd \\"name\\" \\\\'), 30 * len(sent))

    def test_counters_agree_with_the_access_log(self):
        with Connection(self.sluice.address) as client:
            for number in range(20):
                client.ask(head("GET", f"/app/{number}"))
                client.ask(head("GET", "/none"))
        wait_until(lambda: len(self.sluice.access_log()) == 40, "40 lines")
        lines, metrics = self.sluice.access_log(), self.metrics()
        self.assertEqual(metrics.sum("sluice_response_bytes_total"), sum(line["bytes_out"] for line in lines))
        self.assertEqual(metrics.sum("sluice_request_bytes_total"), sum(line["bytes_in"] for line in lines))
        self.assertEqual(metrics.sum("sluice_access_log_dropped_total"), 0)

    def test_connections_are_counted_by_why_they_ended(self):
        cut = self.scripted(lambda peer: read_head(peer) and peer.sendall(OK[:-2]))
        asked, leave = threading.Event(), threading.Event()
        self.addCleanup(leave.set)

        def silent(peer):
            read_head(peer)
            asked.set()
            leave.wait(30)

        def switching(peer):
            read_head(peer)
            peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")

        upstreams = {"cut": cut, "silent": self.scripted(silent), "tunnel": self.scripted(switching)}
        routes = [{"match": {"path": "/" + name}, "upstream": name} for name in upstreams]
        sluice = self.gateway({name: [origin.endpoint] for name, origin in upstreams.items()}, routes)

        def counted(why):
            return Metrics(sluice.admin("/metrics")[1]).sum("sluice_connections_closed_total", reason=why)

        with Connection(sluice.address) as client:
            client.send(head("GET", "/cut"))
            with self.assertRaises((Malformed, OSError)):
                client.read_response()
        wait_until(lambda: counted("upstream_failed") == 1, "the response that was cut is counted")
        with Connection(sluice.address) as client:
            client.send(head("GET", "/tunnel", "Upgrade: x", "Connection: upgrade"))
            self.assertEqual(client.read_head().status, 101)
            self.assertTrue(client.at_end())
        wait_until(lambda: counted("tunnel_ended") == 1, "the tunnel is counted")
        client = socket.create_connection(sluice.address)
        client.sendall(head("GET", "/silent"))
        self.assertTrue(asked.wait(30))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()  # by RST
        wait_until(lambda: counted("reset") == 1, "the reset is counted")
        self.assertEqual(counted("finished"), 0)

    def test_promtool_has_nothing_to_say(self):
        if not find("promtool"):
            self.skipTest("not installed: promtool")
        ask(self.sluice.address, head("GET", "/app/x"))
        text = self.sluice.admin("/metrics")[1].encode()
        done = subprocess.run([find("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())

    def test_a_client_cannot_make_series(self):
        counted = self.metrics().sum("sluice_requests_total")
        ask(self.sluice.address, head("GET", "/app/x"))
        wait_until(lambda: self.metrics().sum("sluice_requests_total") > counted, "it is counted")
        before = len(self.metrics().samples)
        with Connection(self.sluice.address) as client:
            for number in range(50):
                client.ask(head(f"M{number}", f"/app/{number}", f"X-{number}: {number}", host=f"h{number}.test"))
        self.assertLessEqual(len(self.metrics().samples), before + 5)

    def test_the_other_pages_answer(self):
        for path in ("/", "/healthz", "/readyz", "/upstreams", "/config", "/metrics"):
            status, body = self.sluice.admin(path)
            self.assertEqual(status, 200, path)
            self.assertTrue(body, path)
        self.assertEqual(self.sluice.admin("/nothing")[0], 404)
        host, _, port = self.sluice.admin_address.rpartition(":")
        self.assertEqual(ask((host, int(port)), head("POST", "/metrics", "Content-Length: 0")).status, 405)

    def test_no_page_shows_a_secret_read_from_a_file(self):
        for path in ("/upstreams", "/config", "/metrics"):
            self.assertNotIn(self.secret, self.sluice.admin(path)[1])
