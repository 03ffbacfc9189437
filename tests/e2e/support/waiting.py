"""Waiting for something to become true, with a deadline instead of a sleep that hopes."""

import os
import time

# Sanitizers and busy machines are slow; a test that passes never waits this long.
PATIENCE = float(os.environ.get("SLUICE_E2E_PATIENCE", "30"))


def wait_until(claim, what, seconds=None):
    """Asks `claim` until it gives something true, and returns that; fails after `seconds`."""
    deadline = time.monotonic() + (PATIENCE if seconds is None else seconds)
    pause = 0.002
    while True:
        answer = claim()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
