"""Cells of the benchmark: measured once, and again only when they must."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("nibabel")
pytest.importorskip("pooch")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan import benchmark, benchmark_cells  # noqa: E402
from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.methods import classical  # noqa: E402
from stagelight.engines.scan.methods.protocol import Bench, Case, Method, Result  # noqa: E402
from support.scan import tiny  # noqa: E402


def test_cells_are_measured_once_and_again_only_when_they_must(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    source = tmp_path / "method.py"
    source.write_text("one")

    def make(name: str) -> Method:
        def run(bench: Bench) -> Result:
            counted.append(f"{bench.case.name}.{name}")
            return Result(classical.zero_filled(bench.scan))

        return Method(name, run, operator.__name__, (source,))

    monkeypatch.setattr(benchmark_cells, "ready", tiny)
    chosen = [Case("colin27", "poisson", 4.0, 1), Case("colin27", "density", 4.0, 4)]
    methods = (make("variation"), make("wavelet"))
    folder = tmp_path / "cells"
    said: list[Any] = []

    def run() -> dict[str, float]:
        return benchmark.measure(methods, chosen, folder, lambda *a: said.append(a))

    first = run()
    assert len(counted) == 4
    assert [(what, done, total) for what, done, total, _ in said if "," not in what] == [
        (c.name, n + 1, 2) for n, c in enumerate(chosen)
    ]
    assert first["colin27.poisson.r4.c1.mean.brain.psnr"] == pytest.approx(
        first["colin27.poisson.r4.c1.variation.brain.psnr"], abs=0.05
    )
    assert ("colin27.poisson.r4.c1, wavelet", 0, 2, {}) in said
    again = run()
    assert len(counted) == 4
    assert again == first
    damaged = next(folder.glob("*density*wavelet.????????????????.npz"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    run()
    assert counted[4:] == ["colin27.density.r4.c4.wavelet"]
    source.write_text("two")
    run()
    assert len(counted) == 9


def test_what_a_sentence_changes_is_measured_in_noise() -> None:
    bench = tiny(Case("colin27", "poisson", 4.0, 1))
    one = torch.zeros(16, 32, 24)
    figures, _ = benchmark_cells._change(one, one + 3 * bench.scan.sigma, bench)
    assert figures["brain.change"] == pytest.approx(3, rel=1e-4)
