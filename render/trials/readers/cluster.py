"""What a Dask cluster says: the address that is given for it, and the bytes that come from whoever answers there."""

from __future__ import annotations

import socketserver
import struct
import threading
from functools import partial
from pathlib import Path

from stagelight.engines.experiment import workers
from stagelight.engines.experiment.workers import ClusterError
from stagelight.render.trials.answers import Bench, Case, answered
from stagelight.render.trials.mutations import BYTES, TEXTS
from stagelight.render.trials.readers.common import damaged, generator

# The first frame of a scheduler, as distributed writes it: the number of frames, their lengths, then msgpack.
WORDS = b"\x85\xabcompression\xc0\xa6python\x93\x03\x0b\x02\xb0pickle-protocol\x05\xa4type\xa4comm\xa2ok\xc3"


def cluster(_: Path) -> Bench:
    """One line from `--cluster`, whoever is there."""
    workers.CLUSTER_SECONDS = 1  # of patience with each
    sent = [b""]

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(sent[0])
            self.request.settimeout(1)
            while self.request.recv(65_536):
                pass

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the other side has left
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"tcp://127.0.0.1:{server.server_address[1]}"

    def opened(address: str) -> None:
        with workers.dask(address):
            pass

    def heard(data: bytes) -> str:
        sent[0] = data
        return answered(partial(opened, here), (ClusterError,), lambda _: False)

    def at(address: str) -> str:
        return answered(partial(opened, address), (ClusterError,), lambda _: False)

    greeting = _frames(WORDS)
    heard(greeting)

    def mutated(seed: int, number: int) -> Case:
        rng = generator("cluster", seed, number)
        if number % 2:
            name, data = damaged(greeting, BYTES, rng, number // 2)
            return Case(name, partial(heard, data))
        name, data = damaged(b"tcp://", TEXTS, rng, number // 2)  # the host stays this one
        return Case(f"address, {name}", partial(at, data.decode("utf-8", "replace") + "127.0.0.1:9"))

    addresses = (
        "",
        " ",
        "x",
        "tcp://",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:x",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:-1",
        "tls://127.0.0.1:9",
        "ftp://127.0.0.1:9",
        "inproc://nobody",
        "ucx://127.0.0.1:9",
        "tcp://[::1",
        "tcp://127.0.0.1:9\n\x1b[31m",
        "\u202e:9",
        "/etc/passwd",
    )
    bytes_ = {
        "silence": b"",
        "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "ones": b"\xff" * 5000,
        "zeros": bytes(5000),
        "2^60 frames": struct.pack("<QQ", 16, 1 << 60) + bytes(8),
        "a frame of 2^50 bytes": struct.pack("<QQQ", 1 << 50, 1, 1 << 50),
        "a frame of 900 MB": struct.pack("<QQQ", 900 << 20, 1, 900 << 20),
        "no frame": struct.pack("<QQ", 8, 0),
        "a greeting of another kind": _frames(b"\x81\xa2ok\xc2"),
        "deep": _frames(b"\x91" * 5000),
    }
    return Bench(
        mutated,
        (
            *(Case(ascii(address), partial(at, address)) for address in addresses),
            *(Case(name, partial(heard, data)) for name, data in bytes_.items()),
        ),
    )


def _frames(words: bytes) -> bytes:
    header = struct.pack("<QQ", 1, len(words))
    return struct.pack("<Q", len(header) + len(words)) + header + words
