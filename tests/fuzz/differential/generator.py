"""Requests to disagree about: the cases of the conformance tables, and what chance makes of them."""

from conformance import requests_chunks, requests_connection, requests_framing, requests_head, requests_host, requests_line, requests_target
from conformance.cases import Forwarded

TABLES = (requests_framing, requests_chunks, requests_head, requests_line, requests_target, requests_host, requests_connection)
LONGEST = 4096

# What parsers are known to take for something else, or not to see.
BYTES = [b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b"\0", b"\t", b" ", b"\x0b", b"\x0c", b"\x1f", b"\x7f", b"\x85", b"\xa0", b"\xff"]
SIGNS = [b":", b";", b",", b"=", b'"', b"\\", b"+", b"-", b"_", b".", b"%", b"/", b"?", b"#", b"*", b"(", b")", b"@", b"[", b"]"]
WORDS = [b"0", b"1", b"4", b"a", b"F", b"0x4", b"+4", b"-1", b"00000000000000000", b"4294967296", b"9223372036854775807",
         b"18446744073709551616", b"1e1", b"4, 4", b"4 4", b"chunked", b"Chunked", b"xchunked", b"identity", b"gzip, chunked",
         b"chunked, identity", b"chunked;a=b", b'"chunked"', b"HTTP/1.0", b"HTTP/1.1", b"HTTP/1.2", b"HTTP/2.0", b"http://b.test/b",
         b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS", b"TRACE", b"DELETE", b"keep-alive", b"close", b"100-continue", b"trailers"]  # fmt: skip
LINES = [b"Content-Length: 0\r\n", b"Content-Length: 4\r\n", b"content-length:5\r\n", b"Content-Length : 4\r\n", b"Content-Length:\t4\r\n",
         b"Content_Length: 4\r\n", b"Content-Length: 4\n", b" Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n",
         b"transfer-encoding:chunked\r\n", b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding: \x0bchunked\r\n",
         b"Transfer-Encoding:\r\n chunked\r\n", b"Transfer-Encoding: chunked\n", b"Transfer-Encoding: x\r\n", b"X: y\r\n z\r\n",
         b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: Transfer-Encoding\r\n", b"Connection: Content-Length\r\n",
         b"Host: c.test\r\n", b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"TE: trailers\r\n",
         b"Trailer: X-T\r\n", b"Max-Forwards: 1\r\n", b"X\0Y: z\r\n", b": z\r\n", b"\r\n"]  # fmt: skip
BODIES = [b"abcd", b"4\r\nabcd\r\n0\r\n\r\n", b"4;a=b\r\nabcd\r\n0\r\nX-T: y\r\n\r\n", b"0\r\n\r\n", b"00\r\n\r\n", b"4\nabcd\n0\n\n", b"4\r\nabcd",
          b"abcdGET /in HTTP/1.1\r\nHost: d.test\r\n\r\n", b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", b"4 \r\nabcd\r\n0\r\n\r\n",
          b'4;a="\r\n"\r\nabcd\r\n0\r\n\r\n']  # fmt: skip


def seeds(kind=object):
    """The bytes of the cases, of those that are expected to go this way."""
    cases = [case for table in TABLES for case in table.CASES if isinstance(case.expected, kind)]
    return [data for data in (b"".join(case.pieces) for case in cases) if len(data) <= LONGEST]


class Generator:
    """Gives the same requests for the same seed of `rng`."""

    def __init__(self, rng):
        self.rng = rng
        self.seeds = seeds()
        self.good_seeds = seeds(Forwarded)
        self.changes = [self.insert, self.replace, self.remove, self.flip, self.add_line, self.repeat_line, self.swap_lines,
                        self.change_case, self.change_number, self.new_body, self.splice]  # fmt: skip

    def next(self):
        if self.rng.random() < 0.2:
            data = self.grown()
        else:
            data = self.rng.choice(self.good_seeds if self.rng.random() < 0.7 else self.seeds)
        for _ in range(self.rng.choice((1, 1, 1, 1, 2, 2, 3, 5))):
            data = self.rng.choice(self.changes)(data)
        return data[:LONGEST]

    def grown(self):
        """From nothing: a line, some fields, a body."""
        pick = self.rng.choice
        line = pick((b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS")) + b" /" + pick((b"", b"a", b"a/../b", b"%61?q", b"slashes/a%2Fb"))
        fields = b"".join(self.rng.sample(LINES, self.rng.choice((0, 1, 1, 1, 2, 2, 4))))
        return line + b" " + pick((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0")) + b"\r\nHost: a.test\r\n" + fields + b"\r\n" + pick(BODIES)

    def place(self, data):
        return self.rng.randint(0, len(data))

    def insert(self, data):
        at = self.place(data)
        return data[:at] + self.rng.choice(self.rng.choice((BYTES, SIGNS, WORDS))) + data[at:]

    def replace(self, data):
        at = self.place(data)
        return data[:at] + self.rng.choice(self.rng.choice((BYTES, SIGNS, WORDS))) + data[at + self.rng.randint(1, 4) :]

    def remove(self, data):
        at = self.place(data)
        return data[:at] + data[at + self.rng.randint(1, 6) :]

    def flip(self, data):
        if not data:
            return data
        at = self.rng.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 1 << self.rng.randrange(8)]) + data[at + 1 :]

    def lines(self, data):
        return data.splitlines(keepends=True)

    def add_line(self, data):
        lines = self.lines(data)
        lines.insert(self.rng.randint(0, min(len(lines), 6)), self.rng.choice(LINES))
        return b"".join(lines)

    def repeat_line(self, data):
        lines = self.lines(data)
        if lines:
            line = self.rng.choice(lines)
            lines.insert(self.rng.randint(0, len(lines)), line)
        return b"".join(lines)

    def swap_lines(self, data):
        lines = self.lines(data)
        if len(lines) > 1:
            a, b = self.rng.sample(range(len(lines)), 2)
            lines[a], lines[b] = lines[b], lines[a]
        return b"".join(lines)

    def change_case(self, data):
        at = self.place(data)
        return data[:at] + data[at : at + 8].swapcase() + data[at + 8 :]

    def change_number(self, data):
        digits = [at for at, byte in enumerate(data) if chr(byte).isdigit()]
        if not digits:
            return self.insert(data)
        at = self.rng.choice(digits)
        return data[:at] + self.rng.choice(WORDS[:15]) + data[at + 1 :]

    def new_body(self, data):
        head, _, _ = data.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n" + self.rng.choice(BODIES)

    def splice(self, data):
        other = self.rng.choice(self.seeds)
        return data[: self.place(data)] + other[self.place(other) :]
