"""Which runs there are. A published one bears the name of its stage; any other one `stage.what_is_different`.

Runs that are compared spend the same compute: endings the same number of distinct positions learnt from, whole games
the same number of boards reached, mates in one the same number of steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stagelight.engines.experiment.provenance import code_version, key
from stagelight.engines.rollout import grpo
from stagelight.engines.rollout.endgame import grpo as endgame
from stagelight.engines.rollout.games import train as games

SEEDS = (0, 1, 2)
Config = grpo.Config | endgame.Config | games.Config
_KRK = endgame.Config("krk", budget=1_000_000)
_SLIDE = games.Config(ladder=("random",), budget=4_000_000)
PUBLISHED: dict[str, Config] = {
    "kqk": endgame.Config("kqk", budget=700_000),
    "krk": _KRK,
    "kbbk": endgame.Config("kbbk", budget=3_000_000),
    "kbnk": endgame.Config("kbnk", budget=5_000_000),
    "games": games.Config(),
}
COMPARED: dict[str, Config] = {
    "krk.uniform": replace(_KRK, starts="uniform"),
    "krk.far": replace(_KRK, starts="far"),
    "krk.reinforce": replace(_KRK, baseline="none", normalise="none"),
    "krk.supervised": _KRK,
    "krk.centred": replace(_KRK, normalise="none"),
    "krk.group_8": replace(_KRK, groups=128, group_size=8),
    "krk.no_entropy": replace(_KRK, entropy_coef=0.0, entropy_floor=0.0),
    "curriculum.slide": _SLIDE,
    "curriculum.uniform": replace(_SLIDE, starts="uniform"),
    "curriculum.opening_only": replace(_SLIDE, starts="opening_only"),
    "mate_in_one.reinforce": grpo.Config(baseline="none"),
    "mate_in_one.supervised": grpo.Config(),
}
# Those whose curves are also read at equal steps; runs on mates in one take the same steps anyway.
KINDS = (
    ("krk", *(name for name in COMPARED if name.startswith("krk.") and name != "krk.supervised")),
    tuple(name for name in COMPARED if name.startswith("curriculum.")),
)
# The modules that make a run of each kind; saving and resuming it is not among them.
_PACKAGE = "stagelight.engines.rollout"
_MADE_BY: dict[type[Config], tuple[str, ...]] = {
    endgame.Config: (f"{_PACKAGE}.ladder.endings",),
    games.Config: (f"{_PACKAGE}.ladder.games",),
    grpo.Config: (f"{_PACKAGE}.ladder.mates",),
}


@dataclass(frozen=True)
class Run:
    """One run from random weights."""

    name: str
    config: Config
    seed: int

    @property
    def stage(self) -> str:
        """The first part of its name."""
        return self.name.split(".")[0]

    @property
    def key(self) -> str:
        """A name that changes with the code, the configuration and the seed."""
        made_by = _MADE_BY[type(self.config)]
        if self.name.endswith(".supervised"):
            made_by = (*made_by, f"{_PACKAGE}.ladder.supervised")
        label = self.name.replace(".", "_")
        return f"{label}_{self.seed}_{key(code_version(*made_by), repr(self.config), self.name)}"


def chosen(names: dict[str, Config], seeds: tuple[int, ...] = SEEDS) -> list[Run]:
    """Every run of these names, first seeds first."""
    return [Run(name, config, seed) for seed in seeds for name, config in names.items()]
