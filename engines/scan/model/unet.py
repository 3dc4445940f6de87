"""A U-Net in two or three dimensions that is told a noise level, some numbers and the tokens of a sentence.

The same blocks serve the coarse network, which sees a whole head at 4 mm in three dimensions, and the fine one, which
sees a few neighbouring slices at 1 mm. A network without normalisation exploded in an earlier experiment: here are
GroupNorm, and clamps on the residual stream.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

TOKEN_WIDTH = 384  # of one MiniLM token
CLAMP = 64.0  # bound of the residual stream
WAVES = 16  # sines, and as many cosines, that say the noise level


@dataclass(frozen=True)
class Config:
    """The shape of a network."""

    dimensions: int  # of its images: 2 or 3
    inside: int  # channels in
    outside: int  # channels out
    numbers: int  # told beside the noise level
    widths: tuple[int, ...]  # channels at full, half, quarter ... resolution
    blocks: int = 2  # residual blocks of a level, on the way down and again on the way up
    heads: int = 4
    context: int = 128  # width of a token after the adapter
    deaf: int = 1  # levels, the finest ones, that do not hear the sentence


class UNet(nn.Module):
    """F of the preconditioning: images and what is said of them in, images out."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config, widths, inner = config, config.widths, 4 * config.widths[0]
        self.adapter = nn.Sequential(
            nn.LayerNorm(TOKEN_WIDTH), nn.Linear(TOKEN_WIDTH, config.context), nn.SiLU(),
            nn.Linear(config.context, config.context),
        )  # fmt: skip
        self.silence = nn.Parameter(torch.zeros(1, 1, config.context))  # the token that is always there
        told = 2 * WAVES + config.numbers
        self.embed = nn.Sequential(nn.Linear(told, inner), nn.SiLU(), nn.Linear(inner, inner), nn.SiLU())
        self.enter = convolution(config.dimensions, config.inside, widths[0])
        self.down, self.up, below = nn.ModuleList(), nn.ModuleList(), widths[0]
        for level, width in enumerate(widths):
            stage = nn.ModuleList()
            for _ in range(config.blocks):
                stage.append(Block(below, width, inner, config, level >= config.deaf))
                below = width
            self.down.append(stage)
        for level in reversed(range(len(widths) - 1)):
            stage, width = nn.ModuleList(), widths[level]
            for index in range(config.blocks):
                inside = below + (0 if index else width)
                stage.append(Block(inside, width, inner, config, level >= config.deaf))
                below = width
            self.up.append(stage)
        last = convolution(config.dimensions, widths[0], config.outside)
        with torch.no_grad():
            last.weight.mul_(0.1)
            nn.init.zeros_(cast("Tensor", last.bias))
        self.leave = nn.Sequential(nn.GroupNorm(8, widths[0]), nn.SiLU(), last)

    def forward(self, images: Tensor, noise: Tensor, numbers: Tensor, tokens: Tensor, heard: Tensor) -> Tensor:
        """Channels of images to channels of images.

        Args:
            images: (B, inside, *space), each side a multiple of 2 to the power of the levels less one.
            noise: (B,) c_noise.
            numbers: (B, numbers).
            tokens: (B, T, TOKEN_WIDTH) of the sentence.
            heard: (B, T) bool, which of the tokens there are; none: no sentence.
        """
        h = self.enter(images.clamp(-CLAMP, CLAMP))
        emb = self.embed(torch.cat((wave(noise), numbers), 1))
        context = torch.cat((self.silence.expand(len(h), -1, -1), self.adapter(tokens)), 1)
        heard = F.pad(heard, (1, 0), value=True)
        pool = F.avg_pool2d if self.config.dimensions == 2 else F.avg_pool3d
        kept: list[Tensor] = []
        for level, stage in enumerate(self.down):
            for block in cast("nn.ModuleList", stage):
                h = block(h, emb, context, heard)
            if level + 1 < len(self.down):
                kept.append(h)
                h = pool(h, 2)
        for stage in self.up:
            h = torch.cat((F.interpolate(h, scale_factor=2.0, mode="nearest"), kept.pop()), 1)
            for block in cast("nn.ModuleList", stage):
                h = block(h, emb, context, heard)
        found: Tensor = self.leave(h)
        return found


class Block(nn.Module):
    """A residual block: two convolutions, scaled and shifted by the embedding, then attention to the tokens."""

    def __init__(self, inside: int, outside: int, embedding: int, config: Config, listens: bool) -> None:
        super().__init__()
        two = config.dimensions
        self.first = nn.Sequential(nn.GroupNorm(8, inside), nn.SiLU(), convolution(two, inside, outside))
        self.affine = nn.Linear(embedding, 2 * outside)
        self.norm = nn.GroupNorm(8, outside)
        self.second = convolution(two, outside, outside)
        self.short = convolution(two, inside, outside, 1) if inside != outside else nn.Identity()
        self.attend = Attention(outside, config) if listens else None
        with torch.no_grad():  # keeps the stream's spread about even from block to block
            self.second.weight.mul_(0.7)

    def forward(self, h: Tensor, emb: Tensor, context: Tensor, heard: Tensor) -> Tensor:
        """(B, inside, *space) -> (B, outside, *space)."""
        affine = self.affine(emb)
        scale, shift = affine.view(*affine.shape, *[1] * (h.ndim - 2)).chunk(2, 1)
        inner = self.norm(self.first(h)) * (1 + scale) + shift
        h = self.short(h) + self.second(F.silu(inner))
        if self.attend is not None:
            h = h + self.attend(h, context, heard)
        return h.clamp(-CLAMP, CLAMP)


class Attention(nn.Module):
    """Cross-attention of every place to the tokens (Vaswani et al., arXiv:1706.03762).

    While `watch` is a list, each call appends its weights, (B, heads, places, 1 + T): the first is the silent token.
    """

    watch: list[Tensor] | None

    def __init__(self, width: int, config: Config) -> None:
        super().__init__()
        self.heads, self.watch = config.heads, None
        self.norm = nn.GroupNorm(8, width)
        self.query = nn.Linear(width, config.context)
        self.key, self.value = nn.Linear(config.context, config.context), nn.Linear(config.context, config.context)
        self.out = nn.Linear(config.context, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, h: Tensor, context: Tensor, heard: Tensor) -> Tensor:
        """What the tokens say to each place: (B, C, *space) -> (B, C, *space)."""
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


def convolution(dimensions: int, inside: int, outside: int, size: int = 3) -> nn.Conv2d | nn.Conv3d:
    """A convolution that keeps an image's sides."""
    kind = nn.Conv2d if dimensions == 2 else nn.Conv3d
    return kind(inside, outside, size, padding=size // 2)


def precondition(sigma: Tensor, spread: Tensor | float, dimensions: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """EDM's c_skip, c_out, c_in, each (B, 1, ..., 1), and c_noise (B,) (Karras et al., arXiv:2206.00364, table 1).

    Args:
        sigma: (B,) of the noise.
        spread: of images about what is subtracted from them; one for all, or (B, 1, ..., 1).
        dimensions: of the images.
    """
    wide = sigma.view(-1, *[1] * (dimensions + 1))
    total = wide**2 + spread**2
    return spread**2 / total, wide * spread / total.sqrt(), total.rsqrt(), sigma.log() / 4


def weight(sigma: Tensor, spread: Tensor | float, dimensions: int) -> Tensor:
    """EDM's lambda of the loss, 1 / c_out^2, by which every noise level pays alike: (B, 1, ..., 1)."""
    wide = sigma.view(-1, *[1] * (dimensions + 1))
    return (wide**2 + spread**2) / (wide * spread) ** 2


def coordinates(shape: Sequence[int]) -> Tensor:
    """Each voxel's place along each axis, -2 to 2: (len(shape), *shape)."""
    axes = [torch.linspace(-2, 2, n) for n in shape]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))


def wave(noise: Tensor) -> Tensor:
    """Sines and cosines of c_noise, (B, 2 WAVES)."""
    phase = noise[:, None] * torch.exp(torch.linspace(0, math.log(30), WAVES, device=noise.device))
    return torch.cat((phase.sin(), phase.cos()), 1)
