"""A search of a spectrum with one event in every twentieth bin: no peak, no fluctuation, limits at all masses."""

from __future__ import annotations

import numpy as np

from hnlpeak.core.measured import Measured
from hnlpeak.estimation.signal import SignalPoint, signal_model
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.spectrum import Spectrum


def comb_result() -> SearchResult:
    """The 2015 search of the comb; resolution falls from 12 to 0.9 MeV, the acceptance is 0.15 everywhere."""
    card = load_analysis("na62-2015-ke2").card
    points = [
        SignalPoint(m, Measured(s), Measured(0.15), n_kaon=Measured(3.01e8))
        for m, s in ((160, 12.0), (450, 0.9))
    ]
    counts = np.full((1, 1, 45_000), 0, dtype=np.int64)
    counts[..., ::20] = 1
    spectrum = Spectrum.from_counts(
        counts, selections=["any"], components=["data"], simulated=True, label="comb"
    )
    return scan(spectrum, card, signal=signal_model({"any": points}, window=card.scan.window, source="test"))
