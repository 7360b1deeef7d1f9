"""Which functions describe the side bands, and how b and its systematic error come from all of them.

Beside the card's function (``family``, ``order``) those of its alternative order and of one and two orders more are
fitted, and one of the other family: neighbouring orders differ by an odd and by an even term, and over a window in the
middle of its side bands the odd one integrates to nothing. Function f with k_f parameters and deviance D_f has the
weight

    w_f ~ exp[-(D_f + k_f) / 2],     sum_f w_f = 1,

the penalty of one unit a parameter being that of discrete profiling (P. Dauncey et al., JINST 10 (2015) P04015). Then

    sigma_syst^2 = sum_f w_f [(b_f - b)^2 + max(0, sigma_f^2 - sigma_stat^2)],

sigma_stat being the error of the card's function: what the choice of the function moves, and what its freedom costs;
b itself (or sigma_stat, if that is more) where the side bands have no room for a second function.
By ``order_choice`` b is the ``average`` sum_f w_f b_f, or that of the card's function ("fixed"), or of the order up to
the card's with the least D_f + 2 k_f ("akaike"). The function matters where the card's has a weight below
``DISFAVOURED`` and the ``shift`` of b, [sum_f w_f (b_f - b_card)^2]^1/2, is above sigma_stat: on spectra that the
card's function describes at one mass in 25.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel

__all__ = [
    "DEVIANCE",
    "DISFAVOURED",
    "ESTIMATE",
    "EVENTS_PER_PARAMETER",
    "FAMILIES",
    "LEAKAGE",
    "ORDER",
    "PENALTY",
    "ROW",
    "STAT",
    "Combination",
    "Family",
    "OrderChoice",
    "SidebandModel",
    "weigh",
]

ESTIMATE, STAT, ORDER, DEVIANCE, LEAKAGE, ROW = range(6)
"""Places in the row of a fitted function; ROW is their number."""

EVENTS_PER_PARAMETER = 4.0
"""Spectra with fewer events than this per parameter get a function of lower order."""

DISFAVOURED = 0.1
"""Weight of the card's function below which the side bands prefer others."""

PENALTY = 1.0
"""Penalty of a parameter in units of the deviance."""

Family = Literal["polynomial", "exp-polynomial"]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""Families of functions, in the order of the codes of ``poisson_fit``."""

OrderChoice = Literal["average", "fixed", "akaike"]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class SidebandModel:
    """The functions that are fitted, and how b is made of them: see the module's docstring."""

    order: int
    alternative_order: int
    family: Family = "polynomial"
    order_choice: OrderChoice = "average"

    def functions(self) -> NDArray[np.int64]:
        """Return (code of the family, orders above that in use) of each function; the card's own is the first."""
        own = FAMILIES.index(self.family)
        steps = dict.fromkeys((0, self.alternative_order - self.order, 1, 2))
        return np.array([*((own, step) for step in steps), (1 - own, 0)], dtype=np.int64)


class Combination(NamedTuple):
    """b with its systematic error and leakage, the ``shift`` from the card's function, and which function leads.

    ``spread`` is the part of the error that functions make by their differences, (sum_f w_f (b_f - b)^2)^1/2.

    ``own_weight`` of the card's function is 0 where there is no other to compare it with.
    """

    estimate: float
    syst: float
    leakage: float
    shift: float
    spread: float
    own_weight: float
    leader: int


@kernel
def weigh(rows: Matrix, average: bool, weights: Vector) -> Combination:
    """Fill the ``weights`` of the functions in ``rows`` and combine them; rows without an estimate have none."""
    least, fitted = math.inf, 0
    for k in range(len(rows)):
        weights[k] = rows[k, DEVIANCE] + PENALTY * (rows[k, ORDER] + 1.0)
        if math.isfinite(rows[k, ESTIMATE]):
            least, fitted = min(least, weights[k]), fitted + 1
    total = 0.0
    for k in range(len(rows)):
        some = math.isfinite(rows[k, ESTIMATE])
        weights[k] = math.exp(0.5 * (least - weights[k])) if some else 0.0
        total += weights[k]
    b, leakage, leader = rows[0, ESTIMATE], rows[0, LEAKAGE], 0
    if average:
        b, leakage = 0.0, 0.0
    for k in range(len(rows)):
        weights[k] /= total
        if average and weights[k] > 0.0:
            b += weights[k] * rows[k, ESTIMATE]
            leakage += weights[k] * rows[k, LEAKAGE]
            leader = k if weights[k] > weights[leader] else leader
    variance, shift, spread = 0.0, 0.0, 0.0
    for k in range(len(rows)):
        if weights[k] > 0.0:
            freedom = max(0.0, rows[k, STAT] ** 2 - rows[0, STAT] ** 2)
            spread += weights[k] * (rows[k, ESTIMATE] - b) ** 2
            variance += weights[k] * freedom
            shift += weights[k] * (rows[k, ESTIMATE] - rows[0, ESTIMATE]) ** 2
    if fitted == 1:
        spread = max(b, rows[0, STAT]) ** 2
        shift = spread
    own = weights[0] if fitted > 1 else 0.0
    syst = math.sqrt(spread + variance)
    return Combination(b, syst, leakage, math.sqrt(shift), math.sqrt(spread), own, leader)
