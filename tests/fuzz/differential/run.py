#!/usr/bin/env python3
"""Gives the same bytes to sluice and to other readers of HTTP/1.1, and reports where they disagree.

    tests/fuzz/differential/run.py SLUICE [--seconds 600] [--cases N] [--seed N] [--peers node,nginx,haproxy]
    tests/fuzz/differential/run.py SLUICE --replay FILE...

Each case is sent to all of them. Where sluice takes a request that another takes too, both must find the same
method and body; and what sluice sends on, every other must read as exactly the requests that sluice meant. To refuse is
always right. First come the cases of tests/e2e/conformance, then what chance makes of them. A case that seems to
disagree is tried again alone and with more time, then made smaller, and written to --keep.

Exit 0 when all agreed, 1 when not, 77 when a peer is not installed.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "e2e")]

from differential import peers  # noqa: E402
from differential.generator import Generator  # noqa: E402
from differential.judge import Judge  # noqa: E402
from differential.recorder import Recorder  # noqa: E402
from support.peers import find  # noqa: E402

LEFT_OUT = 77
AT_ONCE = 32
PATIENCE = 0.3  # seconds; a reader that waits for more says nothing
PATIENCE_ALONE = 2.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cases", type=int, default=sys.maxsize)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default="node,nginx,haproxy")
    parser.add_argument("--keep", type=Path, help="a folder for the cases that disagree")
    parser.add_argument("--replay", type=Path, nargs="+")
    return parser.parse_args()


class Run:
    def __init__(self, judge, options):
        self.judge = judge
        self.options = options
        self.ends = time.monotonic() + options.seconds
        self.found = []

    def cases(self):
        if self.options.replay:
            yield from (path.read_bytes() for path in self.options.replay)
            return
        generator = Generator(random.Random(self.options.seed))
        for number in range(self.options.cases):
            if time.monotonic() > self.ends:
                return
            yield generator.seeds[number] if number < len(generator.seeds) else generator.next()

    async def all(self):
        """Several cases at a time; those that seem to disagree are looked at alone, at the end."""
        suspects = []
        cases = self.cases()

        async def work():
            for case in cases:
                if await self.judge.faults(case, PATIENCE):
                    suspects.append(case)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        for case in suspects:
            if await self.faults(case):
                await self.report(case)

    async def faults(self, case):
        return await self.judge.faults(case, PATIENCE_ALONE)

    async def report(self, case):
        if len(self.found) < 20:
            case = await self.smaller(case)
        self.found.append(case)
        print(f"\n{case!r}")
        for fault in await self.faults(case):
            print(f"  {fault}")
        if self.options.keep:
            self.options.keep.mkdir(parents=True, exist_ok=True)
            (self.options.keep / f"{len(self.found):03}.http").write_bytes(case)

    async def smaller(self, case):
        """What is left when nothing more can be taken out, in pieces that get smaller."""
        size = max(1, len(case) // 2)
        while size:
            at = 0
            while at < len(case):
                less = case[:at] + case[at + size :]
                if await self.judge.faults(less, PATIENCE):
                    case = less
                else:
                    at += size
            size //= 2
        return case


async def judged(options, folder):
    recorder, recorder_path = Recorder(), folder / "recorder.sock"
    await recorder.start(recorder_path)
    sluice = peers.sluice(folder, recorder, recorder_path)
    makers = {
        "node": lambda: peers.Node(folder, HERE / "reader.js"),
        "nginx": lambda: peers.nginx(folder, recorder, recorder_path),
        "haproxy": lambda: peers.haproxy(folder, recorder, recorder_path),
    }
    others = [makers[name]() for name in options.peers.split(",")]
    try:
        run = Run(Judge(sluice, others), options)
        await run.all()
        sluice.process.end_cleanly()
        return run
    finally:
        for peer in (sluice, *others):
            peer.process.kill()


def main():
    options = arguments()
    missing = [name for name in options.peers.split(",") if not find(name)]
    if missing:
        print(f"left out: not installed: {', '.join(missing)}")
        return LEFT_OUT
    os.environ["SLUICE_E2E_BINARY"] = str(options.sluice.resolve())
    with tempfile.TemporaryDirectory(prefix="sluice-fuzz-") as folder:
        run = asyncio.run(judged(options, Path(folder)))
    print(", ".join(f"{name}: {count}" for name, count in run.judge.counts.items()))
    print(f"{len(run.found)} disagree")
    return 1 if run.found else 0


if __name__ == "__main__":
    sys.exit(main())
