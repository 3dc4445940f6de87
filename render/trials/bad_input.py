"""Bad input: whatever is read from outside, damaged by chance and by hand, is refused in one line or read as it means.

Mutations are shared out among the readers; those made by hand are run whole. The compiled cores are tried once more
with every index checked.
"""

from __future__ import annotations

from stagelight.render.trials.answers import Reader
from stagelight.render.trials.readers import (
    chess_text,
    commands,
    configuration,
    kspace,
    language,
    recordings,
    village,
    volumes,
    weights,
)

CASES = 2000
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
    Reader("compiled cores, indices checked", 150, village.checked, checked=True),
    Reader("the real commands", 0, commands.commands),
)
