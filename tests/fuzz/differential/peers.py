"""Those who read the same bytes: sluice, nginx and HAProxy in front of the recorder, and node by itself.

Each gives a Reading: what it took the bytes for, request by request.
"""

import asyncio
import base64
import json
import re
import socket
import struct
from dataclasses import dataclass, field

from support.gateway import Gateway, configuration
from support.peers import Haproxy, Nginx, find
from support.process import Process

from .recorder import Visit

RESPONSE = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*((?:\r\n[^\r\n]+)*)\r\n\r\n")
SEEN = re.compile(rb"^X-Seen: (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Request:
    """One request as somebody understood it."""

    method: str
    target: str
    host: str | None
    body: bytes
    trailers: tuple = ()


@dataclass
class Answers:
    data: bytes = b""
    closed: bool = False  # by the peer


@dataclass
class Reading:
    """In the order of the bytes. None stands for a request that was refused, be it by closing the connection."""

    requests: list
    answers: Answers
    visit: Visit = field(default_factory=Visit)

    @property
    def accepted(self):
        return [one for one in self.requests if one]

    @property
    def consistent(self):
        """Every message that arrived whole was also answered as such."""
        return len(self.accepted) == len(self.visit.messages)


def final_responses(answers):
    return [match for match in RESPONSE.finditer(answers.data) if not match[1].startswith(b"1")]


class Peer:
    """Reads over a unix socket. `patience`: seconds without a byte after which it is taken to have nothing to say."""

    def __init__(self, name, path):
        self.name = name
        self.path = str(path)

    async def ask(self, pieces, patience):
        """What it answers; each piece but the first waits for a response to the one before it."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        answers = Answers()
        try:
            for number, piece in enumerate(pieces):
                while len(final_responses(answers)) < number:
                    answers.data += await self.more(reader, patience)
                writer.write(piece)
            while True:
                answers.data += await self.more(reader, patience)
        except (OSError, EOFError):
            answers.closed = True
        except asyncio.TimeoutError:
            pass
        finally:
            writer.transport.abort()
        return answers

    async def more(self, reader, patience):
        data = await asyncio.wait_for(reader.read(65536), patience)
        if not data:
            raise EOFError
        return data


class Node(Peer):
    def __init__(self, folder, script):
        path = folder / "node.sock"
        super().__init__("node", path)
        self.process = Process("node", [find("node"), script, path], folder)
        self.process.await_text(re.compile("listening"), self.process.out)

    async def read(self, pieces, patience):
        answers = await self.ask(pieces, patience)
        return Reading([self.request(match[2]) for match in final_responses(answers)], answers)

    @staticmethod
    def request(fields):
        match = SEEN.search(fields)
        if not match:
            return None
        seen = json.loads(base64.b64decode(match[1]))
        trailers = seen["trailers"]
        pairs = tuple((name.lower(), value) for name, value in zip(trailers[::2], trailers[1::2]))
        return Request(seen["method"], seen["target"], seen["host"], seen["body"].encode("latin-1"), pairs)


class Proxy(Peer):
    """Each client is a port of its own in the PROXY header in front of what it sends."""

    last_client = 0

    def __init__(self, name, path, recorder, process):
        super().__init__(name, path)
        self.recorder = recorder
        self.process = process

    async def read(self, pieces, patience):
        Proxy.last_client = Proxy.last_client % 60000 + 1
        client = Proxy.last_client
        self.recorder.take(client)
        addresses = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2") + struct.pack("!HH", client, 80)
        header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + addresses
        answers = await self.ask([header + pieces[0], *pieces[1:]], patience)
        visit = self.recorder.take(client)
        messages = iter(visit.messages)
        requests = [self.request(messages) if b"X-Origin: 1" in match[2].title() else None for match in final_responses(answers)]
        return Reading(requests, answers, visit)

    @staticmethod
    def request(messages):
        message = next(messages, None)
        return message and Request(message.method, message.target, message.host, message.body, message.trailers)


NGINX = """server { listen unix:%(path)s proxy_protocol; client_max_body_size 0; large_client_header_buffers 4 64k;
  location / { proxy_pass http://unix:%(recorder)s; proxy_http_version 1.1; proxy_set_header Connection "";
               proxy_set_header Host $http_host; proxy_set_header X-Fuzz-Client $proxy_protocol_port; } }"""
HAPROXY = """
frontend all
  bind unix@%(path)s accept-proxy
  default_backend recorder
backend recorder
  server one unix@%(recorder)s send-proxy-v2
"""


def nginx(folder, recorder, recorder_path):
    path = folder / "nginx-fuzz.sock"
    return Proxy("nginx", path, recorder, Nginx(folder, NGINX % {"path": path, "recorder": recorder_path}))


def haproxy(folder, recorder, recorder_path):
    path = folder / "haproxy.sock"
    return Proxy("haproxy", path, recorder, Haproxy(folder, HAPROXY % {"path": path, "recorder": recorder_path}, [path]))


def sluice(folder, recorder, recorder_path):
    path = folder / "sluice.sock"
    listener = {
        "address": f"unix:{path}",
        "proxy_protocol": True,
        "trusted_proxies": ["unix"],
        "limits": {"header_timeout": "1s", "body_timeout": "1s", "connections": 100000},
    }
    upstreams = {"recorder": {"endpoints": [f"unix:{recorder_path}"], "proxy_protocol": "v2"}}
    routes = [{"match": {"path": "/slashes/*"}, "allow_encoded_slash": True, "upstream": "recorder"}, {"upstream": "recorder"}]
    config = configuration(upstreams, routes, listener, workers=1, access_log={"output": "none"})
    return Proxy("sluice", path, recorder, Gateway(config, folder))
