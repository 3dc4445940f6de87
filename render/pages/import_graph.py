"""An import graph in rows: every arrow points down, and those that others imply are left out.

A graph maps each name to the names it imports. It must have no cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

Graph = Mapping[str, AbstractSet[str]]
Slot = str | tuple[str, str]  # a place in a row: a name, or an arrow that goes past
SWEEPS = 6  # over all rows, down and up


def reach(graph: Graph, starts: Iterable[str]) -> set[str]:
    """The names that can be reached from `starts`, themselves included."""
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


def within(graph: Graph, names: AbstractSet[str]) -> dict[str, set[str]]:
    """The graph of some of the names alone."""
    return {name: {other for other in graph[name] if other in names} for name in sorted(names)}


def reduced(graph: Graph) -> dict[str, set[str]]:
    """The graph without the arrows that a longer way implies: its transitive reduction."""
    return {
        name: {other for other in imported if other not in reach(graph, imported - {other})}
        for name, imported in graph.items()
    }


def rows(graph: Graph, fits: Callable[[Sequence[Slot]], bool]) -> list[list[Slot]]:
    """The names from top to bottom, each below all that import it, in the first row that it fits into.

    An arrow that spans several rows has a slot of its own in each between, and neighbours are put near one another.
    """
    placed: list[list[Slot]] = []
    at: dict[str, int] = {}
    importers = {name: {other for other in graph if name in graph[other]} for name in graph}
    while len(at) < len(graph):
        name = min(name for name in graph if name not in at and importers[name] <= at.keys())
        row = max((at[other] + 1 for other in importers[name]), default=0)
        while row < len(placed) and not fits([*placed[row], name]):
            row += 1
        placed += [[] for _ in range(row + 1 - len(placed))]
        placed[row].append(name)
        at[name] = row
    for name in graph:
        for other in sorted(graph[name]):
            for row in range(at[name] + 1, at[other]):
                placed[row].append((name, other))
    for sweep in range(SWEEPS):
        _sweep(placed, graph, down=sweep % 2 == 0)
    return placed


def _sweep(placed: list[list[Slot]], graph: Graph, *, down: bool) -> None:
    """Order each row by where the neighbours of its slots stand in the row before it."""
    order = range(1, len(placed)) if down else range(len(placed) - 2, -1, -1)
    for row in order:
        before = placed[row - 1 if down else row + 1]
        share = {slot: (place + 0.5) / len(before) for place, slot in enumerate(before)}

        def middle(slot: Slot, share: dict[Slot, float] = share) -> float:
            near = [share[other] for other in share if linked(graph, *((other, slot) if down else (slot, other)))]
            return sum(near) / len(near) if near else 0.5

        placed[row].sort(key=middle)


def linked(graph: Graph, upper: Slot, lower: Slot) -> bool:
    """Say whether an arrow leads from a slot to one in the next row."""
    if isinstance(upper, tuple):
        return lower in (upper, upper[1])
    return lower in graph[upper] if isinstance(lower, str) else lower[0] == upper
