"""The network on packed sequences, held to transformers' and to numerical gradients."""

from __future__ import annotations

import pytest
import torch

from support import tiny_smollm

pytest.importorskip("transformers", reason="the extra village-llm")
pytest.importorskip("tokenizers", reason="the extra village-llm")
pytestmark = pytest.mark.engine

ROWS = [[5, 3, 9], [7], list(range(2, 42))]


def test_it_is_the_network_of_transformers() -> None:
    mine, theirs = tiny_smollm.network(), tiny_smollm.reference()
    with torch.no_grad():
        wanted = torch.cat([theirs(torch.tensor([row])).logits[0] for row in ROWS])
        hidden = mine.hidden(ROWS)
        torch.testing.assert_close(mine.logits(hidden), wanted, atol=1e-5, rtol=1e-4)
        words = torch.tensor([4, 2])
        torch.testing.assert_close(mine.logits(hidden, words), wanted[:, words], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_sequence_may_go_on_from_what_was_kept_of_it() -> None:
    network = tiny_smollm.network()
    wanted = [network.hidden([[*row, 4, 11, 6]])[-3:] for row in ROWS]
    states, memory = network.read(ROWS, 3)
    torch.testing.assert_close(states, torch.stack([network.hidden([row])[-1] for row in ROWS]), atol=1e-5, rtol=1e-4)
    network.go_on(torch.tensor([4, 4, 4]), memory)
    left = torch.tensor([0, 2])
    memory = memory.only(left)
    for place, token in ((1, 11), (2, 6)):
        states = network.go_on(torch.tensor([token, token]), memory)
        for found, row in zip(states, left, strict=True):
            torch.testing.assert_close(found, wanted[row][place], atol=1e-5, rtol=1e-4)


def test_its_gradients_are_those_of_the_adapter() -> None:
    network = tiny_smollm.network(torch.float64)
    generator = torch.Generator().manual_seed(1)
    flat = [
        torch.randn(size, generator=generator, dtype=torch.float64).mul_(0.3).requires_grad_()
        for layer in network.layers[1:]
        for weight in layer.weights
        for size in ((2, weight.shape[1]), (weight.shape[0], 2))
    ]

    def hidden(*flat: torch.Tensor) -> torch.Tensor:
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        return network.hidden(ROWS[:2], {1: pairs[:4], 2: pairs[4:]})

    assert torch.autograd.gradcheck(hidden, flat, fast_mode=True)
