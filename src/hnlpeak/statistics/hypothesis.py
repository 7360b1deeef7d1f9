"""One signal hypothesis: its bounded profile statistic and the nuisance parameters that fit best with it.

The statistic is q(t), with reference q(0) where the estimate n - b is negative. One-sided, for upper limits
(G. Cowan et al., EPJC 71 (2011) 1554, eq. 16), it is 0 where the estimate lies above the hypothesis.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.background import background_pull, background_q
from hnlpeak.statistics.conditional import conditional
from hnlpeak.statistics.counting import Counting

__all__ = ["asimov", "best_background", "bounded_statistic", "no_signal_statistic"]


@kernel
def _background(c: Counting, tau: float | None, k: float, found_b: float) -> float:
    if tau is None:
        return c.b + c.variance * k if c.variance > 0.0 else c.b
    return found_b


@kernel
def best_background(c: Counting, signal: float) -> float:
    """Background that fits best with ``signal`` counts."""
    found = background_pull(c, signal)
    return _background(c, c.tau, found[1], found[3])


@kernel
def no_signal_statistic(c: Counting) -> float:
    """-2 ln of the likelihood ratio of no signal to the unrestricted maximum."""
    return background_q(c, 0.0, background_pull(c, 0.0))


@kernel
def _conditional(c: Counting, trials: float | None, t: float) -> tuple[float, float]:
    """(q, relative efficiency) at ``t`` > 0 signal counts."""
    if trials is None and c.r2 == 0.0:
        return background_q(c, t, background_pull(c, t)), 1.0
    q, _, _, e = conditional(c, t, 1.0)
    return q, e


@kernel
def bounded_statistic(c: Counting, t: float, q0: float, two_sided: bool) -> tuple[float, float, float]:
    """(q, b, e) for ``t`` nominal signal counts: statistic, best background, best relative efficiency.

    ``q0`` is :func:`no_signal_statistic`, asked for so that it is worked out once a count.
    """
    if t == 0.0:
        q = q0 if two_sided and c.n > c.b else 0.0
        return q, best_background(c, 0.0), 1.0
    q, e = _conditional(c, c.trials, t)
    b = best_background(c, t * e)
    if not two_sided and c.n >= c.b + t:
        return 0.0, b, e
    if c.n < c.b:
        q -= q0
    return max(q, 0.0), b, e


@kernel
def _scaled(c: Counting, tau: float | None, b: float) -> tuple[float, float]:
    """(variance, y) of a measured background ``b``."""
    if tau is None:
        return c.variance, c.y
    return b / tau, tau * b


@kernel
def asimov(c: Counting) -> Counting:
    """The data that background alone would give on average, with the background that fits ``c`` best."""
    b = max(best_background(c, 0.0), 0.0)
    variance, y = _scaled(c, c.tau, b)
    if not math.isfinite(b):
        b = 0.0
    return Counting(b, b, variance, y, c.tau, c.r2, c.successes, c.trials, c.physical)
