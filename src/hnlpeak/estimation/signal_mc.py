"""Signal resolution and acceptance measured on a simulated spectrum of one mass.

sigma is half the distance between the 15.87 % and 84.13 % quantiles of the missing mass, never the rms, which
bremsstrahlung tails inflate. Its error is that of sample quantiles:
cov(q_p, q_r) = p (1 - r) / (N f(q_p) f(q_r)) for p <= r, with the density f from neighbouring quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.signal import PULLS, SignalPoint
from hnlpeak.experiment.analysis_card import FractionWindow, WindowRule
from hnlpeak.spectrum.axis import signed_sqrt
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import Window, fraction_window, search_window

__all__ = ["MINIMUM_EVENTS", "measure_signal", "quantile_width", "window_of"]

MINIMUM_EVENTS = 50.0
"""Fewest (effective) events from which a width is taken."""

_LOW = 0.5 * math.erfc(math.sqrt(0.5))
_DENSITY_STEP = 0.05


def _quantile(edges: NDArray[np.float64], cumulative: NDArray[np.float64], p: float) -> float:
    target = p * cumulative[-1]
    i = int(np.clip(np.searchsorted(cumulative, target, side="left"), 1, cumulative.size - 1))
    below, above = cumulative[i - 1], cumulative[i]
    return float(edges[i - 1] + (edges[i] - edges[i - 1]) * (target - below) / (above - below))


def quantile_width(
    edges: NDArray[np.float64], values: NDArray[np.float64], variances: NDArray[np.float64]
) -> tuple[Measured, float]:
    """Return half the width of the central 68.27 % of a histogram, with its error, and its median.

    ``UsageError`` where there are fewer than ``MINIMUM_EVENTS`` effective events (sum w)^2 / sum w^2.
    """
    total, squares = float(values.sum()), float(variances.sum())
    effective = total * total / squares if squares > 0.0 else 0.0
    if not effective >= MINIMUM_EVENTS:
        raise UsageError(
            f"{effective:.0f} effective events are too few for a resolution, {MINIMUM_EVENTS:g} needed"
        )
    cumulative = np.concatenate([[0.0], np.cumsum(values)])

    def at(p: float) -> float:
        return _quantile(edges, cumulative, p)

    low, high = at(_LOW), at(1.0 - _LOW)
    slopes = [
        (at(p + _DENSITY_STEP) - at(p - _DENSITY_STEP)) / (2.0 * _DENSITY_STEP) for p in (_LOW, 1.0 - _LOW)
    ]
    edge = _LOW * (1.0 - _LOW)
    variance = edge * (slopes[0] ** 2 + slopes[1] ** 2) - 2.0 * _LOW * _LOW * slopes[0] * slopes[1]
    error = 0.5 * math.sqrt(max(variance, 0.0) / effective)
    return Measured(0.5 * (high - low), stat=error, source="central 68.27 % of simulated signal"), at(0.5)


def _fraction(passed: float, squares: float, decays: float, source: str) -> Measured:
    """Efficiency of ``decays`` trials with its binomial error (its generalisation for weights)."""
    variance = max(squares - passed * passed / decays, 0.0)
    return Measured(passed / decays, stat=math.sqrt(variance) / decays, source=source)


def _cumulative(
    mass: float, sigma: float, edges: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of a histogram below m_N^2 + x 2 m_N sigma for each x of ``PULLS``."""
    below = np.concatenate([[0.0], np.cumsum(values)]) / values.sum()
    ends = signed_sqrt(mass**2 + PULLS * 2.0 * mass * sigma)
    return np.asarray(np.interp(ends, edges, below))


def window_of(point: SignalPoint, rule: WindowRule, edges: NDArray[np.float64]) -> Window:
    """Return the window of a signal by the ``rule`` on the bin ``edges`` (MeV) of a spectrum."""
    if isinstance(rule, FractionWindow):
        return fraction_window(
            point.mass,
            point.sigma.value,
            fraction=rule.fraction,
            bin_width=rule.bin,
            inside=point.inside,
            edges=edges,
        )
    return search_window(point.mass, point.sigma.value, k=rule, edges=edges)


def measure_signal(
    mass: float, spectrum: Spectrum, *, selections: Sequence[str], decays: float, window: WindowRule
) -> dict[str, SignalPoint]:
    """Return resolution and acceptance of signal MC of one ``mass`` (MeV) for each of ``selections``.

    ``decays`` is the number of simulated decays in the fiducial volume; ``window`` the rule of the window. A selection
    with fewer than ``MINIMUM_EVENTS`` events is left out. ``UsageError``
    for decays that are fewer than the selected events.
    """
    points: dict[str, SignalPoint] = {}
    for selection in selections:
        edges, values, variances = spectrum.project(selection)
        passed = float(values.sum())
        if not decays >= passed:
            raise UsageError(f"{passed:g} events selected of {decays:g} signal decays at {mass:g} MeV")
        try:
            sigma, median = quantile_width(edges, values, variances)
        except UsageError:
            continue
        point = SignalPoint(
            mass,
            sigma,
            Measured(0.0),
            _fraction(passed, float(variances.sum()), decays, "signal MC"),
            bias=median - mass,
            cumulative=_cumulative(mass, sigma.value, edges, values),
        )
        chosen = window_of(point, window, edges)
        inside = slice(chosen.first, chosen.last)
        raw = _fraction(float(values[inside].sum()), float(variances[inside].sum()), decays, "signal MC")
        ratio = chosen.efficiency_ratio
        points[selection] = replace(
            point, acceptance=Measured(raw.value / ratio, stat=raw.stat / ratio, source=raw.source)
        )
    return points
