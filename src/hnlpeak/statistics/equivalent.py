"""A background estimate b +- sigma as the control measurement that would have made it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.arguments import not_negative, positive, table
from hnlpeak.statistics.constraints import Poisson

__all__ = ["equivalent_poisson"]


def equivalent_poisson(b: ArrayLike, sigma: ArrayLike) -> Poisson:
    """Return Poisson(y, tau) with the estimate y / tau = ``b`` and its standard deviation sqrt(y) / tau = ``sigma``.

    tau = b / sigma^2 and y = (b / sigma)^2, real numbers. For b = 0 these say nothing, and sigma is taken as the
    error that one event of the control region would have made: y = 0, tau = 1 / sigma. Arguments broadcast.
    Raises UsageError for b < 0 or sigma <= 0, and where tau is beyond the range of numbers.
    """
    estimate, error = table(not_negative("b", b), positive("sigma", sigma))
    tau = np.where(estimate > 0.0, estimate / error / error, 1.0 / error)
    if not np.all((tau > 0.0) & np.isfinite(tau)):
        raise UsageError("b / sigma^2 is beyond the range of numbers")
    return Poisson((estimate / error) ** 2, tau)
