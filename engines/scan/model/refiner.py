"""The score network: a preconditioned U-Net that denoises a slab, given what is known of it.

A U-Net over a slab of four neighbouring slices (2.5D: the slices are channels, the plane is the one in which
k-space was undersampled), in the preconditioning of EDM (Karras et al., arXiv:2206.00364, table 1), written around a
mean m that is known before any noise is added:

    D(x; sigma) = m + c_skip (x - m) + c_out F(c_in (x - m), m, scan; c_noise, tokens)

    c_skip = s^2 / (sigma^2 + s^2)      c_out = sigma s / sqrt(sigma^2 + s^2)
    c_in = 1 / sqrt(sigma^2 + s^2)      c_noise = ln(sigma) / 4

m is the quick classical reconstruction of the measurements and s the spread about it. Where there are no measurements
m is zero and s the spread of images themselves: the prior alone. So at a large sigma D is a regression of the image
on the measurements, and at a small one a denoiser: one network serves a fast estimate, reverse diffusion and
plug-and-play. The language conditions it by cross-attention to the tokens of a sentence (`text_encoder`).

Planes are folded two by two into channels first, which costs a quarter of the arithmetic at the same width. A network
without normalisation exploded in an earlier experiment: here are GroupNorm, and clamps on the residual stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from stagelight.engines.scan.model import unet
from stagelight.engines.scan.model.unet import UNet

BRIGHT = 0.25  # spread of images about zero
SCAN_NUMBERS = 12  # length of the vector that describes a scan, see `conditioning`


@dataclass(frozen=True)
class Config:
    """The shape of the network. The defaults are the published one."""

    slices: int = 4  # S, of a slab
    widths: tuple[int, ...] = (48, 96, 160)  # channels at 1/2, 1/4, 1/8 of the plane's resolution
    blocks: int = 2  # residual blocks of a level, on the way down and again on the way up
    heads: int = 4
    context: int = 128  # width of a token after the adapter
    sigma_scan: float = 0.06  # s where the scan is known: spread of an image about its quick reconstruction
    sigma_image: float = BRIGHT  # s where it is not


PUBLISHED = Config()
# Of the fine network, whose m is what it knows so far: an adjoint image, a coarse volume, its own last estimate.
FINE = Config(sigma_scan=0.06, sigma_image=0.10)


class Given(NamedTuple):
    """What a slab's estimate is conditioned on; B slabs of S slices on an H x W plane."""

    mean: Tensor  # (B, S, H, W) m, the quick reconstruction; 0 without a scan
    doubt: Tensor  # (B, S, H, W) where two classical methods differ; 0 without a scan
    residue: Tensor  # (B, S, H, W) what the measurements still add to m; 0 without a scan
    scan: Tensor  # (B, SCAN_NUMBERS) has a scan, log2 of the acceleration, where the slab lies, sampling density
    tokens: Tensor  # (B, T, unet.TOKEN_WIDTH) of the sentence
    heard: Tensor  # (B, T) bool, which of the tokens there are; none: no sentence


class Refiner(nn.Module):
    """D above. `forward` is the preconditioned denoiser; `raw` is F."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        shape = unet.Config(
            dimensions=2, inside=16 * config.slices, outside=4 * config.slices,
            numbers=SCAN_NUMBERS, widths=config.widths, blocks=config.blocks, heads=config.heads,
            context=config.context,
        )  # fmt: skip
        self.net = UNet(shape)

    def spread(self, given: Given) -> Tensor:
        """S, the spread of images about the mean, (B, 1, 1, 1)."""
        known = given.scan[:, :1, None, None]
        return known * self.config.sigma_scan + (1 - known) * self.config.sigma_image

    def forward(self, x: Tensor, sigma: Tensor, given: Given) -> Tensor:
        """The denoised slab D(x; sigma). x (B, S, H, W), H and W multiples of 2 to the power of its levels."""
        skip, out, scale, noise = unet.precondition(sigma, self.spread(given), 2)
        shift = x - given.mean
        return given.mean + skip * shift + out * self.raw(scale * shift, noise, given)

    def raw(self, x: Tensor, noise: Tensor, given: Given) -> Tensor:
        """F of the preconditioning: x scaled to unit spread, c_noise (B,)."""
        config = self.config
        # Each input is brought to about unit spread, so that none drowns the others.
        parts = [x, given.mean / BRIGHT, given.doubt / config.sigma_scan, given.residue / config.sigma_scan]
        images = F.pixel_unshuffle(torch.cat(parts, 1).clamp(-unet.CLAMP, unet.CLAMP), 2)
        return F.pixel_shuffle(self.net(images, noise, given.scan, given.tokens, given.heard), 2)
