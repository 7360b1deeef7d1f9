"""Peak of known shape on a smooth background: what counting in a window leaves out.

At each mass the groups of bins between the outer ends of the side bands, the window among them, have the
expectations mu_j = f_j(theta) + u g_j: the background of the side-band fit and a Gaussian peak of u events in the
window (g_j is the peak's share of the group over its share of the window). With F the Poisson likelihood
minimised over theta, q(u) = 2 [F(u) - min F] over u >= 0, as the bounded treatment has it. The systematic error
sigma of the side-band estimate is a spurious signal: u = s + d with d ~ N(0, sigma), and

    q(s) = min_u [q(u) + (u - s)^2 / sigma^2]:   s = u + sigma^2 F'(u),   q = q(u) + sigma^2 F'(u)^2,

a curve in u. The upper limit is where q(s) = Q, the chi2 quantile of a two-sided interval, as for the window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfinv

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.poisson_fit import (
    BARRIER,
    POLYNOMIAL,
    Workspace,
    add_sums,
    expectations,
    gradients,
    solve,
    workspace,
)
from hnlpeak.background.sideband_fit import FAMILIES, Family
from hnlpeak.core.kernel import kernel

__all__ = ["ShapeLimits", "shape_limits"]

_ESTIMATE, _SIGNIFICANCE, _UPPER, _EXPECTED, _SLOTS = range(5)
_FITS, _ROOTS = 60, 80

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShapeLimits:
    """Per mass, in signal events in the window: best fit >= 0, upper limit, that of background alone (Asimov).

    ``significance`` is the square root of q(0). NaN where there are no bands or no fit.
    """

    estimate: Vector
    significance: Vector
    upper: Vector
    expected: Vector


@kernel
def _value(counts: Vector, peak: Vector, bins: int, u: float, w: Workspace) -> float:
    total = 0.0
    for j in range(bins):
        f = w.f[j]
        if not 0.0 < f < math.inf:
            return math.inf
        mean = f + u * peak[j]
        total += mean - BARRIER * math.log(f)
        if counts[j] > 0.0:
            total -= counts[j] * math.log(mean)
    return total


@kernel
def _profile(
    family: int,
    counts: Vector,
    basis: Matrix,
    window: Vector,
    peak: Vector,
    bins: int,
    size: int,
    u: float,
    theta: Vector,
    w: Workspace,
) -> tuple[float, float]:
    """F and F' at ``u``, minimised over ``theta``, which starts where it is; NaN if that does not end."""
    expectations(family, basis, window, bins, size, theta, w)
    now = _value(counts, peak, bins, u, w)
    for _ in range(_FITS):
        for p in range(size):
            w.downhill[p] = 0.0
            for q in range(p + 1):
                w.hessian[p, q] = 0.0
        slope = 0.0
        for j in range(bins):
            f = w.f[j]
            mean = f + u * peak[j]
            ratio = counts[j] / mean
            slope += peak[j] * (1.0 - ratio)
            w.pull[j] = ratio - 1.0 + BARRIER / f
            if family == POLYNOMIAL:
                w.weight[j] = ratio / mean + BARRIER / (f * f)
            else:
                w.weight[j] = 1.0 / mean
        gradient, _ = gradients(family, basis, window, w)
        add_sums(gradient, w.pull, w.weight, bins, size, w.downhill, w.hessian)
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
            expectations(family, basis, window, bins, size, theta, w)
            then = _value(counts, peak, bins, u, w)
            if then <= now - 1e-4 * length * decrement + 1e-13 * abs(now):
                break
            for p in range(size):
                theta[p] -= length * w.step[p]
            length *= 0.5
        if length <= 1e-10:
            # rounding of F hides what is left
            expectations(family, basis, window, bins, size, theta, w)
            return (now, slope) if decrement < 1e-6 else (math.nan, math.nan)
        now = then
    return math.nan, math.nan


@kernel
def _condition(
    which: int, u: float, f: float, slope: float, least: float, variance: float, level: float
) -> float:
    """What vanishes at the best fit (0), where s = 0 (1), and where q(s) is ``level`` (2); rises with u."""
    if which == 0:
        return slope
    if which == 1:
        return u + variance * slope
    return 2.0 * (f - least) + variance * slope * slope - level


@kernel
def _root(
    which: int,
    low: float,
    high: float,
    least: float,
    variance: float,
    level: float,
    family: int,
    counts: Vector,
    basis: Matrix,
    window: Vector,
    peak: Vector,
    bins: int,
    size: int,
    theta: Vector,
    w: Workspace,
) -> tuple[float, float, float]:
    """(u, F, F') where a ``_condition`` vanishes above ``low``; ``high`` moves up until it brackets the root."""
    f, slope = _profile(family, counts, basis, window, peak, bins, size, low, theta, w)
    below = _condition(which, low, f, slope, least, variance, level)
    f, slope = _profile(family, counts, basis, window, peak, bins, size, high, theta, w)
    above = _condition(which, high, f, slope, least, variance, level)
    for _ in range(_ROOTS):
        if above >= 0.0 or not math.isfinite(above):
            break
        low, below, high = high, above, 2.0 * high
        f, slope = _profile(family, counts, basis, window, peak, bins, size, high, theta, w)
        above = _condition(which, high, f, slope, least, variance, level)
    u, side = high, 0
    for _ in range(_ROOTS):
        if not (math.isfinite(below) and math.isfinite(above)):
            return math.nan, math.nan, math.nan
        # regula falsi, Illinois rule
        u = high if above == below else (low * above - high * below) / (above - below)
        f, slope = _profile(family, counts, basis, window, peak, bins, size, u, theta, w)
        value = _condition(which, u, f, slope, least, variance, level)
        if high - low <= 1e-10 * high or abs(value) <= 1e-9 * (1.0 if which == 0 else max(level, u)):
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
def _interval(
    variance: float,
    level: float,
    family: int,
    counts: Vector,
    basis: Matrix,
    window: Vector,
    peak: Vector,
    bins: int,
    size: int,
    theta: Vector,
    w: Workspace,
) -> tuple[float, float, float]:
    """(best fit, q(0), upper limit) of one spectrum."""
    events = 0.0
    for j in range(bins):
        events += counts[j]
    for p in range(size):
        theta[p] = 0.0
    width = 0.0
    for j in range(bins):
        width += basis[j, 0]
    start = (events + BARRIER * bins) / width
    theta[0] = start if family == POLYNOMIAL else math.log(start)
    zero, slope = _profile(family, counts, basis, window, peak, bins, size, 0.0, theta, w)
    best, least, no_signal = 0.0, zero, 0.0
    guess = 1.0 + math.sqrt(window[0] * start)
    if slope < 0.0:
        best, least, _ = _root(
            0, 0.0, guess, zero, variance, level, family, counts, basis, window, peak, bins, size, theta, w
        )
        no_signal = 2.0 * (zero - least)
        if variance > 0.0:
            _, f, slope = _root(
                1,
                0.0,
                best,
                least,
                variance,
                level,
                family,
                counts,
                basis,
                window,
                peak,
                bins,
                size,
                theta,
                w,
            )
            no_signal = 2.0 * (f - least) + variance * slope * slope
    elif variance * slope * slope >= level:
        # the spurious signal alone reaches the level, with no peak at all
        return 0.0, 0.0, math.sqrt(variance * level)
    u, _, slope = _root(
        2,
        best,
        best + guess,
        least,
        variance,
        level,
        family,
        counts,
        basis,
        window,
        peak,
        bins,
        size,
        theta,
        w,
    )
    return best, max(no_signal, 0.0), u + variance * slope


@kernel
def _fill(
    family: int,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    groups: NDArray[np.int64],
    basis: NDArray[np.float64],
    windows: Matrix,
    peaks: Matrix,
    size: int,
    sigma: Vector,
    level: float,
    out: Matrix,
) -> None:
    counts, theta = np.empty(first.shape[1]), np.empty(basis.shape[2])
    w = workspace(first.shape[1], basis.shape[2])
    for i in range(groups.size):
        bins = groups[i]
        out[i] = math.nan
        # a fit needs a few groups more than it has parameters
        if bins < size + 2 or not math.isfinite(sigma[i]):
            continue
        for j in range(bins):
            counts[j] = cumulative[rows[i], last[i, j]] - cumulative[rows[i], first[i, j]]
        variance = sigma[i] * sigma[i]
        found = _interval(
            variance, level, family, counts, basis[i], windows[i], peaks[i], bins, size, theta, w
        )
        out[i, _ESTIMATE], out[i, _SIGNIFICANCE], out[i, _UPPER] = found[0], math.sqrt(found[1]), found[2]
        _profile(family, counts, basis[i], windows[i], peaks[i], bins, size, 0.0, theta, w)
        for j in range(bins):
            counts[j] = w.f[j]
        out[i, _EXPECTED] = _interval(
            variance, level, family, counts, basis[i], windows[i], peaks[i], bins, size, theta, w
        )[2]


def shape_limits(
    design: SidebandDesign,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    *,
    inside: Vector,
    syst: Vector,
    order: int,
    family: Family = "polynomial",
    cl: float = 0.90,
) -> ShapeLimits:
    """Return limits from the shape of the peak at each mass of ``design`` (see ``bands.shape_design``).

    ``cumulative[s, i]`` counts selection ``s`` below bin edge ``i``, ``rows[m]`` is the selection of mass ``m``;
    ``inside`` the share of the peak in the window, ``syst`` the systematic error of the background in the window
    (events; NaN leaves the mass out), ``order`` that of the background.
    """
    out = np.empty((design.groups.size, _SLOTS))
    _fill(
        FAMILIES.index(family),
        np.ascontiguousarray(cumulative, dtype=np.float64),
        np.ascontiguousarray(rows, dtype=np.int64),
        design.first,
        design.last,
        design.groups,
        design.basis,
        design.window_basis,
        np.ascontiguousarray(design.signal / inside[:, None]),
        order + 1,
        np.ascontiguousarray(syst, dtype=np.float64),
        2.0 * float(erfinv(cl)) ** 2,
        out,
    )
    return ShapeLimits(*(np.ascontiguousarray(out[:, slot]) for slot in range(_SLOTS)))
