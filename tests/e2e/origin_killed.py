#!/usr/bin/env python3
"""An origin whose process is killed (SIGKILL) in the middle of every response.

Each connection has a process of its own, which reads one request head, sends a head and some of its body, and kills
itself. The target says how the body is framed: /length or /chunked. Prints "listening PORT".
"""

import os
import signal
import socket

HEADS = {
    b"/length": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    b"/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
}
PIECES = {b"/length": b"x" * 5000, b"/chunked": b"1388\r\n" + b"x" * 5000 + b"\r\n"}


def serve(peer):
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65536)
    target = data.split(b" ", 2)[1]
    peer.sendall(HEADS[target])
    for _ in range(3):
        peer.sendall(PIECES[target])
    os.kill(os.getpid(), signal.SIGKILL)


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print("listening", listener.getsockname()[1], flush=True)
    while True:
        peer, _ = listener.accept()
        if os.fork() == 0:
            serve(peer)
        peer.close()


main()
