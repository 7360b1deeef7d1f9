"""Data against the sum of the background in a control region that the estimate does not use.

chi2 = r^T V^-1 r over bins, r = n - b, with the Poisson variance of b, the statistics of simulation and control
run, and one fully correlated systematic error a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Agreement", "agreement", "bins_with"]

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """``observed`` and ``expected`` events, chi2 over ``bins`` and its p-value; NaN without a bin."""

    observed: float
    expected: float
    chi2: float
    bins: int
    p_value: float


def bins_with(expected: Vector, least: float) -> NDArray[np.int64]:
    """Ends of groups of neighbouring bins with at least ``least`` expected events each: ``n + 1`` places.

    What is left over at the end joins the last group; one group at most where the sum is below ``least``.
    """
    ends, total = [0], 0.0
    for i, value in enumerate(expected):
        total += float(value)
        if total >= least:
            ends.append(i + 1)
            total = 0.0
    if len(ends) == 1:
        return np.array([0, len(expected)], dtype=np.int64)
    ends[-1] = len(expected)
    return np.array(ends, dtype=np.int64)


def agreement(
    observed: Vector, events: Mapping[str, Vector], stat: Mapping[str, Vector], syst: Mapping[str, Vector]
) -> Agreement:
    """Return the agreement of ``observed`` counts with the components' ``events`` in the same bins.

    ``stat`` are errors bin by bin, ``syst`` the shift of each bin by one standard deviation of the source.
    """
    from scipy.special import gammaincc

    b = np.sum(list(events.values()), axis=0)
    variance = b + np.sum([error**2 for error in stat.values()], axis=0)
    if not np.all(variance > 0.0):
        return Agreement(float(observed.sum()), float(b.sum()), np.nan, 0, np.nan)
    covariance = np.diag(variance)
    for shift in syst.values():
        covariance += np.outer(shift, shift)
    residual = observed - b
    chi2 = float(residual @ np.linalg.solve(covariance, residual))
    p = float(gammaincc(0.5 * len(b), 0.5 * chi2))
    return Agreement(float(observed.sum()), float(b.sum()), chi2, len(b), p)
