"""What the critic sees: all of a village. It exists in training only; the workers never have it."""

from __future__ import annotations

import numpy as np

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.compiling import compiled
from stagelight.engines.village.training.features import DOINGS

OUTLOOK = r.PLOTS + 7 + 5 + 6 + 4 + r.DAY + 3 * (DOINGS + 7)


@compiled
def outlook(numbers, workers, wind, omen, price, rain, into):  # type: ignore[no-untyped-def]
    """Write (B, OUTLOOK) float32."""
    into[:] = 0
    for b in range(into.shape[0]):
        now = min(workers[b, kernels.NOW], kernels.LAST)
        _outlook(numbers[b], workers[b], wind[b, now], omen[b, now], price[b, now], rain[b, now], into[b])


@compiled
def _outlook(s, w, wind, omen, price, rain, x):  # type: ignore[no-untyped-def]
    tool, mouths = 1 + r.TOOL * s[kernels.LEVEL], s[kernels.N]
    for plot in range(r.PLOTS):
        x[plot] = s[plot]
    at = r.PLOTS
    for item in range(kernels.CUT, kernels.STORE + 1):
        x[at] = min(s[item] / mouths, 6.0) / 3
        at += 1
    x[at], x[at + 1] = min(s[kernels.COIN] / (r.PRICE_OF_LEVEL * tool), 3.0), s[kernels.HUNGER]
    x[at + 2], x[at + 3], x[at + 4] = s[kernels.RABBITS] / r.PATIENCE, mouths / 24, s[kernels.LEVEL] / r.LEVELS
    at += 5
    day = w[kernels.NOW] // r.DAY + 1
    x[at], x[at + 1] = (r.DAYS - day) / r.DAYS, max(0, 5 - (r.DAYS - day)) / 5
    x[at + 2] = r.WINTER_DAYS[0] <= day <= r.WINTER_DAYS[1]
    x[at + 3] = max(0, min(1, (day - r.WINTER_DAYS[0]) / 6)) if day <= r.WINTER_DAYS[1] else 0
    x[at + 4], x[at + 5] = (r.MOUTHS + r.HOUSING * s[kernels.LEVEL] - mouths) / 10, tool - 1
    at += 6
    x[at], x[at + 1], x[at + 2], x[at + 3] = wind, omen, 3 * (price - 1), rain
    at += 4
    x[at + w[kernels.NOW] % r.DAY] = 1
    at += r.DAY
    for agent in range(3):
        x[at + w[kernels.DOES + agent] + 1] = 1
        x[at + DOINGS + w[kernels.AT + agent]] = 1
        x[at + DOINGS + 6] = np.float32(w[kernels.LEFT + agent]) / 4
        at += DOINGS + 7
