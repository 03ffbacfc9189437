#!/usr/bin/env python3
"""Runs end-to-end tests against a sluice binary.

    tests/e2e/run.py SLUICE [--loop auto|uring|epoll|asio] [-k PATTERN] [SUITE...]

A suite is the name of a file here without _test.py; without one all are run. Exit 0 when all passed,
1 when one failed, 77 when all were left out (a peer is not installed, or the kernel forbids io_uring).

    SLUICE_E2E_BIG=4GiB           size of the large bodies, 256MiB otherwise
    SLUICE_E2E_STREAM=100MiB      size of each of a hundred bodies at once, 1MiB otherwise
    SLUICE_E2E_REQUESTS=1000000   requests of the load test, 50000 otherwise
    SLUICE_E2E_ABUSE=600          seconds of each abuse of the endurance test, 1 otherwise
    SLUICE_E2E_FLOOD=30           seconds of each flood of HTTP/2, 0.4 otherwise
    SLUICE_E2E_PATIENCE=30        seconds to wait for what must happen
"""

import argparse
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEFT_OUT = 77


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice", type=Path)
    parser.add_argument("--loop", default="auto", choices=["auto", "uring", "epoll", "asio"])
    parser.add_argument("-k", dest="patterns", action="append")
    parser.add_argument("suites", nargs="*")
    return parser.parse_intermixed_args()


def uring_usable(sluice):
    """`sluice run` says at once when it may not; this port cannot be listened on, so that it never serves."""
    config = 'event_loop: uring\nlisteners: [{ address: "unix:/nonexistent/a" }]\nroutes: [{ respond: {} }]\n'
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(config)
        file.flush()
        done = subprocess.run([sluice, "run", "-c", file.name], capture_output=True, text=True, check=False, timeout=60)
    return "uring cannot be used" not in done.stderr


def main():
    options = arguments()
    sluice = options.sluice.resolve()
    if not os.access(sluice, os.X_OK):
        sys.exit(f"{sluice} is no program")
    os.environ["SLUICE_E2E_BINARY"] = str(sluice)
    os.environ["SLUICE_E2E_LOOP"] = options.loop
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(HERE))
    if options.loop == "uring" and not uring_usable(sluice):
        print("left out: io_uring cannot be used here")
        return LEFT_OUT
    loader = unittest.TestLoader()
    if options.patterns:
        loader.testNamePatterns = [one if "*" in one else f"*{one}*" for one in options.patterns]
    names = options.suites or sorted(path.stem[: -len("_test")] for path in HERE.glob("*_test.py"))
    tests = unittest.TestSuite(loader.loadTestsFromName(f"{name}_test") for name in names)
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(tests)
    if not result.wasSuccessful() or result.testsRun == 0:
        return 1
    return LEFT_OUT if len(result.skipped) == result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
