"""wrk in front of nginx and node: no error among many requests, and counters that add up."""

import os
import re
import subprocess
import time

from support.case import EndToEnd, needs
from support.gateway import sanitized
from support.peers import find
from support.prometheus import Metrics
from support.waiting import wait_until

REQUESTS = int(os.environ.get("SLUICE_E2E_REQUESTS", "4000" if sanitized() else "50000"))
ENOUGH = 3600 if "SLUICE_E2E_REQUESTS" in os.environ else 20  # seconds a test, however few were done by then
FILES_SHARE = 0.8  # node is slower than nginx
COMPLETED = re.compile(r"(\d+) requests in")


@needs("nginx", "node", "wrk")
class Load(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        nginx, node = cls.shared_nginx(), cls.shared_node()
        nginx.file("1k", b"k" * 1024)
        routes = [
            {"name": "files", "match": {"path": "/1k"}, "upstream": "files"},
            {"name": "node", "upstream": "node"},
        ]
        cls.sluice = cls.shared_gateway({"files": [nginx.endpoint], "node": [node.endpoint]}, routes)

    def load(self, target, requests, *words):
        """wrk until so many requests are done, in rounds of a few seconds; every one must be answered 2xx."""
        done, began = 0, time.monotonic()
        while done < requests and time.monotonic() - began < ENOUGH:
            seconds = max(1, min(10, int((time.monotonic() - began) * (requests - done) / done))) if done else 1
            command = [find("wrk"), "-t1", "-c64", f"-d{seconds}s", "--timeout", "30s", *words, self.sluice.url + target]
            text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
            self.assertNotIn("Socket errors", text)
            self.assertNotIn("Non-2xx", text)
            done += int(COMPLETED.search(text)[1])
            self.assertGreater(done, 0, text)
        return done

    def counted(self, **labels):
        return Metrics(self.sluice.admin("/metrics")[1]).sum("sluice_requests_total", **labels)

    def held_to_account(self, route, done, before):
        """wrk drops what is under way at its end: up to one request a connection and round, here or as a 499.

        A request is counted once its response was sent, which its client may know before us.
        """
        wait_until(lambda: self.counted(route=route, status_class="2xx") - before >= done, f"{done} are counted")
        self.assertEqual(self.counted(route=route, status_class="5xx"), 0)

    def test_every_request_to_nginx_is_answered(self):
        before = self.counted(route="files")
        done = self.load("/1k", int(REQUESTS * FILES_SHARE))
        self.held_to_account("files", done, before)

    def test_every_request_to_node_is_answered(self):
        before = self.counted(route="node")
        done = self.load("/echo", int(REQUESTS * (1 - FILES_SHARE)))
        self.held_to_account("node", done, before)

    def test_a_new_connection_a_request_is_answered_too(self):
        before = self.counted(route="files")
        done = self.load("/1k", REQUESTS // 50, "-H", "Connection: close")
        self.held_to_account("files", done, before)
