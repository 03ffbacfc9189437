"""What the proxies are asked to do."""

from dataclasses import dataclass

IDLE = "idle"


@dataclass(frozen=True)
class Work:
    name: str
    title: str
    connections: int
    path: str = "/1k"
    mode: str = "keep-alive"
    sources: int = 1

    def peer_arguments(self):
        return ["--connections", self.connections, "--path", self.path, "--mode", self.mode, "--sources", self.sources]


# New connections come from several loopback addresses, so that ports in TIME_WAIT, on whichever side they are,
# cannot run out: each pair of addresses has some 28,000.
ALL = [
    Work("1k-1", "1 KiB, 1 connection", 1),
    Work("1k-64", "1 KiB, 64 connections", 64),
    Work("1k-512", "1 KiB, 512 connections", 512),
    Work("new-64", "new connection a request, 64 at once", 64, mode="new-connection", sources=16),
    Work("1m-16", "1 MiB bodies, 16 connections", 16, path="/1m"),
]


def named(names):
    """The works of these names; a wrong one raises KeyError."""
    by_name = {work.name: work for work in ALL}
    return [by_name[name] for name in names if name != IDLE]
