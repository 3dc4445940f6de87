"""A made-up project for the macros: a scene, its files, works to cite, and the macros as a page meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render import macros
from stagelight.render.pages import scene_files

TRACKS = ("chapters", "captions", "descriptions", "legend", "transcript", "scene")

WORKS = """
@article{one, author = {Ada One}, title = {First <b>work</b>}, year = {1992},
  doi = {10.1/x}, journal = {Acta}, volume = {8}}
@article{two, author = {Bo Two and Cy van Three}, title = {Second}, year = {2018}, eprint = {1812.03381}}
@article{many, author = {A Alpha and B Beta and C Gamma and D Delta}, title = {Third}, year = {2024},
  url = {https://x.example}}
@article{lost, author = {Ed Lost and others}, title = {Nowhere}, year = {2020}}
"""


def sample(text: str = "plain words") -> tuple[dict[str, Any], dict[str, Any]]:
    """The head of a recording and the manifest of a scene, with `text` wherever a person's words go."""
    head = {
        "facts": {"rate": 0.8034, "rate.sd": 0.009, "steps": 40000, "drop": -0.25, "time": 840},
        "config": {"eps_low": 0.2, "odd": "high", "rule": {"passed": 0.75}},
        "events": [
            {"step": 0, "kind": "failure", "san": text, "share": 0.75, "missed": [text, "Qh5#"]},
            {"step": 1, "kind": "failure", "san": "late"},
        ],
    }
    sections = [
        {
            **{"name": name, "step": step, "title": text, "start": start, "duration": 5.0, "alt": text},
            "still": {"file": f"stills/{name}.webp", "time": start + 2},
            "loops": [{"file": f"videos/tiny.{name}.loop.mp4", "bytes": 3, "codecs": "avc1.64001f"}],
            "marks": [{"id": "ray", "start": start, "end": start + 1}],
            "captions": [{"start": start + at, "end": start + at + 1, "text": f"{text} {at}"} for at in (0, 3)],
        }
        for name, step, start in (("position", None, 0.0), ("sample", "01", 5.0), ("reward", "02", 10.0))
    ]
    manifest = {
        **{"scene": "tiny", "title": text, "claim": text, "width": 1920, "height": 1080, "duration": 15.0},
        "video": {"file": "videos/tiny.mp4", "sha256": "v" * 64, "bytes": 4, "codecs": "avc1.640028"},
        "av1": {"file": "videos/tiny.av1.mp4", "sha256": "w" * 64, "bytes": 4, "codecs": "av01.0.08M.08"},
        "fps": 30,
        "poster": {"section": "reward", "file": "posters/tiny.webp", "width": 1280, "height": 720},
        "glimpse": {"file": "posters/tiny.glimpse.webp", "width": 640, "height": 360},
        "slow": {"file": "videos/tiny.slow.mp4", "sha256": "x" * 64, "bytes": 2, "codecs": "avc1.64001f"},
        "upright": {
            **{"width": 1080, "height": 1620, "av1": None},
            "video": {"file": "videos/tiny.upright.mp4", "sha256": "y" * 64, "bytes": 4, "codecs": "avc1.640028"},
            "slow": {"file": "videos/tiny.upright.slow.mp4", "sha256": "z" * 64, "bytes": 2, "codecs": "avc1.64001f"},
            "poster": {"file": "posters/tiny.upright.webp", "width": 720, "height": 1080},
            "sections": [{"still": {"file": f"stills/{each['name']}.upright.webp"}} for each in sections],
        },
        "tracks": {kind: f"captions/{kind}.vtt" for kind in TRACKS},
        "sections": sections,
        "legend": [{"id": "ray", "name": text, "text": text}],
        "provenance": {
            **{
                "recording": text,
                "recording_sha256": "r" * 64,
                "seed": 0,
                "code_version": text,
                "render_version": text,
            },
            "versions": {"manim": text},
        },
    }
    return head, manifest


def write(root: Path, head: dict[str, Any], manifest: dict[str, Any], arrays: dict[str, Any] | None = None) -> None:
    """Put a scene and everything it names under `root`."""
    assets = root / "site_assets"
    files = [*scene_files.named_files(manifest), "img/marks/ray.svg"]
    for file in files:
        (assets / file).parent.mkdir(parents=True, exist_ok=True)
        (assets / file).write_bytes(b"data")
    (root / "docs").mkdir(exist_ok=True)
    (root / "docs/references.bib").write_text(WORKS)
    (root / "docs/log").mkdir(exist_ok=True)
    (root / "docs/log/2026-11.md").write_text("# Log\n\n## 2026-11-22, a first entry\n\nTried. It failed.\n")
    run = Recording("tiny", 0, head["config"], "v", head["facts"], tuple(head["events"]), arrays or {})
    recording.save(run, assets / "recordings")
    (assets / "videos/tiny.json").write_text(json.dumps(manifest))


def offered(root: Path) -> dict[str, Callable[..., str]]:
    """The macros as a page at docs/deep/page.md meets them."""
    found: dict[str, Callable[..., str]] = {}
    page = SimpleNamespace(file=SimpleNamespace(src_uri="deep/page.md", url="deep/page/"))
    macros.define_env(
        SimpleNamespace(
            project_dir=str(root),
            conf={"extra": {"scenes": ["tiny"]}, "use_directory_urls": True, "site_url": "https://site.example/"},
            page=page,
            markdown="four words are here {{ skipped }}",
            macro=lambda function, name: found.__setitem__(name, function),
        )
    )
    return found


def refusal(capsys: pytest.CaptureFixture[str], call: Callable[[], object]) -> str:
    """The one line with which a call ends the build."""
    with pytest.raises(SystemExit) as ended:
        call()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    return said


def with_curves(root: Path, rates: Any) -> scene_files.Scene:
    """A scene whose recording holds the same curve, of two seeds, for each of two cells."""
    boards = np.array([[0, 10, 100, 1000]] * 2)
    head, manifest = sample()
    head["config"] = {**head["config"], "cells": ["one", "two"]}
    write(root, head, manifest, {"curve_boards": boards, "curve_success": np.stack([rates, rates], axis=-1)})
    return scene_files.load(root / "site_assets", "tiny")
