"""Background of each mass hypothesis from the side bands of the spectrum itself.

A polynomial is fitted to the side bands by Poisson maximum likelihood with the window left out; b is its
integral over the window. With M_j the integrals of the powers over group j and J those over the window,

    V = [sum_j M_j M_j^T / f_j]^-1,   sigma_stat^2 = J^T V J,   w_j = db/dn_j = J^T V M_j / f_j,

and l = sum_j w_j g_j is the leakage: the bias of b per signal event, g_j being the fraction of the signal
in group j. In V each f_j is at least 1/(number of groups): empty or nearly empty side bands have the errors
of one expected event, so b = 0 comes with the error that one event would have made. The systematic error is
the change of b under the alternative order.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.estimation.background.bands import SidebandDesign
from hnlpeak.estimation.background.estimates import BackgroundEstimates
from hnlpeak.estimation.background.poisson_fit import fit_polynomial, solve

__all__ = ["EVENTS_PER_PARAMETER", "fit_sidebands"]

_B, _STAT, _ALTERNATIVE, _ORDER, _EVENTS, _DEVIANCE, _FREEDOM, _LEAKAGE, _SLOTS = range(9)

EVENTS_PER_PARAMETER = 4.0
"""Side bands with fewer events than this per parameter get a polynomial of lower order."""

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@kernel
def _fit_down(
    counts: Vector,
    basis: Matrix,
    window: Vector,
    bins: int,
    order: int,
    theta: Vector,
    step: Vector,
    downhill: Vector,
    hessian: Matrix,
) -> int:
    """Fit ``order``, or the highest below it that converges; return the order, -1 if none does."""
    while order >= 0:
        if fit_polynomial(counts, basis, window, bins, order + 1, theta, step, downhill, hessian):
            return order
        order -= 1
    return -1


@kernel
def _window_sum(window: Vector, theta: Vector, order: int) -> float:
    total = 0.0
    for p in range(order + 1):
        total += window[p] * theta[p]
    return total


@kernel
def _spread(
    counts: Vector,
    basis: Matrix,
    window: Vector,
    signal: Vector,
    bins: int,
    order: int,
    theta: Vector,
    step: Vector,
    information: Matrix,
    out: Vector,
) -> None:
    """Fill the statistical error, the leakage and the deviance of a fit."""
    size = order + 1
    floor = 1.0 / bins
    for p in range(size):
        for q in range(p + 1):
            information[p, q] = 0.0
    deviance = 0.0
    for j in range(bins):
        f = _window_sum(basis[j], theta, order)
        deviance += 2.0 * (f - counts[j])
        if counts[j] > 0.0:
            deviance += 2.0 * counts[j] * math.log(counts[j] / f)
        f = max(f, floor)
        for p in range(size):
            for q in range(p + 1):
                information[p, q] += basis[j, p] * basis[j, q] / f
    out[_DEVIANCE] = max(deviance, 0.0)
    if not solve(information, window, size, step):
        out[_STAT] = math.nan
        return
    out[_STAT] = math.sqrt(_window_sum(window, step, order))
    leakage = 0.0
    for j in range(bins):
        f = max(_window_sum(basis[j], theta, order), floor)
        leakage += _window_sum(basis[j], step, order) / f * signal[j]
    out[_LEAKAGE] = leakage


@kernel
def _estimate(
    cumulative: Matrix,
    rows: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    groups: NDArray[np.int64],
    basis: NDArray[np.float64],
    window_basis: Matrix,
    signal: Matrix,
    order: int,
    alternative: int,
    out: Matrix,
) -> None:
    """Fill one row of ``out`` per mass from the ``cumulative`` counts of the row of its selection."""
    most = max(order, alternative) + 1
    counts = np.empty(first.shape[1])
    theta, step, downhill = np.empty(most), np.empty(most), np.empty(most)
    matrix = np.empty((most, most))
    for i in range(groups.size):
        bins = groups[i]
        out[i] = math.nan
        if bins == 0:
            continue
        events, filled = 0.0, 0
        for j in range(bins):
            counts[j] = cumulative[rows[i], last[i, j]] - cumulative[rows[i], first[i, j]]
            events += counts[j]
            filled += counts[j] > 0.0
        # a parameter needs a few events, and a fit one filled group more than it has parameters
        ceiling = max(0, min(filled - 2, int(events / EVENTS_PER_PARAMETER) - 1))
        used = _fit_down(
            counts, basis[i], window_basis[i], bins, min(order, ceiling), theta, step, downhill, matrix
        )
        if used < 0:
            continue
        b = _window_sum(window_basis[i], theta, used) if events > 0.0 else 0.0
        out[i, _B], out[i, _ORDER], out[i, _EVENTS] = b, used, events
        out[i, _FREEDOM] = bins - used - 1
        _spread(counts, basis[i], window_basis[i], signal[i], bins, used, theta, step, matrix, out[i])
        other = min(alternative, ceiling)
        if other == used:
            other = max(0, used - 1)
        other = _fit_down(counts, basis[i], window_basis[i], bins, other, theta, step, downhill, matrix)
        if other >= 0:
            out[i, _ALTERNATIVE] = _window_sum(window_basis[i], theta, other) if events > 0.0 else 0.0


def fit_sidebands(
    design: SidebandDesign,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    *,
    order: int,
    alternative_order: int,
) -> BackgroundEstimates:
    """Return the background under each mass of ``design``.

    ``cumulative[s, i]`` is the number of events of selection ``s`` below bin edge ``i`` of the spectrum;
    ``rows[m]`` the selection of mass ``m``. Works on real-valued (weighted, Asimov) spectra too.
    """
    out = np.empty((design.groups.size, _SLOTS))
    _estimate(
        np.ascontiguousarray(cumulative, dtype=np.float64),
        np.ascontiguousarray(rows, dtype=np.int64),
        design.first,
        design.last,
        design.groups,
        design.basis,
        design.window_basis,
        design.signal,
        order,
        alternative_order,
        out,
    )
    columns = [np.ascontiguousarray(out[:, slot]) for slot in range(_SLOTS)]
    status = []
    for i, sides in enumerate(design.sides):
        words = []
        if not math.isfinite(columns[_B][i]):
            words.append("no-side-bands")
        else:
            if columns[_ORDER][i] < order:
                words.append("order-lowered")
            if sides == 1:
                words.append("one-sided")
        status.append(" ".join(words) or "ok")
    return BackgroundEstimates(
        background=columns[_B],
        stat=columns[_STAT],
        syst=np.abs(columns[_ALTERNATIVE] - columns[_B]),
        alternative=columns[_ALTERNATIVE],
        order=columns[_ORDER],
        events=columns[_EVENTS],
        deviance=columns[_DEVIANCE],
        degrees_of_freedom=columns[_FREEDOM],
        leakage=columns[_LEAKAGE],
        status=tuple(status),
    )
