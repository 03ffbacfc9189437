"""How the gateway starts, refuses to start, and ends."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time

from support.case import EndToEnd
from support.gateway import Gateway, binary, configuration, sanitized
from support.peers import read_head
from support.process import Process
from support.stream import Malformed
from support.waiting import wait_until
from support.wire import Connection, ask, head

RESPOND = [{"respond": {"body": "hello\n"}}]


class Held:
    """An origin's script whose responses wait until they are let go."""

    def __init__(self):
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, peer):
        while read_head(peer)[0]:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            self.asked.set()
            self.let_go.wait(60)
            peer.sendall(b"half")


class Ending(EndToEnd):
    def setUp(self):
        super().setUp()
        self.held = Held()
        self.origin = self.scripted(self.held)
        self.addCleanup(self.held.let_go.set)

    def slow_exchange(self, **rest):
        """A gateway with a response half sent, and the client's connection."""
        sluice = self.gateway({"slow": [self.origin.endpoint]}, **rest)
        client = Connection(sluice.address)
        self.addCleanup(client.close)
        client.send(head("GET", "/"))
        self.assertTrue(self.held.asked.wait(30))
        response = client.read_head()
        self.assertEqual(client.exactly(4), b"half")
        self.assertEqual(response.status, 200)
        return sluice, client

    def finishes(self, number):
        sluice, client = self.slow_exchange(shutdown={"drain": "30s"})
        idle = Connection(sluice.address)
        self.assertEqual(sluice.admin("/readyz")[0], 200)
        sluice.send_signal(number)
        wait_until(lambda: sluice.admin("/readyz")[0] == 503, "readyz turns 503")
        self.assertEqual(sluice.admin("/healthz")[0], 200)
        wait_until(lambda: not sluice.accepts(), "the listener closes")
        self.assertTrue(idle.at_end())  # without a grace an idle connection is closed at once
        idle.close()
        self.held.let_go.set()
        self.assertEqual(client.exactly(4), b"half")
        self.assertEqual(sluice.wait(), 0, sluice.err())
        self.assertIn("nothing was cut", sluice.err())

    def test_sigterm_lets_a_slow_response_finish(self):
        self.finishes(signal.SIGTERM)

    def test_sigint_does_the_same(self):
        self.finishes(signal.SIGINT)

    def test_busy_connections_are_told_before_they_end_and_lose_nothing(self):
        sluice = self.gateway(None, RESPOND, shutdown={"drain": "30s", "grace": "1s"})
        lost, served = [], []

        def ask_until_told(client):
            try:
                while client.ask(head("GET", "/")).field("connection") != "close":
                    served.append(1)
            except (Malformed, OSError) as error:
                lost.append(error)

        clients = [Connection(sluice.address) for _ in range(20)]
        threads = [threading.Thread(target=ask_until_told, args=(client,)) for client in clients]
        idle = Connection(sluice.address)
        for thread in threads:
            thread.start()
        wait_until(lambda: len(served) > 200, "they are busy")
        sluice.send_signal(signal.SIGTERM)
        wait_until(lambda: sluice.admin("/readyz")[0] == 503, "readyz turns 503")
        late = ask(sluice.address, head("GET", "/"))
        self.assertEqual((late.status, late.field("connection")), (200, "close"))
        for thread in threads:
            thread.join()
        self.assertEqual(lost, [])
        self.assertTrue(idle.at_end())  # only then
        self.assertEqual(sluice.wait(), 0, sluice.err())
        self.assertIn("nothing was cut", sluice.err())

    def test_the_grace_is_no_longer_than_the_drain_and_a_second_signal_ends_it_too(self):
        sluice = self.gateway(None, RESPOND, shutdown={"drain": "100ms", "grace": "1h"})
        sluice.send_signal(signal.SIGTERM)
        self.assertEqual(sluice.wait(), 0, sluice.err())
        sluice = self.gateway(None, RESPOND, shutdown={"drain": "1h", "grace": "1h"})
        sluice.send_signal(signal.SIGTERM)
        wait_until(lambda: "draining" in sluice.err(), "it drains")
        wait_until(lambda: not sluice.running or sluice.send_signal(signal.SIGTERM), "a second signal ends it")
        self.assertEqual(sluice.wait(), 1)

    def test_the_drain_deadline_cuts_what_is_left_and_says_how_many(self):
        sluice, client = self.slow_exchange(shutdown={"drain": "200ms"})
        sluice.send_signal(signal.SIGTERM)
        self.assertEqual(sluice.wait(), 0, sluice.err())
        self.assertIn("1 connection was cut", sluice.err())
        with self.assertRaises((Malformed, ConnectionResetError)):
            client.exactly(4)
        self.assertEqual([(line["status"], line["reason"]) for line in sluice.access_log()], [(200, "drained")])

    def test_the_drain_deadline_cuts_what_still_waits_for_its_response_too(self):
        asked = threading.Event()
        silent = self.scripted(lambda peer: read_head(peer) and asked.set() or peer.recv(1))
        sluice = self.gateway({"silent": [silent.endpoint]}, shutdown={"drain": "100ms"})
        client = Connection(sluice.address)
        self.addCleanup(client.close)
        client.send(head("GET", "/"))
        self.assertTrue(asked.wait(30))
        began = time.monotonic()
        sluice.send_signal(signal.SIGTERM)
        self.assertEqual(sluice.wait(), 0, sluice.err())
        self.assertIn("1 connection was cut", sluice.err())
        self.assertLess(time.monotonic() - began, 4)  # 5 s would be the patience with what does not let itself be cut
        self.assertEqual([(line["status"], line["reason"]) for line in sluice.access_log()], [(503, "drained")])

    def test_only_a_signal_a_second_after_the_first_ends_it_at_once(self):
        sluice, _ = self.slow_exchange(shutdown={"drain": "60s"})
        first = time.monotonic()
        sluice.send_signal(signal.SIGTERM)
        wait_until(lambda: "draining" in sluice.err(), "it drains")

        def gone():
            if sluice.running:
                sluice.send_signal(signal.SIGTERM)
            return not sluice.running

        wait_until(gone, "a second signal ends it")
        self.assertGreaterEqual(time.monotonic() - first, 1)
        self.assertEqual(sluice.wait(), 1)
        self.assertIn("second signal", sluice.err())

    def test_sighup_is_answered_in_the_log_and_ends_nothing(self):
        sluice = self.gateway(None, RESPOND)
        sluice.send_signal(signal.SIGHUP)
        wait_until(lambda: "SIGHUP" in sluice.err() or not sluice.running, "it answers")
        self.assertRegex(sluice.err(), r"info reload by SIGHUP: nothing changed")
        self.assertEqual(ask(sluice.address, head("GET", "/")).status, 200)

    def test_sighup_does_not_cut_a_drain_short(self):
        sluice, client = self.slow_exchange(shutdown={"drain": "30s"})
        sluice.send_signal(signal.SIGTERM)
        wait_until(lambda: "draining" in sluice.err(), "it drains")
        sluice.send_signal(signal.SIGHUP)
        self.held.let_go.set()
        self.assertEqual(client.exactly(4), b"half")
        self.assertEqual(sluice.wait(), 0, sluice.err())

    def test_the_access_log_is_whole_after_the_end(self):
        sluice = self.gateway(None, RESPOND)
        with Connection(sluice.address) as client:
            for number in range(500):
                client.ask(head("GET", f"/{number}"))
        self.assertEqual(sluice.stop(), 0)
        self.assertEqual([line["path"] for line in sluice.access_log()], [f"/{number}" for number in range(500)])

    def test_sigusr1_opens_the_access_log_anew(self):
        sluice = self.gateway(None, RESPOND)
        ask(sluice.address, head("GET", "/old"))
        sluice.await_access(lambda line: line["path"] == "/old")
        rotated = sluice.access_log_path.with_suffix(".1")
        sluice.access_log_path.rename(rotated)
        sluice.send_signal(signal.SIGUSR1)
        wait_until(sluice.access_log_path.exists, "the log is there again")
        ask(sluice.address, head("GET", "/new"))
        sluice.await_access(lambda line: line["path"] == "/new")
        self.assertNotIn("/new", rotated.read_text())


class Starting(EndToEnd):
    def refused(self, config, *, code=1, user=None):
        """Runs it where it cannot start: one clear line at the end, nothing of a crash; gives stderr."""
        path = self.folder / "refused.yaml"
        if isinstance(config, dict):
            path.write_text(json.dumps(config))
        elif config is not None:
            path.write_text(config)
        return self.run_refused(path, code=code, user=user)

    def run_refused(self, path, code=1, user=None):
        done = subprocess.run(
            [binary(), "run", "-c", str(path)], capture_output=True, text=True, timeout=60, check=False, user=user
        )
        self.assertEqual(done.returncode, code, done.stderr)
        lines = done.stderr.splitlines()
        self.assertTrue(lines and lines[-1].startswith("sluice: "), done.stderr)
        for word in ("terminate", "what():", "backtrace", "Sanitizer", "core dumped", " info "):
            self.assertNotIn(word, done.stderr)
        return done.stderr

    def one_line(self, text):
        self.assertEqual(len(text.splitlines()), 1, text)
        return text

    def test_a_port_in_use_is_one_clear_line(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            text = self.one_line(self.refused(configuration(None, RESPOND, {"address": f"127.0.0.1:{port}"})))
            self.assertIn(f"cannot listen on 127.0.0.1:{port}: Address already in use", text)

    def test_a_second_instance_cannot_share_the_port(self):
        sluice = self.gateway(None, RESPOND)
        text = self.one_line(self.refused(configuration(None, RESPOND, {"address": sluice.addresses[0]})))
        self.assertIn("Address already in use", text)
        self.assertEqual(ask(sluice.address, head("GET", "/")).status, 200)

    def test_an_admin_port_in_use_is_one_clear_line(self):
        sluice = self.gateway(None, RESPOND)
        text = self.refused(configuration(None, RESPOND, admin={"address": sluice.admin_address}))
        self.assertIn("Address already in use", self.one_line(text))

    def test_a_stale_unix_socket_is_taken_over_and_a_live_one_is_not(self):
        path = self.folder / "s.sock"
        config = {"address": f"unix:{path}"}
        sluice = self.gateway(None, RESPOND, config)
        self.assertEqual(ask(str(path), head("GET", "/")).status, 200)
        self.assertIn("in use", self.one_line(self.refused(configuration(None, RESPOND, config))))
        sluice.kill()
        again = Gateway(configuration(None, RESPOND, config), self.folder, "again")
        self.addCleanup(again.kill)
        self.assertEqual(ask(str(path), head("GET", "/")).status, 200)
        again.end_cleanly()

    def test_a_unix_path_that_something_else_holds_is_said(self):
        path = self.folder / "held"
        config = configuration(None, RESPOND, {"address": f"unix:{path}"})
        link = (lambda: path.symlink_to(self.folder / "nothing"), path.unlink, "a symbolic link")
        for make, remove, what in ((path.touch, path.unlink, "a file"), (path.mkdir, path.rmdir, "a folder"), link):
            with self.subTest(what):
                make()
                text = self.one_line(self.refused(config))
                self.assertEqual(text, f"sluice: cannot listen on unix:{path}: it is {what}, not a socket\n")
                remove()

    def test_a_port_in_use_is_exit_1_where_stderr_is_closed_too(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            path = self.folder / "used.yaml"
            path.write_text(json.dumps(configuration(None, RESPOND, {"address": "127.0.0.1:%d" % other.getsockname()[1]})))
            for redirection in ("2>&-", "2>/dev/full", "<&- >&- 2>&-"):
                with self.subTest(redirection):
                    line = f"'{binary()}' run -c '{path}' {redirection}"
                    self.assertEqual(subprocess.run(["sh", "-c", line], timeout=60, check=False).returncode, 1)

    def test_too_few_descriptors_are_one_clear_line(self):
        path = self.folder / "few.yaml"
        path.write_text(json.dumps(configuration(None, RESPOND)))
        # A search for leaks would want descriptors of its own.
        environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
        for limit in range(4, 24):
            with self.subTest(limit=limit):
                sluice = Process(f"few-{limit}", [binary(), "run", "-c", path], self.folder,
                                 limits={resource.RLIMIT_NOFILE: (limit, limit)}, env=environment)  # fmt: skip
                self.addCleanup(sluice.kill)
                wait_until(lambda: not sluice.running or "admin on" in sluice.err(), "it serves or ends")
                if sluice.running:
                    self.assertEqual(sluice.stop(), 0)
                    continue
                self.assertEqual(sluice.wait(), 1, sluice.err())
                self.assertNotIn("terminate", sluice.err())
                self.assertRegex(sluice.err(), r"(^|\n)(sluice: .*|.*: (Too many open files|cannot open shared object file).*)\n$")

    def test_closed_standard_streams_are_no_place_for_sockets(self):
        path = self.folder / "closed.yaml"
        listener = self.folder / "closed.sock"
        config = configuration(None, RESPOND, {"address": f"unix:{listener}"}, access_log={"output": "stdout"})
        path.write_text(json.dumps(config))
        sluice = subprocess.Popen(["sh", "-c", f"exec '{binary()}' run -c '{path}' <&- >&- 2>&-"])
        self.addCleanup(lambda: sluice.poll() is None and sluice.kill())

        def answers():
            try:
                return ask(str(listener), head("GET", "/")).status == 200
            except OSError:
                return False

        wait_until(answers, "it serves")
        for number in (0, 1, 2):
            self.assertEqual(os.readlink(f"/proc/{sluice.pid}/fd/{number}"), "/dev/null")
        sluice.terminate()
        self.assertEqual(sluice.wait(30), 0)

    def test_no_permission_is_one_clear_line(self):
        start = int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read())
        if os.getuid() != 0 or start <= 1:
            self.skipTest("needs root, to run it as nobody")
        self.folder.chmod(0o755)
        copied = self.folder / "sluice"
        copied.write_bytes(open(binary(), "rb").read())
        copied.chmod(0o755)
        path = self.folder / "low.yaml"
        path.write_text('listeners: [{ address: "127.0.0.1:1" }]\nroutes: [{ respond: {} }]\n')
        done = subprocess.run(
            [copied, "run", "-c", path], capture_output=True, text=True, timeout=60, check=False, user="nobody"
        )
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stderr, "sluice: cannot listen on 127.0.0.1:1: Permission denied\n")

    def test_an_access_log_that_cannot_be_opened_is_one_clear_line(self):
        config = configuration(None, RESPOND, access_log={"output": "/nonexistent/folder/access.log"})
        self.assertIn("access_log.output", self.one_line(self.refused(config)))

    def test_an_access_log_that_is_a_fifo_without_a_reader_is_one_clear_line(self):
        path = self.folder / "fifo"
        os.mkfifo(path)
        text = self.one_line(self.refused(configuration(None, RESPOND, access_log={"output": str(path)})))
        self.assertEqual(text, f"sluice: access_log.output: {path} is a FIFO that nobody reads\n")

    def test_a_missing_file_is_said(self):
        text = self.run_refused(self.folder / "missing.yaml")
        self.assertIn("there is no such file", text)

    def test_a_folder_is_no_configuration(self):
        self.assertIn("this is a folder", self.run_refused(self.folder))

    def test_an_unreadable_file_is_said(self):
        if os.getuid() == 0:
            self.skipTest("root reads everything")
        path = self.folder / "secret.yaml"
        path.write_text("a: 1")
        path.chmod(0)
        self.assertIn("ermission", self.run_refused(path))

    def test_broken_yaml_is_located(self):
        self.assertRegex(self.refused("listeners: [{ address: 127.0.0.1:0 }\nroutes: []\n"), r"refused\.yaml:\d+:\d+: ")

    def test_an_empty_file_is_a_problem_and_no_crash(self):
        for text in ("", "\n", "---\n", "null\n", "[]\n", "just words\n", "\0\0\0", "\t\n", "a: &a [*a]\n", "\xff\xfe"):
            with self.subTest(text=text):
                self.refused(text)

    def test_every_problem_is_reported_at_once(self):
        text = self.refused("listeners: [{ adress: x }]\nroutes: [{ upstream: nowhere, timeout: soon }]\n")
        self.assertIn("did you mean 'address'?", text)
        self.assertIn("routes[0].timeout", text)
        self.assertRegex(text, r"has \d+ problems; nothing was started")

    def test_unix_sockets_are_gone_after_a_clean_end_and_another_s_is_left(self):
        own, taken, admin = (self.folder / name for name in ("own.sock", "taken.sock", "admin.sock"))
        listeners = [{"address": f"unix:{path}"} for path in (own, taken)]
        sluice = self.gateway(None, RESPOND, listeners=listeners, admin={"address": f"unix:{admin}"})
        self.assertEqual([path.stat().st_mode & 0o777 for path in (own, admin)], [0o666, 0o660])
        taken.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(taken))
            sluice.end_cleanly()
            self.assertEqual([path.exists() for path in (own, taken, admin)], [False, True, False])

    def starting(self, number):
        """A gateway that is sent the signal while it compiles routes for some seconds."""
        routes = [{"match": {"path_regex": f"/{n}/[a-z]+/(x|y)+"}, "respond": {}} for n in range(8000)]
        path = self.folder / f"many-{number}.yaml"
        path.write_text(json.dumps(configuration(None, routes)))
        sluice = Process(f"many-{number}", [binary(), "run", "-c", path], self.folder)
        self.addCleanup(sluice.kill)
        wait_until(lambda: self.catches(sluice, signal.SIGTERM), "it sees to its signals")
        sluice.send_signal(number)
        return sluice

    @staticmethod
    def catches(process, number):
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            caught = next(line for line in status if line.startswith("SigCgt:"))
        return int(caught.split()[1], 16) >> (number - 1) & 1

    def test_sighup_and_sigusr1_while_it_starts_end_nothing(self):
        for number in (signal.SIGHUP, signal.SIGUSR1):
            with self.subTest(number):
                sluice = self.starting(number)
                wait_until(lambda: "admin on" in sluice.err() or not sluice.running, "it serves")
                if number == signal.SIGHUP:
                    wait_until(lambda: "reload by SIGHUP" in sluice.err() or not sluice.running, "it reloads")
                self.assertEqual(sluice.stop(), 0, sluice.err())

    def test_sigterm_and_sigint_while_it_starts_end_it_with_one_line(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                sluice = self.starting(number)
                self.assertEqual(sluice.wait(), 0, sluice.err())
                self.assertEqual(sluice.err(), f"sluice: {number.name} before the start was over\n")

    def test_it_starts_quickly_and_rests_small(self):
        sluice = self.gateway(None, RESPOND, workers=1)
        self.assertEqual(ask(sluice.address, head("GET", "/")).status, 200)
        if not sanitized():
            self.assertLess(sluice.memory_kib(), 20 * 1024)

    def test_the_first_lines_say_where_it_listens_and_with_what(self):
        sluice = self.gateway(None, RESPOND)
        self.assertRegex(sluice.err(), r"2 workers, event loop (uring|epoll|asio)")
        metrics = sluice.admin("/metrics")[1]
        self.assertIn(f'event_loop="{sluice.event_loop}"', metrics)
        self.assertTrue(re.search(r'sluice_build_info\{.*version="[\d.]+"', metrics))
