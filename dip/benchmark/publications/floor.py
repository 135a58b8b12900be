"""The floor: the same bytes between two processes, or from file to file, each hashed, and nothing else.

`python -m dip.benchmark.publications.floor ORDER` (JSON) prints its two ports and serves until its input ends: every
GET is answered with the file, every PATCH over TLS is written and hashed.
"""

import hashlib
import os
import socketserver
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Final

import msgspec

from dip.client import credentials_of

_PIECE: Final = 1 << 20
_TIMEOUT_S: Final = 120.0


class Order(msgspec.Struct, frozen=True):
    """The file to send, and where to write what comes; with the keys of a participant."""

    directory: str
    participant: str
    file: str
    target: str


def copy(source: Path, target: Path) -> float:
    """Copy a file, hash it, have it on disk; the seconds. The copy is gone then."""
    began = time.monotonic()
    with source.open("rb") as reading, target.open("xb") as writing:
        digest = hashlib.sha256()
        while piece := reading.read(_PIECE):
            digest.update(piece)
            writing.write(piece)
        writing.flush()
        os.fdatasync(writing.fileno())
    seconds = time.monotonic() - began
    target.unlink()
    return seconds


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, order: Order, context: ssl.SSLContext | None) -> None:
        self.order = order
        super().__init__(("127.0.0.1", 0), _Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def serve_beside(self) -> int:
        """Serve in a thread of its own; the port."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return int(self.server_address[1])


class _Handler(socketserver.StreamRequestHandler):
    timeout = _TIMEOUT_S
    server: _Server

    def handle(self) -> None:
        """Answer requests of one connection until it ends."""
        while line := self.rfile.readline():
            length = 0
            while (header := self.rfile.readline()).strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if line.startswith(b"PATCH"):
                self._take(length)
            else:
                self._give()

    def _give(self) -> None:
        with Path(self.server.order.file).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            while piece := file.read(_PIECE):
                self.wfile.write(piece)

    def _take(self, left: int) -> None:
        digest = hashlib.sha256()
        with Path(self.server.order.target).open("ab") as file:
            while left > 0 and (piece := self.rfile.read1(min(_PIECE, left))):
                left -= len(piece)
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fdatasync(file.fileno())
            self.wfile.write(f"HTTP/1.1 204 No Content\r\nUpload-Offset: {file.tell()}\r\n\r\n".encode())


def _serve(order: Order) -> None:
    credentials = credentials_of(Path(order.directory), order.participant)
    plain, encrypted = _Server(order, None), _Server(order, credentials.listening_context())
    ports = {"plain": plain.serve_beside(), "encrypted": encrypted.serve_beside()}
    sys.stdout.write(msgspec.json.encode({"ports": ports}).decode() + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    _serve(msgspec.json.decode(sys.argv[1], type=Order))
