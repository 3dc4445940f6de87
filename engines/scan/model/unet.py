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

import math
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

TOKEN_WIDTH = 384  # of one MiniLM token
SCAN_NUMBERS = 12  # length of the vector that describes a scan, see `conditioning`
CLAMP = 64.0  # bound of the residual stream


@dataclass(frozen=True)
class Config:
    """The shape of the network. The defaults are the published one."""

    slices: int = 4  # S, of a slab
    widths: tuple[int, ...] = (48, 96, 160)  # channels at 1/2, 1/4, 1/8 of the plane's resolution
    blocks: int = 2  # residual blocks of a level, on the way down and again on the way up
    heads: int = 4
    context: int = 128  # width of a token after the adapter
    sigma_scan: float = 0.06  # s where the scan is known: spread of an image about its quick reconstruction
    sigma_image: float = 0.25  # s where it is not
    places: bool = False  # tell every place where it lies in the plane, which else the scan shows


PUBLISHED = Config()
# Of a network that never sees a scan: deeper, so that a brain's two sides know of one another.
ALONE = Config(widths=(48, 96, 128, 160), places=True)


class Given(NamedTuple):
    """What a slab's estimate is conditioned on; B slabs of S slices on an H x W plane."""

    mean: Tensor  # (B, S, H, W) m, the quick reconstruction; 0 without a scan
    doubt: Tensor  # (B, S, H, W) where two classical methods differ; 0 without a scan
    residue: Tensor  # (B, S, H, W) what the measurements still add to m; 0 without a scan
    scan: Tensor  # (B, SCAN_NUMBERS) has a scan, log2 of the acceleration, where the slab lies, sampling density
    tokens: Tensor  # (B, T, TOKEN_WIDTH) of the sentence
    heard: Tensor  # (B, T) bool, which of the tokens there are; none: no sentence


class ScoreModel(nn.Module):
    """D above. `forward` is the preconditioned denoiser; `raw` is F."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        widths, inner = config.widths, 4 * config.widths[0]
        self.adapter = nn.Sequential(
            nn.LayerNorm(TOKEN_WIDTH), nn.Linear(TOKEN_WIDTH, config.context), nn.SiLU(),
            nn.Linear(config.context, config.context),
        )  # fmt: skip
        self.silence = nn.Parameter(torch.zeros(1, 1, config.context))  # the token that is always there
        self.embed = nn.Sequential(nn.Linear(32 + SCAN_NUMBERS, inner), nn.SiLU(), nn.Linear(inner, inner), nn.SiLU())
        self.enter = nn.Conv2d(16 * config.slices + 8 * config.places, widths[0], 3, padding=1)
        down, up, below = nn.ModuleList(), nn.ModuleList(), widths[0]
        for level, width in enumerate(widths):
            stage = nn.ModuleList()
            for _ in range(config.blocks):
                stage.append(Block(below, width, inner, config if level else None))
                below = width
            down.append(stage)
        for level in reversed(range(len(widths) - 1)):
            stage, width = nn.ModuleList(), widths[level]
            for index in range(config.blocks):
                stage.append(Block(below + (0 if index else width), width, inner, config if level else None))
                below = width
            up.append(stage)
        self.down, self.up = down, up
        last = nn.Conv2d(widths[0], 4 * config.slices, 3, padding=1)
        with torch.no_grad():  # begins near the quick reconstruction; at zero it would take long to leave it
            last.weight.mul_(0.1)
            nn.init.zeros_(cast("Tensor", last.bias))
        self.leave = nn.Sequential(nn.GroupNorm(8, widths[0]), nn.SiLU(), last)

    def spread(self, given: Given) -> Tensor:
        """S, the spread of images about the mean, (B, 1, 1, 1)."""
        known = given.scan[:, :1, None, None]
        return known * self.config.sigma_scan + (1 - known) * self.config.sigma_image

    def forward(self, x: Tensor, sigma: Tensor, given: Given) -> Tensor:
        """The denoised slab D(x; sigma). x (B, S, H, W), H and W multiples of 2 to the power of its levels."""
        skip, out, scale, noise = precondition(sigma, self.spread(given))
        shift = x - given.mean
        return given.mean + skip * shift + out * self.raw(scale * shift, noise, given)

    def raw(self, x: Tensor, noise: Tensor, given: Given) -> Tensor:
        """F of the preconditioning: x scaled to unit spread, c_noise (B,)."""
        config = self.config
        # Each input is brought to about unit spread, so that none drowns the others.
        parts = [x, given.mean / config.sigma_image, given.doubt / config.sigma_scan, given.residue / config.sigma_scan]
        if config.places:
            parts.append(places(x))
        h = self.enter(F.pixel_unshuffle(torch.cat(parts, 1).clamp(-CLAMP, CLAMP), 2))
        emb = self.embed(torch.cat((wave(noise), given.scan), 1))
        context = torch.cat((self.silence.expand(len(x), -1, -1), self.adapter(given.tokens)), 1)
        heard = F.pad(given.heard, (1, 0), value=True)
        kept: list[Tensor] = []
        for level, stage in enumerate(self.down):
            for block in cast("nn.ModuleList", stage):
                h = block(h, emb, context, heard)
            if level + 1 < len(self.down):
                kept.append(h)
                h = F.avg_pool2d(h, 2)
        for stage in self.up:
            h = torch.cat((F.interpolate(h, scale_factor=2.0, mode="nearest"), kept.pop()), 1)
            for block in cast("nn.ModuleList", stage):
                h = block(h, emb, context, heard)
        return F.pixel_shuffle(self.leave(h), 2)


class Block(nn.Module):
    """A residual block: two convolutions, scaled and shifted by the embedding, then attention to the tokens."""

    def __init__(self, inside: int, outside: int, embedding: int, config: Config | None) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, inside), nn.SiLU(), nn.Conv2d(inside, outside, 3, padding=1))
        self.affine = nn.Linear(embedding, 2 * outside)
        self.norm = nn.GroupNorm(8, outside)
        self.second = nn.Conv2d(outside, outside, 3, padding=1)
        self.short = nn.Conv2d(inside, outside, 1) if inside != outside else nn.Identity()
        self.attend = Attention(outside, config) if config else None
        with torch.no_grad():  # keeps the stream's spread about even from block to block
            self.second.weight.mul_(0.7)

    def forward(self, h: Tensor, emb: Tensor, context: Tensor, heard: Tensor) -> Tensor:
        """(B, inside, H, W) -> (B, outside, H, W)."""
        scale, shift = self.affine(emb)[:, :, None, None].chunk(2, 1)
        inner = self.norm(self.first(h)) * (1 + scale) + shift
        h = self.short(h) + self.second(F.silu(inner))
        if self.attend is not None:
            h = h + self.attend(h, context, heard)
        return h.clamp(-CLAMP, CLAMP)


class Attention(nn.Module):
    """Cross-attention of every place to the tokens (Vaswani et al., arXiv:1706.03762).

    While `watch` is a list, each call appends its weights, (B, heads, H W, 1 + T): the first is the silent token.
    """

    def __init__(self, width: int, config: Config) -> None:
        super().__init__()
        self.heads, self.watch = config.heads, None
        self.norm = nn.GroupNorm(8, width)
        self.query = nn.Linear(width, config.context)
        self.key, self.value = nn.Linear(config.context, config.context), nn.Linear(config.context, config.context)
        self.out = nn.Linear(config.context, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    watch: list[Tensor] | None

    def forward(self, h: Tensor, context: Tensor, heard: Tensor) -> Tensor:
        """What the tokens say to each place: (B, C, H, W) -> (B, C, H, W)."""
        size, heads = len(h), self.heads
        query = self.query(self.norm(h).flatten(2).transpose(1, 2)).view(size, -1, heads, context.shape[2] // heads)
        key, value = (
            layer(context).view(size, context.shape[1], heads, -1).transpose(1, 2) for layer in (self.key, self.value)
        )
        logit = query.transpose(1, 2) @ key.transpose(2, 3) / math.sqrt(query.shape[3])
        weight = logit.float().masked_fill(~heard[:, None, None, :], -torch.inf).softmax(3)
        if self.watch is not None:
            self.watch.append(weight.detach())
        said: Tensor = self.out((weight.to(value.dtype) @ value).transpose(1, 2).flatten(2))
        return said.transpose(1, 2).reshape(h.shape)


def precondition(sigma: Tensor, spread: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """c_skip, c_out, c_in, each (B, 1, 1, 1), and c_noise (B,). sigma (B,), spread (B, 1, 1, 1)."""
    wide = sigma[:, None, None, None]
    total = wide**2 + spread**2
    return spread**2 / total, wide * spread / total.sqrt(), total.rsqrt(), sigma.log() / 4


def weight(sigma: Tensor, spread: Tensor) -> Tensor:
    """Lambda of the loss, 1 / c_out^2: every noise level pays alike. (B, 1, 1, 1)."""
    wide = sigma[:, None, None, None]
    return (wide**2 + spread**2) / (wide * spread) ** 2


def places(x: Tensor) -> Tensor:
    """Where each voxel lies in the plane, -2 to 2 along H and along W: (B, 2, H, W) for x (B, S, H, W)."""
    size, _, height, width = x.shape
    rows, columns = (torch.linspace(-2, 2, n, dtype=x.dtype, device=x.device) for n in (height, width))
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
    return grid.expand(size, -1, -1, -1)


def wave(noise: Tensor) -> Tensor:
    """32 sines and cosines of c_noise, (B, 32)."""
    phase = noise[:, None] * torch.exp(torch.linspace(0, math.log(30), 16, device=noise.device))
    return torch.cat((phase.sin(), phase.cos()), 1)
