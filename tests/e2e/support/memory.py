"""The memory of a process while something is done to it."""

import threading


class Watched:
    """As a context: `most` is the most resident memory of the process while it lasts, in KiB."""

    EVERY = 0.02  # seconds

    def __init__(self, process):
        self.process = process
        self.most = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def _watch(self):
        while True:
            self.most = max(self.most, self.process.memory_kib())
            if self.stop.wait(self.EVERY):
                return
