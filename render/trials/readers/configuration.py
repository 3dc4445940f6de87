"""Files and settings that people write: entries of the leaderboard, manifests, the address and the key of a server."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from stagelight.render.pages import leaderboard, scene_files
from stagelight.render.pages.village_tables import HELD_OUT
from stagelight.render.pipeline import manifest
from stagelight.render.pipeline.plan import Places
from stagelight.render.trials.answers import Bench, Case, answered
from stagelight.render.trials.mutations import HEADS, TEXTS
from stagelight.render.trials.readers.common import damaged, from_file, generator

SCORES = {
    name: {"return": 1.0, "score": 0.5, "score_low": 0.4, "score_high": 0.6, "seeds": 100}
    for name in (*leaderboard.IN_TRAINING, *HELD_OUT)
}
ENTRY = {"name": "mine", "link": "https://example.org/a", "date": "2026-11-30", "how": "as it says", "scores": SCORES}
DAMAGE = (
    *TEXTS,
    *(kind for kind in HEADS if kind.__name__ in {"rewritten", "other_kind", "renamed", "doubled", "dropped"}),
)


class _Ended(ValueError):  # noqa: N818
    """The build was ended, with what it said."""


def files(folder: Path) -> Bench:
    """The leaderboard's file, and manifests as pages and as rendering read them."""
    (folder / "docs").mkdir()
    (folder / "videos").mkdir()
    (folder / "none").touch()
    paths = {"leaderboard": folder / "docs/leaderboard.json", "manifest": folder / "videos/scan.json"}
    good = {
        "leaderboard": json.dumps({"environment": "village_v0", "entries": [ENTRY]}, indent=1).encode(),
        "manifest": json.dumps(_manifest(), indent=1).encode(),
    }
    places = Places(assets=folder, cache=folder / "cache")

    def entries(path: Path) -> str:
        def sound(found: list[dict[str, Any]]) -> bool:
            shown = leaderboard.descriptions(folder) if found else ""
            return isinstance(shown, str) and "<script" not in shown

        return answered(lambda: _ending(lambda: leaderboard.entries(folder)), (_Ended,), sound)

    def manifests(path: Path) -> str:
        manifest.read(places, "scan")
        found = answered(lambda: _ending(lambda: scene_files.read(path, scene_files.RENDER)), (_Ended,))
        return (
            answered(lambda: _ending(lambda: scene_files.load(folder, "scan")), (_Ended,)) if found == "read" else found
        )

    answers: dict[str, Callable[[Path], str]] = {"leaderboard": entries, "manifest": manifests}
    for name, path in paths.items():
        path.write_bytes(good[name])
        answers[name](path)

    def mutated(seed: int, number: int) -> Case:
        name = list(paths)[number % 2]
        rng = generator("files", seed, number)
        return from_file(paths[name], *damaged(good[name], DAMAGE, rng, number // 2), answers[name])

    by_hand = {
        "empty": b"",
        "a list": b"[]",
        "null": b"null",
        "deep lists": b"[" * 200_000,
        "deep objects": b'{"a":' * 100_000,
        "a byte of Latin-1": b'{"entries": ["\xe9"]}',
        "entries of null": b'{"entries": null}',
        "an entry of null": b'{"entries": [null]}',
        "a number of 5,000 digits": b'{"entries": ' + b"9" * 5000 + b"}",
        "half of a pair": good["leaderboard"].replace(b"mine", b"\\ud800"),
        "scores of NaN": good["leaderboard"].replace(b"0.5", b"NaN"),
        "a link that runs": good["leaderboard"].replace(b"https://", b"javascript:"),
        "an entry twice": good["leaderboard"].replace(b'"date"', b'"name": "another",\n "date"'),
        "a name of markup": good["leaderboard"].replace(b"mine", b"<script>alert(1)</script>"),
        "two lines": good["leaderboard"].replace(b"2026-11-30", b"2026-11-30\\n"),
        "no entries": b"{}",
    }
    made = [
        from_file(paths[name], f"{name}: {what}", data, answers[name])
        for what, data in by_hand.items()
        for name in paths
    ]
    return Bench(mutated, tuple(made))


def _manifest() -> dict[str, Any]:
    part = {"file": "none", "sha256": "0"}
    section = {"name": "one", "still": part, "loops": [part], "title": "One: two", "step": "01", "key": "0"}
    pictures = dict.fromkeys(("video", "av1", "slow", "poster", "glimpse"), part)
    return {**pictures, "tracks": {"captions": "none"}, "sections": [section], "quality": "web", "provenance": {}}


def _ending(call: Callable[[], Any]) -> Any:
    """The value that a call returns; the end of a build as an error with what was said."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            return call()
        except SystemExit as error:
            if error.code != 1:
                raise
            raise _Ended(said.getvalue().removesuffix("\n")) from None


def servers(_: Path) -> Bench:
    """The address, model, key and settings of a language model."""
    from stagelight.engines.village.llm.client import Config, Endpoint  # noqa: PLC0415
    from stagelight.engines.village.llm.types import ModelError  # noqa: PLC0415

    good = {
        "base_url": "http://127.0.0.1:11434/v1",
        "model": "qwen3:4b",
        "key_variable": "STAGELIGHT_TRIAL_KEY",
        "dialect": "auto",
        "effort": "low",
    }

    def opened(config: dict[str, str], key: str) -> None:
        os.environ["STAGELIGHT_TRIAL_KEY"] = key
        with Endpoint(Config(**config)):  # type: ignore[arg-type]
            pass

    def case(name: str, field: str, text: str) -> Case:
        config, key = (good, text) if field == "key" else ({**good, field: text}, "sk-secret-secret")
        return Case(f"{field}: {name}", partial(answered, partial(opened, config, key), (ModelError,)))

    def mutated(seed: int, number: int) -> Case:
        field = ("base_url", "key", "dialect", "effort", "key_variable")[number % 5]
        start = {**good, "key": "sk-secret-secret"}[field]
        name, data = damaged(start.encode(), TEXTS, generator("settings", seed, number), number // 5)
        text = data.decode("utf-8", "replace")
        return case(name, field, text.replace("\0", "") if field == "key" else text)

    urls = (
        "",
        "x",
        "http://",
        "http://[",
        "http://[::1",
        "http://user:secret@127.0.0.1/v1",
        "file:///etc/passwd",
        "http://127.0.0.1:99999/v1",
        "http://127.0.0.1:-1/v1",
        "http://127.0.0.1:x/v1",
        "http://\u202e/v1",
        "http://a\nb/v1",
        "javascript:alert(1)",
        "http://127.0.0.1/v1?key=secret",
        "http://127.0.0.1/v1#x",
        "http://" + "a" * 100_000,
        "HTTP://127.0.0.1/v1",
        "http://127.0.0.1\0/v1",
    )
    keys = ("a\nb", "a\r\nX-Evil: 1", "\u00e9" * 9, "\x1b[31m", "x" * 100_000)
    return Bench(
        mutated,
        (
            *(case(ascii(url[:30]), "base_url", url) for url in urls),
            *(case(ascii(key[:20]), "key", key) for key in keys),
        ),
    )
