"""Runs that the published ones are compared with: other starts, no baseline, ablations, the supervised ceiling."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stagelight.engines.experiment.progress import NEVER, Progress
from stagelight.engines.experiment.provenance import require_version
from stagelight.engines.recording import Recording
from stagelight.engines.rollout.ladder import climb, pool, runs, told


def compare(before: Recording, cache: Path, progress: Progress, jobs: int, deadline: float = NEVER) -> Recording:
    """A recording with the runs it is compared with beside it.

    Raises:
        ValueError: other code made the recording.
        Interrupted: the deadline passed; the same call resumes.
    """
    require_version(before, climb.version())
    seeds = tuple(int(seed) for seed in before.config["seeds"])
    results = pool.make(
        runs.chosen(runs.COMPARED, seeds), cache, progress, jobs, deadline, "making what it is compared with"
    )
    arrays = {**before.arrays, **told.arrays(results)}
    facts = told.facts(results)
    for kind in runs.KINDS:
        facts |= told.equal_steps(arrays, kind, list(seeds))
    facts = {name: climb.number(value) for name, value in facts.items()}
    config = {**before.config, "compared": {name: climb.plain(config) for name, config in runs.COMPARED.items()}}
    return replace(
        before, config=config, facts=dict(sorted({**before.facts, **facts}.items())),
        arrays=arrays,
    )  # fmt: skip
