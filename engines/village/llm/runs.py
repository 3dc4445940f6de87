"""Whole episodes of language models, asked once and kept: what they chose on a tape, from which all else follows.

The small model answers for all villages of a scenario at once, by `training.lm_rollouts`, and its choices are kept as
an array. Any other model is asked prompt by prompt, and its transcript is kept.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import cache
from stagelight.engines.experiment.progress import Interrupted, Progress, silent
from stagelight.engines.experiment.provenance import code_version, key
from stagelight.engines.village import constants as r
from stagelight.engines.village import episode, scenarios, worst_case_start
from stagelight.engines.village.agents.language_model import LanguageAgent
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.llm import smollm
from stagelight.engines.village.llm.small_worker import Mute
from stagelight.engines.village.llm.smollm import SmolLM
from stagelight.engines.village.llm.types import Model, ModelError
from stagelight.engines.village.world import World

_HERE = Path(__file__).resolve().parent
ADAPTER = _HERE.parent / "data" / "smollm2"  # what `distillation.teach` made of the small model
_PACKAGE = "stagelight.engines.village"
# The modules that decide what the small model chooses on a tape.
DECIDES = (
    f"{_PACKAGE}.worst_case_start",
    f"{_PACKAGE}.llm.llama",
    f"{_PACKAGE}.llm.smollm",
    f"{_PACKAGE}.training.lm_evaluation",
)


GATES = ("choices_made", "said", "true", "swaps", "flips")  # `lm_evaluation.Sentences`
EXAMINED = 100  # sentences of a scenario whose facts are given other values
CHOICES = 14  # a day, of the three together, as the trained policy makes them in the village of the scene
GROWTH = 350  # tokens by which a prompt grows as there is something to remember and to hear
Opener = Callable[[str, int], AbstractContextManager[Model]]  # of who answers in a scenario and seed


@dataclass(frozen=True)
class Run:
    """What was chosen in B villages, and what it took."""

    choices: NDArray[np.int8]  # (B, 480, 3) what each worker began, -1 where nothing was to be chosen
    tokens: float  # read and written, a village
    messages: float  # said, a village
    invalid: float = 0.0  # replies that could not be used, a village
    asked: float = 0.0  # replies, a village
    written: float = 0.0  # of the tokens, those of the replies
    seconds: float = 0.0  # of a processor, a village; 0 where it answers elsewhere
    gates: Mapping[str, int] = field(default_factory=dict)  # `lm_evaluation.Sentences` by name, of all villages


def small(
    scenario: str, seeds: Sequence[int], folder: Path, adapter: Path | None = None, progress: Progress = silent
) -> Run:
    """Villages that the small model runs: one line in, one word and a sentence out.

    Args:
        scenario: its name.
        seeds: of the tapes.
        folder: where runs are kept.
        adapter: folder of what it was taught; None: as it comes.
        progress: told of each tick.

    Raises:
        ModelError: the model, or what runs it, is not installed.
    """
    weights = [adapter / smollm.ADAPTER] if adapter else []
    name = key(code_version(*DECIDES, files=weights), scenario, list(seeds))
    compute = partial(_chosen, scenario, seeds, adapter, progress)
    found = cache.get_or_compute(
        folder / f"small-{scenario}-{name}.npz", compute, "choices", "tokens", "written", "seconds", *GATES
    )
    means = {name: float(found[name]) for name in ("tokens", "written", "seconds")}
    asked = float((found["choices"] != r.FREE).sum() / len(seeds))
    gates = {name: int(found[name]) for name in GATES}
    return Run(found["choices"], messages=asked, asked=asked, gates=gates, **means)


def unheard(
    scenario: str, seeds: Sequence[int], folder: Path, adapter: Path, progress: Progress = silent
) -> NDArray[np.float64]:
    """(B,) returns of villages that the small model runs as in `small`, where nobody hears what the others say."""
    name = key(code_version(*DECIDES, files=[adapter / smollm.ADAPTER]), scenario, list(seeds), "unheard")

    def compute() -> cache.Arrays:
        from stagelight.engines.village.training.lm_rollouts import rollouts  # noqa: PLC0415  # brings in torch

        def report(tick: int) -> None:
            progress(f"the small model in {scenario}, unheard", tick, r.TICKS, {})

        return {
            "returns": rollouts(
                Mute(loaded(adapter).next_word), metrics.tapes(scenario, seeds), talks=False, report=report
            ).returns
        }

    return cache.get_or_compute(folder / f"unheard-{scenario}-{name}.npz", compute, "returns")["returns"]


def _chosen(scenario: str, seeds: Sequence[int], adapter: Path | None, progress: Progress) -> cache.Arrays:
    from stagelight.engines.village.training.lm_evaluation import sentences  # noqa: PLC0415  # brings in torch
    from stagelight.engines.village.training.lm_rollouts import rollouts  # noqa: PLC0415

    what = f"the small model in {scenario}, {'as it comes' if adapter is None else 'taught'}"

    def report(tick: int) -> None:
        progress(what, tick, r.TICKS, {})

    model = loaded(adapter)
    begun = time.process_time()
    speaker = model if adapter else Mute(model.next_word)  # as it comes, it has no sentences that mean anything here
    found = rollouts(speaker, metrics.tapes(scenario, seeds), report=report)
    seconds = time.process_time() - begun
    read = sum(map(len, model.encode(found.lessons.pupil.lines())))
    written = len(found.said) + sum(map(len, model.encode(found.said)))
    counts = asdict(sentences(model, found, asked=EXAMINED))
    means = {"tokens": read + written, "written": written, "seconds": seconds}
    return {
        "choices": found.choices,
        **{name: np.array(value / len(seeds)) for name, value in means.items()},
        **{name: np.array(counts[name]) for name in GATES},
    }


def spoken(
    model: Model, drawn: Tape, report: Callable[[episode.Step], None] = lambda _: None, days: int = r.DAYS,
    each: Callable[..., Iterable[Any]] = map,
) -> Run:  # fmt: skip
    """One village whose three workers are language models with memories of their own, asked prompt by prompt.

    Args:
        model: who answers all three; a `transcript.Transcript` keeps what it says.
        drawn: the tape of one village.
        report: called with every tick.
        days: after which it is left; of later ones nothing is chosen.
        each: as in `episode.run`.

    Raises:
        ModelError: the model cannot be asked.
    """
    workers = [LanguageAgent(model) for _ in r.AGENTS]
    choices = np.full((1, r.TICKS, 3), r.FREE, np.int8)
    messages = 0
    for step in islice(episode.run(World(drawn), workers, each), days * r.DAY):
        for agent, choice in enumerate(step.choices):
            if choice is not None:
                choices[0, step.tick, agent] = choice.action
                messages += bool(choice.message)
        report(step)
    tokens, invalid, asked, written = (
        float(sum(getattr(worker, name) for worker in workers)) for name in ("tokens", "invalid", "asked", "written")
    )
    return Run(choices, tokens, float(messages), invalid, asked, written)


def villages(
    model: Opener, scenario: str, seeds: Sequence[int], days: int = r.DAYS, parallel: int = 1,
    progress: Progress = silent,
) -> Run:  # fmt: skip
    """Villages that a language model runs, some of them at once, their workers asked at once.

    Args:
        model: who answers in a scenario and seed, from several threads.
        scenario: its name.
        seeds: of the tapes.
        days: as in `spoken`.
        parallel: villages at once, at most.
        progress: told of each tick.

    Raises:
        ModelError: the model cannot be asked.
        Interrupted: the model's time is up.
    """
    account, stopped = _Account(f"language model in {scenario}", len(seeds) * days * r.DAY, progress), threading.Event()

    def one(seed: int) -> Run:
        def report(step: episode.Step) -> None:
            if stopped.is_set():
                raise Interrupted(f"day {step.tick // r.DAY + 1} of {scenario}, seed {seed}")
            account.add(step)

        with model(scenario, seed) as answering, ThreadPoolExecutor(len(r.AGENTS)) as workers:
            drawn = worst_case_start.tape(scenarios.named(scenario), seed)
            return spoken(answering, drawn, report, days, workers.map)

    with ThreadPoolExecutor(parallel) as pool:
        try:
            return joined(list(pool.map(one, seeds)))
        finally:  # what was not begun yet is not begun, and what was ends at its next tick
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


class _Account:
    """The progress of villages that run at once."""

    def __init__(self, what: str, total: int, progress: Progress) -> None:
        self.what, self.total, self.progress = what, total, progress
        self.ticks = self.invalid = self.tokens = 0
        self._lock = threading.Lock()

    def add(self, step: episode.Step) -> None:
        """Note a tick of any of them."""
        with self._lock:
            self.ticks += 1
            self.invalid += sum(bool(choice.fault) for choice in step.choices if choice)
            self.tokens += sum(choice.tokens for choice in step.choices if choice)
            figures = {"tokens": float(self.tokens), "invalid": float(self.invalid)}
            self.progress(self.what, self.ticks, self.total, figures)


@dataclass(frozen=True)
class Forecast:
    """An estimate of a run by its first answer; answers on file are taken in."""

    answers: int
    read: int  # tokens of prompts
    written: int  # tokens of answers


def forecast(model: Opener, scenario: str, seed: int, villages: int, days: int = r.DAYS) -> Forecast:
    """Ask the first prompt of a village, which then is on file, and reckon what all of them will take.

    Raises:
        ModelError: the model cannot be asked.
        Interrupted: the model's time is up.
    """
    first = episode.Episode(World(worst_case_start.tape(scenarios.named(scenario), seed)))
    with model(scenario, seed) as answering:
        reply = answering.ask(*LanguageAgent(answering).asks(first.observation(0)))
    answers = CHOICES * days * villages
    return Forecast(answers, answers * (reply.tokens_in + GROWTH), answers * reply.tokens_out)


def joined(found: Sequence[Run]) -> Run:
    """Runs of one village each as one, its numbers their means."""
    means = (
        float(np.mean([getattr(run, name) for run in found]))
        for name in ("tokens", "messages", "invalid", "asked", "written")
    )
    tokens, messages, invalid, asked, written = means
    return Run(np.concatenate([run.choices for run in found]), tokens, messages, invalid, asked, written)


def about() -> dict[str, float]:
    """What was written down when the small model was taught.

    Raises:
        ModelError: nothing was, or it was changed.
    """
    from stagelight.engines.experiment import weights  # noqa: PLC0415  # brings in torch

    path = ADAPTER / "about.json"
    try:
        weights.check(ADAPTER / smollm.ADAPTER)
        return {str(name): float(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{path}: no account of what the small model was taught ({why}); get it from the repository"
        ) from error


def loaded(adapter: Path | None) -> SmolLM:
    """The small model, on one thread and in what this processor computes fastest.

    Raises:
        ModelError: it, or what runs it, is not installed.
    """
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    return SmolLM.load(adapter=adapter)
