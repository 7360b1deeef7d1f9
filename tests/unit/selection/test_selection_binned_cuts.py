"""Cuts whose bounds follow another column."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from hnlpeak.core.errors import CardError
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.analysis_card import AnalysisCard, Cut, SelectionCard
from hnlpeak.selection.cuts import cut_table
from hnlpeak.selection.judge import judge, passing

COLUMNS = ["p_mev", "z_vtx_mm", "theta_rad"]
VERTEX = {
    "name": "vertex",
    "column": "z_vtx_mm",
    "by": "p_mev",
    "edges": ["10 GeV", "20 GeV", "30 GeV", "65 GeV"],
    "min": ["110 m", "120 m", "125 m"],
    "max": "210 m",
}
ANGLE = {"name": "angle", "column": "theta_rad", "max": "9 mrad"}


def card(*cuts: dict[str, object]) -> AnalysisCard:
    whole = load_analysis("na62-2007-kmu2").card
    return whole.model_copy(
        update={
            "cuts": [Cut.model_validate(cut) for cut in cuts],
            "selections": [SelectionCard(name="only")],
        }
    )


def passed(rows: list[tuple[float, float, float]], *cuts: dict[str, object]) -> list[bool]:
    candidates = np.array(rows).T.copy()
    table = cut_table(card(*cuts), COLUMNS)
    fails, first, failed = (
        np.zeros((size, len(rows)), dtype=np.int16) for size in (table.column.size + 1, 1, 1)
    )
    judge(candidates, 0, len(rows), table, fails, first, failed)
    assert passing(candidates, 0, table).tolist() == (failed[0] == 0).tolist()
    return [bool(f == 0) for f in failed[0]]


@pytest.mark.parametrize(
    ("p", "z", "expected"),
    [
        (10e3, 110e3, True),  # edges belong to the bin above, bounds to the inside
        (19.999e3, 110e3, True),
        (20e3, 119.9e3, False),
        (20e3, 120e3, True),
        (64.9e3, 124.9e3, False),
        (64.9e3, 125e3, True),
        (15e3, 210e3, True),
        (15e3, 210.1e3, False),
        (9.99e3, 150e3, False),  # outside the edges
        (65e3, 150e3, False),
        (1e6, 150e3, False),
        (float("nan"), 150e3, False),
        (15e3, float("nan"), False),
    ],
)
def test_bound_is_that_of_the_bin(p: float, z: float, expected: bool) -> None:
    assert passed([(p, z, 1e-3)], VERTEX) == [expected]
    # the same beside cuts of one bin, before and behind it
    assert passed([(p, z, 1e-3)], ANGLE, VERTEX, ANGLE) == [expected]


def test_against_a_plain_calculation() -> None:
    rng = np.random.default_rng(8)
    p, z, theta = rng.uniform(5e3, 70e3, 5000), rng.uniform(100e3, 220e3, 5000), rng.uniform(0, 0.012, 5000)
    lower = np.select([p < 20e3, p < 30e3], [110e3, 120e3], 125e3)
    expected = (p >= 10e3) & (p < 65e3) & (z >= lower) & (z <= 210e3) & (theta <= 9e-3)
    assert passed(list(zip(p, z, theta, strict=True)), VERTEX, ANGLE) == expected.tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"by": None}, "edges need by"),
        ({"by": None, "edges": []}, "3 bounds in a list, expected one for each of 0 bins"),
        ({"edges": []}, "by needs two or more edges"),
        ({"edges": ["10 GeV"]}, "by needs two or more edges"),
        ({"edges": ["10 GeV", "30 GeV", "20 GeV", "65 GeV"]}, "edges that rise"),
        ({"min": ["110 m", "120 m"]}, "2 bounds in a list, expected one for each of 3 bins"),
        ({"max": ["210 m", "115 m", "210 m"]}, "passes nothing"),
        ({"edges": ["10 m", "20 m", "30 m", "65 m"]}, "unit of energy"),
        ({"min": [110.0, 120.0, 125.0]}, "unit of length"),
        ({"min": None, "max": None}, "neither min nor max"),
    ],
)
def test_bad_cuts(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Cut.model_validate({**VERTEX, **changes})


def test_unknown_columns_are_named() -> None:
    with pytest.raises(CardError, match=r"cut 'vertex': no column 'p_gev'"):
        cut_table(card({**VERTEX, "by": "p_gev", "edges": [1, 2, 3, 4]}), COLUMNS)


def test_columns_that_there_are_are_listed_once_those_of_times_first() -> None:
    columns = ["p_mev", "dt_lav_ns", "z_vtx_mm", "dt_chod_ns"]
    wrong = {**VERTEX, "by": "p_meb", "edges": [1, 2, 3, 4]}
    with pytest.raises(
        CardError,
        match=r"no column 'p_meb', is it p_mev\?; there are dt_lav_ns, dt_chod_ns, p_mev, z_vtx_mm$",
    ):
        cut_table(card(wrong), columns)
