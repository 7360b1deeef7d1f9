"""Peak of known shape on a smooth background: what counting in a window leaves out.

At each mass the groups of bins between the outer ends of the side bands, the window among them, have the
expectations mu_j = f_j(theta) + u g_j: the background of the side-band fit and a Gaussian peak of u events in the
window (g_j is the peak's share of the group over its share of the window). With F the Poisson likelihood
minimised over theta, q(u) = 2 [F(u) - min F] over u >= 0, as the bounded treatment has it. The systematic error
sigma of the side-band estimate is a spurious signal: u = s + d with d ~ N(0, sigma), and

    q(s) = min_u [q(u) + (u - s)^2 / sigma^2]:   s = u + sigma^2 F'(u),   q = q(u) + sigma^2 F'(u)^2,

a curve in u. The upper limit is where q(s) = Q, the chi2 quantile of a two-sided interval, as for the window.

The order of the background is lowered as in the side-band fit: where there are too few events for it, or where a fit
does not converge. Q is asymptotic: at one event on an empty spectrum the upper limit covers 0.75, not 0.95.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfinv

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.functions import EVENTS_PER_PARAMETER, FAMILIES, Family
from hnlpeak.background.poisson_fit import (
    BARRIER,
    POLYNOMIAL,
    Groups,
    Workspace,
    add_sums,
    expectations,
    gradients,
    solve,
    workspace,
)
from hnlpeak.core.kernel import kernel

__all__ = ["ShapeLimits", "shape_limits"]

_ESTIMATE, _SIGNIFICANCE, _UPPER, _EXPECTED, _ORDER, _SLOTS = range(6)
_FITS, _ROOTS = 60, 80

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShapeLimits:
    """Per mass, in signal events in the window: best fit >= 0, upper limit, that of background alone (Asimov).

    ``significance`` is the square root of q(0), ``order`` that of the background in use. NaN where there are no bands
    or no fit.
    """

    estimate: Vector
    significance: Vector
    upper: Vector
    expected: Vector
    order: Vector


class PeakFit(NamedTuple):
    """One spectrum and what is fitted to it: ``size`` parameters of the background, a peak with ``peak[j]`` in group j.

    ``variance`` is that of the spurious signal, ``level`` the quantile Q; ``theta`` and ``w`` are overwritten.
    """

    data: Groups
    peak: Vector
    size: int
    variance: float
    level: float
    theta: Vector
    w: Workspace


@kernel
def _value(fit: PeakFit, u: float) -> float:
    total = 0.0
    for j in range(fit.data.bins):
        f = fit.w.f[j]
        if not 0.0 < f < math.inf:
            return math.inf
        mean = f + u * fit.peak[j]
        total += mean - BARRIER * math.log(f)
        if fit.data.counts[j] > 0.0:
            total -= fit.data.counts[j] * math.log(mean)
    return total


@kernel
def _derivatives(fit: PeakFit, u: float) -> float:
    """Fill minus the gradient of F and its Hessian with theta (the expected one for exp); return F'."""
    data, w = fit.data, fit.w
    for p in range(fit.size):
        w.downhill[p] = 0.0
        for q in range(p + 1):
            w.hessian[p, q] = 0.0
    slope = 0.0
    for j in range(data.bins):
        f = w.f[j]
        mean = f + u * fit.peak[j]
        ratio = data.counts[j] / mean
        slope += fit.peak[j] * (1.0 - ratio)
        w.pull[j] = ratio - 1.0 + BARRIER / f
        if data.family == POLYNOMIAL:
            w.weight[j] = ratio / mean + BARRIER / (f * f)
        else:
            w.weight[j] = 1.0 / mean
    gradient, _ = gradients(data, w)
    add_sums(gradient, w.pull, w.weight, data.bins, fit.size, w.downhill, w.hessian)
    return slope


@kernel
def _profile(fit: PeakFit, u: float) -> tuple[float, float]:
    """F and F' at ``u``, minimised over ``theta``, which starts where it is; NaN if that does not end."""
    theta, w, size = fit.theta, fit.w, fit.size
    expectations(fit.data, size, theta, w)
    now = _value(fit, u)
    for _ in range(_FITS):
        slope = _derivatives(fit, u)
        if not solve(w.hessian, w.downhill, size, w.step):
            return math.nan, math.nan
        decrement = 0.0
        for p in range(size):
            decrement += w.downhill[p] * w.step[p]
        if decrement < 1e-13:
            return now, slope
        length = 1.0
        while length > 1e-10:
            for p in range(size):
                theta[p] += length * w.step[p]
            expectations(fit.data, size, theta, w)
            then = _value(fit, u)
            if then <= now - 1e-4 * length * decrement + 1e-13 * abs(now):
                break
            for p in range(size):
                theta[p] -= length * w.step[p]
            length *= 0.5
        if length <= 1e-10:
            # rounding of F hides what is left
            expectations(fit.data, size, theta, w)
            return (now, slope) if decrement < 1e-6 else (math.nan, math.nan)
        now = then
    return math.nan, math.nan


@kernel
def _condition(which: int, u: float, f: float, slope: float, least: float, fit: PeakFit) -> float:
    """What vanishes at the best fit (0), where s = 0 (1), and where q(s) is the level (2); rises with u."""
    if which == 0:
        return slope
    if which == 1:
        return u + fit.variance * slope
    return 2.0 * (f - least) + fit.variance * slope * slope - fit.level


@kernel
def _root(which: int, low: float, high: float, least: float, fit: PeakFit) -> tuple[float, float, float]:
    """(u, F, F') where a ``_condition`` vanishes above ``low``; ``high`` moves up until it brackets the root."""
    f, slope = _profile(fit, low)
    below = _condition(which, low, f, slope, least, fit)
    f, slope = _profile(fit, high)
    above = _condition(which, high, f, slope, least, fit)
    for _ in range(_ROOTS):
        if above >= 0.0 or not math.isfinite(above):
            break
        low, below, high = high, above, 2.0 * high
        f, slope = _profile(fit, high)
        above = _condition(which, high, f, slope, least, fit)
    u, side = high, 0
    for _ in range(_ROOTS):
        if not (math.isfinite(below) and math.isfinite(above)):
            return math.nan, math.nan, math.nan
        # regula falsi, Illinois rule
        u = high if above == below else (low * above - high * below) / (above - below)
        f, slope = _profile(fit, u)
        value = _condition(which, u, f, slope, least, fit)
        if high - low <= 1e-10 * high or abs(value) <= 1e-9 * (1.0 if which == 0 else max(fit.level, u)):
            break
        if value > 0.0:
            high, above = u, value
            below *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            low, below = u, value
            above *= 0.5 if side == -1 else 1.0
            side = -1
    return u, f, slope


@kernel
def _start(fit: PeakFit) -> float:
    """Put a constant into ``theta``; return its value."""
    events, width = 0.0, 0.0
    for j in range(fit.data.bins):
        events += fit.data.counts[j]
        width += fit.data.basis[j, 0]
    for p in range(fit.size):
        fit.theta[p] = 0.0
    start = (events + BARRIER * fit.data.bins) / width
    fit.theta[0] = start if fit.data.family == POLYNOMIAL else math.log(start)
    return start


@kernel
def _interval(fit: PeakFit) -> tuple[float, float, float]:
    """(best fit, q(0), upper limit) of one spectrum."""
    variance = fit.variance
    guess = 1.0 + math.sqrt(fit.data.window[0] * _start(fit))
    zero, slope = _profile(fit, 0.0)
    best, least, no_signal = 0.0, zero, 0.0
    if slope < 0.0:
        best, least, _ = _root(0, 0.0, guess, zero, fit)
        no_signal = 2.0 * (zero - least)
        if variance > 0.0:
            _, f, slope = _root(1, 0.0, best, least, fit)
            no_signal = 2.0 * (f - least) + variance * slope * slope
    elif variance * slope * slope >= fit.level:
        # the spurious signal alone reaches the level, with no peak at all
        return 0.0, 0.0, math.sqrt(variance * fit.level)
    u, _, slope = _root(2, best, best + guess, least, fit)
    return best, max(no_signal, 0.0), u + variance * slope


@kernel
def _highest(data: Groups, order: int) -> int:
    """The highest order up to ``order`` that the counts are enough for, as in the side-band fit."""
    events, filled = 0.0, 0
    for j in range(data.bins):
        events += data.counts[j]
        filled += data.counts[j] > 0.0
    # a fit needs a few groups more than it has parameters
    ceiling = min(filled - 2, int(events / EVENTS_PER_PARAMETER) - 1, data.bins - 3)
    return max(0, min(order, ceiling))


@kernel
def _lowered(
    data: Groups, peak: Vector, order: int, variance: float, level: float, theta: Vector, w: Workspace
) -> tuple[int, float, float, float]:
    """(order, best fit, q(0), upper limit) of the highest order up to ``order`` whose fits all converge, else -1."""
    while order >= 0:
        found = _interval(PeakFit(data, peak, order + 1, variance, level, theta, w))
        if math.isfinite(found[0]) and math.isfinite(found[1]) and math.isfinite(found[2]):
            return order, found[0], found[1], found[2]
        order -= 1
    return -1, math.nan, math.nan, math.nan


@kernel
def _fill(
    family: int,
    design: SidebandDesign,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    expected: Matrix,
    order: int,
    sigma: Vector,
    level: float,
    out: Matrix,
) -> None:
    counts, theta = np.empty(design.first.shape[1]), np.empty(design.basis.shape[2])
    w = workspace(design.first.shape[1], design.basis.shape[2])
    for i in range(design.groups.size):
        bins = design.groups[i]
        out[i] = math.nan
        if bins < 3 or not math.isfinite(sigma[i]):
            continue
        for j in range(bins):
            counts[j] = cumulative[rows[i], design.last[i, j]] - cumulative[rows[i], design.first[i, j]]
        data = Groups(family, counts, design.basis[i], design.window_basis[i], bins)
        peak, variance = design.signal[i], sigma[i] * sigma[i]
        used, best, no_signal, upper = _lowered(data, peak, _highest(data, order), variance, level, theta, w)
        if used < 0:
            continue
        out[i, _ORDER] = used
        out[i, _ESTIMATE], out[i, _SIGNIFICANCE], out[i, _UPPER] = best, math.sqrt(no_signal), upper
        for j in range(bins):
            counts[j] = expected[i, j]
        out[i, _EXPECTED] = _lowered(data, peak, used, variance, level, theta, w)[3]


def shape_limits(
    design: SidebandDesign,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    *,
    expected: Matrix,
    inside: Vector,
    syst: Vector,
    order: int,
    family: Family = "polynomial",
    cl: float = 0.90,
) -> ShapeLimits:
    """Return limits from the shape of the peak at each mass of ``design`` (see ``bands.shape_design``).

    ``cumulative[s, i]`` counts selection ``s`` below bin edge ``i``, ``rows[m]`` is the selection of mass ``m``;
    ``expected[m, j]`` are events of background alone in its groups, ``inside`` is the share of the peak in the window,
    ``syst`` the systematic error of the background in the window
    (events; NaN leaves the mass out), ``order`` that of the background.
    """
    out = np.empty((design.groups.size, _SLOTS))
    _fill(
        FAMILIES.index(family),
        design._replace(signal=np.ascontiguousarray(design.signal / inside[:, None])),
        np.ascontiguousarray(cumulative, dtype=np.float64),
        np.ascontiguousarray(rows, dtype=np.int64),
        np.ascontiguousarray(expected, dtype=np.float64),
        order,
        np.ascontiguousarray(syst, dtype=np.float64),
        2.0 * float(erfinv(cl)) ** 2,
        out,
    )
    return ShapeLimits(*(np.ascontiguousarray(out[:, slot]) for slot in range(_SLOTS)))
