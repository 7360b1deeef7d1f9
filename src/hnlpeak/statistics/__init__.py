"""Counting statistics: intervals, expected limits, significances. Counts and numbers only."""

from __future__ import annotations

from hnlpeak.statistics.constraints import Binomial, Gaussian, Known, Poisson
from hnlpeak.statistics.expected import EXPECTED_DEFINITIONS, Expected, ExpectedDefinition, expected_limit
from hnlpeak.statistics.interval import Interval, Status
from hnlpeak.statistics.rolke_lopez import TREATMENTS, Treatment, rolke_lopez
from hnlpeak.statistics.significance import p_value, significance

__all__ = [
    "EXPECTED_DEFINITIONS",
    "TREATMENTS",
    "Binomial",
    "Expected",
    "ExpectedDefinition",
    "Gaussian",
    "Interval",
    "Known",
    "Poisson",
    "Status",
    "Treatment",
    "expected_limit",
    "p_value",
    "rolke_lopez",
    "significance",
]
