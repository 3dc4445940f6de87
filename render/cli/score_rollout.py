"""`click score rollout`: the policies' baselines, and the published policy on positions that nobody here made."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from stagelight.engines import recording
from stagelight.render.cli.engine_calls import refusals, stopping_after, trained_policy
from stagelight.render.cli.options import FILE, FOLDER, JSON, MINUTES, POLICY, jobs
from stagelight.render.pipeline import InputError, executor, progress
from stagelight.render.pipeline.plan import Places

WORDS = {1: "one", 2: "two", 3: "three", 4: "four"}
SHOWN = 10  # of the lines that a file of puzzles is refused for


@click.command("rollout")
@JSON
@jobs("Train N runs")
@MINUTES
@click.option(
    "--puzzles",
    type=FILE,
    metavar="FILE",
    help="Instead, play the mates of a PGN or EPD file against Stockfish. Example: --puzzles mates.epd",
)
@click.option(
    "--endings",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Instead, play N positions each of KQK, KRK, KBBK, KBNK against perfect defence. Example: --endings 200",
)
@click.option(
    "--syzygy", type=FOLDER, metavar="FOLDER", help="Syzygy tables, for --endings. Example: --syzygy ~/syzygy"
)
@click.option(
    "--seed", type=click.IntRange(0), metavar="N", help="Draw other positions for --endings. Example: --seed 7"
)
@POLICY
@click.option(
    "--save",
    metavar="SOURCE",
    help="Write the results into the recording, with these words on where they come from. Example: --save 'my puzzles'",
)
@click.pass_obj
def score_rollout(
    places: Places,
    as_json: bool,
    jobs: int | None,
    minutes: float | None,
    puzzles: Path | None,
    endings: int | None,
    syzygy: Path | None,
    seed: int | None,
    policy: Path | None,
    save: str | None,
) -> None:
    """Train and score the baselines of the published policies.

    All get equal compute. The baselines: REINFORCE without the group's mean, RLOO, PPO, division by the spread, no
    flags, no entropy bonus, no rehearsal, starts drawn evenly over all cells, from the opening only or far ones
    only, and the same network under supervision; three seeds each, at the best of three learning rates. Their facts
    and curves are written into the recording, method by method. Finished runs are not repeated, and an interrupted
    one resumes.

    With --puzzles or --endings nothing is trained or written: the published policy plays positions from outside, its
    most probable move each time. A puzzle is a position in which the side to move mates in n; n is the file's (`dm`
    in EPD, "mate in n" in a PGN header, or a main line that ends in mate) or else Stockfish's. Stockfish defends with
    2,000 nodes a move, and only the rules say what is mate. Counted are the first move (the file's, or any that mates
    at once), mate within n moves and within n + 1; in brackets is the 95 % Wilson interval. Endings are won positions
    drawn at random, defended by Syzygy's tables and counted if they end in mate within 50 moves.

    \b
    Examples:
        click score rollout
        click score rollout --json
        click score rollout --puzzles mates.pgn
        click score rollout --endings 200 --syzygy ~/syzygy
    """
    outside = puzzles is not None or endings is not None
    _refuse_unused(outside, jobs=jobs, minutes=minutes)
    _refuse_unused(not outside, policy=policy)
    _refuse_unused(endings is None, syzygy=syzygy, seed=seed)
    _refuse_unused(not outside or policy is not None, save=save)
    with refusals():
        if not outside:
            _baselines(places, as_json, jobs, minutes)
            return
        found: dict[str, Any] = {}
        from stagelight.engines.rollout import inference  # noqa: PLC0415  # brings in torch

        choose = partial(inference.best_moves, trained_policy(places, policy))
        if puzzles is not None:
            found |= _puzzles(puzzles, choose)
        if endings is not None:
            found["endings"] = _endings(endings, seed or 0, syzygy, choose)
    if save is not None:
        _save(places, found, save)
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        _print(found)


def _save(places: Places, found: dict[str, Any], source: str) -> None:
    """Write results into the recording, as facts `outside.<what>` and an event with the words of their source."""
    before = recording.load(places.recordings, "rollout")
    facts: dict[str, float] = {}
    for row in found.get("puzzles", []):
        name = f"outside.mate_in_{WORDS.get(row['moves'], row['moves'])}"
        facts[f"{name}.puzzles"] = row["within_n"]["of"]
        facts |= _parts(name, row["within_n" if row["moves"] == 1 else "within_n_plus_1"])
        facts |= _parts(f"{name}.exact", row["within_n"]) | _parts(f"{name}.first_move", row["first_move"])
    for row in found.get("endings", []):
        name = f"outside.{row['ending'].lower()}"
        facts |= _parts(name, row["mated"]) | {f"{name}.positions": row["mated"]["of"]}
        facts[f"{name}.win_rate"] = facts.pop(f"{name}.rate")
        if row["length_ratio"] is not None:
            facts[f"{name}.length_ratio"] = round(row["length_ratio"], 6)
    told = [event for event in before.events if event["kind"] != "outside" or event["source"] != source]
    made = replace(
        before,
        facts=dict(sorted({**before.facts, **facts}.items())),
        events=(*told, {"kind": "outside", "step": 0, "source": source}),
    )
    recording.save(made, places.recorded)


def _parts(name: str, rate: dict[str, float]) -> dict[str, float]:
    return {f"{name}.{part}": round(rate[part], 6) for part in ("rate", "low", "high") if part in rate}


def _refuse_unused(unused: bool, **options: Any) -> None:
    for name, value in options.items():
        if unused and value is not None:
            raise click.UsageError(f"--{name} is not used here; leave it out.")


def _baselines(places: Places, as_json: bool, jobs: int | None, minutes: float | None) -> None:
    """Train and score the baselines, and write them into the recording."""
    before = recording.load(places.recordings, "rollout")
    from stagelight.engines.rollout import benchmark  # noqa: PLC0415  # brings in torch

    cache = places.cache.parent / "record" / "rollout"
    cache.mkdir(parents=True, exist_ok=True)
    keep = partial(recording.save, folder=places.recorded)
    with progress.following() as report, stopping_after(minutes) as end:
        made = benchmark.compare(before, cache, report, jobs or executor.usable_cores(), end, keep)
    if recording.same(before, made):
        keep(made)
    if as_json:
        click.echo(json.dumps(dict(made.facts), indent=1))
        return
    for name, spread in made.facts.items():
        if name.endswith(".sd"):
            measured = name.removesuffix(".sd")
            click.echo(f"{measured:42} {made.facts[measured]:9.4f}  ± {spread:.4f}")


def _puzzles(path: Path, choose: Any) -> dict[str, Any]:
    """The table of a file of puzzles, what was left out of it, and how many have no known number of moves."""
    from stagelight.engines.rollout import puzzle_files, puzzles, stockfish  # noqa: PLC0415

    read, faults = puzzle_files.read(path)
    with progress.following() as report, puzzles.stockfish(stockfish.path()) as engine:
        known = puzzles.find_moves(read, engine.moves_to_mate, report)
        rows = puzzles.rows(puzzles.play(known, choose, engine.reply, report))
    unknown = [puzzle.line for puzzle in known if puzzle.moves is None]
    return {"puzzles": [_described(row) for row in rows], "unknown": unknown, "left_out": faults}


def _endings(count: int, seed: int, folder: Path | None, choose: Any) -> list[dict[str, Any]]:
    from stagelight.engines.rollout import syzygy_endings  # noqa: PLC0415

    if folder is None:
        raise InputError(f"--endings needs --syzygy FOLDER; {syzygy_endings.WHENCE}")
    with progress.following() as report, syzygy_endings.tables(folder) as probe:
        results = syzygy_endings.play(count, seed, choose, probe, report)
    return [_described(result) for result in results]


def _described(row: Any) -> dict[str, Any]:
    """A row for JSON: its rates with their intervals."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    return {name: value.described() if hasattr(value, "described") else value for name, value in values.items()}


def _print(found: dict[str, Any]) -> None:
    if "puzzles" in found:
        click.echo(f"mate in  puzzles  {'first move':22}{'within n':22}within n + 1")
        for row in found["puzzles"]:
            first, within, later = (_rate(row[name]) for name in ("first_move", "within_n", "within_n_plus_1"))
            click.echo(f"{row['moves']:7}{row['within_n']['of']:9}  {first:22}{within:22}{later}")
        if found["unknown"]:
            click.echo(f"{len(found['unknown'])} not played: the file names no number of moves, and no mate was found")
        for fault in found["left_out"][:SHOWN]:
            click.echo(f"left out, {fault}", err=True)
        if len(found["left_out"]) > SHOWN:
            click.echo(f"left out, {len(found['left_out']) - SHOWN} more; --json lists all", err=True)
    if "endings" in found:
        click.echo(f"ending   positions  {'mate within 50 moves':22}moves / needed")
        for row in found["endings"]:
            ratio = "" if row["length_ratio"] is None else f"{row['length_ratio']:.2f}"
            click.echo(f"{row['ending']:9}{row['mated']['of']:9}  {_rate(row['mated']):22}{ratio}".rstrip())


def _rate(rate: dict[str, float]) -> str:
    return f"{rate['rate']:.3f} [{rate['low']:.3f}, {rate['high']:.3f}]" if rate["of"] else "not known"
