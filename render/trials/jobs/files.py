"""Work that leaves files: a picture, a reconstruction of measured k-space, a talk with a language model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stagelight.render import theme
from stagelight.render.pipeline.plan import Places
from stagelight.render.trials import kspace_files
from stagelight.render.trials.answers import Bench
from stagelight.render.trials.jobs.killing import Job, Results, bench

MOMENT = 12.0  # seconds into the scene
DAYS = 4


def _whole(folder: Path, suffixes: tuple[str, ...]) -> Results:
    """The bytes of the files that have a name of their own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in suffixes and not path.name.startswith(".")
    }


def still(folder: Path) -> Bench:
    """One moment of a film, drawn in full size."""
    from stagelight.render.pipeline import make  # noqa: PLC0415  # brings in Manim

    def work(place: Path) -> None:
        places = Places(theme.ASSETS, place / "cache")
        make.still(places, "scan", None, theme.QUALITIES["draft"], MOMENT, place / "still.png")

    return bench(Job(work, partial(_whole, suffixes=(".png",))), folder)


def kspace(folder: Path) -> Bench:
    """Every classical method on a slice, with its files and its report."""
    from stagelight.engines.scan import user_kspace  # noqa: PLC0415  # brings in torch
    from stagelight.engines.scan.model import denoiser  # noqa: PLC0415

    denoiser.FINE = folder / "none"
    sampled = kspace_files.to_kspace(kspace_files.coil_images((1, 48, 40)), (2, 3))[:, 0]
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(sampled.shape) + 1j * rng.standard_normal(sampled.shape)
    mask = (rng.random((48, 40)) < 0.4) | (np.hypot(*np.ogrid[-24:24, -20:20]) < 7)
    file = folder / "k.npy"
    np.save(file, ((sampled + 0.002 * np.abs(sampled).max() * noise) * mask).astype(np.complex64))

    def work(place: Path) -> None:
        for _ in user_kspace.run(file, place / "out", place / "kept"):
            pass

    return bench(Job(work, partial(_whole, suffixes=(".gz", ".html"))), folder)


class _Talker:
    """Answers by what it is asked, after a moment."""

    name = "talker"

    def ask(self, messages: Any, schema: Any) -> Any:
        import time  # noqa: PLC0415
        import zlib  # noqa: PLC0415

        from stagelight.engines.village.llm.types import Reply  # noqa: PLC0415

        time.sleep(0.002)
        legal = schema["properties"]["action"]["enum"]
        chosen = legal[zlib.crc32(json.dumps(messages).encode()) % len(legal)]
        return Reply(json.dumps({"reason": "so", "action": chosen, "message": "", "note": ""}), 9, 9)


def talk(folder: Path) -> Bench:
    """A village whose workers are a language model's, with a transcript of all that is said."""
    from stagelight.engines.village.llm import runs  # noqa: PLC0415
    from stagelight.engines.village.llm.transcript import Transcript  # noqa: PLC0415

    def work(place: Path) -> None:
        @contextmanager
        def opened(scenario: str, seed: int) -> Iterator[Any]:
            with Transcript(place / f"{scenario}-{seed}.jsonl", _Talker(), {"temperature": 0.0}) as transcript:
                yield transcript

        found = runs.villages(opened, "std", [1], DAYS)
        (place / "run.txt").write_bytes(found.choices.tobytes())

    def results(place: Path) -> Results:
        """Lines in any order, as three workers ask at once; the last one may not be finished."""
        found: dict[str, bytes] = {}
        for path in place.glob("*.jsonl"):
            for line in path.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n"):
                    found[line[:200].decode()] = line
        return found | {path.name: path.read_bytes() for path in place.glob("*.txt")}

    return bench(Job(work, results, alone=True), folder)
