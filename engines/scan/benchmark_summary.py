"""Summary of the benchmark: gains over the best classical method, what words do, and what it all costs.

`cells` are figures under `<case>.<method>.<figure>`, as `benchmark.measure` gives them. A gain is in dB, over whichever
of the classical methods is best in that very case: total variation, wavelets, or the mean of both. Facts named
`over_sigpy` are over the better of sigpy's two reconstructions instead, which are told less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from statistics import mean

from stagelight.engines.experiment import statistics

DRAWS = (1, 2, 3)  # of the headline's mask, with phase and noise
CLASSICAL = ("variation", "wavelet", "mean")
PEOPLE = {"patient": "stroke_t1", "colin27": "colin27"}
RATES = (4, 8, 12, 16, 32)
METHODS = ("zero_filled", *CLASSICAL, "unrolled", "sample", "diffusion")  # in every draw
# The networks' rows by their names in facts; then the rows that are measured in the headline's first draw alone.
NETWORKS = {"headline": "diffusion", "unrolled": "unrolled", "sample": "sample"}
OTHERS = ("alone", "plug_and_play", "diffpir", "dps", "deepinv_diffpir", "deepinv_dps", "inconsistent")
SIGPY = ("sigpy_variation", "sigpy_wavelet")  # told nothing of the phase
# Scanners beside the headline's: coils, and the kind of mask with what is appended to its name.
SCANNERS = {"c4": (4, "poisson"), "density": (1, "density"), "lines": (1, "lines"),
            "poisson_falloff_4": (1, "poisson_falloff_4"),
            "estimated": (1, "poisson_estimated"), "c4.estimated": (4, "poisson_estimated")}  # fmt: skip
WORDS = ("silent", "wrong_contrast", "wrong_side", "nonsense")
FIGURES = ("psnr", "ssim", "nrmse")
REGIONS = ("brain", "lesion")
SEEN = ("brain.psnr", "residual")  # of a method that was measured, one at least
Cells = Mapping[str, float]


def facts(cells: Cells) -> dict[str, float]:
    """All of it, under the names that the page asks for; what was not measured is left out."""
    found = dict(_gains(cells)) | dict(_draws(cells)) | dict(_words(cells)) | dict(_costs(cells))
    return {name: round(value, 6) for name, value in sorted(found.items())}


def case(who: str, rate: int, coils: int = 1, kind: str = "poisson") -> str:
    """The name of a case, as `protocol.Case` has it."""
    return f"{PEOPLE[who]}.{kind}.r{rate}.c{coils}"


def draws(who: str, rate: int) -> list[str]:
    """The cases of the headline's mask, one coil."""
    return [case(who, rate, kind="poisson" if draw == 1 else f"poisson_{draw}") for draw in DRAWS]


def drawn(cells: Cells, who: str, rate: int, method: str) -> list[str]:
    """The cases of the headline's mask, one coil, in which a method was measured; it may be the first draw alone."""
    return [name for name in draws(who, rate) if any(f"{name}.{method}.{each}" in cells for each in SEEN)]


def gain(cells: Cells, names: Sequence[str], method: str, figure: str, over: Sequence[str] = CLASSICAL) -> list[float]:
    """By how much a method is above the best of others in each case; empty unless all were measured."""
    wanted = [f"{name}.{each}.{figure}" for name, each in product(names, (*over, method))]
    if not wanted or not all(name in cells for name in wanted):
        return []
    best = [max(cells[f"{name}.{each}.{figure}"] for each in over) for name in names]
    return [cells[f"{name}.{method}.{figure}"] - most for name, most in zip(names, best, strict=True)]


def summary(name: str, values: Sequence[float], cases: Sequence[str] = ()) -> Iterator[tuple[str, float]]:
    """Their mean; where there are several draws, whose `cases` are given, their standard deviation and each, too."""
    labels = [f"draw_{case.split('.')[1].partition('_')[2] or '1'}" for case in cases]
    yield from statistics.summary(name, values, labels).items()


def _gains(cells: Cells) -> Iterator[tuple[str, float]]:
    for who, rate in product(PEOPLE, RATES):
        at = f"{who}.r{rate}"
        for named, method in NETWORKS.items():
            for region in REGIONS:
                part = "" if region == "brain" else f".{region}"
                some = drawn(cells, who, rate, method)
                values = gain(cells, some, method, f"{region}.psnr")
                yield from summary(f"{named}.gain.{who}{part}.r{rate}", values, some)
            some = drawn(cells, who, rate, method)
            yield from summary(f"{named}.ssim_gain.{at}", gain(cells, some, method, "brain.ssim"), some)
            for scanner, (coils, kind) in SCANNERS.items():
                values = gain(cells, [case(who, rate, coils, kind)], method, "brain.psnr")
                yield from summary(f"{named}.gain.{at}.{scanner}", values)
        for scanner, (coils, kind) in {"": (1, "poisson"), **SCANNERS}.items():
            yield from _sigpy(cells, f"{at}.{scanner}".rstrip("."), case(who, rate, coils, kind))
        for method in OTHERS:
            yield from summary(f"{method}.gain.{at}", gain(cells, [case(who, rate)], method, "brain.psnr"))
        steep, flat = (f"{case(who, rate, kind=kind)}.mean.brain.psnr" for kind in ("poisson_falloff_4", "poisson"))
        if {steep, flat} <= cells.keys():
            yield f"falloff_4.mean.{at}", cells[steep] - cells[flat]


def _sigpy(cells: Cells, at: str, name: str) -> Iterator[tuple[str, float]]:
    """sigpy's own reconstructions against the best classical one in a case, and the networks against sigpy's."""
    for method in SIGPY:
        yield from summary(f"{method}.gain.{at}", gain(cells, [name], method, "brain.psnr"))
    for named, method in NETWORKS.items():
        yield from summary(f"over_sigpy.{named}.{at}", gain(cells, [name], method, "brain.psnr", SIGPY))


def _draws(cells: Cells) -> Iterator[tuple[str, float]]:
    """Each method's figures, mean of the draws."""
    for who, rate, method in product(PEOPLE, RATES, METHODS):
        for figure in (*(f"{region}.{each}" for region in REGIONS for each in FIGURES), "residual", "seconds"):
            wanted = [f"{name}.{method}.{figure}" for name in drawn(cells, who, rate, method)]
            if wanted and all(name in cells for name in wanted):
                yield f"draws.{who}.r{rate}.{method}.{figure}", mean(cells[name] for name in wanted)


def _words(cells: Cells) -> Iterator[tuple[str, float]]:
    """What a right sentence brings, and how far a wrong one moves the lesion."""
    for rate in RATES:
        for who, region, other in product(PEOPLE, REGIONS, WORDS):
            told, untold = (f"{case(who, rate)}.{method}.{region}.psnr" for method in ("pair", other))
            if {told, untold} <= cells.keys():
                yield f"words.{who}.{region}.{other}.r{rate}", cells[told] - cells[untold]
        for other in WORDS:
            change = f"{case('patient', rate)}.{other}.lesion.change"
            if change in cells:
                yield f"words.lesion_change.{other}.r{rate}", cells[change]


def _costs(cells: Cells) -> Iterator[tuple[str, float]]:
    """Seconds and memory; and how far off the measurements one sample is, the mean of several, and `unrolled`."""
    for rate in RATES:
        for fact, method, figure in (
            ("consistency.residual_over_noise", "sample", "residual"),
            ("consistency.residual_over_noise.mean", "diffusion", "residual"),
            ("consistency.residual_over_noise.unrolled", "unrolled", "residual"),
            ("seconds", "unrolled", "seconds"),
            ("headline.seconds", "diffusion", "seconds"),
        ):
            names = [drawn(cells, who, rate, method) for who in PEOPLE]
            values = [cells[key] for some in names for name in some if (key := f"{name}.{method}.{figure}") in cells]
            if all(names) and len(values) == sum(map(len, names)):
                yield f"{fact}.r{rate}", mean(values)
    peaks = [value for name, value in cells.items() if name.endswith(".peak_mib")]
    if peaks:
        yield "peak_memory_gb", max(peaks) / 1024
