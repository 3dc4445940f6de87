"""The tables of the scan's page, from what was scored. A cell that was not run says so.

Facts are named as the engine names them: `<adult>.<mask>.r<R>.c<coils>.<method>.<figure>` of one simulated scan,
`draws.<who>.r<R>.<method>.<figure>` of several, `gain.<who>.r<R>` over the best classical method.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stagelight.render.pages.figures import STYLES, traced
from stagelight.render.pages.markup import Html, el, framed, join
from stagelight.render.pages.published import Scene, fail

ADULTS = {"stroke_t1": ("patient", "The patient"), "colin27": ("colin27", "Colin27")}
DRAWN = {"zero_filled": "Zero-filled", "variation": "Total variation", "wavelet": "Wavelets", "mean": "Mean of both",
         "ours": "Network, three rounds"}  # fmt: skip
TRIED = {
    "zero_filled": "Zero-filled", "variation": "Total variation", "wavelet": "Wavelets, Haar and shifted",
    "wavelet_sigpy": "Wavelets of sigpy, Daubechies", "mean": "Mean of variation and Haar",
    "ours": "Network, three rounds", "silent": "The same, without a sentence",
    "inconsistent": "Its first round, before consistency", "sample": "Reverse diffusion, one sample",
    "samples": "Reverse diffusion, mean of the samples",
    "unconditioned": "Reverse diffusion, of the scan told by consistency alone",
    "plug_and_play": "Plug-and-play ADMM", "diffpir": "DiffPIR", "dps": "DPS",
}  # fmt: skip
SCANNERS = {"poisson.r{}.c1": "Poisson disc, one coil", "poisson.r{}.c4": "Poisson disc, four coils",
            "poisson_estimated.r{}.c1": "One coil, its phase estimated",
            "poisson_estimated.r{}.c4": "Four coils, their maps estimated",
            "density.r{}.c1": "Points drawn at random", "poisson_falloff_4.r{}.c1": "The same, denser in the middle",
            "points.r{}.c1": "Points in three dimensions, an ideal"}  # fmt: skip
GAINS = {"poisson.r{}.c1": ".draw_1", "poisson.r{}.c4": ".c4", "poisson_estimated.r{}.c1": ".estimated",
         "poisson_estimated.r{}.c4": ".c4.estimated", "density.r{}.c1": ".density",
         "poisson_falloff_4.r{}.c1": ".poisson_falloff_4"}  # fmt: skip
TOLD = {"silent": "nothing", "wrong_contrast": "the wrong contrast", "wrong_side": "the wrong side"}


class Cell(NamedTuple):
    """A number of the recording and how it is written."""

    fact: str
    style: str = "number"
    digits: int = 2


def by_rate(scene: Scene, page: str) -> Html:
    """Each method at each acceleration, brain PSNR, mean of the masks, and what the network gains: a table an adult."""
    rates = [f"{rate:g}" for rate in scene.head["config"]["grid"]]
    tables = []
    for who, label in ADULTS.values():
        rows: list[tuple[str, Sequence[Cell]]] = [
            (words, [Cell(f"draws.{who}.r{rate}.{name}.brain.psnr") for rate in rates]) for name, words in DRAWN.items()
        ]
        rows.append(("Gain over the best", [Cell(f"gain.{who}.r{rate}", "signed") for rate in rates]))
        if any(f"gain.{who}.lesion.r{rate}" in scene.head["facts"] for rate in rates):
            rows.append(("Gain in the lesion", [Cell(f"gain.{who}.lesion.r{rate}", "signed") for rate in rates]))
        tables.append(
            table(
                scene,
                page,
                f"{label}, at each acceleration",
                [f"{label}, dB", *(_at(float(rate)) for rate in rates)],
                rows,
            )
        )
    return join(tables)


def tried(scene: Scene, rate: float, page: str) -> Html:
    """Everything that was tried on one scan of each adult, with the seconds of one core."""
    patient, other = (f"{adult}.poisson.r{rate:g}.c1" for adult in ADULTS)
    rows = [
        (words, [Cell(f"{patient}.{name}.brain.psnr"), Cell(f"{patient}.{name}.lesion.psnr"),
                 Cell(f"{other}.{name}.brain.psnr"), Cell(f"{patient}.{name}.seconds", digits=0)])
        for name, words in TRIED.items()
    ]  # fmt: skip
    return table(
        scene,
        page,
        f"What was tried at R = {rate:g}",
        [f"Method, {_at(rate)}", "Patient, dB", "Lesion, dB", "Colin27, dB", "Core-s"],
        rows,
    )


def otherwise(scene: Scene, rate: float, page: str) -> Html:
    """The same methods on the patient by other measures, and what each costs."""
    start = f"stroke_t1.poisson.r{rate:g}.c1"
    rows = [
        (words, [Cell(f"{start}.{name}.brain.ssim", digits=3), Cell(f"{start}.{name}.brain.nrmse", digits=3),
                 Cell(f"{start}.{name}.lesion.nrmse", digits=3), Cell(f"{start}.{name}.residual"),
                 Cell(f"{start}.{name}.evaluations", digits=0), Cell(f"{start}.{name}.peak_mib", digits=0)])
        for name, words in TRIED.items()
    ]  # fmt: skip
    head = [f"Method, {_at(rate)}", "SSIM", "NRMSE", "Lesion, NRMSE", "Residual", "Network", "MiB"]
    return table(scene, page, f"The patient otherwise at R = {rate:g}", head, rows)


def bands(scene: Scene, rate: float, page: str) -> Html:
    """A table of the error in each band of frequencies, on the patient."""
    start = f"stroke_t1.poisson.r{rate:g}.c1"
    rows = [(words, [Cell(f"{start}.{name}.brain.band_{band}", digits=3 if band == 1 else 2) for band in range(1, 5)])
            for name, words in TRIED.items()]  # fmt: skip
    head = [f"Method, {_at(rate)}", "Lowest", "Low", "High", "Highest"]
    return table(scene, page, f"Error by frequency at R = {rate:g}", head, rows)


def scanners(scene: Scene, rate: float, page: str) -> Html:
    """Other masks and more coils: the classical mean, and the network's gain over the best classical method."""
    rows = []
    for name, words in SCANNERS.items():
        cells = []
        for adult, (who, _) in ADULTS.items():
            cells += [Cell(f"{adult}.{name.format(f'{rate:g}')}.mean.brain.psnr"),
                      Cell(f"gain.{who}.r{rate:g}{GAINS.get(name, '.none')}", "signed")]  # fmt: skip
        rows.append((words, cells))
    head = [f"Scanner, {_at(rate)}", "Patient, dB", "Patient, gain", "Colin27, dB", "Colin27, gain"]
    return table(scene, page, "Other scanners", head, rows)


def words(scene: Scene, page: str) -> Html:
    """A table of the gain of a true sentence over another one, and of how far that one moves the lesion."""
    rows = [
        (f"{label}, {_at(rate)}", [*(Cell(f"words.patient.{part}.{name}.r{rate}", "signed", 3)
                                    for part in ("brain", "lesion")),
                                  Cell(f"stroke_t1.poisson.r{rate}.c1.{name}.lesion.change")])
        for name, label in TOLD.items() for rate in (16, 8)
    ]  # fmt: skip
    return table(scene, page, "What the words do", ["Told instead", "Brain, dB", "Lesion, dB", "Lesion moves by"], rows)


def _at(rate: float) -> str:
    return f"R\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{rate:g}"


def table(scene: Scene, page: str, named: str, head: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]]) -> Html:
    """Rows of facts, each under its label; where none of them was measured the build ends."""
    facts = scene.head["facts"]
    if not any(cell.fact in facts for _, cells in rows for cell in cells):
        fail(f"docs/{page}: {scene.name}.json has no {rows[0][1][0].fact}: run `click score {scene.name}`")
    body = [el("tr", {}, el("th", {"scope": "row"}, name), *(_written(scene, cell) for cell in cells))
            for name, cells in rows]  # fmt: skip
    return framed("scored__frame", "scored", named, head, body)


def _written(scene: Scene, cell: Cell) -> Html:
    value = scene.head["facts"].get(cell.fact)
    if value is None:
        return el("td", {"class": "scored__absent"}, "not run")
    return el("td", {}, traced(scene.name, cell.fact, value, STYLES[cell.style](value, cell.digits)))
