"""One run of a trial: its readers' cases, those made by hand and those drawn by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from stagelight.render.trials.answers import Reader
from stagelight.render.trials.workers import Outcome, count_by_hand, outcomes

Progress = Callable[[str, int, int], object]  # of a reader: its name, cases done, cases in all


def run(
    readers: Sequence[Reader], seed: int, cases: int, progress: Progress, only: str = "", by_hand: bool = True
) -> Iterator[Outcome]:
    """Run a trial.

    Args:
        readers: what is tried.
        seed: of the mutations.
        cases: how many mutations, shared out among the readers.
        progress: told of each case.
        only: readers whose name contains this.
        by_hand: run the cases made by hand, too.
    """
    chosen = [reader for reader in readers if only in reader.name]
    counts = _shared(cases, [reader.share for reader in chosen])
    for reader, count in zip(chosen, counts, strict=True):
        hand = count_by_hand(reader.name, reader.begin, reader.checked) if by_hand else 0
        tasks = [*((-1, number) for number in range(hand)), *((seed, number) for number in range(count))]
        found = outcomes(reader.name, reader.begin, tasks, reader.checked, reader.seconds)
        for done, outcome in enumerate(found, 1):
            progress(reader.name, done, len(tasks))
            yield outcome


def _shared(cases: int, shares: list[int]) -> list[int]:
    """Cases shared out in proportion, rounded so that they add up."""
    whole, ends, before = sum(shares) or 1, list[int](), 0
    for share in shares:
        before += share
        ends.append(round(cases * before / whole))
    return [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]
