"""One-sided upper limits from the bounded profile likelihood, without CLs and with a power constraint.

The bounded one-sided statistic (G. Cowan et al., EPJC 71 (2011) 1554, eq. 16) excludes a signal above the
estimate where its root exceeds z = Phi^-1(cl). That is the upper end of the two-sided Rolke-Lopez interval at
2 cl - 1: a one-sided 95 % limit and the upper end of a two-sided 90 % interval are one number.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.arguments import finite
from hnlpeak.statistics.constraints import Background, Efficiency, Known, Poisson
from hnlpeak.statistics.counting_table import confidence_level
from hnlpeak.statistics.interval import Interval, Status
from hnlpeak.statistics.rolke_lopez import Treatment, rolke_lopez

__all__ = ["MINIMUM_POWER", "central_value", "level_of", "one_sided", "power_constrained"]

MINIMUM_POWER = 0.5 * math.erfc(math.sqrt(0.5))
"""Phi(-1) = 0.1587."""
_CERTAIN = Known(1.0)


def one_sided(
    n: ArrayLike, *, background: Background, efficiency: Efficiency = _CERTAIN, cl: ArrayLike = 0.90
) -> Interval:
    """Upper limit on the signal rate at one-sided ``cl`` > 0.5; arguments as for ``rolke_lopez``.

    Returns an :class:`Interval` with ``lower`` 0, never empty. Raises UsageError, naming the argument.
    """
    return _upper(n, background, efficiency, cl, "bounded")


def power_constrained(
    n: ArrayLike,
    *,
    background: Background,
    efficiency: Efficiency = _CERTAIN,
    cl: ArrayLike = 0.90,
    power: ArrayLike = MINIMUM_POWER,
) -> Interval:
    """Power-constrained upper limit (G. Cowan et al., arXiv:1105.3166) at one-sided ``cl`` > 0.5.

    The limit without bound on the estimate, or, where that is smaller or no signal is left, the smallest
    signal that background alone would exclude with probability ``power``: where the root of the Asimov
    statistic of the measured background equals Phi^-1(cl) + Phi^-1(power). The default, Phi(-1), stands one
    standard deviation below the median; 0.5 stands at it.

    Returns an :class:`Interval` with ``lower`` 0; status ``SUBSTITUTED`` where the constraint holds.
    Raises UsageError as ``one_sided`` does, and for a power outside (1 - cl, 1).
    """
    free = _upper(n, background, efficiency, cl, "unbounded")
    chance, level = finite("power", power), confidence_level(cl)
    if np.any((chance <= 1.0 - level) | (chance >= 1.0)):
        raise UsageError(f"power must lie between 1 - cl and 1, got {power!r} with cl {cl!r}")
    floor = rolke_lopez(
        np.maximum(central_value(background), 0.0),
        background=background,
        efficiency=efficiency,
        cl=level_of(scipy.special.ndtri(level) + scipy.special.ndtri(chance)),
    )
    shape = np.broadcast_shapes(np.shape(free.upper), np.shape(floor.upper))
    held = ~(np.asarray(free.upper) > np.asarray(floor.upper))
    upper = np.where(held, floor.upper, free.upper)
    open_end = np.where(np.isinf(upper), Status.UNBOUNDED, Status.SUBSTITUTED)
    status = np.broadcast_to(np.where(held, open_end, free.status), shape).astype(np.int8)
    estimate = np.broadcast_to(np.asarray(free.estimate), shape).astype(np.float64)
    return Interval.of(np.zeros(shape), np.asarray(upper), estimate, status)


def central_value(background: Background) -> NDArray[np.float64]:
    """Measured background in events."""
    if isinstance(background, Poisson):
        return np.asarray(finite("y", background.y) / finite("tau", background.tau))
    return finite("background", background.value)


def level_of(deviations: ArrayLike) -> NDArray[np.float64]:
    """Two-sided confidence level of so many standard deviations > 0."""
    return np.asarray(scipy.special.erf(np.asarray(deviations, dtype=np.float64) * math.sqrt(0.5)))


def _upper(
    n: ArrayLike, background: Background, efficiency: Efficiency, cl: ArrayLike, treatment: Treatment
) -> Interval:
    level = confidence_level(cl)
    if np.any(level <= 0.5):
        raise UsageError(f"cl must lie between 0.5 and 1 for a one-sided limit, got {level.min():g}")
    found = rolke_lopez(
        n, background=background, efficiency=efficiency, cl=2.0 * level - 1.0, treatment=treatment
    )
    status = np.asarray(found.status, dtype=np.int8)
    zero = np.zeros(status.shape)
    return Interval.of(zero, np.asarray(found.upper), np.asarray(found.estimate), status)
