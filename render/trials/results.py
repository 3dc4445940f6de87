"""The outcome of a kind of trial: counts by part, and each way of failing with its count and one example; as JSON.

A file holds one result for each kind, the latest.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stagelight.engines.experiment.workers import usable_cores
from stagelight.engines.recording import atomic
from stagelight.render.trials.workers import Outcome

Result = dict[str, Any]


def result(kind: str, seed: int, outcomes: Iterable[Outcome], seconds: float) -> Result:
    """Sum up the outcomes of a kind."""
    parts: dict[str, dict[str, int]] = {}
    failures: dict[tuple[str, str], dict[str, Any]] = {}
    peak = 0
    for one in outcomes:
        part = parts.setdefault(one.reader, {"cases": 0, "answered": 0})
        part["cases"] += 1
        peak = max(peak, one.peak_bytes)
        if one.wrong:
            failure = failures.setdefault(
                (one.reader, one.wrong), {"count": 0, "example": f"{one.case}: {one.example}"}
            )
            failure["count"] += 1
        else:
            part["answered"] += 1
            part[one.answer] = part.get(one.answer, 0) + 1
    return {
        "kind": kind,
        "cases": sum(part["cases"] for part in parts.values()),
        "answered": sum(part["answered"] for part in parts.values()),
        "parts": parts,
        "failures": [{"part": part, "kind": wrong, **found} for (part, wrong), found in failures.items()],
        "seed": seed,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": _machine(),
        "seconds": round(seconds),
        "peak_mb": round(peak / 1e6),
    }


def _machine() -> str:
    where = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    return f"{usable_cores()} cores of {where}, load {os.getloadavg()[0]:.0f}"


def keep(found: Result, path: Path) -> None:
    """Write a result into a file, beside those of other kinds.

    Raises:
        ValueError: what is there is no such file.
    """
    kinds = []
    if path.exists():
        try:
            kinds = [
                one for one in json.loads(path.read_text(encoding="utf-8"))["kinds"] if one["kind"] != found["kind"]
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path}: not a file of trials ({type(error).__name__}); give another, or delete it"
            ) from None
    text = json.dumps(
        {"kinds": sorted([*kinds, found], key=lambda one: str(one["kind"]))}, indent=1, ensure_ascii=False
    )
    with atomic(path) as file:
        file.write(text.encode() + b"\n")


def lines(found: Result) -> list[str]:
    """A result in words."""
    said = [f"{name:28} {part['answered']:5} of {part['cases']}" for name, part in found["parts"].items()]
    for one in found["failures"]:
        said.append(f"{one['part']}: {one['kind']}, {one['count']} times; {one['example']}")
    said.append(
        f"{found['answered']} of {found['cases']} answered, in {found['seconds']} s and at most {found['peak_mb']} MB "
        "above the imports"
    )
    return said
