"""The tables of the scan's page: every method's score, by acceleration, by measure and by scanner.

Facts are named as the engine names them: `<adult>.<mask>.r<R>.c<coils>.<method>.<figure>` of one simulated scan,
`draws.<who>.r<R>.<method>.<figure>` of several, `gain.<who>.r<R>` over the best classical method.
"""

from __future__ import annotations

from collections.abc import Sequence

from stagelight.render.pages.fact_table import Cell, table
from stagelight.render.pages.markup import Html, join
from stagelight.render.pages.scene_files import Scene

ADULTS = {"stroke_t1": ("patient", "The patient"), "colin27": ("colin27", "Colin27")}
AVERAGED = {"zero_filled": "Zero-filled", "variation": "Total variation", "wavelet": "Wavelets", "mean": "Mean of both",
         "ours": "Network, three rounds"}  # fmt: skip
METHODS = {
    "zero_filled": "Zero-filled", "variation": "Total variation", "wavelet": "Wavelets, Haar and shifted",
    "wavelet_sigpy": "Wavelets of sigpy, Daubechies", "mean": "Mean of variation and Haar",
    "ours": "Network, three rounds", "silent": "The same, without a prompt",
    "inconsistent": "Its first round, before consistency", "sample": "Reverse diffusion, one sample",
    "samples": "Reverse diffusion, mean of the samples",
    "unconditioned": "Reverse diffusion, by data consistency alone",
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
PROMPTS = {"silent": "nothing", "wrong_contrast": "the wrong contrast", "wrong_side": "the wrong side"}


def by_acceleration(scene: Scene, page: str) -> Html:
    """PSNR in the brain of each method at each acceleration, and the gain of the network: a table for each adult."""
    rates = [f"{rate:g}" for rate in scene.head["config"]["grid"]]
    tables = []
    for who, label in ADULTS.values():
        rows: list[tuple[str, Sequence[Cell]]] = [
            (words, [Cell(f"draws.{who}.r{rate}.{name}.brain.psnr") for rate in rates])
            for name, words in AVERAGED.items()
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


def methods(scene: Scene, rate: float, page: str) -> Html:
    """All methods on one scan of each adult, with the seconds of one core."""
    patient, other = (f"{adult}.poisson.r{rate:g}.c1" for adult in ADULTS)
    rows = [
        (words, [Cell(f"{patient}.{name}.brain.psnr"), Cell(f"{patient}.{name}.lesion.psnr"),
                 Cell(f"{other}.{name}.brain.psnr"), Cell(f"{patient}.{name}.seconds", digits=0)])
        for name, words in METHODS.items()
    ]  # fmt: skip
    return table(
        scene,
        page,
        f"All methods at R = {rate:g}",
        [f"Method, {_at(rate)}", "Patient, dB", "Lesion, dB", "Colin27, dB", "Core-s"],
        rows,
    )


def other_measures(scene: Scene, rate: float, page: str) -> Html:
    """All methods on the patient by other measures, with their cost."""
    start = f"stroke_t1.poisson.r{rate:g}.c1"
    rows = [
        (words, [Cell(f"{start}.{name}.brain.ssim", digits=3), Cell(f"{start}.{name}.brain.nrmse", digits=3),
                 Cell(f"{start}.{name}.lesion.nrmse", digits=3), Cell(f"{start}.{name}.residual"),
                 Cell(f"{start}.{name}.evaluations", digits=0), Cell(f"{start}.{name}.peak_mib", digits=0)])
        for name, words in METHODS.items()
    ]  # fmt: skip
    head = [f"Method, {_at(rate)}", "SSIM", "NRMSE", "Lesion, NRMSE", "Residual", "Network calls", "MiB"]
    return table(scene, page, f"Other measures on the patient at R = {rate:g}", head, rows)


def error_bands(scene: Scene, rate: float, page: str) -> Html:
    """The error in each band of frequencies, on the patient."""
    start = f"stroke_t1.poisson.r{rate:g}.c1"
    rows = [(words, [Cell(f"{start}.{name}.brain.band_{band}", digits=3 if band == 1 else 2) for band in range(1, 5)])
            for name, words in METHODS.items()]  # fmt: skip
    head = [f"Method, {_at(rate)}", "Lowest", "Low", "High", "Highest"]
    return table(scene, page, f"Error by frequency at R = {rate:g}", head, rows)


def other_scanners(scene: Scene, rate: float, page: str) -> Html:
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


def prompts(scene: Scene, page: str) -> Html:
    """The gain of the true prompt over another one, and how far that one moves the lesion."""
    rows = [
        (f"{label}, {_at(rate)}", [*(Cell(f"words.patient.{part}.{name}.r{rate}", "signed", 3)
                                    for part in ("brain", "lesion")),
                                  Cell(f"stroke_t1.poisson.r{rate}.c1.{name}.lesion.change")])
        for name, label in PROMPTS.items() for rate in (16, 8)
    ]  # fmt: skip
    return table(
        scene, page, "What the prompt does", ["Prompt instead", "Brain, dB", "Lesion, dB", "Lesion moves by"], rows
    )


def _at(rate: float) -> str:
    return f"R\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{rate:g}"
