"""Names of endpoints, resolved by a real dnsmasq, by servers that come and go, and by one that lies."""

import socket
import struct
import threading
import unittest

from support.case import EndToEnd, needs
from support.dnsmasq import Dnsmasq
from support.peers import Scripted, answering, lasting_port
from support.prometheus import Metrics
from support.waiting import wait_until
from support.wire import ask, head


def saying(text):
    return answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))


class Names(EndToEnd):
    def origin(self, text=b"one", **where):
        origin = Scripted(saying(text), **where)
        self.addCleanup(origin.close)
        return origin

    def dnsmasq(self, *records, port=None, name="dnsmasq"):
        server = Dnsmasq(self.folder, records, port, name)
        self.addCleanup(server.kill)
        return server

    def following(self, endpoint, *servers, **dns):
        dns = {"servers": list(servers), "search": [], "timeout": "200ms", "tries": 2, "jitter": "0%", **dns}
        return self.gateway({"app": [endpoint]}, dns=dns)

    def body(self, sluice):
        answer = ask(sluice.address, head("GET", "/"))
        return answer.body if answer.status == 200 else answer.status

    def endpoint(self, sluice):
        return sluice.upstream("app")["endpoints"][0]

    def await_state(self, sluice, state):
        return wait_until(
            lambda: (one := self.endpoint(sluice))["dns"]["state"] == state and one, f"the name is {state}"
        )


@needs("dnsmasq")
class RealNameServer(Names):
    def test_a_and_aaaa_with_their_ttl(self):
        origin = self.origin()
        dns = self.dnsmasq("host-record=app.test,127.0.0.1,::1,77")
        sluice = self.following(f"app.test:{origin.port}", dns.address)
        self.assertEqual(self.body(sluice), b"one")
        endpoint = self.await_state(sluice, "resolved")
        self.assertEqual(set(endpoint["addresses"]), {f"127.0.0.1:{origin.port}", f"[::1]:{origin.port}"})
        self.assertEqual(endpoint["dns"]["ttl"], "77s")
        metrics = Metrics(sluice.admin("/metrics")[1])
        labels = {"upstream": "app", "endpoint": f"app.test:{origin.port}"}
        self.assertLess(metrics.value("sluice_dns_answer_age_seconds", **labels), 60)
        self.assertEqual(metrics.value("sluice_dns_failing", **labels), 0)

    def test_an_alias_is_followed(self):
        origin = self.origin()
        dns = self.dnsmasq("host-record=app.test,127.0.0.1,77", "cname=alias.test,app.test,33")
        sluice = self.following(f"alias.test:{origin.port}", dns.address)
        self.assertEqual(self.body(sluice), b"one")
        self.assertEqual(self.await_state(sluice, "resolved")["dns"]["ttl"], "33s")

    def test_an_answer_that_is_truncated_is_asked_for_by_tcp(self):
        origin = self.origin()
        many = [f"host-record=app.test,127.0.0.{last}" for last in range(1, 91)]
        dns = self.dnsmasq("edns-packet-max=512", *many)
        sluice = self.following(f"app.test:{origin.port}", dns.address)
        self.assertEqual(len(self.await_state(sluice, "resolved")["addresses"]), 90)
        self.assertEqual(self.body(sluice), b"one", "the address that listens is found among those that refuse")

    def test_a_name_that_does_not_exist(self):
        dns = self.dnsmasq()
        sluice = self.following("missing.test:80", dns.address)
        self.assertEqual(self.body(sluice), 502)
        self.assertEqual(self.await_state(sluice, "unresolved")["dns"]["failure"], "no such name")
        self.assertIn("missing.test:80 does not resolve (no such name); it has no address yet", sluice.err())

    def test_short_names_are_tried_in_the_search_domains(self):
        origin = self.origin()
        dns = self.dnsmasq("host-record=app.inner.test,127.0.0.1")
        sluice = self.following(f"app:{origin.port}", dns.address, search=["outer.test", "inner.test"])
        self.assertEqual(self.body(sluice), b"one")
        self.assertTrue(dns.queries("app.outer.test"))

    def test_a_name_server_that_dies_and_comes_back(self):
        port = int(lasting_port())
        first = self.origin(b"first", port=port)
        self.origin(b"second", port=port, host="127.0.0.2")
        dns = self.dnsmasq("host-record=app.test,127.0.0.1,1")
        sluice = self.following(f"app.test:{port}", dns.address)
        self.assertEqual(self.body(sluice), b"first")
        dns.kill()
        self.await_state(sluice, "stale")
        self.assertEqual(self.body(sluice), b"first", "traffic goes on")
        metrics = Metrics(sluice.admin("/metrics")[1])
        self.assertEqual(metrics.sum("sluice_dns_failing"), 1)
        self.dnsmasq("host-record=app.test,127.0.0.2,1", port=dns.port, name="again")
        self.await_state(sluice, "resolved")
        self.assertEqual(self.endpoint(sluice)["addresses"], [f"127.0.0.2:{port}"])
        wait_until(lambda: self.body(sluice) == b"second", "requests go where the name leads now")
        self.assertGreater(first.connections, 0)
        self.assertEqual(sluice.err().count("does not resolve"), 1)
        self.assertEqual(sluice.err().count(f"app.test:{port} is at 127.0.0.2:{port}"), 1)

    def test_the_next_server_is_asked_where_the_first_is_dead(self):
        origin = self.origin()
        dns = self.dnsmasq("host-record=app.test,127.0.0.1")
        sluice = self.following(f"app.test:{origin.port}", f"127.0.0.1:{lasting_port()}", dns.address)
        self.assertEqual(self.body(sluice), b"one")


class Liar:
    """A name server that answers each question with what `lies(question)` gives, datagram by datagram."""

    def __init__(self, lies):
        self.lies = lies
        self.asked = 0
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.socket.getsockname()[1]

    def _serve(self):
        while True:
            question, peer = self.socket.recvfrom(4096)
            if not question:
                return
            self.asked += 1
            for answer in self.lies(question):
                self.socket.sendto(answer, peer)

    def close(self):
        with socket.socket(type=socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join(5)
        self.socket.close()


def question_end(message):
    at = 12
    while message[at]:
        at += message[at] + 1
    return at + 5


def reply(question, records, answers=1, flags=0x8180, number=None):
    """An answer with raw records to a question."""
    number = struct.unpack("!H", question[:2])[0] if number is None else number
    return struct.pack("!HHHHHH", number, flags, 1, answers, 0, 0) + question[12 : question_end(question)] + records


def address(question, octets, owner=b"\xc0\x0c", ttl=60):
    kind = struct.unpack("!H", question[question_end(question) - 4 : question_end(question) - 2])[0]
    if kind != 1:
        return b""
    return owner + struct.pack("!HHIH", 1, 1, ttl, 4) + octets


class LyingNameServer(Names):
    def lied_to(self, lies, port):
        liar = Liar(lies)
        self.addCleanup(liar.close)
        return self.following(f"app.test:{port}", liar.address), liar

    def test_garbage_wrong_ids_and_loops_lead_nowhere(self):
        local = socket.inet_aton("127.0.0.1")

        def lies(question):
            number = struct.unpack("!H", question[:2])[0]
            record = address(question, local)
            yield b""
            yield question[:7]
            yield b"\xff" * 512
            yield reply(question, record, number=number ^ 1)
            yield reply(question, address(question, local, b"\x04evil\x04test\0"))
            yield reply(question, b"\xc0" + bytes([question_end(question)]) + record[2:])

        sluice, liar = self.lied_to(lies, self.origin().port)
        self.await_state(sluice, "unresolved")
        wait_until(lambda: liar.asked > 6, "it goes on asking")
        self.assertEqual(self.body(sluice), 502)
        self.assertEqual(self.endpoint(sluice)["addresses"], [])

    def test_an_answer_behind_lies_is_found(self):
        origin = self.origin()

        def lies(question):
            record = address(question, socket.inet_aton("127.0.0.1"))
            yield reply(question, address(question, socket.inet_aton("127.6.6.6")), number=0)
            yield reply(question, record, answers=1 if record else 0)

        sluice, _ = self.lied_to(lies, origin.port)
        self.assertEqual(self.body(sluice), b"one")

    def test_absurd_ttls_and_addresses_of_nobody(self):
        origin = self.origin()

        def lies(question):
            records = [socket.inet_aton(host) for host in ("0.0.0.0", "224.0.0.1", "127.0.0.1")]
            text = b"".join(address(question, octets, ttl=0x7FFFFFFF) for octets in records)
            yield reply(question, text, answers=3 if text else 0)

        sluice, _ = self.lied_to(lies, origin.port)
        endpoint = self.await_state(sluice, "resolved")
        self.assertEqual(endpoint["addresses"], [f"127.0.0.1:{origin.port}"])
        self.assertEqual(endpoint["dns"]["ttl"], "1h")


if __name__ == "__main__":
    unittest.main()
