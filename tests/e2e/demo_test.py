"""`sluice demo`: every line that it prints to be tried answers as it says."""

import re
import signal
import socket
import subprocess

from support.case import EndToEnd, needs
from support.gateway import binary
from support.peers import lasting_port
from support.process import Process

LINE = re.compile(r"^  ((?:curl|for|printf) .*?)(?:\s+# (.*))?$", re.MULTILINE)


@needs("curl")
class Demo(EndToEnd):
    def setUp(self):
        super().setUp()
        port, tls_port, admin = (lasting_port() for _ in range(3))
        words = [binary(), "demo", "--port", port, "--tls-port", tls_port, "--admin-port", admin]
        self.demo = Process("demo", words, self.folder)
        self.addCleanup(self.demo.kill)
        self.demo.await_text(re.compile("Ctrl-C ends the demo"), self.demo.out)

    def shell(self, line):
        done = subprocess.run(["bash", "-c", line.replace("curl ", "curl -q -sS --noproxy '*' ")], capture_output=True,
                              text=True, timeout=60, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stderr}")
        return done.stdout

    def test_every_printed_line_answers_as_printed(self):
        lines = LINE.findall(self.demo.out())
        self.assertGreater(len(lines), 8, self.demo.out())
        for line, promise in lines:
            with self.subTest(line):
                self.assertNotRegex(re.sub(r"'[^']*'", "", line), r"[?*\[]", "zsh would look for files")
                answer = self.shell(line)
                self.assertTrue(answer)
                if line.startswith("for "):
                    # A third fails, but health checks count too.
                    self.assertRegex(answer, r"^(200\n){3}$" if "retries" in promise else r"^((200|503)\n){3}$")
                if line.startswith("printf "):
                    self.assertIn("grpc-status: 0", answer)
                for code in re.findall(r"^\d{3}", promise):
                    self.assertTrue(answer.startswith(f"HTTP/1.1 {code} "), answer[:300])
                for word in re.findall(r"\b[a-z]+_[a-z_]+\b", promise):
                    self.assertIn(word, answer)
                if "Allow" in promise:
                    self.assertIn("\nAllow: ", answer)
                if target := re.search(r"to (/\S+)", promise):
                    self.assertIn(f"ocation: {target[1]}", answer)

    def test_it_ends_by_signal(self):
        self.assertEqual(self.demo.stop(), 0, self.demo.err())

    def test_it_ends_with_its_terminal(self):
        self.assertEqual(self.demo.stop(signal.SIGHUP), 0, self.demo.err())


class DemoStart(EndToEnd):
    def test_a_port_in_use_is_one_line_that_names_the_way_out(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            words = [binary(), "demo", "--port", str(port), "--tls-port", "0", "--admin-port", "0"]
            done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertEqual(
            done.stderr,
            f"sluice: cannot listen on 127.0.0.1:{port}: Address already in use; "
            "choose other ports with --port, --tls-port and --admin-port\n",
        )
