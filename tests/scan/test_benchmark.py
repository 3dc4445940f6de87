"""The benchmark: its cases, a run that is interrupted, and the table in the recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("nibabel")
pytest.importorskip("pooch")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

from stagelight.engines import recording  # noqa: E402
from stagelight.engines.experiment.progress import Interrupted  # noqa: E402
from stagelight.engines.recording import Recording  # noqa: E402
from stagelight.engines.scan import benchmark, benchmark_cells, benchmark_summary, record  # noqa: E402
from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.methods import classical, deepinv_peers  # noqa: E402
from stagelight.engines.scan.methods import registry as method_registry  # noqa: E402
from stagelight.engines.scan.methods.protocol import Case, Method, Result  # noqa: E402
from support.scan import tiny  # noqa: E402


def test_an_interrupted_run_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_cells, "ready", tiny)
    chosen = [Case("colin27", "poisson", 4.0, 1)]
    method = Method("zero_filled", lambda bench: Result(classical.zero_filled(bench.scan)), operator.__name__)
    elsewhere = Method("nowhere", method.make, operator.__name__, where=lambda case: case.coils == 4)
    with pytest.raises(Interrupted, match="0 of 1"):
        benchmark.measure((method,), chosen, tmp_path, lambda *a: None, deadline=0.0)
    made = benchmark.measure((method, elsewhere), chosen, tmp_path, lambda *a: None)
    assert {name.split(".")[4] for name in made} == {"zero_filled"}
    lines = benchmark.lines({"stroke_t1.poisson.r8.c1.zero_filled.brain.psnr": 1.0})
    assert [line[1] for line in lines] == ["zero_filled"]


def test_every_case_has_its_own_name() -> None:
    names = [case.name for case in benchmark.every()]
    assert len(set(names)) == len(names) == 42
    assert {"stroke_t1.poisson_estimated.r16.c1", "colin27.poisson_estimated.r16.c4"} <= set(names)
    assert {"colin27.poisson_falloff_4.r16.c1", "colin27.poisson_3.r4.c1", "stroke_t1.poisson.r8.c4"} <= set(names)
    assert {"colin27.lines.r4.c1", "stroke_t1.poisson.r32.c1"} <= set(names)
    assert {
        name
        for who in benchmark_summary.PEOPLE
        for rate in (4, 8, 12, 16)
        for name in benchmark_summary.draws(who, rate)
    } < set(names)


def test_the_table_is_written_into_a_recording_of_this_engine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_cells, "ready", tiny)
    monkeypatch.setattr(benchmark, "every", lambda: [Case("colin27", "poisson", 4.0, 1)])
    method = Method("zero_filled", lambda bench: Result(classical.zero_filled(bench.scan)), operator.__name__)
    monkeypatch.setattr(method_registry, "methods", lambda: (method,))
    before = Recording("scan", 1, {"varies": ["*.seconds"]}, record.version(), {"acceleration": 16}, (), {})
    made = benchmark.compare(before, tmp_path, lambda *a: None)
    assert made.facts["acceleration"] == 16
    assert made.facts["colin27.poisson.r4.c1.zero_filled.brain.psnr"] > 0
    assert made.config["compared"] == {
        "cases": ["colin27.poisson.r4.c1"], "methods": ["zero_filled"], "code_version": benchmark.version(),
    }  # fmt: skip
    recording.save(made, tmp_path)
    with pytest.raises(ValueError, match="run `click record scan` first"):
        benchmark.compare(replace(before, code_version="another"), tmp_path, lambda *a: None)


def test_rows_that_cannot_be_run_here_are_not_dropped_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deepinv_peers, "available", lambda: False)
    here = [method.name for method in method_registry.methods()]
    assert "dps" in here
    assert not set(deepinv_peers.NAMES) & set(here)
    config = {"varies": [], "compared": {"methods": [*here, *deepinv_peers.NAMES]}}
    before = Recording("scan", 1, config, record.version(), {}, (), {})
    with pytest.raises(ValueError, match=r"deepinv_dps, deepinv_diffpir cannot be run here; .*scan-peers"):
        benchmark.compare(before, tmp_path, lambda *a: None)
