"""Background of each mass hypothesis from the side bands of the spectrum itself.

Smooth functions are fitted to the side bands by Poisson maximum likelihood with the window left out; b is their
integral over the window. With G_j the derivatives of the expectation f_j of group j by the parameters and J
those of b,

    V = [sum_j G_j G_j^T / f_j]^-1,   sigma_stat^2 = J^T V J,   w_j = db/dn_j = J^T V G_j / f_j,

and l = sum_j w_j g_j is the leakage: the bias of b per signal event, g_j being the fraction of the signal
in group j. In V and w each f_j is at least 1/(number of groups): empty or nearly empty side bands have the
errors of one expected event, so b = 0 comes with the error that one event would have made. Which functions are fitted,
and how b and its systematic error come from all of them, is in :mod:`~hnlpeak.background.functions`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SHORT_SIDE, SidebandDesign
from hnlpeak.background.functions import (
    DEVIANCE,
    DISFAVOURED,
    ESTIMATE,
    EVENTS_PER_PARAMETER,
    FAMILIES,
    LEAKAGE,
    ORDER,
    ROW,
    STAT,
    Family,
    OrderChoice,
    SidebandModel,
    weigh,
)
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
from hnlpeak.core.copying import copy_rows
from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel

__all__ = [
    "SLOTS",
    "TOY_SLOTS",
    "FittedFunctions",
    "SidebandEstimates",
    "estimate_mass",
    "fit_functions",
    "fit_sidebands",
    "fit_slots",
    "goodness_of_fit",
    "wanted_orders",
]

(
    _B,
    _STAT,
    _SYST,
    _ALTERNATIVE,
    _ORDER,
    _BASE,
    _EVENTS,
    _DEVIANCE,
    _FREEDOM,
    _LEAKAGE,
    _WEIGHT,
    _SHIFT,
    _SPREAD,
    SLOTS,
) = range(14)

TOY_SLOTS = (_B, _STAT, _SYST, _LEAKAGE)
"""Slots of what toys need: background, its errors, leakage."""

POOR_FIT = 1e-4
"""A fit with a smaller probability of its deviance is called poor."""

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SidebandEstimates:
    """Side-band fits of all masses, one number a mass; NaN where there are no side bands.

    ``background`` in the window with its ``stat`` and ``syst`` errors, ``alternative`` that of the alternative order;
    ``order`` of the function in use (the weightiest of an average), with its ``deviance`` over ``degrees_of_freedom``;
    ``events`` in the side bands; ``leakage``: bias of the background per event of the full signal peak;
    ``own_weight``, ``shift`` and ``spread``: see :mod:`~hnlpeak.background.functions`. ``status``: ``ok`` or
    ``order-lowered`` (too few events for the order of the card), ``one-sided`` (the limits leave only one side: b is
    extrapolated), ``short-side-band`` (one side is shorter than ``bands.SHORT_SIDE`` resolutions),
    ``function-matters`` (the side bands prefer other functions than the card's), ``no-side-bands``, ``poor-fit``.
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
    own_weight: Vector
    shift: Vector
    spread: Vector
    status: tuple[str, ...]

    @property
    def error(self) -> Vector:
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
def _spread(data: Groups, signal: Vector, order: int, w: Workspace, row: Vector) -> None:
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
    row[STAT] = math.sqrt(variance)
    row[LEAKAGE] = leakage


@kernel
def _fit_one(
    data: Groups,
    signal: Vector,
    order: int,
    start: Vector,
    theta: Vector,
    lower: bool,
    w: Workspace,
    row: Vector,
) -> bool:
    """Fill the ``row`` of one function; a ``lower`` order may take its place where it does not converge."""
    if lower:
        order = _fit_down(data, order, start, theta, w)
    elif not fit(data, order + 1, start, theta, w):
        order = -1
    if order < 0:
        return False
    row[ESTIMATE] = expectations(data, order + 1, theta, w)
    row[ORDER], row[DEVIANCE] = order, _deviance(data, w)
    row[STAT], row[LEAKAGE] = math.nan, math.nan
    _spread(data, signal, order, w, row)
    return math.isfinite(row[STAT])


@kernel
def _known(rows: Matrix, functions: NDArray[np.int64], order: int, k: int) -> bool:
    """Whether an earlier function than ``k`` is that of its family and ``order``; constants are of both families."""
    for other in range(k):
        if rows[other, ORDER] == order and (order == 0 or functions[other, 0] == functions[k, 0]):
            return True
    return False


@kernel
def estimate_mass(
    data: Groups,
    signal: Vector,
    base: int,
    functions: NDArray[np.int64],
    average: bool,
    parameters: Matrix,
    w: Workspace,
    rows: Matrix,
    weights: Vector,
    out: Vector,
) -> None:
    """Fill ``out``, ``rows``, ``weights``, and the ``parameters`` of all functions: the fits start there unless NaN."""
    events, filled = 0.0, 0
    for j in range(data.bins):
        events += data.counts[j]
        filled += data.counts[j] > 0.0
    # a parameter needs a few events, and a fit one filled group more than it has parameters
    used = min(base, max(0, min(filled - 2, int(events / EVENTS_PER_PARAMETER) - 1)))
    for k in range(len(functions)):
        order = max(0, used + functions[k, 1])
        if k > 0:
            # a constant is of both families
            order = max(order, 1) if functions[k, 0] != functions[0, 0] else order
            if order + 1 > data.bins or _known(rows, functions, order, k):
                continue
        if order != base + functions[k, 1]:
            parameters[k, 0] = math.nan
        tried = Groups(functions[k, 0], data.counts, data.basis, data.window, data.bins)
        good = _fit_one(tried, signal, order, parameters[k], parameters[k], k == 0, w, rows[k])
        if k == 0 and not good:
            return
        if not good:
            rows[k, ESTIMATE], rows[k, ORDER] = math.nan, math.nan
        elif events == 0.0:
            rows[k, ESTIMATE] = 0.0
        if k == 0:
            used = int(rows[0, ORDER])
    found = weigh(rows, average, weights)
    out[_B], out[_SYST], out[_LEAKAGE], out[_SHIFT] = found.estimate, found.syst, found.leakage, found.shift
    out[_SPREAD] = found.spread
    out[_STAT], out[_WEIGHT], out[_BASE], out[_EVENTS] = rows[0, STAT], found.own_weight, used, events
    out[_ORDER], out[_DEVIANCE] = rows[found.leader, ORDER], rows[found.leader, DEVIANCE]
    out[_FREEDOM] = data.bins - out[_ORDER] - 1
    out[_ALTERNATIVE] = rows[1, ESTIMATE] if len(functions) > 1 else math.nan


@kernel
def _estimate(
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    orders: NDArray[np.int64],
    functions: NDArray[np.int64],
    average: bool,
    start: NDArray[np.float64],
    parameters: NDArray[np.float64],
    fitted: NDArray[np.float64],
    weights: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill ``out[toy, mass]`` from the ``cumulative[toy, selection]`` counts; what else is filled is the last toy's."""
    counts = np.empty(design.first.shape[1])
    w = workspace(design.first.shape[1], design.basis.shape[2])
    for toy in range(out.shape[0]):
        for i in range(design.groups.size):
            bins = design.groups[i]
            out[toy, i], fitted[i], weights[i] = math.nan, math.nan, 0.0
            copy_rows(start[i], parameters[i])
            if bins == 0:
                continue
            row = cumulative[toy, rows[i]]
            for j in range(bins):
                counts[j] = row[design.last[i, j]] - row[design.first[i, j]]
            data = Groups(functions[0, 0], counts, design.basis[i], design.window_basis[i], bins)
            estimate_mass(
                data,
                design.signal[i],
                orders[toy, i],
                functions,
                average,
                parameters[i],
                w,
                fitted[i],
                weights[i],
                out[toy, i],
            )


@dataclass(frozen=True, eq=False)
class FittedFunctions:
    """Functions fitted to the side bands of each mass: ``weights[mass, function]`` of those that b is made of.

    ``families[function]``, ``orders[mass, function]`` (-1 where there is none), ``parameters[mass, function, p]`` of
    powers of t (see :mod:`~hnlpeak.background.bands`).
    """

    families: tuple[Family, ...]
    orders: NDArray[np.int64]
    weights: Matrix
    parameters: NDArray[np.float64]


def fit_slots(
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    orders: NDArray[np.int64],
    functions: NDArray[np.int64],
    *,
    average: bool = False,
    start: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], FittedFunctions]:
    """Slots of all (toy, mass), and the functions of the last toy; ``orders`` broadcast to (toy, mass).

    ``UsageError`` for functions of higher orders than the ``design`` is made for.
    """
    masses, _, count = design.basis.shape
    most = int(np.max(orders, initial=0)) + int(np.max(functions[:, 1]))
    if most >= count:
        # compiled code would read and write beyond its arrays
        raise UsageError(f"side bands laid out for functions up to order {count - 1}, asked for {most}")
    parameters = np.empty((masses, len(functions), count))
    if start is None:
        start = np.full_like(parameters, np.nan)
    fitted, weights = np.empty((masses, len(functions), ROW)), np.empty((masses, len(functions)))
    out = np.empty((cumulative.shape[0], masses, SLOTS))
    _estimate(
        design,
        np.ascontiguousarray(cumulative, dtype=np.float64),
        np.ascontiguousarray(rows, dtype=np.int64),
        np.ascontiguousarray(np.broadcast_to(orders, out.shape[:2]), dtype=np.int64),
        np.ascontiguousarray(functions, dtype=np.int64),
        average,
        start,
        parameters,
        fitted,
        weights,
        out,
    )
    found = FittedFunctions(
        tuple(FAMILIES[code] for code in functions[:, 0]),
        np.nan_to_num(fitted[..., ORDER], nan=-1.0).astype(np.int64),
        weights,
        parameters,
    )
    return out, found


def wanted_orders(
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    model: SidebandModel,
) -> NDArray[np.int64]:
    """The order of each (toy, mass), before it is lowered."""
    if model.order_choice != "akaike":
        return np.array(model.order)
    alone = model.functions()[:1]
    tried = [fit_slots(design, cumulative, rows, np.array(p), alone)[0] for p in range(model.order + 1)]
    # an order that was lowered is the one below and not better
    scores = np.array([out[..., _DEVIANCE] + 2.0 * (p + 1) for p, out in enumerate(tried)])
    return np.asarray(np.argmin(np.where(np.isnan(scores), np.inf, scores), axis=0), dtype=np.int64)


def fit_sidebands(
    design: SidebandDesign,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    *,
    order: int,
    alternative_order: int,
    family: Family = "polynomial",
    order_choice: OrderChoice = "average",
) -> SidebandEstimates:
    """Return the background under each mass of ``design``.

    ``cumulative[s, i]`` is the number of events of selection ``s`` below bin edge ``i`` of the spectrum;
    ``rows[m]`` the selection of mass ``m``. Works on real-valued (weighted, Asimov) spectra too. What the other
    arguments mean: :class:`~hnlpeak.background.functions.SidebandModel`. ``UsageError`` for orders that the ``design``
    is not made for: it has room for ``order`` + 2 and ``alternative_order`` of its card.
    """
    model = SidebandModel(order, alternative_order, family, order_choice)
    wanted = wanted_orders(design, cumulative[None], rows, model)
    out, _ = fit_slots(
        design, cumulative[None], rows, wanted, model.functions(), average=model.order_choice == "average"
    )
    columns = [np.ascontiguousarray(out[0, :, slot]) for slot in range(SLOTS)]
    return SidebandEstimates(
        background=columns[_B],
        stat=columns[_STAT],
        syst=columns[_SYST],
        alternative=columns[_ALTERNATIVE],
        order=columns[_ORDER],
        events=columns[_EVENTS],
        deviance=columns[_DEVIANCE],
        degrees_of_freedom=columns[_FREEDOM],
        leakage=columns[_LEAKAGE],
        own_weight=columns[_WEIGHT],
        shift=columns[_SHIFT],
        spread=columns[_SPREAD],
        status=_status(design, columns, np.broadcast_to(wanted, out.shape[:2])[0]),
    )


def _status(design: SidebandDesign, columns: list[Vector], wanted: NDArray[np.int64]) -> tuple[str, ...]:
    """Words for what is out of the ordinary at each mass."""
    said = {
        "order-lowered": columns[_BASE] < wanted,
        "one-sided": design.sides == 1,
        "short-side-band": (design.sides == 2) & (design.shorter < SHORT_SIDE),
        "function-matters": (columns[_SHIFT] > columns[_STAT]) & (columns[_WEIGHT] < DISFAVOURED),
        "poor-fit": goodness_of_fit(columns[_DEVIANCE], columns[_FREEDOM]) < POOR_FIT,
    }
    some = np.isfinite(columns[_B])
    return tuple(
        (" ".join(word for word, where in said.items() if where[i]) or "ok") if some[i] else "no-side-bands"
        for i in range(some.size)
    )


def fit_functions(design: SidebandDesign, cumulative: Vector, model: SidebandModel) -> FittedFunctions:
    """Return the functions that make the background of each mass; ``cumulative`` counts serve all masses."""
    rows = np.zeros(design.groups.size, dtype=np.int64)
    counts = cumulative[None, None]
    wanted = wanted_orders(design, counts, rows, model)
    return fit_slots(
        design, counts, rows, wanted, model.functions(), average=model.order_choice == "average"
    )[1]
