"""Counting statistics: intervals, expected limits, significances. Counts and numbers only."""

from __future__ import annotations

from hnlpeak.statistics.constraints import Gaussian, Known
from hnlpeak.statistics.interval import Interval, Status
from hnlpeak.statistics.rolke_lopez import TREATMENTS, Treatment, rolke_lopez

__all__ = ["TREATMENTS", "Gaussian", "Interval", "Known", "Status", "Treatment", "rolke_lopez"]
