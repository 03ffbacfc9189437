"""Child processes: started pinned to a core, measured through /proc, and stopped by their own id."""

import os
import signal
import socket
import subprocess
import time

RIGHT_OF_WAY = "-15"  # niceness

_children = []


def start(arguments, core=None, **options):
    """Starts a child in a session of its own, so that a Ctrl-C reaches this program first.

    On a core it is given the right of way, where we may: proxies and load alike, so that their share of the core
    is theirs to settle while other programs wait.
    """
    prefix = [] if core is None else ["taskset", "-c", str(core)]
    if prefix and os.geteuid() == 0:
        prefix += ["nice", "-n", RIGHT_OF_WAY]
    child = subprocess.Popen(prefix + [str(a) for a in arguments], start_new_session=True, **options)
    _children.append(child)
    if prefix:
        # Where the kernel groups tasks by session, niceness counts only inside a group, and the group has its own.
        _write(f"/proc/{child.pid}/autogroup", RIGHT_OF_WAY)
    return child


def stop(child, patience=5.0):
    """Asks a child to end, and kills it when it does not."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            # The session holds the child and what it started itself, and nothing else.
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if child in _children:
        _children.remove(child)


def stop_all():
    for child in list(_children):
        stop(child, patience=2.0)


def tree(pid):
    """The process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in _list(f"/proc/{parent}/task"):
            found += [int(p) for p in _read(f"/proc/{parent}/task/{task}/children").split()]
    return found


def cpu_ns(pids):
    """CPU time of the processes so far, in nanoseconds, summed over their threads."""
    total = 0
    for pid in pids:
        for task in _list(f"/proc/{pid}/task"):
            total += int((_read(f"/proc/{pid}/task/{task}/schedstat").split() or ["0"])[0])
    return total


def rss_bytes(pids):
    """Resident memory of the processes (VmRSS), summed."""
    total = 0
    for pid in pids:
        for line in _read(f"/proc/{pid}/status").splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port, child, patience=10.0):
    """True once something accepts on the port; False when the child ended or time is up."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and child.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    return False


def _list(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _write(path, text):
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        pass
