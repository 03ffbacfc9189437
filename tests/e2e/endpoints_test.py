"""Endpoints in a file of their own, and such as drain."""

import subprocess

from support.case import EndToEnd, needs
from support.gateway import binary
from support.wire import ask, head


class Endpoints(EndToEnd):
    def listed(self, text, name="endpoints.yaml"):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def statuses(self, sluice):
        return {one["name"]: one["status"] for one in sluice.upstream("app")["endpoints"]}

    @needs("node")
    def test_are_read_from_a_file_and_get_no_requests_where_they_drain(self):
        first, second = self.node("first"), self.node("second")
        text = f"- {first.endpoint}\n- {{ address: '{second.endpoint}', drain: true }}\n"
        sluice = self.gateway({"app": {"endpoints_file": self.listed(text)}})
        for _ in range(6):
            self.assertEqual(ask(sluice.address, head("GET", "/")).status, 200)
        self.assertEqual(self.statuses(sluice), {first.endpoint: "active", second.endpoint: "draining"})
        opened = {one["name"]: one["totals"]["opened"] for one in sluice.upstream("app")["endpoints"]}
        self.assertEqual(opened[second.endpoint], 0)
        self.assertGreater(opened[first.endpoint], 0)

    def test_may_be_none_in_json(self):
        sluice = self.gateway({"app": {"endpoints_file": self.listed("[]\n", "endpoints.json")}})
        answer = ask(sluice.address, head("GET", "/"))
        self.assertEqual(answer.status, 503)
        self.assertIn(b"no_healthy_endpoint", answer.body)

    def test_are_refused_with_the_place_in_their_file(self):
        path = self.listed("- 127.0.0.1:3000\n- { address: 127.0.0.1:3001, wait: 3 }\n")
        config = self.folder / "sluice.yaml"
        config.write_text(
            "listeners: [{ address: 127.0.0.1:0 }]\n"
            f"upstreams: {{ app: {{ endpoints_file: {path} }} }}\n"
            "routes: [{ upstream: app, nonsense: 1 }]\n"
        )
        command = [binary(), "check", "-c", config]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"{path}:2:", done.stdout + done.stderr)
        self.assertIn("wait", done.stdout + done.stderr)
        self.assertIn("nonsense", done.stdout + done.stderr, "all problems at once")
