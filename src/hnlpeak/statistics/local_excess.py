"""How well background alone explains the events in a window, whatever its estimate holds.

The error of a background estimate says how many events it was made of: y = (b / sigma)^2. From a few of them the
constraint on b (a Gaussian cut at 0 above all) promises more than they can: an estimate that came out low has a small
error too, and p-values below 4 sigma were up to 13 times too frequent. So no claim is stronger than that of one event,
as which the error sigma alone can always be read: a control region 1 / sigma times the window in which one was seen,

    p >= I_x(n, 2) = x^n [1 + n (1 - x)],      x = sigma / (1 + sigma),

the exact binomial p-value (R. Cousins, J. Linnemann, J. Tucker, NIM A595 (2008) 480) at b = sigma, whose tail falls
least with n of all b at this sigma. It matters where sigma is no longer small beside the root of b; it is continuous
and keeps p falling with n and not falling with b. Where it acts, p and the significance are the same number.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from hnlpeak.statistics.constraints import Gaussian, Poisson
from hnlpeak.statistics.equivalent import equivalent_poisson
from hnlpeak.statistics.significance import p_value, significance

__all__ = ["local_p_value", "local_significance", "of_one_event"]

# p-values that are few, and the logarithm of one that a float just holds
_FEW, _SMALLEST = 8, -700.0

Numbers = NDArray[np.float64]
Kind = Literal["gaussian", "poisson"]


def of_one_event(n: Numbers, sigma: Numbers) -> Numbers:
    """Return the p-value that no claim goes below: of ``n`` >= 0 events where the error ``sigma`` is that of one."""
    return np.asarray(np.exp(_log_of_one_event(n, sigma)))


def _log_of_one_event(n: Numbers, sigma: Numbers) -> Numbers:
    inside = sigma / (1.0 + sigma)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(n > 0.0, n * np.log(inside), 0.0)
    return np.asarray(power + np.log1p(n * (1.0 - inside)))


def local_significance(n: Numbers, b: Numbers, sigma: Numbers, *, kind: Kind) -> Numbers:
    """Return signed standard deviations of ``n`` events on ``b`` +- ``sigma``; NaN where these are no numbers.

    Asymptotic, but no more than the deviations of :func:`of_one_event`.
    """
    z, good = np.full(n.shape, np.nan), np.isfinite(b) & np.isfinite(sigma)
    if good.any():
        z[good] = significance(n[good], background=_as(kind, b[good], sigma[good]))
    # ln Phi(-z) > -z^2/2 - z - ln 2: a bound below that does not act
    some = np.flatnonzero((z > 0.0) & (sigma > 0.0))
    bound = _log_of_one_event(n.flat[some], sigma.flat[some])
    above = bound > -0.5 * z.flat[some] ** 2 - z.flat[some] - np.log(2.0)
    some, bound = some[above], bound[above]
    if some.size:
        z.flat[some] = np.minimum(z.flat[some], _deviations(bound))
    return z


def _deviations(log_p: Numbers) -> Numbers:
    """Standard deviations of p-values, 0 for those above one half."""
    log_p = np.minimum(log_p, np.log(0.5))
    # loading special functions takes longer than a single answer
    if log_p.size <= _FEW and log_p.min() > _SMALLEST:
        return np.array([-NormalDist().inv_cdf(p) for p in np.exp(log_p).tolist()])
    return np.asarray(-scipy.special.ndtri_exp(log_p))


def local_p_value(n: Numbers, b: Numbers, sigma: Numbers, *, kind: Kind, mid_p: bool = False) -> Numbers:
    """Return the probability of at least ``n`` events on ``b`` +- ``sigma``; NaN where these are no numbers.

    At least that of :func:`of_one_event`. ``mid_p`` counts the outcome ``n`` itself half.
    """
    p, good = np.full(n.shape, np.nan), np.isfinite(b) & np.isfinite(sigma)
    if good.any():
        count, error = n[good], sigma[good]
        least = of_one_event(count, error)
        if mid_p:
            least = 0.5 * (least + of_one_event(count + 1.0, error))
        p[good] = np.maximum(p_value(count, background=_as(kind, b[good], error), mid_p=mid_p), least)
    return p


def _as(kind: Kind, b: Numbers, sigma: Numbers) -> Gaussian | Poisson:
    return equivalent_poisson(np.maximum(b, 0.0), sigma) if kind == "poisson" else Gaussian(b, sigma)
