"""Bad input: whatever is read from outside, damaged by chance and by hand, is refused in one line or read as it means.

Mutations are shared out among the readers; those made by hand are run whole. The compiled cores are tried once more
with every index checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stagelight.render.trials.answers import Reader
from stagelight.render.trials.readers import (
    chess_text,
    cluster,
    commands,
    configuration,
    kspace,
    language,
    recordings,
    village,
    volumes,
    weights,
)
from stagelight.render.trials.workers import Outcome, count_by_hand, outcomes

NAME, CASES = "bad input", 2000
READERS = (
    Reader("heads of recordings", 240, recordings.heads),
    Reader("arrays of recordings", 160, recordings.arrays),
    Reader("weights", 120, weights.sealed),
    Reader("weights sealed by others", 100, weights.resealed),
    Reader("volumes", 180, volumes.volumes),
    Reader("k-space: arrays, BART, twix", 180, kspace.plain),
    Reader("k-space: fastMRI, ISMRMRD", 60, kspace.hdf5),
    Reader("positions in FEN", 180, chess_text.fen),
    Reader("puzzles in PGN and EPD", 140, chess_text.puzzles),
    Reader("lines of UCI", 120, chess_text.uci),
    Reader("replies of a model", 160, language.replies),
    Reader("answers of a server", 100, language.servers),
    Reader("transcripts", 120, language.transcripts),
    Reader("tapes and plans", 100, village.tapes),
    Reader("calls of the village", 120, village.calls),
    Reader("leaderboard and manifests", 120, configuration.files),
    Reader("settings of a server", 60, configuration.servers),
    Reader("a cluster's address and words", 40, cluster.cluster),
    Reader("compiled cores, indices checked", 150, village.checked, checked=True),
    Reader("the real commands", 0, commands.commands),
)

Progress = Callable[[str, int, int], object]  # of a reader: its name, cases done, cases in all


def run(seed: int, cases: int, progress: Progress, only: str = "", by_hand: bool = True) -> Iterator[Outcome]:
    """Run the trial.

    Args:
        seed: of the mutations.
        cases: how many mutations, shared out among the readers.
        progress: told of each case.
        only: readers whose name contains this.
        by_hand: run the cases made by hand, too.
    """
    chosen = [reader for reader in READERS if only in reader.name]
    counts = _shared(cases, [reader.share for reader in chosen])
    for reader, count in zip(chosen, counts, strict=True):
        hand = count_by_hand(reader.name, reader.begin, reader.checked) if by_hand else 0
        tasks = [*((-1, number) for number in range(hand)), *((seed, number) for number in range(count))]
        for done, outcome in enumerate(outcomes(reader.name, reader.begin, tasks, reader.checked), 1):
            progress(reader.name, done, len(tasks))
            yield outcome


def _shared(cases: int, shares: list[int]) -> list[int]:
    """Cases shared out in proportion, rounded so that they add up."""
    whole, ends, before = sum(shares) or 1, list[int](), 0
    for share in shares:
        before += share
        ends.append(round(cases * before / whole))
    return [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]
