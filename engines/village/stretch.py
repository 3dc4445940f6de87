"""The recorded runs of the village, played again from their seed and from what the workers said."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from stagelight.engines.experiment.progress import Progress
from stagelight.engines.experiment.stretch import Stretch
from stagelight.engines.recording import Recording
from stagelight.engines.village import exogenous, record, scenarios
from stagelight.engines.village.episode_trace import trace


def stretch(before: Recording, cache: Path, progress: Progress) -> Stretch:
    """Play the shown run and the four beside it again, all forty days.

    Args:
        before: the recording.
        cache: unused: the runs take seconds.
        progress: told of each run.
    """
    known = {field.name: before.config[field.name] for field in fields(record.Config)}
    config = record.Config(**known | {"varies": tuple(known["varies"])})
    weather = exogenous.draw(scenarios.named(config.scenario), before.seed)
    shown = trace(weather, record.told_again(before).make())
    progress("playing the runs again", 1, 2, {})
    runs = {"shown": shown, **record.others(config, weather)}
    progress("playing the runs again", 2, 2, {})
    return Stretch(
        record.run_arrays(config, runs, weather),
        proves="the shown village and the four beside it, all forty days, follow from the seed, the rules and what "
        "the workers chose and said",
        leaves_open="that the model chooses and says this, how it was trained, how the run was chosen, and the table "
        "of all agents; `click check village --record` and `click score village` make those again",
    )
