"""Spurious signal: what a search makes of the simulated background alone.

The expectations of the simulated decays, real numbers without fluctuations, are searched as the data are. What the
background estimate leaves of them in a window, n - b, is no signal: it is how far the estimate fails the simulated
shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from hnlpeak.background.methods import estimate_background
from hnlpeak.core.records import Column, Vector
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.hypotheses import background_task, hypotheses
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["Spurious", "spurious_signals"]


@dataclass(frozen=True, eq=False)
class Spurious:
    """``expected`` background in each window, and the ``signal`` that the search sees in it: n - b, in events.

    ``error`` is that of the signal by the statistics of the simulation; ``relative`` the signal over the error sigma_b
    that the search states. NaN where there is no estimate.
    """

    expected: Annotated[Vector, Column("simulated_background")]
    signal: Annotated[Vector, Column("spurious_signal")]
    error: Annotated[Vector, Column("spurious_signal_error")]
    relative: Annotated[Vector, Column("spurious_signal_relative")]


def spurious_signals(
    decays: Spectrum, card: AnalysisCard, *, signal: SignalModel, flux: KaonFlux | None, n_kaon: float
) -> Spurious:
    """Search in the expectations of simulated ``decays`` at ``n_kaon`` kaon decays, at every mass of ``card``.

    ``UsageError`` where the decays do not say how many they stand for or the signal does not cover the scan.
    """
    scale, scaled = decays.scaled_to(n_kaon), decays.expectation(n_kaon)
    found = hypotheses(scaled, card, signal, flux)
    b = estimate_background(background_task(scaled, found), card.background)
    names = [h.selection for h in found]
    low, high = (np.array([getattr(h.window, end) for h in found]) for end in ("low", "high"))
    inside = decays.between(names, low, high)
    # weight of a simulated event about each mass
    reach = 10.0 * np.array([h.window.sigma for h in found])
    middle = 0.5 * (low + high)
    edges = decays.edges
    near = decays.between(names, np.maximum(middle - reach, edges[0]), np.minimum(middle + reach, edges[-1]))
    weight = scale * np.divide(near.variances, near.values, out=np.zeros(len(found)), where=near.values > 0.0)
    left = scale * inside.values - b.background
    return Spurious(
        scale * inside.values,
        left,
        np.sqrt(scale**2 * inside.variances + weight * b.stat**2),
        left / b.error,
    )
