"""Things that are built: the film's tracks and its transcript, a page, the report on somebody's own measurement."""

from __future__ import annotations

import html
import json
import re
from collections import deque
from pathlib import Path
from typing import Any

import markdown
import numpy as np

from stagelight.render.pages.markup import el, fold, framed, inert
from stagelight.render.pipeline import tracks
from stagelight.render.pipeline.document import Document
from stagelight.render.trials.answers import READ, Bench, Wrong
from stagelight.render.trials.surfaces.bench import bench, same_elements
from stagelight.render.trials.surfaces.words import MARK

LONGEST = 20_000  # characters that a page is given
TIMES = re.compile(r"(?m)^[\d:.]+ --> [\d:.]+$")


def cues(_: Path) -> Bench:
    """Captions, chapters, descriptions and legend: as many cues as there are, each with its words on one line."""
    plain = {kind: len(TIMES.findall(text)) for kind, text in _tracks("hello").items()}

    def answer(words: str) -> str:
        for kind, text in _tracks(words).items():
            if not text.startswith("WEBVTT\n") or len(TIMES.findall(text)) != plain[kind]:
                raise Wrong(f"{kind}: words that became a cue", ascii(text[:300]))
            for block in text.split("\n\n")[1:]:
                _times, _, payload = block.rstrip("\n").partition("\n")
                if "\n" in payload or "-->" in payload or "<" in payload or ">" in payload:
                    raise Wrong(f"{kind}: words that became markup", ascii(payload[:300]))
                if kind == "captions" and MARK not in html.unescape(payload):
                    raise Wrong(f"{kind}: words that are lost", ascii(payload[:300]))
        return READ

    return bench(answer)


def _tracks(words: str) -> dict[str, str]:
    document = _document(words)
    made = {kind: getattr(tracks, kind)(document) for kind in ("captions", "chapters", "descriptions", "legend")}
    transcript = tracks.transcript(document)
    if transcript.count("\n") != tracks.transcript(_document("hello")).count("\n"):
        raise Wrong("transcript: words of more than one line", ascii(transcript[:300]))
    return made


def _document(words: str) -> Document:
    return {
        "schema": 1, "scene": "tiny", "title": words, "claim": words, "duration": 4.0, "poster": {"section": "one"},
        "legend": [{"id": "x", "name": words, "text": words}],
        "sections": [{
            "name": words, "step": None, "title": words, "start": 0.0, "duration": 4.0,
            "captions": [{"start": 1.0, "end": 2.0, "text": words}], "marks": [{"start": 1.0, "end": 2.0, "id": words}],
            "still": {"time": 1.5}, "alt": words,
        }],
    }  # fmt: skip


def pages(_: Path) -> Bench:
    """A piece of a page, through Markdown as the site's are: the same elements, whatever the words.

    No recorded message is longer than 200 characters, so a megabyte never gets this far; it is cut here.
    """

    def page(words: str) -> str:
        parts = (
            el("p", {"title": words, "data-said": words}, words),
            framed("frame", "kind", words, [words, "b"], [el("tr", {}, el("td", {}, words), el("td", {}, words))]),
            fold(words, words),
        )
        text = "\n\n".join([*parts, f"A sentence with {inert(words)} in its middle."])
        text = f"<section markdown>\n\n{text}\n\n</section>"
        return str(markdown.markdown(text, extensions=["md_in_html", "attr_list", "tables"]))

    def answer(words: str) -> str:
        hostile = deque(same_elements(page, words[:LONGEST]), 1)[0]
        if MARK not in hostile.text:
            raise Wrong("words that are lost", ascii(hostile.text[:200]))
        return READ

    return bench(answer)


def reports(_: Path) -> Bench:
    """The page about measured k-space, with the words in the file's name, its header and its notes."""
    from stagelight.engines.scan import user_kspace  # noqa: PLC0415  # brings in torch
    from stagelight.engines.scan.acquisition.raw.contents import RawScan  # noqa: PLC0415
    from stagelight.engines.scan.reconstruct import Prepared  # noqa: PLC0415

    image = np.ones((1, 8, 8), np.float32)
    rows = [user_kspace.Row(method, 1.0, 1.0, ()) for method in user_kspace.NAMES]

    def page(words: str) -> str:
        raw = RawScan(
            np.zeros((1, 1, 8, 8), np.complex64), np.ones((1, 8, 8), bool), "slice", None, None, None, None, None, (0,),
            (0, 0, 0), 1.0, words, {"scanner": words}, (words,),
        )  # fmt: skip
        name = words.replace("/", "").replace("\0", "")[:100] or "x"
        return user_kspace.report_page(Path(name), raw, Prepared((), 1.0, 1.0, (words,)), rows, {"sigpy": image})

    def answer(words: str) -> str:
        hostile = deque(same_elements(page, words), 1)[0]
        if MARK not in hostile.text:
            raise Wrong("words that are lost", ascii(hostile.text[:200]))
        return READ

    return bench(answer)


def legends(_: Path) -> Bench:
    """The legend's cues stay JSON that a script reads back as it was."""

    def answer(words: str) -> str:
        blocks = tracks.legend(_document(words)).split("\n\n")[1:]
        found: list[Any] = [json.loads(block.rstrip("\n").partition("\n")[2])["legend"] for block in blocks]
        if [words] not in found:
            raise Wrong("words that are lost", ascii(found)[:200])
        return READ

    return bench(answer)
