"""The rounds of denoising and consistency that the network is trained for, and what one of them yields."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from stagelight.engines.scan.model.conditioning import SIGMA_MAX

TAUS = (0.05, 0.04, 0.035)  # expected error of an estimate after each round, for its consistency
SIGMAS = (SIGMA_MAX, 0.05, 0.04)  # sigma told to the network in each round


@dataclass(frozen=True)
class Round:
    """One round. Volumes (S, H, W), in units of the scan's scale."""

    round: int  # done, 1 after the first
    denoised: Tensor
    consistent: Tensor
