"""The clairvoyant's plans on many tapes, kept as they are found.

The search on a tape is made twice, from the better of the lists and what the published policy chose there, and from the
plan of a beam search. It takes ten seconds, and torch for the policy; so plans of the first sealed and of the
development seeds come with the code, as what each worker chooses. They are worth what they reach under today's rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines import recording
from stagelight.engines.experiment import pool
from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import NEVER, Progress, silent
from stagelight.engines.experiment.provenance import code_version, key
from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels, scenarios, worst_case_start
from stagelight.engines.village.agents import beam_search, fitted, oracle
from stagelight.engines.village.agents.scripted import BatchPlanned
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.exogenous import Tape, stack

TRIALS = 20_000  # changes tried on a tape
SHIPPED = Path(__file__).resolve().parents[1] / "data"
NAME = "plans"


def returns(
    names: Sequence[str], seeds: Sequence[int], folder: Path, policy: Path | None, progress: Progress = silent,
    trials: int = TRIALS, jobs: int = 1, deadline: float = NEVER,
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """(B,) the return of the best plan found on each tape, by scenario; as `search`, which has the plans."""
    found = search(names, seeds, folder, policy, progress, trials, jobs, deadline)
    return {name: np.array([float(found[name, seed]["return"]) for seed in seeds]) for name in names}


def search(
    names: Sequence[str], seeds: Sequence[int], folder: Path, policy: Path | None, progress: Progress = silent,
    trials: int = TRIALS, jobs: int = 1, deadline: float = NEVER,
) -> dict[tuple[str, int], Arrays]:  # fmt: skip
    """The best plan found on each tape, by scenario and seed: its `return`, and its `choices` (480, 3).

    Args:
        names: scenarios.
        seeds: of the tapes, B of them.
        folder: of plans found before, which are not searched for again.
        policy: weights whose choices are known plans; None: none are.
        progress: told of each plan.
        trials: changes tried on a tape.
        jobs: how many are searched for at once.
        deadline: moment of `time.monotonic()` after which no plan is begun.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
    """
    version = code_version(__name__, files=[fitted.FILE, *([policy] if policy else [])])
    tasks = [(name, seed) for name in names for seed in seeds]
    return pool.compute_all(
        tasks, partial(_plan, trials, policy), partial(_path, folder, key(version, trials)),
        jobs=jobs, progress=progress, deadline=deadline, what=f"plans that know the weather, {', '.join(names)}",
    )  # fmt: skip


def save(found: Mapping[tuple[str, int], Arrays], folder: Path) -> None:
    """Write plans as they come with the code, hashed."""
    tasks = sorted(found)
    config = {"trials": TRIALS, "tapes": [list(task) for task in tasks]}
    arrays = {"choices": np.stack([found[task]["choices"] for task in tasks])}
    recording.save(recording.Recording(NAME, 0, config, code_version(__name__), {}, (), arrays), folder)


def shipped(
    names: Sequence[str], seeds: Sequence[int], folder: Path = SHIPPED
) -> dict[str, NDArray[np.float64]] | None:
    """The returns of plans that come with the code, played once more; None where one is not among them.

    Raises:
        RecordingError: the file is damaged.
    """
    if not (folder / f"{NAME}.json").exists():
        return None
    kept = recording.load(folder, NAME)
    at = {(name, seed): index for index, (name, seed) in enumerate(kept.config["tapes"])}
    found = {}
    for name in names:
        if any((name, seed) not in at for seed in seeds):
            return None
        drawn = stack([worst_case_start.tape(scenarios.named(name), seed) for seed in seeds])
        chosen = kept.arrays["choices"][[at[name, seed] for seed in seeds]]
        found[name] = play(Villages(drawn), BatchPlanned(chosen)).history[:, -1, kernels.J] / r.NORM
    return found


def _path(folder: Path, version: str, task: tuple[str, int]) -> Path:
    name, seed = task
    return folder / f"clairvoyant-{version}" / f"{name}-{seed}.npz"


def _plan(trials: int, policy: Path | None, task: tuple[str, int], progress: Progress) -> Arrays:
    name, seed = task
    tape = worst_case_start.tape(scenarios.named(name), seed)
    known = [] if policy is None else [_choices(policy, tape)]
    starts = [known, [beam_search.plan(tape, seed, beam_search.WIDTH)[1]]]
    plans = [oracle.plan(tape, fitted.parameters(scenario=name), seed, trials, start) for start in starts]
    best, p, plan = max(plans, key=lambda found: found[0])
    return {"return": np.array(best), "choices": oracle.choices(tape, p, plan)}


def _choices(policy: Path, tape: Tape) -> oracle.Choices:
    """What a policy chooses on a tape."""
    from stagelight.engines.village.agents.policy import BatchPolicy  # noqa: PLC0415  # brings in torch

    found: oracle.Choices = play(Villages(stack([tape])), BatchPolicy(_loaded(policy))).choices[0]
    return found


@cache
def _loaded(policy: Path) -> Any:
    import torch  # noqa: PLC0415

    from stagelight.engines.village.training.networks import load  # noqa: PLC0415

    torch.set_num_threads(1)
    return load(policy)[0]
