"""p-values of CLs as sums over all pseudo-experiments.

Both ensembles have the nuisance parameters that fit the data best under their hypothesis, and new
measurements of background and efficiency in every pseudo-experiment; outcomes are ordered by the one-sided
bounded statistic. For a known background this is the classical ratio of Poisson tails.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.counting_table import CountingTable, counting
from hnlpeak.statistics.duration import check_duration
from hnlpeak.statistics.falling_root import ArrayFunction
from hnlpeak.statistics.hypothesis import best_background, bounded_statistic, no_signal_statistic
from hnlpeak.statistics.pseudo_experiments import DEFICIT, check_summable, hermite_rule, log_tail, nearer

__all__ = ["exact_cls_excess"]

Floats = NDArray[np.float64]


def exact_cls_excess(table: CountingTable) -> ArrayFunction:
    """ln(CLs) - ln(1 - cl) as a function of (which elements, signal counts)."""
    check_summable(table, "exact CLs")
    check_duration(table, 80.0, "exact CLs")

    def excess(which: NDArray[np.intp], t: Floats) -> Floats:
        part = table[which]
        ratio = np.empty(which.size)
        _log_ratios(part.columns, part.tau, part.trials, np.ascontiguousarray(t), hermite_rule(), ratio)
        return np.asarray(ratio - np.log1p(-part.cl))

    return excess


@kernel
def _log_ratios(
    columns: Floats, tau: Floats | None, trials: Floats | None, t: Floats, rule: Floats, ratio: Floats
) -> None:
    for i in range(t.size):
        c = counting(columns, tau, trials, i)
        _, b, e = bounded_statistic(c, t[i], 0.0, False)
        close = nearer(c, t[i])
        q, _, _ = bounded_statistic(close, t[i], no_signal_statistic(close), False)
        if not q > 0.0:
            ratio[i] = 0.0
            continue
        alone = (max(best_background(c, 0.0), 0.0), 1.0)
        ratio[i] = log_tail(c, t[i], q, (b, e), t[i], DEFICIT, rule)
        ratio[i] -= log_tail(c, t[i], q, alone, 0.0, DEFICIT, rule)
