"""One search with all that it made: the result, and the spectra and estimates behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hnlpeak.core.above import above
from hnlpeak.core.display import short
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.limits.result import SearchResult
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.spectrum import Spectrum

if TYPE_CHECKING:
    from hnlpeak.report.plots import Plots

__all__ = ["ExampleEvent", "Search"]


@dataclass(frozen=True, eq=False)
class ExampleEvent:
    """One event to look at: its ``record`` (``detectors.event``) after the full response, and which it is.

    ``candidate`` are its reconstructed columns.
    """

    record: np.void
    candidate: Mapping[str, float] | None = None
    label: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Search:
    """Everything that a search makes, as reports and files take it; what is not known is None.

    ``data`` is the spectrum that was searched; ``templates`` are simulated spectra by source with their
    ``decays_in_fiducial``, scaled to the result's number of kaon decays where they are drawn. ``flux`` is None where a
    table gives N_K, ``cutflows`` are empty where a spectrum was given, ``calibration`` and ``event`` are None where
    nothing was simulated. ``decays`` were simulated in all. ``published`` names the earlier searches to draw, None
    for all of the result's flavour. ``provenance`` are lines (what, value) for the end of the page. A search that was
    read from its folder has all but ``flux``, ``calibration`` and ``decays``.
    """

    result: SearchResult
    analysis: Analysis | None = None
    data: Spectrum | None = None
    templates: Spectrum | None = None
    signal: SignalModel | None = None
    flux: KaonFlux | None = None
    cutflows: tuple[Cutflow, ...] = ()
    calibration: BeamCalibration | None = None
    event: ExampleEvent | None = None
    decays: int = 0
    published: tuple[str, ...] | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def card(self) -> AnalysisCard | None:
        """The card of the analysis."""
        return None if self.analysis is None else self.analysis.card

    @property
    def experiment(self) -> Experiment | None:
        """The experiment of the analysis."""
        return None if self.analysis is None else self.analysis.experiment

    @property
    def plot(self) -> Plots:
        """All figures of the report: ``plot.m_miss()``, ``plot.u2(ax=axes)``; ``dir(search.plot)`` names them."""
        plots: Plots = above("hnlpeak.report.plots").Plots(self)
        return plots

    def __repr__(self) -> str:
        parts = ("analysis", "data", "templates", "signal", "flux", "calibration", "event")
        there = [name for name in parts if getattr(self, name) is not None]
        return short("Search", self.result.analysis, "with result", *there)

    def _repr_html_(self) -> str:
        return self.result._repr_html_()
