"""The cases of the benchmark: simulated scans of two held-out adults, under several masks, coils and noise."""

from __future__ import annotations

from stagelight.engines.scan.acquisition import coil_estimation, operator
from stagelight.engines.scan.data import lesion, registry
from stagelight.engines.scan.methods.protocol import Bench, Case

ADULTS = ("stroke_T1", "colin27")
ACCELERATIONS = (16.0, 8.0, 12.0, 4.0)  # the headline first


def ready(case: Case) -> Bench:
    """Scan an adult.

    Raises:
        ValueError: the adult's files cannot be had.
    """
    volume = registry.load(case.adult)
    scan = operator.simulate(operator.slices(volume.x), case.config, case.seed)
    if case.estimated:
        scan = coil_estimation.calibrated(scan)
    regions = {"brain": volume.brain}
    if case.adult == "stroke_T1":
        regions["lesion"] = lesion.of_patient(volume)
    return Bench(case, scan, volume.x, regions)
