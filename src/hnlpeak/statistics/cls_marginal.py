"""CLs with the nuisance parameters averaged over what is known of them, instead of profiled.

The count alone is the outcome, and CLs is a ratio of averaged Poisson tails (R. Cousins, V. Highland, NIM A320
(1992) 331, for the average; A. Read, J. Phys. G 28 (2002) 2693, for the ratio):

    CLs(mu) = <P(n' <= n; e mu + b)> / <P(n' <= n; b)>

b ~ N(b, sigma) with b >= 0, or of gamma density with shape y + 1 and rate tau for a control region; e ~ N(e, sigma_e)
with e > 0, or of beta density for z of m. With a known efficiency this is the Bayesian limit with a flat prior of
the signal and the same prior of the background, whatever the count.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.constraints import Background, Efficiency, Known
from hnlpeak.statistics.counting_table import CountingTable, counting_table
from hnlpeak.statistics.falling_root import falling_root
from hnlpeak.statistics.interval import Interval, Status
from hnlpeak.statistics.panels import truncated_normal
from hnlpeak.statistics.poisson_tails import log_at_most
from hnlpeak.statistics.profile import profile

__all__ = ["cls_marginal"]

Floats = NDArray[np.float64]
_CERTAIN = Known(1.0)
# quantiles of a density are integrated over a normal variable: nodes as for a normal density far from zero
_FAR = 8.0
_MOST_EVENTS = 1e9


def cls_marginal(
    n: ArrayLike, *, background: Background, efficiency: Efficiency = _CERTAIN, cl: ArrayLike = 0.90
) -> Interval:
    """CLs upper limit on the signal rate, background and efficiency averaged; arguments as for ``rolke_lopez``.

    ``n`` must be whole numbers. Good to 1e-6 of the limit (quadrature).

    Returns an :class:`Interval` with ``lower`` 0; status ``UNBOUNDED`` where an efficiency so close to zero is
    allowed that no signal is excluded.
    Raises UsageError, naming the argument, as ``rolke_lopez`` does, and for an ``n`` that is not whole.
    """
    table = counting_table(n, background, efficiency, cl)
    if np.any(table.n != np.floor(table.n)):
        raise UsageError(
            f"n must be whole for cls-marginal, got {table.n[table.n != np.floor(table.n)][0]:g}"
        )
    if np.any((table.n > _MOST_EVENTS) | (table.background > _MOST_EVENTS)):
        raise UsageError(
            f"n and background must be at most {_MOST_EVENTS:g} for cls-marginal; cls agrees with it there"
        )
    rates = [_background(table, i) for i in range(table.size)]
    ratios = [_efficiency(table, i) for i in range(table.size)]

    def excess(which: NDArray[np.intp], t: Floats) -> Floats:
        values = [
            _log_average(table.n[i], rates[i], ratios[i], shift)
            - _log_average(table.n[i], rates[i], ratios[i], 0.0)
            for i, shift in zip(which, t, strict=True)
        ]
        return np.asarray(values, dtype=np.float64) - np.log1p(-table.cl[which])

    guess = np.maximum(table.n - table.background, 0.0) + 2.0 * np.sqrt(table.n + table.columns[2] + 1.0)
    upper = falling_root(excess, np.zeros(table.size), guess, rtol=1e-10, doublings=60)
    status = np.where(np.isinf(upper), Status.UNBOUNDED, Status.OK).astype(np.int8)
    return table.interval(np.zeros(table.size), upper, status)


def _background(table: CountingTable, i: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the background of element ``i``."""
    n, b, variance, y = (float(column) for column in table.columns[:4, i])
    if table.tau is not None:
        x, weights = truncated_normal(_FAR, 1.0, feature=0.5)
        return scipy.special.gammaincinv(y + 1.0, scipy.special.ndtr(x - _FAR)) / table.tau[i], weights
    # few events on a large background come from the low end of what it may be
    _, k = profile(n, n - b, b, variance)
    reach = b + variance * k if math.isfinite(k) else b
    return truncated_normal(
        b, math.sqrt(variance), feature=math.sqrt(max(n, 1.0)), reach=max(min(reach, b), 0.0)
    )


def _efficiency(table: CountingTable, i: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the relative efficiency of element ``i``."""
    r2, z = float(table.columns[4, i]), float(table.columns[5, i])
    if table.trials is None:
        return truncated_normal(1.0, math.sqrt(r2), feature=0.5)
    x, weights = truncated_normal(_FAR, 1.0, feature=0.5)
    nodes = scipy.special.betaincinv(z, table.trials[i] - z + 1.0, scipy.special.ndtr(x - _FAR))
    return nodes / float(table.efficiency[i]), weights


@kernel
def _log_average(
    n: float, backgrounds: tuple[Floats, Floats], ratios: tuple[Floats, Floats], t: float
) -> float:
    """ln of the average of P(n' <= n; t e + b) over (nodes, weights) of b and e."""
    b, b_weight = backgrounds
    e, e_weight = ratios
    largest, total = -math.inf, 0.0
    for i in range(b.size):
        for j in range(e.size):
            weight = b_weight[i] * e_weight[j]
            if weight == 0.0:
                continue
            term = math.log(weight) + log_at_most(n, b[i] + t * e[j])
            if term > largest:
                total = total * math.exp(largest - term) + 1.0
                largest = term
            else:
                total += math.exp(term - largest)
    return largest + math.log(total)
