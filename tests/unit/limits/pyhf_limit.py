"""Observed CLs limit at 90 % of a model that pyhf builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq


def pyhf_limit(
    channels: list[dict[str, Any]],
    counts: Mapping[str, Sequence[float] | NDArray[np.float64]],
    *,
    low: float,
    high: float,
    bound: float,
) -> float:
    """The limit on ``mu``, which lies between ``low`` and ``high``; fits end at ``bound``. Skips without pyhf."""
    pyhf = pytest.importorskip("pyhf")
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(tolerance=1e-12, maxiter=10000))
    model = pyhf.Model({"channels": channels})
    data = [*(n for name in model.config.channels for n in counts[name]), *model.config.auxdata]
    bounds = model.config.suggested_bounds()
    bounds[model.config.poi_index] = (0.0, bound)

    def miss(mu: float) -> float:
        return float(pyhf.infer.hypotest(mu, data, model, par_bounds=bounds)) - 0.1

    return float(brentq(miss, low, high, xtol=1e-5))
