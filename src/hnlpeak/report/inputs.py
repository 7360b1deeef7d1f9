"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hnlpeak.estimation.signal import SignalModel
from hnlpeak.limits.result import SearchResult
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.spectrum import Spectrum

if TYPE_CHECKING:
    from hnlpeak.experiment.analysis_card import AnalysisCard
    from hnlpeak.experiment.experiment import Experiment

__all__ = ["ReportInputs"]


@dataclass(frozen=True, eq=False)
class ReportInputs:
    """A search result and whatever else is known; a figure is made where all its inputs are.

    ``templates`` are simulated spectra by source with their ``decays_in_fiducial``: they are scaled to the
    result's number of kaon decays. ``card`` marks the Standard-Model region. ``event`` is one record of
    ``detectors.event`` after the full response, ``candidate`` its reconstructed columns and ``event_label``
    says which it is. ``published`` names the earlier searches to draw, None for all of the result's flavour.
    ``provenance`` are lines (what, value) for the end of the page.
    """

    result: SearchResult
    data: Spectrum | None = None
    templates: Spectrum | None = None
    signal: SignalModel | None = None
    cutflows: tuple[Cutflow, ...] = ()
    card: AnalysisCard | None = None
    experiment: Experiment | None = None
    event: np.void | None = None
    candidate: Mapping[str, float] | None = None
    event_label: str = ""
    published: tuple[str, ...] | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
