"""The rate of M+ -> l+ X in a model of the user's, as a table over the mass of X."""

from __future__ import annotations

import math
from pathlib import Path

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats.table import read_numbers
from hnlpeak.limits.invisible import Rate

__all__ = ["read_rate_table"]


def read_rate_table(path: str | Path, *, power: float = 2.0) -> Rate:
    """Return the rate in ``path``: ``m_x_mev``, ``branching_fraction`` at coupling 1 and, optional, ``lifetime_ns``.

    The fraction grows as coupling^``power``. ``InputDataError`` naming the file for a table that is none,
    ``UsageError`` for a ``power`` that is not positive.
    """
    if not 0.0 < power < math.inf:
        raise UsageError(f"power: got {power:g}, allowed are positive numbers")
    columns = read_numbers(path, required=("m_x_mev", "branching_fraction"), optional=("lifetime_ns",))
    try:
        return Rate(
            columns["m_x_mev"],
            columns["branching_fraction"],
            power=power,
            lifetime=columns.get("lifetime_ns"),
        )
    except UsageError as error:
        raise InputDataError(f"{path}: {error}") from error
