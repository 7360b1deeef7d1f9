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

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.poisson_fit import (
    Groups,
    Workspace,
    add_sums,
    expectations,
    fit,
    gradients,
    solve,
    workspace,
)
from hnlpeak.core.kernel import kernel

__all__ = [
    "EVENTS_PER_PARAMETER",
    "FAMILIES",
    "Family",
    "OrderChoice",
    "SidebandEstimates",
    "SidebandFits",
    "SidebandModel",
    "fit_functions",
    "fit_sidebands",
    "fit_toys",
    "goodness_of_fit",
]

_B, _STAT, _ALTERNATIVE, _ORDER, _EVENTS, _DEVIANCE, _FREEDOM, _LEAKAGE, _SLOTS = range(9)

POOR_FIT = 1e-4
"""A fit with a smaller probability of its deviance is called poor."""

EVENTS_PER_PARAMETER = 4.0
"""Side bands with fewer events than this per parameter get a function of lower order."""

Family = Literal["polynomial", "exp-polynomial"]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""Families of functions, in the order of the codes of ``poisson_fit``."""

OrderChoice = Literal["fixed", "akaike"]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class SidebandModel:
    """The functions that are fitted: see :func:`fit_sidebands`."""

    order: int
    alternative_order: int
    family: Family = "polynomial"
    order_choice: OrderChoice = "fixed"


@dataclass(frozen=True, eq=False)
class SidebandEstimates:
    """Side-band fits of all masses, one number a mass; NaN where there are no side bands.

    ``background`` in the window with its ``stat`` and ``syst`` errors, ``alternative`` with the alternative order;
    ``order`` in use; ``events`` in the side bands; ``deviance`` over ``degrees_of_freedom``; ``leakage``: bias of the
    background per event of the full signal peak. ``status``: ``ok`` or ``order-lowered`` (too few events for the order
    of the card), ``one-sided`` (the limits leave only one side: b is extrapolated), ``no-side-bands``, ``poor-fit``.
    """

    background: Vector
    stat: Vector
    syst: Vector
    alternative: Vector
    order: Vector
    events: Vector
    deviance: Vector
    degrees_of_freedom: Vector
    leakage: Vector
    status: tuple[str, ...]

    @property
    def error(self) -> Vector:
        """Total standard deviation of the background: ``stat`` and ``syst`` in quadrature."""
        return np.hypot(self.stat, self.syst)


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


def goodness_of_fit(deviance: Vector, degrees_of_freedom: Vector) -> Vector:
    """Return the probability of a larger deviance by chance; NaN without degrees of freedom.

    That of the chi2 distribution: to be trusted where the groups hold a few events each.
    """
    from scipy.special import gammaincc

    some = degrees_of_freedom > 0.0
    half = np.where(some, 0.5 * degrees_of_freedom, 1.0)
    return np.where(some, gammaincc(half, 0.5 * np.where(some, deviance, 0.0)), np.nan)


@kernel
def _fit_down(data: Groups, order: int, start: Vector, theta: Vector, w: Workspace) -> int:
    """Fit ``order`` (near ``start``), or the highest below it that converges; return the order, -1 if none does."""
    while order >= 0:
        if fit(data, order + 1, start, theta, w):
            return order
        start[0] = math.nan
        order -= 1
    return -1


@kernel
def _deviance(data: Groups, w: Workspace) -> float:
    total = 0.0
    for j in range(data.bins):
        n = data.counts[j]
        total += 2.0 * (w.f[j] - n)
        if n > 0.0:
            total += 2.0 * n * math.log(n / w.f[j])
    return max(total, 0.0)


@kernel
def _spread(data: Groups, signal: Vector, order: int, w: Workspace, out: Vector) -> None:
    """Fill the statistical error and the leakage of the last ``expectations``."""
    size = order + 1
    floor = 1.0 / data.bins
    gradient, slope = gradients(data, w)
    for p in range(size):
        w.downhill[p] = 0.0
        for q in range(p + 1):
            w.hessian[p, q] = 0.0
    for j in range(data.bins):
        w.pull[j] = 0.0
        w.weight[j] = 1.0 / max(w.f[j], floor)
    add_sums(gradient, w.pull, w.weight, data.bins, size, w.downhill, w.hessian)
    if not solve(w.hessian, slope, size, w.step):
        return
    variance = 0.0
    for p in range(size):
        variance += slope[p] * w.step[p]
    leakage = 0.0
    for j in range(data.bins):
        if signal[j] > 0.0:
            weight = 0.0
            for p in range(size):
                weight += gradient[j, p] * w.step[p]
            leakage += weight * w.weight[j] * signal[j]
    out[_STAT] = math.sqrt(variance)
    out[_LEAKAGE] = leakage


@kernel
def _estimate_mass(
    data: Groups,
    signal: Vector,
    orders: NDArray[np.int64],
    parameters: Matrix,
    w: Workspace,
    out: Vector,
) -> None:
    """Fill ``out`` and the ``parameters`` of both orders, which are the starting point if they are not NaN."""
    events, filled = 0.0, 0
    for j in range(data.bins):
        events += data.counts[j]
        filled += data.counts[j] > 0.0
    # a parameter needs a few events, and a fit one filled group more than it has parameters
    ceiling = max(0, min(filled - 2, int(events / EVENTS_PER_PARAMETER) - 1))
    used = -1
    for k in range(2):
        order = min(orders[k], ceiling)
        if k == 1 and order == used:
            order = max(0, used - 1)
        if order != orders[k]:
            parameters[k, 0] = math.nan
        order = _fit_down(data, order, parameters[k], parameters[k], w)
        if order < 0:
            return
        inside = expectations(data, order + 1, parameters[k], w)
        if events == 0.0:
            inside = 0.0
        if k == 1:
            out[_ALTERNATIVE] = inside
            return
        used = order
        out[_B], out[_ORDER], out[_EVENTS] = inside, used, events
        out[_FREEDOM] = data.bins - used - 1
        out[_DEVIANCE] = _deviance(data, w)
        _spread(data, signal, used, w, out)


@kernel
def _estimate(
    family: int,
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    orders: NDArray[np.int64],
    start: NDArray[np.float64],
    parameters: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill ``out[toy, mass]`` from the ``cumulative[toy, selection]`` counts; ``parameters`` are the last toy's."""
    counts = np.empty(design.first.shape[1])
    w = workspace(design.first.shape[1], design.basis.shape[2])
    for toy in range(out.shape[0]):
        for i in range(design.groups.size):
            bins = design.groups[i]
            out[toy, i] = math.nan
            parameters[i] = start[i]
            if bins == 0:
                continue
            row = cumulative[toy, rows[i]]
            for j in range(bins):
                counts[j] = row[design.last[i, j]] - row[design.first[i, j]]
            data = Groups(family, counts, design.basis[i], design.window_basis[i], bins)
            _estimate_mass(data, design.signal[i], orders[toy, i], parameters[i], w, out[toy, i])


def _fits(
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    orders: NDArray[np.int64],
    family: Family,
    start: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slots of all (toy, mass), and the parameters of the last toy; ``orders`` broadcast to (toy, mass, 2)."""
    masses, _, count = design.basis.shape
    if start is None:
        start = np.full((masses, 2, count), np.nan)
    parameters = np.empty((masses, 2, count))
    out = np.empty((cumulative.shape[0], masses, _SLOTS))
    _estimate(
        FAMILIES.index(family),
        design,
        np.ascontiguousarray(cumulative, dtype=np.float64),
        np.ascontiguousarray(rows, dtype=np.int64),
        np.ascontiguousarray(np.broadcast_to(orders, (*out.shape[:2], 2)), dtype=np.int64),
        start,
        parameters,
        out,
    )
    return out, parameters


def _orders(
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    model: SidebandModel,
) -> NDArray[np.int64]:
    """The order and the alternative order of each (toy, mass)."""
    orders = np.array([model.order, model.alternative_order])
    if model.order_choice == "fixed":
        return orders
    tried = [_fits(design, cumulative, rows, np.full(2, p), model.family)[0] for p in range(model.order + 1)]
    # Akaike's criterion; an order that was lowered is the one below and not better
    scores = np.array([out[..., _DEVIANCE] + 2.0 * (p + 1) for p, out in enumerate(tried)])
    best = np.argmin(np.where(np.isnan(scores), np.inf, scores), axis=0)
    found = np.stack([best, best + model.alternative_order - model.order], axis=-1)
    return np.asarray(np.maximum(found, 0), dtype=np.int64)


def fit_sidebands(
    design: SidebandDesign,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    *,
    order: int,
    alternative_order: int,
    family: Family = "polynomial",
    order_choice: OrderChoice = "fixed",
) -> SidebandEstimates:
    """Return the background under each mass of ``design``.

    ``cumulative[s, i]`` is the number of events of selection ``s`` below bin edge ``i`` of the spectrum;
    ``rows[m]`` the selection of mass ``m``. Works on real-valued (weighted, Asimov) spectra too. With
    ``order_choice`` "akaike" each mass has the order up to ``order`` with the least deviance + 2 (number of
    parameters), and the alternative order keeps its distance to it.
    """
    model = SidebandModel(order, alternative_order, family, order_choice)
    wanted = _orders(design, cumulative[None], rows, model)
    out, _ = _fits(design, cumulative[None], rows, wanted, family)
    columns = [np.ascontiguousarray(out[0, :, slot]) for slot in range(_SLOTS)]
    lowered = columns[_ORDER] < np.broadcast_to(wanted, (*out.shape[:2], 2))[0, :, 0]
    poor = goodness_of_fit(columns[_DEVIANCE], columns[_FREEDOM]) < POOR_FIT
    status = []
    for i, sides in enumerate(design.sides):
        words = []
        if not math.isfinite(columns[_B][i]):
            words.append("no-side-bands")
        else:
            if lowered[i]:
                words.append("order-lowered")
            if sides == 1:
                words.append("one-sided")
            if poor[i]:
                words.append("poor-fit")
        status.append(" ".join(words) or "ok")
    return SidebandEstimates(
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


def fit_functions(
    design: SidebandDesign, cumulative: Vector, model: SidebandModel
) -> tuple[NDArray[np.int64], Matrix]:
    """Return the order used for each mass (-1 where there is no fit) and the parameters, shape (mass, parameter).

    ``cumulative`` counts of one selection serve all masses. Parameters are those of powers of t, see
    :mod:`~hnlpeak.background.bands`.
    """
    rows = np.zeros(design.groups.size, dtype=np.int64)
    counts = cumulative[None, None]
    out, parameters = _fits(design, counts, rows, _orders(design, counts, rows, model), model.family)
    used = np.nan_to_num(out[0, :, _ORDER], nan=-1.0).astype(np.int64)
    return used, np.ascontiguousarray(parameters[:, 0])


def fit_toys(
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    model: SidebandModel,
    *,
    expected: Matrix,
) -> SidebandFits:
    """Return the background under each mass of ``design`` for every toy, as :func:`fit_sidebands` finds it.

    ``cumulative[t, s, i]`` are the counts of toy ``t``; ``expected[s, i]``, what they fluctuate about, only saves
    time: the fits start from those to it.
    """
    fixed = np.array([model.order, model.alternative_order])
    start = None
    if model.order_choice == "fixed":
        _, start = _fits(design, expected[None], rows, fixed, model.family)
    out, _ = _fits(design, cumulative, rows, _orders(design, cumulative, rows, model), model.family, start)
    return SidebandFits(
        background=out[..., _B],
        stat=out[..., _STAT],
        syst=np.abs(out[..., _ALTERNATIVE] - out[..., _B]),
        leakage=out[..., _LEAKAGE],
    )
