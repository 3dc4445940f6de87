"""04: the advantages run back into the network; units jolt by their recorded change; probabilities move."""

from __future__ import annotations

from functools import partial

from stagelight.render import theme
from stagelight.render.components import board, network
from stagelight.render.motion import Point, along, cut, ease, mix, px, py, swing
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.shown import SMALL, Shown, percent
from stagelight.render.stage import Cue, Section

NET = network.Place(px(29), py(19), px(32), py(56))


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    odds = [shown.recording.fact(f"spotlight.mate_{when}") for when in ("before", "after")]
    went, (old, new) = "up" if odds[1] > odds[0] else "down", map(percent, odds)
    return Section(
        name="update",
        step="04",
        title="Update: credit flows back",
        seconds=13.0,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=(
            Cue(0.4, 4.8, f"This board and {shown.company} others nudge the network at once."),
            Cue(5.0, 9.2, "Each ring shows how far a unit's weights moved."),
            Cue(9.4, 13.0, f"Same board, new probabilities: the mate went {went}."),
        ),
        marks=(Cue(2.0, 13.0, "jolt"), Cue(0.0, 13.0, "counter")),
        still=12.4,
        alt="The network with rings at its units, as large as their weights moved, and beside it the probabilities "
        f"of the sampled moves before and after one step. Mate goes from {old} to {new}.",
    )


def backdrop(shown: Shown, pen: Pen) -> None:
    """The board, the network at rest, the heads of the table."""
    board.board(pen, shown.start, *SMALL)
    shown.network(pen, NET, reach=9, alpha=0.8)
    shown.counter(pen, "step 0 → 1")


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Advantages run from the moves into the network and back along its links; units jolt; odds move."""
    columns = shown.columns(NET)
    _credit(shown, pen, columns[-1], t)
    edge, out = shown.a["watch_edge_change"][0], shown.a["watch_to_move_change"][0]
    changed, flow = network.strongest([edge[0], edge[1], out.T], 30), ease(t, 2.6, 3.0) * 3
    for gap in (2, 1, 0):
        share = min(max(flow - (2 - gap), 0.0), 1.0)
        for start, end, strength in changed[gap]:
            a, b, up = columns[gap + 1][start], columns[gap + 2][end], strength > 0
            colour = theme.KEPT if up else theme.LOST
            path = cut(swing(b, a), share)
            tip, alpha = path[3], (0.25 + 0.5 * abs(strength)) * share
            pen.curve(path)
            pen.stroke(colour, 0.8 + 2.6 * abs(strength), alpha, () if up else (10, 8))
            if 0 < share < 1:
                pen.glow(*tip, 22, colour, 0.7 * abs(strength))
    scale = shown.jolt_scale()
    for layer in (2, 1, 0):
        share = ease(t, 3.4 + 0.85 * (2 - layer), 0.8)
        network.jolts(pen, columns[layer + 1], shown.a["watch_change"][0][layer], scale, share, 19)
    said = ease(t, 5.2, 0.6)
    pen.ring(px(30), py(80), 19, theme.ATTENTION, 3.2, said)
    pen.text(f"weights moved {100 * scale:.1f} %", px(32), py(80) + 12, theme.FLOOR, theme.QUIET, alpha=said)
    _odds(shown, pen, t)


def _credit(shown: Shown, pen: Pen, ends: list[Point], t: float) -> None:
    """One pulse for each rollout, from its row to its move: teal up, rose down."""
    for row, move in enumerate(_rows(shown)):
        share = ease(t, 1.0 + 0.1 * row, 1.0)
        value = float(shown.advantage[shown.group.index(move)])
        colour, (x, y) = theme.KEPT if value > 0 else theme.LOST, _row(row)
        here = along((x - 18, y), ends[move], share)
        fading = 1 - ease(t, 2.6 + 0.1 * row, 0.6)
        pen.line((x - 18, y), here, colour, 3, 0.6 * share * fading, () if value > 0 else (10, 8))
        pen.glow(*here, 20 + 34 * abs(value), colour, 0.9 * ease(t, 0.8) * fading)
        pen.disc(*here, 5 + 8 * abs(value), colour, ease(t, 0.8) * fading)


def _rows(shown: Shown) -> list[int]:
    """The moves of the group, each once."""
    return sorted(set(shown.group), key=shown.group.index)


def _row(row: int) -> Point:
    """The start of a row of the table."""
    return px(67.5), py(26) + row * py(6.9)


def _odds(shown: Shown, pen: Pen, t: float) -> None:
    """Each sampled move: probability before (open dot) and after (solid dot), and all other moves together."""
    moves, left, right = _rows(shown), px(75.5), px(83.5)
    top = max(float(shown.before[moves].max()), float(shown.after[moves].max())) * 1.05
    pen.text("probability, %", px(67.5), py(19.5), theme.FLOOR, theme.QUIET, alpha=ease(t, 0.3))
    for row, move in enumerate(moves):
        y = _row(row)[1]
        old, new = float(shown.before[move]), float(shown.after[move])
        share, here = ease(t, 6.6 + 0.14 * row, 0.9), ease(t, 0.3 + 0.06 * row)
        if shown.a["mate"][move]:
            pen.panel(px(66.5), y - py(3), px(30.5), py(6), here)
        same = f"{100 * old:.1f}" == f"{100 * new:.1f}"
        colour = theme.QUIET if same else theme.KEPT if new > old else theme.LOST
        a, b = mix(left, right, old / top), mix(left, right, mix(old, new, share) / top)
        pen.line((left, y), (right, y), theme.HAIRLINE, 2, 0.8 * here)
        pen.line((a, y), (b, y), colour, 6, share)
        pen.ring(a, y, 9, theme.QUIET, 3, here)
        pen.glow(b, y, 34, colour, 0.6 * share)
        pen.disc(b, y, 10, colour, share)
        _odds_words(pen, shown.san[move], y, (old, new), share, here, bool(shown.a["mate"][move]))
    rest = [float(1 - odds[moves].sum()) for odds in (shown.before, shown.after)]
    y = _row(len(moves))[1]
    others = f"{len(shown.san) - len(moves)} others"
    _odds_words(pen, others, y, (rest[0], rest[1]), ease(t, 7.8, 0.9), ease(t, 0.9), False)


def _odds_words(
    pen: Pen, name: str, y: float, odds: tuple[float, float], share: float, alpha: float, mate: bool
) -> None:
    """One row's name and numbers."""
    font, colour = (theme.MONO_BOLD, theme.TEXT) if mate else (theme.MONO, theme.QUIET)
    old, new = 100 * odds[0], 100 * mix(*odds, share)
    pen.text(name, px(67.5), y + 13, theme.FLOOR, colour, font=font, alpha=alpha)
    words = f"{old:.1f}" if share <= 0 else f"{old:.1f} → {new:.1f}"
    pen.text(words, px(96), y + 13, theme.FLOOR, colour, font=font, anchor="end", alpha=alpha)
