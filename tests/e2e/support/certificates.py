"""Certificates for tests."""

import subprocess


class Certificates:
    """Self-signed ones in a folder, made once a class."""

    def __init__(self, folder):
        self.folder = folder

    def make(self, name, *alternatives, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        key_path, certificate = self.folder / f"{name}.key", self.folder / f"{name}.crt"
        command = ["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "3"]
        command += ["-keyout", key_path, "-out", certificate, "-subj", f"/CN={name}"]
        command += ["-addext", "subjectAltName=" + ",".join(f"DNS:{one}" for one in alternatives)]
        subprocess.run(command, check=True, capture_output=True)
        return {"certificate": str(certificate), "private_key": str(key_path)}
