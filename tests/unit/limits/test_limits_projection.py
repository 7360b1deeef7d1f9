"""Expected limits at other exposures, and limits of searches beside each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hnlpeak
from hnlpeak.core.errors import UsageError
from hnlpeak.limits.columns import TABLES
from hnlpeak.limits.projection import exposures, project
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.side_by_side import side_by_side
from hnlpeak.statistics import Gaussian, Known, expected_limit

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.fixture(scope="module")
def analysis() -> hnlpeak.Analysis:
    from hnlpeak.experiment.settings import with_settings

    return with_settings(hnlpeak.load_analysis("na62-2015-ke2"), ["scan.step=10 MeV"])


@pytest.fixture(scope="module")
def result(analysis: hnlpeak.Analysis) -> SearchResult:
    table = hnlpeak.read_signal_table(EXAMPLES / "signal.csv", window=analysis.card.scan.window)
    return hnlpeak.scan(hnlpeak.read_spectrum(EXAMPLES / "spectrum.csv"), analysis, signal=table)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e9", [1e9]),
        ("1e9,1e11", [1e9, 1e11]),
        ("1e9:1e11", [1e9, 3.16228e9, 1e10, 3.16228e10, 1e11]),
        ("1e9:1e14:2", [1e9, 1e14]),
        ("1e9:1e14:6", [1e9, 1e10, 1e11, 1e12, 1e13, 1e14]),
    ],
)
def test_exposures_as_people_write_them(text: str, expected: list[float]) -> None:
    assert exposures(text) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1e9:",
        "1e14:1e9",
        "1:1e9",
        "1e9:1e17",
        "1e9:1e10:1",
        "1e9:1e10:900",
        "1e9,1e9",
        "nan",
        "1e9:1e10,1e11",
    ],
)
def test_other_exposures_are_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match="--exposure: got"):
        exposures(text)


def test_the_exposure_of_the_search_gives_its_own_limits(
    result: SearchResult, analysis: hnlpeak.Analysis
) -> None:
    made = project(result, analysis.card.statistics, [3.01e8], reference=3.01e8)
    good = result.sound
    np.testing.assert_allclose(made.median[0][good], result.limits.expected.median.u2[good], rtol=1e-12)
    np.testing.assert_allclose(made.m1s[0][good], result.limits.expected.m1s.u2[good], rtol=1e-12)
    np.testing.assert_allclose(
        made.branching_fraction[0][good], result.limits.expected.median.branching_fraction[good], rtol=1e-12
    )
    assert np.all(np.isnan(made.median[0][~good]))


def test_a_row_is_what_its_formula_says(result: SearchResult, analysis: hnlpeak.Analysis) -> None:
    """At 9 times the exposure, from b, stat and syst by hand."""
    made = project(result, analysis.card.statistics, [1e4, 2.709e9], reference=3.01e8)
    i = result.place(300.0)
    b, stat, syst = (getattr(result.background, name)[i] for name in ("background", "stat", "syst"))
    spread, net = result.number("background_spread")[i], Known(result.efficiency.value[i])
    freedom = np.sqrt(syst**2 - spread**2)
    whole = np.sqrt((3.0 * stat) ** 2 + (9.0 * spread) ** 2 + (3.0 * freedom) ** 2)
    for error, table in ((whole, made.median), (3.0 * stat, made.statistical)):
        events = expected_limit(
            background=Gaussian(9.0 * b, error), efficiency=net, treatment="bounded"
        ).median
        h = result.hypotheses
        assert table[1, i] == pytest.approx(events / (2.709e9 * h.acceptance[i] * h.per_u2[i]), rel=1e-9)


def test_systematic_errors_stop_the_fall(result: SearchResult, analysis: hnlpeak.Analysis) -> None:
    """Limits fall as 1 / sqrt(exposure) without systematic errors, and level off with them; never rise."""
    made = project(result, analysis.card.statistics, exposures("1e9:1e14:6"), reference=3.01e8)
    good = np.isfinite(made.median).all(axis=0) & (
        result.number("background_spread") > 0.05 * result.background.background
    )
    assert good.sum() >= 3
    falls = made.statistical[1:, good] / made.statistical[:-1, good]
    np.testing.assert_allclose(falls[2:], 10.0**-0.5, rtol=0.02)
    assert np.all(made.median[:, good] >= made.statistical[:, good] * (1.0 - 1e-6))
    last = made.median[-1, good] / made.median[-2, good]
    assert np.all((last > 0.95) & (last <= 1.01))
    # what is left of the systematic error is the spread of the functions, in a fixed relation to b
    relative = made.syst / made.background
    assert np.all(np.diff(relative[:, good], axis=0) <= 0.0)
    spread = result.number("background_spread") / result.background.background
    np.testing.assert_allclose(relative[-1, good], spread[good], rtol=0.02)


def test_many_events_join_smoothly(result: SearchResult, analysis: hnlpeak.Analysis) -> None:
    """Above ten thousand background events the median is that of the Asimov count: no step there."""
    i = result.place(300.0)
    reference = 3.01e8 * 1e4 / result.background.background[i]
    made = project(result, analysis.card.statistics, [0.99 * reference, 1.01 * reference], reference=3.01e8)
    assert made.median[1, i] / made.median[0, i] == pytest.approx(1.0, abs=0.012)
    assert made.p1s[1, i] / made.p1s[0, i] == pytest.approx(1.0, abs=0.012)


def test_tables_of_a_projection(result: SearchResult, analysis: hnlpeak.Analysis) -> None:
    made = project(result, analysis.card.statistics, [1e9, 1e10], reference=3.01e8, settings=["a.b=1"])
    columns = made.columns()
    assert tuple(columns) == tuple(fact.name for fact in TABLES["projection.csv"])
    assert {len(column) for column in columns.values()} == {2 * len(result)}
    assert columns["exposure_decays"][len(result)] == 1e10
    assert columns["m_n_mev"][len(result)] == 170.0
    assert made.to_dict()["settings"] == ["a.b=1"]
    assert len(made.words()) == 2
    assert made.words()[0].startswith("1e+09 decays: |U|² < ")


def test_searches_stand_beside_each_other_at_their_own_masses(result: SearchResult) -> None:
    found = side_by_side([result, result], ["one", "the other"])
    assert found.mass == pytest.approx(result.hypotheses.mass)
    good = result.sound & np.isfinite(result.limits.observed.u2)
    np.testing.assert_allclose(found.observed_ratio[1][good], 1.0)
    assert np.all(np.isnan(found.observed_ratio[1][~good]))
    columns = found.columns()
    assert list(columns)[1:] == [
        "u2_ul_observed_one",
        "u2_ul_expected_one",
        "u2_ul_observed_the_other",
        "u2_ul_expected_the_other",
        "observed_ratio_the_other",
        "expected_ratio_the_other",
    ]
    assert "1 in the median" in found.words()[0]
    assert found.convention == "rolke-lopez: two-sided 90 % interval, bounded"


def test_masses_of_one_search_alone_have_no_ratio(result: SearchResult, analysis: hnlpeak.Analysis) -> None:
    from hnlpeak.experiment.settings import with_settings

    other = with_settings(analysis, ["scan.step=4 MeV"])
    table = hnlpeak.read_signal_table(EXAMPLES / "signal.csv", window=other.card.scan.window)
    finer = hnlpeak.scan(hnlpeak.read_spectrum(EXAMPLES / "spectrum.csv"), other, signal=table)
    found = side_by_side([result, finer], ["10", "4"])
    there = np.isfinite(found.expected_ratio[1])
    assert set(found.mass[there].round(6)) <= set(np.arange(170.0, 448.0, 20.0))
    assert there.sum() > 5
    np.testing.assert_allclose(found.expected_ratio[1][there], 1.0)


@pytest.mark.parametrize(
    ("labels", "lepton", "said"),
    [
        (["a"], "e", "got 1 labels for 2"),
        (["a b", "a-b"], "e", "distinct"),
        (["a", "b"], "mu", "different things"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    result: SearchResult, labels: list[str], lepton: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        side_by_side([result, replace(result, lepton=lepton)], labels)
    with pytest.raises(UsageError, match="two folders"):
        side_by_side([result], ["a"])
