"""CLs upper limits (A. Read, J. Phys. G 28 (2002) 2693): signals with p(s+b) / p(b) <= 1 - cl are excluded.

One-sided by construction: an upper limit, never a two-sided interval, and never empty. Asymptotic p-values
follow G. Cowan et al., EPJC 71 (2011) 1554: with q the one-sided bounded statistic of the data and A that of
the background's Asimov data, where q <= A

    p(s+b) = Phi(-sqrt q),    p(b) = Phi(sqrt A - sqrt q)

and beyond Phi(-(q + A) / (2 sqrt A)) and Phi((A - q) / (2 sqrt A)).
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.constraints import Background, Efficiency, Known
from hnlpeak.statistics.counting_table import CountingTable, counting, counting_table
from hnlpeak.statistics.exact_cls import exact_cls_excess
from hnlpeak.statistics.falling_root import ArrayFunction, falling_root
from hnlpeak.statistics.hypothesis import asimov, bounded_statistic, no_signal_statistic
from hnlpeak.statistics.interval import Interval, Status

__all__ = ["CLS_KINDS", "ClsKind", "cls"]

ClsKind = Literal["asymptotic", "exact"]
CLS_KINDS: tuple[ClsKind, ...] = get_args(ClsKind)
_CERTAIN = Known(1.0)
Floats = NDArray[np.float64]


def cls(
    n: ArrayLike,
    *,
    background: Background,
    efficiency: Efficiency = _CERTAIN,
    cl: ArrayLike = 0.90,
    kind: ClsKind = "asymptotic",
) -> Interval:
    """CLs upper limit on the signal rate for ``n`` observed events; arguments as for ``rolke_lopez``.

    ``kind="asymptotic"`` uses the formulae above; ``"exact"`` sums p-values over all pseudo-experiments with
    nuisance parameters at the values that fit the data best under each hypothesis (background known, Gaussian
    with a known or Gaussian efficiency, or Poisson with a known efficiency).

    Returns an :class:`Interval` with ``lower`` 0; status ``UNBOUNDED`` where no signal is excluded (exact: none
    within some thousand standard deviations) and
    ``DISCONNECTED`` where very large ones are allowed again (efficiencies that may fluctuate below zero).
    Raises UsageError, naming the argument, as ``rolke_lopez`` does.
    """
    if kind not in CLS_KINDS:
        raise UsageError(f"kind must be one of {', '.join(CLS_KINDS)}, got {kind!r}")
    table = counting_table(n, background, efficiency, cl)
    excess = exact_cls_excess(table) if kind == "exact" else _asymptotic_excess(table)
    spread = np.sqrt(table.n + table.columns[2] + 1.0)
    guess = np.maximum(table.n - table.background, 0.0) + 2.0 * spread
    # a sum over counts takes as long as the square root of the signal: no limit far out is looked for
    upper = falling_root(excess, np.zeros(table.size), guess, doublings=12 if kind == "exact" else 120)
    status = np.where(np.isinf(upper), Status.UNBOUNDED, Status.OK).astype(np.int8)
    if table.trials is None:
        loose = np.flatnonzero((table.columns[4] > 0.0) & np.isfinite(upper))
        again = loose[_asymptotic_excess(table)(loose, 1e9 * (upper[loose] + guess[loose])) > 0.0]
        status[again] = Status.DISCONNECTED
    return table.interval(np.zeros(table.size), upper, status)


def _asymptotic_excess(table: CountingTable) -> ArrayFunction:
    """ln(CLs) - ln(1 - cl) as a function of (which elements, signal counts)."""

    def excess(which: NDArray[np.intp], t: Floats) -> Floats:
        part = table[which]
        root_q, root_a = np.empty(which.size), np.empty(which.size)
        _statistics(part.columns, part.tau, part.trials, np.ascontiguousarray(t), root_q, root_a)
        q, a = root_q * root_q, root_a * root_a
        with np.errstate(divide="ignore", invalid="ignore"):
            half = np.where(root_q > root_a, 0.5 * (q + a) / root_a, root_q)
            other = np.where(root_q > root_a, 0.5 * (a - q) / root_a, root_a - root_q)
        answer = scipy.special.log_ndtr(-half) - scipy.special.log_ndtr(other) - np.log1p(-part.cl)
        # no signal, no exclusion
        return np.where(root_a > 0.0, answer, -np.log1p(-part.cl))

    return excess


@kernel
def _statistics(
    columns: Floats, tau: Floats | None, trials: Floats | None, t: Floats, root_q: Floats, root_a: Floats
) -> None:
    for i in range(t.size):
        c = counting(columns, tau, trials, i)
        q, _, _ = bounded_statistic(c, t[i], no_signal_statistic(c), False)
        a, _, _ = bounded_statistic(asimov(c), t[i], 0.0, True)
        root_q[i] = math.sqrt(q)
        root_a[i] = math.sqrt(a)
