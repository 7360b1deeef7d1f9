"""One search with all that it made: the result, the spectra and estimates behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.limits.result import SearchResult
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["Search"]


@dataclass(frozen=True, eq=False)
class Search:
    """Everything that a search makes, for reports and files.

    ``calibration`` and ``event`` are None where nothing was simulated, ``flux`` where a table gives N_K, ``cutflows``
    are empty where a spectrum was given.
    """

    result: SearchResult
    data: Spectrum
    templates: Spectrum | None
    signal: SignalModel
    flux: KaonFlux | None
    cutflows: tuple[Cutflow, ...]
    calibration: BeamCalibration | None
    event: tuple[np.void, dict[str, float]] | None
    decays: int
