"""What a search says on the terminal when it is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hnlpeak.limits.result import SearchResult

__all__ = ["summary"]


def summary(result: SearchResult, place: Path) -> str:
    """Return a few lines: N_K, the strongest limit, the smallest local p-value, where the results are.

    Masses whose status says that they are not to be quoted are counted and left out.
    """
    import numpy as np

    from hnlpeak.report.summary import not_quoted

    n_kaon = result.normalisation.n_kaon
    mass = result.hypotheses.mass
    u2, p = (np.where(result.sound, x, np.nan) for x in (result.limits.observed.u2, result.excess.p_value))
    lines = [
        f"{result.title}{' (simulated data)' if result.simulated else ''}",
        f"N_K = {n_kaon.value:.4g}"
        + (
            f" ± {n_kaon.stat:.2g} (stat) ± {n_kaon.syst:.2g} (syst)"
            if n_kaon.error
            else ", given without an error"
        ),
    ]
    injected = None if result.exposure is None else result.exposure.injected
    if injected is not None:
        lines.append(f"signal injected: {injected.mass:g} MeV at |U|² = {injected.u2:.2e}")
    lines += not_quoted(result)
    if np.all(np.isnan(u2)):
        lines.append(
            "no upper limit on |U|² that can be quoted at any mass: see the column status of limits.csv"
        )
    else:
        best = int(np.nanargmin(u2))
        lines.append(f"strongest limit |U|² < {u2[best]:.2e} at {mass[best]:g} MeV")
    if not np.all(np.isnan(p)):
        smallest = int(np.nanargmin(p))
        lines.append(f"smallest local p-value {p[smallest]:.2g} at {mass[smallest]:g} MeV")
    lines.append(f"results in {place} (report.html, limits.csv, figures/)")
    return "\n".join(lines)
