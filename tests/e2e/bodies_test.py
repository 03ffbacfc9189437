"""Large bodies both ways: every byte arrives, and the gateway's memory stays where it was."""

import hashlib
import json
import os
import random
import re
import subprocess

from support.case import EndToEnd, needs
from support.gateway import sanitized
from support.memory import Watched
from support.peers import HERE, find

MIB = 1024 * 1024
GROWTH = 16 * MIB  # what two workers' buffers may come to, whatever the body
UNITS = {"KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}


def size_of(text):
    number, unit = re.fullmatch(r"(\d+)(KiB|MiB|GiB)", text).groups()
    return int(number) * UNITS[unit]


BIG = size_of(os.environ.get("SLUICE_E2E_BIG", "32MiB" if sanitized() else "256MiB"))


def write_big(path, size):
    """Writes bytes that repeat nowhere, and gives their SHA-256."""
    rng, digest = random.Random(size), hashlib.sha256()
    with open(path, "wb") as file:
        for at in range(0, size, MIB):
            piece = rng.randbytes(min(MIB, size - at))
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


@needs("nginx", "node", "curl")
class LargeBodies(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        nginx, node = cls.shared_nginx(), cls.shared_node()
        cls.big = nginx.root / "big.bin"
        cls.digest = write_big(cls.big, BIG)
        routes = [{"match": {"path": "/big.bin"}, "upstream": "files"}, {"upstream": "node", "timeout": "1h"}]
        cls.sluice = cls.shared_gateway({"files": [nginx.endpoint], "node": [node.endpoint]}, routes)

    def setUp(self):
        super().setUp()
        # What the first large bodies take stays with the buffer pools.
        for _ in range(4):
            self.curl(self.sluice.url + "/stream?bytes=4000000", "-o", "/dev/null")
            self.curl("-T", "/bin/sh", self.sluice.url + "/echo")
        self.sluice_before = self.sluice.memory_kib()

    def tearDown(self):
        if not sanitized():  # a quarantine is not a leak
            grown = (self.sluice.memory_kib("VmHWM") - self.sluice_before) * 1024
            self.assertLess(grown, GROWTH, f"grew by {grown / MIB:.1f} MiB for a body of {BIG / MIB:.0f} MiB")

    def downloaded_digest(self, target, *words):
        url = self.sluice.url + target
        curl = subprocess.Popen(["curl", "-q", "-sSf", "--noproxy", "*", *words, url], stdout=subprocess.PIPE)
        digest = hashlib.sha256()
        with curl.stdout:
            while piece := curl.stdout.read(MIB):
                digest.update(piece)
        self.assertEqual(curl.wait(), 0)
        return digest.hexdigest()

    def uploaded(self, *words):
        return json.loads(self.curl(*words, self.sluice.url + "/echo", seconds=3600))

    def test_a_large_file_comes_down_byte_for_byte(self):
        self.assertEqual(self.downloaded_digest("/big.bin"), self.digest)

    def test_a_large_file_goes_up_byte_for_byte(self):
        seen = self.uploaded("-T", self.big)
        self.assertEqual((seen["length"], seen["sha256"]), (BIG, self.digest))
        self.assertEqual(seen["headers"]["content-length"], str(BIG))

    def test_a_body_of_unknown_length_goes_up_chunked(self):
        seen = self.uploaded("-T", self.big, "-H", "Transfer-Encoding: chunked", "-H", "Content-Length:")
        self.assertEqual((seen["length"], seen["sha256"]), (BIG, self.digest))
        self.assertEqual(seen["headers"]["transfer-encoding"], "chunked")

    def test_a_body_of_unknown_length_comes_down_chunked(self):
        size = min(BIG, 64 * MIB)
        trailers = self.folder / "trailers"
        got = self.downloaded_digest(f"/chunked?bytes={size}", "-D", str(trailers))
        self.assertIn(f"x-sha256: {got}", trailers.read_text().lower())

    def test_a_slow_reader_holds_the_origin_back(self):
        """While curl takes its time, what the origin sends must wait in the kernel, not in the gateway."""
        done = self.curl("--limit-rate", "4M", "-r", f"0-{8 * MIB - 1}", self.sluice.url + "/big.bin", "-w", "%{size_download}",
                         "-o", "/dev/null")  # fmt: skip
        self.assertEqual(int(done), 8 * MIB)


STREAMS = 100
STREAM = size_of(os.environ.get("SLUICE_E2E_STREAM", "256KiB" if sanitized() else "1MiB"))
# What a stream takes at most, whatever the size of its body: two buffers of an upstream's window of 128 KiB, and what the heap makes of that.
PER_STREAM = 768 * 1024
BLOCK = 65536


@needs("node")
class StreamsBesideOneAnother(EndToEnd):
    """A hundred large bodies at once on one HTTP/2 connection, with upstreams of either protocol."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upstreams = {"h1": {"endpoints": [cls.shared_node("h1").endpoint]},
                         "h2": {"endpoints": [cls.shared_node("h2", speaks=["h2"]).endpoint], "protocol": "h2"}}  # fmt: skip

    @staticmethod
    def digest():
        """Of what origin.js sends."""
        whole = hashlib.sha256()
        for at in range(0, STREAM, BLOCK):
            block = hashlib.sha256(str(at // BLOCK).encode()).digest() * (BLOCK // 32)
            whole.update(block[: STREAM - at])
        return whole.hexdigest()

    def through(self, upstream, what):
        """What comes of the streams, by a gateway that holds no more of them than it may."""
        sluice = self.gateway({upstream: self.upstreams[upstream]})
        command = [find("node"), HERE / "streams.js", f"{sluice.url}/{what}?bytes={STREAM}", str(STREAMS), str(STREAM)]
        before = sluice.memory_kib()
        with Watched(sluice) as during:
            done = subprocess.run([*command, "get" if what == "stream" else "post"], capture_output=True, timeout=3600, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        if not sanitized():  # a quarantine is not a leak
            self.assertLess(during.most - before, STREAMS * PER_STREAM // 1024, f"KiB for {STREAMS} bodies of {STREAM / MIB} MiB")
        return json.loads(done.stdout)

    def test_bodies_come_down_beside_one_another(self):
        for upstream in self.upstreams:
            with self.subTest(upstream):
                expected = {"length": STREAM, "sha256": self.digest()}
                self.assertEqual(self.through(upstream, "stream"), [expected] * STREAMS)

    def test_bodies_go_up_beside_one_another(self):
        for upstream in self.upstreams:
            with self.subTest(upstream):
                seen = self.through(upstream, "echo")
                self.assertEqual(len(seen), STREAMS)
                self.assertEqual(len({one["sha256"] for one in seen}), STREAMS, "each is another one")
                self.assertTrue(all(one["length"] == STREAM and one["sha256"] == one["sent"] for one in seen), seen[:3])
