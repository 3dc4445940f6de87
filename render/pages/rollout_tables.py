"""The tables of the rollout's page: what each seed can do, what its inputs can do without it, and other runs.

A rate is a fact such as `one.kqk.win_rate`, the mean over seeds; `.sd` is its spread and `.seed_0` one seed's.
Baselines are `baselines.<name>.<measure>`, positions from outside `outside.<what>.<figure>`. Of both only what was
recorded is shown, and nothing where nothing was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stagelight.render.pages.fact_table import Cell, table
from stagelight.render.pages.markup import Html, el, framed, join
from stagelight.render.pages.rollout_cells import AGAINST
from stagelight.render.pages.scene_files import Scene, fail
from stagelight.render.pages.values import STYLES, integer, percent, traced

MATES = {
    "one.mate_in_one.solve_rate": "Mate in one, with the first move",
    "one.mate_in_two.rate": "Mate in two, within three moves",
    "one.mate_in_two.exact": "Mate in two, within two",
    "one.mate_in_three.rate": "Mate in three, within four moves",
    "one.mate_in_three.exact": "Mate in three, within three",
}
ENDINGS = {"kqk": "King and queen", "krk": "King and rook", "kbbk": "King and two bishops",
           "kbnk": "King, bishop and knight"}  # fmt: skip
TAILS = {
    "one.tails.first_move.1": "One move before mate, with the first move",
    "one.tails.9": "Five moves before mate",
    "one.tails.31": "Sixteen moves before mate",
}
OPPONENTS = {
    "random": "Random moves",
    "greedy": "Greedy: mates if it can, else takes the dearest piece",
    "material_1": "Material: mates if it can, else as much material as one move gives",
    "careful": "Careful: greedy, but allows no mate in one if it can help it",
    "material_2": "Material, after the best reply",
    "stockfish": "Stockfish at its weakest level, not in the training",
}
PARTS = {
    "mates": ("Mates in one, two and three", "From", MATES),
    "tails": ("Mates from the end of a game", "From", TAILS),
    "opening": (
        "Mates from the opening",
        "Opponent",
        {f"one.opening.{name}": words for name, words in OPPONENTS.items()},
    ),
}
FLAGS = {
    "flags_only.random": "Any legal move, drawn evenly",
    "flags_only.checks": "A move that gives check, drawn evenly",
    "flags_only.safe_checks": "A check on a square that the other side does not attack",
    "one.untrained.mate_in_one": "The network, untrained",
    "one.mate_in_one.solve_rate": "The network, trained",
}
BASELINES = {
    "published": "As published",
    "spread": "Divided by the spread",
    "reinforce": "No mean (REINFORCE)",
    "rloo": "Mean of the others (RLOO)",
    "ppo": "Learnt value (PPO)",
    "no_entropy": "No bonus for entropy",
    "no_rehearsal": "No rehearsal",
    "uniform": "Cells drawn evenly",
    "opening_only": "Opening alone",
    "far": "Farthest cells alone",
    "no_flags": "No flags",
    "supervised": "Taught the moves",
}
MEASURES = {"mate_in_one": "mates in one", "mates": "forced mates", "endings": "endings", "games": "whole games",
            "all": "all cells"}  # fmt: skip
OUTSIDE = {
    "mate_in_one": ("Mate in one, with the first move", "rate", "one.mate_in_one.solve_rate"),
    "mate_in_two": ("Mate in two, within three moves", "rate", "one.mate_in_two.rate"),
    "mate_in_three": ("Mate in three, within four moves", "rate", "one.mate_in_three.rate"),
    **{name: (f"{words}, by Syzygy's tables", "win_rate", f"one.{name}.win_rate") for name, words in ENDINGS.items()},
}


def results(scene: Scene, part: str, page: str) -> Html:
    """One part of what the policy can do: "mates", "endings", "tails" or "opening", each seed beside the mean."""
    if part == "endings":
        return _endings(scene, page)
    if part not in PARTS:
        fail(f"docs/{page}: no table of {part!r}, wanted one of {', '.join((*PARTS, 'endings'))}")
    title, first, rows = PARTS[part]
    seeds, last = _seeds(scene), ["Is mated"] if part == "opening" else []
    body = [
        _row(words, [rate(scene, each) for each in
                     (name, *(f"{name}.seed_{seed}" for seed in seeds), *(f"{name}.lost" for _ in last))])
        for name, words in _recorded(scene, rows, page)
    ]  # fmt: skip
    return _framed(title, [first, "Mates", *(f"Seed {seed}" for seed in seeds), *last], body)


def _endings(scene: Scene, page: str) -> Html:
    """Endings against perfect defence: the positions won, and the moves taken over those needed."""
    seeds = _seeds(scene)
    body = [
        _row(f"{ENDINGS[name]}, mate in {_longest(scene, name)} moves or fewer", [
            rate(scene, fact), *(rate(scene, f"{fact}.seed_{seed}") for seed in seeds),
            _ratio(scene, f"one.{name}.length_ratio"),
        ]) for fact, name in _recorded(scene, {f"one.{name}.win_rate": name for name in ENDINGS}, page)
    ]  # fmt: skip
    return _framed("Endings", ["Ending", "Won", *(f"Seed {seed}" for seed in seeds), "Moves"], body)


def flags(scene: Scene, page: str) -> Html:
    """Mates in one found by the flags of the moves alone, and by the network that is told them."""
    rows: list[tuple[str, Sequence[Cell]]] = [
        (words, [Cell(name, "percent", 1)]) for name, words in FLAGS.items() if name in scene.head["facts"]
    ]
    return table(scene, page, "Mates in one, by the flags alone", ["Who moves", "Mates in one"], rows)


def baselines(scene: Scene, kind: str = "") -> Html:
    """The other runs beside the published method, by the measures that were recorded; kind: "equal_steps", or none."""
    facts, start = scene.head["facts"], f"{kind}." if kind else ""
    measures = [name for name in MEASURES if any(f"baselines.{each}.{start}{name}" in facts for each in BASELINES)]
    if not measures:
        return Html()
    body = [
        _row(words, [*(rate(scene, f"baselines.{name}.{start}{measure}") for measure in measures),
                     *([] if kind else [_count(scene, f"baselines.{name}", "steps")])])
        for name, words in BASELINES.items() if any(f"baselines.{name}.{start}{each}" in facts for each in measures)
    ]  # fmt: skip
    head = ["Run", *(_title(MEASURES[name]) for name in measures), *([] if kind else ["Steps"])]
    return _framed("Other runs, after as many steps" if kind else "Other runs", head, body)


def decides(scene: Scene) -> Html:
    """A list of what each change comes to, by the spread of the seeds: where it is better, worse, or neither."""
    entries = []
    for name, words in BASELINES.items():
        verdicts: dict[str, list[str]] = {"better in": [], "worse in": [], "no different in": []}
        for measure, label in MEASURES.items():
            if name != "published" and (verdict := _verdict(scene, f"baselines.{name}.{measure}", measure)):
                verdicts[verdict].append(label)
        if told := "; ".join(f"{verdict} {', '.join(labels)}" for verdict, labels in verdicts.items() if labels):
            title = f"{scene.name}: baselines.{name}.* ~ baselines.published.*"
            entries.append(
                el("li", {}, el("b", {}, words), ": ", el("span", {"class": "fact", "title": title}, told), ".")
            )
    return el("ul", {}, *entries) if entries else Html()


def _verdict(scene: Scene, theirs: str, measure: str) -> str:
    """A run against the published method, in words; nothing where either has no spread."""
    facts, ours = scene.head["facts"], f"baselines.published.{measure}"
    if not all(name in facts for name in (ours, theirs, f"{ours}.sd", f"{theirs}.sd")):
        return ""
    gain = facts[theirs] - facts[ours]
    if abs(gain) <= facts[f"{ours}.sd"] + facts[f"{theirs}.sd"]:
        return "no different in"
    return "better in" if gain > 0 else "worse in"


def outside(scene: Scene) -> Html:
    """The policy on positions that nobody here made, beside its rate on the held-out ones."""
    facts, rows = scene.head["facts"], []
    for name, (words, figure, here) in OUTSIDE.items():
        if (fact := f"outside.{name}.{figure}") in facts:
            rows.append(_row(words, [_count(scene, f"outside.{name}", "puzzles", "positions"), rate(scene, fact),
                                     _interval(scene, f"outside.{name}"), rate(scene, here)]))  # fmt: skip
    if not rows:
        return Html()
    sources = [event["source"] for event in scene.head["events"] if event["kind"] == "outside"]
    span = el("span", {"class": "fact", "title": f"{scene.name}: outside, source"}, "; ".join(sources))
    head = ["From", "Positions", "Mates", "Interval", "Held out here"]
    return join(
        [_framed("Positions from outside", head, rows), el("p", {}, "Their source: ", span, ".") if sources else ""]
    )


def opponent(scene: Scene) -> Html:
    """The opponent of the game at the end of the film, by name."""
    name = next((event["opponent"] for event in scene.head["events"] if event["kind"] == "showcase"), "")
    return el("span", {"class": "fact", "title": f"{scene.name}: showcase, opponent"}, AGAINST.get(name, name))


def rate(scene: Scene, name: str) -> Html:
    """A table's cell: a rate with its spread over seeds if it has one; words where it was not recorded."""
    facts = scene.head["facts"]
    if name not in facts:
        return el("td", {"class": "scored__absent"}, "not run")
    spread = facts.get(f"{name}.sd")
    words = percent(facts[name]) if spread is None else f"{percent(facts[name])[:-1]} ± {percent(spread)}"
    return el("td", {}, traced(scene.name, name, facts[name], words.replace(" ", "\N{NO-BREAK SPACE}")))


def _ratio(scene: Scene, name: str) -> Html:
    """Moves taken over moves needed; there is none where no position was won."""
    value = scene.head["facts"].get(name)
    if value is None:
        return el("td", {"class": "scored__absent"}, "none won")
    return el("td", {}, traced(scene.name, name, value, STYLES["number"](value, 2)))


def _count(scene: Scene, name: str, *kinds: str) -> Html:
    """A number of things, of whichever kind was counted."""
    facts = scene.head["facts"]
    found = next((f"{name}.{kind}" for kind in kinds if f"{name}.{kind}" in facts), None)
    if found is None:
        return el("td", {"class": "scored__absent"}, "not recorded")
    return el("td", {}, traced(scene.name, found, facts[found], integer(round(facts[found]))))


def _interval(scene: Scene, name: str) -> Html:
    facts = scene.head["facts"]
    if not all(f"{name}.{end}" in facts for end in ("low", "high")):
        return el("td", {"class": "scored__absent"}, "not recorded")
    ends = [traced(scene.name, f"{name}.{end}", facts[f"{name}.{end}"], percent(facts[f"{name}.{end}"])) for end in
            ("low", "high")]  # fmt: skip
    return el("td", {}, join(ends, " to "))


def _recorded(scene: Scene, rows: dict[str, str], page: str) -> list[tuple[str, str]]:
    """The facts that were recorded, with their words; where none was, the build ends."""
    found = [(name, words) for name, words in rows.items() if name in scene.head["facts"]]
    if not found:
        fail(f"docs/{page}: {scene.name}.json has no {next(iter(rows))}: run `click record {scene.name}`")
    return found


def _seeds(scene: Scene) -> list[int]:
    """The seeds, if there are several."""
    seeds: list[int] = scene.head["config"]["seeds"]
    return seeds if len(seeds) > 1 else []


def _longest(scene: Scene, name: str) -> str:
    """The moves to mate at which an ending's farthest cell ends: `kqk.8-10` -> 10."""
    cells: list[str] = scene.head["config"]["cells"]
    return [cell for cell in cells if cell.startswith(f"{name}.")][-1].rpartition(".")[2].rpartition("-")[2]


def _row(name: str, cells: Iterable[Html]) -> Html:
    return el("tr", {}, el("th", {"scope": "row"}, name), *cells)


def _title(words: str) -> str:
    return words[:1].upper() + words[1:]


def _framed(named: str, head: Sequence[str], rows: Sequence[Html]) -> Html:
    return framed("scored__frame", "scored", named, head, rows)
