"""TLS on both sides, spoken with by Python's ssl module: certificates, resumption, mutual TLS, broken peers."""

import contextlib
import hashlib
import json
import os
import socket
import ssl
from pathlib import Path

from support.case import EndToEnd, needs
from support.certificates import Certificates
from support.gateway import Gateway, configuration
from support.prometheus import Metrics
from support.waiting import wait_until

BODY = "hello " * 100
RESPOND = [{"match": {"path": "/small"}, "respond": {"body": BODY}}]


def get(stream, path="/small", host="localhost"):
    """Status line and body of one exchange on an open connection; the connection stays open."""
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data:
        piece = stream.recv(65536)
        if not piece:
            raise ConnectionError(f"closed after {data!r}")
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += stream.recv(65536)
    return int(head.split(b" ")[1]), body


@needs("openssl", "node")
class Tls(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        certificates = Certificates(cls.class_folder)
        cls.local = certificates.make("local", "localhost")
        cls.api = certificates.make("api", "api.example.com", "*.shop.example.com")
        cls.client = certificates.make("client", "client")
        cls.node = cls.shared_node()
        cls.sluice = cls.shared_gateway(
            {"node": [cls.node.endpoint]},
            RESPOND + [{"upstream": "node"}],
            {"tls": {"certificates": [cls.local, cls.api]}},
        )

    def context(self, ca, **settings):
        context = ssl.create_default_context(cafile=ca["certificate"])
        for name, value in settings.items():
            setattr(context, name, value)
        return context

    def connect(self, context=None, server_name="localhost", gateway=None, session=None):
        plain = socket.create_connection((gateway or self.sluice).address, timeout=30)
        try:
            context = context or self.context(self.local)
            stream = context.wrap_socket(plain, server_hostname=server_name, session=session)
        except Exception:
            plain.close()
            raise
        self.addCleanup(stream.close)
        return stream

    def handshakes(self, result):
        return Metrics(self.sluice.admin("/metrics")[1]).sum("sluice_tls_handshakes_total", result=result)

    def test_both_versions_are_spoken_and_older_ones_are_not(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            stream = self.connect(self.context(self.local, minimum_version=version, maximum_version=version))
            self.assertEqual(get(stream), (200, BODY.encode()))
            self.assertEqual(get(stream), (200, BODY.encode()))
        before = self.handshakes("failed")
        old = self.context(self.local, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises(ssl.SSLError):
            self.connect(old)
        wait_until(lambda: self.handshakes("failed") > before, "the failure is counted")

    def test_the_certificate_is_chosen_by_the_name_that_is_asked_for(self):
        for name, ca in [
            ("localhost", self.local),
            ("api.example.com", self.api),
            ("API.Example.com", self.api),
            ("one.shop.example.com", self.api),
        ]:
            with self.subTest(name):
                self.assertEqual(get(self.connect(self.context(ca), name))[0], 200)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect(self.context(self.api), "two.labels.shop.example.com")

    def test_only_protocols_that_are_spoken_are_agreed_on(self):
        context = self.context(self.local)
        context.set_alpn_protocols(["h2", "http/1.1"])
        self.assertEqual(self.connect(context).selected_alpn_protocol(), "h2")
        context = self.context(self.local)
        context.set_alpn_protocols(["smtp", "http/1.1"])
        self.assertEqual(self.connect(context).selected_alpn_protocol(), "http/1.1")
        context = self.context(self.local)
        context.set_alpn_protocols(["smtp"])
        with self.assertRaises(ssl.SSLError):
            self.connect(context)

    def test_sessions_are_resumed(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(self.local, minimum_version=version, maximum_version=version)
            first = self.connect(context)
            get(first)  # the ticket of TLS 1.3 comes with it
            again = self.connect(context, session=first.session)
            self.assertTrue(again.session_reused, version)
            self.assertEqual(get(again)[0], 200)
            # A ticket of TLS 1.3 is to be used once, and the next comes with the connection that shows it.
            renewed = again.session.id != first.session.id
            self.assertEqual(renewed, version is ssl.TLSVersion.TLSv1_3)

    def test_a_session_is_not_resumed_under_another_name(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(self.local, minimum_version=version, maximum_version=version)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            first = self.connect(context)
            get(first)
            for name, resumed in (("api.example.com", False), (None, False), ("other.test", False), ("LOCALHOST", True)):
                with self.subTest(name, version=version):
                    again = self.connect(context, name, session=first.session)
                    self.assertEqual(get(again)[0], 200)
                    self.assertEqual(again.session_reused, resumed)

    def test_a_client_that_asks_for_nothing_gets_its_ticket_too(self):
        stream = self.connect(self.context(self.local, minimum_version=ssl.TLSVersion.TLSv1_3))
        stream.setblocking(False)

        def has_ticket():
            with contextlib.suppress(ssl.SSLWantReadError):
                stream.recv(1)
            return stream.session is not None and stream.session.has_ticket

        wait_until(has_ticket, "the ticket comes")

    def test_the_end_is_said_with_the_last_bytes(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            stream = self.connect(self.context(self.local, minimum_version=version, maximum_version=version))
            stream.sendall(b"GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            stream.suppress_ragged_eofs = False  # an end without close_notify raises
            data = b""
            while piece := stream.recv(65536):
                data += piece
            self.assertTrue(data.endswith(BODY.encode()), version)

    def test_the_access_log_says_how_a_connection_was_encrypted(self):
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            context = self.context(self.local, minimum_version=version, maximum_version=version)
            first = self.connect(context)
            cipher = first.cipher()[0]
            for number, stream in enumerate((first, None)):
                stream = stream or self.connect(context, session=first.session)
                mark = f"{name}-{number}"
                get(stream, f"/small?{mark}")
                line = self.sluice.await_access(lambda one, mark=mark: one.get("query") == mark)
                self.assertEqual((line["tls_version"], line["tls_server_name"]), (name, "localhost"))
                self.assertEqual(line["tls_resumed"], number == 1)
                self.assertTrue(line["tls_cipher"].startswith("TLS_"), line)
                if version == ssl.TLSVersion.TLSv1_3:
                    self.assertEqual(line["tls_cipher"], cipher)

    def exchange(self, request):
        """Everything that comes back until the end of the connection."""
        stream = self.connect()
        stream.sendall(request)
        data = b""
        while piece := stream.recv(65536):
            data += piece
        return data

    def test_large_bodies_pass_both_ways(self):
        body = os.urandom(3 * 1024 * 1024)
        head = f"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        answer = self.exchange(head.encode() + body)
        self.assertIn(hashlib.sha256(body).hexdigest().encode(), answer)
        size = 5 * 1024 * 1024
        answer = self.exchange(f"GET /stream?bytes={size} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        self.assertEqual(len(answer.split(b"\r\n\r\n", 1)[1]), size)

    def test_the_upstream_learns_that_it_was_https(self):
        answer = self.exchange(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertIn(b'"x-forwarded-proto":"https"', answer)

    def test_plain_text_and_silence_cost_only_themselves(self):
        with socket.create_connection(self.sluice.address, timeout=30) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"HTTP/1.1 200", plain.recv(65536))
        quick = self.gateway(None, RESPOND, {"tls": {"certificates": [self.local], "handshake_timeout": "200ms"}})
        with socket.create_connection(quick.address, timeout=30) as silent:
            self.assertEqual(silent.recv(1), b"")
        self.assertEqual(get(self.connect(gateway=quick))[0], 200)

    def test_a_flood_of_handshakes_is_capped_and_passes(self):
        tls = {"certificates": [self.local], "handshakes": 8, "handshake_timeout": "60s"}
        sluice = self.gateway(None, RESPOND, {"tls": tls})
        served = self.connect(gateway=sluice)
        self.assertEqual(get(served)[0], 200)
        flood = [socket.create_connection(sluice.address, timeout=30) for _ in range(40)]
        for one in flood:
            self.addCleanup(one.close)

        def refused():
            counted = Metrics(sluice.admin("/metrics")[1])
            return counted.sum("sluice_connections_closed_total", reason="over_limit")

        wait_until(lambda: refused() == 32, "all but eight are closed at once")
        self.assertEqual(get(served)[0], 200)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.connect(gateway=sluice)
        for one in flood:
            one.close()
        wait_until(lambda: self.serves(sluice), "it serves again")

    def serves(self, gateway):
        try:
            return get(self.connect(gateway=gateway))[0] == 200
        except (ssl.SSLError, ConnectionError):
            return False

    def test_mutual_tls_wants_a_certificate_and_one_host_a_connection(self):
        auth = {"mode": "required", "ca": self.client["certificate"]}
        strict = self.gateway(None, RESPOND, {"tls": {"certificates": [self.local], "client_auth": auth}})
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            get(self.connect(gateway=strict))
        context = self.context(self.local)
        context.load_cert_chain(self.client["certificate"], self.client["private_key"])
        stream = self.connect(context, gateway=strict)
        self.assertEqual(get(stream)[0], 200)
        status, problem = get(stream, host="other.example.com")
        self.assertEqual(status, 421)
        self.assertIn(b'"reason":"misdirected"', problem)

    def test_mutual_tls_knows_the_host_of_a_resumed_connection(self):
        auth = {"mode": "required", "ca": self.client["certificate"]}
        strict = self.gateway(None, RESPOND, {"tls": {"certificates": [self.local], "client_auth": auth}})
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(self.local, minimum_version=version, maximum_version=version)
            context.load_cert_chain(self.client["certificate"], self.client["private_key"])
            first = self.connect(context, gateway=strict)
            get(first)
            again = self.connect(context, gateway=strict, session=first.session)
            self.assertTrue(again.session_reused, version)
            self.assertEqual(get(again)[0], 200)
            self.assertEqual(get(again, host="other.example.com")[0], 421)

    def test_upstreams_are_verified(self):
        endpoint = self.sluice.addresses[0]
        good = {"endpoints": endpoint, "tls": {"server_name": "localhost", "ca": self.local["certificate"]}}
        upstreams = {
            "good": good,
            "other_name": {**good, "tls": {**good["tls"], "server_name": "elsewhere"}},
            "other_ca": {**good, "tls": {**good["tls"], "ca": self.client["certificate"]}},
            "careless": {"endpoints": endpoint, "tls": {"verify": False}},
            "plain": {"endpoints": self.node.endpoint, "tls": {"verify": False}},
        }
        routes = [{"match": {"path": f"/{name}"}, "upstream": name, "rewrite": {"path": "/small"}} for name in upstreams]
        front = self.gateway(upstreams, routes)
        answers = {}
        for name in upstreams:
            with socket.create_connection(front.address, timeout=30) as stream:
                answers[name] = [get(stream, f"/{name}") for _ in range(2)]
        for name in ("good", "careless"):
            self.assertEqual(answers[name], 2 * [(200, BODY.encode())], name)
        for name in ("other_name", "other_ca"):
            self.assertEqual(answers[name][0][0], 502, name)
            self.assertIn(b"upstream_certificate_invalid", answers[name][0][1])
        self.assertEqual(answers["plain"][0][0], 502)
        self.assertIn(b"upstream_tls_failed", answers["plain"][0][1])

    def test_an_upstream_that_wants_a_certificate_says_so_behind_the_handshake_of_tls_1_3(self):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.client["certificate"])
        context.load_cert_chain(self.local["certificate"], self.local["private_key"])
        context.verify_mode, context.minimum_version = ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["h2", "http/1.1"])

        def refuse(peer):
            secured = context.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
            with contextlib.suppress(ssl.SSLError):
                secured.do_handshake()
            # A close with bytes unread would reset the connection, and the alert with it.
            with socket.socket(fileno=secured.detach()) as raw:
                while raw.recv(65536):
                    pass

        trust = {"server_name": "localhost", "ca": self.local["certificate"]}
        for protocol in ("http/1.1", "h2"):
            origin = self.scripted(refuse)
            front = self.gateway({"origin": {"endpoints": origin.endpoint, "tls": trust, "protocol": protocol}}, [{"upstream": "origin"}])
            with self.subTest(protocol), socket.create_connection(front.address, timeout=30) as stream:
                status, problem = get(stream)
                self.assertEqual((status, json.loads(problem)["reason"]), (502, "upstream_tls_failed"))

    def test_a_certificate_is_read_when_it_is_first_wanted_and_tried_again_when_it_could_not_be(self):
        own = Certificates(self.folder)
        late = own.make("late", "late.example.com")
        sluice = self.gateway(None, RESPOND, {"tls": {"certificates": [self.local, late]}})
        key = Path(late["private_key"])
        away = key.rename(key.with_suffix(".away"))
        with self.assertRaises(ssl.SSLError):
            self.connect(self.context(late), "late.example.com", gateway=sluice)
        self.assertEqual(get(self.connect(gateway=sluice))[0], 200)
        away.rename(key)
        self.assertEqual(get(self.connect(self.context(late), "late.example.com", gateway=sluice))[0], 200)
        key.unlink()
        self.assertEqual(get(self.connect(self.context(late), "late.example.com", gateway=sluice))[0], 200)

    def test_sessions_with_upstreams_are_resumed(self):
        listener = {"tls": {"certificates": [self.local]}, "limits": {"requests_per_connection": 1}}
        origin = self.gateway(None, RESPOND, listener)
        upstream = {"endpoints": origin.addresses[0], "tls": {"server_name": "localhost", "ca": self.local["certificate"]}}
        front = self.gateway({"origin": upstream}, [{"upstream": "origin"}])
        with socket.create_connection(front.address, timeout=30) as stream:
            for _ in range(5):
                self.assertEqual(get(stream)[0], 200)
        counted = Metrics(origin.admin("/metrics")[1])
        handshakes = {one: counted.sum("sluice_tls_handshakes_total", result=one) for one in ("full", "resumed")}
        self.assertEqual(handshakes, {"full": 1, "resumed": 4})

    def test_files_that_do_not_fit_are_located(self):
        wrong = {"certificate": self.local["certificate"], "private_key": self.api["private_key"]}
        config = configuration(None, RESPOND, {"tls": {"certificates": [wrong]}})
        path = self.folder / "wrong.yaml"
        with self.assertRaises(AssertionError) as caught:
            Gateway(config, self.folder, "wrong")
        self.assertIn(f"{path}:", str(caught.exception))
        self.assertIn("the key does not belong to the certificate", str(caught.exception))

    def test_a_certificate_that_would_not_be_served_is_located(self):
        small = Certificates(self.folder).make("small", "small.example.com", key=["rsa:1024"])
        with self.assertRaises(AssertionError) as caught:
            Gateway(configuration(None, RESPOND, {"tls": {"certificates": [self.local, small]}}), self.folder, "small")
        self.assertIn(f"certificate: {small['certificate']}: the certificate cannot be shown: ee key too small", str(caught.exception))

    def test_the_log_says_why_a_certificate_cannot_be_shown_any_more(self):
        late = Certificates(self.folder).make("late", "late.example.com")
        sluice = self.gateway(None, RESPOND, {"tls": {"certificates": [self.local, late]}})
        Path(late["private_key"]).write_text(Path(self.api["private_key"]).read_text())
        for _ in range(3):
            with self.assertRaises(ssl.SSLError):
                self.connect(self.context(late), "late.example.com", gateway=sluice)
        line = f"listener main: {late['private_key']}: the key does not belong to the certificate"
        wait_until(lambda: line in sluice.err(), "the fault is logged")
        self.assertEqual(sluice.err().count(line), 1)

    def test_the_log_does_not_show_what_a_placeholder_stands_for(self):
        path = self.folder / "hush.txt"
        path.write_text("/no/hush")
        output = f"${{file:{path}}}"
        with self.assertRaises(AssertionError) as caught:
            Gateway(configuration(None, RESPOND, access_log={"output": output}), self.folder, "output")
        self.assertIn(f"access_log.output: {output}: No such file or directory", str(caught.exception))
        self.assertNotIn("/no/hush", str(caught.exception).replace(str(path), ""))
        path.write_text(self.sluice.addresses[0])
        with self.assertRaises(AssertionError) as caught:
            Gateway(configuration(None, RESPOND, {"address": output}), self.folder, "address")
        self.assertIn(f"cannot listen on {output}: Address already in use", str(caught.exception))
        self.assertNotIn(self.sluice.addresses[0], str(caught.exception))

    def test_the_end_of_a_certificate_is_a_metric(self):
        metrics = Metrics(self.sluice.admin("/metrics")[1])
        until = metrics.sum("sluice_certificate_not_after_seconds", certificate=self.local["certificate"])
        made = os.path.getmtime(self.local["certificate"])
        self.assertAlmostEqual(until, made + 3 * 86400, delta=60)
