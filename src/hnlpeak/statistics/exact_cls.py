"""p-values of CLs as sums over all pseudo-experiments.

Both ensembles have the nuisance parameters that fit the data best under their hypothesis, and new
measurements of background and efficiency in every pseudo-experiment; outcomes are ordered by the one-sided
bounded statistic. For a known background this is the classical ratio of Poisson tails. An uncertain background,
however little, separates outcomes of one count that a known one counts together.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.counting_table import CountingTable, counting
from hnlpeak.statistics.falling_root import ArrayFunction
from hnlpeak.statistics.hypothesis import best_background, bounded_statistic, no_signal_statistic
from hnlpeak.statistics.pseudo_experiments import check_summable, hermite_rule, tail_probability

__all__ = ["exact_cls_excess"]

Floats = NDArray[np.float64]


def exact_cls_excess(table: CountingTable) -> ArrayFunction:
    """ln(CLs) - ln(1 - cl) as a function of (which elements, signal counts)."""
    check_summable(table, "exact CLs")

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
        q, b, e = bounded_statistic(c, t[i], no_signal_statistic(c), False)
        both = tail_probability(c, t[i], q, (b, e), t[i], False, rule)
        alone = tail_probability(c, t[i], q, (max(best_background(c, 0.0), 0.0), 1.0), 0.0, False, rule)
        # floor: far beyond any limit both are lost in rounding
        ratio[i] = math.log(max(both, 1e-300)) - math.log(max(alone, 1e-280))
