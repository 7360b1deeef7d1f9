"""What every background method returns: b and its errors in the window of each mass hypothesis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BackgroundEstimates"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BackgroundEstimates:
    """Expected background in the window of each mass hypothesis; NaN where there is no estimate.

    ``status`` per mass is ``ok`` or words: ``order-lowered`` (too few events for the polynomial of the card),
    ``one-sided`` (the limits leave only one side: b is extrapolated), ``no-side-bands``,
    ``control-below-decays`` (fewer events in the halo's region than decays expected there: no halo subtracted).
    ``deviance`` over ``degrees_of_freedom`` tells the goodness of a side-band fit, ``leakage`` the bias of b per
    event of the full signal peak, ``alternative`` is b with the alternative order; NaN where a method has none.
    ``settings`` says how b was made, for ``result.json``.
    """

    background: Vector
    stat: Vector
    syst: Vector
    alternative: Vector
    order: Vector
    events: Vector
    deviance: Vector
    degrees_of_freedom: Vector
    leakage: Vector
    status: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> Vector:
        """Total standard deviation of the background: ``stat`` and ``syst`` in quadrature."""
        return np.hypot(self.stat, self.syst)
