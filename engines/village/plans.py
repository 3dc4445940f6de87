"""The clairvoyant's plans on many tapes, kept as they are found.

The search on a tape goes on from what the published policy chose there, where that is better than the lists.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import atomic, digest, sha256, version_of
from stagelight.engines.village import adversary, clairvoyant, fitting, scenarios
from stagelight.engines.village.tape import Tape, stack

TRIALS = 20_000  # changes tried on a tape
_HERE = Path(__file__).resolve().parent
SOURCES = [
    *(_HERE / f"{name}.py" for name in (
        "adversary", "clairvoyant", "fitting", "plans", "rules", "scenarios", "stock", "tape", "ticks",
    )),
    fitting.FILE,
]  # fmt: skip
Report = Callable[[str, int, int, Mapping[str, float]], None]


class Paused(Exception):  # noqa: N818  # not an error: put down in time
    """The time that was given is up; what was found is kept, and the same call goes on."""


def returns(
    names: Sequence[str], seeds: Sequence[int], folder: Path, policy: Path | None, report: Report = lambda *_: None,
    trials: int = TRIALS, jobs: int = 1, until: float = float("inf"),
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """(B,) the return of the best plan found on each tape, by scenario.

    Args:
        names: scenarios.
        seeds: of the tapes, B of them.
        folder: where they are kept, and from where they are taken up.
        policy: weights whose choices are known plans; None: none are.
        report: called with (what, done, total, latest figures).
        trials: changes tried on a tape.
        jobs: how many are searched for at once.
        until: `time.monotonic()` at which to put it down.

    Raises:
        Paused: `until` came first.
    """
    name = digest(version_of(SOURCES), trials, sha256(policy) if policy else "")
    paths = {one: folder / f"clairvoyant-{one}-{name}.json" for one in names}
    found = {one: _kept(path) for one, path in paths.items()}
    missing = [(one, seed, trials, policy) for one in names for seed in seeds if str(seed) not in found[one]]
    total = len(names) * len(seeds)
    for done, ((one, seed, *_), value) in enumerate(_searched(missing, jobs), total - len(missing) + 1):
        found[one][str(seed)] = value
        paths[one].parent.mkdir(parents=True, exist_ok=True)
        with atomic(paths[one]) as file:
            file.write(json.dumps(found[one]).encode())
        report(f"plans by one who knows the weather, {one}", done, total, {"return": value})
        if time.monotonic() > until and done < total:
            raise Paused(f"{done} of {total} plans are found")
    return {one: np.array([found[one][str(seed)] for seed in seeds]) for one in names}


def _kept(path: Path) -> dict[str, float]:
    try:
        return {str(seed): float(value) for seed, value in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):  # nothing that could be used: search again
        return {}


def _searched(asked: Sequence[tuple[Any, ...]], jobs: int) -> Iterator[tuple[tuple[Any, ...], float]]:
    """What was asked for and what was found, in order."""
    if jobs == 1 or len(asked) < 2:
        yield from ((one, _plan(*one)) for one in asked)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as executor:
        try:
            yield from zip(asked, executor.map(_plan, *zip(*asked, strict=True)), strict=True)
        finally:
            executor.shutdown(cancel_futures=True)


def _plan(name: str, seed: int, trials: int, policy: Path | None) -> float:
    tape = adversary.tape(scenarios.named(name), seed)
    known = [] if policy is None else [_choices(policy, tape)]
    return clairvoyant.plan(tape, fitting.parameters(scenario=name), seed, trials, known)[0]


def _choices(policy: Path, tape: Tape) -> clairvoyant.Choices:
    """What a policy chooses on a tape."""
    from stagelight.engines.village.training import rollouts  # noqa: PLC0415  # brings in torch

    found: clairvoyant.Choices = rollouts.played(_loaded(policy), stack([tape]))[2][0]
    return found


@cache
def _loaded(policy: Path) -> Any:
    import torch  # noqa: PLC0415

    from stagelight.engines.village.training.policy import load  # noqa: PLC0415

    torch.set_num_threads(1)
    return load(policy)[0]
