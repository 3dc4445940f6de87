"""Dreams: volumes of the prior alone, of a dozen sentences, beside the training volume that each is most like.

And measures of them, under `fact.dream.<name>`:

    <n>.nearest                  correlation at 4 mm of a dream with its nearest training volume, see `likeness`
    nearest_training             their mean; `.highest` of them
    nearest_training.people      the same of the scans of people who were held out of training
    nearest_training.strangers   the same of training volumes, the nearest of another subject
    nearest_training.copies      the same of training volumes moved as in training: what a copy would have
    differ                       mean correlation of dreams of one sentence with each other
    brain_like.mm_<k>            distance from real scans of the contrast, see `brain_like`, of spectrum and histogram,
                                 root mean square; each alone as `.spectrum`, `.histogram`; `.people` of held-out people
    words.<what>.guidance_<g>    share of dreams that are of the contrast, or of the side, that they were told
    words.<what>.accuracy        share of volumes of which that is known, where the rule finds what is so

Dreams of heads are left out of `brain_like` and `words`: there are not enough real heads to compare them with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import NEVER, Progress, interrupt_after
from stagelight.engines.scan import brain_like, dream_words
from stagelight.engines.scan.data import captions, registry
from stagelight.engines.scan.likeness import Floats, match, moved, tissue
from stagelight.engines.scan.methods import alone
from stagelight.engines.scan.methods.alone import Cascade
from stagelight.engines.scan.model.coarse import MM, SHAPE
from stagelight.engines.scan.nearest_training import Known, at_scale, copies, nearest, strangers, volumes
from stagelight.engines.scan.pictures import Picture, grey, planes, six_bits

T1, T2, FLAIR = "T1w", "T2w", "FLAIR"
PEOPLE = {
    T1: ("stroke_T1", "colin27", "ms_26_T1"), T2: ("stroke_T2", "arc_M2265", "arc_M2307", "ms_26_T2"),
    FLAIR: ("stroke_FLAIR", "ms_26_FLAIR"),
}  # fmt: skip  # real scans that no network learnt from, of each person one of a contrast
LEARNT = {T1: ("seg3d", "studyforrest", "ms_07_T1", "ms_19_T1"), T2: ("ms_07_T2", "ms_19_T2"),
          FLAIR: ("ms_07_FLAIR", "ms_19_FLAIR")}  # fmt: skip
SHOWN = ("axial", "sagittal")
STEP = 20  # each so many-th training volume is searched for among the others
DRAWS = 4  # dreams of one sentence
GUIDANCES = (1.0, 2.0)

Both = tuple[Floats, Floats]  # slices (S, H, W) at 1 mm and at 4 mm
Curves = tuple[brain_like.Curve, brain_like.Curve]  # spectrum, histogram
Brains = dict[str, list[dream_words.Features]]  # by contrast


@dataclass(frozen=True)
class Told:
    """What a dream is told, and what should then be so."""

    sentence: str
    contrast: str
    side: str = ""  # of a lesion
    head: float = -1.0  # 1: with skull and scalp; -1: without


def _lesion(contrast: str, side: str, words: str = "a large stroke cavity") -> Told:
    opening = captions.OPENINGS[0].format(contrast=captions.CONTRAST_WORDS[contrast][0])
    return Told(f"{opening}, {words} {captions.SIDE_WORDS[side]}.", contrast, side)


DREAMS = (
    Told("T1-weighted MRI of the brain, no lesion.", T1),
    Told("T2-weighted MRI of the brain, no lesion.", T2),
    Told("FLAIR MRI of the brain, no lesion.", FLAIR),
    Told("T1-weighted MRI of the head, a healthy brain.", T1, head=1.0),
    Told("T2-weighted MRI of the head, a healthy brain.", T2, head=1.0),
    Told("FLAIR MRI of the head, a healthy brain.", FLAIR, head=1.0),
    _lesion(T1, "left"),
    _lesion(T1, "right"),
    _lesion(FLAIR, "right"),
    _lesion(T2, "left", "a large brain tumour with oedema"),
    Told("T1-weighted MRI of the brain, no lesion, wide ventricles.", T1),
    Told("FLAIR MRI of the brain, white-matter hyperintensities in both hemispheres.", FLAIR),
)
LESIONS = tuple(_lesion(contrast, side) for contrast, side in product((T1, T2, FLAIR), ("left", "right")))


def runs(
    cascade: Cascade, folder: Path, progress: Progress, deadline: float = NEVER, count: int = len(DREAMS),
    shape: tuple[int, int, int] = SHAPE,
) -> Arrays:  # fmt: skip
    """The first `count` dreams and their measures; the pictures of `record`, and `sentences`, `subjects` (N,) str.

    Args:
        cascade: the networks; what they are told is set here.
        folder: holds the pool of training volumes, which are made if they are not in it.
        progress: told of each volume.
        deadline: moment of `time.monotonic()` at which the work is interrupted.
        count: of dreams.
        shape: of a volume at 4 mm.

    Raises:
        Interrupted: the deadline passed.
        ValueError: the scans cannot be had.
    """
    known, real = volumes(folder, progress, deadline), people(PEOPLE)
    told, dreams = DREAMS[:count], []
    for index, one in enumerate(told):
        interrupt_after(deadline, f"dreams: {index} of {count}")
        *_, last = alone.run(_of(cascade, one), 2 * index, None, shape)  # 2 k + 1 is from the opposite noise
        dreams.append(at_scale(last.consistent.numpy()))
        progress("dreams", index + 1, count, {})
    arrays, facts = beside(told, dreams, known)
    facts |= _nearest_of_others(known, real)
    facts |= likeness_to_real(told, dreams, real, people(LEARNT))

    def small(one: Told, seed: int, guidance: float) -> Floats:
        interrupt_after(deadline, "dreams at 4 mm")
        *_, last = alone.small(_of(cascade, one, guidance), seed, None, shape)
        return np.asarray(np.maximum(last.consistent.numpy(), 0), np.float32)

    facts["differ"] = differ([small(DREAMS[0], 2 * k, 1.0) for k in range(DRAWS)])
    brains = by_contrast(known)
    facts |= obeyed(small, brains) | accuracy(brains, known, real)
    return arrays | {f"fact.dream.{name}": np.array(value) for name, value in facts.items()}


def _of(cascade: Cascade, told: Told, guidance: float = 1.0) -> Cascade:
    return replace(cascade, sentence=told.sentence, head=told.head, guidance=guidance)


def people(names: dict[str, tuple[str, ...]]) -> dict[str, list[Both]]:
    """Real brains by contrast."""
    return {contrast: [at_scale(np.ascontiguousarray(registry.load(name).x.transpose(2, 0, 1))) for name in each]
            for contrast, each in names.items()}  # fmt: skip


def beside(told: tuple[Told, ...], dreams: list[Both], known: list[Known]) -> tuple[Arrays, dict[str, float]]:
    """Pictures of dreams and, moved onto them, of their nearest training volumes; correlations."""
    shown: dict[str, list[Picture]] = {f"{kind}_{p}": [] for kind in ("dreamt", "nearest") for p in SHOWN}
    facts, subjects = {}, []
    for index, (one, (full, small)) in enumerate(zip(told, dreams, strict=True)):
        found, fit = nearest(small, known)
        facts[f"{index}.nearest"] = fit.correlation
        subjects.append(found.subject)
        at = place(small, bool(one.side))
        for kind, x in (("dreamt", full), ("nearest", moved(found.full(), fit, MM))):
            white = max(float(np.quantile(x, 0.999)), 1e-3)
            pictures = planes(x.transpose(1, 2, 0), at)
            for plane in SHOWN:
                shown[f"{kind}_{plane}"].append(six_bits(grey(pictures[plane], white)))
    values = list(facts.values())
    facts |= {"nearest_training": float(np.mean(values)), "nearest_training.highest": max(values)}
    words: Arrays = {"sentences": np.array([one.sentence for one in told]), "subjects": np.array(subjects)}
    return words | {name: np.stack(each) for name, each in shown.items()}, facts


def place(small: Floats, uneven: bool) -> tuple[int, int, int]:
    """Where the planes are, (X, Y, Z) at 1 mm: the middle of the tissue, or where the halves differ most."""
    middle = ndimage.center_of_mass(tissue(small).astype(float)) if tissue(small).any() else np.array(small.shape) / 2
    if uneven:
        spread = ndimage.gaussian_filter(dream_words.asymmetry(small), 1.0)
        middle = np.unravel_index(int(spread.argmax()), spread.shape) if spread.any() else middle
    z, x, y = (int(MM * (n + 0.5)) for n in middle)
    return x, y, z


def _nearest_of_others(known: list[Known], real: dict[str, list[Both]]) -> dict[str, float]:
    """What dreams' correlations are to be compared with."""
    scans = [small for each in real.values() for _, small in each]
    found = {
        "people": [nearest(small, known)[1].correlation for small in scans],
        "strangers": list(strangers(known, STEP)),
        "copies": list(copies(known, STEP, 0)),
    }
    return {"training": len(known), "scans": len(scans)} | {
        f"nearest_training.{name}": float(np.mean(each)) for name, each in found.items()
    }


def likeness_to_real(
    told: tuple[Told, ...], dreams: list[Both], held_out: dict[str, list[Both]], learnt: dict[str, list[Both]]
) -> dict[str, float]:
    """Distances from real scans of the contrast; those of held-out people are from all others."""
    facts = {}
    for at, mm in enumerate((1, MM)):
        parts: dict[str, list[tuple[float, float]]] = {"": [], ".people": []}
        for contrast, apart in held_out.items():
            real = [_curves(*both, at) for both in (*apart, *learnt[contrast])]
            own = [_curves(*both, at) for one, both in zip(told, dreams, strict=True)
                   if one.head < 0 and one.contrast == contrast]  # fmt: skip
            parts[""] += [_apart(one, real) for one in own]
            parts[".people"] += [_apart(real[k], real[:k] + real[k + 1 :]) for k in range(len(apart))]
        for who, found in parts.items():
            if found:
                spectrum, histogram = np.mean(found, 0)
                facts[f"brain_like.mm_{mm}{who}"] = float(np.mean(np.sqrt(np.mean(np.square(found), 1))))
                facts[f"brain_like.mm_{mm}.spectrum{who}"] = float(spectrum)
                facts[f"brain_like.mm_{mm}.histogram{who}"] = float(histogram)
    return facts


def _curves(full: Floats, small: Floats, at: int) -> Curves:
    """Spectrum and histogram of a volume at 1 mm (`at` is 0) or 4 mm; its tissue is found at 4 mm."""
    inside: NDArray[np.bool_] = tissue(small)
    if at == 0:
        inside = inside.repeat(MM, 0).repeat(MM, 1).repeat(MM, 2)
    x = (full, small)[at]
    return brain_like.spectrum(x), brain_like.histogram(x, inside)


def _apart(one: Curves, real: list[Curves]) -> tuple[float, float]:
    spectra, histograms = zip(*real, strict=True)
    return brain_like.distance(one[0], spectra), brain_like.distance(one[1], histograms)


def differ(dreams: list[Floats]) -> float:
    """The mean correlation of each two, after the best shift."""
    return float(np.mean([match(a, b).correlation for a, b in combinations(dreams, 2)]))


def obeyed(small: Callable[[Told, int, float], Floats], brains: Brains) -> dict[str, float]:
    """Shares of dreams that look as told, by guidance; each sentence of `LESIONS` is dreamt twice."""
    facts = {}
    for guidance in GUIDANCES:
        pairs = [(one, small(one, 2 * (2 * k + draw), guidance)) for k, one in enumerate(LESIONS) for draw in range(2)]
        contrasts = [dream_words.contrast(dream_words.features(x), brains) == one.contrast for one, x in pairs]
        sides = [dream_words.side(x) == one.side for one, x in pairs]
        facts[f"words.contrast.guidance_{guidance:g}"] = float(np.mean(contrasts))
        facts[f"words.side.guidance_{guidance:g}"] = float(np.mean(sides))
        facts["words.dreams"] = len(pairs)
    return facts


def accuracy(brains: Brains, known: list[Known], real: dict[str, list[Both]]) -> dict[str, float]:
    """Shares that the rules find right: of held-out scans the contrast, of imagined brains the side of a lesion."""
    scans = [(name, small) for name, each in real.items() for _, small in each]
    sided = [one for one in known if not one.fact.head and one.fact.side in ("left", "right")]
    contrasts = [dream_words.contrast(dream_words.features(small), brains) == name for name, small in scans]
    sides = [dream_words.side(one.small) == one.fact.side for one in sided]
    return {"words.contrast.accuracy": float(np.mean(contrasts)), "words.contrast.volumes": len(scans),
            "words.side.accuracy": float(np.mean(sides)), "words.side.volumes": len(sided)}  # fmt: skip


def by_contrast(known: list[Known]) -> Brains:
    """Features of the training volumes that are brains, by contrast; one with contrast agent is T1-weighted."""
    found: dict[str, list[dream_words.Features]] = {}
    for one in known:
        if not one.fact.head:
            found.setdefault(one.fact.contrast.removesuffix("+contrast"), []).append(dream_words.features(one.small))
    return found
