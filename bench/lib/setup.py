"""What must be there before anything is measured: the other proxies, and our own binaries."""

import contextlib
import ctypes
import fcntl
import os
import platform
import shutil
import socket
import struct
import subprocess
from pathlib import Path

from .proxies import PEM_FILES, SYSTEM_PATH
from .session import say

CLONE_NEWNET = 0x40000000  # unshare(2)
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # netdevice(7)

ROOT = Path(__file__).resolve().parent.parent.parent


PACKAGES = {"h2load": "nghttp2-client", "nghttpd": "nghttp2-server", "nghttpx": "nghttp2-proxy"}  # where the name is not that of the program


def install(programs):
    """Installs the Debian packages of the programs that are missing; says so when that fails."""
    missing = [PACKAGES.get(p, p) for p in programs if not shutil.which(p, path=SYSTEM_PATH)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return say(f"not installed, and this is not root on Debian: {', '.join(missing)}")
    say(f"installing {', '.join(missing)}")
    # Debian starts a service at its installation; this one is told not to.
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "check": False}
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], **quiet)


def build(targets):
    """Builds the targets with the release preset; the directory they are in. Raises CalledProcessError."""
    directory = ROOT / "build" / "release"
    say(f"building {', '.join(targets)} in {directory}")
    if not (directory / "build.ninja").exists():
        run(["cmake", "--preset", "release"])
    run(["cmake", "--build", "--preset", "release", "--target", *targets])
    return directory


def make_certificate(directory):
    """An ECDSA certificate on P-256 and its key, as PEM_FILES in the directory. Raises CalledProcessError."""
    certificate, key, both = (Path(directory) / PEM_FILES[name] for name in ("CERTIFICATE", "PRIVATE_KEY", "KEY_PAIR"))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    run(command + ["-keyout", key, "-out", certificate])
    both.write_bytes(certificate.read_bytes() + key.read_bytes())


def run(command):
    """Runs a command in silence; when it fails, its last lines are shown. Raises CalledProcessError."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        say("\n".join(done.stdout.splitlines()[-30:]))
        done.check_returncode()


def machine():
    """One line on what this ran on."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{platform.system()} {platform.release()}, {model}, {os.cpu_count()} cores"


def own_network():
    """Moves this process and its children into a network of their own, with what Linux has by default; says what there is."""
    control = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return f"the machine's own network, {control.read_text().strip()}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    with contextlib.suppress(OSError):
        control.write_text("cubic")
    return f"a network of its own, {control.read_text().strip()}"
