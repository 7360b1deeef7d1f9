"""What a report adds for a background of templates, and the figure of several searches."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import matplotlib
import numpy as np
import pytest
from changed_results import with_columns
from matplotlib.figure import Figure

from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.background.templates import TemplateBackground
from hnlpeak.core.errors import UsageError
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.explain import explain
from hnlpeak.limits.improvement import improvement, published_before
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.limits.search import Search
from hnlpeak.report.figures import FIGURES
from hnlpeak.report.figures.binning import segments, snapped_edges, stack, with_systematics
from hnlpeak.report.figures.u2_searches import u2_searches
from hnlpeak.report.render import render
from hnlpeak.spectrum import Spectrum

ERRORS = {"kmu2": 0.1, "ke2": 0.02, "ke3": 0.3, "pipi0": 0.5}


def texts(figure: Figure) -> list[str]:
    return [item.get_text() for item in figure.findobj(matplotlib.text.Text)]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def made(
    data: Spectrum, templates: Spectrum, card: AnalysisCard, signal: SignalModel, flux: KaonFlux
) -> SearchResult:
    """The toy search with the background of its templates."""
    background = TemplateBackground.model_validate(
        {
            "method": "templates",
            "errors": ERRORS,
            "control_low": "130 MeV",
            "control_high": "165 MeV",
            "reference": "toy",
            "confidence": "E",
        }
    )
    own = card.model_copy(update={"background": background})
    return scan(data, own, signal=signal, flux=flux, inputs=BackgroundInputs(templates))


def test_result_is_explained_with_its_sources(made: SearchResult) -> None:
    text = explain(made, 300.0)
    assert "from simulated ke2, ke3, kmu2, pipi0" in text.replace(
        "kmu2, ke2, ke3, pipi0", "ke2, ke3, kmu2, pipi0"
    )
    assert "side bands" not in text


def test_figure_of_the_background_estimate(made: SearchResult, data: Spectrum, templates: Spectrum) -> None:
    inputs = Search(made, data=data, templates=templates)
    figure = FIGURES["background_estimate"].draw(inputs)
    assert figure is not None
    found = texts(figure)
    assert "hnlpeak simulation" in found
    assert "signal region" in found
    p = made.background.details.control_region.p_value
    assert 1e-6 < p <= 1.0
    assert any(text.startswith("control region\np = ") for text in found)
    lower = figure.axes[1]
    assert 0.0 < lower.get_ylim()[1] < 200.0
    assert len(render(figure, "png")) > 10_000
    assert FIGURES["background_estimate"].draw(Search(made, data=data)) is None


def test_figure_of_the_error_budget(made: SearchResult) -> None:
    figure = FIGURES["error_budget"].draw(Search(made))
    assert figure is not None
    assert "hnlpeak simulation" in texts(figure)
    parts = made.background.details.budget
    _, labels = figure.axes[0].get_legend_handles_labels()
    assert len(labels) == len(parts) + 1
    whole = figure.axes[0].get_lines()[0].get_ydata()
    squares = sum((100.0 * np.asarray(part) / made.number("background")) ** 2 for part in parts.values())
    np.testing.assert_allclose(whole, np.sqrt(squares), rtol=1e-9)


def test_stacks_of_templates_have_their_systematic_errors(
    made: SearchResult, result: SearchResult, templates: Spectrum
) -> None:
    places = snapped_edges(templates.edges, np.arange(200.0, 400.0, 20.0))
    plain = stack(templates, made, segments(made), places)
    wide = with_systematics(plain, made)
    added = np.sqrt(sum((ERRORS[name] * values) ** 2 for name, values in plain.components.items()))
    assert wide.error == pytest.approx(np.hypot(plain.error, added), rel=1e-12)
    assert with_systematics(plain, result) is plain


def test_improvement_is_counted_where_curves_overlap(result: SearchResult) -> None:
    masses = result.number("m_n_mev")
    (kek,) = [curve for curve in published_before(2000, "e") if curve.name == "kek-e"]
    on = kek.covers(masses)
    theirs = np.where(on, np.interp(masses, kek.mass, kek.u2), 1.0)
    half = np.where(masses < 250.0, 0.5, 2.0)
    ours = np.where(on, np.asarray(kek.limit(np.clip(masses, kek.mass[0], kek.mass[-1]))), theirs) * half
    row = improvement(with_columns(result, u2_ul_expected=ours, u2_ul_observed=0.1 * ours), [kek])[0]
    assert row.masses == on.sum() > 0
    assert (row.low, row.high) == (masses[on][0], masses[on][-1])
    assert row.expected == np.sum(masses[on] < 250.0)
    assert row.observed == row.masses
    nothing = improvement(with_columns(result, u2_ul_expected=np.full(len(masses), np.nan)), [kek])[0]
    assert nothing.masses == 0
    assert np.isnan(nothing.ratio)


@pytest.mark.parametrize(
    ("year", "flavour", "names"),
    [
        (2017, "e", {"kek-e", "triumf-e"}),
        (2017, "mu", {"kek-mu", "e949-mu", "psi-mu"}),
        (1983, "mu", {"kek-mu"}),
        (1900, "e", set()),
    ],
)
def test_published_before_a_year(year: int, flavour: str, names: set[str]) -> None:
    assert {curve.name for curve in published_before(year, flavour)} == names
    assert len(published_before(None, flavour)) > len(names)


def test_figure_of_several_searches(result: SearchResult) -> None:
    muon = dataclasses.replace(result, lepton="mu", title="a search with $")
    earlier = [*published_before(2017, "e"), *published_before(2017, "mu")]
    both = u2_searches([result, muon], earlier)
    assert len(both.axes) == 2
    found = " ".join(texts(both))
    for name in ("KEK (1984)", "KEK (1982)", "E949 (2015)", "observed", "expected"):
        assert name in found
    assert len(render(both, "png")) > 10_000
    one = u2_searches([result, result], [])
    assert len(one.axes) == 1
    none: Sequence[SearchResult] = []
    with pytest.raises(UsageError, match="no search"):
        u2_searches(none, earlier)
