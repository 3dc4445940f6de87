"""The facts of Manim's Cairo camera that the stage leans on, one by one. Where one fails after an upgrade, its message
says what to mend in render/stage.py."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cairo
import manim
import numpy as np
import pytest

from stagelight.engines.recording import Recording
from stagelight.render import stage, theme
from stagelight.render.pen import Pen
from stagelight.render.scene import Scene, Section
from stagelight.render.stage import Film, Frame, Painter, StageCamera

KNOWN = "0.22.0"  # the Manim whose camera all this was last read in
RED, GREEN, BLUE = [255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255]
MIDDLE = (54, 96)


def camera() -> StageCamera:
    return StageCamera(pixel_width=192, pixel_height=108, frame_rate=10)


def plain_camera() -> Any:
    return manim.Camera(pixel_width=192, pixel_height=108, frame_rate=10)


def flood(colour: str, place: tuple[float, float, float, float] = (0, 0, 1920, 1080)) -> Callable[[Pen], None]:
    """Fills a rectangle of the stage: x, y, width, height."""

    def paint(pen: Pen) -> None:
        pen.context.rectangle(*place)
        pen.fill(colour)

    return paint


def square(colour: str = "#FF0000", **how: Any) -> Any:
    return manim.Square(20, color=colour, fill_opacity=1, **how)


def seen(lens: Any, *mobjects: Any) -> list[int]:
    """The colour in the middle after drawing on an empty frame."""
    lens.reset()
    lens.capture_mobjects(list(mobjects))
    return [int(level) for level in lens.pixel_array[MIDDLE]]


# --- the version and the names ------------------------------------------------------------------------


def test_this_is_the_manim_that_was_read() -> None:
    assert manim.__version__ == KNOWN, (
        f"Manim is {manim.__version__}; where all below passes, set KNOWN in {Path(__file__).name}, pin it in "
        "constraints.txt and draw all scenes again (`click render all`); where not, mend render/stage.py first"
    )


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("reset", ["self"]),
        ("capture_mobjects", ["self", "mobjects", "kwargs"]),
        ("get_mobjects_to_display", ["self", "mobjects", "include_submobjects", "excluded_mobjects"]),
        ("get_cairo_context", ["self", "pixel_array"]),
    ],
)
def test_the_camera_has_what_the_stage_calls(name: str, parameters: list[str]) -> None:
    method = getattr(manim.Camera, name, None)
    assert method, f"Manim lost Camera.{name}: StageCamera and Film in render/stage.py call it"
    found = list(inspect.signature(method).parameters)
    assert found == parameters, f"Camera.{name} takes {found}: mend its calls in StageCamera and Film"


# --- memory -------------------------------------------------------------------------------------------


def test_a_frame_is_rgba_bytes_in_rows() -> None:
    frame = plain_camera().pixel_array
    assert (frame.shape, frame.dtype) == ((108, 192, 4), np.uint8), (
        "Camera.pixel_array is no longer (height, width, RGBA) of bytes: mend Frame and night() in render/stage.py, "
        "and render/pipeline/encode.py, which hashes and encodes it as such"
    )
    assert frame.flags.c_contiguous, "Camera.pixel_array has gaps: cairo and the hashes need it in one piece"


def test_manim_writes_red_first_and_cairo_blue() -> None:
    lens = plain_camera()
    assert seen(lens, square("#FF0000")) == RED, "Manim's own colours are no longer RGBA: see theme.swap"
    context = lens.get_cairo_context(lens.pixel_array)
    context.set_source_rgb(1, 0, 0)
    context.paint()
    assert lens.pixel_array[MIDDLE].tolist() == BLUE, (
        "cairo's red no longer lands where a frame has blue: Manim swaps the order itself now; take theme.swap out of "
        "Pen, pieces and Painters"
    )


def test_a_context_writes_straight_into_the_frame_and_is_kept() -> None:
    lens = camera()
    context = lens.get_cairo_context(lens.pixel_array)
    context.set_source_rgb(0, 1, 0)
    context.paint()
    context.get_target().flush()
    assert lens.pixel_array[MIDDLE].tolist() == GREEN, "the context has memory of its own: StageCamera._paint must copy"
    lens.reset()
    assert lens.get_cairo_context(lens.pixel_array) is context, (
        "reset() or get_cairo_context() makes a new context: harmless, but a frame got dearer; measure again"
    )


# --- the state of a context ---------------------------------------------------------------------------


def test_a_context_comes_in_manims_units_and_goes_back_as_it_came() -> None:
    lens = camera()
    before = lens.get_cairo_context(lens.pixel_array).get_matrix()
    assert before.yy < 0 < before.xx, (
        "Manim's y no longer points up: StageCamera._paint sets a matrix of its own; see why"
    )
    inside: list[cairo.Matrix] = []
    lens.capture_mobjects([Painter(lambda pen: inside.append(pen.context.get_matrix()))])
    assert inside == [cairo.Matrix(0.1, 0, 0, 0.1, 0, 0)], "a painter is not in stage pixels: see StageCamera._paint"
    assert lens.get_cairo_context(lens.pixel_array).get_matrix() == before, (
        "a painter leaves its matrix behind: StageCamera._paint must restore the context"
    )


def test_what_manim_leaves_of_a_path_is_not_painted() -> None:
    lens = camera()
    context = lens.get_cairo_context(lens.pixel_array)
    context.rectangle(-100, -100, 200, 200)
    lens.capture_mobjects([Painter(lambda pen: pen.fill("#00FF00"))])
    assert lens.pixel_array[MIDDLE].tolist() != GREEN, (
        "a path left in the context is filled by the next painter: StageCamera._paint must call new_path()"
    )


# --- layers -------------------------------------------------------------------------------------------


def test_mobjects_are_drawn_in_their_order_painters_too() -> None:
    lens, cover = camera(), Painter(flood("#0000FF"))
    aside = Painter(flood("#0000FF", (0, 0, 99, 99)))
    orders: tuple[tuple[tuple[Any, ...], list[int]], ...] = (
        *(((square(),), RED), ((square(), cover), BLUE), ((cover, square()), RED), ((square(), aside), RED)),
    )
    for order, wanted in orders:
        assert seen(lens, *order) == wanted, "order is not kept: see StageCamera.capture_mobjects"
    between = seen(lens, square("#FF0000"), Painter(flood("#00FF00")), square("#0000FF").scale(0.01).shift(manim.UP))
    assert between == GREEN, "a painter between mobjects is not drawn between them: see StageCamera.capture_mobjects"


def test_z_index_goes_before_order_painters_too() -> None:
    lens = camera()
    low, high = Painter(flood("#00FF00")), Painter(flood("#0000FF"))
    low.set_z_index(-1)
    high.set_z_index(2)
    assert seen(lens, square(), low) == RED, "z_index no longer sorts: see StageCamera.capture_mobjects"
    assert seen(lens, high, square(z_index=1)) == BLUE, "z_index no longer sorts: see StageCamera.capture_mobjects"


def test_a_group_shows_the_painters_in_it() -> None:
    group = manim.Group(square(), Painter(flood("#00FF00")))
    assert seen(camera(), group) == GREEN, "a family is no longer unfolded: see StageCamera.capture_mobjects"


def test_a_mobject_without_points_is_dropped_and_a_painter_is_not() -> None:
    empty, kept = Painter(flood("#00FF00")), Painter(flood("#00FF00"))
    empty.points = np.zeros((0, 3))
    assert seen(camera(), square(), empty) == RED, (
        "Manim draws what has no points now: Painter's lone point in render/stage.py is needless"
    )
    assert seen(camera(), square(), kept) == GREEN, (
        "Manim drops a painter: its lone point in render/stage.py no longer keeps it in the display list"
    )


# --- the background -----------------------------------------------------------------------------------


def test_reset_copies_the_background_and_nothing_draws_on_it() -> None:
    lens = camera()
    background = np.full((108, 192, 4), 255, np.uint8)
    lens.background = background
    for _ in range(2):
        lens.reset()
        assert lens.pixel_array[MIDDLE].tolist() == [255] * 4, (
            "reset() no longer takes Camera.background: Film bakes what does not move into it"
        )
        lens.capture_mobjects([square(), Painter(flood("#0000FF"))])
    assert (background == 255).all(), "a frame is drawn into the background itself: Film must hand over copies"


def test_what_does_not_move_is_baked_once() -> None:
    drawn: list[str] = []
    still = flood("#0000FF", (0, 0, 960, 1080))

    def backdrop(pen: Pen) -> None:
        drawn.append("backdrop")
        still(pen)

    def paint(pen: Pen, t: float) -> None:
        drawn.append("paint")
        if t == 0:
            flood("#FF0000")(pen)

    film = Film(
        Section("s", None, "", 1.0, paint, backdrop, (), (), 0.0, ""),
        theme.Quality("test", 192, 108, 10, 30, "ultrafast"),
    )
    assert film.frame(0)[54, 20].tolist() == RED
    for index in (1, 2):
        assert film.frame(index)[54, 20].tolist() == BLUE, "the baked background is lost, or painted over: see Film"
    assert drawn == ["backdrop", "paint", "paint", "paint"]


# --- Manim itself at work -----------------------------------------------------------------------------


EMPTY = Recording("two", 0, {}, "", {}, (), {})


class Two(Scene):
    """A scene of two sections of four frames."""

    name, title, claim, legend = "two", "", "", ()

    def sections(self) -> tuple[Section, ...]:
        def paint(pen: Pen, t: float) -> None:
            pen.disc(400 + 900 * t, 540, 200, theme.KEPT)

        backdrops = (flood(theme.PANE_HIGH, (0, 0, 1920, 300)), flood(theme.LOST, (0, 800, 1920, 280)))
        return tuple(
            Section(f"part-{index}", None, "", 0.8, paint, backdrop, (), (), 0.0, "")
            for index, backdrop in enumerate(backdrops)
        )


class Played(stage.ManimStage):
    """The scene as Manim plays it."""

    stage = Two(EMPTY)


class Layered(manim.Scene):  # type: ignore[misc]
    """A painter that rests behind a mobject that moves."""

    def construct(self) -> None:
        """Move a square over the painter."""
        self.add(Painter(flood("#00FF00", (0, 0, 1920, 540))))
        moving = manim.Square(1, color="#FF0000", fill_opacity=1)
        self.play(moving.animate.shift(manim.RIGHT), run_time=0.8)


def played(scene: type[Any], folder: Path, monkeypatch: pytest.MonkeyPatch, **how: Any) -> list[Frame]:
    """The frames that Manim's own renderer makes of a scene."""
    frames: list[Frame] = []
    plain = manim.renderer.cairo_renderer.CairoRenderer.add_frame

    def add_frame(self: Any, frame: Frame, num_frames: int = 1) -> None:
        frames.extend([np.array(frame)] * num_frames)
        plain(self, frame, num_frames)

    monkeypatch.setattr(manim.renderer.cairo_renderer.CairoRenderer, "add_frame", add_frame)
    settings = {"pixel_width": 192, "pixel_height": 108, "frame_rate": 5, "dry_run": True, "disable_caching": True}
    quiet = {"media_dir": str(folder), "verbosity": "ERROR", "progress_bar": "none"}
    with manim.tempconfig({**settings, **quiet}):
        scene(**how).render()
    return frames


def test_manim_plays_a_stage_scene_frame_for_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = played(Played, tmp_path, monkeypatch)
    quality = theme.Quality("manim", 192, 108, 5, 0, "")
    wanted = [Film(section, quality).frame(index).copy() for section in Two(EMPTY).sections() for index in range(4)]
    assert len(frames) == len(wanted), "Manim makes another number of frames: see ManimStage in render/stage.py"
    for index, (found, meant) in enumerate(zip(frames, wanted, strict=True)):
        assert np.array_equal(found, meant), f"frame {index} under Manim is not the stage's: see ManimStage and _Play"


def test_a_painter_at_rest_stays_behind_what_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = played(Layered, tmp_path, monkeypatch, camera_class=StageCamera)
    assert len(frames) == 4
    for frame in frames:
        assert frame[10, 10].tolist() == GREEN, "Manim's static image drops painters: see Painter's lone point"
        assert RED in frame[MIDDLE[0], :].tolist()


# --- starting -----------------------------------------------------------------------------------------

STARTED = """
import sys
import stagelight.render.pipeline.make
from stagelight.render.scenes import rollout, scan, village
brought = {"manim", "networkx", "scipy"}
early = sorted(brought & {name.partition(".")[0] for name in sys.modules})
assert not early, f"{early} is imported where nothing is drawn: see what imports render/stage.py"
import stagelight.render.stage
late = sorted(brought - {name.partition(".")[0] for name in sys.modules})
assert not late, f"Manim no longer imports {late}: starting a worker is cheaper, say so in the log"
"""


def test_what_only_drawing_needs_is_imported_where_frames_are_drawn() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", STARTED], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
