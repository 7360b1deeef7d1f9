"""The peak scan: from a spectrum to limits, one row per mass hypothesis.

The observed limit is the upper end of the interval that the card's method makes of (n, b +- sigma_b) and the share of
the signal that the side bands leave (``efficiency``). Of the errors of A, sigma(m) and N_K it has those that the card
names, published searches none; ``with_errors`` has all. Significant peaks are left out of side bands (``masks``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.card import BackgroundCard
from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.background.method import SmoothBackground
from hnlpeak.background.methods import smooth_background
from hnlpeak.core.measured import Measured
from hnlpeak.core.records import Vector, Words
from hnlpeak.estimation.composition import ENOUGH, TemplateStatistics, template_statistics
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.efficiency import NetEfficiency, net_efficiency
from hnlpeak.limits.excess import Excess, excess
from hnlpeak.limits.hypotheses import (
    Hypotheses,
    Hypothesis,
    Windows,
    hypotheses,
    selection_rows,
)
from hnlpeak.limits.intervals import (
    MethodLimits,
    SignalLimits,
    limit_with_errors,
    method_limits,
    signal_limits,
    treatment_limits,
)
from hnlpeak.limits.known import NOT_FOLLOWED, not_followed
from hnlpeak.limits.limit import Limit
from hnlpeak.limits.limit_coverage import own_coverage
from hnlpeak.limits.masks import Masks, estimate_with_masks, leading_peak
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.settings import BinRange, Exposure, Settings, Simulation
from hnlpeak.limits.shape_limits import ShapeFit, fit_shapes
from hnlpeak.limits.spurious import Spurious, spurious_signals
from hnlpeak.limits.systematics import Systematics
from hnlpeak.limits.systematics_errors import with_systematics
from hnlpeak.limits.toys import toy_result, toy_searches
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import Window
from hnlpeak.statistics import METHODS

__all__ = ["scan"]

_log = logging.getLogger("hnlpeak")


def scan(
    spectrum: Spectrum,
    card: AnalysisCard,
    *,
    signal: SignalModel,
    flux: KaonFlux | None = None,
    inputs: BackgroundInputs | None = None,
    context: RunContext | None = None,
    simulation: Simulation | None = None,
    exposure: Exposure | None = None,
    systematics: Systematics | None = None,
    known: Spectrum | None = None,
) -> SearchResult:
    """Return observed and expected limits at every mass of ``card``, NaN with a status where there is none.

    N_K: of ``flux``, else of the ``signal`` table. ``inputs``: what background methods other than side bands need;
    ``context``: seed of the toys (1 unless given); ``simulation``, ``exposure``: where the spectrum comes from;
    ``known``: the smooth expectation of pseudo-data, where they are drawn from one.
    ``UsageError`` where the signal ends before the scan or N_K is unknown, ``InputDataError`` where the spectrum does.
    """
    found = hypotheses(spectrum, card, signal, flux)
    where, n = _counts(spectrum, found)
    smooth = smooth_background(card.background, where[0], spectrum.edges)
    table, background, masked = _background(spectrum, card, found, n, inputs, systematics)
    normalisation = flux if flux is not None else _flux_of_table(found, signal)
    spurious = partial(_spurious, inputs, card, signal, flux, normalisation)
    further = partial(_beside, smooth, where, n, background, found, table, card, spurious)
    with (context := context or RunContext()).beside(further) as others:
        local = excess(n, background, card.statistics)
        limits = signal_limits(n, background, table, card.statistics)
        efficiency = net_efficiency(table, background.leakage, card.statistics.errors)
        parent = _parent(card, spectrum, found, local, masked)
        toys = toy_searches(smooth, parent, *where, card.statistics, context, table, limits.observed.n_signal)
        coverage = own_coverage(limits.observed.n_signal, background, efficiency, card.statistics)
        beside = others()
    return SearchResult(
        analysis=card.name,
        title=card.title,
        meson=card.channel.meson,
        lepton=card.channel.lepton,
        simulated=spectrum.simulated,
        label=spectrum.label,
        settings=_settings(spectrum, card, signal, found),
        normalisation=normalisation,
        hypotheses=table,
        windows=Windows.of(found),
        n_observed=n,
        background=background,
        efficiency=efficiency,
        excess=local,
        limits=limits,
        coverage=coverage,
        status=_status(known, found, card.background, background, limits, table, efficiency),
        toys=None if toys is None else toy_result(toys, table, local),
        templates=None if inputs is None else _templates(inputs.decays, found),
        simulation=simulation,
        exposure=exposure,
        systematics=systematics,
        **beside._asdict(),
    )


class _Beside(NamedTuple):
    """Fields of the result that are found while limits, coverage and toys are made, and take as long as they do."""

    treatments: dict[str, Limit]
    methods: dict[str, MethodLimits]
    with_errors: Limit
    shape: ShapeFit | None
    spurious: Spurious | None


_Where = tuple[list[Window], Vector, NDArray[np.float64], NDArray[np.int64]]


def _counts(spectrum: Spectrum, found: Sequence[Hypothesis]) -> tuple[_Where, Vector]:
    """Windows, bin edges, cumulative counts of the selections and their rows; and the events in each window."""
    windows = [h.window for h in found]
    cumulative, rows = selection_rows(spectrum, found)
    n = cumulative[rows, [w.last for w in windows]] - cumulative[rows, [w.first for w in windows]]
    return (windows, spectrum.edges, cumulative, rows), n


def _beside(
    smooth: SmoothBackground | None,
    where: _Where,
    n: Vector,
    background: BackgroundEstimates,
    found: Sequence[Hypothesis],
    table: Hypotheses,
    card: AnalysisCard,
    spurious: Callable[[], Spurious | None],
) -> _Beside:
    """Further limits, the shape fit and the spurious signal."""
    shape = None
    if smooth is not None:
        shape = fit_shapes(smooth, *where, card.statistics.cl, [h.signal for h in found], table)
    return _Beside(
        treatment_limits(n, background, table, card.statistics),
        method_limits(n, background, table, card.statistics),
        limit_with_errors(n, background, table, card.statistics),
        shape,
        spurious(),
    )


def _background(
    spectrum: Spectrum,
    card: AnalysisCard,
    found: Sequence[Hypothesis],
    n: Vector,
    inputs: BackgroundInputs | None,
    systematics: Systematics | None,
) -> tuple[Hypotheses, BackgroundEstimates, Masks]:
    """Hypotheses and background, with the errors of the ``systematics``, and the peaks that are left out."""
    background, masked = estimate_with_masks(spectrum, found, n, card, inputs)
    table = Hypotheses.of(found, meson=card.channel.meson, lepton=card.channel.lepton)
    if systematics is not None:
        table, background = with_systematics(systematics, table, background)
    return table, background, masked


def _templates(decays: Spectrum, found: Sequence[Hypothesis]) -> TemplateStatistics:
    """Statistics of the simulated decays behind each window; a warning where they are few."""
    made = template_statistics(
        decays,
        selections=[h.selection for h in found],
        low=np.array([h.window.low for h in found]),
        high=np.array([h.window.high for h in found]),
        decays=np.array([h.n_kaon.value for h in found]),
    )
    few = made.over_data < ENOUGH
    if np.any(few):
        least = int(np.argmin(made.over_data))
        _log.warning(
            "the simulated background has less than %g times the data's statistics in %d of %d windows, least at %g "
            "MeV: %.3g times, %.3g effective events",
            ENOUGH,
            int(few.sum()),
            len(found),
            found[least].mass,
            made.over_data[least],
            made.effective[least],
        )
    return made


def _spurious(
    inputs: BackgroundInputs | None,
    card: AnalysisCard,
    signal: SignalModel,
    flux: KaonFlux | None,
    normalisation: KaonFlux,
) -> Spurious | None:
    """Only where the estimate is a function of the spectrum, and simulated decays can take its place."""
    if inputs is None or card.background.needs_decays:
        return None
    return spurious_signals(inputs.decays, card, signal=signal, flux=flux, n_kaon=normalisation.n_kaon.value)


def _flux_of_table(found: Sequence[Hypothesis], signal: SignalModel) -> KaonFlux:
    """N_K of a signal table; where it varies with the mass, its mean (the columns have each)."""
    values = [h.n_kaon.value for h in found]
    one = min(values) == max(values)
    source = signal.source if one else f"{signal.source}: mean of {min(values):g} to {max(values):g}"
    value = values[0] if one else sum(values) / len(values)
    return KaonFlux(Measured(value, stat=max(h.n_kaon.error for h in found), source=source))


def _parent(
    card: AnalysisCard, spectrum: Spectrum, found: Sequence[Hypothesis], local: Excess, masked: Masks
) -> SmoothBackground | None:
    """The background that toys are drawn about: without the leading peak, significant or not; None for no toys."""
    if card.statistics.toys == 0:
        return None
    peak = leading_peak(found, local.significance, masked)
    gone = masked if peak is None else (*masked, peak)
    return smooth_background(card.background, [h.window for h in found], spectrum.edges, gone)


def _status(
    known: Spectrum | None,
    found: Sequence[Hypothesis],
    method: BackgroundCard,
    background: BackgroundEstimates,
    limits: SignalLimits,
    table: Hypotheses,
    efficiency: NetEfficiency,
) -> Words:
    """Words for everything out of the ordinary at each mass, ``ok`` if there is nothing."""
    missed = not_followed(known, found, method, background)
    words_of: list[str] = []
    for i, words in enumerate(background.status.tolist()):
        said = [] if words == "ok" else [words]
        if missed[i]:
            said.append(NOT_FOLLOWED)
        if limits.interval[i] not in ("ok", "none"):
            said.append(f"interval-{limits.interval[i]}")
        elif efficiency.value[i] <= 0.0:
            said.append("signal-absorbed")
        elif limits.interval[i] == "none" and efficiency.usable[i] and np.isfinite(background.background[i]):
            said.append("background-zero")
        if not table.acceptance[i] > 0.0:
            said.append("no-acceptance")
        if not table.per_u2[i] > 0.0:
            said.append("decay-closed")
        words_of.append(" ".join(said) or "ok")
    return np.array(words_of)


def _settings(
    spectrum: Spectrum, card: AnalysisCard, signal: SignalModel, found: Sequence[Hypothesis]
) -> Settings:
    edges, statistics = spectrum.edges, card.statistics
    return Settings(
        window=card.scan.window,
        windows_snapped=sum(h.window.snapped for h in found),
        method=statistics.method,
        methods=statistics.methods,
        treatment=statistics.treatment,
        constraint=statistics.constraint,
        cl=statistics.cl,
        convention=METHODS[statistics.method].words(statistics.cl),
        expected=statistics.expected,
        errors=_errors_in([*statistics.errors, *(card.systematics.in_limit if card.systematics else ())]),
        spectrum=BinRange(float(edges[0]), float(edges[-1]), int(edges.size - 1)),
        signal=signal.source,
    )


def _errors_in(errors: Sequence[str]) -> str:
    """Which errors the limits of a search have, in words."""
    named = ", ".join(errors)
    inside = f"and the errors of {named}" if named else "while A, sigma(m) and N_K are taken as exact"
    return (
        f"the limits have the errors of n and b and the leakage of signal into side bands in them, {inside}; "
        "those of the columns ..._with_errors have all errors"
    )
