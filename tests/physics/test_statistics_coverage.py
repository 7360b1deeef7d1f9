"""Coverage by exact Poisson sums, against three-digit values from other high-precision solvers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from hnlpeak.statistics import Known, rolke_lopez

# two-sided coverage / probability that the upper end is not below mu, at 90 %
TABLE = [
    (0.5, 1.0, "unbounded", 0.711, 0.777),
    (0.5, 1.0, "bounded", 0.934, 1.0),
    (0.5, 1.0, "trolke", 0.934, 1.0),
    (0.5, 2.0, "unbounded", 0.876, 0.918),
    (0.5, 2.0, "trolke-bounded", 0.876, 0.918),
    (1.0, 1.0, "unbounded", 0.812, 0.865),
    (1.0, 1.0, "bounded", 0.947, 1.0),
    (1.0, 1.0, "trolke", 0.812, 0.865),
    (1.0, 1.0, "trolke-bounded", 0.812, 0.865),
    (3.0, 0.0, "unbounded", 0.917, 0.950),
    (3.0, 0.0, "bounded", 0.966, 1.0),
    (3.0, 1.0, "unbounded", 0.857, 0.908),
    (3.0, 1.0, "bounded", 0.949, 1.0),
    (3.0, 1.0, "trolke", 0.857, 0.908),
    (3.0, 1.0, "trolke-bounded", 0.949, 1.0),
    (3.0, 8.0, "unbounded", 0.865, 0.921),
    (3.0, 8.0, "bounded", 0.865, 0.921),
    (10.0, 1.0, "unbounded", 0.865, 0.921),
    (10.0, 1.0, "bounded", 0.944, 1.0),
    (10.0, 15.0, "bounded", 0.890, 0.940),
]


@pytest.mark.parametrize(("b", "mu", "treatment", "two_sided", "not_below"), TABLE)
def test_coverage_with_known_background(b, mu, treatment, two_sided, not_below):
    n = np.arange(120)
    result = rolke_lopez(n, background=Known(b), treatment=treatment)
    weight = poisson.pmf(n, b + mu)
    # an empty interval (nan) compares as a miss
    above = result.upper >= mu
    assert weight[above].sum() == pytest.approx(not_below, abs=6e-4)
    assert weight[above & (result.lower <= mu)].sum() == pytest.approx(two_sided, abs=6e-4)
