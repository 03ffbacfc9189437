"""Certificates for tests."""

import subprocess


class Certificates:
    """Self-signed ones in a folder, made once a class."""

    def __init__(self, folder):
        self.folder = folder

    def make(self, name, *alternatives):
        key, certificate = self.folder / f"{name}.key", self.folder / f"{name}.crt"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3"]
        command += ["-keyout", key, "-out", certificate, "-subj", f"/CN={name}"]
        command += ["-addext", "subjectAltName=" + ",".join(f"DNS:{one}" for one in alternatives)]
        subprocess.run(command, check=True, capture_output=True)
        return {"certificate": str(certificate), "private_key": str(key)}
