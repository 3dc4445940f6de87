"""Statistics of several seeds or episodes: mean, standard deviation, each value by itself, bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
Values = NDArray[np.float64]


def summary(name: str, values: Sequence[float], labels: Sequence[str]) -> dict[str, float]:
    """Facts about one measured quantity: `name` its mean, `name.sd` its standard deviation, `name.<label>` each value.

    A single value has neither deviation nor label. No values give no facts.

    Args:
        name: dotted name of the quantity.
        values: one for each seed, draw or fold.
        labels: their names, such as `seed_0`; as many as there are values.
    """
    if not values:
        return {}
    found = {name: float(np.mean(values))}
    if len(values) > 1:
        found[f"{name}.sd"] = float(np.std(values, ddof=1))
        found |= {f"{name}.{label}": float(value) for label, value in zip(labels, values, strict=True)}
    return found


def mean_interval(values: Values, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of a mean (Efron 1979); `values` is (B,)."""
    return _bootstrap((values,), lambda sample, axis: sample.mean(axis), seed)


def ratio_interval(values: Values, reference: Values, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of mean(values) / mean(reference), resampled in pairs; both (B,)."""
    return _bootstrap(
        (values, reference), lambda sample, other, axis: sample.mean(axis) / other.mean(axis), seed, paired=True
    )


def _bootstrap(data: tuple[Values, ...], statistic: Any, seed: int, **how: Any) -> tuple[float, float]:
    from scipy import stats  # noqa: PLC0415  # half a second that only a benchmark needs

    if len(data[0]) < 2:  # scipy refuses a single observation, whose interval is itself
        value = float(statistic(*data, axis=-1))
        return value, value
    found = stats.bootstrap(
        data, statistic, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method="percentile", vectorized=True,
        rng=np.random.default_rng(seed), **how,
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
