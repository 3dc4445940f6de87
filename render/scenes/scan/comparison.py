"""What was made of the same measurements: by whom, how far off and where; the lesion close by; the stranger last."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.components import slices
from stagelight.render.motion import Box, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.scan.shown import NAMES, WINDOW, Shown
from stagelight.render.stage import Cue, Section

RESULT = "samples"  # what the scene has shown being made: reverse diffusion
CLASSICAL = ("variation", "wavelet", "mean")
PEERS = {"variation": "total variation", "wavelet": "wavelets", "mean": "the classical mean"}
SHOWN = ("zero_filled", "variation", "mean", "ours", RESULT)  # error maps; a sixth place is for what is uncertain
HERO = (px(4), py(17), px(28.5), py(61))
INSET, INSET_X, INSET_Y, INSET_GAP = py(15.2), px(35.4), py(17), py(21.1)  # the lesion: side, left, first top, pitch
MAP, ACROSS, DOWN = (px(49), py(17), py(26.8)), px(16), py(33.2)  # left, top, height of the first; pitches
SCALE = Box(px(80), py(8.2), px(16), 16)
WIPES = ((0.0, "zero_filled", RESULT), (10.2, RESULT, "reference"), (13.1, "stranger", "reference"))  # from when
END = 16.4
LAST = {
    "brain": "Without the data, the prior dreams somebody else.",
    "head": "Without the data, the prior dreams a head that is nobody's.",
    "texture": "Without the data, the prior has no brain to show.",
}
SAID = {**NAMES, "reference": "full scan", "stranger": "no data"}


def section(shown: Shown) -> Section:
    """What is said and when."""
    best = max(CLASSICAL, key=lambda name: shown.recording.fact(f"{name}.brain.psnr"))
    samples, slow, quick = (shown.recording.fact(name) for name in ("samples", f"{RESULT}.seconds", "ours.seconds"))
    far = _gain(shown, RESULT, best)
    return Section(
        name="comparison",
        step=None,
        title="Faithful: how near, and where not",
        seconds=END,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=(
            Cue(0.4, 3.7, "Same measurements, five reconstructions. Below each, its PSNR in dB."),
            Cue(3.9, 7.3, f"Diffusion, mean of {samples:.0f}, {slow:.0f} core-seconds: {far} than {PEERS[best]}."),
            Cue(7.5, 10.1, f"Its network in three rounds, {quick:.0f} core-seconds: {_gain(shown, 'ours', best)}."),
            Cue(10.3, 13.0, "Beside the full scan: fine detail is missing still."),
            Cue(13.2, END, LAST[shown.dreamt]),
        ),
        marks=(Cue(0.4, END, "error"), Cue(1.0, END, "lesion"), Cue(3.9, END, "belief")),
        still=6.8,
        alt="A divider between the zero-filled slice and that of reverse diffusion; "
        + "the lesion close by in both and in the full scan; " * shown.ringed
        + "error maps with their PSNR in dB: "
        + ", ".join(f"{NAMES[name]} {shown.db(name)}" for name in SHOWN)
        + f". The prior alone reaches {shown.db('stranger')}.",
    )


def _gain(shown: Shown, name: str, other: str) -> str:
    """How much nearer to the full scan than another method, or farther from it."""
    one, two = (shown.recording.fact(f"{each}.brain.psnr") for each in (name, other))
    return f"{abs(one - two):.1f} dB {'nearer' if one >= two else 'farther'}"


def backdrop(shown: Shown, pen: Pen) -> None:
    """The scale of the error maps."""
    slices.error_scale(pen, float(shown.recording.config["error_most"]), SCALE)
    pen.text("error", SCALE.x + SCALE.width / 2, SCALE.y + 60, theme.FLOOR, theme.QUIET, anchor="middle")


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The divider, the insets, the error maps one after another; at the end the stranger behind the divider."""
    hero = shown.box(HERO)
    start, left, right = next(wipe for wipe in reversed(WIPES) if t >= wipe[0])
    share = mix(1.0, 0.3, ease(t, start + 0.5, 1.6)) + 0.3 * ease(t, start + 2.4, 1.0)
    slices.wipe(pen, shown.grey(f"{left}_axial"), shown.grey(f"{right}_axial"), share, hero, (SAID[left], SAID[right]))
    if left == "stranger":
        slices.belief(pen, hero)
    shown.lesion(pen, hero, ease(t, 0.6, 0.6))
    _insets(shown, pen, t)
    _maps(shown, pen, t)
    _doubt(shown, pen, t)


def _insets(shown: Shown, pen: Pen, t: float) -> None:
    """The lesion in three of the pictures, large; in the end the stranger has its place, too."""
    if shown.radius <= 0:
        return
    first = "stranger" if t >= WIPES[-1][0] else "zero_filled"
    for order, name in enumerate((first, RESULT, "reference")):
        alpha = ease(t, 1.4 + 0.4 * order, 0.6)
        box = Box(INSET_X, INSET_Y + order * INSET_GAP, INSET, INSET)
        picture = slices.crop(shown.a[f"{name}_axial"], shown.ring_at, 1.15 * shown.radius)
        pen.raster(WINDOW.grey(picture), *box, alpha)
        pen.box(*box, 3)
        pen.stroke(theme.ATTENTION, 3, alpha)
        colour = theme.BELIEF if name == "stranger" else theme.QUIET
        shown.named(pen, box, SAID[name], colour, alpha)


def _maps(shown: Shown, pen: Pen, t: float) -> None:
    """Error maps with their methods' names and PSNR in the brain; the best stands out."""
    most = float(shown.recording.config["error_most"])
    best = max(SHOWN, key=lambda name: shown.recording.fact(f"{name}.brain.psnr"))
    for order, name in enumerate(SHOWN):
        alpha = ease(t, 1.8 + 0.35 * order, 0.6)
        box = _place(shown, order)
        slices.errors(pen, shown.a[f"error_{name}"].astype(float) / 127 * most, most, box, alpha)
        colour, font = (theme.TEXT, theme.MONO_BOLD) if name == best else (theme.QUIET, theme.MONO)
        pen.text(NAMES[name], box.x, box.y + box.height + 42, theme.FLOOR, colour, alpha=alpha)
        pen.text(
            shown.db(name),
            box.x + px(15),
            box.y + box.height + 42,
            theme.FLOOR,
            colour,
            font=font,
            anchor="end",
            alpha=alpha,
        )


def _doubt(shown: Shown, pen: Pen, t: float) -> None:
    """By how much the samples' mean may be off, blue: belief that is unsure. Its scale is in its name."""
    box, alpha = _place(shown, len(SHOWN)), ease(t, 4.4, 0.6)
    level = shown.a["uncertainty_axial"][..., None] / 255
    pen.raster((255 * level * np.array(theme.rgb(theme.BELIEF))).astype(np.uint8), *box, alpha)
    slices.belief(pen, box, 0.5 * alpha)
    most = float(shown.recording.config["spread_most"])
    pen.text(f"unsure to {most:g}", box.x, box.y + box.height + 42, theme.FLOOR, theme.BELIEF, alpha=alpha)


def _place(shown: Shown, order: int) -> Box:
    """Where one of six maps stands, in two rows of three."""
    rows, columns = shown.a[f"error_{RESULT}"].shape
    x, y, height = MAP
    return Box(x + (order % 3) * ACROSS, y + (order // 3) * DOWN, height * columns / rows, height)
