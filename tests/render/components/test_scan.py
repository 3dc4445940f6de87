"""The components of the scan: rasters, halos, k-space, slices, volumes, words and ribbons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import kcube, kplane, phantom, ribbon, slices, tokens, volume
from stagelight.render.motion import Box
from stagelight.render.pen import Pen
from stagelight.render.scene import Section
from stagelight.render.stage import Film, Frame
from support.drawing import SMALL


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


def test_a_grey_raster_may_be_turned_on_its_side() -> None:
    grey = np.random.default_rng(2).integers(0, 256, (60, 40), np.uint8)
    frame = drawn(lambda pen: pen.raster(grey.T, 0, 0, 240, 160))
    assert np.array_equal(frame[:40, :60, 0], grey.T)


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
    """A mask of the pixels that are clearly amber."""
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
        (middle, near, far), depth = pose.project(np.array([[0, 0, 0], [1, 0, 0], [-1, 0, 0]], float))
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
    before = drawn(lambda pen: kcube.rods(pen, END_ON, mask, 0.0))
    after = drawn(lambda pen: kcube.rods(pen, END_ON, mask, 1.0))
    red, _, blue = before[164, 210, :3].astype(int)
    assert blue > red + 50
    assert amber(after)[164, 210]
    assert not amber(before).any()


def test_every_point_of_a_cloud_lands_where_it_is_seen() -> None:
    cloud = np.array([[0, 0.5, 0.5], [0, -0.5, 0.25], [0.9, 0.2, -0.7]])
    pose = kcube.Pose(960, 540, 400, 40, 25)
    frame = drawn(lambda pen: kcube.points(pen, pose, cloud, np.ones(3)))
    columns, rows = (pose.project(cloud)[0] / 4).astype(int).T
    light = frame[..., 0].astype(float)
    for row, column in zip(rows, columns, strict=True):
        assert light[row - 1 : row + 2, column - 1 : column + 2].max() > 60
        light[row - 3 : row + 4, column - 3 : column + 4] = 0
    assert not light.any()


def test_no_core_turns_white_and_the_scale_stays() -> None:
    values = phantom.echoes()
    scale = kplane.Scale.of(values)
    level = scale.level(values)
    assert level.max() == pytest.approx(kplane.BRIGHTEST)
    assert (level == 0).mean() == pytest.approx(kplane.DARK_SHARE / 100, abs=0.01)
    assert np.allclose(kplane.Scale.of(1000 * values).level(1000 * values), level, atol=1e-3), "units do not matter"
    assert (scale.level(values / 2) <= level).all()
    box = Box(400, 200, 448, 448)
    for measured, strongest, weakest in ((1.0, 0, 2), (0.0, 2, 0)):
        frame = drawn(partial(kplane.plane, level=level, measured=np.full_like(level, measured), box=box))
        inside = frame[52:160, 102:210, :3].reshape(-1, 3).max(0).astype(int)
        assert inside[strongest] > inside[weakest] + 40
        assert inside.max() <= 0.86 * 255


# --- slices -------------------------------------------------------------------------------------------

BOX = Box(400, 200, 400, 400)


def test_a_window_clips_and_is_even() -> None:
    grey = slices.Window(0.2, 0.6).grey(np.array([-1, 0.2, 0.4, 0.6, 9]))
    assert grey.tolist() == [0, 0, 128, 255, 255]


def test_slices_are_upright() -> None:
    """A mark to the right, at the front and up is where it should be in all three."""
    body = np.zeros((10, 12, 14))
    body[8, 10, 12] = 1
    above, behind, right = slices.planes(body, (8, 10, 12))
    assert above.shape == (12, 10)
    assert [np.argwhere(plane)[0].tolist() for plane in (above, behind, right)] == [[1, 8], [1, 8], [1, 10]]


def test_between_two_steps_nothing_but_the_two_is_seen() -> None:
    recorded = np.stack([np.full((4, 4), value, np.uint8) for value in (0, 200, 40)])
    moments = (-1, 0.5, 1, 1.25, 7)
    seen = [drawn(partial(slices.steps, recorded=recorded, now=now, box=BOX))[100, 150, 0] for now in moments]
    assert np.allclose(seen, [0, 100, 200, 160, 40], atol=2)


def test_the_divider_parts_two_pictures() -> None:
    dark, light = np.full((4, 4), 30, np.uint8), np.full((4, 4), 220, np.uint8)
    frame = drawn(lambda pen: slices.wipe(pen, dark, light, 0.25, BOX, ("a", "b")))[70]
    assert (frame[102:120, 0] == 30).all()
    assert (frame[130:198, 0] == 220).all()


def test_a_name_goes_with_its_picture() -> None:
    dark = np.full((4, 4), 30, np.uint8)
    for share, seen in ((0.5, {"a": 1, "b": 1}), (0.0, {"a": 0, "b": 1}), (1.0, {"a": 1, "b": 0})):
        said: dict[str, float] = {}

        def paint(pen: Pen, share: float = share, said: dict[str, float] = said) -> None:
            pen.text = lambda words, *_, alpha, **__: said.update({words: alpha})  # type: ignore[method-assign, assignment]
            slices.wipe(pen, dark, dark, share, BOX, ("a", "b"))

        drawn(paint)
        assert said == seen


def test_a_ring_is_open() -> None:
    frame = drawn(lambda pen: slices.ring(pen, BOX, (0.5, 0.5), 60))
    assert not frame[100, 150, :3].any()
    assert [frame[100, at, 0] > 90 > frame[100, at, 2] for at in (135, 164)] == [True, True]


# --- volumes ------------------------------------------------------------------------------------------


def ball(shift: int = 0) -> NDArray[np.float32]:
    """A ball with a knob at its front, or shifted to its right."""
    x, y, z = np.mgrid[:24, :24, :24] - 11.5
    knob = np.hypot(np.hypot(x - shift, y - 8 + abs(shift)), z) < 3
    return np.asarray(((np.hypot(np.hypot(x, y), z) < 7) | knob) * 0.7, np.float32)


def test_a_volume_is_opaque_inside_clear_outside_and_lit() -> None:
    view = volume.Turntable(ball()).view(0)
    middle = view.shape[0] // 2
    assert view[middle, middle, 3] > 250
    assert not view[0].any()
    assert (view[..., :3].max(-1) <= view[..., 3]).all(), "premultiplied"
    solid = view[..., 3] > 200
    rows, columns = np.nonzero(solid)
    bright = view[..., 0].astype(float)
    upper, lower = rows < middle - 2, rows > middle + 2
    assert bright[rows[upper], columns[upper]].mean() > bright[rows[lower], columns[lower]].mean() + 10


def test_a_volume_turns_the_right_way() -> None:
    """From behind, what is at the right is at the right; half a turn later it is at the left."""
    table = volume.Turntable(ball(8), 4)
    right, left = ((table.view(angle)[..., 3] > 100).sum(0) for angle in (0, 180))
    assert 0 < right[right > 0][-3:].mean() < 0.8 * right[right > 0][:3].mean(), "the knob is thinner than the ball"
    assert 0 < left[left > 0][:3].mean() < 0.8 * left[left > 0][-3:].mean()


def test_views_are_kept_by_content_and_nearest_angle() -> None:
    table = volume.Turntable(ball(), 4)
    assert table.view(10) is volume.Turntable(ball().copy(), 4).view(-20)
    assert table.view(90) is not table.view(0)
    with pytest.raises(ValueError, match=r"^volume: got \(3, 3\), wanted three axes"):
        volume.Turntable(np.ones((3, 3), np.float32))


# --- words --------------------------------------------------------------------------------------------


def test_words_keep_to_their_column_and_apart() -> None:
    boxes: list[Box] = []
    drawn(
        lambda pen: boxes.extend(
            tokens.layout(pen, ("a", "sentence", "of", "extraordinarily", "many", "words"), 100, 50, 500)
        )
    )
    assert all(box.x >= 100 and box.x + box.width <= 600 for box in boxes)
    for before, after in pairwise(boxes):
        assert after.y > before.y + before.height or after.x > before.x + before.width


def test_a_word_travels_once_and_leaves_its_outline() -> None:
    box, port = Box(200, 500, 200, 70), (1500.0, 535.0)

    def at(t: float) -> Frame:
        return drawn(lambda pen: tokens.stream(pen, ["word"], [box], port, t, 0.5))

    start, under_way, end, later = (amber(at(t)) for t in (0.4, 0.85, 1.9, 4.0))
    assert start[126:142, 55:95].mean() > 0.5
    assert under_way[126:142, 110:350].any()
    assert not end[:, :360].any()
    assert np.array_equal(end, later)
    assert tokens.arrived(0, 0.5 + theme.WORD_TRAVEL, 0.5) == 1
    assert at(4.0)[126:142, 50:100, :3].any(), "the outline stays"


def test_what_is_heeded_more_has_a_wider_line() -> None:
    boxes = [Box(100, 100, 100, 60), Box(100, 900, 100, 60)]
    frame = drawn(lambda pen: tokens.attention(pen, boxes, (0.2, 0.8), (1800, 530)))
    upper, lower = (frame[rows, 60, 0].astype(int).sum() for rows in (slice(0, 125), slice(140, 270)))
    assert lower > 2 * upper > 0


# --- ribbons ------------------------------------------------------------------------------------------


def test_a_ribbon_is_as_long_as_what_it_shows() -> None:
    run = np.array([0, 0, 0, 1, 1, 0, 2, 2, 2, 2])
    assert ribbon.spans(run) == [(0, 3, 0), (3, 5, 1), (5, 6, 0), (6, 10, 2)]
    assert ribbon.spans(run[:0]) == []
    kinds = (ribbon.Kind("a", "#FF0000", 1.0), ribbon.Kind("b", "#00FF00", 0.5), ribbon.Kind("c", "#0000FF", 0.25))
    frame = drawn(lambda pen: ribbon.ribbon(pen, Box(200, 400, 1600, 80), run, kinds, 10))
    red, green, blue = (
        (frame[100:120, :, channel] > 200) & (frame[100:120, :, :3].sum(-1) < 300) for channel in range(3)
    )
    assert [int(colour[18].sum()) for colour in (red, green, blue)] == [160, 80, 160]
    assert [int(colour[:, 50 + at].sum()) for colour, at in ((red, 10), (green, 160), (blue, 300))] == [20, 10, 5]
    ahead = drawn(lambda pen: ribbon.ribbon(pen, Box(200, 400, 1600, 80), run, kinds, 2))
    assert ahead[110, 100, 0] > 200
    assert 50 < ahead[110, 160, 0] < 100


def test_an_event_is_marked_once_it_has_happened() -> None:
    happened = [ribbon.Event(5, "it", "#FF0000", "up")]
    box = Box(200, 400, 1600, 80)
    before, after = (drawn(partial(ribbon.events, box=box, ticks=10, happened=happened, now=now)) for now in (4.9, 5.0))
    assert not before[..., 0].any()
    columns = np.flatnonzero((after[88:, :, 0] > 100).any(0))  # below its name
    assert columns.mean() == pytest.approx((200 + 1600 * 0.55) / 4, abs=1.5)
