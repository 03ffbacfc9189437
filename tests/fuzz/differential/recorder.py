"""The origin behind sluice, nginx and HAProxy: keeps what each client's requests became, and reads it strictly."""

import asyncio
import struct
from collections import defaultdict
from dataclasses import dataclass, field

from conformance.origin import Cut, Reader, Unclear

PREAMBLE = 28  # bytes of a PROXY header of version 2 with IPv4 addresses
OK = b"HTTP/1.1 200 OK\r\nX-Origin: 1\r\nContent-Length: 2\r\n\r\n"


@dataclass
class Visit:
    """What came for one client."""

    messages: list = field(default_factory=list)
    wires: list = field(default_factory=list)  # the bytes of each
    unclear: list = field(default_factory=list)  # why the strict reader gave up, and on what


class Buffered:
    """The bytes that are there, as Reader takes them from a socket."""

    def __init__(self, data):
        self.data = data

    def recv(self, _):
        data, self.data = self.data, b""
        return data


class Recorder:
    """Clients are told apart by the port in the PROXY header in front of a connection, or by the field
    X-Fuzz-Client where there is none."""

    def __init__(self):
        self.visits = defaultdict(Visit)
        self.server = None

    async def start(self, path):
        self.server = await asyncio.start_unix_server(self.serve, path, backlog=1024)

    def take(self, client):
        return self.visits.pop(client, Visit())

    async def serve(self, reader, writer):
        try:
            data = await reader.readexactly(1)
            client = None
            if data == b"\r":
                data += await reader.readexactly(PREAMBLE - 1)
                (client,) = struct.unpack("!H", data[24:26])
                data = b""
            await self.read_messages(reader, writer, data, client)
        except (OSError, EOFError, asyncio.CancelledError):  # at the end of the run there is nobody to tell
            pass
        finally:
            writer.close()

    async def read_messages(self, reader, writer, data, client):
        while True:
            wants_continue = []
            parser = Reader(Buffered(data), lambda _: None)
            try:
                message = parser.message(lambda: wants_continue.append(True))  # noqa: B023
            except Cut:
                message = None
            except Unclear as fault:
                self.visits[client].unclear.append((str(fault), data))
                return
            if message:
                size = len(data) - len(parser.pending)
                self.keep(message, data[:size], client)
                data = parser.pending
                writer.write(OK + (b"" if message.method == "HEAD" else b"ok"))
                continue
            if wants_continue:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            more = await reader.read(65536)
            if not more:
                return
            data += more

    def keep(self, message, wire, client):
        visit = self.visits[int(message.only("x-fuzz-client")) if client is None else client]
        visit.messages.append(message)
        visit.wires.append(wire)
