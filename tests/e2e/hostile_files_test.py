"""Files that are no files, too large, or made to multiply: one clear line each, soon, and with bounded memory."""

import os
import resource
import socket
import subprocess
import unittest

from support.case import EndToEnd, needs
from support.certificates import Certificates
from support.gateway import binary, sanitized

SECONDS = 60  # a sanitizer on a busy machine; without either it is a tenth of a second
MEMORY = 512 << 20  # bytes of address space

TLS = 'tls: {{ certificates: {{ certificate: {certificate}, private_key: {private_key}{more} }}{auth} }}'
LISTENER = 'listeners: [{{ address: "127.0.0.1:0"{tls} }}]\n'
RESPOND = "routes: [{ respond: {} }]\n"


def bomb():
    """Each line is nine of the line before."""
    lines = ["a0: &a0 [" + "x, " * 9 + "]"]
    lines += [f"a{n}: &a{n} [" + f"*a{n - 1}, " * 9 + "]" for n in range(1, 9)]
    return "\n".join(lines)


YAML = {
    "aliases of aliases": (bomb(), "more than 1000000 values"),
    "aliases of a long text": ("a: &a " + "x" * 1_000_000 + "\nb: [" + "*a, " * 5000 + "]", "more than 64MiB of text"),
    "lists in lists": ("a: " + "[" * 100_000 + "]" * 100_000, "nested deeper than 100 levels"),
    "lists in lines": ("- " * 100_000, "nested deeper than 100 levels"),
    "a long text": ("a: " + "x" * 60_000_000, "the file is larger than 16MiB"),
    "many listeners": ("listeners: [" + "{ address: 127.0.0.1:1 }, " * 60_000 + "]", "wanted 1 to 1000 items, found 60000"),
    "many wrong keys": ("\n".join(f"k{n}: 1" for n in range(60_000)), "and 59802 more"),
    "an alias of itself": ("a: &a [*a]", "this alias stands inside what it refers to"),
    "bytes": (os.urandom(100_000).decode("latin-1") + "\xff", "the file is not UTF-8 text"),
}


@needs("openssl")
class HostileFiles(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.class_folder
        cls.pair = Certificates(folder).make("local", "localhost")
        os.mkfifo(folder / "fifo")
        (folder / "one").symlink_to("other")
        (folder / "other").symlink_to("one")
        (folder / "large").write_bytes(b"x" * (20 << 20))
        with socket.socket(socket.AF_UNIX) as unbound:
            unbound.bind(str(folder / "socket"))
        # What a path may lead to, and what is said then.
        cls.paths = {
            "/dev/zero": "this is not a regular file",
            "/dev/urandom": "this is not a regular file",
            folder / "fifo": "this is not a regular file",
            folder / "socket": "this is not a regular file",
            folder: "this is a folder, not a file",
            folder / "one": "the file cannot be read: Too many levels of symbolic links",
            folder / "none": "there is no such file",
            folder / "large": "the file is larger than",
        }

    def complaint(self, path):
        """What `check` says of a configuration that it must not take."""
        limit = None if sanitized() else lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        command = [binary(), "check", "-c", path]
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, preexec_fn=limit, check=False)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1, said[-2000:] + done.stdout.decode()[-2000:])
        self.assertLess(len(said), 100_000)
        return said

    def written(self, text, encoding="utf-8"):
        path = self.folder / "c.yaml"
        path.write_bytes(text.encode(encoding))
        return path

    def test_yaml_that_multiplies_ends_soon(self):
        for name, (text, wanted) in YAML.items():
            with self.subTest(name):
                path = self.written(text, "latin-1")
                said = self.complaint(path)
                self.assertIn(wanted, said)
                self.assertTrue(said.startswith(f"{path}:"), said[:300])

    def test_a_configuration_is_a_regular_file(self):
        for path, wanted in self.paths.items():
            with self.subTest(path):
                self.assertTrue(self.complaint(path).startswith(f"{path}: {wanted}"))

    def test_a_secret_is_a_regular_file(self):
        for path, wanted in self.paths.items():
            with self.subTest(path):
                said = self.complaint(self.written(LISTENER.format(tls="") + f'routes: [{{ respond: {{ body: "${{file:{path}}}" }} }}]'))
                self.assertIn(f'c.yaml:2:29: routes[0].respond.body: "{path}": {wanted}', said)

    def test_certificates_keys_and_ocsp_responses_are_regular_files(self):
        for key in ("certificate", "private_key", "ocsp_response", "ca", "upstream ca"):
            for path, wanted in self.paths.items():
                with self.subTest(f"{key}: {path}"):
                    self.assertIn(f": {path}: {wanted}", self.complaint(self.written(self.tls_configuration(key, path))))

    def tls_configuration(self, key, path):
        if key == "upstream ca":
            return LISTENER.format(tls="") + RESPOND + f"upstreams: {{ a: {{ endpoints: 127.0.0.1:1, tls: {{ ca: {path} }} }} }}"
        parts = {**self.pair, "more": "", "auth": ""}
        if key == "ca":
            parts["auth"] = f", client_auth: {{ ca: {path} }}"
        elif key == "ocsp_response":
            parts["more"] = f", ocsp_response: {path}"
        else:
            parts[key] = path
        return LISTENER.format(tls=", " + TLS.format(**parts)) + RESPOND

    def test_an_ocsp_response_is_one(self):
        text = self.tls_configuration("ocsp_response", self.pair["certificate"])
        self.assertIn("no OCSP response in DER", self.complaint(self.written(text)))

    @unittest.skipIf(os.getuid() == 0, "root may read everything")
    def test_what_may_not_be_read_says_so(self):
        path = self.written(RESPOND)
        path.chmod(0)
        self.assertEqual(self.complaint(path), f"{path}: the file cannot be read: Permission denied\n")
