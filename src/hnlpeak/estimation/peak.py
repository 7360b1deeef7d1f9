"""The Standard-Model peak of a spectrum: where it is, and the number of meson decays that it tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hnlpeak.background.control_run import control_region, under_peak
from hnlpeak.background.inputs import BackgroundInputs, control_counts
from hnlpeak.chain.sample_run import SampleResult
from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux, measure_flux
from hnlpeak.estimation.templates import background_per_kaon
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.theory.modes import MODES

__all__ = ["halo_under_peak", "mode_fraction", "peak_flux", "peak_region"]


def mode_fraction(mode: str, chosen: Mapping[str, float] | None = None) -> Measured:
    """Branching fraction of ``mode``, with the value that ``chosen`` has for it. ``UsageError`` where it has none."""
    fraction = MODES[mode].branching_fraction
    if fraction is None:
        raise UsageError(f"mode {mode!r} has no branching fraction")
    value = (chosen or {}).get(mode)
    return fraction if value is None else replace(fraction, value=value, source="the analysis card")


def peak_region(card: AnalysisCard, spectrum: Spectrum) -> tuple[float, float]:
    """The Standard-Model region in signed missing mass, MeV, on the bins of ``spectrum``.

    ``UsageError`` where the spectrum does not hold it.
    """
    edge = card.normalisation.m2_max**0.5
    edges = spectrum.edges
    if not (edges[0] <= -edge and edge <= edges[-1]):
        raise UsageError(
            f"spectrum {spectrum.label!r} ({edges[0]:g} to {edges[-1]:g} MeV) does not hold the Standard-Model peak "
            f"({-edge:g} to {edge:g} MeV): state the number of kaon decays (--n-kaon, or n_kaon of a signal table)"
        )
    low, high = (float(edges[np.argmin(np.abs(edges - end))]) for end in (-edge, edge))
    return low, high


def halo_under_peak(
    card: AnalysisCard, data: Spectrum, inputs: BackgroundInputs | None
) -> tuple[Measured, Measured] | None:
    """Events of the scaled control run in the region of the peak, and per kaon what decays where it is scaled take off.

    None where the card scales none.
    """
    scaled = control_region(data, inputs, card.background)
    if scaled is None or inputs is None or inputs.control is None:
        return None
    low, high = peak_region(card, data)
    held = control_counts(inputs, card.normalisation.selection, low, high)
    return under_peak(scaled, float(held.value))


def peak_flux(
    card: AnalysisCard, data: Spectrum, normalisation: SampleResult, inputs: BackgroundInputs | None
) -> KaonFlux:
    """N_K from the peak of ``data`` with the acceptance of the ``normalisation`` sample.

    ``inputs`` tell the background under the peak. ``UsageError`` where there is no peak.
    """
    region = card.normalisation
    low, high = peak_region(card, data)
    decays = float(normalisation.decays_in_fiducial)
    passed = float(normalisation.spectrum.between(region.selection, low, high).values)
    acceptance = passed / decays
    beta = fixed = Measured(0.0)
    if inputs is not None:
        beta = background_per_kaon(
            inputs.decays, selection=region.selection, low=low, high=high, mode=region.mode
        )
    if (halo := halo_under_peak(card, data, inputs)) is not None:
        fixed, less = halo
        beta = Measured(
            beta.value + less.value,
            stat=math.hypot(beta.stat, less.stat),
            syst=math.hypot(beta.syst, less.syst),
            source=f"{beta.source}; {less.source}",
        )
    n_sm = float(data.between(region.selection, low, high).values)
    if not n_sm:
        raise UsageError(
            f"spectrum {data.label!r} has no event in the Standard-Model region ({region.selection} cuts, "
            f"{low:g} to {high:g} MeV): the exposure is too small to measure the number of kaon decays"
        )
    return measure_flux(
        n_sm,
        acceptance_sm=Measured(
            acceptance,
            stat=(acceptance * (1.0 - acceptance) / decays) ** 0.5,
            source=f"simulated {region.mode}",
        ),
        branching_fraction=mode_fraction(region.mode, card.fractions),
        background_per_kaon=beta,
        background_events=fixed,
    )
