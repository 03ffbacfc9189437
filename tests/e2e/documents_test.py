"""What the documents say of defaults is what the program says."""

import json
import re
import subprocess
import unittest
from pathlib import Path

from support.gateway import binary

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `([a-z_.<>\[\]]+)` \| (?:`([^`]+)`|none) \|", re.MULTILINE)


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run([binary(), "schema"], capture_output=True, text=True, timeout=60, check=True)
        cls.schema = json.loads(done.stdout)

    def ways(self, node):
        """What a value may be written as, through references."""
        if "$ref" in node:
            yield from self.ways(self.schema["$defs"][node["$ref"].rpartition("/")[2]])
        elif "anyOf" in node:
            for way in node["anyOf"]:
                yield from self.ways(way)
        else:
            yield node

    def field(self, path):
        """The schema of a key like `listeners[].limits.body` or `upstreams.<name>.tls`."""
        node = self.schema
        for step in path.replace("[]", ".[]").split("."):
            found = [self.below(way, step) for way in self.ways(node)]
            node = next((one for one in found if one), None)
            self.assertIsNotNone(node, f"{step} of {path}")
        return node

    @staticmethod
    def below(node, step):
        if step == "[]":
            return node.get("items")
        return node.get("additionalProperties") if step == "<name>" else node.get("properties", {}).get(step)

    def test_the_limits_of_the_security_page_are_the_defaults(self):
        rows = ROW.findall((ROOT / "docs/security.md").read_text())
        self.assertGreater(len(rows), 15)
        for path, default in rows:
            with self.subTest(path):
                self.assertEqual(str(self.field(path).get("default", "")), default)

    def test_every_limit_of_a_listener_is_on_the_security_page(self):
        known = {path for path, _ in ROW.findall((ROOT / "docs/security.md").read_text())}
        limits = next(way["properties"] for way in self.ways(self.field("listeners[].limits")) if "properties" in way)
        self.assertEqual({f"listeners[].limits.{key}" for key in limits} - known, set())


if __name__ == "__main__":
    unittest.main()
