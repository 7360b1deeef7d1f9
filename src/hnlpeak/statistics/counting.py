"""One counting experiment as kernels see it: a count and the numbers that constrain its nuisance parameters.

Two kinds of background and two of efficiency cover all nine models: a known parameter is a Gaussian one with
variance 0. The other kind of each has ``tau`` or ``trials`` not None, and since that is part of the type,
kernels are compiled only for the kinds that are used.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Counting"]


class Counting(NamedTuple):
    """In units of expected signal counts t = mu * (measured efficiency).

    - ``n``: observed count, real, >= 0.
    - ``b``: measured background; ``variance`` its variance (y / tau^2 where Poisson).
    - ``y``, ``tau``: count of the control measurement y ~ Poisson(tau b), and tau > 0; or 0 and None.
    - ``r2``: squared relative error of the efficiency (1/z - 1/m where binomial).
    - ``successes``, ``trials``: z ~ Binomial(m, e), 0 < z <= m; or 0 and None.
    - ``physical``: whether Gaussian background and efficiency are restricted to values >= 0; ``b`` >= 0 then.
    """

    n: float
    b: float
    variance: float
    y: float
    tau: float | None
    r2: float
    successes: float
    trials: float | None
    physical: bool
