"""The peak scan: from a spectrum to limits, one row per mass hypothesis.

The observed limit is the upper end of the two-sided Rolke-Lopez interval for (n, b +- sigma_b). The errors of
A and N_K are left out, as in the published searches; the columns ``*_with_errors`` include them and the
leakage of signal into the side bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured
from hnlpeak.estimation.background.estimates import BackgroundEstimates
from hnlpeak.estimation.background.methods import Task, estimate_background
from hnlpeak.estimation.background.sideband import goodness_of_fit
from hnlpeak.estimation.background.sources import BackgroundSources
from hnlpeak.estimation.flux import KaonFlux, flux_record
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.experiment.analysis_card import AnalysisCard, StatisticsCard
from hnlpeak.limits.columns import TOY_BANDS, TREATMENTS, variant_columns
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.convert import branching_fraction_of, mixing_of
from hnlpeak.limits.hypotheses import Hypothesis, hypotheses, selection_rows
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.shape_columns import shape_columns
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import window_record
from hnlpeak.statistics import Gaussian, Status, expected_limit, p_value, rolke_lopez, significance
from hnlpeak.theory.production import branching_fraction

__all__ = ["CONVENTION", "scan"]

CONVENTION = (
    "upper end of a two-sided interval at the stated confidence level; "
    "at 90 % it is asymptotically a one-sided 95 % limit"
)

Vector = NDArray[np.float64]
_BANDS = ("m2s", "m1s", "p1s", "p2s")


def scan(
    spectrum: Spectrum,
    card: AnalysisCard,
    *,
    signal: SignalModel,
    flux: KaonFlux | None = None,
    sources: BackgroundSources | None = None,
) -> SearchResult:
    """Return observed and expected limits at every mass of ``card``.

    N_K is that of ``flux``, else the column n_kaon of the ``signal`` table. ``sources`` are what background methods
    other than side bands need. A mass without a limit is a row
    with a status and NaN. Raises ``UsageError`` where the signal does not cover the scan or N_K is unknown,
    ``InputDataError`` where the spectrum does not cover the windows.
    """
    found = hypotheses(spectrum, card, signal, flux)
    cumulative, rows = selection_rows(spectrum, found)
    background = estimate_background(
        Task(
            spectrum,
            [h.window for h in found],
            [h.selection for h in found],
            np.array([h.n_kaon.value for h in found]),
            np.array([h.n_kaon.error for h in found]),
            sources,
        ),
        card.background,
    )
    first = np.array([h.window.first for h in found])
    last = np.array([h.window.last for h in found])
    n = cumulative[rows, last] - cumulative[rows, first]
    columns: dict[str, Any] = _inputs(found, n, background)
    columns.update(_signal_limits(n, background, columns, card.statistics))
    columns.update(
        shape_columns([h.window for h in found], spectrum.edges, cumulative, rows, card, background.syst)
    )
    per_u2 = branching_fraction(
        meson=card.channel.meson, lepton=card.channel.lepton, mass=columns["m_n_mev"], u2=1.0
    )
    columns["branching_fraction_per_u2"] = np.asarray(per_u2, dtype=np.float64)
    # what only toys can tell: see with_toys
    columns["global_p_value"] = np.full(len(found), np.nan)
    columns.update({f"n_signal_ul_{name}": np.full(len(found), np.nan) for name in TOY_BANDS})
    _convert(columns)
    intervals = columns.pop("interval_status")
    columns["status"] = np.array(
        [_status(background.status[i], intervals[i], columns, i) for i in range(len(found))]
    )
    return SearchResult(
        analysis=card.name,
        title=card.title,
        meson=card.channel.meson,
        lepton=card.channel.lepton,
        simulated=spectrum.simulated,
        label=spectrum.label,
        settings=_settings(spectrum, card, signal, found, background),
        normalisation=flux_record(flux if flux is not None else _flux_of_table(found, signal)),
        columns=columns,
    )


def _flux_of_table(found: Sequence[Hypothesis], signal: SignalModel) -> KaonFlux:
    """N_K of a signal table; where it varies with the mass, its mean (the columns have each)."""
    values = [h.n_kaon.value for h in found]
    one = min(values) == max(values)
    source = signal.source if one else f"{signal.source}: mean of {min(values):g} to {max(values):g}"
    value = values[0] if one else sum(values) / len(values)
    return KaonFlux(Measured(value, stat=max(h.n_kaon.error for h in found), source=source))


def _inputs(found: Sequence[Hypothesis], n: Vector, background: BackgroundEstimates) -> dict[str, Any]:
    """Columns known before any limit."""
    nothing = float("nan")
    ratio = np.array([h.window.efficiency_ratio for h in found])
    whole = [h.signal.acceptance_no_window for h in found]
    return {
        "m_n_mev": np.array([h.mass for h in found]),
        "selection": np.array([h.selection for h in found]),
        "sigma_mev": np.array([h.signal.sigma.value for h in found]),
        "sigma_error_mev": np.array([h.signal.sigma.error for h in found]),
        "window_low_mev": np.array([h.window.low for h in found]),
        "window_high_mev": np.array([h.window.high for h in found]),
        "window_efficiency_ratio": ratio,
        "n_observed": n,
        "background": background.background,
        "background_error": background.error,
        "background_stat": background.stat,
        "background_syst": background.syst,
        "background_alternative": background.alternative,
        "background_order": background.order,
        "sideband_events": background.events,
        "sideband_deviance": background.deviance,
        "sideband_degrees_of_freedom": background.degrees_of_freedom,
        "sideband_fit_p_value": goodness_of_fit(background.deviance, background.degrees_of_freedom),
        "leakage": background.leakage,
        "acceptance": ratio * np.array([h.signal.acceptance.value for h in found]),
        "acceptance_error": ratio * np.array([h.signal.acceptance.error for h in found]),
        "acceptance_no_window": np.array([nothing if a is None else a.value for a in whole]),
        "n_kaon": np.array([h.n_kaon.value for h in found]),
        "n_kaon_error": np.array([h.n_kaon.error for h in found]),
    }


def _spread(good: NDArray[np.bool_], values: Any) -> Vector:
    """Values of the good rows in a column that is NaN elsewhere."""
    column = np.full(good.shape, np.nan)
    column[good] = values
    return column


def _signal_limits(
    n: Vector, background: BackgroundEstimates, columns: dict[str, Any], statistics: StatisticsCard
) -> dict[str, Any]:
    """Intervals for N_S, expected limits, p-values; NaN where there is no background estimate."""
    good = np.isfinite(background.background) & np.isfinite(background.error)
    count = n[good]
    kind = statistics.constraint
    constraint = background_constraint(background.background[good], background.error[good], kind=kind)
    common: dict[str, Any] = {"background": constraint, "cl": statistics.cl}
    interval = rolke_lopez(count, treatment=statistics.treatment, **common)
    expected = expected_limit(treatment=statistics.treatment, definition=statistics.expected, **common)
    out: dict[str, Any] = {
        "n_signal_ul_observed": _spread(good, interval.upper),
        "n_signal_lower": _spread(good, interval.lower),
        "n_signal_estimate": _spread(good, interval.estimate),
        "n_signal_ul_expected": _spread(good, expected.median),
        "p_value": _spread(good, p_value(count, background=constraint)),
        "local_significance": _spread(good, significance(count, background=constraint)),
        "interval_status": _spread(good, interval.status),
    }
    for band in _BANDS:
        out[f"n_signal_ul_expected_{band}"] = _spread(good, getattr(expected, band))
    for treatment in TREATMENTS:
        upper = rolke_lopez(count, treatment=treatment, **common).upper
        out[variant_columns(treatment)[0]] = _spread(good, upper)
    efficiency, error = _relative_efficiency(columns)
    usable = good & (efficiency > 0.0) & np.isfinite(efficiency) & np.isfinite(error)
    with_errors = rolke_lopez(
        n[usable],
        background=background_constraint(background.background[usable], background.error[usable], kind=kind),
        efficiency=Gaussian(efficiency[usable], error[usable]),
        cl=statistics.cl,
        treatment=statistics.treatment,
    )
    out["n_signal_ul_with_errors"] = _spread(usable, with_errors.upper)
    return out


def _relative_efficiency(columns: dict[str, Any]) -> tuple[Vector, Vector]:
    """Efficiency of the window relative to A, less the leakage, and the relative error of N_K A."""
    acceptance, whole = columns["acceptance"], columns["acceptance_no_window"]
    open_rows = acceptance > 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = np.where(np.isnan(whole), acceptance, whole) / acceptance
        relative = np.hypot(
            columns["acceptance_error"] / acceptance, columns["n_kaon_error"] / columns["n_kaon"]
        )
    efficiency = np.where(open_rows, 1.0 - columns["leakage"] * outside, np.nan)
    return efficiency, efficiency * relative


def _convert(columns: dict[str, Any]) -> None:
    """Add limits on B and |U|^2 to those on N_S."""
    names = [name for name in columns if name.startswith("n_signal_ul_")]
    for name in names:
        kind = name.removeprefix("n_signal_ul_")
        b = branching_fraction_of(columns[name], n_kaon=columns["n_kaon"], acceptance=columns["acceptance"])
        if kind in ("observed", "expected"):
            columns[f"branching_fraction_ul_{kind}"] = b
        columns[f"u2_ul_{kind}"] = mixing_of(b, per_u2=columns["branching_fraction_per_u2"])


_POOR_FIT = 1e-4


def _status(background: str, interval: float, columns: dict[str, Any], i: int) -> str:
    """Words for everything out of the ordinary at one mass, ``ok`` if there is nothing."""
    words = [] if background == "ok" else [background]
    if columns["sideband_fit_p_value"][i] < _POOR_FIT:
        words.append("poor-fit")
    if np.isfinite(interval) and interval != Status.OK:
        words.append(f"interval-{Status(int(interval)).name.lower()}")
    if not columns["acceptance"][i] > 0.0:
        words.append("no-acceptance")
    if not columns["branching_fraction_per_u2"][i] > 0.0:
        words.append("decay-closed")
    return " ".join(words) or "ok"


def _settings(
    spectrum: Spectrum,
    card: AnalysisCard,
    signal: SignalModel,
    found: Sequence[Hypothesis],
    background: BackgroundEstimates,
) -> dict[str, Any]:
    edges = spectrum.edges
    return {
        "window": window_record(card.scan.window),
        "windows_snapped": sum(h.window.snapped for h in found),
        "method": card.statistics.method,
        "treatment": card.statistics.treatment,
        "constraint": card.statistics.constraint,
        "cl": card.statistics.cl,
        "convention": CONVENTION,
        "expected": card.statistics.expected,
        "errors": "n and b +- sigma_b; N_K and A without errors, except in the columns with_errors",
        "background": background.settings,
        "spectrum": {"low_mev": float(edges[0]), "high_mev": float(edges[-1]), "bins": int(edges.size - 1)},
        "signal": signal.source,
    }
