"""The access log: every line parses, says what was sent, and cannot be forged."""

import json
import os
import re
import signal

from support.case import EndToEnd
from support.peers import answering
from support.prometheus import Metrics
from support.waiting import wait_until
from support.wire import Connection, ask, chunked, head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PRINTABLE = ' " } \\ {"status":200} - - \\n \xff \xe2\x80\xa8'
FORGED = PRINTABLE + "\x1b[31m \x7f"


class AccessLog(EndToEnd):
    def setUp(self):
        super().setUp()
        self.origin = self.scripted(answering(OK))

    def logged(self, **rest):
        """A gateway with one upstream route and one of its own."""
        routes = [{"name": "app", "match": {"path": "/app/*"}, "upstream": "a"},
                  {"name": "own", "match": {"path": "/own"}, "respond": {"status": 418}}]  # fmt: skip
        return self.gateway({"a": [self.origin.endpoint]}, routes, **rest)

    def test_a_line_says_what_was_asked_and_answered(self):
        sluice = self.logged()
        request = head("GET", "/app/x?q=1&r=%20", "User-Agent: tester/1", "Referer: http://from/", "X-Request-Id: id-1", host="a.test")
        with Connection(sluice.address) as client:
            me = "%s:%d" % client.socket.getsockname()
            response = client.ask(request)
        line = sluice.await_access(lambda one: one["path"] == "/app/x")
        expected = {"status": 200, "protocol": "HTTP/1.1", "method": "GET", "host": "a.test", "path": "/app/x", "query": "q=1&r=%20",
                    "route": "app", "upstream": "a", "endpoint": self.origin.endpoint, "attempts": 1, "client": "127.0.0.1",
                    "peer": me, "listener": "main", "request_id": "id-1", "user_agent": "tester/1",
                    "referer": "http://from/", "bytes_in": len(request)}  # fmt: skip
        self.assertEqual({key: line.get(key) for key in expected}, expected)
        self.assertEqual(line["bytes_out"], len(response.head) + 4 + 5)
        self.assertNotIn("reason", line)
        self.assertFalse([key for key in line if key.startswith("tls_")], "this connection is in the clear")
        self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertGreaterEqual(line["duration_ms"], line["upstream_duration_ms"])

    def test_bodies_are_counted(self):
        sluice = self.logged()
        body = chunked(b"x" * 1000)
        ask(sluice.address, head("POST", "/app/chunked", "Transfer-Encoding: chunked") + body)
        ask(sluice.address, head("POST", "/app/length", "Content-Length: 1000") + b"x" * 1000)
        for path in ("/app/chunked", "/app/length"):
            line = sluice.await_access(lambda one, path=path: one["path"] == path)
            self.assertGreaterEqual(line["bytes_in"], 1000)
            self.assertLess(line["bytes_in"], 1200)

    def test_refusals_name_their_reason(self):
        sluice = self.logged()
        cases = [
            (head("GET", "/none"), 404, "no_route"),
            (head("GET", "/app/x", host=None), 400, "invalid_host"),
            (head("GET", "/app/../../x"), 400, "invalid_target"),
            (b"GARBAGE\r\n\r\n", 400, "malformed_head"),
            (head("GET", "/app/a", "Transfer-Encoding: chunked", "Content-Length: 3"), 400, "ambiguous_framing"),
        ]
        for data, status, reason in cases:
            with self.subTest(reason):
                response = ask(sluice.address, data)
                self.assertEqual((response.status, response.reason), (status, reason))
                identity = response.field("x-request-id")
                line = sluice.await_access(lambda one, identity=identity: one["request_id"] == identity)
                self.assertEqual((line["status"], line["reason"]), (status, reason))

    def test_nothing_that_a_client_sends_makes_a_line_of_its_own(self):
        sluice = self.logged()
        sent = 0
        hostile = [f"User-Agent: {PRINTABLE}", f"Referer: {FORGED}", 'X-Request-Id: a"b\\', "User-Agent: " + '"' * 5000]
        for field in hostile:
            response = ask(sluice.address, head("GET", "/app/f", field))
            self.assertIn(response.status, (200, 400), response.head)
            sent += 1
        for target in ('/app/"},{"x":"', "/app/%0d%0a%00%1b", "/app/" + "%22" * 2000, "/app/\xff\xfe", "/app/a?" + '"' * 300):
            response = ask(sluice.address, head("GET", target))
            self.assertIn(response.status, (200, 400), response.head)
            sent += 1
        for data in (b'G"T / HTTP/1.1\r\nHost: a\r\n\r\n', b"GET /app/ HTTP/1.1\r\nHost: a\"b\r\n\r\n",
                     b"GET /app/ HTTP/1.1\r\nHost: a\r\nUser-Agent: x\nstatus: 1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"):  # fmt: skip
            self.assertIn(ask(sluice.address, data).status, (200, 400, 505))
            sent += 1
        sluice.await_access(lambda _: len(sluice.access_log()) >= sent)
        raw = sluice.access_log_path.read_bytes()
        lines = raw.decode("utf-8").split("\n")[:-1]
        self.assertEqual(len(lines), sent)
        for line in lines:
            json.loads(line)
            self.assertIsNone(re.search(r"[\x00-\x1f\x7f]", line), repr(line))

    def test_the_text_format_stays_one_line_of_words(self):
        path = self.folder / "text.log"
        sluice = self.logged(access_log={"format": "text", "output": str(path)})
        ask(sluice.address, head("GET", "/app/t", f"User-Agent: {PRINTABLE}"))
        ask(sluice.address, head("GET", "/none"))
        sluice.end_cleanly()
        lines = path.read_bytes().decode("ascii").split("\n")[:-1]
        self.assertEqual(len(lines), 2)
        pattern = r'^127\.0\.0\.1 - - \[\S+\] "GET \S+ HTTP/1\.1" \d{3} \d+ "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*" [\d.]+ (?:[\d.]+|-)( \S+){7}$'
        for line in lines:
            self.assertRegex(line, pattern)

    def test_success_can_be_thinned_out_and_failure_cannot(self):
        path = self.folder / "thin.log"
        sluice = self.logged(access_log={"output": str(path), "sample_success": "0%"})
        with Connection(sluice.address) as client:
            for _ in range(20):
                client.ask(head("GET", "/app/a"))
                client.ask(head("GET", "/own"))
        sluice.end_cleanly()
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual([line["status"] for line in lines], [418] * 20)


class Outputs(EndToEnd):
    """What is no file, or no good one."""

    RESPOND = [{"respond": {"body": "hi"}}]

    def setUp(self):
        super().setUp()
        self.path = self.folder / "access.fifo"

    def test_a_fifo_with_a_reader_takes_every_line(self):
        os.mkfifo(self.path)
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        sluice = self.gateway(None, self.RESPOND, access_log={"output": str(self.path)})
        ask(sluice.address, head("GET", "/through"))
        sluice.end_cleanly()
        self.assertEqual(json.loads(os.read(reader, 65536))["path"], "/through")

    def test_a_fifo_that_nobody_reads_in_place_of_the_file_holds_up_neither_lines_nor_the_end(self):
        sluice = self.gateway(None, self.RESPOND)
        kept = sluice.access_log_path.with_suffix(".1")
        sluice.access_log_path.rename(kept)
        os.mkfifo(sluice.access_log_path)
        sluice.send_signal(signal.SIGUSR1)
        wait_until(lambda: "is a FIFO that nobody reads; the old file stays in use" in sluice.err(), "it says so")
        ask(sluice.address, head("GET", "/kept"))
        sluice.end_cleanly()
        self.assertIn("/kept", kept.read_text())

    def test_a_fifo_that_is_no_longer_read_holds_up_neither_a_new_file_nor_the_end(self):
        os.mkfifo(self.path)
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        sluice = self.gateway(None, self.RESPOND, access_log={"output": str(self.path)})
        with Connection(sluice.address) as client:
            while "lines dropped" not in sluice.err():
                client.ask(head("GET", "/" + "a" * 4000))
        self.path.unlink()
        sluice.send_signal(signal.SIGUSR1)
        wait_until(self.path.exists, "the log is a file")
        ask(sluice.address, head("GET", "/new"))
        wait_until(lambda: "/new" in self.path.read_text(), "it is written")
        sluice.end_cleanly()

    def test_a_full_disk_is_said_with_its_error_and_counted(self):
        sluice = self.gateway(None, self.RESPOND, access_log={"output": "/dev/full"})
        with Connection(sluice.address) as client:
            for _ in range(100):
                client.ask(head("GET", "/"))
        lost = lambda: Metrics(sluice.admin("/metrics")[1]).sum("sluice_access_log_lost_total")  # noqa: E731
        wait_until(lambda: lost() == 100, "all are counted")
        self.assertRegex(sluice.err(), r" error access log /dev/full: \d+ lines? lost: No space left on device\n")
        sluice.end_cleanly()
        self.assertRegex(sluice.err(), r"access log /dev/full: in all 100 lines lost \(No space left on device\), 0 dropped\n")
