"""Policies and villages that several tests of the village's training use."""

from __future__ import annotations

import torch

from stagelight.engines.village import scenarios
from stagelight.engines.village.training.networks import Policy
from stagelight.engines.village.training.rollouts import Cohort


def cohort(count: int = 6, seed: int = 3) -> Cohort:
    return Cohort.endless(scenarios.TRAIN, count, seed, count)


def fresh(width: int = 16) -> Policy:
    return Policy(width, torch.Generator().manual_seed(1))
