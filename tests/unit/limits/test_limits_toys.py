from __future__ import annotations

import tomllib
from typing import Any

import hist
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.special import ndtr
from scipy.stats import chi2, kstest

from hnlpeak.background.bands import SidebandDesign, sideband_design
from hnlpeak.background.expectation import expected_spectrum
from hnlpeak.background.functions import SidebandModel
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.sideband_fit import fit_sidebands
from hnlpeak.core.card import read_card
from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalPoint, signal_model
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.explain import explain
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.limits.toy_spectra import draw_toys, toy_axis
from hnlpeak.limits.toys import BLOCK, ToySearches, search_toys
from hnlpeak.report.summary import verdict
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import Window, search_window
from hnlpeak.statistics import Gaussian, Known, rolke_lopez
from hnlpeak.statistics.equivalent import equivalent_poisson
from hnlpeak.statistics.look_elsewhere import gross_vitells, toy_p_value

LIBRARY, TEXT, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")
MODEL = SidebandModel(2, 3)
EDGES = np.linspace(100.0, 490.0, 1951)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
MASSES = np.arange(200.0, 320.0, 4.0)


def falling(per_mev: float) -> NDArray[np.float64]:
    return per_mev * np.exp(-(CENTRES - 260.0) / 100.0) * np.diff(EDGES)


def cumulative(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.zeros((*counts.shape[:-1], 1)), np.cumsum(counts, axis=-1)], axis=-1)


@pytest.fixture(scope="module")
def layout() -> tuple[list[Window], SidebandDesign]:
    windows = [search_window(m, 4.0, k=1.0, edges=EDGES) for m in MASSES]
    assert isinstance(LIBRARY.background, SidebandBackground)
    return windows, sideband_design(windows, EDGES, LIBRARY.background)


def toys_of(
    expected: NDArray[np.float64],
    layout: tuple[list[Window], SidebandDesign],
    toys: int,
    *,
    seed: int = 1,
    workers: int = 1,
) -> ToySearches:
    windows, design = layout
    rows = np.zeros(len(windows), dtype=np.int64)
    return search_toys(
        expected[None],
        design,
        windows,
        rows,
        model=MODEL,
        statistics=LIBRARY.statistics,
        toys=toys,
        context=RunContext(seed=seed, workers=workers),
    )


@pytest.mark.parametrize("mean", [0.02, 0.7, 4.0, 30.0])
def test_drawn_counts_are_poisson(mean: float) -> None:
    counts = np.diff(
        draw_toys(np.full((1, 20), mean), 5000, np.random.Generator(np.random.Philox(4))), axis=2
    )
    top = int(mean + 6.0 * np.sqrt(mean) + 4.0)
    edges = np.arange(top + 1)
    probabilities = np.exp(-mean + edges * np.log(mean) - np.cumsum(np.log(np.maximum(edges, 1))))
    expected = counts.size * probabilities
    some = expected > 10.0
    observed = np.array([np.count_nonzero(counts == k) for k in edges])
    statistic = np.sum((observed[some] - expected[some]) ** 2 / expected[some])
    assert chi2.sf(statistic, some.sum()) > 1e-6


def test_cells_drawn_together_have_their_own_rates() -> None:
    expected, toys = np.geomspace(1e-3, 8.0, 60), 20_000
    counts = np.diff(draw_toys(expected[None], toys, np.random.Generator(np.random.Philox(7))), axis=2)[:, 0]
    sums = counts.sum(axis=0)
    assert chi2.sf(np.sum((sums - toys * expected) ** 2 / (toys * expected)), 60) > 1e-6
    assert np.all(
        np.abs(counts.var(axis=0) - expected) < 5.0 * np.sqrt(expected * (1.0 + 2.0 * expected) / toys)
    )
    # Poisson numbers of different cells know nothing of each other
    correlations = np.corrcoef(counts[:, 30:].T)[np.triu_indices(30, 1)]
    assert np.sum(correlations**2) * toys == pytest.approx(correlations.size, abs=150)


def test_selections_share_their_events() -> None:
    expected = np.array([[1.0, 3.0, 0.0], [2.0, 1.0, 5.0]])
    toys = np.diff(draw_toys(expected, 20_000, np.random.Generator(np.random.Philox(5))), axis=2)
    assert toys.mean(axis=0) == pytest.approx(expected, abs=4.9 * np.sqrt(5.0 / 20_000))
    # the richer selection holds the events of the poorer one
    assert np.all(toys[:, 1, 0] >= toys[:, 0, 0])
    assert np.all(toys[:, 0, 1] >= toys[:, 1, 1])
    covariance = np.cov(toys[:, 0, 0], toys[:, 1, 0])
    assert covariance[0, 1] == pytest.approx(1.0, abs=0.06)


def test_axis_of_the_toys_gives_the_same_search(layout: tuple[list[Window], SidebandDesign]) -> None:
    windows, design = layout
    counts = np.random.Generator(np.random.Philox(6)).poisson(falling(10.0)).astype(float)
    axis = toy_axis(design, windows)
    assert axis.edges.size < EDGES.size
    total = cumulative(counts)[None]
    rows = np.zeros(len(windows), dtype=np.int64)
    one = fit_sidebands(design, total, rows, order=2, alternative_order=3)
    other = fit_sidebands(axis.design, total[:, axis.edges], rows, order=2, alternative_order=3)
    assert other.background == pytest.approx(one.background, rel=1e-12)
    assert (total[0, axis.edges][axis.last] == total[0, [w.last for w in windows]]).all()
    assert axis.reach(rows, 2)[0].all()
    assert not axis.reach(rows, 2)[1].any()


def test_expected_spectrum_follows_the_density(layout: tuple[list[Window], SidebandDesign]) -> None:
    windows, design = layout
    truth = falling(30.0)
    inside = (EDGES[design.first[0, 0]] < CENTRES) & (CENTRES < 360.0)
    assert isinstance(LIBRARY.background, SidebandBackground)
    cubic = LIBRARY.background.model_copy(update={"order": 3, "alternative_order": 2})
    for bands, model in (
        (sideband_design(windows, EDGES, cubic), SidebandModel(3, 2, order_choice="fixed")),
        (design, SidebandModel(1, 2, "exp-polynomial", "fixed")),
    ):
        found = expected_spectrum(bands, windows, EDGES, cumulative(truth)[None], model)[0]
        assert found[inside] == pytest.approx(truth[inside], rel=0.01)
    # the leading peak is masked in a scan: nothing of it is left
    peak = (
        300.0 * np.exp(-0.5 * ((CENTRES - 260.0) / 4.0) ** 2) / (4.0 * np.sqrt(2.0 * np.pi)) * np.diff(EDGES)
    )
    masked = sideband_design(windows, EDGES, LIBRARY.background, ((248.0, 272.0),))
    raised = expected_spectrum(masked, windows, EDGES, cumulative(truth + peak)[None], MODEL)[0]
    window = np.abs(CENTRES - 260.0) < 1.9
    assert abs((raised - truth)[window].sum()) < 0.02 * peak[window].sum()


def test_global_p_values_are_uniform_under_background(layout: tuple[list[Window], SidebandDesign]) -> None:
    """Data sets of their own, each with toys from its own side-band fits: as an analysis has it."""
    windows, design = layout
    rng = np.random.Generator(np.random.Philox(77))
    p = []
    for i in range(60):
        data = rng.poisson(falling(12.0)).astype(float)
        expected = expected_spectrum(design, windows, EDGES, cumulative(data)[None], MODEL)[0]
        observed = _largest(data, layout)
        p.append(toy_p_value(observed, toys_of(expected, layout, 100, seed=i).largest))
    assert kstest(p, "uniform").pvalue > 1e-6


def test_toys_about_fits_are_as_extreme_as_toys_about_the_truth(
    layout: tuple[list[Window], SidebandDesign],
) -> None:
    """Fits have the bumps of their data, and toys had them too: 1.9 times too many above the truth's 90 % point."""
    windows, design = layout
    truth = falling(12.0)
    level = float(np.quantile(toys_of(truth, layout, 800, seed=9).largest, 0.9))
    rng = np.random.Generator(np.random.Philox(3))
    shares = []
    for i in range(8):
        data = cumulative(rng.poisson(truth).astype(float))[None]
        expected = expected_spectrum(design, windows, EDGES, data, MODEL)[0]
        shares.append(np.mean(toys_of(expected, layout, 150, seed=100 + i).largest >= level))
    assert 0.06 < np.mean(shares) < 0.15


def _largest(data: NDArray[np.float64], layout: tuple[list[Window], SidebandDesign]) -> float:
    from hnlpeak.statistics import Gaussian, significance

    windows, design = layout
    total = cumulative(data)
    found = fit_sidebands(
        design, total[None], np.zeros(len(windows), dtype=np.int64), order=2, alternative_order=3
    )
    n = np.array([total[w.last] - total[w.first] for w in windows])
    return float(np.max(significance(n, background=Gaussian(found.background, found.error))))


def test_gross_vitells_against_toys(layout: tuple[list[Window], SidebandDesign]) -> None:
    """Windows with sharp edges are no smooth field: the extrapolation is an upper bound, and no wild one."""
    made = toys_of(falling(60.0), layout, 3000)
    mean = float(made.crossings.mean())
    for z in (2.0, 2.5):
        share = float(np.mean(made.largest >= z))
        formula = gross_vitells(z, mean_upcrossings=mean, level=1.0)
        assert 0.8 * share < formula < 4.0 * share


def test_bands_of_toys_agree_with_the_sums(layout: tuple[list[Window], SidebandDesign]) -> None:
    from hnlpeak.statistics import Gaussian, expected_limit

    windows, design = layout
    truth = falling(12.0)
    bands = toys_of(truth, layout, 2000).bands()
    asimov = fit_sidebands(
        design, cumulative(truth)[None], np.zeros(len(windows), dtype=np.int64), order=2, alternative_order=3
    )
    # toys have the systematic error of their own orders, the sums that of the spectrum
    sums = expected_limit(background=Gaussian(asimov.background[5:25], asimov.stat[5:25]))
    assert np.all(np.diff(bands, axis=0) >= 0.0)
    assert bands[2, 5:25] == pytest.approx(sums.median, rel=0.15)
    assert bands[3, 5:25] == pytest.approx(sums.p1s, rel=0.2)


def test_toys_do_not_depend_on_workers(layout: tuple[list[Window], SidebandDesign]) -> None:
    one, three = (toys_of(falling(5.0), layout, 3 * BLOCK + 7, workers=w) for w in (1, 3))
    assert np.array_equal(one.largest, three.largest)
    assert np.array_equal(one.upper, three.upper)
    assert one.largest.size == 3 * BLOCK + 7
    # a shorter series is the beginning of a longer one, another seed is another series
    assert np.array_equal(toys_of(falling(5.0), layout, BLOCK).largest, one.largest[:BLOCK])
    assert not np.array_equal(toys_of(falling(5.0), layout, BLOCK, seed=2).largest, one.largest[:BLOCK])


def _search(*, workers: int = 1, **statistics: Any) -> SearchResult:
    """A search in toy data with the library's card but for a short scan and ``statistics``."""
    update: dict[str, Any] = {
        "scan": LIBRARY.scan.model_copy(update={"mass_min": 200.0, "mass_max": 320.0, "step": 10.0}),
        "statistics": LIBRARY.statistics.model_copy(update=statistics),
    }
    counts = np.random.Generator(np.random.Philox(3)).poisson(falling(12.0)).astype(np.int64)
    axis = hist.axis.Regular(counts.size, 100.0, 490.0, name="m_miss")
    spectrum = Spectrum.from_counts(
        counts[None, None], selections=["any"], components=["s"], simulated=True, label="toy", axis=axis
    )
    points = [SignalPoint(m, Measured(4.0), Measured(0.15), Measured(0.22)) for m in (160.0, 400.0)]
    return scan(
        spectrum,
        LIBRARY.model_copy(update=update),
        signal=signal_model({"any": points}, window=1.0, source="toy"),
        flux=KaonFlux(Measured(3e8)),
        context=RunContext(seed=3, workers=workers),
    )


def test_result_with_toys() -> None:
    made, again = (_search(toys=300, workers=w) for w in (1, 2))
    assert made.to_dict() == again.to_dict()
    assert made.toys is not None
    found = made.toys.look_elsewhere
    top = int(np.argmax(made.number("local_significance")))
    assert (found.toys, found.seed) == (300, 3)
    assert found.mass == made.number("m_n_mev")[top]
    assert found.global_p_value == pytest.approx(made.number("global_p_value")[top])
    assert np.all(made.number("global_p_value") >= made.number("p_value") - 0.1)
    # mass by mass the formula has the systematic error of these data, toys have their own
    ratio = made.number("n_signal_ul_toys") / made.number("n_signal_ul_expected")
    assert np.median(ratio) == pytest.approx(1.0, abs=0.25)
    assert made.number("u2_ul_toys") == pytest.approx(
        made.number("n_signal_ul_toys") / made.number("n_signal_ul_observed") * made.number("u2_ul_observed")
    )
    assert "global p-value, 300 toys" in verdict(made)
    assert SearchResult.from_record(made.to_dict(), "here").to_dict() == made.to_dict()


def test_coverage_in_toys_is_that_of_searches_done_by_hand() -> None:
    """At one mass: whole spectra about the same expectation, a Gaussian peak of the limit's size, fits, intervals."""
    result = _search(toys=1000)
    assert result.toys is not None
    mass, i, toys = 260.0, 6, 1500
    limit, sigma = float(result.number("n_signal_ul_observed")[i]), 4.0
    window = search_window(mass, sigma, k=LIBRARY.scan.window, edges=EDGES)
    shape = np.diff(ndtr((EDGES - mass) / sigma))
    inside = shape[window.first : window.last].sum()
    assert isinstance(LIBRARY.background, SidebandBackground)
    one = sideband_design([window], EDGES, LIBRARY.background)
    rng = np.random.Generator(np.random.Philox(11))
    total = cumulative(rng.poisson(falling(12.0) + limit / inside * shape, (toys, shape.size)).astype(float))
    design = one._make(np.repeat(column, toys, axis=0) for column in one)
    fits = fit_sidebands(design, total, np.arange(toys), order=2, alternative_order=3)
    n = total[:, window.last] - total[:, window.first]
    ends = rolke_lopez(
        n,
        background=Gaussian(fits.background, fits.error),
        efficiency=Known(1.0 - fits.leakage / inside),
        cl=LIBRARY.statistics.cl,
    )
    below = ends.upper >= limit
    held = below & (ends.lower <= limit)
    for name, share in (
        ("toys_coverage_at_limit", held.mean()),
        ("toys_upper_coverage_at_limit", below.mean()),
    ):
        error = np.sqrt(0.95 * 0.05 * (1.0 / toys + 1.0 / 1000))
        assert result.number(name)[i] == pytest.approx(share, abs=4.9 * error)
        assert np.all(result.number(name) > 0.85)
    # the same as the sums, but for what fits do
    assert np.median(result.number("toys_upper_coverage_at_limit")) == pytest.approx(
        np.median(result.number("upper_coverage_at_limit")), abs=0.04
    )
    assert "toys_coverage_at_limit" not in _search().columns
    assert "toys_coverage_at_limit" not in _search(toys=50, method="cls-exact", treatment=None).columns


def test_without_toys_there_is_nothing_of_them() -> None:
    result = _search()
    assert result.toys is None
    assert not any("toys" in name or "global" in name for name in result.columns)
    assert "not corrected" in verdict(result)
    with pytest.raises(UsageError, match="no column 'global_p_value'"):
        result.number("global_p_value")


def test_poisson_constraint_reaches_every_limit() -> None:
    result, made = _search(), _search(constraint="poisson", toys=100)
    b, sigma = made.number("background"), made.number("background_error")
    direct = rolke_lopez(
        made.number("n_observed"),
        background=equivalent_poisson(b, sigma),
        efficiency=Known(made.number("net_efficiency")),
    )
    assert made.number("n_signal_ul_observed") == pytest.approx(direct.upper, rel=1e-9)
    assert made.settings.constraint == "poisson"
    for name in ("p_value", "n_signal_ul_expected", "n_signal_ul_with_errors"):
        assert not np.allclose(made.number(name), result.number(name), rtol=1e-6)
        assert made.number(name) == pytest.approx(result.number(name), rel=0.4)
    # it computes the limit again, and fails where that is another one
    assert f"{made.row(250.0)['n_signal_ul_observed']:.6g}" in explain(made, 250.0)
    assert np.all(made.number("n_signal_ul_toys") > 0.0)


def test_toys_need_side_bands() -> None:
    table = tomllib.loads(TEXT)
    table["statistics"]["toys"] = 10
    table["background"] = {
        "method": "templates",
        "errors": {},
        "control_low": "150 MeV",
        "control_high": "200 MeV",
        "reference": "test",
        "confidence": "E",
    }
    with pytest.raises(
        ValidationError, match=r"background method '[a-z-]+' has no toys; those that do: sideband"
    ):
        AnalysisCard.model_validate(table)
