"""A Llama network on a processor: sequences of any lengths without padding, and gradients for a LoRA adapter alone.

    x <- x + o(attention(qkv(norm(x)))),   x <- x + down(silu(gate(norm(x))) up(norm(x)))

The same as transformers' (a test holds them together), twice as fast to train: the tokens of all sequences lie in
one matrix, projections of the same input are one, a norm's gain is part of the projection that follows it, and each
step has its gradient written out, so that nothing is computed for weights that stay as they are. Attention alone pads,
to a length at which its softmax is vectorised. `read` keeps keys and values, so that `go_on` computes one more token of
each sequence alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

BLOCK = 32  # lengths are padded to multiples of it in attention
PACK = 64  # tokens are filled up to a multiple of it: for every other size of a product code is generated and kept
FUSED = (("q_proj", "k_proj", "v_proj"), ("o_proj",), ("gate_proj", "up_proj"), ("down_proj",))
PLACE = {name: "self_attn" if name[0] in "qkvo" else "mlp" for group in FUSED for name in group}
Pair = tuple[Tensor, Tensor]  # LoRA's A (r, in) and B (out, r), its scale in B
Adapter = Mapping[int, Sequence[Pair]]  # by layer, for each of FUSED


@dataclass(frozen=True)
class Shape:
    """Sizes of a network."""

    width: int
    heads: int
    groups: int  # of heads, which share keys and values
    layers: int
    theta: float  # of the rotary embedding
    epsilon: float  # of the norms

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape:
        """From transformers' `config.json`."""
        rope = config.get("rope_parameters") or config
        return cls(
            config["hidden_size"], config["num_attention_heads"], config["num_key_value_heads"],
            config["num_hidden_layers"], float(rope["rope_theta"]), config["rms_norm_eps"],
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Of a head."""
        return self.width // self.heads

    @property
    def each(self) -> int:
        """Heads of a group."""
        return self.heads // self.groups

    def parts(self, y: Tensor) -> Sequence[Tensor]:
        """Queries, keys and values of tokens, (N, columns) each."""
        return torch.split(y, [self.width, self.groups * self.size, self.groups * self.size], 1)

    def angles(self, places: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """(N, heads + groups, size / 2) cosine and sine of what queries and keys at some places are turned by."""
        rates = self.theta ** -(torch.arange(0, self.size, 2) / self.size)
        angle = (places[:, None] * rates)[:, None].expand(-1, self.heads + self.groups, -1)
        return angle.cos().to(dtype).contiguous(), angle.sin().to(dtype).contiguous()

    def turn(self, y: Tensor, cos: Tensor, sin: Tensor) -> None:
        """Rotate queries and keys, in place."""
        both = y[:, : (self.heads + self.groups) * self.size].view(len(y), self.heads + self.groups, 2, -1)
        first, second = both[:, :, 0], both[:, :, 1]
        turned = (first * cos).addcmul_(second, sin, value=-1)
        second.mul_(cos).addcmul_(first, sin)
        first.copy_(turned)


@dataclass(frozen=True)
class Layer:
    """The fused weights of a layer, gains included, and the gains of what the first and third of them read."""

    weights: tuple[Tensor, ...]  # as FUSED
    gains: tuple[Tensor | None, ...]


@dataclass(frozen=True)
class Layout:
    """Where the tokens of B sequences lie in a grid of B rows of L cells."""

    shape: Shape
    count: int  # B
    length: int  # L
    cells: Tensor  # (N,) of each token
    cos: Tensor  # (N, heads + groups, size / 2)
    sin: Tensor
    mask: Tensor  # (heads / groups * L, L) added to the scores

    def spread(self, x: Tensor, parts: int) -> Tensor:
        """(N, parts * groups * size) -> (B * groups, parts * L, size), absent tokens 0."""
        s = self.shape
        grid = x.new_zeros(self.count * self.length, x.shape[1]).index_copy_(0, self.cells, x)
        grid = grid.view(self.count, self.length, s.groups, parts, s.size).permute(0, 2, 3, 1, 4)
        return grid.reshape(self.count * s.groups, parts * self.length, s.size)

    def gather(self, grid: Tensor, parts: int) -> Tensor:
        """What `spread` made of it, back."""
        s = self.shape
        grid = grid.view(self.count, s.groups, parts, self.length, s.size).permute(0, 3, 1, 2, 4)
        return grid.reshape(self.count * self.length, s.groups * parts * s.size).index_select(0, self.cells)


@dataclass
class Memory:
    """Keys and values of B sequences, by layer (B, groups, room, size), the first `lengths` of each in use."""

    keys: list[Tensor]
    values: list[Tensor]
    lengths: Tensor  # (B,)

    def only(self, index: Tensor) -> Memory:
        """Those of some sequences."""
        return Memory([k[index] for k in self.keys], [v[index] for v in self.values], self.lengths[index])


class Llama:
    """The network. Its own weights never change."""

    def __init__(self, tensors: Mapping[str, Tensor], shape: Shape, dtype: torch.dtype) -> None:
        """From transformers' tensors by name."""
        self.shape, self.dtype = shape, dtype
        self.embedding = tensors["model.embed_tokens.weight"].to(dtype)
        self.gain = tensors["model.norm.weight"].float()
        self.layers = [self._layer(tensors, number) for number in range(shape.layers)]
        # The rows of each projection in a fused one.
        self.rows = [[len(tensors[f"model.layers.0.{PLACE[name]}.{name}.weight"]) for name in names] for names in FUSED]

    def _layer(self, tensors: Mapping[str, Tensor], number: int) -> Layer:
        def tensor(name: str) -> Tensor:
            return tensors[f"model.layers.{number}.{name}.weight"].float()

        before = (tensor("input_layernorm"), None, tensor("post_attention_layernorm"), None)
        weights = []
        for names, gain in zip(FUSED, before, strict=True):
            whole = torch.cat([tensor(f"{PLACE[name]}.{name}") for name in names])
            weights.append((whole if gain is None else whole * gain).to(self.dtype).contiguous())
        return Layer(tuple(weights), before)

    def hidden(self, rows: Sequence[Sequence[int]], adapter: Adapter | None = None) -> Tensor:
        """(N, D) the states of all tokens of some sequences, one after the other; `logits` reads them.

        Args:
            rows: tokens of each sequence.
            adapter: added to the weights. Layers below its first cost no backward pass.
        """
        count, x, layout = self._begin(rows)
        adapter = adapter or {}
        first = min(adapter, default=0)
        with torch.no_grad():
            for layer in self.layers[:first]:
                x = self._through(x, layer, partial(_attention, layout))
        for number in range(first, self.shape.layers):
            x = self._through(x, self.layers[number], partial(_attention, layout), adapter.get(number))
        return x[:count]

    @torch.no_grad()
    def read(self, rows: Sequence[Sequence[int]], room: int) -> tuple[Tensor, Memory]:
        """(B, D) the states of the last token of each sequence, and a memory with room for some more of each."""
        count, x, layout = self._begin(rows)
        memory = Memory([], [], torch.tensor([len(row) for row in rows]))

        def attend(y: Tensor) -> Tensor:
            z, (_, k, v, _) = _attend(y, layout)
            for grid, kept in ((k, memory.keys), (v, memory.values)):
                each = grid.view(layout.count, self.shape.groups, layout.length, self.shape.size)[: len(rows)]
                kept.append(functional.pad(each, (0, 0, 0, room)))
            return z

        for layer in self.layers:
            x = self._through(x, layer, attend)
        return x[:count][memory.lengths.cumsum(0) - 1], memory

    @torch.no_grad()
    def go_on(self, tokens: Tensor, memory: Memory) -> Tensor:
        """(B, D) the states of one more token (B,) of each sequence, which is taken into the memory."""
        s, rows, at = self.shape, torch.arange(len(tokens)), memory.lengths
        cos, sin = s.angles(at, self.dtype)
        beyond = torch.arange(memory.keys[0].shape[2]) > at[:, None]
        mask = torch.zeros(beyond.shape, dtype=self.dtype).masked_fill(beyond, float("-inf"))[:, None, None]
        layers = iter(zip(memory.keys, memory.values, strict=True))

        def attend(y: Tensor) -> Tensor:
            s.turn(y, cos, sin)
            q, k, v = (part.view(len(y), s.groups, -1, s.size) for part in s.parts(y))
            keys, values = next(layers)
            keys[rows, :, at], values[rows, :, at] = k[:, :, 0], v[:, :, 0]
            p = torch.softmax(q @ keys.transpose(2, 3) * s.size**-0.5 + mask, -1)
            return (p @ values).reshape(len(y), s.width)

        x = self.embedding[tokens]
        for layer in self.layers:
            x = self._through(x, layer, attend)
        memory.lengths = at + 1
        return x

    def _begin(self, rows: Sequence[Sequence[int]]) -> tuple[int, Tensor, Layout]:
        """How many tokens some sequences have, their embedding, filled up, and where they lie."""
        lengths = [len(row) for row in rows]
        count = sum(lengths)
        filler = PACK - count % PACK
        x = self.embedding[torch.tensor([*(token for row in rows for token in row), *[0] * filler])]
        return count, x, self._layout([*lengths, filler])

    def logits(self, hidden: Tensor, words: Tensor | None = None) -> Tensor:
        """(N, V) float32, of the whole vocabulary or of some words, for what follows tokens with these states."""
        head = self.embedding if words is None else self.embedding[words]
        normed = (_apply(_Norm, hidden, self.shape.epsilon) * self.gain).to(self.dtype)
        found: Tensor = functional.linear(normed, head).float()
        return found

    def _through(
        self, x: Tensor, layer: Layer, attention: Callable[[Tensor], Tensor], pairs: Sequence[Pair] | None = None
    ) -> Tensor:
        added: Sequence[Pair | None] = pairs or [None] * len(FUSED)
        qkv, out, gate_up, down = zip(layer.weights, added, strict=True)
        epsilon = self.shape.epsilon
        x = x + _linear(attention(_linear(_apply(_Norm, x, epsilon), *qkv)), *out)
        return x + _linear(_apply(_Gate, _linear(_apply(_Norm, x, epsilon), *gate_up)), *down)

    def _layout(self, lengths: Sequence[int]) -> Layout:
        s, length = self.shape, -(-max(lengths) // BLOCK) * BLOCK
        place = torch.cat([torch.arange(each) for each in lengths])
        row = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
        mask = torch.full((length, length), float("-inf"), dtype=self.dtype).triu(1).repeat(s.each, 1)
        return Layout(s, len(lengths), length, row * length + place, *s.angles(place, self.dtype), mask)


def _apply(function: Any, *inputs: Any) -> Tensor:
    found: Tensor = function.apply(*inputs)
    return found


def _linear(x: Tensor, weight: Tensor, pair: Pair | None) -> Tensor:
    return functional.linear(x, weight) if pair is None else _apply(_Lora, x, weight, *pair)


class _Lora(Function):
    """y = W x + B A x, with gradients of x, A and B."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, a: Tensor, b: Tensor) -> Tensor:
        inner = functional.linear(x, a)
        ctx.save_for_backward(x, inner, weight, a, b)
        return functional.linear(x, weight).addmm_(inner, b.t())

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, inner, weight, a, b = ctx.saved_tensors
        d_inner = dy @ b
        dx = (dy @ weight).addmm_(d_inner, a) if ctx.needs_input_grad[0] else None
        return dx, None, d_inner.t() @ x, (inner.t() @ dy).t()


class _Norm(Function):
    """y = x / sqrt(mean(x^2) + epsilon)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, epsilon: float) -> Tensor:
        size = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.promote_types(x.dtype, torch.float32))
        scale = torch.rsqrt(size.square() / x.shape[-1] + epsilon).to(x.dtype)
        y = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        y, scale = ctx.saved_tensors
        along = torch.linalg.vecdot(dy, y)[..., None] / y.shape[-1]
        return torch.addcmul(dy, y, along, value=-1).mul_(scale), None


class _Gate(Function):
    """z = silu(g) u of y = (g, u)."""

    @staticmethod
    def forward(ctx: Any, y: Tensor) -> Tensor:
        gate, up = y.chunk(2, 1)
        opened = functional.silu(gate)
        ctx.save_for_backward(y, opened)
        return opened * up

    @staticmethod
    def backward(ctx: Any, dz: Tensor) -> Tensor:
        y, opened = ctx.saved_tensors
        gate, up = y.chunk(2, 1)
        return torch.cat((torch.ops.aten.silu_backward(dz * up, gate), dz * opened), 1)


def _attend(y: Tensor, layout: Layout) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Causal attention with rotary places, and queries, keys, values and weights. Turns `y` in place."""
    s = layout.shape
    s.turn(y, layout.cos, layout.sin)
    q, k, v = (layout.spread(part, part.shape[1] // (s.groups * s.size)) for part in s.parts(y))
    p = torch.softmax(torch.baddbmm(layout.mask, q, k.transpose(1, 2), alpha=s.size**-0.5), -1)
    return layout.gather(torch.bmm(p, v), s.each), (q, k, v, p)


def _attention(layout: Layout, y: Tensor) -> Tensor:
    return _apply(_Attention, y, layout)


class _Attention(Function):
    """y = (q, k, v) of each token -> (heads * size)."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, layout: Layout) -> Tensor:
        z, parts = _attend(y.clone(), layout)
        ctx.save_for_backward(*parts)
        ctx.layout = layout
        return z

    @staticmethod
    def backward(ctx: Any, dz: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, p = ctx.saved_tensors
        layout, s = ctx.layout, ctx.layout.shape
        dz = layout.spread(dz, s.each)
        ds = torch.ops.aten._softmax_backward_data(torch.bmm(dz, v.transpose(1, 2)), p, -1, p.dtype)
        ds.mul_(s.size**-0.5)
        dy = torch.cat((
            layout.gather(torch.bmm(ds, k), s.each),
            layout.gather(torch.bmm(ds.transpose(1, 2), q), 1),
            layout.gather(torch.bmm(p.transpose(1, 2), dz), 1),
        ), 1)  # fmt: skip
        s.turn(dy, layout.cos, -layout.sin)
        return dy, None
