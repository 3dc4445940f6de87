"""The tables of the scan's page: every method's score on simulated scans, and those of a measured head.

Facts are named as the engine names them: `<adult>.<mask>.r<R>.c<coils>.<method>.<figure>` of one simulated scan,
`draws.<who>.r<R>.<method>.<figure>` of several, `<network>.gain.<who>.r<R>` over the best classical method,
`raw.<figure>.<method>` of the measured head.
"""

from __future__ import annotations

from collections.abc import Sequence

from stagelight.render.pages.fact_table import Cell, table
from stagelight.render.pages.markup import Html, join
from stagelight.render.pages.reconstructions import named
from stagelight.render.pages.scene_files import Scene

ADULTS = {"stroke_t1": ("patient", "The patient"), "colin27": ("colin27", "Colin27")}
RATES = (4, 8, 12, 16, 32)
# Methods by their names in facts; one without words has those of `reconstructions.NAMES`.
AVERAGED = ("zero_filled", "variation", "wavelet", "mean", "unrolled", "sample", "diffusion")
OF_THE_SCENE = (*AVERAGED, "alone", "free", "dream")
METHODS = {
    "zero_filled": "", "variation": "", "wavelet": "Wavelets, Haar and shifted",
    "wavelet_sigpy": "Wavelets of sigpy, Daubechies", "mean": "Mean of total variation and Haar",
    "diffusion": "", "pair": "The mean of one pair", "sample": "",
    "inconsistent": "One sample, held to no measurement", "alone": "", "unrolled": "",
    "plug_and_play": "Plug-and-play ADMM with the unrolled network",
    "diffpir": "DiffPIR with the unrolled network", "dps": "DPS with the unrolled network",
    "deepinv_diffpir": "deepinv's own DiffPIR with the unrolled network",
    "deepinv_dps": "deepinv's own DPS with the unrolled network",
    "sigpy_variation": "sigpy's total variation, told nothing of the phase",
    "sigpy_wavelet": "sigpy's L1-wavelets, told nothing of the phase",
}  # fmt: skip
RUNS = {"free": "One sample, held to no measurement", "dream": "The dream: words and noise, no data"}
NETWORKS = {"headline": "reverse diffusion", "unrolled": "the unrolled network"}
# Simulated scanners: the kind of mask, the acceleration, the coils, and what a gain's name ends with.
SCANNERS = (
    ("Poisson disc, one coil", "poisson", 16, 1, ".draw_1"),
    ("Poisson disc, four coils", "poisson", 16, 4, ".c4"),
    ("Poisson disc, four coils", "poisson", 8, 4, ".c4"),
    ("Whole lines, one coil", "lines", 4, 1, ".lines"),
    ("Points drawn at random", "density", 16, 1, ".density"),
    ("Poisson disc, denser in the middle", "poisson_falloff_4", 16, 1, ".poisson_falloff_4"),
    ("One coil, its phase estimated", "poisson_estimated", 16, 1, ".estimated"),
    ("Four coils, their maps estimated", "poisson_estimated", 16, 4, ".c4.estimated"),
    ("Points in three dimensions, an ideal", "points", 16, 1, ".points"),
)
PROMPTS = {"silent": "nothing", "wrong_contrast": "the wrong contrast", "wrong_side": "the wrong side",
           "nonsense": "nonsense"}  # fmt: skip
MEASURED = {"classical": "Mean of complex total variation and wavelets", "sigpy": "L1-wavelets of sigpy",
            "diffusion": "Reverse diffusion with the fine network"}  # fmt: skip


def errors(scene: Scene, page: str) -> Html:
    """Every method and run of the scene's own simulated scan."""
    rows = [
        (RUNS.get(name) or named(scene, name),
         [Cell(f"{name}.brain.psnr"), Cell(f"{name}.lesion.psnr"), Cell(f"{name}.brain.ssim", digits=3),
          Cell(f"{name}.residual")])
        for name in OF_THE_SCENE
    ]  # fmt: skip
    head = ["Method, simulated", "Brain, dB", "Lesion, dB", "SSIM", "Residual"]
    return table(scene, page, "The scene's own scan, simulated", head, rows)


def by_acceleration(scene: Scene, page: str) -> Html:
    """PSNR in the brain of each method at each acceleration, and the gains of the networks: a table for each adult."""
    tables = []
    for who, label in ADULTS.values():
        rows: list[tuple[str, Sequence[Cell]]] = [
            (named(scene, name), [Cell(f"draws.{who}.r{rate}.{name}.brain.psnr") for rate in RATES])
            for name in AVERAGED
        ]
        for network, words in NETWORKS.items():
            for part, where in (("", ""), (".lesion", " in the lesion")):
                gains = [Cell(f"{network}.gain.{who}{part}.r{rate}", "signed") for rate in RATES]
                if any(cell.fact in scene.head["facts"] for cell in gains):
                    rows.append((f"Gain of {words}{where}", gains))
        head = [f"{label}, simulated, dB", *(_at(rate) for rate in RATES)]
        tables.append(table(scene, page, f"{label}, simulated, at each acceleration", head, rows))
    return join(tables)


def methods(scene: Scene, rate: float, page: str) -> Html:
    """All methods on one scan of each adult, with the seconds of one core."""
    patient, other = (f"{adult}.poisson.r{rate:g}.c1" for adult in ADULTS)
    rows = [
        (words or named(scene, name),
         [Cell(f"{patient}.{name}.brain.psnr"), Cell(f"{patient}.{name}.lesion.psnr"),
          Cell(f"{other}.{name}.brain.psnr"), Cell(f"{patient}.{name}.seconds", digits=0)])
        for name, words in METHODS.items()
    ]  # fmt: skip
    head = [f"Method, {_at(rate)}", "Patient, dB", "Lesion, dB", "Colin27, dB", "Core-s"]
    return table(scene, page, f"All methods at R = {rate:g}, simulated", head, rows)


def other_measures(scene: Scene, rate: float, page: str) -> Html:
    """All methods on the patient by other measures, with their cost."""
    start = f"stroke_t1.poisson.r{rate:g}.c1"
    rows = [
        (words or named(scene, name),
         [Cell(f"{start}.{name}.brain.ssim", digits=3), Cell(f"{start}.{name}.brain.nrmse", digits=3),
          Cell(f"{start}.{name}.lesion.nrmse", digits=3), Cell(f"{start}.{name}.residual"),
          Cell(f"{start}.{name}.evaluations", digits=0), Cell(f"{start}.{name}.peak_mib", digits=0)])
        for name, words in METHODS.items()
    ]  # fmt: skip
    head = [f"Method, {_at(rate)}", "SSIM", "NRMSE", "Lesion, NRMSE", "Residual", "Network calls", "MiB"]
    return table(scene, page, f"Other measures on the patient at R = {rate:g}, simulated", head, rows)


def error_bands(scene: Scene, rate: float, page: str) -> Html:
    """The error in each band of frequencies, on the patient."""
    start = f"stroke_t1.poisson.r{rate:g}.c1"
    rows = [(words or named(scene, name),
             [Cell(f"{start}.{name}.brain.band_{band}", digits=3 if band == 1 else 2) for band in range(1, 5)])
            for name, words in METHODS.items()]  # fmt: skip
    head = [f"Method, {_at(rate)}", "Lowest", "Low", "High", "Highest"]
    return table(scene, page, f"Error by frequency at R = {rate:g}, simulated", head, rows)


def other_scanners(scene: Scene, page: str) -> Html:
    """Other masks and more coils: the classical mean, and both networks' gains over the best classical method."""
    rows = []
    for words, kind, rate, coils, end in SCANNERS:
        cells = []
        for adult, (who, _) in ADULTS.items():
            cells.append(Cell(f"{adult}.{kind}.r{rate}.c{coils}.mean.brain.psnr"))
            for network in NETWORKS:
                fact = f"{network}.gain.{who}.r{rate}{end}"
                if end == ".draw_1" and fact not in scene.head["facts"]:  # measured in that draw alone
                    fact = fact.removesuffix(end)
                cells.append(Cell(fact, "signed"))
        rows.append((f"{words}, {_at(rate)}", cells))
    columns = ("mean, dB", "diffusion", "unrolled")
    head = ["Simulated scanner", *(f"{label}, {column}" for label in ("Patient", "Colin27") for column in columns)]
    return table(scene, page, "Other scanners, simulated", head, rows)


def prompts(scene: Scene, page: str) -> Html:
    """The gain of the true prompt over another one, and how far that one moves the lesion."""
    rows = [
        (f"{label}, {_at(rate)}",
         [*(Cell(f"words.{part}.{name}.r{rate}", "signed", 3)
            for part in ("patient.brain", "patient.lesion", "colin27.brain")),
          Cell(f"words.lesion_change.{name}.r{rate}")])
        for name, label in PROMPTS.items() for rate in (8, 16, 32)
    ]  # fmt: skip
    head = ["Prompt instead, simulated", "Patient, dB", "Lesion, dB", "Colin27, dB", "Lesion moves by"]
    return table(scene, page, "What the prompt does, simulated", head, rows)


def measured(scene: Scene, page: str) -> Html:
    """Methods on the measured head: error on held-out points, and misfit, over the noise."""
    rows = [
        (words, [Cell(f"raw.heldout.{name}"),
                 *(Cell(f"raw.heldout.{name}.draw_{draw}") for draw in (1, 2)), Cell(f"raw.misfit.{name}")])
        for name, words in MEASURED.items()
    ]  # fmt: skip
    head = ["Method, measured", "Held-out error", "Draw 1", "Draw 2", "Misfit"]
    return table(scene, page, "The measured head", head, rows)


def _at(rate: float) -> str:
    return f"R\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{rate:g}"
