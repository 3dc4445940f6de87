"""The start slides back: one game, rewound from its mate to the opening as far as training has come to start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import board
from stagelight.render.motion import ease, mix
from stagelight.render.pen import Anchor, Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout.data import JOLT_READS, NETWORK_READS, OPPONENTS, STEP_READS, Data
from stagelight.render.scenes.rollout.fan import Fan
from stagelight.render.scenes.rollout.layout import LANES_RIGHT, RULER_LEFT, RULER_RIGHT, RULER_Y, SIDE_X
from stagelight.render.scenes.rollout.pieces import Pieces
from stagelight.render.scenes.rollout.policy_network import PolicyNetwork
from stagelight.render.scenes.rollout.schedule import last_step
from stagelight.render.scenes.rollout.shot import Shot, draw, empty_board
from stagelight.render.scenes.rollout.update import playing

# Beats, in seconds.
LEAVES, GATHERS, GATHER = 0.0, 0.3, 1.2  # the fan; the pieces become the end of a game
RULER = 0.8
REWINDS, REWOUND = 2.2, 9.4
BEND = 1.9  # the rewind begins slowly: plies grow with this power of time
CLIMBS, CLIMB, SECONDS = 9.9, 1.9, 12.7  # the counter goes on to the run's last step, past stronger opponents
OPENING = 1001  # how the opening is recorded as a depth
FAINT = 0.55  # of the network

TICKS = (1, 2, 4, 8)  # moves to mate, of those that the game has
SIZE, NAME_SIZE = 150, 44
RUNGS_Y, RUNG = 404.0, 68.0  # of the opponents' names


@dataclass(frozen=True)
class Rewind:
    """A game and the steps at which training came to start that far from its end."""

    data: Data

    @cached_property
    def boards(self) -> list[board.Placement]:
        """(P + 1,) the positions, the opening first."""
        event = self.data.event("rewind")
        assert event is not None, "a recording with a curriculum has a game to rewind"
        return [board.placement(fen) for fen in event["boards"]]

    @property
    def plies(self) -> int:
        """The length of the game."""
        return len(self.boards) - 1

    @cached_property
    def passes(self) -> list[tuple[int, int]]:
        """(step, plies from the end), rising: when training first started that far back. The opening is all of it."""
        found = [(last_step(self.data) + 1, 1)]
        for event in self.data.events("frontier"):
            deepest = self.plies if event["depth"] == OPENING else self.plies - 1
            depth = min(int(event["depth"]), deepest)
            if depth > found[-1][1]:
                found.append((max(int(event["step"]), found[-1][0]), depth))
        return found

    @cached_property
    def opponents(self) -> list[tuple[int, str]]:
        """(step, how it plays): Black at the farthest start, from the step at which it came; in the order of coming."""
        names, black = self.data.recording.config["opponents"], self.data.array("frontier_opponent")
        came, first = np.unique(black, return_index=True)
        return sorted((int(step), OPPONENTS[names[kind]]) for kind, step in zip(came, first, strict=True))

    @property
    def deepest(self) -> int:
        """As far back as training came to start, in plies."""
        return self.passes[-1][1]

    def counted(self, plies: float) -> int:
        """The training step at which starts were that far back; between two recorded ones, on the way."""
        steps, depths = zip(*self.passes, strict=True)
        return int(np.interp(plies, depths, steps))


@reads(
    *STEP_READS,
    *NETWORK_READS,
    *JOLT_READS,
    "arrays.frontier_opponent",
    "arrays.game_after",
    "arrays.game_before",
    "arrays.game_move",
    "arrays.game_outcome",
    "arrays.game_played",
    "arrays.game_reply",
    "config.opponents",
    "events.frontier.*",
    "events.rewind.0",
    "events.surest_mistake.0",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    rewind = Rewind(data)
    reached = rewind.deepest == rewind.plies
    return Section(
        name="curriculum",
        step=None,
        title="Sliding back",
        seconds=SECONDS,
        paint=partial(paint, rewind),
        backdrop=empty_board,
        captions=(
            Cue(0.4, 4.2, "When it finds the mate, games start one move earlier."),
            Cue(4.4, 7.4, "Each time it mates often enough, they start earlier still."),
            Cue(
                7.6,
                CLIMBS - 0.1,
                "At last they start where every game does." if reached else "This is as far back as they start.",
            ),
            *((Cue(CLIMBS, SECONDS, "From here on its opponents grow stronger."),) if rewind.opponents[1:] else ()),
        ),
        marks=(Cue(RULER, SECONDS, "ruler"), Cue(0.0, SECONDS, "counter"), Cue(REWINDS, REWOUND, "jolt")),
        still=6.4,
        alt=f"A game of {(rewind.plies + 1) // 2} moves runs backwards, its pieces returning home. A ruler of "
        "moves to mate, its marker on the way from one to the opening.",
    )


def plies(rewind: Rewind, t: float) -> float:
    """The board's distance from the game's end."""
    share = min(max((t - REWINDS) / (REWOUND - REWINDS), 0.0), 1.0)
    smooth = share - 0.06 * np.sin(2 * np.pi * share) * share
    far = mix(1.0, float(rewind.deepest), float(smooth) ** BEND)
    return far - (1 - ease(t, REWINDS - 0.7, 0.7))  # the mate itself is taken back first


def counter(rewind: Rewind, t: float, far: float) -> int:
    """The training step that is shown: as the start slides back, then on to the run's last."""
    if t < CLIMBS:
        return rewind.counted(max(far, 1.0))
    return round(mix(rewind.passes[-1][0], rewind.data.last + 1, ease(t, CLIMBS, CLIMB)))


def shot(rewind: Rewind, t: float) -> Shot:
    """The pieces of the training game become the game's last position, which runs backwards."""
    data, far = rewind.data, plies(rewind, t)
    start = last_step(data)
    step = data.step(start)
    count = counter(rewind, t, far)
    count = max(count, start + 1)
    if t < REWINDS - 0.7:
        gathered = ease(t, GATHERS, GATHER)
        men = Pieces(passing=(step.answered, rewind.boards[-1], gathered), ringed=ease(t, GATHERS + GATHER - 0.2, 0.3))
        if gathered <= 0:
            men = playing(step, 1.0, 1 - ease(t, 0.0, GATHERS), 1.0)
    else:
        done = min(int(far), rewind.plies - 1)
        at = rewind.plies - done
        men = Pieces(passing=(rewind.boards[at], rewind.boards[at - 1], ease(far - done, 0.1, 0.8)))
    now, state = network(rewind, t)
    few = step.likeliest.after[step.likeliest.order]
    return Shot(
        now,
        f"step {count}",
        pieces=men,
        network=state,
        fan=Fan(
            open=1 - ease(t, LEAVES, 0.5), shift=1.0, few=tuple(few.tolist()), names=1 - ease(t, LEAVES, 0.4), named=3
        ),
    )


def network(rewind: Rewind, t: float) -> tuple[int, PolicyNetwork]:
    """The step whose network is shown, and its state: it is jolted where the start slides back."""
    now, since = _beat(rewind, t)
    return min(now, rewind.data.last), PolicyNetwork(alpha=mix(1.0, FAINT, ease(t, LEAVES, 0.8)), hit=since, pace=0.3)


def _beat(rewind: Rewind, t: float) -> tuple[int, float]:
    """The last step at which the start slid back, and the seconds since."""
    grid = np.arange(REWINDS, REWOUND, 0.04)
    fars = np.array([plies(rewind, float(at)) for at in grid])
    moments = [(float(grid[min(int(np.searchsorted(fars, depth - 0.01)), len(grid) - 1)]), step)
               for step, depth in rewind.passes[1:]]  # fmt: skip
    past = [(at, step) for at, step in moments if at <= t]
    if not past:
        return last_step(rewind.data), -1.0
    return past[-1][1] - 1, t - past[-1][0] + 0.02


def ruler_x(rewind: Rewind, far: float) -> float:
    """A place on the ruler: moves to mate, close ones further apart."""
    share = np.log(max(far, 1.0) + 1) - np.log(2.0)
    return mix(RULER_LEFT, RULER_RIGHT, float(share / (np.log(rewind.plies + 1) - np.log(2.0))))


def ruler(rewind: Rewind, pen: Pen, far: float, alpha: float) -> None:
    """The line from mate in one to the opening, and its marker."""
    with pen.faded(alpha) as visible:
        if not visible:
            return
        pen.line((RULER_LEFT, RULER_Y), (RULER_RIGHT, RULER_Y), theme.HAIRLINE, 4)
        ticks = [(str(moves), 2.0 * moves - 1) for moves in TICKS if 2 * moves < 0.5 * rewind.plies]
        for name, far_off in [*ticks, ("opening", float(rewind.plies))]:
            x = ruler_x(rewind, far_off)
            pen.line((x, RULER_Y - 12), (x, RULER_Y + 12), theme.QUIET, 3)
            place: tuple[float, Anchor] = (LANES_RIGHT, "end") if name == "opening" else (x, "middle")
            pen.text(name, place[0], RULER_Y + 62, NAME_SIZE, theme.QUIET, anchor=place[1])
        x = ruler_x(rewind, far)
        pen.line((RULER_LEFT, RULER_Y), (x, RULER_Y), theme.ATTENTION, 6)
        pen.glow(x, RULER_Y, 70, theme.ATTENTION, 0.8)
        pen.ball(x, RULER_Y, 17, theme.ATTENTION)


def distance(pen: Pen, far: float, alpha: float) -> None:
    """The moves to mate, in large."""
    moves = (round(max(far, 1.0)) + 1) // 2
    pen.text("moves to mate", SIDE_X, 390, NAME_SIZE, theme.QUIET, alpha=alpha)
    pen.text(str(moves), SIDE_X, 390 + SIZE, SIZE, theme.ATTENTION, font=theme.MONO_BOLD, alpha=alpha)


def ladder(rewind: Rewind, pen: Pen, step: int, alpha: float) -> None:
    """The opponents who played Black so far, a line each, the present one lit."""
    came = [name for first, name in rewind.opponents if first < step]
    with pen.faded(alpha) as visible:
        if not visible:
            return
        pen.text("Black", SIDE_X, RUNGS_Y - RUNG, NAME_SIZE, theme.QUIET)
        for rung, name in enumerate(came):
            colour = theme.ATTENTION if rung == len(came) - 1 else theme.QUIET
            pen.text(name, SIDE_X, RUNGS_Y + RUNG * rung, NAME_SIZE, colour)


def paint(rewind: Rewind, pen: Pen, t: float) -> None:
    """The rewind and its ruler, then the opponents."""
    draw(rewind.data, pen, shot(rewind, t))
    ruler(rewind, pen, plies(rewind, t), ease(t, RULER, 0.6))
    beside(rewind, pen, t, 1.0)


def beside(rewind: Rewind, pen: Pen, t: float, alpha: float) -> None:
    """Above the ruler: the moves to mate, and after the rewind who plays Black."""
    goes = ease(t, CLIMBS - 0.3, 0.3) if rewind.opponents[1:] else 0.0
    far = plies(rewind, t)
    distance(pen, far, alpha * ease(t, RULER, 0.6) * (1 - goes))
    ladder(rewind, pen, counter(rewind, t, far), alpha * goes * ease(t, CLIMBS, 0.3))
