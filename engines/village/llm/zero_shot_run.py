"""What the small language model says in its own words: days of a village that it runs as it comes, asked for JSON.

It is asked as a model behind an endpoint would be: the rules, what the worker knows, a schema with a reason. It runs
the village of the scene, in the same weather, and its first answers are kept word for word.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stagelight.engines.experiment.progress import Progress
from stagelight.engines.experiment.provenance import code_version, key
from stagelight.engines.village import constants as r
from stagelight.engines.village.episode import Step
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.llm import runs
from stagelight.engines.village.llm.transcript import Transcript

KIND = "answered"  # of the events
KEPT = 12  # answers that become events
REASON_TOKENS = 24  # at most
DAYS = 8  # after which it is left: half a minute of a core each
_PACKAGE = "stagelight.engines.village"


def asked(weather: Tape, folder: Path, progress: Progress) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """The events and facts of a village whose workers are the small model, as it comes.

    Args:
        weather: the tape of one village.
        folder: where the transcript is kept; what is in it is not asked again.
        progress: told of each tick.

    Raises:
        ModelError: the model, or what runs it, is not installed.
    """
    from stagelight.engines.village.llm.small import Small  # noqa: PLC0415  # brings in torch

    version = code_version(f"{_PACKAGE}.agents.language_model", f"{_PACKAGE}.episode", f"{_PACKAGE}.llm.small")
    path = folder / f"transcript-{key(version, weather.wind.tolist())}.jsonl"
    answers: list[dict[str, Any]] = []
    with Transcript(path, Small(reason_tokens=REASON_TOKENS)) as model:

        def watch(step: Step) -> None:
            answers.extend(_events(step))
            progress(f"{model.name} in its own words", step.tick + 1, DAYS * r.DAY, {})

        run = runs.spoken(model, weather, watch, DAYS)
    return answers[:KEPT], {
        "llm.asked": run.asked,
        "llm.asked.days": float(DAYS),
        "llm.valid_json_share": 1 - run.invalid / run.asked,
    }


def _events(step: Step) -> list[dict[str, Any]]:
    """What was answered in a tick, word for word."""
    return [
        {
            "step": step.tick, "kind": KIND, "agent": r.AGENTS[who], "author": choice.author,
            "action": r.ACTIONS[choice.action], "reason": choice.reason,
        }
        for who, choice in enumerate(step.choices)
        if choice is not None
    ]  # fmt: skip
