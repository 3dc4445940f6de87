"""Five reconstructions of the same measurements: how far off each is and where; the lesion close by; the stranger."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import slices
from stagelight.render.motion import Box, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import LESION_READS, WINDOW, Data
from stagelight.render.scenes.scan.drawing import METHODS

RESULT = "samples"  # of the method that the scene has shown: reverse diffusion
MAPPED = ("zero_filled", "variation", "mean", "ours", RESULT)  # error maps; a sixth place is for the uncertainty
CLASSICAL = {"variation": "total variation", "wavelet": "wavelets", "mean": "the classical mean"}
NAMES = {**METHODS, "reference": "full scan", "stranger": "no data"}
LAST = {
    "brain": "Without the data, the prior dreams somebody else.",
    "head": "Without the data, the prior dreams a head that is nobody's.",
    "texture": "Without the data, the prior has no brain to show.",
}

# Beats, in seconds.
COMPARED, TRUTH, STRANGER = 0.0, 10.2, 13.1  # what the divider parts
WIPES = ((COMPARED, "zero_filled", RESULT), (TRUTH, RESULT, "reference"), (STRANGER, "stranger", "reference"))
WIPE, WIPES_FOR, BACK = 0.5, 1.6, 2.4  # of each: it moves to the left, and back to the middle
RING, INSETS, EACH_INSET = 0.6, 1.4, 0.4
MAPS, EACH_MAP = 1.8, 0.35
UNCERTAINTY = 4.4
SECONDS = 16.4

# Layout.
HERO = (px(4), py(17), px(28.5), py(61))
INSET, INSET_X, INSET_Y, INSET_PITCH = py(15.2), px(35.4), py(17), py(21.1)  # the lesion close by
INSET_HALF = 1.15  # of the lesion's ring
MAP_X, MAP_Y, MAP_HEIGHT, MAP_PITCH_X, MAP_PITCH_Y = px(49), py(17), py(26.8), px(16), py(33.2)
MAPS_IN_A_ROW = 3
MAP_NAME_DROP, MAP_PSNR_RIGHT = 42, px(15)
SCALE, SCALE_NAME_DROP = Box(px(80), py(8.2), px(16), 16), 60


@reads(
    *LESION_READS,
    *(f"arrays.error_{name}" for name in MAPPED),
    "arrays.reference_axial",
    f"arrays.{RESULT}_axial",
    "arrays.stranger_axial",
    "arrays.uncertainty_axial",
    "arrays.zero_filled_axial",
    "config.error_most",
    "config.spread_most",
    *(f"facts.{name}.brain.psnr" for name in dict.fromkeys((*CLASSICAL, *MAPPED))),
    "facts.ours.seconds",
    "facts.samples",
    f"facts.{RESULT}.seconds",
    "facts.stranger.brain.psnr",
    "facts.stranger.contrast",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    best = max(CLASSICAL, key=data.psnr)
    samples, slow, quick = (recording.fact(name) for name in ("samples", f"{RESULT}.seconds", "ours.seconds"))
    gain = _gain(data, RESULT, best)
    return Section(
        name="comparison",
        step=None,
        title="Faithful: how near, and where not",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=partial(backdrop, data),
        captions=(
            Cue(0.4, 3.7, "Same measurements, five reconstructions. Below each, its PSNR in dB."),
            Cue(3.9, 7.3, f"Diffusion, mean of {samples:.0f}, {slow:.0f} core-seconds: {gain} than {CLASSICAL[best]}."),
            Cue(7.5, 10.1, f"Its network in three rounds, {quick:.0f} core-seconds: {_gain(data, 'ours', best)}."),
            Cue(10.3, 13.0, "Beside the full scan: fine detail is missing still."),
            Cue(13.2, SECONDS, LAST[data.dream]),
        ),
        marks=(Cue(0.4, SECONDS, "error"), Cue(1.0, SECONDS, "lesion"), Cue(3.9, SECONDS, "belief")),
        still=6.8,
        alt="A divider between the zero-filled slice and that of reverse diffusion; "
        + "the lesion close by in both and in the full scan; " * data.has_lesion
        + "error maps with their PSNR in dB: "
        + ", ".join(f"{NAMES[name]} {data.psnr(name):.1f}" for name in MAPPED)
        + f". The prior alone reaches {data.psnr('stranger'):.1f}.",
    )


def _gain(data: Data, name: str, other: str) -> str:
    """The gain in PSNR over another method, in words."""
    one, two = data.psnr(name), data.psnr(other)
    return f"{abs(one - two):.1f} dB {'nearer' if one >= two else 'farther'}"


def backdrop(data: Data, pen: Pen) -> None:
    """The scale of the error maps."""
    slices.error_scale(pen, float(data.recording.config["error_most"]), SCALE)
    middle = SCALE.x + SCALE.width / 2
    pen.text("error", middle, SCALE.y + SCALE_NAME_DROP, theme.FLOOR, theme.QUIET, anchor="middle")


def paint(data: Data, pen: Pen, t: float) -> None:
    """The divider, the insets, the error maps one after another; at the end the stranger behind the divider."""
    hero = drawing.box(data, HERO)
    start, left, right = next(wipe for wipe in reversed(WIPES) if t >= wipe[0])
    share = mix(1.0, 0.3, ease(t, start + WIPE, WIPES_FOR)) + 0.3 * ease(t, start + BACK, 1.0)
    names = (NAMES[left], NAMES[right])
    slices.wipe(pen, data.picture(f"{left}_axial"), data.picture(f"{right}_axial"), share, hero, names)
    if left == "stranger":
        slices.belief(pen, hero)
    drawing.lesion(pen, data, hero, ease(t, RING, 0.6))
    _insets(data, pen, t)
    _maps(data, pen, t)
    _uncertainty(data, pen, ease(t, UNCERTAINTY, 0.6))


def _insets(data: Data, pen: Pen, t: float) -> None:
    """The lesion in three of the pictures, large; in the end the stranger has its place, too."""
    if not data.has_lesion:
        return
    first = "stranger" if t >= STRANGER else "zero_filled"
    for order, name in enumerate((first, RESULT, "reference")):
        alpha = ease(t, INSETS + EACH_INSET * order, 0.6)
        box = Box(INSET_X, INSET_Y + order * INSET_PITCH, INSET, INSET)
        whole = data.recording.arrays[f"{name}_axial"]
        pen.raster(WINDOW.grey(slices.crop(whole, data.lesion_at, INSET_HALF * data.lesion_radius)), *box, alpha)
        pen.box(*box, 3)
        pen.stroke(theme.ATTENTION, 3, alpha)
        drawing.name_below(pen, box, NAMES[name], theme.BELIEF if name == "stranger" else theme.QUIET, alpha)


def _maps(data: Data, pen: Pen, t: float) -> None:
    """Error maps with their methods' names and PSNR in the brain; the best stands out."""
    most = float(data.recording.config["error_most"])
    best = max(MAPPED, key=data.psnr)
    for order, name in enumerate(MAPPED):
        alpha, box = ease(t, MAPS + EACH_MAP * order, 0.6), _map_box(data, order)
        difference = data.recording.arrays[f"error_{name}"].astype(float) / 127 * most
        slices.errors(pen, difference, most, box, alpha)
        colour, font = (theme.TEXT, theme.MONO_BOLD) if name == best else (theme.QUIET, theme.MONO)
        y, right = box.y + box.height + MAP_NAME_DROP, box.x + MAP_PSNR_RIGHT
        pen.text(NAMES[name], box.x, y, theme.FLOOR, colour, alpha=alpha)
        pen.text(f"{data.psnr(name):.1f}", right, y, theme.FLOOR, colour, font=font, anchor="end", alpha=alpha)


def _uncertainty(data: Data, pen: Pen, alpha: float) -> None:
    """The likely error of the samples' mean, in blue, as all that is believed. Its scale is in its name."""
    box = _map_box(data, len(MAPPED))
    level = data.recording.arrays["uncertainty_axial"][..., None] / 255
    pen.raster((255 * level * np.array(theme.rgb(theme.BELIEF))).astype(np.uint8), *box, alpha)
    slices.belief(pen, box, 0.5 * alpha)
    words = f"uncertainty ≤ {float(data.recording.config['spread_most']):g}"
    pen.text(words, box.x, box.y + box.height + MAP_NAME_DROP, theme.FLOOR, theme.BELIEF, alpha=alpha)


def _map_box(data: Data, order: int) -> Box:
    """The place of one of six maps, in two rows of three."""
    rows, columns = data.recording.arrays[f"error_{RESULT}"].shape
    row, column = divmod(order, MAPS_IN_A_ROW)
    return Box(MAP_X + column * MAP_PITCH_X, MAP_Y + row * MAP_PITCH_Y, MAP_HEIGHT * columns / rows, MAP_HEIGHT)
