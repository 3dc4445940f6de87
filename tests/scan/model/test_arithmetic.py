"""The arithmetic of the networks: bfloat16 by asking the processor."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.model import arithmetic  # noqa: E402


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    arithmetic.has_bfloat16.cache_clear()
    yield
    arithmetic.has_bfloat16.cache_clear()


def _dtype(lossy: bool) -> object:
    a = torch.ones(2, 2)
    with arithmetic.autocast(lossy):
        return (a @ a).dtype


@pytest.mark.parametrize(
    ("library", "processor", "machine", "has"),
    [(True, True, "x86_64", True), (True, False, "x86_64", False), (False, True, "x86_64", False),
     (True, False, "aarch64", True)],
)  # fmt: skip
def test_the_library_and_the_processor_are_asked(
    monkeypatch: pytest.MonkeyPatch, library: bool, processor: bool, machine: str, has: bool
) -> None:
    asked = SimpleNamespace(mkldnn=SimpleNamespace(_is_mkldnn_bf16_supported=lambda: library))
    monkeypatch.setattr(torch, "ops", asked)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: processor)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert arithmetic.has_bfloat16() is has
    assert (_dtype(True) == torch.bfloat16) is has
    assert _dtype(False) == torch.float32


def test_a_build_that_cannot_be_asked_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "ops", SimpleNamespace())
    assert not arithmetic.has_bfloat16()
