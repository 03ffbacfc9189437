"""An endpoint is killed and comes back under load: clients notice nothing but what it had in flight."""

import collections
import signal
import threading
import time

from support.case import EndToEnd, needs
from support.peers import lasting_port
from support.prometheus import Metrics
from support.stream import Malformed
from support.waiting import wait_until
from support.wire import Connection, head

INTERVAL = 1
SPARE = 1.5  # what a loaded machine may add to two intervals
CLIENTS = 8


class Load:
    """Clients that ask one after another on kept connections, until told to stop."""

    def __init__(self, address):
        self.address = address
        self.statuses = collections.Counter()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._ask_on) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _ask_on(self):
        connection = Connection(self.address)
        while not self.stopping.is_set():
            try:
                status = connection.ask(head("GET", "/slow?ms=2")).status
                self.statuses[status] += 1
                if status != 200:
                    self.stopping.wait(0.05)
            except (OSError, Malformed):
                self.statuses["broken"] += 1
                connection.close()
                connection = Connection(self.address)
        connection.close()

    def errors(self):
        return sum(count for status, count in self.statuses.items() if status != 200)

    def await_more(self, count=60):
        goal = self.statuses[200] + count
        wait_until(lambda: self.statuses[200] >= goal, f"{count} more good answers, have {dict(self.statuses)}")


@needs("node")
class Failover(EndToEnd):
    def setUp(self):
        super().setUp()
        self.first, self.second = self.node("first", lasting_port()), self.node("second")
        check = {"path": "/healthz", "interval": f"{int(INTERVAL * 1000)}ms", "timeout": "1s", "unhealthy_after": 2,
                 "healthy_after": 2, "jitter": "0%"}  # fmt: skip
        upstream = {"endpoints": [self.first.endpoint, self.second.endpoint], "health_check": check}
        self.sluice = self.gateway({"app": upstream})

    def states(self):
        return [endpoint["health"]["state"] for endpoint in self.sluice.upstream("app")["endpoints"]]

    def gauge(self):
        metrics = Metrics(self.sluice.admin("/metrics")[1])
        return metrics.value("sluice_endpoint_healthy", endpoint=self.first.endpoint)

    def await_state(self, state):
        began = time.monotonic()
        wait_until(lambda: self.states()[0] == state, f"{state}; {self.states()}", 2 * INTERVAL + SPARE)
        self.assertEqual(self.gauge(), 1.0 if state == "healthy" else 0.0)
        return time.monotonic() - began

    def test_a_kill_and_a_restart_cost_no_more_than_what_was_in_flight(self):
        wait_until(lambda: self.states() == ["healthy", "healthy"], "both are healthy")
        with Load(self.sluice.address) as load:
            load.await_more()
            self.first.send_signal(signal.SIGKILL)
            self.await_state("unhealthy")
            load.await_more()
            self.assertLessEqual(load.errors(), CLIENTS, dict(load.statuses))
            after_kill = load.errors()
            back = self.node("back", self.first.where)
            self.assertEqual(back.endpoint, self.first.endpoint)
            self.await_state("healthy")
            load.await_more()
            self.assertEqual(load.errors(), after_kill, dict(load.statuses))
        with Connection(self.sluice.address) as connection:
            seen = {connection.ask(head("GET", "/echo")).json()["name"] for _ in range(8)}
        self.assertEqual(seen, {"back", "second"})

    def test_the_last_endpoint_gone_is_said_and_its_return_noticed(self):
        wait_until(lambda: self.states() == ["healthy", "healthy"], "both are healthy")
        self.first.kill()
        self.second.kill()
        wait_until(lambda: self.states() == ["unhealthy", "unhealthy"], "both are unhealthy")
        reasons = [one["health"]["reason"] for one in self.sluice.upstream("app")["endpoints"]]
        self.assertTrue(all(reasons), reasons)
        with Connection(self.sluice.address) as connection:
            response = connection.ask(head("GET", "/"))
            self.assertIn((response.status, response.reason), [(503, "no_healthy_endpoint"), (502, "upstream_connect_refused")])
            self.node("back", self.first.where)
            self.await_state("healthy")
            self.assertEqual(connection.ask(head("GET", "/")).status, 200)
