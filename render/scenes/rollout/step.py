"""One training step of the game that is played in public, as named views, each read when it is first asked for.

The learner's side is drawn as White, from below, whichever it plays: a position in which Black moves is turned over,
and so are the words of its moves. Shapes: G rollouts of a group, M legal moves, U units shown of each layer.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stagelight.render.components import board, network
from stagelight.render.components.board import Placement
from stagelight.render.scenes.rollout.rays import Rays
from stagelight.render.wording import counted

if TYPE_CHECKING:
    from stagelight.render.scenes.rollout.data import Data

Numbers = NDArray[np.floating]
LINKS = 24  # of each gap between layers, the strongest
CHANGED = 12  # of each gap, those that changed most
MEN = {"P": "Pawn", "N": "Knight", "B": "Bishop", "R": "Rook", "Q": "Queen", "K": "King"}
UPSIDE_DOWN = str.maketrans("12345678", "87654321")


class Step:
    """One training step of the game that is played in public."""

    def __init__(self, data: Data, index: int) -> None:
        self.data, self.index = data, index

    def _row(self, name: str) -> NDArray[Any]:
        row: NDArray[Any] = self.data.array(name)[self.index]
        return row

    def _watched(self, name: str) -> NDArray[Any]:
        """The record of the last watched step that is not later."""
        at = int(np.searchsorted(self.data.watched, self.index, side="right")) - 1
        row: NDArray[Any] = self.data.array(name)[max(at, 0)]
        return row

    @cached_property
    def black(self) -> bool:
        """True if the learner plays Black here, and the board is turned over."""
        return int(self._row("game_board")[64]) < 0

    @property
    def distance(self) -> str:
        """The position's distance from mate, in words: `one move`."""
        return counted((int(self._row("game_depth")) + 1) // 2, "move")

    @cached_property
    def board(self) -> Placement:
        """The pieces before the move."""
        return pieces(self._row("game_board"))

    def squares(self, code: int) -> str:
        """A recorded move (from + 64 to + 4096 promotion) as squares, and the letter of a promotion."""
        flip = 56 if self.black else 0
        ends = ((code & 63) ^ flip, (code >> 6 & 63) ^ flip)
        return "".join("abcdefgh"[at & 7] + "12345678"[at >> 3] for at in ends) + "  nbrq"[code >> 12].strip()

    def turned(self, words: str) -> str:
        """A move in words, or its squares, as the drawn board has it."""
        return words.translate(UPSIDE_DOWN) if self.black else words

    @cached_property
    def names(self) -> dict[str, str]:
        """Moves in words by their squares, where the recording has words for them."""
        mistake, event = self.data.mistake, self.data.spoken.get(self.index)
        known = {}
        if mistake and mistake["step"] - 1 == self.index:
            known = {self.turned(mistake[f"{of}uci"]): self.turned(mistake[f"{of}san"]) for of in ("", "best_")}
        if event is None:
            return known
        drawn = (int(code) for code in self._row("game_drawn"))
        listed = (int(code) for code in self._row("game_move"))
        pairs = [*zip(drawn, event["drawn_san"], strict=True), *zip(listed, event["san"], strict=False)]
        return known | {self.squares(code): self.turned(san) for code, san in pairs}

    def name(self, uci: str) -> str:
        """A move as it is written, without the marks of check and mate; where there are no words, piece and square."""
        if uci in self.names:
            return self.names[uci].rstrip("+#")
        piece = self.board[board.parse_square(uci[:2])].upper()
        return ("" if piece == "P" else piece) + uci[2:4]

    def sentence(self, uci: str) -> str:
        """A move in plain words: `Rook to f8`."""
        castles = self.names.get(uci, "").startswith("O-O")
        return "Castling" if castles else f"{MEN[self.board[board.parse_square(uci[:2])].upper()]} to {uci[2:4]}"

    # What the network made of it.

    @cached_property
    def rays(self) -> Rays:
        """The legal moves at a watched step; at others the likeliest ones."""
        at = np.flatnonzero(self.data.watched == self.index)
        if not len(at):
            return self.likeliest
        codes = self.data.array("watch_legal")[int(at[0])]
        count = int(np.count_nonzero(codes))
        before, after = (self.data.array(f"watch_{when}")[int(at[0])][:count] for when in ("before", "after"))
        return Rays(tuple(self.squares(int(code)) for code in codes[:count]), before, after)

    @cached_property
    def likeliest(self) -> Rays:
        """The likeliest moves after the step, eight at most."""
        codes = self._row("game_move")
        count = int(np.count_nonzero(codes))
        before, after = (self._row(f"game_{when}")[:count] for when in ("before", "after"))
        return Rays(tuple(self.squares(int(code)) for code in codes[:count]), before, after)

    @cached_property
    def activation(self) -> Numbers:
        """(3, U) how active the units are on this position, before the step."""
        return np.asarray(self._row("game_activation"), float)

    @cached_property
    def change(self) -> Numbers:
        """(3, U) |dw| / |w| of each unit's incoming weights in this step."""
        return np.asarray(self._row("game_change"), float)

    @cached_property
    def men(self) -> list[int]:
        """The squares of the pieces, in the order in which the network's inputs were recorded."""
        flip = 56 if self.black else 0
        return sorted(self.board, key=lambda square: square ^ flip)

    @cached_property
    def links(self) -> list[list[tuple[int, int, float]]]:
        """The strongest links from pieces through three layers to the move that is likeliest after the step.

        A link's strength is its weight times the activation that it carries.
        """
        edge, active = self._watched("watch_edge"), self.activation
        read = self._watched("watch_from_piece")[:, : len(self.men)]
        out = self._watched("watch_to_move")[:, :1].T * active[2]
        parts = [read, edge[0] * active[0], edge[1] * active[1], out]
        return [network.strongest([part], LINKS)[0] for part in parts]

    @cached_property
    def changed(self) -> list[list[tuple[int, int, float]]]:
        """The links between layers, and to the likeliest move, that changed most."""
        edge = self._watched("watch_edge_change")
        parts = [edge[0], edge[1], self._watched("watch_to_move_change")[:, :1].T]
        return [network.strongest([part], CHANGED)[0] for part in parts]

    # The group.

    @cached_property
    def draws(self) -> list[int]:
        """(G,) the rollout that is shown in each lane: from top to bottom in the order of their rays."""
        places, drawn = self.rays.places, [self.rays.uci.index(self.squares(int(c))) for c in self._row("game_drawn")]
        return sorted(range(len(drawn)), key=lambda draw: (places[drawn[draw]], draw))

    @cached_property
    def group(self) -> list[int]:
        """(G,) the ray of each lane's first move."""
        drawn = self._row("game_drawn")
        return [self.rays.uci.index(self.squares(int(drawn[draw]))) for draw in self.draws]

    @cached_property
    def reward(self) -> Numbers:
        """(G,) what each lane was paid."""
        return np.asarray(self._row("game_reward")[self.draws], float)

    @cached_property
    def advantage(self) -> Numbers:
        """(G,) reward minus the group's mean, by lane."""
        return np.asarray(self._row("game_advantage")[self.draws], float)

    @cached_property
    def first_paid(self) -> int | None:
        """The first lane that was paid."""
        return next((lane for lane, paid in enumerate(self.reward) if paid > 0), None)

    @cached_property
    def first_unpaid(self) -> int | None:
        """The first lane that was not."""
        return next((lane for lane, paid in enumerate(self.reward) if paid <= 0), None)

    def line(self, lane: int) -> tuple[str, ...]:
        """The moves of a lane's rollout, both sides', as squares."""
        line = self._watched("watch_line")[self.draws[lane]]
        return tuple(self.squares(int(code)) for code in line[: int(np.count_nonzero(line))])

    # What was played.

    @cached_property
    def played(self) -> str:
        """The likeliest move after the step, which is played on the board; its squares."""
        return self.squares(int(self._row("game_played")))

    @cached_property
    def reply(self) -> str | None:
        """The opponent's answer, where the game goes on."""
        code = int(self._row("game_reply"))
        return self.squares(code) if code else None

    @cached_property
    def mated(self) -> bool:
        """True if the move played is mate."""
        return int(self._row("game_outcome")) == 1

    @cached_property
    def after(self) -> Placement:
        """The pieces after the move."""
        return board.moved(self.board, self.played)

    @cached_property
    def answered(self) -> Placement:
        """The pieces after the answer."""
        return board.moved(self.after, self.reply) if self.reply else self.after


def pieces(row: NDArray[Any]) -> Placement:
    """The pieces of a recorded row of 72 bytes, seen from the side to move: that side is White, below."""
    squares, turn = np.asarray(row[:64]).reshape(8, 8).astype(int), int(row[64])
    if turn < 0:
        squares = -squares[::-1]
    return {at: " PNBRQK"[piece] if piece > 0 else " pnbrqk"[-piece]
            for at, piece in enumerate(squares.ravel().tolist()) if piece}  # fmt: skip
