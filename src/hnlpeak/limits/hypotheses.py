"""What each mass hypothesis is before its events are counted: signal, N_K, window."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.background.method import Task
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.core.records import Column, Vector, Words
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalModel, SignalPoint
from hnlpeak.estimation.signal_mc import window_of
from hnlpeak.experiment.analysis_card import AnalysisCard, FractionWindow
from hnlpeak.limits.convert import branching_fraction_of, mixing_of
from hnlpeak.limits.limit import Limit
from hnlpeak.limits.systematics import SystematicErrors
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import Window, gaussian_fraction, window_words
from hnlpeak.theory.production import branching_fraction

__all__ = [
    "Hypotheses",
    "Hypothesis",
    "Windows",
    "background_task",
    "check_masses",
    "hypotheses",
    "selection_rows",
]

_log = logging.getLogger("hnlpeak")


@dataclass(frozen=True)
class Hypothesis:
    """One mass (MeV) with its selection, signal, number of kaon decays and window on the spectrum."""

    mass: float
    selection: str
    signal: SignalPoint
    n_kaon: Measured
    window: Window


@dataclass(frozen=True, eq=False)
class Windows:
    """Window of each hypothesis on the bins of the spectrum, MeV.

    ``efficiency_ratio``: acceptance of these bins over that of the exact window (1 without snapping).
    """

    low: Annotated[Vector, Column("window_low_mev")]
    high: Annotated[Vector, Column("window_high_mev")]
    efficiency_ratio: Annotated[Vector, Column("window_efficiency_ratio")]

    @classmethod
    def of(cls, found: Sequence[Hypothesis]) -> Windows:
        """Return the windows of all hypotheses."""
        return cls(
            low=np.array([h.window.low for h in found]),
            high=np.array([h.window.high for h in found]),
            efficiency_ratio=np.array([h.window.efficiency_ratio for h in found]),
        )


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """All mass hypotheses of a search, one number (or word) a mass: masses and resolutions in MeV.

    ``acceptance`` is that of the window on the bins of the spectrum, ``acceptance_no_window`` is NaN where it is not
    known, ``peak_per_window`` the signal events over those in the window (of a Gaussian where it is not),
    ``window_slope`` -d ln A / d ln sigma of a Gaussian, ``per_u2`` the branching fraction for |U|^2 = 1 (0 where the
    decay is closed). ``systematic`` errors are those of the card's sources, None where it names none.
    """

    mass: Annotated[Vector, Column("m_n_mev")]
    selection: Annotated[Words, Column("selection")]
    sigma: Annotated[Vector, Column("sigma_mev")]
    sigma_error: Annotated[Vector, Column("sigma_error_mev")]
    acceptance: Annotated[Vector, Column("acceptance")]
    acceptance_error: Annotated[Vector, Column("acceptance_error")]
    acceptance_no_window: Annotated[Vector, Column("acceptance_no_window")]
    peak_per_window: Annotated[Vector, Column("peak_per_window")]
    window_slope: Annotated[Vector, Column("window_slope")]
    n_kaon: Annotated[Vector, Column("n_kaon")]
    n_kaon_error: Annotated[Vector, Column("n_kaon_error")]
    per_u2: Annotated[Vector, Column("branching_fraction_per_u2")]
    systematic: Annotated[SystematicErrors | None, Column("")] = None

    @classmethod
    def of(cls, found: Sequence[Hypothesis], *, meson: str, lepton: str) -> Hypotheses:
        """Return all hypotheses of the decay of a ``meson`` to a ``lepton``."""
        ratio = np.array([h.window.efficiency_ratio for h in found])
        whole = [h.signal.acceptance_no_window for h in found]
        acceptance = ratio * np.array([h.signal.acceptance.value for h in found])
        no_window = np.array([np.nan if a is None else a.value for a in whole])
        with np.errstate(divide="ignore", invalid="ignore"):
            outside = no_window / acceptance
        mass = np.array([h.mass for h in found])
        per_u2 = branching_fraction(meson=meson, lepton=lepton, mass=mass, u2=1.0)
        return cls(
            mass=mass,
            selection=np.array([h.selection for h in found]),
            sigma=np.array([h.signal.sigma.value for h in found]),
            sigma_error=np.array([h.signal.sigma.error for h in found]),
            acceptance=acceptance,
            acceptance_error=ratio * np.array([h.signal.acceptance.error for h in found]),
            acceptance_no_window=no_window,
            peak_per_window=np.where(np.isfinite(outside), outside, 1.0 / _gaussian_shares(found)),
            window_slope=_window_slopes(found),
            n_kaon=np.array([h.n_kaon.value for h in found]),
            n_kaon_error=np.array([h.n_kaon.error for h in found]),
            per_u2=np.asarray(per_u2, dtype=np.float64),
        )

    def limit(self, n_signal: Vector) -> Limit:
        """Return the limits on B and |U|^2 that limits on ``n_signal`` events in the windows mean."""
        fraction = branching_fraction_of(n_signal, n_kaon=self.n_kaon, acceptance=self.acceptance)
        return Limit(n_signal, fraction, mixing_of(fraction, per_u2=self.per_u2))


def _gaussian_shares(found: Sequence[Hypothesis]) -> Vector:
    """Share of a Gaussian peak in the bins of each window."""
    return np.array(
        [gaussian_fraction(w.low, w.high, mean=w.mass, sigma=w.sigma) for w in (h.window for h in found)]
    )


def _window_slopes(found: Sequence[Hypothesis]) -> Vector:
    """-d ln(share of a Gaussian peak in the window) / d ln(sigma)."""
    ends = np.array([((h.window.low - h.mass), (h.window.high - h.mass)) for h in found])
    z = ends / np.array([h.window.sigma for h in found])[:, None]
    density = z * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    return np.asarray((density[:, 1] - density[:, 0]) / _gaussian_shares(found))


def _number_of_kaons(signal: SignalPoint, flux: KaonFlux | None) -> Measured:
    if flux is not None:
        return flux.n_kaon
    if signal.n_kaon is None:
        raise UsageError(
            "the number of kaon decays is not known: neither the signal table has n_kaon nor a flux is given"
        )
    return signal.n_kaon


def check_masses(spectrum: Spectrum, card: AnalysisCard) -> None:
    """Raise where ``spectrum`` cannot serve the scan whatever the resolution is.

    ``UsageError`` for a selection that it lacks, ``InputDataError`` where it does not cover the masses.
    """
    masses = card.scan.masses()
    for name in sorted({card.selection_of(mass) for mass in masses}):
        spectrum.selection_index(name)
    _check_cover(spectrum, masses[0], masses[-1])


def _check_cover(spectrum: Spectrum, low: float, high: float) -> None:
    edges = spectrum.edges
    slack = 1e-9 * (edges[-1] - edges[0])
    if low < edges[0] - slack or high > edges[-1] + slack:
        hint = " (is its axis in GeV?)" if edges[-1] < 2.0 else ""
        raise InputDataError(
            f"spectrum {spectrum.label!r} covers {edges[0]:g} to {edges[-1]:g} MeV{hint}, "
            f"the windows of the scan need {low:g} to {high:g} MeV"
        )


def hypotheses(
    spectrum: Spectrum, card: AnalysisCard, signal: SignalModel, flux: KaonFlux | None
) -> list[Hypothesis]:
    """Return the mass hypotheses of ``card`` on ``spectrum``.

    ``UsageError`` where the signal model does not cover a mass, was made with another window or N_K is not
    known; ``InputDataError`` where the spectrum does not cover the windows.
    """
    rule = card.scan.window
    if signal.window != rule:
        made, asked = window_words(signal.window), window_words(rule)
        raise UsageError(f"the signal's acceptances are for a window of {made}, the card asks for {asked}")
    masses = card.scan.masses()
    chosen = [card.selection_of(mass) for mass in masses]
    signals = [signal.at(mass, selection) for mass, selection in zip(masses, chosen, strict=True)]
    reach = 1.0 if isinstance(rule, FractionWindow) else rule
    halves = [reach * s.sigma.value for s in signals]
    _check_cover(
        spectrum,
        min(m - half for m, half in zip(masses, halves, strict=True)),
        max(m + half for m, half in zip(masses, halves, strict=True)),
    )
    edges = spectrum.edges
    found = [
        _hypothesis(name, s, _number_of_kaons(s, flux), window_of(s, rule, edges))
        for name, s in zip(chosen, signals, strict=True)
    ]
    snapped = [h.window for h in found if h.window.snapped]
    if snapped:
        ratios = [w.efficiency_ratio for w in snapped]
        _log.warning(
            "windows of %d of %d masses are snapped to the bins of spectrum %r; "
            "their acceptance is multiplied by %.3f to %.3f",
            len(snapped),
            len(found),
            spectrum.label,
            min(ratios),
            max(ratios),
        )
    return found


def _hypothesis(selection: str, signal: SignalPoint, n_kaon: Measured, window: Window) -> Hypothesis:
    """The hypothesis with the acceptance of exactly its window where the shape of the signal tells it."""
    whole, rough = signal.acceptance_no_window, signal.acceptance
    if signal.cumulative is not None and whole is not None and rough.value > 0.0:
        exact = whole.value * signal.inside(window.low, window.high) / window.efficiency_ratio
        acceptance = Measured(exact, stat=rough.error * exact / rough.value, source=rough.source)
        signal = replace(signal, acceptance=acceptance)
    return Hypothesis(signal.mass, selection, signal, n_kaon, window)


def selection_rows(
    spectrum: Spectrum, found: Sequence[Hypothesis]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return cumulative counts ``[selection, edge]`` and, for each hypothesis, the row of its selection."""
    names = sorted({h.selection for h in found})
    counts = [spectrum.project(name).values for name in names]
    cumulative = np.array([np.concatenate([[0.0], np.cumsum(values)]) for values in counts])
    return cumulative, np.array([names.index(h.selection) for h in found], dtype=np.int64)


def background_task(
    spectrum: Spectrum,
    found: Sequence[Hypothesis],
    inputs: BackgroundInputs | None = None,
    masked: tuple[tuple[float, float], ...] = (),
) -> Task:
    """Return what a background method works on at these hypotheses."""
    return Task(
        spectrum,
        [h.window for h in found],
        [h.selection for h in found],
        np.array([h.n_kaon.value for h in found]),
        np.array([h.n_kaon.error for h in found]),
        inputs,
        masked,
    )
