"""A made-up search over a hump that a function of second order does not follow."""

from __future__ import annotations

from typing import Any

import hist
import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.card import read_card
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.signal import SignalModel, SignalPoint, signal_model
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.fixed_point import FIXED_POINT

LIBRARY, _, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")
EDGES = np.linspace(200.0, 400.0, 2001)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
SIGMA, KAONS, WEIGHT = 2.0, 1e8, 0.1
# a hump of 0.7 of the side bands' reach about 300 MeV on a flat floor, events a bin
RATE = 2.0 + 20.0 * np.exp(-(((CENTRES - 300.0) / (11.25 * SIGMA)) ** 2) / 0.98)


def card(choice: str) -> AnalysisCard:
    return LIBRARY.model_copy(
        update={
            "scan": LIBRARY.scan.model_copy(update={"mass_min": 250.0, "mass_max": 350.0, "step": 10.0}),
            "background": LIBRARY.background.model_copy(update={"order_choice": choice}),
        }
    )


def spectrum(values: NDArray[Any], *, weight: float = 0.0) -> Spectrum:
    common: dict[str, Any] = {
        "selections": ["any"],
        "components": ["kmu2"],
        "simulated": True,
        "label": "toy",
        "decays_in_fiducial": KAONS,
        "axis": hist.axis.Regular(2000, 200.0, 400.0, name="m_miss"),
    }
    if not weight:
        return Spectrum.from_counts(values.astype(np.int64)[None, None], **common)
    w = np.rint(values * FIXED_POINT).astype(np.int64)[None, None]
    return Spectrum.from_weights(w, np.rint(w * weight).astype(np.int64), **common)


def signal() -> SignalModel:
    points = [SignalPoint(m, Measured(SIGMA), Measured(0.2), Measured(0.2 / 0.6827)) for m in (240.0, 360.0)]
    return signal_model({"any": points}, window=1.0, source="toy")
