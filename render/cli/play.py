"""`click play` and `click uci`: the trained chess policy, asked for its moves."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import click

from stagelight.render.cli.engine_calls import refusals, trained_policy
from stagelight.render.cli.options import POLICY
from stagelight.render.pipeline.plan import Places


@click.command()
@click.argument("fen")
@click.option(
    "--most",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    metavar="N",
    help="Print the N likeliest moves. Example: --most 3",
)
@click.option("--json", "as_json", is_flag=True, help="Print every move as JSON. Example: click play FEN --json")
@POLICY
@click.pass_obj
def play(places: Places, fen: str, most: int, as_json: bool, policy: Path | None) -> None:
    """Print the trained policy's moves in the position FEN.

    Each comes with its probability, the likeliest first. FEN may be `opening`.

    \b
    Examples:
        click play opening
        click play '6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1'
    """
    with refusals():
        import chess  # noqa: PLC0415

        from stagelight.engines.rollout import inference  # noqa: PLC0415  # brings in torch

        board = inference.position(chess.STARTING_FEN if fen == "opening" else fen)
        moves = inference.candidates(trained_policy(places, policy), board)
        if as_json:
            click.echo(
                json.dumps([{"san": board.san(m), "uci": m.uci(), "probability": p} for m, p in moves], indent=1)
            )
            return
        for move, share in moves[:most]:
            click.echo(f"{board.san(move):8} {100 * share:5.1f} %  {'█' * round(30 * share)}")
        if len(moves) > most:
            rest = sum(share for _, share in moves[most:])
            click.echo(f"{len(moves) - most} more   {100 * rest:5.1f} %")


@click.command()
@POLICY
@click.pass_obj
def uci(places: Places, policy: Path | None) -> None:
    """Run the trained policy as a UCI chess engine.

    It speaks the Universal Chess Interface on standard input and output. Register this command in a chess program
    as an engine. It plays its most probable move at once and never searches; limits of time, depth and nodes change
    nothing. It has no evaluation either: its score is mate 1 for a move that checkmates and cp 0, unknown, for any
    other. Its options are MultiPV, Ponder, UCI_Chess960, Temperature (0 plays the most probable move, T draws from
    probability to the power 1/T) and Seed, of those draws. Threads and Hash are taken and change nothing.

    \b
    Example:
        click uci
    """
    with refusals():
        from stagelight.engines.rollout import inference, uci_input  # noqa: PLC0415  # brings in torch
        from stagelight.engines.rollout.uci import answers  # noqa: PLC0415

        lines = uci_input.read_ahead(uci_input.split_lines(lambda: os.read(0, 65_536)))
        try:
            for line in answers(partial(inference.candidates, trained_policy(places, policy)), lines):
                click.echo(line)
        except BrokenPipeError:  # the program is gone; what Python still holds goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
