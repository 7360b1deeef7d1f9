"""An upper limit on signal events, and what it means for the branching fraction and the mixing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from hnlpeak.core.records import Column, Vector

__all__ = ["Bands", "Limit"]


@dataclass(frozen=True, eq=False)
class Limit:
    """Upper limits on N_S, B(M+ -> l+ N) and |U|^2 at each mass; NaN where there is none."""

    n_signal: Annotated[Vector, Column("n_signal_ul_{}")]
    branching_fraction: Annotated[Vector, Column("branching_fraction_ul_{}")]
    u2: Annotated[Vector, Column("u2_ul_{}")]


@dataclass(frozen=True, eq=False)
class Bands:
    """Median of a limit under background only, and its quantiles at -2, -1, 1 and 2 standard deviations."""

    median: Annotated[Limit, Column("{}")]
    m2s: Annotated[Limit, Column("{}_m2s")]
    m1s: Annotated[Limit, Column("{}_m1s")]
    p1s: Annotated[Limit, Column("{}_p1s")]
    p2s: Annotated[Limit, Column("{}_p2s")]
