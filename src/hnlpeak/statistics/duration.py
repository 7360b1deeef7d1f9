"""How long a method that sums over pseudo-experiments will take, said before it begins."""

from __future__ import annotations

import numpy as np

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.counting_table import CountingTable

__all__ = ["check_duration"]

_LONGEST = 300.0
# seconds for one count of a tail: nothing measured beside it, one measurement, two, a control region
_KNOWN, _ONE, _TWO, _CONTROL = 1e-7, 6e-7, 2e-5, 6e-6
# and for one standard deviation of the control region's count
_TERM = 1e-8


def check_duration(table: CountingTable, tails: float, name: str) -> None:
    """Raise UsageError where method ``name`` would take more than five minutes, about, for the whole of ``table``.

    ``tails`` is the number of tail probabilities an element needs. Each is a sum over about twelve standard
    deviations of the count.
    """
    errors = (table.columns[2] > 0.0).astype(int) + (table.columns[4] > 0.0)
    each = np.array([_KNOWN, _ONE, _TWO])[errors]
    if table.tau is not None:
        each = _CONTROL + _TERM * np.sqrt(table.columns[3])
    spread = np.sqrt(np.maximum(table.n, np.maximum(table.background, 0.0)))
    seconds = tails * each * (30.0 + 12.0 * spread)
    total = float(seconds.sum())
    if total > _LONGEST:
        slowest = int(seconds.argmax())
        raise UsageError(
            f"{name}: n = {table.n[slowest]:g} on b = {table.background[slowest]:g} would take about "
            f"{total / 60.0:.0f} minutes ({table.size} in all), allowed are {_LONGEST / 60.0:.0f}; "
            "rolke-lopez and cls are fast and agree with it at large counts"
        )
