"""Counting statistics: intervals, expected limits, significances. Counts and numbers only."""

from __future__ import annotations

from hnlpeak.statistics.bayes import bayes
from hnlpeak.statistics.cls import CLS_KINDS, ClsKind, cls
from hnlpeak.statistics.cls_marginal import cls_marginal
from hnlpeak.statistics.constraints import Binomial, Gaussian, Known, Poisson
from hnlpeak.statistics.counted import Counted
from hnlpeak.statistics.coverage import (
    Coverage,
    LimitCoverage,
    MinimumCoverage,
    coverage,
    coverage_of_limit,
    minimum_coverage,
)
from hnlpeak.statistics.expected import (
    EXPECTED_DEFINITIONS,
    EXPECTED_LABELS,
    Expected,
    ExpectedDefinition,
    expected_limit,
    mean_limit,
)
from hnlpeak.statistics.feldman_cousins import BELTS, Belt, feldman_cousins, feldman_cousins_p
from hnlpeak.statistics.interval import Interval, Status
from hnlpeak.statistics.methods import METHODS, Method, method_call
from hnlpeak.statistics.one_sided import one_sided, power_constrained
from hnlpeak.statistics.rolke_lopez import TREATMENTS, Treatment, rolke_lopez
from hnlpeak.statistics.shared_rate import SHARED_METHODS, Profiled, SharedRate
from hnlpeak.statistics.significance import deviations, p_value, significance

__all__ = [
    "BELTS",
    "CLS_KINDS",
    "EXPECTED_DEFINITIONS",
    "EXPECTED_LABELS",
    "METHODS",
    "SHARED_METHODS",
    "TREATMENTS",
    "Belt",
    "Binomial",
    "ClsKind",
    "Counted",
    "Coverage",
    "Expected",
    "ExpectedDefinition",
    "Gaussian",
    "Interval",
    "Known",
    "LimitCoverage",
    "Method",
    "MinimumCoverage",
    "Poisson",
    "Profiled",
    "SharedRate",
    "Status",
    "Treatment",
    "bayes",
    "cls",
    "cls_marginal",
    "coverage",
    "coverage_of_limit",
    "deviations",
    "expected_limit",
    "feldman_cousins",
    "feldman_cousins_p",
    "mean_limit",
    "method_call",
    "minimum_coverage",
    "one_sided",
    "p_value",
    "power_constrained",
    "rolke_lopez",
    "significance",
]
