"""Tables of a search that people read: cut-flow, composition of the background, beside published numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hnlpeak.estimation.composition import effective_events, window_composition
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.formats.table import table_text
from hnlpeak.limits.comparison import compare
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.systematics_table import systematic_rows
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["comparison_table", "composition_table", "cutflow_table", "passed_table", "systematics_table"]


def cutflow_table(cutflows: Sequence[Cutflow]) -> str:
    """Return the text of ``cutflow.csv``: selection, cut, passed, fraction of the step before, N - 1,
    and the share of the vetoed decays that the row was counted from (1: all)."""
    return _rows_table([row for cutflow in cutflows for row in cutflow.rows()])


def passed_table(spectrum: Spectrum) -> str:
    """Return the text of ``cutflow.csv`` for a spectrum as given: it tells only what passed all its cuts."""
    passed = [float(spectrum.project(name).values.sum()) for name in spectrum.selections]
    cuts = ["all cuts (spectrum as given)"] * len(passed)
    return table_text({"selection": spectrum.selections, "cut": cuts, "passed": passed})


def comparison_table(result: SearchResult, card: AnalysisCard) -> str:
    """Return the text of ``comparison.csv``: limits beside those published, at whole multiples of 10 MeV."""
    return _rows_table(compare(result, card, _round_masses(card)))


def systematics_table(result: SearchResult) -> str:
    """Return the text of ``systematics.csv``: what each source does to A, N_K and b, at each mass of the study."""
    return _rows_table(systematic_rows(result))


def composition_table(result: SearchResult, card: AnalysisCard, templates: Spectrum) -> str:
    """Return the text of ``composition.csv``: events in each window by source, with MC errors, beside the estimate.

    One row for each whole multiple of 10 MeV. ``*_effective`` are the effective events of a template behind the window,
    (sum w)^2 / sum w^2. Where the estimate is a sum of components, their events are those that b
    is the sum of, and ``*_syst`` the errors that they share between windows.
    """
    masses = _round_masses(card)
    rows = [result.row(mass) for mass in masses]
    low, high = (np.array([row[name] for row in rows]) for name in ("window_low_mev", "window_high_mev"))
    parts = window_composition(
        templates,
        selections=[row["selection"] for row in rows],
        low=low,
        high=high,
        decays=result.normalisation.n_kaon.value,
    )
    columns: dict[str, Any] = {
        "m_n_mev": masses,
        "n_observed": [row["n_observed"] for row in rows],
        "background": [row["background"] for row in rows],
        "background_error": [row["background_error"] for row in rows],
        "simulated": sum(events for events, _ in parts.values()),
    }
    common, places = result.background.details.relative_errors, [result.place(mass) for mass in masses]
    counted = {name: np.array(e)[places] for name, e in result.background.details.components.items()}
    for source, (simulated, errors) in parts.items():
        events = counted.get(source, simulated)
        columns[source] = events
        columns[f"{source}_error"] = errors
        columns[f"{source}_effective"] = effective_events(simulated, errors**2)
        if common:
            columns[f"{source}_syst"] = common.get(source, 0.0) * events
    return table_text(columns)


def _rows_table(rows: Sequence[Mapping[str, Any]]) -> str:
    return table_text({name: [row[name] for row in rows] for name in rows[0]}) if rows else "\n"


def _round_masses(card: AnalysisCard) -> list[float]:
    return [mass for mass in card.scan.masses() if abs(mass / 10.0 - round(mass / 10.0)) < 1e-6]
