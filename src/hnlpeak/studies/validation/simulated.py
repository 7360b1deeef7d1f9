"""Detector performance, resolution and acceptance, each from a sample of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured
from hnlpeak.detectors.hodoscope import Hodoscope
from hnlpeak.detectors.ring_cherenkov import RingCherenkov
from hnlpeak.estimation.peak import mode_fraction
from hnlpeak.estimation.signal import SignalPoint
from hnlpeak.estimation.signal_mc import measure_signal, window_of
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.spectrum.axis import signed_square
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.studies.validation.bench import Bench, core, fitted_width, half_width
from hnlpeak.theory.species import MASS, Species

__all__ = ["simulated"]

_E, _MU = "na62-2015-ke2", "na62-2007-kmu2"
_BEFORE = "before the regions"
_BIN = 1e-4
"""Bins of the public analysis, GeV^2."""
Vector = NDArray[np.float64]


def _rings() -> Measured:
    """Distance of the ring radii of e and mu at 30 GeV, in errors of a ring's mean radius."""
    spec = next(d for d in load_experiment("na62-2015").card.detectors if isinstance(d, RingCherenkov))
    cosine = np.cos(np.arctan(spec.radius / spec.focal_length))
    e, mu = (
        spec.focal_length * np.tan(np.arccos(cosine * np.hypot(1.0, MASS[s] / 30e3)))
        for s in (Species.POSITRON, Species.MUON_PLUS)
    )
    return Measured(float((e - mu) / (spec.hit_resolution / np.sqrt(spec.hits))))


def _squares(spectrum: Spectrum, selection: str) -> tuple[Vector, Vector]:
    """Squared missing mass (GeV^2) of each bin, and the events there."""
    edges, values, _ = spectrum.project(selection)
    centres = 0.5 * (edges[1:] + edges[:-1])
    return 1e-6 * np.array([signed_square(float(m)) for m in centres]), values


def _point(bench: Bench, name: str, mass: float, selection: str, tracker: bool = False) -> SignalPoint:
    made = bench.signal(name, mass, tracker)
    window = bench.samples(name, tracker).analysis.card.scan.window
    decays = float(made.decays_in_fiducial)
    return measure_signal(mass, made.spectrum, selections=[selection], decays=decays, window=window)[
        selection
    ]


def _core_width(bench: Bench, mass: float) -> Measured:
    """Sigma (MeV) of the Gaussian core with the beam tracker: published widths hold no radiative tail."""
    view = bench.signal(_E, mass, True).spectrum.project("tight")
    start = _point(bench, _E, mass, "tight", tracker=True).sigma.value
    return core(0.5 * (view.edges[1:] + view.edges[:-1]), view.values, mean=mass, sigma=start)


def _of_2015(bench: Bench) -> Iterator[tuple[str, Measured]]:
    yield "rich_e_mu_sep_30gev", _rings()
    errors = bench.momentum_errors(_E, "pi3", at=15e3, within=1e3)
    start = half_width(errors)
    yield "sigma_p_2015_15gev", core(errors, np.ones(errors.size), mean=0.0, sigma=start.value)
    for mass, selection in ((170.0, "tight"), (250.0, "tight"), (350.0, "loose"), (448.0, "loose")):
        yield f"sigma_m_2015_{mass:g}", _point(bench, _E, mass, selection).sigma
    at350 = bench.signal(_E, 350.0).spectrum
    loose, tight = (float(at350.project(name).values.sum()) for name in ("loose", "tight"))
    ratio = loose / tight
    yield "a_loose_over_tight_350", Measured(ratio, stat=ratio * (1.0 / tight - 1.0 / loose) ** 0.5)
    for mass in (144.0, 158.0, 200.0, 248.0, 347.0):
        yield f"gtk_sigma_m_{mass:g}", _core_width(bench, mass)
    peak = bench.mode(_E, "ke2")
    m2, values = _squares(peak.spectrum, "tight")
    yield "sigma_m2_ke2_2015", core(m2, values, mean=0.0, sigma=0.005)
    card = bench.samples(_E).analysis.card
    inside = float(values[np.abs(m2) < 1e-6 * card.normalisation.m2_max].sum())
    per_decay = card.exposure.decays * mode_fraction("ke2").value / peak.decays_in_fiducial
    yield "n_ke2_2015", Measured(inside * per_decay, stat=inside**0.5 * per_decay)
    samples = bench.samples(_E)
    three = samples.calibration.events
    decays = samples.plan.calibration.decays / samples.analysis.experiment.decays_simulated_per_fiducial
    yield "k3pi_flux_acceptance", Measured(three / decays, stat=three**0.5 / decays)


def _counted_by_trigger(bench: Bench) -> float:
    """Share of the single muons that the hodoscope sees: the simulated events of the public analysis all trigger."""
    detectors = bench.samples(_MU).analysis.experiment.card.detectors
    return float(
        np.prod([d.plane_efficiency ** len(d.planes) for d in detectors if isinstance(d, Hodoscope)])
    )


def _of_2007(bench: Bench) -> Iterator[tuple[str, Measured]]:
    triggered = _counted_by_trigger(bench)
    errors = bench.momentum_errors(_MU, "kmu2", at=20e3, within=2e3)
    start = half_width(errors)
    yield "sigma_p_2007_20gev", core(errors, np.ones(errors.size), mean=0.0, sigma=start.value)
    peak = bench.mode(_MU, "kmu2")
    m2, values = _squares(peak.spectrum, _BEFORE)
    yield "sigma_m2_pre_2007_0", fitted_width(m2, values, bin_width=_BIN)
    yield "a_pre_2007_0", _share(float(values.sum()), triggered * float(peak.decays_in_fiducial))
    for mass in (250.0, 300.0, 325.0, 350.0, 370.0, 375.0):
        made = bench.signal(_MU, mass)
        m2, values = _squares(made.spectrum, _BEFORE)
        yield f"sigma_m2_pre_2007_{mass:g}", fitted_width(m2, values, bin_width=_BIN)
        yield f"a_pre_2007_{mass:g}", _share(float(values.sum()), triggered * float(made.decays_in_fiducial))
        final = _point(bench, _MU, mass, "search")
        if final.acceptance_no_window is not None:
            yield f"a_full_2007_{mass:g}", _over(final.acceptance_no_window, triggered)
        yield f"a_window_2007_{mass:g}", _over(final.acceptance, triggered)
        rule = bench.samples(_MU).analysis.card.scan.window
        chosen = window_of(final, rule, made.spectrum.edges)
        yield f"half_width_2007_{mass:g}", Measured(0.5 * (chosen.high - chosen.low))


def _over(share: Measured, efficiency: float) -> Measured:
    return Measured(share.value / efficiency, stat=share.stat / efficiency)


def _share(passed: float, decays: float) -> Measured:
    share = passed / decays
    return Measured(share, stat=(share * (1.0 - share) / decays) ** 0.5)


def simulated(bench: Bench) -> Mapping[str, Measured]:
    """Return the rows that need samples but no whole search."""
    return {**dict(_of_2015(bench)), **dict(_of_2007(bench))}
