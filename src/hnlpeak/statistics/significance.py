"""Local significance and p-value of an excess.

Two p-values, as the background is known: averaged over its uncertainty (Known, Gaussian), or exact for a control
measurement (Poisson): given n + y events in all, those in the signal region are binomial, and
p = I_{1/(1+tau)}(n, y + 1) (R. Cousins, J. Linnemann, J. Tucker, NIM A595 (2008) 480). The asymptotic
significance is the same for all, and for a control measurement that of T. Li, Y. Ma, ApJ 272 (1983) 317, eq. 17.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.arguments import control_events, events, finite, positive, table
from hnlpeak.statistics.constraints import Background, Known, Poisson, background_numbers
from hnlpeak.statistics.counting_table import counting, counting_table
from hnlpeak.statistics.hypothesis import no_signal_statistic
from hnlpeak.statistics.panels import truncated_normal
from hnlpeak.statistics.profile import profile

# -2 ln of a likelihood ratio from which on the probability is below what a float holds
_NONE = 1600.0
# counts below which Poisson tails are summed, and terms that they then have above double precision
_FEW, _TERMS, _TINY = 100.0, 200.0, 1e-300

__all__ = ["deviations", "p_value", "significance"]


def p_value(n: ArrayLike, *, background: Background, mid_p: bool = False) -> float | NDArray[np.float64]:
    """Probability of at least ``n`` events from background alone: one-sided, in [0, 1], 1 for n = 0.

    Known or Gaussian: P(n' >= n) with n' ~ Poisson(b'), averaged over b' ~ N(b, sigma) with b' >= 0 by
    quadrature. A prior-predictive p-value: it holds at low counts, where asymptotic formulae do not.
    Poisson(y, tau): the exact binomial one, whose probability to be below alpha is at most alpha for every true
    background. For n that is not whole, incomplete gamma and beta functions interpolate.

    ``mid_p`` counts the outcome ``n`` itself half, P(n' > n) + P(n' = n) / 2: uniform on average for background
    alone, so that its deviations agree with :func:`significance` at low counts too; it no longer bounds the rate
    of false alarms. Below 1e-300 the answer is 0.

    Arguments broadcast; a number for scalar input. Raises UsageError for n outside 0 to 1e14, or b < 0 without
    uncertainty.
    """
    if isinstance(background, Poisson):
        p = _on_off(n, background, mid_p)
    else:
        p = _averaged(n, background)
        if mid_p:
            p = 0.5 * (p + _averaged(finite("n", n) + 1.0, background))
    return float(p) if p.shape == () else p


def _on_off(n: ArrayLike, background: Poisson, mid_p: bool) -> NDArray[np.float64]:
    count, y, tau = table(events("n", n), control_events("y", background.y), positive("tau", background.tau))
    p = _binomial_tail(count, y, tau)
    # the total of both regions is given: the next outcome has one event fewer in the control region
    return 0.5 * (p + _binomial_tail(count + 1.0, y - 1.0, tau)) if mid_p else p


def _binomial_tail(
    n: NDArray[np.float64], y: NDArray[np.float64], tau: NDArray[np.float64]
) -> NDArray[np.float64]:
    """P(at least ``n`` of the n + y events are in the signal region); 0 where y < 0."""
    some = (n > 0.0) & (y >= 0.0)
    inside = scipy.special.betainc(np.where(some, n, 1.0), np.maximum(y, 0.0) + 1.0, 1.0 / (1.0 + tau))
    return np.where(some, inside, np.where(y < 0.0, 0.0, 1.0))


def _averaged(n: ArrayLike, background: Background) -> NDArray[np.float64]:
    columns = table(events("n", n), *background_numbers(background))
    result = np.empty(columns.shape[1:])
    for index in np.ndindex(result.shape):
        count, b, sigma = (float(column[index]) for column in columns)
        result[index] = _tail(count, b, sigma)
    return result


def _tail(n: float, b: float, sigma: float) -> float:
    if n == 0.0:
        return 1.0
    # background that fits best without a signal: where a rare excess draws its probability from
    q, pull = profile(n, n - b, b, sigma * sigma)
    if n > b and q > _NONE:
        return 0.0
    rates, weights = truncated_normal(b, sigma, feature=np.sqrt(max(n, 1.0)), reach=b + sigma * sigma * pull)
    few = n < _FEW and n == math.floor(n)
    at_least = _at_least(n, rates) if few else scipy.special.gammainc(n, rates)
    return min(float(at_least @ weights), 1.0)


def _at_least(n: float, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(N >= n) for N ~ Poisson(rate) and a whole n of a few: the tail that is the smaller one, term by term.

    The same as gammainc(n, rate); loading that one's library takes a third of the time of a single interval.
    """
    above = n > rates
    low, high = np.where(above, np.maximum(rates, _TINY), n), np.where(above, n, rates)
    steps = np.arange(1.0, _TERMS)[:, None]
    upper = 1.0 + np.cumprod(low / (n + steps), axis=0).sum(axis=0)
    lower = np.cumprod((n + 1.0 - steps[: int(n)]) / high, axis=0).sum(axis=0)
    rate = np.where(above, low, high)
    probability = np.exp(n * np.log(rate) - rate - math.lgamma(n + 1.0))
    return np.asarray(np.where(above, probability * upper, 1.0 - probability * lower))


def significance(n: ArrayLike, *, background: Background) -> float | NDArray[np.float64]:
    """Asymptotic local significance sign(n - b) sqrt(q(0)) in standard deviations, negative for a deficit.

    q(0) is the profile likelihood ratio of no signal to the best fit (Cowan et al., EPJC 71 (2011) 1554,
    eq. 12); infinite for events above a background that is exactly zero. For Poisson(y, tau) it is Li and Ma's.
    Arguments broadcast; a number for scalar input. Raises UsageError as :func:`p_value` does.
    """
    data = counting_table(n, background, Known(1.0), 0.5)
    roots = np.empty(data.size)
    _signed_roots(data.columns, data.tau, data.trials, roots)
    return float(roots[0]) if data.shape == () else roots.reshape(data.shape)


@kernel
def _signed_roots(
    columns: NDArray[np.float64],
    tau: NDArray[np.float64] | None,
    trials: NDArray[np.float64] | None,
    out: NDArray[np.float64],
) -> None:
    for i in range(out.size):
        c = counting(columns, tau, trials, i)
        root = math.sqrt(max(no_signal_statistic(c), 0.0))
        out[i] = root if c.n >= c.b else -root


def deviations(p: ArrayLike) -> float | NDArray[np.float64]:
    """Standard deviations Z = -Phi^-1(p) of a one-sided p-value in [0, 1]; infinite for 0 and (negative) 1.

    Raises UsageError outside. The way back is Phi(-Z): an asymptotic p-value, for one.
    """
    value = finite("p", p)
    if np.any((value < 0.0) | (value > 1.0)):
        raise UsageError(f"p must lie between 0 and 1, got {value!r}")
    z = np.asarray(-scipy.special.ndtri(value))
    return float(z) if z.shape == () else z
