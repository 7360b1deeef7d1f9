"""Cut-flow, N - 1 and spectrum of a tally against a plain calculation."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.chain.sample_run import tally_candidates
from hnlpeak.chain.shards import selection_of
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.analysis_card import AnalysisCard, Cut, SelectionCard
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.selection.tally import Tally, new_tally
from hnlpeak.spectrum.fixed_point import FIXED_POINT, FLOW_POINT

COMMON = [
    {"name": "momentum", "column": "p_mev", "min": "10 GeV", "max": "60 GeV"},
    {"name": "angle", "column": "theta_rad", "max": "8 mrad"},
]
OWN = {
    "wide": [{"name": "chi2", "column": "chi2", "max": 20.0}],
    "narrow": [
        {"name": "chi2", "column": "chi2", "max": 5.0},
        {"name": "closest approach", "column": "cda_mm", "max": "20 mm"},
    ],
}
BOUNDS = {
    "wide": [("p_mev", 10e3, 60e3), ("theta_rad", -np.inf, 8e-3), ("chi2", -np.inf, 20.0)],
    "narrow": [
        ("p_mev", 10e3, 60e3),
        ("theta_rad", -np.inf, 8e-3),
        ("chi2", -np.inf, 5.0),
        ("cda_mm", -np.inf, 20.0),
    ],
}


def card() -> AnalysisCard:
    return load_analysis("na62-2015-ke2").card.model_copy(
        update={
            "cuts": [Cut.model_validate(cut) for cut in COMMON],
            "selections": [
                SelectionCard(name=name, cuts=[Cut.model_validate(cut) for cut in cuts])
                for name, cuts in OWN.items()
            ],
        }
    )


def made(n: int, weighted: bool) -> dict[str, NDArray[np.float64]]:
    generator = np.random.default_rng(20)
    columns = {
        "p_mev": generator.uniform(5e3, 70e3, n),
        "theta_rad": generator.uniform(0.0, 0.01, n),
        "chi2": generator.exponential(6.0, n),
        "cda_mm": generator.uniform(0.0, 25.0, n),
        "m2_miss_mev2": generator.uniform(-2e4, 2e5, n),
        "source": generator.integers(0, 3, n).astype(float),
    }
    columns["chi2"][::17] = np.nan  # a NaN fails its cut
    if weighted:
        columns["weight"] = generator.integers(1, 5, n) / 4.0
    return columns


@pytest.mark.parametrize("weighted", [False, True])
def test_against_a_plain_calculation(weighted: bool) -> None:
    columns = made(6000, weighted)
    weight = columns.get("weight", np.ones(6000))
    result = tally_candidates(Candidates(columns, True, ("a", "b", "c"), "made"), card())
    for flow in result.cutflows:
        passes = np.array(
            [(columns[name] >= low) & (columns[name] <= high) for name, low, high in BOUNDS[flow.selection]]
        )
        assert flow.passed.shape == (3, len(passes) + 1)
        for s in range(3):
            mine = weight * (columns["source"] == s)
            expected = [mine.sum(), *(mine[passes[: c + 1].all(axis=0)].sum() for c in range(len(passes)))]
            assert flow.passed[s] == pytest.approx(np.array(expected), rel=1e-9)
            only = [
                mine[~passes[c] & np.delete(passes, c, axis=0).all(axis=0)].sum() for c in range(len(passes))
            ]
            assert min(only) > 0.0
            assert flow.only_failed[s] == pytest.approx(np.array(only), rel=1e-9)
        for c, cut in enumerate(flow.cuts):
            others = np.delete(passes, c, axis=0).all(axis=0)
            assert flow.without(cut) == pytest.approx(weight[others].sum(), rel=1e-9)
        selected = passes.all(axis=0)
        m = np.sign(columns["m2_miss_mev2"]) * np.sqrt(np.abs(columns["m2_miss_mev2"]))
        for s, source in enumerate(("a", "b", "c")):
            view = result.spectrum.project(flow.selection, components=[source])
            mine = selected & (columns["source"] == s)
            assert view.values == pytest.approx(np.histogram(m[mine], view.edges, weights=weight[mine])[0])
            assert view.variances == pytest.approx(
                np.histogram(m[mine], view.edges, weights=weight[mine] ** 2)[0]
            )


def one(m2: float, **changes: float) -> dict[str, float]:
    return {"p_mev": 20e3, "theta_rad": 1e-3, "chi2": 1.0, "cda_mm": 1.0, "m2_miss_mev2": m2, **changes}


def tally(*rows: dict[str, float]):
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return tally_candidates(Candidates(columns, False, ("data",), "made"), card())


@pytest.mark.parametrize("m", [0.0, 125.25, 300.0, 440.9, -0.1, -150.0])
def test_a_candidate_falls_into_the_bin_of_its_signed_mass(m: float) -> None:
    view = tally(one(math.copysign(m * m, m))).spectrum.project("wide")
    (filled,) = np.flatnonzero(view.values)
    assert view.edges[filled] - 1e-6 <= m < view.edges[filled + 1] + 1e-6


def test_beyond_the_axis_a_candidate_is_cut_but_not_drawn() -> None:
    result = tally(one(1e9), one(-1e9))
    assert result.cutflows[0].passed[0, -1] == 2
    assert result.spectrum.project("wide").values.sum() == 0.0


@pytest.mark.parametrize(
    ("changes", "passed", "only"),
    [
        ({}, [1, 1, 1, 1, 1], [0, 0, 0, 0]),
        ({"chi2": 6.0}, [1, 1, 1, 0, 0], [0, 0, 1, 0]),
        ({"theta_rad": 0.1, "cda_mm": 30.0}, [1, 1, 0, 0, 0], [0, 0, 0, 0]),
        ({"cda_mm": 30.0}, [1, 1, 1, 1, 0], [0, 0, 0, 1]),
        ({"p_mev": 1e3, "theta_rad": 0.1, "chi2": 9.0, "cda_mm": 30.0}, [1, 0, 0, 0, 0], [0, 0, 0, 0]),
        ({"p_mev": 10e3, "theta_rad": 8e-3, "chi2": 5.0, "cda_mm": 20.0}, [1, 1, 1, 1, 1], [0, 0, 0, 0]),
    ],
)
def test_only_a_single_failure_counts_for_n_minus_one(
    changes: dict[str, float], passed: list[int], only: list[int]
) -> None:
    flow = tally(one(1e4, **changes)).cutflows[1]
    assert flow.passed[0].tolist() == passed
    assert flow.only_failed[0].tolist() == only


def test_no_sum_of_weights_goes_without_an_error() -> None:
    """The square of a weight of 1e-8 is far below the unit of fixed point."""
    rows = [{**one(300.0**2), "weight": weight, "source": 0.0} for weight in (1e-8, 1e-8, 0.0)]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    view = tally_candidates(Candidates(columns, True, ("a",), "made"), card()).spectrum.project("wide")
    (filled,) = np.flatnonzero(view.values)
    assert view.values[filled] == pytest.approx(2e-8, rel=1e-4)
    # one unit for each of two, none for a weight of 0
    assert view.variances[filled] == 2.0 / FIXED_POINT


@pytest.mark.parametrize(("momentum", "fits"), [(20e3, False), (70e3, True)])
def test_the_square_of_a_weight_must_fit_where_it_is_filled(momentum: float, fits: bool) -> None:
    """What stands for many lost events may weigh 12 800: its square does not fit, and fills nothing."""
    row = {**one(300.0**2), "p_mev": momentum, "weight": 12_800.0, "source": 0.0}
    columns = {name: np.array([value]) for name, value in row.items()}
    candidates = Candidates(columns, True, ("a",), "made")
    if fits:
        assert tally_candidates(candidates, card()).cutflows[0].passed[0, 0] == 12_800.0
    else:
        with pytest.raises(InputDataError, match="weight"):
            tally_candidates(candidates, card())


def test_counts_and_weights_add_in_one_unit() -> None:
    """Counts become weights of 1 before they are added to weighted events; weighted ones stay as they are."""
    axis = selection_of(card(), list(made(1, True)))
    counts, weights = (new_tally(axis, components=1, totals=3, weighted=w) for w in (False, True))
    counts.spectrum[0, 0, 7], weights.spectrum[0, 0, 7], weights.squares[0, 0, 7] = (
        3,
        5 * FIXED_POINT,
        FIXED_POINT,
    )
    counts.passed[0, 0, 0], counts.only_failed[0, 0, 1], counts.totals[0] = 9, 2, 11
    both = counts.weighted() + weights.weighted()
    assert both.unit == FIXED_POINT
    assert both.spectrum[0, 0, 7] == 8 * FIXED_POINT
    assert both.squares[0, 0, 7] == 4 * FIXED_POINT
    assert both.passed[0, 0, 0] == 9 * FLOW_POINT
    assert both.only_failed[0, 0, 1] == 2 * FLOW_POINT
    assert both.totals[0] == 11


@pytest.mark.parametrize("weighted", [False, True])
def test_a_tally_travels_without_its_zeros(weighted: bool) -> None:
    card = load_analysis("na62-2015-ke2").card
    names = [
        *(cut.column for s in card.selections for cut in card.cuts_of(s)),
        "m2_miss_mev2",
        "source",
        "weight",
    ]
    selection = selection_of(card, list(dict.fromkeys(names)))
    tally = new_tally(selection, components=8, totals=3, weighted=weighted)
    rng = np.random.Generator(np.random.Philox(2))
    tally.spectrum[:, 3, 100:400] = rng.integers(-5, 2**62, (2, 300))
    tally.totals[:] = [1_000_000, 800_000, 3]
    tally.passed[0, 1, 2] = 7
    packed = pickle.loads(pickle.dumps(tally.packed()))
    again = packed.unpacked()
    assert again.unit == tally.unit
    for name in ("spectrum", "squares", "passed", "only_failed", "totals"):
        before, after = getattr(tally, name), getattr(again, name)
        assert after.dtype == np.int64
        assert after.shape == before.shape
        assert np.array_equal(after, before)
    assert (
        sum(part.places.nbytes + part.values.nbytes for part in packed.arrays) < 1e-2 * tally.spectrum.nbytes
    )
    again.spectrum[0, 0, 0] += 1  # an array of its own, to be added to
    assert tally.spectrum[0, 0, 0] == 0


@pytest.mark.parametrize("weighted", [False, True])
def test_packed_tallies_add_as_whole_ones_do(weighted: bool) -> None:
    rng = np.random.Generator(np.random.Philox(3))

    def some() -> Tally:
        shape = (2, 3, 50)
        spectrum = rng.integers(0, 2**61, shape) * (rng.random(shape) < 0.3)
        squares = spectrum // 2 if weighted else np.zeros((0, 0, 0), dtype=np.int64)
        rows = [rng.integers(0, 9, n) for n in ((2, 3, 4), (2, 3, 3), (3,))]
        return Tally(FIXED_POINT if weighted else 1, spectrum, squares, *rows)

    one, other = some(), some()
    both, place = one + other, one.packed().unpacked()
    place.add(other.packed())
    for name in ("spectrum", "squares", "passed", "only_failed", "totals"):
        assert np.array_equal(getattr(place, name), getattr(both, name))
    full = Tally(1, np.full((1, 1, 1), 2**62), *(np.zeros((0, 0, 0), dtype=np.int64) for _ in range(4)))
    with pytest.raises(UsageError, match="a sum of weights"):
        full.add(full.packed())
