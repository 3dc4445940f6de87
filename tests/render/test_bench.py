"""The benchmark: the two ways draw the same, a difference is seen, and every figure promised is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stagelight.render import cli
from stagelight.render.bench import job, measure, pictures, plain, report
from stagelight.render.bench.measure import Measured, Timing
from stagelight.render.pipeline import RenderError, perceptual
from stagelight.render.pipeline.plan import Places

pytestmark = pytest.mark.filterwarnings("ignore:'mode' parameter for changing:DeprecationWarning")
SMALL = replace(job.QUALITY, name="small", width=640, height=360, preset="ultrafast", av1=None)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "QUALITY", SMALL)  # in this process; jobs have their own


@pytest.mark.parametrize("name", pictures.NAMES)
def test_both_ways_draw_the_same_picture(name: str) -> None:
    assert measure.distance(name, 1) < 0.6 * perceptual.TOLERANCE


def moved(what: Callable[[], np.ndarray], index: int, by: float) -> Callable[[], np.ndarray]:
    """The same places, but one."""
    places = what().copy()
    places[index] += by
    return lambda: places


def test_a_node_that_one_of_the_two_moves_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right, wrong = pictures.nodes, moved(pictures.nodes, 30, 8.0)
    draw = plain.draw

    def drawn(*arguments: object) -> float:
        monkeypatch.setattr(pictures, "nodes", right)
        taken: float = draw(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(pictures, "nodes", wrong)
        return taken

    monkeypatch.setattr(plain, "draw", drawn)
    assert measure.distance("network", 1) > perceptual.TOLERANCE
    with pytest.raises(RenderError, match=r"network: plain Manim and the stage differ by [\d.]+ levels, wanted 10"):
        measure.picture("network", 1, 1, lambda words: None)


@pytest.mark.parametrize("name", pictures.NAMES)
def test_everything_moves(name: str) -> None:
    """A thing that stood still would cost one of the two nothing."""
    states: dict[str, Callable[[float], np.ndarray]] = {
        "network": lambda t: np.concatenate([*pictures.strokes(t), pictures.activation(t), pictures.heights(t)]),
        "slices": lambda t: np.median(pictures.slice_at(t), axis=0)[100:156],
        "cube": lambda t: pictures.places(t).ravel(),
    }
    assert (states[name](1.0) != states[name](1.5)).mean() > 0.8
    assert pictures.rook(1.0) != pictures.rook(1.5)


def test_the_pictures_are_as_large_as_promised() -> None:
    assert len(pictures.edges()) == len(pictures.strokes(0)[0]) == 400
    assert len({tuple(edge.ravel()) for edge in pictures.edges()}) == 400
    assert len(pictures.nodes()) == len(pictures.activation(0)) == 60
    assert pictures.slice_at(0).shape == (256, 256)
    assert pictures.places(0).shape == (2000, 2)


def test_ratios_are_of_medians_and_a_large_file_is_told() -> None:
    timing = Timing((3.0, 100.0, 2.0), (1.0, 1.0, 50.0))
    assert timing.ratio == 3.0
    fine, large = (Measured(1.0, timing, timing, (100, size)) for size in (125, 126))
    assert report.too_large({"fine": fine, "large": large}) == ["large"]
    busy = report.machine(load=3.0)
    said = list(report.lines({"cube": fine}, timing, busy))
    assert said[0].startswith("warning: the machine was not idle (load 3.0)")
    assert any("3.00x, 6x wanted, SHORT" in line for line in said)
    assert "as wanted" in said[-1]


@pytest.mark.slow
def test_every_figure_is_told_and_nothing_published_is_touched(
    places: Places, small: None, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sorted(places.assets.rglob("*"))
    code = cli.run(["bench", "render", "--json", "--runs", "1", "--seconds", "0.2", "--scene", "tiny"], places)
    out, err = capfd.readouterr()
    assert code in {0, 1}  # six frames say nothing about the size of a file
    found = json.loads(out)
    assert measure.TARGETS.keys() <= found.keys()
    assert all(found[key] > 0 for key in measure.TARGETS)
    assert {"python", "manim", "cairo", "cores", "load", "idle"} <= found["machine"].keys()
    assert all(found[f"{name}.distance"] < perceptual.TOLERANCE for name in pictures.NAMES)
    assert len(found["network.draw_cpu_ms"]["plain"]) == len(found["cube.wall_s"]["stage"]) == found["runs"] == 1
    assert "network, run 1 of 1" in err
    assert sorted(places.assets.rglob("*")) == before
    assert not places.cache.exists()
