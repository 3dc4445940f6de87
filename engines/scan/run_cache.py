"""A cache of runs, the pieces of a long piece of work: each is announced, interrupted when time is up, and cached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagelight.engines.experiment import cache, provenance
from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import Progress, interrupt_after


@dataclass(frozen=True)
class Work:
    """A cache of pieces, and how the listener and the clock are to be treated while one is computed."""

    folder: Path
    progress: Progress
    deadline: float  # moment of `time.monotonic()`

    def piece(self, what: str, compute: Callable[[], Arrays], *depends: Any) -> Arrays:
        """The arrays of a piece, from the cache or computed now.

        Args:
            what: words for the listener, and the beginning of the file's name.
            compute: returns the arrays.
            depends: JSON values that name all that the arrays depend on, the version of the code that makes them first.

        Raises:
            Interrupted: the deadline passed before it was done.
        """

        def begin() -> Arrays:
            interrupt_after(self.deadline, what)
            self.progress(what, 0, 1, {})
            return compute()

        name = what.replace(" ", "-").replace("=", "")
        return cache.get_or_compute(self.folder / f"{name}-{provenance.key(what, *depends)}.npz", begin)
