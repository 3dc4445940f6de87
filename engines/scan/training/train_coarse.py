"""Training of the coarse network: EDM's loss on volumes of the pool, each time moved, bent, mirrored and relit.

Moving happens at 2 mm, then the mean over 2 x 2 x 2 voxels is taken; a scan's own scale is the unit, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from stagelight.engines.scan.data import captions, pool, synthetic
from stagelight.engines.scan.model import arithmetic, text_encoder, unet
from stagelight.engines.scan.model.coarse import SPREAD, WIDTHS, Coarse
from stagelight.engines.scan.training import trainer


@dataclass(frozen=True)
class Config(trainer.Config):
    """One run."""

    without_text: float = 0.12
    unsure: float = 0.2  # share that is not told whether it is a head
    noise: tuple[float, float] = (0.0, 1.8)  # mean and spread of ln(sigma / SPREAD)


class Trainer(trainer.Trainer):
    """The life of one run."""

    config: Config

    def __init__(self, config: Config, seed: int, files: Sequence[Path], widths: tuple[int, ...] = WIDTHS) -> None:
        torch.manual_seed(seed)  # initial weights
        super().__init__(config, seed, Coarse(widths))
        self.items = [item for item in map(pool.read, files) if item.view != "window"]
        self.volumes = [half(item.x) for item in self.items]

    def loss(self) -> tuple[Tensor, dict[str, float]]:
        """EDM's."""
        x, *said = self._draw()
        middle, wide = self.config.noise
        sigma = SPREAD * (torch.randn(len(x), generator=self.torch_rng) * wide + middle).exp()
        level = sigma[:, None, None, None]
        noise = torch.randn(x.shape, generator=self.torch_rng)
        with arithmetic.autocast(self.config.lossy):
            found = self.model(x + level * noise, sigma, *said).float()
        weight = unet.weight(sigma, SPREAD, 2)
        return (weight * (found - x).square()).mean(), {}

    def _draw(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """A batch: volumes (B, S, H, W) at 4 mm, head (B,), tokens, heard."""
        config, rng = self.config, self.rng
        volumes, heads, said = [], [], []
        for index in rng.choice(len(self.items), config.batch):
            item, flip = self.items[index], bool(rng.random() < 0.5)
            volumes.append(moved(self.volumes[index].float(), flip, rng))
            fact = item.fact.mirrored() if flip else item.fact
            sentence = "" if rng.random() < config.without_text else captions.describe(fact, None, rng, item.ventricles)
            said.append(text_encoder.encode(sentence))
            heads.append(0.0 if rng.random() < config.unsure else 1.0 if fact.head else -1.0)
        return (
            torch.stack(volumes), torch.tensor(heads),
            torch.stack([one.tokens for one in said]), torch.stack([one.heard for one in said]),
        )  # fmt: skip


def half(x: NDArray[np.float16]) -> Tensor:
    """A volume of the pool as slices at 2 mm, in units of the scale that a scan of it would have: (72, 64, 80) half."""
    slices = torch.from_numpy(np.asarray(x, np.float32).transpose(2, 0, 1).copy())
    small = F.avg_pool3d(slices[None], 2)[0]
    scale = float(np.quantile(ndimage.gaussian_filter(small.numpy(), 2.0), 0.99))
    return (small / max(scale, 1e-3)).half()


def moved(x: Tensor, flip: bool, rng: np.random.Generator) -> Tensor:
    """A volume at 2 mm, (72, 64, 80), moved, bent, perhaps mirrored, and relit, at 4 mm: (36, 32, 40)."""
    angle, size = rng.normal(0, 0.06, 3), np.exp(rng.normal(0, 0.05, 3))
    turn = synthetic.rotation(angle) @ np.diag(size)
    theta = np.concatenate((turn, rng.normal(0, 0.03, (3, 1))), 1)
    grid = F.affine_grid(torch.from_numpy(theta)[None].float(), [1, 1, *x.shape], align_corners=False)
    rough = torch.from_numpy(rng.normal(0, rng.uniform(0, 0.05), (1, 3, 5, 5, 6))).float()
    bend = F.interpolate(rough, size=x.shape, mode="trilinear", align_corners=True)
    grid = grid + bend.movedim(1, -1)
    if flip:
        x = x.flip(1)
    seen = F.grid_sample(x[None, None], grid, padding_mode="zeros", align_corners=False)
    relit = seen.clamp_min(0) ** float(np.exp(rng.normal(0, 0.12))) * float(np.exp(rng.normal(0, 0.08)))
    return F.avg_pool3d(relit[0], 2)[0]
