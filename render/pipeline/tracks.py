"""The WebVTT tracks and the transcript, made from a scene's document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise

from stagelight.render.pipeline.document import Document, Part
from stagelight.render.scene import Cue


def chapters(document: Document) -> str:
    """One cue for each section, with its title."""
    return vtt(_whole(part, _called(part)) for part in document["sections"])


def captions(document: Document) -> str:
    """All captions."""
    return vtt(
        Cue(words["start"], words["end"], escape(words["text"]))
        for part in document["sections"]
        for words in part["captions"]
    )


def descriptions(document: Document) -> str:
    """The description of each section, to be read aloud: one cue from the section's start, so that it comes first."""
    return vtt(_whole(part, part["alt"]) for part in document["sections"])


def legend(document: Document) -> str:
    """A JSON cue for each stretch in which the same legend entries are in play."""
    return vtt(cue for part in document["sections"] for cue in _stretches(part))


def transcript(document: Document) -> str:
    """The scene to be read instead: what is said and, in brackets, what is seen, in the order of the video."""
    lines = [document["title"], document["claim"]]
    for part in document["sections"]:
        minutes, seconds = divmod(int(part["start"]), 60)
        lines += ["", f"{minutes}:{seconds:02d} {_called(part)}", ""]
        spoken = [(words["start"], words["text"]) for words in part["captions"]]
        on_screen = (part["still"]["time"], f"[On screen: {part['alt']}]")
        lines += [line for _, line in sorted([*spoken, on_screen], key=lambda each: each[0])]
    lines += ["", "Legend", "", *(f"{entry['name']}: {entry['text']}" for entry in document["legend"])]
    return "".join(" ".join(line.split()) + "\n" for line in lines)


def _called(part: Part) -> str:
    return f"{part['step'] or ''} {part['title']}".strip()


def _whole(part: Part, words: str) -> Cue:
    return Cue(part["start"], part["start"] + part["duration"], escape(words))


def _stretches(part: Part) -> Iterator[Cue]:
    first, last = part["start"], part["start"] + part["duration"]
    edges = {first, last} | {min(mark[edge], last) for mark in part["marks"] for edge in ("start", "end")}
    stretches: list[tuple[float, float, list[str]]] = []
    for start, end in pairwise(sorted(edges)):
        ids = sorted({mark["id"] for mark in part["marks"] if mark["start"] <= start and mark["end"] >= end})
        if stretches and stretches[-1][2] == ids:
            stretches[-1] = (stretches[-1][0], end, ids)
        else:
            stretches.append((start, end, ids))
    for start, end, ids in stretches:
        payload = json.dumps({"section": part["name"], "step": part["step"], "legend": ids})
        yield Cue(start, end, payload.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def vtt(cues: Iterable[Cue]) -> str:
    """A WebVTT file; the cues' texts are escaped already. What rounds to nothing is left out."""
    timed = ((stamp(cue.start), stamp(cue.end), cue.text) for cue in cues)
    return "\n".join(["WEBVTT\n", *(f"{start} --> {end}\n{text}\n" for start, end, text in timed if start < end)])


def stamp(seconds: float) -> str:
    """75.4 -> 00:01:15.400."""
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def escape(text: str) -> str:
    """Text as a cue may hold it: on one line, without markup or the arrow that would start a new cue."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
