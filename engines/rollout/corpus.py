"""Making the corpus: many games in parallel, kept chunk by chunk so that a killed run goes on."""

from __future__ import annotations

import multiprocessing
import shutil
import zipfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from stagelight.engines.recording import atomic
from stagelight.engines.rollout.positions import CORPUS, PACKED, Corpus, Making, chunks, play_games, split
from stagelight.engines.rollout.tables import Report

Found = list[tuple[int, bytes]]


def build(cache: Path, report: Report, making: Making, jobs: int) -> Corpus:
    """Play what the cache lacks and return the split corpus.

    The result depends on `making` and on Stockfish's version (15.1 for the committed corpus), not on `jobs`.

    Raises:
        ValueError: there is no Stockfish.
    """
    stockfish = shutil.which("stockfish") or shutil.which("stockfish", path="/usr/games")
    if stockfish is None:
        raise ValueError("no stockfish on the PATH; on Debian: apt-get install stockfish")
    folder = cache / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    work = list(chunks(making))
    kept = {games: _read(folder, making, games) for games in work}
    missing = [games for games in work if kept[games] is None]
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(play_games, games, making, stockfish): games for games in missing}
        for future in as_completed(futures):
            games = futures[future]
            kept[games] = future.result()
            _write(folder, making, games, kept[games] or [])
            done = {games: found for games, found in kept.items() if found is not None}
            figures = {"positions": float(sum(map(len, done.values())))}
            report("playing games", sum(map(len, done)), making.games, figures)
    return Corpus(*split([pair for games in work for pair in kept[games] or []], making.seed))


def save(corpus: Corpus, path: Path = CORPUS) -> None:
    """Write a corpus where `positions.load` finds it, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        np.savez_compressed(file, train=corpus.train, held_out=corpus.held_out)


def _path(folder: Path, making: Making, games: range) -> Path:
    recipe = f"{making.seed}-{making.nodes}-{making.per_game}-{making.max_plies}"
    return folder / f"{recipe}-{games.start:06d}-{games.stop:06d}.npz"


def _read(folder: Path, making: Making, games: range) -> Found | None:
    try:
        with _path(folder, making, games).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return [(int(game), bytes(row)) for game, row in zip(file["game"], file["packed"], strict=True)]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def _write(folder: Path, making: Making, games: range, found: Found) -> None:
    packed = np.frombuffer(b"".join(row for _, row in found), np.uint8).reshape(-1, PACKED)
    with atomic(_path(folder, making, games)) as file:
        np.savez(file, game=np.array([game for game, _ in found], np.int32), packed=packed)
