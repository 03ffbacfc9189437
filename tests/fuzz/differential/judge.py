"""Whether the readings of one case agree."""

import re
from collections import Counter

from .peers import Request

# Stands behind what a case sends: bytes that a reader leaves over, or takes too many of, show there.
BEHIND = b"GET /behind HTTP/1.1\r\nHost: behind.test\r\nConnection: close\r\n\r\n"

END = Request("GET", "/behind", "behind.test", b"")


def framed_alike(ours, theirs):
    """Of the requests that both took: the same methods and bodies. A refusal stands for itself."""
    return all((a.method, a.body) == (b.method, b.body) for a, b in zip(ours, theirs) if a and b)


def shown(request, peer):
    """What has to arrive as it was sent. A proxy may drop trailers."""
    whole = (request.method, request.target, request.host, request.body)
    return (*whole, request.trailers) if peer.name == "node" else whole


# Where the other is wrong, and nothing of it is in what sluice sends on.
KNOWN = {
    # llhttp keeps the tab, which RFC 9110 5.5 takes off, so the coding is unknown to it. That alone it refuses; with an
    # upgrade, which sluice drops beside a body, it takes the body for the new protocol.
    "node": lambda data: re.search(rb"(?i)transfer-encoding:[^\r\n]*\t", data) and re.search(rb"(?i)\nupgrade:", data),
}


def is_known(peer, data):
    return peer.name in KNOWN and KNOWN[peer.name](data)


class Judge:
    def __init__(self, sluice, peers):
        self.sluice = sluice
        self.peers = peers
        self.counts = Counter()

    async def faults(self, data, patience):
        """Of one case, as sentences; empty where all agree."""
        ours = await self.sluice.read([data + BEHIND], patience)
        faults = [f"sluice sent on what is not clear: {why} in {wire!r}" for why, wire in ours.visit.unclear]
        if not ours.consistent:
            faults.append(f"{len(ours.visit.messages)} requests arrived whole, but sluice answered {ours.answers.data!r}")
        taken = [one for one in ours.requests if one]
        self.counts["cases"] += 1
        self.counts["taken by sluice"] += any(one.target != "/behind" for one in taken)
        if taken:
            for peer in self.peers:
                faults += await self.of_what_came(peer, data, ours, patience)
                faults += await self.of_what_went_on(peer, ours, taken, patience)
        return faults

    async def of_what_came(self, peer, data, ours, patience):
        theirs = await peer.read([data + BEHIND], patience)
        self.counts[f"taken by {peer.name} too"] += any(theirs.requests)
        if framed_alike(ours.requests, theirs.requests) or is_known(peer, data):
            return []
        return [f"{peer.name} frames it differently: {theirs.requests}, sluice: {ours.requests}"]

    async def of_what_went_on(self, peer, ours, taken, patience):
        """Exactly what sluice took, one after the other as sluice sends them, and then what stands behind. A peer may
        refuse one, for its method for instance."""
        theirs = await peer.read([*ours.visit.wires, BEHIND], patience)
        got = theirs.requests
        meant = [*taken, END]
        if None in got or (len(got) < len(meant) and theirs.answers.closed):
            self.counts[f"refused by {peer.name} as it went on"] += 1
            got = got[: got.index(None)] if None in got else got
            meant = meant[: len(got)]
        if [shown(one, peer) for one in got] == [shown(one, peer) for one in meant]:
            return []
        return [f"{peer.name} reads what sluice sent on as {theirs.requests}, sluice as {taken}, from {ours.visit.wires}"]
