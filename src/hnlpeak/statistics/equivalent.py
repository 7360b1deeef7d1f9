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

    tau = b / sigma^2 and y = (b / sigma)^2, real numbers. Below one event (``sigma`` > ``b``) that tau falls to 0 with
    b, a control region in which nothing would say nothing: there ``sigma`` is taken as the error that one event would
    have made, tau = 1 / sigma and y = b / sigma, which joins the other rule at b = sigma. Arguments broadcast.
    Raises UsageError for b < 0 or sigma <= 0, and where tau is beyond the range of numbers.
    """
    estimate, error = table(not_negative("b", b), positive("sigma", sigma))
    events = np.maximum(estimate / error, 1.0)
    tau = events / error
    if not np.all((tau > 0.0) & np.isfinite(tau)):
        raise UsageError("b / sigma^2 is beyond the range of numbers")
    return Poisson(estimate / error * events, tau)
