"""The summary of the benchmark: gains, words and costs."""

from __future__ import annotations

import pytest

pytest.importorskip("scipy")
pytestmark = pytest.mark.engine

from stagelight.engines import recording  # noqa: E402
from stagelight.engines.scan import benchmark_summary  # noqa: E402
from support.paths import RECORDINGS  # noqa: E402


def test_the_recorded_summary_is_that_of_the_recorded_figures() -> None:
    facts = recording.load_head(RECORDINGS, "scan")["facts"]
    made = benchmark_summary.facts(facts)
    assert len(made) > 400
    assert {name: facts[name] for name in made} == made


def figures(ours: float, **changed: float) -> dict[str, float]:
    """The patient's at R = 16, three draws; classical 20, 22, 21 dB, and 1 dB more with every draw."""
    found: dict[str, float] = {}
    for more, name in enumerate(benchmark_summary.draws("patient", 16)):
        levels = {"variation": 20.0, "wavelet": 22.0, "mean": 21.0, "diffusion": ours}
        found |= {f"{name}.{method}.brain.psnr": level + more for method, level in levels.items()}
        found |= {f"{name}.diffusion.residual": 0.5, f"{name}.diffusion.seconds": 20.0}
        found |= {f"{name}.diffusion.peak_mib": 2048.0}
    return found | changed


def test_a_gain_is_over_the_best_classical_method_and_the_mean_of_three_masks() -> None:
    found = benchmark_summary.facts(figures(22.5))
    assert found["headline.gain.patient.r16"] == pytest.approx(0.5)
    assert found["headline.gain.patient.r16.sd"] == pytest.approx(0)
    assert found["draws.patient.r16.wavelet.brain.psnr"] == pytest.approx(23)
    assert found["peak_memory_gb"] == 2
    worse = benchmark_summary.facts(figures(22.5, **{"stroke_t1.poisson_2.r16.c1.mean.brain.psnr": 23.6}))
    assert worse["headline.gain.patient.r16"] == pytest.approx((0.5 - 0.1 + 0.5) / 3)
    assert worse["headline.gain.patient.r16.draw_2"] == pytest.approx(-0.1)


def test_the_residual_of_a_sample_is_told_beside_that_of_the_rounds() -> None:
    some = {
        f"{benchmark_summary.case(who, 16)}.sample.residual": value
        for who, value in (("patient", 0.9), ("colin27", 1.0))
    }
    some |= {
        f"{name}.unrolled.residual": 0.3
        for who in benchmark_summary.PEOPLE
        for name in benchmark_summary.draws(who, 16)
    }
    found = benchmark_summary.facts(some)
    assert found["consistency.residual_over_noise.r16"] == pytest.approx(0.95)
    assert found["consistency.residual_over_noise.unrolled.r16"] == pytest.approx(0.3)
    assert "consistency.residual_over_noise.mean.r16" not in found


def test_what_was_not_measured_is_not_told() -> None:
    some = figures(22.5)
    for figure in ("brain.psnr", "residual"):
        del some[f"stroke_t1.poisson_3.r16.c1.diffusion.{figure}"]
    found = benchmark_summary.facts(some)
    assert "headline.gain.patient.r16.draw_3" not in found  # the mean is of two draws
    assert found["draws.patient.r16.diffusion.brain.psnr"] == pytest.approx(23.0)
    some = {name: value for name, value in some.items() if ".diffusion." not in name}
    assert "headline.gain.patient.r16" not in benchmark_summary.facts(some)
    assert "headline.seconds.r16" not in found  # the other adult is missing
    assert "headline.gain.colin27.r16" not in found


def test_what_words_do_is_told_with_its_sign() -> None:
    name = benchmark_summary.case("patient", 8)
    found = benchmark_summary.facts({f"{name}.pair.lesion.psnr": 25.0, f"{name}.wrong_side.lesion.psnr": 25.5,
                        f"{name}.wrong_side.lesion.change": 0.4})  # fmt: skip
    assert found == {"words.patient.lesion.wrong_side.r8": -0.5, "words.lesion_change.wrong_side.r8": 0.4}


def test_sigpys_rows_and_what_is_gained_over_the_better_of_them() -> None:
    name = benchmark_summary.case("patient", 16, 4)
    levels = {"variation": 20.0, "wavelet": 22.0, "mean": 21.0, "diffusion": 23.0,
              "sigpy_variation": 18.0, "sigpy_wavelet": 19.5}  # fmt: skip
    found = benchmark_summary.facts({f"{name}.{method}.brain.psnr": level for method, level in levels.items()})
    assert found["sigpy_variation.gain.patient.r16.c4"] == pytest.approx(-4)
    assert found["over_sigpy.headline.patient.r16.c4"] == pytest.approx(3.5)
    assert "over_sigpy.unrolled.patient.r16.c4" not in found
    assert not [fact for fact in found if fact.startswith("sigpy_variation.gain.patient.r16.lines")]
