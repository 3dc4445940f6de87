"""Fixtures of the rollout's tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small untrained policy, written as the published one is."""
    torch = pytest.importorskip("torch")
    from stagelight.engines.rollout import inference
    from stagelight.engines.rollout.games.policy import Policy

    path = tmp_path_factory.mktemp("policy") / inference.FILE
    inference.publish(Policy(16, 8, torch.Generator().manual_seed(1)), path)
    return path
