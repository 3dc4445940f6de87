"""The village's own input: the tapes of its chance, plans on file, and what the environment's callers give it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stagelight.engines.recording import RecordingError
from stagelight.engines.village import constants, env, scenarios, wrappers  # noqa: F401
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.evaluation import oracle_cache
from stagelight.engines.village.exogenous import Tape, draw, stack
from stagelight.render.trials.answers import Bench, Case, Wrong, answered
from stagelight.render.trials.mutations import ARCHIVES, HEADS
from stagelight.render.trials.readers.common import damaged, from_file, generator

FIELDS = ("plots", "wind", "omen", "price", "rabbits", "rain", "ill")
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    13,
    14,
    99,
    -14,
    2**31,
    -(2**31),
    2**62,
    2**64,
    10**5000,
    1.0,
    1.5,
    float("nan"),
    float("inf"),
    "1",
    "std",
    "",
    b"1",
    [],
    [1],
    (1, 2),
    {},
    {"scenario": "std"},
    {"scenario": 7},
    {"x": 1},
    np.array(1),
    np.array([1]),
    np.array([[1]]),
    np.int8(1),
    np.float64(2),
    np.bool_(True),
    np.array(["1"]),
    np.array([object()]),
    object(),
    "calm\0",
    "ſtd",
    "x" * 100_000,
    1j,
)


def tapes(folder: Path) -> Bench:
    """Tapes that are not as they should be, and files of plans: refused before the compiled core runs, or played."""
    good = stack([draw(scenario, 3) for scenario in list(scenarios.SCENARIOS.values())[:3]])
    _played(good)
    for end in ("json", "npz"):
        shutil.copy(oracle_cache.SHIPPED / f"{oracle_cache.NAME}.{end}", folder)
    whole = {end: (folder / f"{oracle_cache.NAME}.{end}").read_bytes() for end in ("json", "npz")}
    seed = next(seed for name, seed in _kept() if name == "std")
    wanted = oracle_cache.shipped(["std"], [seed])
    assert wanted is not None

    def same(found: Any) -> bool:
        return found is not None and bool((found["std"] == wanted["std"]).all())

    def answer(path: Path) -> str:
        return answered(lambda: oracle_cache.shipped(["std"], [seed], path.parent), (RecordingError,), same)

    def mutated(seed_: int, number: int) -> Case:
        rng = generator("tapes", seed_, number)
        if number % 3 == 0:
            end, kinds = (("json", HEADS[:17]), ("npz", ARCHIVES))[number // 3 % 2]
            name, data = damaged(whole[end], kinds, rng, number // 6)
            return from_file(folder / f"{oracle_cache.NAME}.{end}", name, data, answer)
        return _tape(good, rng)

    odd: dict[str, Any] = {
        "none": None,
        "a list": [],
        "one village without its axis": draw(scenarios.SCENARIOS["std"], 1),
        "no village": stack_of(good, 0),
        "two lengths": replace(good, wind=good.wind[:1]),
    }
    return Bench(
        mutated,
        tuple(Case(name, partial(answered, partial(_played, tape), (ValueError,))) for name, tape in odd.items()),
    )


def stack_of(tape: Tape, count: int) -> Tape:
    """The first villages of a stack."""
    return Tape(*(getattr(tape, name)[:count] for name in FIELDS))


def _kept() -> list[tuple[str, int]]:
    from stagelight.engines import recording  # noqa: PLC0415

    head = recording.load_head(oracle_cache.SHIPPED, oracle_cache.NAME)
    return [(str(name), int(seed)) for name, seed in head["config"]["tapes"]]


def _tape(good: Tape, rng: np.random.Generator) -> Case:
    """A tape one of whose fields is of another shape, kind or size."""
    name = FIELDS[int(rng.integers(len(FIELDS)))]
    field = getattr(good, name)
    at = tuple(int(rng.integers(n)) for n in field.shape)
    values = (np.nan, np.inf, -np.inf, -1.0, 1e300, -1e300, 0.25)

    def changed() -> Any:
        other = field.astype(float) if rng.random() < 0.1 else field.copy()
        other[at] = values[int(rng.integers(len(values)))]
        return other

    ways: dict[str, Callable[[], Any]] = {
        "shorter": lambda: field[:, :-1],
        "longer": lambda: np.concatenate([field, field], 1),
        "an axis more": lambda: field[..., None],
        "an axis less": lambda: field[0],
        "fewer villages": lambda: field[:2],
        "of other numbers": lambda: field.astype(np.float32),
        "whole numbers": lambda: field.astype(np.int64),
        "objects": lambda: field.astype(object),
        "every second": lambda: np.repeat(field, 2, 1)[:, ::2],
        "backwards": lambda: field[:, ::-1],
        "read-only": lambda: _fixed(field),
        "a number": changed,
        "a number, again": changed,
        "a number once more": changed,
    }
    way = list(ways)[int(rng.integers(len(ways)))]
    return Case(
        f"{name} {way}", partial(answered, partial(_played, replace(good, **{name: ways[way]()})), (ValueError,), _sane)
    )


def _fixed(field: Any) -> Any:
    other = field.copy()
    other.setflags(write=False)
    return other


def _played(tape: Any) -> Villages:
    """A day's worth of random, legal choices on a tape."""
    villages, rng = Villages(tape), np.random.default_rng(0)
    for _ in range(40):
        scores = rng.random(villages.masks.shape) * villages.masks
        villages.step(scores.argmax(-1), rng.random(villages.masks.shape[:2]) < 0.5)
    return villages


def _sane(villages: Villages) -> bool:
    """Tell whether its numbers are numbers."""
    return bool(np.isfinite(villages.numbers).all() and np.isfinite(villages.rewards).all())


def calls(_: Path) -> Bench:
    """Arguments of the environment: what is wrong is a `ValueError` of one line, and nothing was done."""
    village = env.parallel_env(talks=env.WORDS)
    village.reset(seed=1)
    many = Villages(stack([draw(scenarios.SCENARIOS["std"], 1)]))

    def step(value: Any) -> None:
        village.reset(seed=1)
        village.step(value)

    def batch(value: Any) -> None:
        many.reset()
        many.step(value, np.zeros((1, 3), bool))

    def tells(value: Any) -> None:
        many.reset()
        many.step(np.zeros((1, 3), np.int64), value)

    def restore(at: int, value: Any) -> None:
        many.reset()
        kept = list(many.snapshot())
        kept[at] = value
        many.restore(tuple(kept))

    agents = env.AGENTS
    uses: dict[str, Callable[[Any], object]] = {
        "an action": lambda value: step({**dict.fromkeys(agents, 0), agents[0]: value}),
        "actions": step,
        "an agent": lambda value: step({**dict.fromkeys(agents[:2], 0), _key(value): 0}),
        "actions of many": batch,
        "tells": tells,
        "a seed": lambda value: village.reset(seed=value),
        "options": lambda value: village.reset(options=value),
        "a scenario": env.parallel_env,
        "max_cycles": lambda value: env.parallel_env(max_cycles=value),
        "talks": lambda value: env.parallel_env(talks=value),
        "a way of rendering": lambda value: env.parallel_env(render_mode=value),
        "words": lambda value: village.say(agents[0], value),
        "a speaker": lambda value: village.say(value, "hello"),
        "numbers restored": partial(restore, 0),
        "workers restored": partial(restore, 1),
        "knowledge restored": partial(restore, 2),
    }

    def case(use: str, value: Any) -> Case:
        return Case(f"{use}: {type(value).__name__}", partial(answered, partial(uses[use], value), (ValueError,)))

    def mutated(seed: int, number: int) -> Case:
        rng = generator("calls", seed, number)
        use = list(uses)[number % len(uses)]
        if "restored" in use and rng.random() < 0.7:
            at = ["numbers restored", "workers restored", "knowledge restored"].index(use)
            other = many.snapshot()[at].copy()
            other[tuple(int(rng.integers(n)) for n in other.shape)] = rng.choice([-1, 14, 99, 10**6, 2**31, -(2**40)])
            return Case(use, partial(answered, partial(_restored, restore, at, other, many), (ValueError,)))
        if use in {"actions of many", "tells"} and rng.random() < 0.5:
            shape = [(1, 3), (3, 1), (1, 4), (2, 3), (3,), (0, 3)][int(rng.integers(6))]
            kind = [np.int64, np.int8, np.uint64, np.float32, np.bool_][int(rng.integers(5))]
            return case(use, rng.integers(0, 20, shape).astype(kind))
        return case(use, ODD[int(rng.integers(len(ODD)))])

    return Bench(
        mutated,
        tuple(
            case(use, value)
            for use, value in (
                ("an action", 2**31),
                ("an action", -(2**31)),
                ("actions of many", np.ones((1, 3))),
                ("a seed", -1),
                ("options", {"scenario": "nowhere"}),
                ("max_cycles", 10**9),
                ("words", "x" * 201),
                ("a speaker", "mayor_0"),
                ("actions", {}),
                ("actions", None),
            )
        ),
    )


def _key(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return str(type(value))
    return value


def _restored(restore: Callable[[int, Any], None], at: int, other: Any, many: Villages) -> None:
    """Restore numbers that were changed, and go on from them for a day."""
    restore(at, other)
    for _ in range(12):
        if many.over:
            return
        many.step(np.zeros((1, 3), np.int64), np.zeros((1, 3), bool))
    if not many.masks.any():
        raise Wrong("nobody may do anything", "")


def checked(folder: Path) -> Bench:
    """The same calls and tapes, and games of chess, on cores that are compiled with every index checked."""
    import numba  # noqa: PLC0415

    from stagelight.render.trials.readers.games import games  # noqa: PLC0415

    if not numba.config.BOUNDSCHECK:
        raise RuntimeError("indices are not checked")
    benches = [tapes(folder), calls(folder), games(folder)]

    def mutated(seed: int, number: int) -> Case:
        return benches[number % 3].mutated(seed, number // 3)

    return Bench(mutated, benches[0].by_hand + benches[2].by_hand)
