"""Observed limit with the expected one and its bands, as all limit figures draw them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.style import BAND_ONE, BAND_TWO, EXPECTED, INK

__all__ = ["draw_limit"]


def draw_limit(axes: Axes, result: SearchResult, prefix: str) -> None:
    """Draw the column ``{prefix}_observed``, ``{prefix}_expected`` and the quantiles of the latter.

    Masses whose status says that they are not to be quoted are gaps.
    """
    masses = result.number("m_n_mev")

    def column(name: str) -> NDArray[np.float64]:
        return np.where(result.sound, result.number(f"{prefix}_{name}"), np.nan)

    for sigma, colour in ((2, BAND_TWO), (1, BAND_ONE)):
        axes.fill_between(
            masses,
            column(f"expected_m{sigma}s"),
            column(f"expected_p{sigma}s"),
            color=colour,
            linewidth=0.0,
            label=rf"expected $\pm{sigma}\sigma$",
        )
    axes.plot(
        masses, column("expected"), color=EXPECTED, linestyle="--", linewidth=1.6, label="expected (median)"
    )
    axes.plot(masses, column("observed"), color=INK, linewidth=1.6, label="observed")
    axes.set_xlim(masses[0], masses[-1])
    axes.set_xlabel(r"$m_N$ [MeV]")
