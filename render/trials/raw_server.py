"""A server on this machine that answers whatever it is asked with the bytes it was given last."""

from __future__ import annotations

import socketserver
import threading


class RawServer(socketserver.ThreadingTCPServer):
    """Serves until the process ends. `answer` holds the bytes that go out, status line and headers among them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = b""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address, as that of a language model."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, *_: object) -> None:
        """Say nothing: the other side has left."""


class _Handler(socketserver.BaseRequestHandler):
    server: RawServer

    def handle(self) -> None:
        """Read a request, and answer it."""
        self.request.settimeout(5)
        self.request.recv(65_536)
        self.request.sendall(self.server.answer)
