"""A connection whose bytes are read in the pieces a protocol asks for."""


class Malformed(Exception):
    """The peer broke the syntax, or closed within a message."""


class Stream:
    """Over a connected socket, which it closes at its end. `pending` has come and was not yet asked for."""

    def __init__(self, connected):
        self.socket = connected
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def exactly(self, count):
        parts, have = [self.pending], len(self.pending)
        while have < count:
            data = self.socket.recv(min(count - have + 1024, 1 << 20))
            if not data:
                raise Malformed(f"closed after {have} of {count} bytes")
            parts.append(data)
            have += len(data)
        whole = b"".join(parts)
        self.pending = whole[count:]
        return whole[:count]
