"""Does the background estimate see a signal where there is none? A finished search on its own simulated background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.core.records import Vector
from hnlpeak.limits.search import Search
from hnlpeak.limits.spurious import Spurious, spurious_signals

__all__ = ["SpuriousStudy", "spurious_study"]


@dataclass(frozen=True, eq=False)
class SpuriousStudy:
    """``spurious`` signals at each ``mass`` (MeV) of a search of ``decays`` kaon decays."""

    decays: float
    mass: Vector
    spurious: Spurious

    @property
    def worst(self) -> int:
        """Place of the largest spurious signal in units of the error that the search states."""
        size = np.abs(self.spurious.relative)
        return int(np.argmax(np.where(np.isfinite(size), size, -1.0)))

    def record(self) -> dict[str, Any]:
        """All masses together, as JSON: how many have an estimate, their rms and the largest, None where none has."""
        made, worst = self.spurious, self.worst
        relative = made.relative[np.isfinite(made.relative)]
        largest = {
            "m_n_mev": float(self.mass[worst]),
            "spurious_signal": float(made.signal[worst]),
            "spurious_signal_error": float(made.error[worst]),
            "spurious_signal_relative": float(made.relative[worst]),
        }
        return {
            "kaon_decays": self.decays,
            "masses": relative.size,
            "rms_relative": float(np.sqrt(np.mean(relative**2))) if relative.size else None,
            "above_error": int(np.sum(np.abs(relative) > 1.0)),
            "largest": largest if relative.size else None,
        }


def spurious_study(search: Search, *, kaons: float | None = None) -> SpuriousStudy:
    """Fit the expectations of the ``search``'s simulated background at every mass, at ``kaons`` decays (default: N_K).

    ``InputDataError`` where the folder has no simulated background, ``UsageError`` where the estimate is made of it.
    """
    name = search.result.analysis
    if search.card is None or search.templates is None or search.signal is None:
        raise InputDataError(
            f"{name}: the folder holds no simulated background; use one that `hnlpeak run` made"
        )
    if search.card.background.needs_decays:
        raise UsageError(
            f"{name}: the background is the simulated one itself (method {search.card.background.method!r}), "
            "it cannot make a spurious signal of it; this study is for method 'sideband'"
        )
    n_kaon = search.result.normalisation.n_kaon.value if kaons is None else kaons
    found = spurious_signals(
        search.templates, search.card, signal=search.signal, flux=search.result.normalisation, n_kaon=n_kaon
    )
    return SpuriousStudy(n_kaon, search.result.hypotheses.mass, found)
