"""The built site, a server of it, and a page in a real browser that remembers what it asked for."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterable
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.paths import ASSETS, ROOT

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PACKED = (".html", ".css", ".js", ".json", ".svg", ".xml", ".vtt", ".txt")
LISTED = re.search(r"^  scenes:\n((?:    - \w+\n)+)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
SCENES = re.findall(r"\w+", LISTED[1]) if LISTED else []
needs_scenes = pytest.mark.skipif(
    not all((ASSETS / "videos" / f"{name}.json").is_file() for name in SCENES)
    and "STAGELIGHT_REQUIRE_SITE" not in os.environ,
    reason="not every scene is rendered yet: run `click render all`",
)


class Server(SimpleHTTPRequestHandler):
    """A quiet file server that packs text and answers range requests, as every host does."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() and self.path.partition("?")[0].endswith("/") else path
        if wanted and path.is_file():
            return self.part(path, int(wanted[1]), int(wanted[2] or path.stat().st_size - 1))
        if path.suffix in PACKED and path.is_file() and "gzip" in self.headers.get("Accept-Encoding", ""):
            packed = gzip.compress(path.read_bytes(), 9)
            return self.answer(200, path, packed, {"Content-Encoding": "gzip"})
        return super().do_GET()

    def part(self, path: Path, first: int, last: int) -> None:
        """Some bytes of a file."""
        size = path.stat().st_size
        last = min(last, size - 1)
        with path.open("rb") as file:
            file.seek(first)
            data = file.read(last - first + 1)
        headers = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{last}/{size}"}
        self.answer(206, path, data, headers)

    def answer(self, status: int, path: Path, data: bytes, headers: dict[str, str]) -> None:
        """Bytes, with what they are."""
        self.send_response(status)
        for name, value in {"Content-Type": self.guess_type(path), "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data)
        except ConnectionError:  # the browser has seen enough
            self.close_connection = True


class Site(NamedTuple):
    """The built site and where it is served."""

    folder: Path
    url: str
    manifests: dict[str, dict[str, Any]]  # of each scene
    scene: str = SCENES[0]  # the one looked at

    @property
    def manifest(self) -> dict[str, Any]:
        """Of the scene looked at."""
        return self.manifests[self.scene]

    def steps(self) -> list[dict[str, Any]]:
        """The numbered sections of the scene."""
        return [section for section in self.manifest["sections"] if section["step"]]


class Visit:
    """One page in a context of its own, with everything it asked for and complained about."""

    def __init__(self, browser: Any, site: Site, path: str, **options: Any) -> None:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        self.context = browser.new_context(**options)
        self.page, self.site = self.context.new_page(), site
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", self.failed)
        self.page.on("response", lambda answer: self.complaints.append(answer.url) if answer.status >= 400 else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None,
        )
        self.page.goto(site.url + path, wait_until="load")

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def failed(self, request: Any) -> None:
        """A request that came to nothing; a video that is seeked drops what it no longer needs."""
        if not (request.url.endswith((".mp4", "favicon.svg")) and "ERR_ABORTED" in str(request.failure)):
            self.complaints.append(f"{request.url} {request.failure}")

    def lit(self) -> tuple[list[str], list[str]]:
        """The steps and the legend entries that are lit."""
        steps = self.page.locator(".rail a[aria-current=step] .rail__number").all_inner_texts()
        marks = self.page.locator(".legend .is-lit").evaluate_all("found => found.map(mark => mark.dataset.mark)")
        return steps, marks

    def time(self) -> float:
        """The position of the video, in seconds."""
        return float(self.page.evaluate("document.querySelector('video').currentTime"))


def pages(folder: Path) -> Iterable[str]:
    """Every page of a built site, as an address below it."""
    for path in sorted(folder.rglob("*.html")):
        name = path.relative_to(folder).as_posix()
        yield name.removesuffix("index.html")


def manifests() -> dict[str, dict[str, Any]]:
    """The manifest of each scene that the pages use."""
    return {name: json.loads((ASSETS / "videos" / f"{name}.json").read_text(encoding="utf-8")) for name in SCENES}
