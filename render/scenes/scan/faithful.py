"""What was made of the same measurements: by whom, how far off and where; the lesion close by; what is uncertain."""

from __future__ import annotations

from functools import partial

from render import theme
from render.components import slices
from render.motion import Box, ease, mix, px, py
from render.pen import Pen
from render.scenes.scan.shown import NAMES, WINDOW, Shown
from render.stage import Cue, Section

HERO = (px(4), py(17), px(28.5), py(61))
INSET, INSET_X, INSET_Y = py(18.6), px(34.2), py(17)  # crops of the lesion: side, left, first top
SHOWN = ("zero_filled", "variation", "wavelet", "ours")  # error maps, two rows of two
MAP = (px(50), py(17), py(26.5))  # left, top, height of the first
SWAP = 8.4  # when the left of the divider changes


def section(shown: Shown) -> Section:
    """What is said and when."""
    best = max(SHOWN[:-1], key=lambda name: shown.recording.fact(f"{name}.brain.psnr"))
    ours, other = (shown.recording.fact(f"{name}.brain.psnr") for name in ("ours", best))
    gain = f"{abs(ours - other):.1f} dB {'nearer' if ours > other else 'farther'} than {NAMES[best]}"
    samples = int(shown.recording.fact("samples"))
    return Section(
        name="faithful",
        step=None,
        title="Faithful: how near, and where not",
        seconds=15.0,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=(
            Cue(0.4, 4.6, "The same measurements, four reconstructions, one error scale."),
            Cue(4.8, 8.6, f"Ours, the mean of {samples} samples, is {gain}."),
            Cue(8.8, 12.0, "Against the full scan: fine detail is missing still."),
            Cue(12.2, 15.0, "Without the data, the same model is sharp and wrong."),
        ),
        marks=(Cue(0.4, 15.0, "error"), Cue(1.0, 15.0, "lesion"), Cue(12.2, 15.0, "belief")),
        still=7.4,
        alt="A divider between the zero-filled slice and ours; the lesion close by; error maps with their PSNR in dB: "
        + ", ".join(f"{NAMES[name]} {shown.db(name)}" for name in SHOWN)
        + f". The prior alone reaches {shown.db('stranger')}.",
    )


def backdrop(shown: Shown, pen: Pen) -> None:
    """The scale of the error maps."""
    slices.error_scale(pen, float(shown.recording.config["error_most"]), Box(px(86), py(22), px(10), 18))
    pen.text("error", px(86), py(19.5), theme.FLOOR, theme.QUIET)


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The wipe, the insets, the error maps one after another; at the end the stranger's beside them."""
    hero = shown.box(HERO)
    if t < SWAP:
        names, share = ("zero-filled", "ours"), mix(1.0, 0.28, ease(t, 1.0, 2.0)) + 0.34 * ease(t, 5.2, 1.6)
        left, right = "zero_filled", "ours"
    else:
        names, share = ("ours", "full scan"), mix(1.0, 0.4, ease(t, SWAP + 0.3, 1.8))
        left, right = "ours", "reference"
    slices.wipe(pen, shown.grey(f"{left}_axial"), shown.grey(f"{right}_axial"), share, hero, names)
    shown.lesion(pen, hero, ease(t, 0.6, 0.6))
    _insets(shown, pen, t)
    _maps(shown, pen, t)
    _stranger(shown, pen, t)


def _insets(shown: Shown, pen: Pen, t: float) -> None:
    """The lesion in three of the pictures, large."""
    if shown.radius <= 0:
        return
    for order, name in enumerate(("zero_filled", "ours", "reference")):
        y, alpha = INSET_Y + order * py(20.6), ease(t, 1.6 + 0.4 * order, 0.6)
        box = Box(INSET_X, y, INSET, INSET)
        picture = slices.crop(shown.a[f"{name}_axial"], shown.ring_at, 1.15 * shown.radius)
        pen.raster(WINDOW.grey(picture), *box, alpha)
        pen.box(*box, 3)
        pen.stroke(theme.ATTENTION, 3, alpha)


def _place(order: int, shown: Shown) -> Box:
    x, y, height = MAP
    rows, columns = shown.a["error_ours"].shape
    width = height * columns / rows
    return Box(x + (order % 2) * px(18), y + (order // 2) * py(33), width, height)


def _maps(shown: Shown, pen: Pen, t: float) -> None:
    """Error maps with their methods' names and PSNR in the brain; ours stands out."""
    most = float(shown.recording.config["error_most"])
    for order, name in enumerate(SHOWN):
        box, alpha = _place(order, shown), ease(t, 2.2 + 0.6 * order, 0.6)
        slices.errors(pen, shown.a[f"error_{name}"].astype(float) / 127 * most, most, box, alpha)
        colour = theme.TEXT if name == "ours" else theme.QUIET
        pen.text(NAMES[name], box.x, box.y + box.height + 42, theme.FLOOR, colour, alpha=alpha)
        pen.text(shown.db(name), box.x + px(16), box.y + box.height + 42, theme.FLOOR, colour,
                 font=theme.MONO_BOLD if name == "ours" else theme.MONO, anchor="end", alpha=alpha)  # fmt: skip


def _stranger(shown: Shown, pen: Pen, t: float) -> None:
    """The prior alone, beside the others: sharp and wrong."""
    alpha = ease(t, 12.2, 0.6)
    first = _place(1, shown)
    box = Box(px(86), py(50), first.width, first.height)
    pen.raster(shown.grey("stranger_axial"), *box, alpha)
    slices.belief(pen, box, alpha)
    pen.text("stranger", box.x, box.y + box.height + 42, theme.FLOOR, theme.BELIEF, alpha=alpha)
    pen.text(shown.db("stranger"), box.x, box.y - 14, theme.FLOOR, theme.BELIEF, font=theme.MONO, alpha=alpha)
