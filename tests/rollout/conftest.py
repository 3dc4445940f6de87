"""Fixtures of the rollout's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.commands import Call


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Small products are quicker, and the same everywhere, on one thread."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small untrained policy, written as the published one is."""
    torch = pytest.importorskip("torch")
    from stagelight.engines.rollout import inference
    from stagelight.engines.rollout.policy import Policy

    path = tmp_path_factory.mktemp("policy") / inference.FILE
    inference.publish(Policy(16, 8, torch.Generator().manual_seed(1)), path)
    return path


@pytest.fixture(scope="session")
def found_mates() -> dict[str, Any]:
    """The forced mates of 200 games between compiled opponents, as `build_mates.from_players` finds them."""
    pytest.importorskip("chess")
    from stagelight.engines.rollout import build_mates

    return build_mates.from_players(range(200), 1)


@pytest.fixture(scope="session")
def few_mates(found_mates: dict[str, Any]) -> Any:
    """The same, split."""
    from stagelight.engines.rollout import mates

    board, distance, game = (found_mates[name] for name in ("board", "distance", "game"))
    return mates.split(board, distance, game, [(board[:0], distance[:0])] * 2, seed=2026)


@pytest.fixture(scope="module")
def few_data(few_mates: Any) -> Iterator[None]:
    """Few positions with a mate wherever a run looks for them; the games are the committed ones."""
    pytest.importorskip("torch")
    from stagelight.engines.rollout import mates, runs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mates, "load", lambda: few_mates)
        runs._data.cache_clear()
        yield
    runs._data.cache_clear()


@pytest.fixture(scope="session")
def starts(few_mates: Any) -> Any:
    """Training starts, their mates few."""
    pytest.importorskip("torch")
    from stagelight.engines.rollout.starts import Starts

    found = Starts(held_out=False)
    found.__dict__["mates"] = few_mates.train
    return found


@pytest.fixture
def score(capfd: pytest.CaptureFixture[str]) -> Call:
    """`click score rollout`, in this process."""
    from stagelight.render import cli
    from stagelight.render.pipeline.plan import Places

    def call(*words: object) -> tuple[int, str, str]:
        return cli.run(["score", "rollout", *map(str, words)], Places()), *capfd.readouterr()

    return call


@pytest.fixture
def refused(score: Call) -> Callable[..., str]:
    """The one line with which `click score rollout` refuses what it is given."""

    def call(*words: object) -> str:
        code, _, wrong = score(*words)
        assert code == 2
        assert wrong.count("\n") == 1
        return wrong

    return call
