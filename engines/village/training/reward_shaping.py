"""What a village is worth beyond the bread already eaten: the guess by which credit reaches an action at once.

Potential-based shaping (Ng, Harada and Russell 1999): training is paid r + gamma Phi(s') - Phi(s) with Phi = 0 at the
end, which changes no policy's rank, only how soon an action is paid for. Without it a sale pays nothing until the level
it buys has fed a family, some hundred choices later, and levels are never discovered.
"""

from __future__ import annotations

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.compiling import compiled

# Bread that a unit is worth on its way: the further along, the more.
WHEAT, MILLED, STORED, DELIVERED, BAKED, SERVED = 0.5, 0.6, 1.0, 1.0, 1.1, 1.3
LEVEL = 3.0  # bread a day that a level feeds, for the days left
COIN = 0.4  # a coin buys as much bread


@compiled
def potential(s, tick):  # type: ignore[no-untyped-def]
    """Phi of one row of numbers, as `kernels`, in bread; 0 when the last tick is over."""
    if tick >= r.TICKS:
        return 0.0
    left = (r.TICKS - tick) / r.DAY
    late = min(1.0, left / 3)  # nothing in the pipeline is worth much in the last three days
    stock = (
        WHEAT * (s[kernels.CUT] + s[kernels.MILL_WHEAT]) + MILLED * s[kernels.MILL_FLOUR] + STORED * s[kernels.STORE]
    )
    bread = DELIVERED * s[kernels.BAKERY_FLOUR] + BAKED * s[kernels.BAKERY_BREAD] + SERVED * s[kernels.SQUARE]
    level = LEVEL * max(0.0, left - 3)
    coin = (
        COIN
        if s[kernels.LEVEL] >= r.LEVELS
        else max(COIN, level / (r.PRICE_OF_LEVEL * (1 + r.TOOL * s[kernels.LEVEL])))
    )
    return late * (stock + bread) + coin * min(s[kernels.COIN], 60.0) + level * s[kernels.LEVEL]


@compiled
def potentials(numbers, tick, into):  # type: ignore[no-untyped-def]
    """Phi of every village, (B,)."""
    for b in range(len(into)):
        into[b] = potential(numbers[b], tick)
