"""Bounds along lines, selections that choose their cuts, unions of regions, and their cut-flows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from hnlpeak.chain.sample_run import SampleResult, tally_candidates
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.selection_card import Cut, SelectionCard, faults_of_selections
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.selection.cuts import cut_table
from hnlpeak.selection.judge import passing

TRACK = {"name": "track", "column": "n_tracks", "min": 1, "max": 1}
MOMENTUM = {"name": "momentum", "column": "p_mev", "min": "10 GeV", "max": "65 GeV"}
MUON = {"name": "muon", "column": "dt_muv12_ns", "max": "5 ns"}
DIVIDE: dict[str, Any] = {
    "column": "theta_rad",
    "by": "z_vtx_mm",
    "points": ["90 m", "115 m", "160 m", "220 m"],
}
ABOVE = {**DIVIDE, "name": "above", "min": ["12 mrad", "12 mrad", "3 mrad", "1 mrad"]}
BELOW = {**DIVIDE, "name": "below", "max": ["12 mrad", "12 mrad", "3 mrad", "1 mrad"]}
CORNER = {
    "name": "corner",
    "column": "z_vtx_mm",
    "by": "p_mev",
    "points": ["10 GeV", "25 GeV", "25 GeV", "70 GeV"],
    "max": ["160 m", "185 m", "200 m", "200 m"],
}
SELECTIONS = [
    {"name": "all", "without": ["muon"], "hypotheses": False},
    {"name": "lower", "use": ["below"], "hypotheses": False},
    {"name": "upper", "use": ["above", "corner"], "hypotheses": False},
    {"name": "search", "any_of": ["lower", "upper"]},
]


def card(selections: list[dict[str, Any]] = SELECTIONS) -> AnalysisCard:
    base = load_analysis("na62-2007-kmu2").card
    made = {
        "cuts": [Cut.model_validate(cut) for cut in (TRACK, MOMENTUM, MUON)],
        "named_cuts": [Cut.model_validate(cut) for cut in (ABOVE, BELOW, CORNER)],
        "selections": [SelectionCard.model_validate(s) for s in selections],
    }
    return base.model_copy(update=made)


def candidates(n: int = 20_000) -> Candidates:
    rng = np.random.default_rng(3)
    return Candidates(
        {
            "n_tracks": rng.integers(1, 3, n).astype(float),
            "p_mev": rng.uniform(5e3, 75e3, n),
            "z_vtx_mm": rng.uniform(85e3, 225e3, n),
            "theta_rad": rng.uniform(0.0, 0.014, n),
            "dt_muv12_ns": rng.uniform(0.0, 7.0, n),
            "m2_miss_mev2": rng.uniform(0.0, 1.4e5, n),
        },
        True,
        ("toy",),
        "toy",
    )


def masks(c: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.bool_]]:
    z, p, theta = c["z_vtx_mm"], c["p_mev"], c["theta_rad"]
    inside = (z >= 90e3) & (z < 220e3)
    divide = np.interp(z, [90e3, 115e3, 160e3, 220e3], [0.012, 0.012, 0.003, 0.001])
    highest = np.where(p < 25e3, 160e3 + (p - 10e3) * (25e3 / 15e3), 200e3)
    return {
        "track": c["n_tracks"] == 1,
        "momentum": (p >= 10e3) & (p <= 65e3),
        "muon": c["dt_muv12_ns"] <= 5.0,
        "above": inside & (theta >= divide),
        "below": inside & (theta <= divide),
        "corner": (p >= 10e3) & (p < 70e3) & (z <= highest),
    }


def made() -> tuple[SampleResult, dict[str, NDArray[np.bool_]]]:
    toys = candidates()
    return tally_candidates(toys, card()), masks(toys.columns)


def test_regions_against_a_plain_calculation() -> None:
    result, m = made()
    common = m["track"] & m["momentum"] & m["muon"]
    lower, upper = common & m["below"], common & m["above"] & m["corner"]
    expected = {"all": m["track"] & m["momentum"], "lower": lower, "upper": upper, "search": lower | upper}
    for name, mask in expected.items():
        assert result.spectrum.project(name).values.sum() == mask.sum() > 500
        toys = candidates().columns
        place = [s.name for s in card().selections].index(name)
        found = passing(np.array(list(toys.values())), place, cut_table(card(), list(toys)))
        assert found.tolist() == mask.tolist()


def test_an_event_in_two_regions_counts_once() -> None:
    wide = [*SELECTIONS[:2], {**SELECTIONS[2], "use": ["corner"]}, SELECTIONS[3]]
    toys = candidates()
    m = masks(toys.columns)
    found = tally_candidates(toys, card(wide)).spectrum
    common = m["track"] & m["momentum"] & m["muon"]
    assert (common & m["below"] & m["corner"]).sum() > 500
    assert found.project("search").values.sum() == (common & (m["below"] | m["corner"])).sum()


def test_cutflow_of_a_union() -> None:
    result, m = made()
    flow = next(flow for flow in result.cutflows if flow.selection == "search")
    assert flow.cuts == ("track", "momentum", "muon", "lower or upper")
    region = m["below"] | (m["above"] & m["corner"])
    steps = [np.ones(region.size, bool), m["track"], m["momentum"], m["muon"], region]
    assert flow.passed[0].tolist() == [np.logical_and.reduce(steps[: k + 1]).sum() for k in range(5)]
    for k, cut in enumerate(flow.cuts, start=1):
        others = np.logical_and.reduce([step for j, step in enumerate(steps) if j != k])
        assert flow.without(cut) == others.sum() > flow.passed[0, -1]


def test_a_union_with_a_selection_that_is_all_of_another_s_beginning() -> None:
    wide = [
        *SELECTIONS[:3],
        {"name": "plain", "hypotheses": False},
        {"name": "search", "any_of": ["upper", "plain"]},
    ]
    toys = candidates()
    m = masks(toys.columns)
    result = tally_candidates(toys, card(wide))
    shared = m["track"] & m["momentum"] & m["muon"]
    flow = next(f for f in result.cutflows if f.selection == "search")
    assert flow.cuts == ("track", "momentum", "muon", "upper or plain")
    assert flow.passed[0, -1] == shared.sum() == result.spectrum.project("search").values.sum()


def test_two_regions_that_fail_twice_each_fail_the_union_once() -> None:
    """What fails two cuts of every member still passes once the union is left out."""
    upper = {"name": "upper", "use": ["above", "corner"], "hypotheses": False}
    other = {"name": "other", "use": ["corner", "above"], "hypotheses": False}
    wide = [*SELECTIONS[:2], upper, other, {"name": "search", "any_of": ["upper", "other"]}]
    toys = candidates()
    m = masks(toys.columns)
    flow = next(f for f in tally_candidates(toys, card(wide)).cutflows if f.selection == "search")
    shared = m["track"] & m["momentum"] & m["muon"]
    assert flow.cuts == ("track", "momentum", "muon", "upper or other")
    assert (shared & ~m["above"] & ~m["corner"]).sum() > 100
    assert flow.without("upper or other") == shared.sum()


def test_cutflow_of_a_region_has_its_own_cuts() -> None:
    result, m = made()
    flow = next(flow for flow in result.cutflows if flow.selection == "upper")
    assert flow.cuts == ("track", "momentum", "muon", "above", "corner")
    assert flow.without("corner") == (m["track"] & m["momentum"] & m["muon"] & m["above"]).sum()
    whole = next(flow for flow in result.cutflows if flow.selection == "all")
    assert whole.cuts == ("track", "momentum")


def test_equal_points_make_a_step() -> None:
    cut = Cut.model_validate(CORNER)
    lows, _, highs, slopes = cut.segments()
    assert lows == [-np.inf] * 3
    assert highs == [160e3, 185e3, 200e3]
    assert slopes == [pytest.approx(25e3 / 15e3), 0.0, 0.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"edges": ["10 GeV", "20 GeV"]}, "edges or points, not both"),
        ({"points": ["10 GeV", "30 GeV", "25 GeV", "70 GeV"]}, "edges that rise"),
        ({"points": ["10 GeV", "25 GeV", "25 GeV", "25 GeV"]}, "at most two points may be equal"),
        ({"max": ["160 m", "185 m"]}, "2 bounds in a list, expected one for each of 4 points"),
        ({"by": None}, "edges need by"),
        ({"points": ["10 m", "20 m", "30 m", "40 m"]}, "unit of energy"),
    ],
)
def test_bad_lines(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Cut.model_validate({**CORNER, **changes})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"any_of": ["lower"], "use": ["above"]}, "is a union"),
        ({"any_of": ["lower", "nowhere"]}, r"any_of names \['nowhere'\]"),
        ({"any_of": ["search"]}, r"any_of names \['search'\]"),
        ({"any_of": [], "use": ["sideways"]}, r"use names \['sideways'\]"),
        ({"any_of": [], "without": ["above"]}, r"without names \['above'\]"),
        ({"hypotheses": False, "any_of": ["lower"], "mass_min": "300 MeV"}, "serves no hypotheses"),
    ],
)
def test_bad_selections(change: dict[str, Any], message: str) -> None:
    cuts = card([]).cuts, card([]).named_cuts
    records = [*SELECTIONS[:3], {**SELECTIONS[3], **change}]
    try:
        found = list(faults_of_selections([SelectionCard.model_validate(r) for r in records], *cuts))
    except ValidationError as error:
        found = [str(error)]
    assert any(re.search(message, fault) for fault in found), found
