"""What one event of a simulated source stands for: shares of the meson's decays, or numbers for each of them."""

from __future__ import annotations

from dataclasses import replace

from hnlpeak.experiment.analysis import Analysis
from hnlpeak.searches.companions import halo_per_decay, per_meson_decay
from hnlpeak.searches.interactions import interactions_per_decay
from hnlpeak.simulation.sample import HALO, INTERACTIONS, Sample
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["template_spectrum"]

_NO_DECAYS = {HALO: halo_per_decay, INTERACTIONS: interactions_per_decay}
"""Sources that are no decay modes: how many of their events there are for each decay of the meson."""


def template_spectrum(
    analysis: Analysis, mode: str, sample: Sample, made: Spectrum
) -> tuple[Spectrum, float]:
    """The template ``made`` of ``mode`` with the decays that it stands for, and its share of the meson's decays."""
    if mode not in _NO_DECAYS:
        return made, per_meson_decay(analysis, mode)
    return replace(made, decays_in_fiducial=sample.decays / _NO_DECAYS[mode](analysis)), 1.0
