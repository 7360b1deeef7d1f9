"""Side-band fits of many toys: in lanes where the fits come to rest like those to the expectation, else one by one.

All toys of a mass have the same bands, functions and start (the fits to what the toys fluctuate about), so that they
are fitted beside each other (``lane_fits``). Those that have too few events for the order of the card, and those whose
steps do not contract, go through the plain code of ``sideband_fit``; so do all where the order depends on the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.functions import (
    DEVIANCE,
    ESTIMATE,
    EVENTS_PER_PARAMETER,
    LEAKAGE,
    ORDER,
    ROW,
    STAT,
    SidebandModel,
    weigh,
)
from hnlpeak.background.lane_fits import LANES, Lanes, lane_fit, lanes
from hnlpeak.background.poisson_fit import Groups, workspace
from hnlpeak.background.sideband_fit import SLOTS, TOY_SLOTS, estimate_mass, fit_slots, wanted_orders
from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel

__all__ = ["SidebandFits", "fit_toys", "toy_start"]

_B, _STAT, _SYST, _LEAKAGE = range(4)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Whole = NDArray[np.int64]


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
def _sizes(functions: Whole, start: Matrix, order: int, bins: int, sizes: Whole) -> bool:
    """Fill the parameters of each function, 0 for one that is there already; False where one has no start."""
    for k in range(len(functions)):
        # a constant is of both families
        other = k > 0 and functions[k, 0] != functions[0, 0]
        wanted = max(order + functions[k, 1], 1 if other else 0)
        sizes[k] = wanted + 1 if wanted + 1 <= bins or k == 0 else 0
        for earlier in range(k):
            same = wanted == 0 or functions[earlier, 0] == functions[k, 0]
            if sizes[earlier] == wanted + 1 and same:
                sizes[k] = 0
        if sizes[k] > 0 and (wanted != order + functions[k, 1] or not math.isfinite(start[k, 0])):
            return False
    return True


@kernel
def _fill(
    design: SidebandDesign,
    cumulative: Matrix,
    more: Whole | None,
    i: int,
    first: int,
    order: int,
    plain: Whole,
    w: Lanes,
) -> None:
    """Counts of the toys from ``first`` on; those that are not for lanes are marked as ``plain``."""
    toys = min(LANES, cumulative.shape[1] - first)
    events, filled = np.zeros(LANES), np.zeros(LANES)
    for j in range(design.groups[i]):
        low, high = cumulative[design.first[i, j]], cumulative[design.last[i, j]]
        counts = w.counts[j]
        for x in range(toys):
            counts[x] = high[first + x] - low[first + x]
        if more is not None:
            for x in range(toys):
                counts[x] += more[i, j, first + x]
        counts[toys:] = counts[toys - 1]
        for x in range(LANES):
            events[x] += counts[x]
            filled[x] += 1.0 if counts[x] > 0.0 else 0.0
    for x in range(LANES):
        # a parameter needs a few events, and a fit one filled group more than it has parameters
        room = min(int(filled[x]) - 2, int(events[x] / EVENTS_PER_PARAMETER) - 1)
        plain[x] = room < order or events[x] == 0.0


@kernel
def _in_lanes(
    design: SidebandDesign,
    functions: Whole,
    sizes: Whole,
    start: Matrix,
    average: bool,
    i: int,
    plain: Whole,
    w: Lanes,
    fitted: NDArray[np.float64],
    weights: Vector,
    out: Matrix,
) -> None:
    """Fill ``out[toy]`` for the counts in ``w``; toys without a fit are marked as ``plain``."""
    fitted[:] = math.nan
    for k in range(len(functions)):
        if sizes[k] == 0:
            continue
        lane_fit(
            functions[k, 0],
            design.basis[i],
            design.window_basis[i],
            design.signal[i],
            design.groups[i],
            sizes[k],
            start[k],
            w,
        )
        for x in range(LANES):
            fitted[x, k, ESTIMATE], fitted[x, k, ORDER] = w.inside[x], sizes[k] - 1
            fitted[x, k, STAT], fitted[x, k, DEVIANCE] = w.stat[x], w.deviance[x]
            fitted[x, k, LEAKAGE] = w.leakage[x]
            if not math.isfinite(w.stat[x]):
                plain[x] = 1
    for x in range(LANES):
        if not plain[x]:
            found = weigh(fitted[x], average, weights)
            out[x, _B], out[x, _SYST], out[x, _LEAKAGE] = found.estimate, found.syst, found.leakage
            out[x, _STAT] = fitted[x, 0, STAT]


@kernel
def _estimate(
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    more: Whole | None,
    rows: Whole,
    order: int,
    functions: Whole,
    average: bool,
    start: NDArray[np.float64],
    slots: Whole,
    out: NDArray[np.float64],
) -> None:
    """Fill ``out[mass, toy]`` from the counts ``cumulative[selection, edge, toy]``."""
    most, size = design.first.shape[1], design.basis.shape[2]
    w, one = lanes(most, size), workspace(most, size)
    counts, found = np.empty(most), np.empty((LANES, 4))
    fitted, weights = np.empty((LANES, len(functions), ROW)), np.empty(len(functions))
    sizes, plain = np.empty(len(functions), dtype=np.int64), np.empty(LANES, dtype=np.int64)
    rest, parameters = np.empty(SLOTS), np.empty((len(functions), size))
    toys = cumulative.shape[2]
    for i in range(design.groups.size):
        bins = design.groups[i]
        out[i] = math.nan
        if bins == 0:
            continue
        usual = _sizes(functions, start[i], order, bins, sizes)
        for first in range(0, toys, LANES):
            _fill(design, cumulative[rows[i]], more, i, first, order, plain, w)
            if usual:
                _in_lanes(design, functions, sizes, start[i], average, i, plain, w, fitted, weights, found)
            else:
                plain[:] = 1
            for x in range(min(LANES, toys - first)):
                if not plain[x]:
                    out[i, first + x] = found[x]
                    continue
                for j in range(bins):
                    counts[j] = w.counts[j, x]
                rest[:], fitted[0], parameters[:] = math.nan, math.nan, start[i]
                data = Groups(functions[0, 0], counts, design.basis[i], design.window_basis[i], bins)
                estimate_mass(
                    data,
                    design.signal[i],
                    order,
                    functions,
                    average,
                    parameters,
                    one,
                    fitted[0],
                    weights,
                    rest,
                )
                for slot in range(4):
                    out[i, first + x, slot] = rest[slots[slot]]


def toy_start(
    design: SidebandDesign, expected: Matrix, rows: Whole, model: SidebandModel
) -> NDArray[np.float64]:
    """Return where the fits of toys about ``expected[s, i]``, cumulative counts, start: ``[mass, function, p]``."""
    return fit_slots(design, expected[None], rows, np.array(model.order), model.functions())[1].parameters


def fit_toys(
    design: SidebandDesign,
    cumulative: NDArray[np.float64],
    rows: Whole,
    model: SidebandModel,
    *,
    start: NDArray[np.float64],
    more: Whole | None = None,
) -> SidebandFits:
    """Return the background under each mass of ``design`` for every toy, as ``fit_sidebands`` finds it.

    ``cumulative[t, s, i]`` are the counts of toy ``t``; ``start`` (of ``toy_start``) only saves time.
    ``more[m, j, t]`` are further events in group ``j`` of mass ``m`` alone.
    ``UsageError`` for these where the order depends on the data ("akaike").
    """
    functions, average = model.functions(), model.order_choice == "average"
    if model.order_choice == "akaike":
        if more is not None:
            raise UsageError("further events in side bands are for orders that do not depend on the data")
        orders = wanted_orders(design, cumulative, rows, model)
        slots = fit_slots(design, cumulative, rows, orders, functions, average=average)[0]
        return SidebandFits(*(slots[..., slot] for slot in TOY_SLOTS))
    found = np.empty((design.groups.size, len(cumulative), 4))
    _estimate(
        design,
        np.ascontiguousarray(np.moveaxis(cumulative, 0, 2), dtype=np.float64),
        None if more is None else np.ascontiguousarray(more, dtype=np.int64),
        np.ascontiguousarray(rows, dtype=np.int64),
        model.order,
        functions,
        average,
        start,
        np.array(TOY_SLOTS),
        found,
    )
    return SidebandFits(*(found[..., slot].T for slot in range(4)))
