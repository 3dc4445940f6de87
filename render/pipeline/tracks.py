"""What is said beside the picture, as WebVTT: chapters, captions, and which legend entries are in play."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from render.stage import Cue, Section

Timed = tuple[float, Section]  # a section and where it starts, in seconds of the scene


def chapters(sections: Sequence[Timed], lengths: Sequence[float]) -> str:
    """One cue for each section, with its title."""
    return vtt(
        Cue(start, start + length, escape(f"{section.step or ''} {section.title}".strip()))
        for (start, section), length in zip(sections, lengths, strict=True)
    )


def captions(sections: Sequence[Timed], lengths: Sequence[float]) -> str:
    """All captions, in scene time."""
    return vtt(
        Cue(start + cue.start, start + min(cue.end, length), escape(cue.text))
        for (start, section), length in zip(sections, lengths, strict=True)
        for cue in sorted(section.captions, key=lambda cue: cue.start)
    )


def legend(sections: Sequence[Timed], lengths: Sequence[float]) -> str:
    """A JSON cue for each stretch in which the same legend entries are in play."""
    return vtt(
        Cue(start + cue.start, start + cue.end, cue.text)
        for (start, section), length in zip(sections, lengths, strict=True)
        for cue in _stretches(section, length)
    )


def _stretches(section: Section, length: float) -> Iterator[Cue]:
    edges = {0.0, length} | {min(edge, length) for mark in section.marks for edge in (mark.start, mark.end)}
    times = sorted(edges)
    stretches: list[tuple[float, float, list[str]]] = []
    for start, end in pairwise(times):
        ids = sorted({mark.text for mark in section.marks if mark.start <= start and mark.end >= end})
        if stretches and stretches[-1][2] == ids:
            stretches[-1] = (stretches[-1][0], end, ids)
        else:
            stretches.append((start, end, ids))
    for start, end, ids in stretches:
        payload = json.dumps({"section": section.name, "step": section.step, "legend": ids})
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
