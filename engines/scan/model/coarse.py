"""The coarse network: a whole head at 4 mm, in three dimensions, from noise and words.

It says where things are: the outline, the ventricles, a lesion's side. What it dreams, or finds in the data, conditions
the fine network. Volumes are folded two by two by two into channels first, which costs an eighth of the arithmetic at
the same width. The preconditioning is EDM's (Karras et al., arXiv:2206.00364).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from stagelight.engines.scan.model import unet
from stagelight.engines.scan.model.unet import UNet

MM = 4  # voxels of the fine grid in one of the coarse, along each axis
SHAPE = (36, 32, 40)  # slices, right, anterior
SPREAD = 0.35  # of volumes about zero, in units of a scan's scale
WIDTHS = (32, 96, 128)  # channels at 8, 16 and 32 mm
MULTIPLE = 8  # of each side, with air beyond: sides are halved three times


class Coarse(nn.Module):
    """D(x; sigma) of whole volumes."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.net = UNet(unet.Config(dimensions=3, inside=32, outside=8, numbers=1, widths=widths, deaf=0))

    def forward(self, x: Tensor, sigma: Tensor, head: Tensor, tokens: Tensor, heard: Tensor) -> Tensor:
        """The denoised volumes.

        Args:
            x: (B, S, H, W), of `SHAPE` as it was trained.
            sigma: (B,) of the noise in x.
            head: (B,) 1 where skull and scalp are in it, -1 where they are not, 0 where that is not known.
            tokens: (B, T, TOKEN_WIDTH) of the sentence.
            heard: (B, T) bool.
        """
        skip, out, scale, noise = unet.precondition(sigma, SPREAD, 3)
        slices, height, width = x.shape[1:]
        more = [-n % MULTIPLE for n in (width, height, slices)]
        padded = F.pad(scale * x[:, None], (0, more[0], 0, more[1], 0, more[2]))
        places = unet.coordinates(padded.shape[2:]).to(x).expand(len(x), -1, -1, -1, -1)
        found = unfold(self.net(fold(torch.cat((padded, places), 1)), noise, head[:, None], tokens, heard))
        return x * skip[:, 0] + out[:, 0] * found[:, 0, :slices, :height, :width]


def fold(x: Tensor) -> Tensor:
    """Blocks of 2 x 2 x 2 voxels as channels: (B, C, S, H, W) -> (B, 8 C, S/2, H/2, W/2)."""
    size, channels, s, h, w = x.shape
    blocks = x.reshape(size, channels, s // 2, 2, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 7, 2, 4, 6)
    return blocks.reshape(size, 8 * channels, s // 2, h // 2, w // 2).contiguous(memory_format=torch.channels_last_3d)


def unfold(x: Tensor) -> Tensor:
    """The inverse of `fold`."""
    size, channels, s, h, w = x.shape
    blocks = x.reshape(size, channels // 8, 2, 2, 2, s, h, w).permute(0, 1, 5, 2, 6, 3, 7, 4)
    return blocks.reshape(size, channels // 8, 2 * s, 2 * h, 2 * w)
