"""Background of each mass hypothesis from the side bands of the spectrum itself.

A smooth function is fitted to the side bands by Poisson maximum likelihood with the window left out; b is its
integral over the window. With G_j the derivatives of the expectation f_j of group j by the parameters and J
those of b,

    V = [sum_j G_j G_j^T / f_j]^-1,   sigma_stat^2 = J^T V J,   w_j = db/dn_j = J^T V G_j / f_j,

and l = sum_j w_j g_j is the leakage: the bias of b per signal event, g_j being the fraction of the signal
in group j. In V and w each f_j is at least 1/(number of groups): empty or nearly empty side bands have the
errors of one expected event, so b = 0 comes with the error that one event would have made. The systematic error
is the change of b under the alternative order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.estimation.background.bands import SidebandDesign
from hnlpeak.estimation.background.estimates import BackgroundEstimates
from hnlpeak.estimation.background.poisson_fit import (
    Workspace,
    expectations,
    fit,
    gradients,
    solve,
    workspace,
)

__all__ = [
    "EVENTS_PER_PARAMETER",
    "FAMILIES",
    "Family",
    "OrderChoice",
    "SidebandFits",
    "fit_sidebands",
    "fit_toys",
]

_B, _STAT, _ALTERNATIVE, _ORDER, _EVENTS, _DEVIANCE, _FREEDOM, _LEAKAGE, _SLOTS = range(9)

EVENTS_PER_PARAMETER = 4.0
"""Side bands with fewer events than this per parameter get a function of lower order."""

Family = Literal["polynomial", "exp-polynomial"]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""Families of functions, in the order of the codes of ``poisson_fit``."""

OrderChoice = Literal["fixed", "akaike"]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SidebandFits:
    """What many toys need of their side-band fits: arrays over (toy, mass), NaN without side bands."""

    background: Matrix
    stat: Matrix
    syst: Matrix
    leakage: Matrix

    @property
    def error(self) -> Matrix:
        """Total standard deviation of the background: ``stat`` and ``syst`` in quadrature."""
        return np.hypot(self.stat, self.syst)


@kernel
def _fit_down(
    family: int,
    counts: Vector,
    basis: Matrix,
    window: Vector,
    bins: int,
    order: int,
    start: Vector,
    theta: Vector,
    w: Workspace,
) -> int:
    """Fit ``order`` (near ``start``), or the highest below it that converges; return the order, -1 if none does."""
    if fit(family, counts, basis, window, bins, order + 1, start, theta, w):
        return order
    order -= 1
    while order >= 0:
        start[0] = math.nan
        if fit(family, counts, basis, window, bins, order + 1, start, theta, w):
            return order
        order -= 1
    return -1


@kernel
def _deviance(counts: Vector, bins: int, w: Workspace) -> float:
    total = 0.0
    for j in range(bins):
        total += 2.0 * (w.f[j] - counts[j])
        if counts[j] > 0.0:
            total += 2.0 * counts[j] * math.log(counts[j] / w.f[j])
    return max(total, 0.0)


@kernel
def _best_order(
    family: int,
    counts: Vector,
    basis: Matrix,
    window: Vector,
    bins: int,
    order: int,
    theta: Vector,
    w: Workspace,
) -> int:
    """The order up to ``order`` with the least deviance + 2 (number of parameters), Akaike's criterion."""
    best, least = 0, math.inf
    for p in range(order + 1):
        theta[0] = math.nan
        if fit(family, counts, basis, window, bins, p + 1, theta, theta, w):
            expectations(family, basis, window, bins, p + 1, theta, w)
            score = _deviance(counts, bins, w) + 2.0 * (p + 1)
            if score < least:
                best, least = p, score
    return best


@kernel
def _spread(
    family: int,
    basis: Matrix,
    window: Vector,
    signal: Vector,
    bins: int,
    order: int,
    w: Workspace,
    out: Vector,
) -> None:
    """Fill the statistical error and the leakage of the last ``expectations``."""
    size = order + 1
    floor = 1.0 / bins
    gradient, slope = gradients(family, basis, window, w)
    for p in range(size):
        for q in range(p + 1):
            w.hessian[p, q] = 0.0
    for j in range(bins):
        share = 1.0 / max(w.f[j], floor)
        for p in range(size):
            scaled = gradient[j, p] * share
            for q in range(p + 1):
                w.hessian[p, q] += scaled * gradient[j, q]
    if not solve(w.hessian, slope, size, w.step):
        return
    variance = 0.0
    for p in range(size):
        variance += slope[p] * w.step[p]
    leakage = 0.0
    for j in range(bins):
        if signal[j] > 0.0:
            weight = 0.0
            for p in range(size):
                weight += gradient[j, p] * w.step[p]
            leakage += weight / max(w.f[j], floor) * signal[j]
    out[_STAT] = math.sqrt(variance)
    out[_LEAKAGE] = leakage


@kernel
def _estimate_mass(
    family: int,
    counts: Vector,
    basis: Matrix,
    window: Vector,
    signal: Vector,
    bins: int,
    orders: tuple[int, int, bool],
    parameters: Matrix,
    w: Workspace,
    out: Vector,
) -> None:
    """Fill ``out`` and the ``parameters`` of both orders, which are the starting point if they are not NaN."""
    events, filled = 0.0, 0
    for j in range(bins):
        events += counts[j]
        filled += counts[j] > 0.0
    # a parameter needs a few events, and a fit one filled group more than it has parameters
    ceiling = max(0, min(filled - 2, int(events / EVENTS_PER_PARAMETER) - 1))
    order, alternative, choose = orders
    wanted = min(order, ceiling)
    if choose:
        wanted = _best_order(family, counts, basis, window, bins, wanted, parameters[0], w)
        alternative += wanted - order
        parameters[0, 0] = math.nan
    elif wanted < order:
        parameters[0, 0] = math.nan
    used = _fit_down(family, counts, basis, window, bins, wanted, parameters[0], parameters[0], w)
    if used < 0:
        return
    inside = expectations(family, basis, window, bins, used + 1, parameters[0], w)
    out[_B], out[_ORDER], out[_EVENTS] = inside if events > 0.0 else 0.0, used, events
    out[_FREEDOM] = bins - used - 1
    out[_DEVIANCE] = _deviance(counts, bins, w)
    _spread(family, basis, window, signal, bins, used, w, out)
    other = min(alternative, ceiling)
    if other == used or other < 0:
        other = max(0, used - 1)
    if other != alternative:
        parameters[1, 0] = math.nan
    other = _fit_down(family, counts, basis, window, bins, other, parameters[1], parameters[1], w)
    if other >= 0:
        inside = expectations(family, basis, window, bins, other + 1, parameters[1], w)
        out[_ALTERNATIVE] = inside if events > 0.0 else 0.0


@kernel
def _estimate(
    family: int,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    groups: NDArray[np.int64],
    basis: NDArray[np.float64],
    window_basis: Matrix,
    signal: Matrix,
    orders: tuple[int, int, bool],
    start: NDArray[np.float64],
    parameters: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill ``out[toy, mass]`` from the ``cumulative[toy, selection]`` counts; ``parameters`` are the last toy's."""
    counts = np.empty(first.shape[1])
    w = workspace(first.shape[1], basis.shape[2])
    for toy in range(out.shape[0]):
        for i in range(groups.size):
            bins = groups[i]
            out[toy, i] = math.nan
            parameters[i] = start[i]
            if bins == 0:
                continue
            row = cumulative[toy, rows[i]]
            for j in range(bins):
                counts[j] = row[last[i, j]] - row[first[i, j]]
            _estimate_mass(
                family,
                counts,
                basis[i],
                window_basis[i],
                signal[i],
                bins,
                orders,
                parameters[i],
                w,
                out[toy, i],
            )


def _fits(
    design: SidebandDesign,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    orders: tuple[int, int],
    family: Family,
    order_choice: OrderChoice,
    start: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slots of all (toy, mass), and the parameters of the last toy."""
    masses, _, count = design.basis.shape
    if start is None:
        start = np.full((masses, 2, count), np.nan)
    parameters = np.empty((masses, 2, count))
    out = np.empty((cumulative.shape[0], masses, _SLOTS))
    _estimate(
        FAMILIES.index(family),
        np.ascontiguousarray(cumulative, dtype=np.float64),
        np.ascontiguousarray(rows, dtype=np.int64),
        design.first,
        design.last,
        design.groups,
        design.basis,
        design.window_basis,
        design.signal,
        (*orders, order_choice == "akaike"),
        start,
        parameters,
        out,
    )
    return out, parameters


def fit_sidebands(
    design: SidebandDesign,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    *,
    order: int,
    alternative_order: int,
    family: Family = "polynomial",
    order_choice: OrderChoice = "fixed",
) -> BackgroundEstimates:
    """Return the background under each mass of ``design``.

    ``cumulative[s, i]`` is the number of events of selection ``s`` below bin edge ``i`` of the spectrum;
    ``rows[m]`` the selection of mass ``m``. Works on real-valued (weighted, Asimov) spectra too. With
    ``order_choice`` "akaike" each mass has the order up to ``order`` with the least deviance + 2 (number of
    parameters), and the alternative order keeps its distance to it.
    """
    orders = order, alternative_order
    out, _ = _fits(design, cumulative[None], rows, orders, family, order_choice, None)
    columns = [np.ascontiguousarray(out[0, :, slot]) for slot in range(_SLOTS)]
    status = []
    for i, sides in enumerate(design.sides):
        words = []
        if not math.isfinite(columns[_B][i]):
            words.append("no-side-bands")
        else:
            if columns[_ORDER][i] < order and order_choice == "fixed":
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


def fit_toys(
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    *,
    expected: Matrix,
    order: int,
    alternative_order: int,
    family: Family = "polynomial",
    order_choice: OrderChoice = "fixed",
) -> SidebandFits:
    """Return the background under each mass of ``design`` for every toy, as :func:`fit_sidebands` finds it.

    ``cumulative[t, s, i]`` are the counts of toy ``t``; ``expected[s, i]``, what they fluctuate about, only saves
    time: the fits start from those to it.
    """
    orders = order, alternative_order
    _, start = _fits(design, expected[None], rows, orders, family, "fixed", None)
    out, _ = _fits(design, cumulative, rows, orders, family, order_choice, start)
    return SidebandFits(
        background=out[..., _B],
        stat=out[..., _STAT],
        syst=np.abs(out[..., _ALTERNATIVE] - out[..., _B]),
        leakage=out[..., _LEAKAGE],
    )
