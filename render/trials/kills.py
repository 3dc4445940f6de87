"""Kills: work that is ended at a chance moment, and begun again; and two copies of it at once.

What is left under a name that somebody reads is whole. A second run ends as one that was left alone, to the bit, and
leaves nothing half-made, nor anything in the folder for temporary files.
"""

from __future__ import annotations

from stagelight.render.trials.answers import Reader
from stagelight.render.trials.jobs import files, training

CASES = 360
READERS = (
    Reader("training of the chess policy", 72, training.chess, seconds=120.0),
    Reader("training of the village's policy", 72, training.village, seconds=120.0),
    Reader("a picture", 72, files.still, seconds=120.0),
    Reader("reconstruction of k-space", 72, files.kspace, seconds=120.0),
    Reader("a talk with a language model", 72, files.talk, seconds=120.0),
)
