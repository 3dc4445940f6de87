"""A real scan, once: eight coils of a real head, and the loop that joins them."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import slices
from stagelight.render.motion import Box, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import Data

# Beats, in seconds.
COILS, EACH = 0.3, 0.22  # the first coil's picture appears; from one to the next
JOIN, JOINS, EACH_JOINS = 4.6, 1.0, 0.08  # they travel to one place
SHARP, SHARPENS = 6.6, 1.2
LEAVES = 0.6
SECONDS = 10.4

# Layout.
COLUMNS, LEFT, TOP, WIDE, HIGH = 4, px(4), py(17), px(12.2), py(31.5)
WHOLE: drawing.Place = (px(57), py(16.5), px(36), py(64))


@reads(
    "arrays.coil_axial",
    "arrays.head_axial",
    "arrays.head_zero",
    "facts.raw.acceleration",
    "facts.raw.coils",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    coils, rate = int(recording.fact("raw.coils")), f"{recording.fact('raw.acceleration'):.0f}"
    return Section(
        name="measured",
        step="05",
        title="A real scan: eight coils of one head",
        seconds=SECONDS,
        paint=partial(paint, Data(recording)),
        backdrop=nothing,
        captions=(
            Cue(0.3, 4.3, "Now nothing is simulated. Coils round a real head, each sees what is near it."),
            Cue(4.5, 7.4, f"One point in {rate} was measured. Joined, they blur."),
            Cue(7.6, SECONDS - 0.5, "The same loop, held to what they measured."),
        ),
        marks=(Cue(SHARP, SECONDS, "loop"),),
        still=9.4,
        alt=f"{coils} dim, uneven pictures of one real head, and the sharp picture that the loop makes of them all.",
    )


def paint(data: Data, pen: Pen, t: float) -> None:
    """Coils' pictures come, travel to one place, and become one picture, which sharpens."""
    arrays, alpha = data.recording.arrays, 1 - ease(t, SECONDS - LEAVES, LEAVES - 0.1)
    whole = slices.fitted(arrays["head_axial"], *WHOLE)
    with pen.faded(alpha):
        for index, picture in enumerate(arrays["coil_axial"]):
            home, shown = _home(picture, index), ease(t, COILS + EACH * index, 0.5)
            pen.raster(picture, *home, shown * (1 - 0.45 * ease(t, JOIN, JOINS)))
            way = ease(t, JOIN + EACH_JOINS * index, JOINS)
            if 0 < way < 1:
                pen.raster(picture, *drawing.between(home, whole, way), 0.35)
        joined = ease(t, JOIN + 0.7, 1.0)
        pen.raster(arrays["head_zero"], *whole, joined)
        pen.raster(arrays["head_axial"], *whole, ease(t, SHARP + 0.9, SHARPENS))
        drawing.outline(pen, whole, ease(t, JOIN, 0.6))
        drawing.name_below(pen, whole, "a real head", theme.MEASURED, joined)


def _home(picture: slices.Picture, index: int) -> Box:
    """The place of a coil's own picture, in two rows."""
    row, column = divmod(index, COLUMNS)
    return slices.fitted(picture, LEFT + column * WIDE, TOP + row * (HIGH + py(1.5)), WIDE - px(0.5), HIGH)
