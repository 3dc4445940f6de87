"""04: the advantages run back into the network; units jolt by their recorded change; probabilities move."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import board, frame, network
from stagelight.render.motion import Point, along, cut, ease, mix, px, py, swing
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.scenes.rollout.drawing import NETWORK_READS, SIDE_BOARD, network_columns, policy_network
from stagelight.render.wording import percent

# Beats, in seconds.
TABLE, EACH_ROW = 0.3, 0.06
LIT, PULSES, PULSE, EACH_PULSE, PULSES_FADE = 0.8, 1.0, 1.0, 0.1, 2.6  # advantages light up and run to their moves
FLOW, FLOWS = 2.6, 3.0  # credit runs back along the links
JOLTS, EACH_LAYER = 3.4, 0.85  # the last layer first
KEY = 5.2
ODDS, EACH_ODDS, OTHERS_LISTED, OTHERS = 6.6, 0.14, 0.9, 7.8
SECONDS = 13.0

# Layout.
NETWORK_PLACE = network.Place(px(29), py(19), px(32), py(56))
CHANGED = 30  # links whose change is shown
JOLT = 19
KEY_X, KEY_WORDS_X, KEY_Y = px(30), px(32), py(80)
ROWS_LEFT, ROWS_TOP, ROW_HEIGHT, TITLE_Y = px(67.5), py(26), py(6.9), py(19.5)
PANE_LEFT, PANE_RISE, PANE_WIDTH, PANE_HEIGHT = px(66.5), py(3), px(30.5), py(6)  # behind a mate's row
SCALE_LEFT, SCALE_RIGHT, NUMBERS_RIGHT = px(75.5), px(83.5), px(96)
PULSE_GAP = 18  # from a row's words to where its pulse starts
WORDS_DROP = 13


@reads(
    *NETWORK_READS,
    "arrays.log_used",
    "arrays.mate",
    "arrays.watch_advantage",
    "arrays.watch_change",
    "arrays.watch_edge_change",
    "arrays.watch_move",
    "arrays.watch_to_move_change",
    "facts.spotlight.mate_after",
    "facts.spotlight.mate_before",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    before, after = (recording.fact(f"spotlight.mate_{when}") for when in ("before", "after"))
    went = "up" if after > before else "down"
    return Section(
        name="update",
        step="04",
        title="Update: credit flows back",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=partial(backdrop, data),
        captions=(
            Cue(0.4, 4.8, f"This board and {data.batch - 1} others nudge the network at once."),
            Cue(5.0, 9.2, "Each ring shows how far a unit's weights moved."),
            Cue(9.4, SECONDS, f"Same board, new probabilities: the mate went {went}."),
        ),
        marks=(Cue(2.0, SECONDS, "jolt"), Cue(0.0, SECONDS, "counter")),
        still=12.4,
        alt="The network with rings at its units, as large as their weights moved, and beside it the probabilities "
        f"of the sampled moves before and after one step. Mate goes from {percent(before)} to {percent(after)}.",
    )


def backdrop(data: Data, pen: Pen) -> None:
    """The board, the network at rest, the heads of the table."""
    board.board(pen, data.start, *SIDE_BOARD)
    policy_network(pen, data, NETWORK_PLACE, reach=9, alpha=0.8)
    frame.counter(pen, "step 0 → 1")


def paint(data: Data, pen: Pen, t: float) -> None:
    """Advantages run from the moves into the network and back along its links; units jolt; odds move."""
    columns = network_columns(data, NETWORK_PLACE)
    _pulses(data, pen, columns[-1], t)
    _flow(data, pen, columns, ease(t, FLOW, FLOWS) * 3)
    for layer in (2, 1, 0):
        share = ease(t, JOLTS + EACH_LAYER * (2 - layer), 0.8)
        network.jolts(pen, columns[layer + 1], data.unit_change[0][layer], data.largest_change, share, JOLT)
    alpha = ease(t, KEY, 0.6)
    pen.ring(KEY_X, KEY_Y, JOLT, theme.ATTENTION, 3.2, alpha)
    words = f"weights moved {100 * data.largest_change:.1f} %"
    pen.text(words, KEY_WORDS_X, KEY_Y + 12, theme.FLOOR, theme.QUIET, alpha=alpha)
    _odds(data, pen, t)


def _pulses(data: Data, pen: Pen, ends: list[Point], t: float) -> None:
    """One pulse for each rollout, from its row to its move: teal up, rose down."""
    for row, move in enumerate(_moves(data)):
        value = float(data.advantage[data.group.index(move)])
        colour, start = theme.KEPT if value > 0 else theme.LOST, (ROWS_LEFT - PULSE_GAP, _row_y(row))
        share = ease(t, PULSES + EACH_PULSE * row, PULSE)
        here = along(start, ends[move], share)
        fading = 1 - ease(t, PULSES_FADE + EACH_PULSE * row, 0.6)
        pen.line(start, here, colour, 3, 0.6 * share * fading, () if value > 0 else (10, 8))
        pen.glow(*here, 20 + 34 * abs(value), colour, 0.9 * ease(t, LIT) * fading)
        pen.disc(*here, 5 + 8 * abs(value), colour, ease(t, LIT) * fading)


def _flow(data: Data, pen: Pen, columns: list[list[Point]], reach: float) -> None:
    """The links that changed most, from the moves back, `reach` gaps of three so far."""
    changed = network.strongest([data.edge_change[0], data.edge_change[1], data.to_move_change.T], CHANGED)
    for gap in (2, 1, 0):
        share = min(max(reach - (2 - gap), 0.0), 1.0)
        for start, end, strength in changed[gap]:
            colour, dash = (theme.KEPT, ()) if strength > 0 else (theme.LOST, (10, 8))
            path = cut(swing(columns[gap + 2][end], columns[gap + 1][start]), share)
            pen.curve(path)
            pen.stroke(colour, 0.8 + 2.6 * abs(strength), (0.25 + 0.5 * abs(strength)) * share, dash)
            if 0 < share < 1:
                pen.glow(*path[3], 22, colour, 0.7 * abs(strength))


def _moves(data: Data) -> list[int]:
    """The moves of the group, each once."""
    return sorted(set(data.group), key=data.group.index)


def _row_y(row: int) -> float:
    return ROWS_TOP + row * ROW_HEIGHT


def _odds(data: Data, pen: Pen, t: float) -> None:
    """Each sampled move: probability before (open dot) and after (solid dot), and all other moves together."""
    moves = _moves(data)
    top = max(float(data.before[moves].max()), float(data.after[moves].max())) * 1.05
    pen.text("probability, %", ROWS_LEFT, TITLE_Y, theme.FLOOR, theme.QUIET, alpha=ease(t, TABLE))
    for row, move in enumerate(moves):
        share, alpha = ease(t, ODDS + EACH_ODDS * row, 0.9), ease(t, TABLE + EACH_ROW * row)
        old, new = float(data.before[move]), float(data.after[move])
        mate = bool(data.mates[move])
        if mate:
            pen.panel(PANE_LEFT, _row_y(row) - PANE_RISE, PANE_WIDTH, PANE_HEIGHT, alpha)
        _scale(pen, _row_y(row), old, new, top, share, alpha)
        _words(pen, data.san[move], _row_y(row), (old, new), share, alpha, mate)
    rest = (float(1 - data.before[moves].sum()), float(1 - data.after[moves].sum()))
    others = f"{len(data.san) - len(moves)} others"
    _words(pen, others, _row_y(len(moves)), rest, ease(t, OTHERS, 0.9), ease(t, OTHERS_LISTED), False)


def _scale(pen: Pen, y: float, old: float, new: float, top: float, share: float, alpha: float) -> None:
    """A probability on its way from the open dot to the solid one."""
    same = f"{100 * old:.1f}" == f"{100 * new:.1f}"
    colour = theme.QUIET if same else theme.KEPT if new > old else theme.LOST
    a, b = mix(SCALE_LEFT, SCALE_RIGHT, old / top), mix(SCALE_LEFT, SCALE_RIGHT, mix(old, new, share) / top)
    pen.line((SCALE_LEFT, y), (SCALE_RIGHT, y), theme.HAIRLINE, 2, 0.8 * alpha)
    pen.line((a, y), (b, y), colour, 6, share)
    pen.ring(a, y, 9, theme.QUIET, 3, alpha)
    pen.glow(b, y, 34, colour, 0.6 * share)
    pen.disc(b, y, 10, colour, share)


def _words(pen: Pen, name: str, y: float, odds: tuple[float, float], share: float, alpha: float, mate: bool) -> None:
    """One row's name and numbers."""
    font, colour = (theme.MONO_BOLD, theme.TEXT) if mate else (theme.MONO, theme.QUIET)
    old, new = 100 * odds[0], 100 * mix(*odds, share)
    words = f"{old:.1f}" if share <= 0 else f"{old:.1f} → {new:.1f}"
    pen.text(name, ROWS_LEFT, y + WORDS_DROP, theme.FLOOR, colour, font=font, alpha=alpha)
    pen.text(words, NUMBERS_RIGHT, y + WORDS_DROP, theme.FLOOR, colour, font=font, anchor="end", alpha=alpha)
