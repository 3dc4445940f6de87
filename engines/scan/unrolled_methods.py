"""The network without sampling: unrolled, and as the proximal step of ADMM.

`ours` is the unrolled network, `plug_and_play` ADMM started from the quick reconstruction. Of the rest each lacks
something: `silent` is `ours` without a sentence, `wrong_contrast` and `wrong_side` are told an untruth, and
`inconsistent` is the first round before consistency.
"""

from __future__ import annotations

from torch import Tensor

from stagelight.engines.scan.methods import unrolled
from stagelight.engines.scan.methods.network import SENTENCES, method
from stagelight.engines.scan.methods.protocol import Case, headline
from stagelight.engines.scan.model.denoiser import Prior


def _unrolled(net: Prior, sentence: str) -> tuple[Tensor, int]:
    rounds = list(unrolled.unrolled(net, sentence))
    return rounds[-1].consistent, len(rounds) * len(unrolled.SHIFTS)


def _first_round(net: Prior, sentence: str) -> tuple[Tensor, int]:
    return next(unrolled.unrolled(net, sentence)).denoised, len(unrolled.SHIFTS)


def _plug_and_play(net: Prior, sentence: str) -> tuple[Tensor, int]:
    rounds = list(unrolled.plug_and_play(net, net.mean, sentence))
    return rounds[-1].consistent, len(rounds)


def _injured(case: Case) -> bool:
    return headline(case) and case.adult == "stroke_T1"


UNROLLED = (
    method("ours", _unrolled, lambda case: case.kind != "points"),
    method("silent", _unrolled, headline, ""),
    method("wrong_contrast", _unrolled, headline, "T2-weighted MRI of the brain."),
    method("wrong_side", _unrolled, _injured, SENTENCES["stroke_T1"].replace("left", "right")),
    method("inconsistent", _first_round, headline),
)
PLUG_AND_PLAY = method("plug_and_play", _plug_and_play, headline)
