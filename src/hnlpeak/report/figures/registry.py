"""All figures of a report by name: what each needs, what it is called, what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from hnlpeak.background.template_sums import ControlRegionAgreement
from hnlpeak.background.templates import TemplateDetails
from hnlpeak.limits.published import PublishedLimit, list_published, published
from hnlpeak.limits.search import Search
from hnlpeak.report.figures.acceptance import acceptance
from hnlpeak.report.figures.background_estimate import background_estimate, background_estimate_columns
from hnlpeak.report.figures.branching_fraction import branching_fraction
from hnlpeak.report.figures.columns import Columns, limit_columns
from hnlpeak.report.figures.composition import composition, composition_columns
from hnlpeak.report.figures.cutflow import cutflow, cutflow_columns
from hnlpeak.report.figures.error_budget import error_budget, error_budget_columns
from hnlpeak.report.figures.event_display import event_columns, event_display
from hnlpeak.report.figures.m2_miss import m2_miss, m2_miss_columns
from hnlpeak.report.figures.m_miss import m_miss, m_miss_columns
from hnlpeak.report.figures.n_signal import n_signal, n_signal_columns
from hnlpeak.report.figures.p_value import p_value, p_value_columns
from hnlpeak.report.figures.resolution import resolution, signal_columns
from hnlpeak.report.figures.systematics import systematics, systematics_columns
from hnlpeak.report.figures.u2 import u2, u2_columns
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["FIGURES", "FigureEntry", "earlier_searches", "used_cutflows"]


@dataclass(frozen=True)
class FigureEntry:
    """A figure of the report: ``draw`` and ``columns``, its numbers, return None where its inputs are not there.

    ``title`` heads it on the page, ``alt`` says in a sentence what can be seen.
    """

    title: str
    alt: str
    draw: Callable[[Search], Figure | None]
    columns: Callable[[Search], Columns | None]


def earlier_searches(search: Search) -> list[PublishedLimit]:
    """Return the searches that the report compares with: those of its search, else all results of the flavour.

    Curves that are no published result are among them where the analysis card says that they were made with its N_K.
    ``UsageError`` for an unknown name.
    """
    if search.published is not None:
        return [published(name) for name in search.published]
    own = () if search.card is None else search.card.normalisation.published_curves
    curves = [curve for curve in map(published, list_published()) if curve.flavour == search.result.lepton]
    return [curve for curve in curves if curve.standing != "recomputed" or curve.name in own]


def _m2_miss(search: Search) -> Figure | None:
    if search.data is None:
        return None
    region = search.card.normalisation if search.card is not None else None
    return m2_miss(
        search.result,
        search.data,
        search.templates,
        selection=_peak_selection(search),
        sm_limit=None if region is None else region.m2_max,
    )


def _m2_miss_columns(search: Search) -> Columns | None:
    if search.data is None:
        return None
    return m2_miss_columns(search.result, search.data, search.templates, selection=_peak_selection(search))


def _peak_selection(search: Search) -> str | None:
    return None if search.card is None else search.card.normalisation.selection


def _m_miss(search: Search) -> Figure | None:
    return None if search.data is None else m_miss(search.result, search.data, search.templates)


def _m_miss_columns(search: Search) -> Columns | None:
    return None if search.data is None else m_miss_columns(search.result, search.data, search.templates)


def _estimate_inputs(search: Search) -> tuple[ControlRegionAgreement, Spectrum, Spectrum] | None:
    details = search.result.background.details
    if search.data is None or search.templates is None or not isinstance(details, TemplateDetails):
        return None
    return details.control_region, search.data, search.templates


def _background_estimate(search: Search) -> Figure | None:
    found = _estimate_inputs(search)
    return None if found is None else background_estimate(search.result, *found)


def _background_estimate_columns(search: Search) -> Columns | None:
    found = _estimate_inputs(search)
    return None if found is None else background_estimate_columns(search.result, *found)


def _composition(search: Search) -> Figure | None:
    return None if search.templates is None else composition(search.result, search.templates)


def _composition_columns(search: Search) -> Columns | None:
    return None if search.templates is None else composition_columns(search.result, search.templates)


def _error_budget(search: Search) -> Figure | None:
    details = search.result.background.details
    return error_budget(search.result, details.budget) if isinstance(details, TemplateDetails) else None


def _error_budget_columns(search: Search) -> Columns | None:
    details = search.result.background.details
    return (
        error_budget_columns(search.result, details.budget) if isinstance(details, TemplateDetails) else None
    )


def _systematics(search: Search) -> Figure | None:
    found = search.result.systematics
    return None if found is None else systematics(search.result, found)


def _systematics_columns(search: Search) -> Columns | None:
    found = search.result.systematics
    return None if found is None else systematics_columns(found)


def used_cutflows(search: Search) -> list[Cutflow]:
    """Return the cut-flows of the selections of the search and of its normalisation; all where none is of these."""
    used = {str(name) for name in search.result.hypotheses.selection} | {_peak_selection(search)}
    return [flow for flow in search.cutflows if flow.selection in used] or list(search.cutflows)


def _cutflow(search: Search) -> Figure | None:
    flows = used_cutflows(search)
    return cutflow(flows, simulated=search.result.simulated) if flows else None


def _cutflow_columns(search: Search) -> Columns | None:
    return cutflow_columns(search.cutflows) if search.cutflows else None


def _event_display(search: Search) -> Figure | None:
    if search.experiment is None or search.event is None:
        return None
    event = search.event
    return event_display(search.experiment, event.record, event.candidate, label=event.label)


def _event_columns(search: Search) -> Columns | None:
    if search.experiment is None or search.event is None:
        return None
    return event_columns(search.experiment, search.event.record)


FIGURES: dict[str, FigureEntry] = {
    "u2": FigureEntry(
        "Limits on the mixing",
        "Observed and expected upper limits on the squared mixing over the HNL mass, with earlier searches.",
        lambda search: u2(search.result, earlier_searches(search)),
        lambda search: u2_columns(search.result, earlier_searches(search)),
    ),
    "p_value": FigureEntry(
        "Local p-values",
        "Local p-value of the background-only hypothesis over the HNL mass, with lines of standard deviations.",
        lambda search: p_value(search.result),
        lambda search: p_value_columns(search.result),
    ),
    "m2_miss": FigureEntry(
        "Squared missing mass",
        "Spectrum of the squared missing mass: Standard-Model peak at zero and the range of the search.",
        _m2_miss,
        _m2_miss_columns,
    ),
    "m_miss": FigureEntry(
        "Missing mass in the range of the search",
        "Spectrum of the missing mass in the range of the search, with examples of HNL peaks.",
        _m_miss,
        _m_miss_columns,
    ),
    "background_estimate": FigureEntry(
        "Background estimate",
        "Missing mass of data and the background by source in the signal and control regions, total error below.",
        _background_estimate,
        _background_estimate_columns,
    ),
    "n_signal": FigureEntry(
        "Limits on the number of signal events",
        "Observed and expected upper limits on signal events, with observed events and background per window.",
        lambda search: n_signal(search.result),
        lambda search: n_signal_columns(search.result),
    ),
    "branching_fraction": FigureEntry(
        "Limits on the branching fraction",
        "Observed and expected upper limits on the branching fraction over the HNL mass.",
        lambda search: branching_fraction(search.result),
        lambda search: limit_columns(search.result, "branching_fraction_ul"),
    ),
    "acceptance": FigureEntry(
        "Acceptance",
        "Signal acceptance over the HNL mass for each selection.",
        lambda search: acceptance(search.result, search.signal),
        lambda search: signal_columns(
            search.result, search.signal, "acceptance", "acceptance", "acceptance_error"
        ),
    ),
    "resolution": FigureEntry(
        "Resolution of the missing mass",
        "Resolution of the missing mass over the HNL mass.",
        lambda search: resolution(search.result, search.signal),
        lambda search: signal_columns(search.result, search.signal, "sigma", "sigma_mev", "sigma_error_mev"),
    ),
    "composition": FigureEntry(
        "Composition of the background",
        "Shares of the simulated kaon decays in the background over the missing mass.",
        _composition,
        _composition_columns,
    ),
    "error_budget": FigureEntry(
        "Parts of the background's error",
        "Parts of the error of the background over the HNL mass, relative to the background, and their sum.",
        _error_budget,
        _error_budget_columns,
    ),
    "systematics": FigureEntry(
        "Systematic errors of the signal",
        "Shift of acceptance times number of kaons by each systematic source over the HNL mass, and all in quadrature.",
        _systematics,
        _systematics_columns,
    ),
    "cutflow": FigureEntry(
        "Cut-flow",
        "Candidates after each cut, and with each cut left out.",
        _cutflow,
        _cutflow_columns,
    ),
    "event_display": FigureEntry(
        "One event in the beam line",
        "Side and top views of the beam line with the particles, hits and clusters of one event.",
        _event_display,
        _event_columns,
    ),
}
"""Figures in the order of the page; a new one is a line here."""
