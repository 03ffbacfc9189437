"""What systemd is told, by its own protocol (sd_notify(3))."""

import os
import signal
import socket
import time
from unittest import mock

from support.case import EndToEnd
from support.waiting import wait_until

RESPOND = [{"respond": {"body": "hello\n"}}]


class Supervised(EndToEnd):
    def supervised(self, name=None, **environment):
        """A gateway that is told of a socket where somebody listens."""
        path = name or str(self.folder / "notify.sock")
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.ear.close)
        self.ear.bind("\0" + path[1:] if path.startswith("@") else path)
        self.ear.settimeout(30)
        with mock.patch.dict(os.environ, {"NOTIFY_SOCKET": path, **environment}):
            return self.gateway(None, RESPOND)

    def heard(self):
        return dict(line.split("=", 1) for line in self.ear.recv(4096).decode().splitlines())

    def test_it_hears_of_the_start_of_reloads_and_of_the_end(self):
        for name in (None, f"@sluice-notify-{os.getpid()}"):
            with self.subTest(name):
                sluice = self.supervised(name)
                self.assertEqual(self.heard(), {"READY": "1", "STATUS": "serving"})
                before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                sluice.send_signal(signal.SIGHUP)
                reloading = self.heard()
                self.assertEqual(reloading["RELOADING"], "1")
                self.assertGreaterEqual(int(reloading["MONOTONIC_USEC"]), before)
                self.assertEqual(self.heard()["READY"], "1")
                sluice.send_signal(signal.SIGTERM)
                self.assertEqual(self.heard()["STOPPING"], "1")
                self.assertEqual(sluice.wait(), 0, sluice.err())
                self.ear.close()

    def test_the_watchdog_is_fed_while_every_loop_answers(self):
        sluice = self.supervised(WATCHDOG_USEC="400000")
        self.assertEqual(self.heard()["READY"], "1")
        for _ in range(5):
            begun = time.monotonic()
            self.assertEqual(self.heard(), {"WATCHDOG": "1"})
            self.assertLess(time.monotonic() - begun, 0.4)
        self.assertTrue(sluice.running)

    def test_a_watchdog_of_another_process_is_not_fed(self):
        sluice = self.supervised(WATCHDOG_USEC="100000", WATCHDOG_PID="1")
        self.assertEqual(self.heard()["READY"], "1")
        sluice.send_signal(signal.SIGTERM)
        self.assertIn("STOPPING", self.heard())

    def test_a_socket_that_is_not_there_is_a_warning(self):
        with mock.patch.dict(os.environ, {"NOTIFY_SOCKET": str(self.folder / "nobody")}):
            sluice = self.gateway(None, RESPOND)
        wait_until(lambda: "cannot be told" in sluice.err(), "the warning")
