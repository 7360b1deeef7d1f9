"""Where falling functions cross zero: many roots at once, bracketed (T. Chandrupatla, 1997)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["ArrayFunction", "falling_root"]

Floats = NDArray[np.float64]
ArrayFunction = Callable[[NDArray[np.intp], Floats], Floats]
"""Values at x for the elements of the given indices."""


def falling_root(
    function: ArrayFunction, low: Floats, high: Floats, *, rtol: float = 1e-12, doublings: int = 120
) -> Floats:
    """Return x > ``low`` where ``function`` goes from positive to negative; inf where it never does.

    ``function(which, x)`` gives the values at ``x`` for the elements ``which``; it must be >= 0 at ``low``.
    ``high`` > low is a guess and doubles until the value there is negative, ``doublings`` times at most. Where
    there are several crossings, one of them is found. ``low`` itself comes back where the value there is 0.
    Raises FloatingPointError for a function that is not a number somewhere.
    """
    every = np.arange(low.size)
    x2, f2 = low.astype(np.float64), function(every, low)
    x1, f1 = high.astype(np.float64), function(every, high)
    rising = np.flatnonzero(f1 > 0.0)
    for _ in range(doublings):
        if rising.size == 0:
            break
        x2[rising], f2[rising] = x1[rising], f1[rising]
        x1[rising] *= 2.0
        f1[rising] = function(rising, x1[rising])
        rising = rising[f1[rising] > 0.0]
    if np.isnan(f1).any() or np.isnan(f2).any():
        raise FloatingPointError("the function whose root is sought is not a number at an end")
    answer = np.where(f2 <= 0.0, x2, x1)
    answer[rising] = np.inf
    which = np.flatnonzero((f1 <= 0.0) & (f2 > 0.0))
    answer[which] = _bracketed(function, which, (x1[which], f1[which]), (x2[which], f2[which]), rtol)
    return answer


def _bracketed(
    function: ArrayFunction,
    which: NDArray[np.intp],
    one: tuple[Floats, Floats],
    two: tuple[Floats, Floats],
    rtol: float,
) -> Floats:
    """Roots between points whose values have opposite signs (or are zero at the first)."""
    answer = np.empty(which.size)
    slot = np.arange(which.size)
    (x1, f1), (x2, f2) = one, two
    t = np.full(which.size, 0.5)
    for _ in range(200):
        if slot.size == 0:
            break
        x = x1 + t * (x2 - x1)
        f = function(which, x)
        same = (f > 0.0) == (f1 > 0.0)
        x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
        x2, f2 = np.where(same, x2, x1), np.where(same, f2, f1)
        x1, f1 = x, f
        best = np.where(np.abs(f1) < np.abs(f2), x1, x2)
        answer[slot] = best
        tolerance = 0.5 * rtol * np.abs(best) / np.maximum(np.abs(x2 - x1), 1e-300)
        t = np.clip(_quadratic((x1, x2, x3), (f1, f2, f3)), tolerance, 1.0 - tolerance)
        going = (tolerance < 0.5) & (f1 != 0.0)
        if not going.all():
            kept = (array[going] for array in (x1, x2, f1, f2, t))
            slot, which = slot[going], which[going]
            x1, x2, f1, f2, t = kept
    return answer


def _quadratic(x: tuple[Floats, Floats, Floats], f: tuple[Floats, Floats, Floats]) -> Floats:
    """Share of the way from x1 to x2: inverse quadratic interpolation where it is safe, else one half."""
    (x1, x2, x3), (f1, f2, f3) = x, f
    with np.errstate(all="ignore"):
        xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
        safe = (phi * phi < xi) & ((1.0 - phi) ** 2 < 1.0 - xi)
        t = f1 / (f2 - f1) * f3 / (f2 - f3) + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
    return np.where(safe & np.isfinite(t), t, 0.5)
