"""What the proxies are asked to do."""

from dataclasses import dataclass

IDLE = "idle"
TLS_IDLE = "tls-idle"
RESTING = {IDLE: "idle connections", TLS_IDLE: "idle TLS connections"}


@dataclass(frozen=True)
class Work:
    name: str
    title: str
    connections: int
    path: str = "/1k"
    mode: str = "keep-alive"
    sources: int = 1
    tls: str = "none"
    streams: int = 0  # at a time on a connection, in HTTP/2; 0: HTTP/1.1
    h2_origin: bool = False  # HTTP/2 to the origin too, which not every proxy can

    def peer_arguments(self):
        arguments = ["--connections", self.connections, "--path", self.path, "--mode", self.mode]
        return arguments + ["--sources", self.sources, "--tls", self.tls]


# New connections come from several loopback addresses, so that ports in TIME_WAIT, on whichever side they are,
# cannot run out: each pair of addresses has some 28,000.
ALL = [
    Work("1k-1", "1 KiB, 1 connection", 1),
    Work("1k-64", "1 KiB, 64 connections", 64),
    Work("1k-512", "1 KiB, 512 connections", 512),
    Work("new-64", "new connection a request, 64 at once", 64, mode="new-connection", sources=16),
    Work("1m-16", "1 MiB bodies, 16 connections", 16, path="/1m"),
    Work("tls-1k-64", "1 KiB over TLS, 64 connections", 64, tls="full"),
    Work("tls-full-64", "full TLS handshake a request, 64 at once", 64, mode="new-connection", sources=16, tls="full"),
    Work(
        "tls-resumed-64",
        "resumed TLS handshake a request, 64 at once",
        64,
        mode="new-connection",
        sources=16,
        tls="resumed",
    ),
    Work("h2-64x16", "HTTP/2 over TLS, 64 connections of 16 streams", 64, tls="full", streams=16),
    Work(
        "h2-both-64x16",
        "HTTP/2 on both sides, 64 connections of 16 streams",
        64,
        path="/h2/1k",
        tls="full",
        streams=16,
        h2_origin=True,
    ),
]


def named(names):
    """The works of these names; a wrong one raises KeyError."""
    by_name = {work.name: work for work in ALL}
    return [by_name[name] for name in names if name not in RESTING]
