"""What the scan is drawn with: rasters, halos, k-space, slices, volumes, words and ribbons."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from render import theme
from render.components import kcube
from render.pen import Pen
from render.stage import Film, Frame, Section

SMALL = theme.Quality("test", 480, 270, 10, 30, "ultrafast")  # a quarter of the stage


def drawn(paint: Callable[[Pen], None]) -> Frame:
    """The picture, on black."""

    def ground(pen: Pen) -> None:
        pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
        pen.fill("#000000")

    return Film(Section("s", None, "", 1.0, lambda pen, _: paint(pen), ground, (), (), 0.0, ""), SMALL).at(0).copy()


# --- rasters ------------------------------------------------------------------------------------------

CORNERS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [90, 60, 30]]], np.uint8)  # rows, columns, RGB


@pytest.mark.parametrize("alpha", [False, True])
def test_a_raster_keeps_its_corners_and_its_colours(alpha: bool) -> None:
    image = np.dstack([CORNERS, np.full((2, 2, 1), 255, np.uint8)]) if alpha else CORNERS
    frame = drawn(lambda pen: pen.raster(image.repeat(50, 0).repeat(50, 1), 400, 200, 400, 400))
    seen = frame[[60, 60, 140, 140], [110, 190, 110, 190], :3].reshape(2, 2, 3)
    assert np.array_equal(seen, CORNERS)


def test_a_raster_at_the_size_of_the_stage_is_copied_bit_for_bit() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (40, 60), np.uint8)
    frame = drawn(lambda pen: pen.raster(grey, 80, 120, 240, 160))
    assert np.array_equal(frame[30:70, 20:80, :3], np.dstack([grey] * 3))
    frame[30:70, 20:80, :3] = 0
    assert not frame[..., :3].any(), "nothing beside its rectangle"


def test_a_raster_is_as_faint_as_asked_and_full_to_its_edge() -> None:
    white = np.full((3, 3), 255, np.uint8)

    def paint(pen: Pen) -> None:
        with pen.faded(0.5):
            pen.raster(white, 400, 400, 400, 400, 0.5)

    frame = drawn(paint)
    assert np.abs(frame[100:200, 100:200, :3].astype(int) - 64).max() <= 1
    half = np.full((4, 4, 4), 128, np.uint8)  # premultiplied: white, half there
    assert np.abs(drawn(lambda pen: pen.raster(half, 0, 0, 400, 400))[50, 50, :3].astype(int) - 128).max() <= 1


def test_a_raster_may_be_read_only_strided_or_partly_off_the_stage() -> None:
    image = np.random.default_rng(1).integers(0, 256, (60, 60, 4), np.uint8)
    image[..., 3] = 255
    image.flags.writeable = False
    frame = drawn(lambda pen: pen.raster(image[:, ::-1], -120, -120, 240, 240))
    assert np.array_equal(frame[:30, :30, :3], image[30:, ::-1][:, 30:, :3])
    assert not frame[31:, :, :3].any()


@pytest.mark.parametrize("image", [np.zeros((3, 3)), np.zeros((3, 3, 2), np.uint8), np.zeros((0, 3), np.uint8)])
def test_what_is_no_image_is_refused_in_one_line(image: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"^raster: got .*, wanted uint8 \(H, W\), \(H, W, 3\) or \(H, W, 4\)$"):
        drawn(lambda pen: pen.raster(image, 0, 0, 100, 100))


# --- light round many points --------------------------------------------------------------------------


@pytest.mark.parametrize("place", [(1000.0, 600.0), (13.0, 1069.0)])
def test_a_halo_lies_round_its_point(place: tuple[float, float]) -> None:
    frame = drawn(lambda pen: pen.glows(np.array([place]), theme.TEXT, 80.0, np.ones(1)))
    light = frame[..., 0].astype(float)
    rows, columns = np.mgrid[:270, :480] * 4 + 2
    distance = np.hypot(columns - place[0], rows - place[1])
    assert light[distance > 110].max() == 0
    assert light[distance < 6].min() > 100
    near = distance < 80
    assert np.corrcoef(light[near], -distance[near])[0, 1] > 0.95


def test_a_crowd_of_halos_reaches_its_limit_and_no_more() -> None:
    crowd = np.full((4000, 2), 500.0)
    frame = drawn(lambda pen: pen.glows(crowd, theme.TEXT, 60.0, np.ones(4000), most=0.4))
    assert frame[125, 125, 0] == pytest.approx(0.4 * 255 * theme.rgb(theme.TEXT)[0], abs=2)
    assert np.array_equal(drawn(lambda pen: pen.glows(crowd[:0], theme.TEXT, 60.0, np.ones(0)))[..., :3].max(), 0)


def test_halos_leave_the_way_of_drawing_as_it_was() -> None:
    def paint(pen: Pen) -> None:
        pen.glows(np.array([[500.0, 500.0]]), theme.TEXT, 60.0, np.ones(1))
        pen.disc(500, 500, 40, theme.LOST)

    assert np.abs(drawn(paint)[125, 125, :3] / 255 - theme.rgb(theme.LOST)).max() < 0.01


# --- k-space ------------------------------------------------------------------------------------------

END_ON = kcube.Pose(960, 540, 400, 0, 0)


def amber(frame: Frame) -> NDArray[np.bool_]:
    """Where a picture is clearly amber."""
    red, _, blue = np.moveaxis(frame[..., :3].astype(int), -1, 0)
    return np.asarray((red > 150) & (red - blue > 80))


def test_end_on_the_cube_is_the_mask() -> None:
    """ky runs to the right, kz upwards."""
    mask = np.random.default_rng(2).random((10, 10)) < 0.4
    frame = drawn(lambda pen: kcube.rods(pen, END_ON, mask))
    middles = (np.arange(10) + 0.5) * 20
    seen = amber(frame)[np.ix_((235 - middles).astype(int), (140 + middles).astype(int))]
    assert np.array_equal(seen, mask.T)


def test_a_turned_cube_keeps_its_ends_apart_and_its_centre_still() -> None:
    for turn in (0.0, 33.0, 90.0):
        pose = kcube.Pose(960, 540, 400, turn, 20)
        (middle, near, far), depth = pose.seen(np.array([[0, 0, 0], [1, 0, 0], [-1, 0, 0]], float))
        assert np.allclose(middle, (960, 540))
        assert np.hypot(*(near - far)) == pytest.approx(
            800 * np.hypot(np.sin(np.radians(turn)), np.cos(np.radians(turn)) * np.sin(np.radians(20)))
        )
        assert depth[1] >= depth[2] - 1e-9


def test_a_believed_value_turns_amber_from_the_centre_outward() -> None:
    shares = [kcube.outward((9, 9), t, 1.0, 2.0) for t in np.linspace(0, 4, 30)]
    assert not shares[0].any()
    assert (shares[-1] == 1).all()
    assert all((after >= before).all() for before, after in pairwise(shares))
    assert all(share[4, 4] >= share[4, 6] >= share[0, 0] for share in shares)
    mask = np.zeros((10, 10), bool)
    mask[3, 3] = True
    before, after = (drawn(lambda pen, share=share: kcube.rods(pen, END_ON, mask, share)) for share in (0.0, 1.0))
    red, _, blue = before[164, 210, :3].astype(int)
    assert blue > red + 50
    assert amber(after)[164, 210]
    assert not amber(before).any()


def test_every_point_of_a_cloud_lands_where_it_is_seen() -> None:
    cloud = np.array([[0, 0.5, 0.5], [0, -0.5, 0.25], [0.9, 0.2, -0.7]])
    pose = kcube.Pose(960, 540, 400, 40, 25)
    frame = drawn(lambda pen: kcube.points(pen, pose, cloud, np.ones(3)))
    columns, rows = (pose.seen(cloud)[0] / 4).astype(int).T
    light = frame[..., 0].astype(float)
    for row, column in zip(rows, columns, strict=True):
        assert light[row - 1 : row + 2, column - 1 : column + 2].max() > 60
        light[row - 3 : row + 4, column - 3 : column + 4] = 0
    assert not light.any()
