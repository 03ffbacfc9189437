"""A changed configuration while the gateway serves: all of it or nothing, and only what changed."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading

from support.case import EndToEnd, needs
from support.certificates import Certificates
from support.gateway import binary, host_port, sanitized
from support.peers import answering
from support.waiting import wait_until
from support.websocket import TEXT, WebSocket
from support.wire import Connection, ask, head

KEY = "a-key-for-the-admin-listener"


class Reloading(EndToEnd):
    """`self.config` is what the running gateway's file says; `change()` writes it anew."""

    def start(self, *args, **rest):
        rest.setdefault("admin", {"address": "127.0.0.1:0", "key": KEY})
        self.sluice = self.gateway(*args, **rest)
        self.config = json.loads(self.sluice.config_path.read_text())
        return self.sluice

    def write(self):
        """As editors and `kubectl cp` do it: whole, under another name, then renamed."""
        path = self.sluice.config_path
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(self.config))
        fresh.rename(path)

    def post(self, key=KEY, method="POST"):
        connection = http.client.HTTPConnection(*host_port(self.sluice.admin_address), timeout=60)
        try:
            connection.request(method, "/reload", headers={"Authorization": f"Bearer {key}"} if key else {})
            response = connection.getresponse()
            return response.status, json.loads(response.read()), response.headers
        finally:
            connection.close()

    def reload(self):
        """Writes the configuration and takes it into force; the answer."""
        self.write()
        status, answer, _ = self.post()
        self.assertEqual(status, 200, answer)
        return answer

    def body(self, target="/", address=None):
        return ask(address or self.sluice.address, head("GET", target)).body

    def metric(self, line):
        """The number behind a metric's name and labels; 0 where it has not occurred."""
        found = re.search("^" + re.escape(line) + r" (\S+)$", self.sluice.admin("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else 0.0


def responding(text, name="answer", path="/*"):
    return {"name": name, "match": {"path": path}, "respond": {"body": text}}


class Answers(Reloading):
    def test_a_changed_route_is_in_force_once_the_answer_is_there(self):
        self.start(None, [responding("one"), responding("still", "other", "/other")])
        self.assertEqual(self.body(), b"one")
        self.config["routes"][0]["respond"]["body"] = "two"
        answer = self.reload()
        self.assertEqual(answer["summary"], "1 route changed, 0 streams cut, 0 counters reset")
        self.assertEqual(answer["routes"], {"added": [], "changed": ["answer"], "removed": []})
        self.assertEqual(self.body(), b"two")
        self.assertEqual(self.body("/other"), b"still")

    def test_the_same_settings_written_otherwise_are_no_change(self):
        self.start(None, [responding("one")])
        self.config["routes"][0]["timeout"] = "60s"  # the default
        self.config["routes"][0]["respond"]["status"] = 200
        self.assertEqual(self.reload()["summary"], "nothing changed, 0 streams cut, 0 counters reset")

    def test_sighup_reloads_and_says_so_in_the_log(self):
        self.start(None, [responding("one")])
        self.config["routes"][0]["respond"]["body"] = "two"
        self.write()
        self.sluice.send_signal(signal.SIGHUP)
        wait_until(lambda: "reload by SIGHUP: 1 route changed" in self.sluice.err(), "the reload")
        self.assertEqual(self.body(), b"two")

    def test_a_change_wants_the_key(self):
        self.start(None, [responding("one")])
        status, answer, headers = self.post(key=None)
        self.assertEqual((status, answer["reason"], headers["WWW-Authenticate"]), (401, "unauthorized", "Bearer"))
        self.assertEqual(self.post(key=KEY[:-1] + "?")[0], 401)
        self.assertEqual(self.post(key=KEY + "?")[0], 401)
        status, _, headers = self.post(method="GET")
        self.assertEqual((status, headers["Allow"]), (405, "POST"))
        self.assertEqual(self.metric('sluice_config_reloads_total{result="taken"}'), 0)
        self.assertNotIn(KEY, self.sluice.admin("/config")[1])

    def test_without_a_key_nobody_changes_anything_over_tcp(self):
        self.start(None, [responding("one")], admin={"address": "127.0.0.1:0"})
        status, answer, _ = self.post()
        self.assertEqual((status, answer["reason"]), (403, "forbidden"))
        self.assertIn("admin.key", answer["detail"])

    def test_on_a_unix_socket_its_mode_decides(self):
        path = self.folder / "admin.sock"
        self.start(None, [responding("one")], admin={"address": f"unix:{path}"})
        self.config["routes"][0]["respond"]["body"] = "two"
        self.write()
        said = self.curl("--unix-socket", path, "-X", "POST", "http://admin/reload")
        self.assertTrue(json.loads(said)["reloaded"])
        self.assertEqual(self.body(), b"two")

    def test_what_only_a_start_can_change_is_named_each_time(self):
        self.start(None, [responding("one")])
        self.config["workers"] = 1
        for _ in range(2):
            self.assertEqual(self.reload()["at_next_start"], ["workers"])
        self.assertEqual(json.loads(self.sluice.admin("/config")[1])["workers"], 2)

    def test_diff_says_the_same_without_doing_it(self):
        self.start({"a": ["127.0.0.1:1"]}, [responding("one"), {"name": "up", "match": {"host": "up.test"}, "upstream": "a"}])
        old = self.folder / "old.yaml"
        old.write_text(self.sluice.config_path.read_text())
        self.config["routes"][0]["respond"]["body"] = "two"
        self.config["upstreams"]["b"] = ["127.0.0.1:2"]
        self.write()
        words = [binary(), "diff", old, self.sluice.config_path]
        text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        self.assertEqual(text.splitlines(), ["~ route answer", "+ upstream b",
                                             "1 route changed, 1 upstream added, 0 streams cut, 0 counters reset"])
        as_json = json.loads(subprocess.run([*words, "--json"], capture_output=True, text=True, check=True).stdout)
        self.assertEqual(self.body(), b"one")
        answer = self.reload()
        del answer["reloaded"]
        self.assertEqual(answer, as_json)


class Refused(Reloading):
    """What is wrong is said in three places, and traffic goes on."""

    def assert_refused(self, part, change):
        kept = json.dumps(self.config)
        change(self.config)
        self.write()
        status, answer, _ = self.post()
        self.assertEqual(status, 422, answer)
        self.assertFalse(answer["reloaded"])
        self.assertTrue(any(part in problem["problem"] for problem in answer["problems"]), answer)
        self.assertTrue(all(problem["line"] > 0 for problem in answer["problems"]), answer)
        self.assertIn(part, self.sluice.err())
        ready, page = self.sluice.admin("/readyz")
        self.assertEqual((ready, json.loads(page)["config_stale"]), (200, True))
        self.assertIn(part, page.replace('\\"', '"'))
        self.assertEqual(self.metric("sluice_config_stale"), 1)
        self.assertEqual(self.body(), b"one")
        self.config = json.loads(kept)

    def test_a_broken_file_leaves_everything_as_it_is(self):
        self.start(None, [responding("one")])
        self.assert_refused("no upstream is named", lambda c: c["routes"].append({"upstream": "nowhere"}))
        self.assert_refused("there is no key", lambda c: c.update(rutes=[]))
        self.assert_refused("there is no such file", lambda c: c["listeners"].append(
            {"address": "127.0.0.1:0", "name": "tls", "tls": {"certificates": [
                {"certificate": "/nowhere.crt", "private_key": "/nowhere.key"}]}}))
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        self.assert_refused("cannot listen there", lambda c: c["listeners"].append(
            {"address": f"127.0.0.1:{taken.getsockname()[1]}", "name": "taken"}))
        self.assertEqual(self.metric('sluice_config_reloads_total{result="refused"}'), 4)
        self.reload()
        self.assertEqual(self.metric("sluice_config_stale"), 0)
        self.assertEqual(json.loads(self.sluice.admin("/readyz")[1]), {"ready": True, "config_stale": False})

    def test_half_a_file_is_refused(self):
        self.start(None, [responding("one")])
        whole = self.sluice.config_path.read_text()
        for length in range(0, len(whole) - 2, 97):
            self.sluice.config_path.write_text(whole[:length])
            self.assertEqual(self.post()[0], 422, whole[:length])
            self.assertEqual(self.body(), b"one")


@needs("node")
class Streams(Reloading):
    """What is under way goes on, on parts that stay and on parts that change."""

    def setUp(self):
        super().setUp()
        self.origin = self.node()

    def streams(self):
        routes = [{"name": "stays", "match": {"path": "/stays"}, "upstream": "stays"},
                  {"name": "changes", "match": {"path": "/changes"}, "upstream": "changes"},
                  {"name": "goes", "match": {"path": "/goes"}, "upstream": "goes"}, responding("one")]
        endpoints = [self.origin.endpoint]
        self.start({name: list(endpoints) for name in ("stays", "changes", "goes")}, routes)
        return [WebSocket(self.sluice.address, target=f"/{name}") for name in ("stays", "changes", "goes")]

    def test_tunnels_outlive_the_routes_and_upstreams_that_they_came_by(self):
        tunnels = self.streams()
        self.config["routes"][1]["timeout"] = "7s"
        self.config["upstreams"]["changes"] = {"endpoints": [self.origin.endpoint], "timeouts": {"connect": "2s"}}
        del self.config["routes"][2]
        del self.config["upstreams"]["goes"]
        self.assertEqual(self.reload()["summary"], "1 route changed, 1 route removed, 1 upstream changed, "
                         "1 upstream removed, 0 streams cut, 0 counters reset")
        for tunnel in tunnels:
            self.assertEqual(tunnel.echoed(TEXT, b"still here"), (TEXT, b"still here"))
            tunnel.close()
        with WebSocket(self.sluice.address, target="/changes") as fresh:
            self.assertEqual(fresh.echoed(TEXT, b"new"), (TEXT, b"new"))

    def test_tunnels_outlive_a_change_of_their_listener_and_new_clients_see_it(self):
        tunnels = self.streams()
        self.config["listeners"][0]["limits"] = {"header_count": 5}
        self.assertEqual(self.reload()["listeners"]["changed"], ["main"])
        for tunnel in tunnels:
            self.assertEqual(tunnel.echoed(TEXT, b"still here"), (TEXT, b"still here"))
            tunnel.close()
        many = tuple(f"x-{i}: 1" for i in range(5))
        self.assertEqual(ask(self.sluice.address, head("GET", "/", *many)).status, 431)

    def test_an_idle_client_of_a_changed_listener_is_told_to_come_back(self):
        self.start(None, [responding("one")])
        with Connection(self.sluice.address) as client:
            client.send(head("GET", "/"))
            self.assertEqual(client.read_response().body, b"one")
            self.config["listeners"][0]["limits"] = {"header_count": 50}
            self.reload()
            client.send(head("GET", "/"))
            response = client.read_response()
            self.assertEqual((response.body, response.field("connection")), (b"one", "close"))

    def test_connections_to_an_upstream_that_stays_are_kept(self):
        self.start({"node": [self.origin.endpoint]}, [{"name": "node", "match": {"path": "/*"}, "upstream": "node"}],
                   workers=1)
        self.assertEqual(ask(self.sluice.address, head("GET", "/echo")).status, 200)
        for turn in range(10):
            self.config["routes"][0]["timeout"] = f"{turn + 1}s"
            self.config["upstreams"][f"other-{turn}"] = ["127.0.0.1:1"]
            self.reload()
            self.assertEqual(ask(self.sluice.address, head("GET", "/echo")).status, 200)
        self.assertEqual(self.metric('sluice_upstream_connections_opened_total{upstream="node"}'), 1)
        counted = 'sluice_requests_total{route="node",method="GET",status_class="2xx",reason="none"}'
        self.assertEqual(self.metric(counted), 11)


class Listeners(Reloading):
    def free_port(self):
        with socket.create_server(("127.0.0.1", 0)) as one:
            return one.getsockname()[1]

    def test_they_come_and_go_without_the_others(self):
        self.start(None, [responding("one")])
        first = Connection(self.sluice.address)
        self.addCleanup(first.close)
        first.send(head("GET", "/"))
        self.assertEqual(first.read_response().body, b"one")
        port = self.free_port()
        self.config["listeners"].append({"name": "second", "address": f"127.0.0.1:{port}"})
        self.assertEqual(self.reload()["listeners"]["added"], ["second"])
        self.assertEqual(self.body(address=("127.0.0.1", port)), b"one")
        second = Connection(("127.0.0.1", port))
        self.addCleanup(second.close)
        second.send(head("GET", "/"))
        self.assertEqual(second.read_response().body, b"one")
        self.config["listeners"].pop()
        self.assertEqual(self.reload()["listeners"]["removed"], ["second"])
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        second.send(head("GET", "/"))  # who is there is served, and told
        response = second.read_response()
        self.assertEqual((response.body, response.field("connection")), (b"one", "close"))
        first.send(head("GET", "/"))
        response = first.read_response()
        self.assertEqual((response.body, response.field("connection")), (b"one", None))

    def test_an_answer_says_that_what_is_removed_is_closed(self):
        self.start(None, [responding("one")])
        for _ in range(30):
            port = self.free_port()
            self.config["listeners"].append({"name": "second", "address": f"127.0.0.1:{port}"})
            self.reload()
            self.config["listeners"].pop()
            self.reload()
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=5).close()

    def test_a_port_that_the_gateway_itself_holds_is_said_so(self):
        port = self.free_port()
        self.start(None, [responding("one")], {"address": f"127.0.0.1:{port}"})
        self.config["listeners"][0]["address"] = f"0.0.0.0:{port}"
        self.write()
        status, answer, _ = self.post()
        self.assertEqual(status, 422)
        self.assertIn(f"this gateway itself listens on 127.0.0.1:{port}", answer["problems"][0]["hint"])

    def test_a_unix_socket_is_removed_with_its_listener(self):
        self.start(None, [responding("one")])
        path = self.folder / "second.sock"
        self.config["listeners"].append({"name": "second", "address": f"unix:{path}"})
        self.reload()
        self.assertEqual(self.curl("--unix-socket", path, "http://a/"), b"one")
        self.config["listeners"].pop()
        self.reload()
        self.assertFalse(path.exists())


class Watched(Reloading):
    """`reload.watch`: nobody asks."""

    def test_a_file_that_is_written_in_place_or_replaced_is_taken(self):
        self.start(None, [responding("0")], reload={"watch": True})
        for turn in range(1, 5):
            self.config["routes"][0]["respond"]["body"] = str(turn)
            if turn % 2:
                self.sluice.config_path.write_text(json.dumps(self.config))
            else:
                self.write()
            wait_until(lambda wanted=b"%d" % turn: self.body() == wanted, "the change")
        self.assertIn("reload by a changed file: 1 route changed", self.sluice.err())

    def test_what_was_refused_is_taken_once_it_is_mended(self):
        self.start(None, [responding("one")], reload={"watch": True})
        whole = self.sluice.config_path.read_text()
        self.sluice.config_path.write_text(whole[:-40])
        wait_until(lambda: self.metric("sluice_config_stale") == 1, "the file is refused")
        self.assertEqual(self.body(), b"one")
        self.sluice.config_path.write_text(whole.replace("one", "two"))
        wait_until(lambda: self.body() == b"two", "the change")
        self.assertEqual(self.metric("sluice_config_stale"), 0)

    def test_included_files_come_change_and_go(self):
        folder = self.folder / "conf.d"
        folder.mkdir()
        self.start(None, [responding("main")], reload={"watch": True}, include="conf.d/*.yaml")
        part = folder / "10-part.yaml"
        part.write_text(json.dumps({"routes": [responding("first", "part", "/part")]}))
        wait_until(lambda: self.body("/part") == b"first", "the new file")
        part.write_text(json.dumps({"routes": [responding("second", "part", "/part")]}))
        wait_until(lambda: self.body("/part") == b"second", "the changed file")
        part.write_text("routes: [{ nmae: x }]\n")
        wait_until(lambda: f"{part}:1:12: routes[" in self.sluice.err(), "the place of the mistake")
        self.assertEqual(self.body("/part"), b"second")
        part.write_text(json.dumps({"routes": [responding("third", "part", "/part")]}))
        wait_until(lambda: self.body("/part") == b"third", "the mended file")
        folder.rename(self.folder / "elsewhere")
        wait_until(lambda: "there is no folder" in self.sluice.err(), "a folder that is gone is no wish")
        self.assertEqual(self.body("/part"), b"third")
        (self.folder / "elsewhere").rename(folder)
        wait_until(lambda: self.metric("sluice_config_stale") == 0, "it is back")
        part.unlink()
        wait_until(lambda: self.body("/part") == b"main", "the file is gone")

    def test_a_config_map_is_taken_when_its_link_is_swapped(self):
        """As the kubelet does it: file -> ..data/file, and ..data, a link to a folder, is replaced."""
        def release(name):
            (self.folder / name).mkdir()
            (self.folder / name / "sluice.yaml").write_text(json.dumps(self.config))
            os.symlink(name, self.folder / "..data_tmp")
            os.rename(self.folder / "..data_tmp", self.folder / "..data")

        self.start(None, [responding("0")], reload={"watch": True})
        release("..2026_1")
        self.sluice.config_path.unlink()
        self.sluice.config_path.symlink_to("..data/sluice.yaml")
        for turn in range(1, 4):
            self.config["routes"][0]["respond"]["body"] = str(turn)
            release(f"..2026_{turn + 1}")
            wait_until(lambda wanted=b"%d" % turn: self.body() == wanted, "the change")


class CertificateFiles(Reloading):
    """New handshakes see a new certificate, and a broken one leaves the old one in use."""

    def shown(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(self.sluice.address, timeout=30) as plain:
            with context.wrap_socket(plain, server_hostname="api.test") as secure:
                return secure.getpeercert(binary_form=True)

    @staticmethod
    def on_disk(pair):
        return ssl.PEM_cert_to_DER_cert(open(pair["certificate"], encoding="ascii").read())

    def test_they_are_swapped_when_their_files_change(self):
        certificates = Certificates(self.folder)
        pair = certificates.make("api", "api.test")
        self.start(None, [responding("one")], {"tls": {"certificates": [pair]}}, reload={"watch": True})
        first = self.on_disk(pair)
        self.assertEqual(self.shown(), first)
        certificates.make("api", "api.test")
        second = self.on_disk(pair)
        self.assertNotEqual(first, second)
        wait_until(lambda: self.shown() == second, "the new certificate")
        stale = f'sluice_certificate_stale{{listener="main",certificate="{pair["certificate"]}"}}'
        self.assertEqual(self.metric(stale), 0)
        with open(pair["certificate"], "w", encoding="ascii") as file:
            file.write("-----BEGIN CERTIFICATE-----\nAAAA\n")
        wait_until(lambda: self.metric(stale) == 1, "the broken one is refused")
        self.assertEqual(self.shown(), second)
        self.assertTrue(json.loads(self.sluice.admin("/readyz")[1])["problems"])
        status, answer, _ = self.post()
        self.assertEqual((status, answer["reloaded"]), (200, True))
        self.assertTrue(answer["problems"], answer)
        certificates.make("api", "api.test")
        wait_until(lambda: self.shown() == self.on_disk(pair), "the mended one")
        wait_until(lambda: self.metric(stale) == 0, "nothing is stale")


class Endpoints(Reloading):
    def test_those_that_stay_keep_their_connections(self):
        origins = [self.scripted(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % i)) for i in range(3)]
        first, second, third = (origin.endpoint for origin in origins)
        self.start({"up": [first, second]}, workers=1)
        self.assertEqual({self.body() for _ in range(4)}, {b"0", b"1"})
        opened = 'sluice_upstream_connections_opened_total{upstream="up"}'
        self.assertEqual(self.metric(opened), 2)
        self.config["upstreams"]["up"] = [second, third]
        answer = self.reload()
        self.assertEqual(answer["endpoints"], ["up"])
        self.assertIn("endpoints of 1 upstream changed, 0 streams cut", answer["summary"])
        self.assertEqual({self.body() for _ in range(4)}, {b"1", b"2"})
        self.assertEqual(self.metric(opened), 3)

    def test_a_watched_file_of_endpoints_is_followed_and_a_broken_one_is_not(self):
        origins = [self.scripted(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % i)) for i in range(2)]
        listed = self.folder / "endpoints.json"
        listed.write_text(json.dumps([origins[0].endpoint]))
        self.start({"up": {"endpoints_file": str(listed)}}, reload={"watch": True})
        self.assertEqual(self.body(), b"0")
        listed.write_text(json.dumps([{"address": origins[1].endpoint}]))
        wait_until(lambda: self.body() == b"1", "the other endpoint")
        listed.write_text("")
        wait_until(lambda: "the file is empty; write [] for no endpoints" in self.sluice.err(), "nothing is no list")
        listed.write_text('[{"adress": "127.0.0.1:1"}]')
        wait_until(lambda: f"{listed}:1:3" in self.sluice.err(), "the mistake")
        self.assertEqual(self.body(), b"1")
        self.assertEqual(self.metric("sluice_config_stale"), 1)


class Load(Reloading):
    """Reloads one after another while clients ask. `SLUICE_E2E_RELOADS` sets how many; 1,000 for a long look."""

    def test_no_request_fails_and_nothing_is_left_behind(self):
        origin = self.scripted(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        self.start({"up": [origin.endpoint], "other": ["127.0.0.1:1"]},
                   [{"name": "up", "match": {"path": "/*"}, "upstream": "up"},
                    {"name": "other", "match": {"path": "/other"}, "upstream": "other"}])
        stop, failures, served = threading.Event(), [], [0] * 4

        def client(number):
            while not stop.is_set():
                try:
                    with Connection(self.sluice.address) as connection:
                        for _ in range(20):
                            connection.send(head("GET", "/"))
                            response = connection.read_response()
                            if response.status != 200 or response.body != b"ok":
                                failures.append(response)
                            served[number] += 1
                            if response.field("connection") == "close":
                                break
                except (OSError, ValueError) as error:
                    failures.append(error)

        clients = [threading.Thread(target=client, args=(number,)) for number in range(len(served))]
        for one in clients:
            one.start()
        count = int(os.environ.get("SLUICE_E2E_RELOADS", "60"))
        seen = []
        try:
            for turn in range(count):
                self.config["routes"][turn % 2]["timeout"] = f"{turn + 10}s"
                self.config["listeners"][0]["limits"] = {"header_count": 50 + turn // 10}
                self.config["upstreams"]["other"] = {"endpoints": ["127.0.0.1:1"],
                                                     "timeouts": {"connect": f"{turn + 1}ms"}}
                before = sum(served)
                self.reload()
                wait_until(lambda asked=before: sum(served) > asked or failures, "requests between reloads")
                if turn >= count // 3:
                    seen.append((len(os.listdir(f"/proc/{self.sluice.pid}/fd")), self.resident()))
        finally:
            stop.set()
            for one in clients:
                one.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.metric('sluice_config_reloads_total{result="taken"}'), count)
        self.assertLess(max(fds for fds, _ in seen), min(fds for fds, _ in seen) + 20)
        if not sanitized():
            half = len(seen) // 2
            first, last = (max(rss for _, rss in part) for part in (seen[:half], seen[half:]))
            self.assertLess(last, first * 1.1 + 4096, "KiB of resident memory")

    def resident(self):
        with open(f"/proc/{self.sluice.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    def test_a_storm_of_signals_ends_with_the_last_configuration(self):
        self.start(None, [responding("0")])
        for turn in range(200):
            self.config["routes"][0]["respond"]["body"] = str(turn)
            self.write()
            self.sluice.send_signal(signal.SIGHUP)
        wait_until(lambda: self.body() == b"199", "the last configuration")
        self.assertNotIn("refused", self.sluice.err())

    def test_a_reload_that_is_under_way_does_not_keep_the_process_from_ending(self):
        self.start(None, [responding("0")])
        for turn in range(50):
            self.config["routes"][0]["respond"]["body"] = str(turn)
            self.write()
            self.sluice.send_signal(signal.SIGHUP)
        self.sluice.send_signal(signal.SIGTERM)
        self.assertEqual(self.sluice.wait(), 0, self.sluice.err())
