"""Which runs there are. A published one bears the name of its stage; any other one `stage.what_is_different`.

Runs that are compared spend the same compute: endings the same number of distinct positions learnt from, whole games
the same number of boards reached, mates in one the same number of steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from stagelight.engines import recording
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
_HERE = Path(__file__).resolve().parents[1]
_SHARED = [_HERE / f"{name}.py" for name in ("encoding", "grpo", "policy", "positions")]
# What the outcome of a run depends on; what merely puts it down and takes it up is not among it.
_SOURCES = {
    endgame.Config: [*(_HERE / "endgame").glob("*.py"), _HERE / "ladder" / "endings.py", _HERE / "grpo.py"],
    games.Config: [
        *(path for path in (_HERE / "games").glob("*.py") if path.stem not in {"making", "speed", "compiling"}),
        _HERE / "ladder" / "games.py",
        *_SHARED,
    ],
    grpo.Config: [_HERE / "verifier.py", _HERE / "spotlight.py", *_SHARED],
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
        """Names the run's outcome: its sources, configuration and seed."""
        sources = [path for kind, paths in _SOURCES.items() if isinstance(self.config, kind) for path in paths]
        if self.name.endswith(".supervised"):
            sources = [*sources, _HERE / "ladder" / "supervised.py"]
        label = self.name.replace(".", "_")
        return f"{label}_{self.seed}_{recording.digest(recording.version_of(sources), repr(self.config), self.name)}"


def chosen(names: dict[str, Config], seeds: tuple[int, ...] = SEEDS) -> list[Run]:
    """Every run of these names, first seeds first."""
    return [Run(name, config, seed) for seed in seeds for name, config in names.items()]
