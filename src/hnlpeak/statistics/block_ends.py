"""Both ends of many likelihood intervals at once: straight code without a branch, which compilers run in lanes.

With x = s/n the ratio of profiled expectation and count, and k = 1/x - 1, everything else is explicit:

    B(k) = b + variance k                T = n x - B              known background (variance 0) or Gaussian
    B(k) = y / (tau - k)                                          control region
    e = [1 + sqrt(1 + 4 r^2 k T)] / 2    t = T / e                Gaussian efficiency (known: r = 0)
    e = (1 + k T / z) / (1 + k T / m)                             binomial efficiency

q is a function of k alone, dq/dk = -2 k T' + 2 k t e', and sqrt(q) nearly a straight line in ln x: three or four
points and the cubic through values and slopes of the last two give the root to rounding. An element that has not
come to rest by then, and every kind that needs care, is marked and left to :mod:`likelihood_set`, which says the
same in plain steps and is what this is tested against. No rule of arithmetic is relaxed: lanes or not, the numbers
are the same to the last bit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.statistics.interval import Status

__all__ = ["block_ends", "block_lower_ends"]

Floats = NDArray[np.float64]
_OK = float(Status.OK)
_EMPTY = float(Status.EMPTY)
_EXPONENT, _MANTISSA = np.uint64(52), np.uint64(0x000FFFFFFFFFFFFF)
_ONE, _WHOLE = np.uint64(0x3FF0000000000000), np.uint64(0x4330000000000000)
# 2^52, which a float with the bits of _WHOLE begins at, and the bias of the exponent
_BIAS = 4503599627370496.0 + 1023.0
_LN2 = 0.6931471805599453
# efficiencies closer to where the interval has no end are left to the plain code
_MOST_SPREAD = 0.2
_SMALLEST_COUNT = 1e-6
# a last step in ln x below which the root is right to rounding: its error is the square of it, or less
_REST = 1e-5


@inlined
def _log_term(delta: float, x: float) -> tuple[float, float]:
    """Return (delta - ln x, 1 / x) for x = 1 + delta > 0, to rounding near 0 and elsewhere, with one division.

    ln by the series of fdlibm.
    """
    bits = np.float64(x).view(np.uint64)
    exponent = np.uint64((bits >> _EXPONENT) | _WHOLE).view(np.float64) - _BIAS
    mantissa = np.uint64((bits & _MANTISSA) | _ONE).view(np.float64)
    upper_half = mantissa > 1.4142135623730951
    mantissa = 0.5 * mantissa if upper_half else mantissa
    exponent = exponent + 1.0 if upper_half else exponent
    near = exponent == 0.0
    d = delta if near else mantissa - 1.0
    both = 1.0 / ((2.0 + d) * x)
    s = d * x * both
    w = s * s
    tail = w * (
        0.22222198432149784 + w * (0.1818357216161805 + w * (0.15313837699209373 + w * 0.14798198605116586))
    )
    series = w * (0.6666666666666735 + w * (0.3999999999940942 + w * (0.2857142874366239 + tail)))
    own = s * (d - series)
    return own if near else (delta - d - exponent * _LN2) + own, (2.0 + d) * both


@inlined
def _background(k: float, variance: float, y: float, tau: float | None) -> tuple[float, float, float]:
    """(B - b, dB/dk, penalty) at the pull ``k``."""
    if tau is None:
        return variance * k, variance, variance * k * k
    inverse = 1.0 / (tau - k)
    best = y * inverse
    return best * k * (1.0 / tau), best * inverse, 2.0 * y * _log_term(k * inverse, tau * inverse)[0]


@inlined
def _efficiency(u: float, r2: float | None, z: float, m: float | None) -> tuple[float, float, float]:
    """(1 / e, de/du, penalty) at u = k T."""
    if m is not None:
        odds = 1.0 / z - 1.0 / m
        per_trial = u * (1.0 / m)
        inefficiency = 1.0 / (1.0 + per_trial)
        away, lost = u * odds * inefficiency, -per_trial * inefficiency
        term, inverse = _log_term(away, 1.0 + away)
        penalty = 2.0 * z * term + 2.0 * (m - z) * _log_term(lost, inefficiency)[0]
        return inverse, odds * inefficiency * inefficiency, penalty
    if r2 is None:
        return 1.0, 0.0, 0.0
    root = math.sqrt(1.0 + 4.0 * r2 * u)
    inverse = 2.0 / (1.0 + root)
    v = u * inverse
    return inverse, r2 / root, r2 * v * v


@inlined
def _at(
    d: float,
    x: float,
    n: float,
    shift: float,
    background: tuple[float, float, float],
    tau: float | None,
    r2: float | None,
    z: float,
    m: float | None,
) -> tuple[float, float]:
    """(sqrt q, dq/dk) at x = 1 + ``d``; ``shift`` is n - b."""
    _, variance, y = background
    term, inverse = _log_term(d, x)
    k = -d * inverse
    more, slope_b, penalty_b = _background(k, variance, y, tau)
    signal = shift + n * d - more
    slope_t = -(n * x * x + slope_b)
    inverse_e, slope_e, penalty_e = _efficiency(k * signal, r2, z, m)
    t = signal * inverse_e
    q = 2.0 * n * term + penalty_b + penalty_e
    slope = -2.0 * k * slope_t + 2.0 * k * t * slope_e * (signal + k * slope_t)
    return math.sqrt(q), slope


@inlined
def _growth(step: float) -> float:
    """exp(step) - 1 to the sixth order: steps are small in the end."""
    more = 0.16666666666666666 + step * (0.041666666666666664 + step * (0.008333333333333333 + step / 720.0))
    return step * (1.0 + step * (0.5 + step * more))


@inlined
def _spread(r2: float | None) -> float:
    return 0.0 if r2 is None else r2


@inlined
def _total_variance(n: float, shift: float, reach: float, variance: float, r2: float | None) -> float:
    """Variance of background and, about the end, signal."""
    if r2 is None:
        return variance
    t = max(shift + reach * math.sqrt(n + variance), 0.0)
    t = max(shift + reach * math.sqrt(n + variance + r2 * t * t), 0.0)
    return variance + r2 * t * t


@inlined
def _start(
    n: float,
    shift: float,
    goal: float,
    side: float,
    variance: float,
    tau: float | None,
    r2: float | None,
) -> float:
    """First guess of ln x: from the cubic in ln x that q is near its minimum."""
    w = _total_variance(n, shift, side * goal, variance, r2)
    skew = w if tau is None else w + 1.3333333333333333 * w / tau
    inverse = 1.0 / (n + w)
    c = (skew - 0.3333333333333333 * n) * inverse
    z = side * goal * math.sqrt(inverse)
    guess = z * (6.0 - c * z) / (6.0 - 4.0 * c * z)
    guess = guess if guess * side > 0.0 else z
    return min(max(guess, -2.5), 2.5)


@inlined
def _nearer(
    point: tuple[float, float, float, float, float],
    n: float,
    shift: float,
    goal: float,
    background: tuple[float, float, float],
    tau: float | None,
    r2: float | None,
    z: float,
    m: float | None,
) -> tuple[float, float, float, float, float]:
    """One step from ``point``: (d, x, sqrt q, inverse slope, step in ln x to the root) there."""
    d, x, before, inverse_before, way = point
    change = x * _growth(way)
    d = d + change
    x = x + change
    root, slope = _at(d, x, n, shift, background, tau, r2, z, m)
    # ln x as a cubic in sqrt(q) through both points, from the last one on
    rise = before - root
    rise = rise if rise != 0.0 else 1e-200
    both = 1.0 / (slope * rise)
    inverse, over_rise = -2.0 * root * x * rise * both, slope * both
    first = (-way * over_rise - inverse) * over_rise
    second = (inverse_before - inverse) * over_rise - 2.0 * first
    left = goal - root
    step = left * (inverse + left * (first + (left - rise) * second * over_rise))
    plain = left * inverse
    return d, x, root, inverse, step if abs(step - plain) <= 0.5 * abs(plain) else plain


@inlined
def _once_more(
    point: tuple[float, float, float, float, float],
    n: float,
    shift: float,
    goal: float,
    background: tuple[float, float, float],
    tau: float | None,
    r2: float | None,
    z: float,
    m: float | None,
) -> tuple[float, float, float, float, float]:
    """:func:`_nearer` where the first guess is rough: for an uncertain efficiency."""
    if m is None and r2 is None:
        return point
    return _nearer(point, n, shift, goal, background, tau, r2, z, m)


@inlined
def _end(
    n: float,
    shift: float,
    goal: float,
    side: float,
    background: tuple[float, float, float],
    tau: float | None,
    r2: float | None,
    z: float,
    m: float | None,
) -> tuple[float, bool]:
    """(t, whether at rest) where sqrt(q) = ``goal``, above (``side`` = 1) or below the best value."""
    quarter = 1.0 + _growth(0.25 * _start(n, shift, goal, side, background[1], tau, r2))
    x = quarter * quarter * quarter * quarter
    d = x - 1.0
    root, slope = _at(d, x, n, shift, background, tau, r2, z, m)
    inverse = -2.0 * root * x / slope
    point = (d, x, root, inverse, min(max((goal - root) * inverse, -1.0), 1.0))
    point = _nearer(point, n, shift, goal, background, tau, r2, z, m)
    point = _nearer(point, n, shift, goal, background, tau, r2, z, m)
    d, x, _, _, step = _once_more(point, n, shift, goal, background, tau, r2, z, m)
    change = x * _growth(step)
    d = d + change
    k = -d / (x + change)
    more, _, _ = _background(k, background[1], background[2], tau)
    signal = shift + n * d - more
    inverse_e, _, _ = _efficiency(k * signal, r2, z, m)
    return signal * inverse_e, abs(step) <= _REST * min(1.0, abs(d))


@inlined
def _no_signal(n: float, shift: float, background: tuple[float, float, float], tau: float | None) -> float:
    """q without a signal: the background alone is profiled, a quadratic equation."""
    b, variance, y = background
    if tau is None:
        a = b - variance
        root = math.sqrt(a * a + 4.0 * variance * n)
        s = 0.5 * (a + root) if a > 0.0 else 2.0 * variance * n / (root - a)
        beside = 4.0 * variance * n / (root + a) if a > 0.0 else root - a
        k = 2.0 * shift * n / ((2.0 * n + beside) * s)
    else:
        s = (n + y) / (1.0 + tau)
        k = tau * shift / ((1.0 + tau) * s)
    x = s / n
    _, _, penalty = _background(k, variance, y, tau)
    return 2.0 * n * _log_term(-k * x, x)[0] + penalty


@inlined
def _column(columns: Floats | None, row: int) -> Floats | None:
    return None if columns is None else columns[row]


@inlined
def _entry(column: Floats | None, i: int) -> float | None:
    return None if column is None else column[i]


@inlined
def _number(value: float | None) -> float:
    return 1.0 if value is None else value


@inlined
def _regular(y: float, tau: float | None, z: float, m: float | None) -> bool:
    """Whether neither measurement sits at an edge of what it can be."""
    return (True if tau is None else y > 0.0) & (True if m is None else z < m)


@kernel
def block_ends(
    columns: Floats,
    spreads: Floats | None,
    control: Floats | None,
    trials: Floats | None,
    bounded: bool,
    ends: Floats,
) -> None:
    """Upper ends: fill ``ends``, rows upper, status, 1 where a lower end is above 0, 1 where left to the plain code.

    ``columns`` are n, b, variance, e, and, sixth, the chi2 quantile; ``spreads`` r2 where any is above 0; ``control`` y
    and tau; ``trials`` z and m. Ends are in units of the signal rate.
    """
    counts, backgrounds, variances = columns[0], columns[1], columns[2]
    efficiencies, levels = columns[3], columns[5]
    ys, taus, zs, ms = _column(control, 0), _column(control, 1), _column(trials, 0), _column(trials, 1)
    uppers, statuses, two_sided, left = ends[0], ends[1], ends[2], ends[3]
    reference = 1.0 if bounded else 0.0
    for i in range(counts.size):
        n, b, level = counts[i], backgrounds[i], levels[i]
        shift = n - b
        background, tau = (b, variances[i], _number(_entry(ys, i))), _entry(taus, i)
        r2, z, m = _entry(spreads, i), _number(_entry(zs, i)), _entry(ms, i)
        q0 = _no_signal(n, shift, background, tau)
        target = level + reference * q0 if shift < 0.0 else level
        up, still = _end(n, shift, math.sqrt(target), 1.0, background, tau, r2, z, m)
        empty = (shift < 0.0) & (q0 > level) & (not bounded)
        plain = (n >= _SMALLEST_COUNT) & (_spread(r2) * target <= _MOST_SPREAD)
        # not a number without any background, not finite where it cannot give the count
        plain = plain & (q0 < math.inf) & _regular(background[2], tau, z, m)
        uppers[i] = max(up, 0.0) / efficiencies[i]
        statuses[i] = _EMPTY if empty else _OK
        two_sided[i] = 1.0 if (shift > 0.0) & (q0 > level) else 0.0
        left[i] = 0.0 if (still | empty) & plain else 1.0


@kernel
def block_lower_ends(
    columns: Floats,
    spreads: Floats | None,
    control: Floats | None,
    trials: Floats | None,
    ends: Floats,
) -> None:
    """Lower ends above 0: fill ``ends``, rows lower and 1 where left to the plain code; else as :func:`block_ends`."""
    counts, backgrounds, variances = columns[0], columns[1], columns[2]
    efficiencies, levels = columns[3], columns[5]
    ys, taus, zs, ms = _column(control, 0), _column(control, 1), _column(trials, 0), _column(trials, 1)
    lowers, left = ends[0], ends[1]
    for i in range(counts.size):
        n, b = counts[i], backgrounds[i]
        background, tau = (b, variances[i], _number(_entry(ys, i))), _entry(taus, i)
        r2, z, m = _entry(spreads, i), _number(_entry(zs, i)), _entry(ms, i)
        low, still = _end(n, n - b, math.sqrt(levels[i]), -1.0, background, tau, r2, z, m)
        lowers[i] = max(low, 0.0) / efficiencies[i]
        left[i] = 0.0 if still else 1.0
