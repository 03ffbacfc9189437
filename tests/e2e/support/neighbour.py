"""A client that behaves, beside those that do not."""

import threading


class Neighbour:
    """As a context: asks for one thing after the other on a thread of its own, and fails at the end where one of them
    failed. `asking` is a generator that comes back once for each answer, and raises when one is wrong; `served` counts
    them."""

    def __init__(self, asking):
        self.served = 0
        self.failure = None
        self._asking = asking
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, raised, *_):
        self._stop.set()
        self._thread.join()
        if not raised:
            assert self.failure is None, f"{self.failure} after {self.served}"
            assert self.served > 0

    def _run(self):
        try:
            while not self._stop.is_set():
                next(self._asking)
                self.served += 1
        except Exception as error:  # whatever it is, it counts
            self.failure = repr(error)
        finally:
            self._asking.close()
