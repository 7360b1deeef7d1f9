"""Data that cannot mean what they say: the ends of what is believed, and the unit that would explain them."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.estimation.plausibility import doubts_about_columns, doubts_about_peak
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.spectrum.spectrum import Spectrum

ANALYSIS = load_analysis("na62-2015-ke2")
BEAM = 75e3
MASS2 = 493.677**2
FIRST, LAST = 102.4e3, 183.5e3


def doubts(column: str, value: float, n: int = 20, others: float | None = None) -> list[str]:
    """What is said of ``n`` candidates with one value in a column, or a little more than half of them with it."""
    values = np.full(n, value)
    if others is not None:
        values[: (n - 1) // 2] = others
    return list(doubts_about_columns(Candidates({column: values}, False, (), "data"), ANALYSIS))


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [
        ("p_mev", 0.01 * BEAM, 1.1 * BEAM),
        ("m2_miss_mev2", 500.0, 4.0 * MASS2),
        ("z_vtx_mm", 0.3 * FIRST, 2.0 * LAST),
        ("theta_rad", 0.0, 0.3),
        ("e_over_p", 0.0, 5.0),
    ],
)
def test_values_are_believed_between_two_ends(column: str, low: float, high: float) -> None:
    for value in (1.001 * low, 0.999 * high, -0.5 * (low + high)):
        assert doubts(column, value) == []
    beyond = [1.001 * high, *([0.999 * low] if low else [])]
    for value in beyond:
        (said,) = doubts(column, value)
        assert said.startswith(f"column {column!r}: ")
        share = "90 %" if column == "m2_miss_mev2" else "half"
        assert f": {share} of the values are within {abs(value):.4g}, " in said


def test_of_few_candidates_nothing_is_concluded() -> None:
    assert doubts("p_mev", 1e9, n=19) == []
    assert len(doubts("p_mev", 1e9, n=20)) == 1


def test_half_of_the_candidates_decide() -> None:
    assert len(doubts("p_mev", 1e9, n=21, others=30e3)) == 1
    assert doubts("p_mev", 30e3, n=21, others=1e9) == []


@pytest.mark.parametrize(
    ("column", "value", "hint"),
    [
        ("p_mev", 30.0, 'is it in GeV? Then say so in the card: [columns] p_mev = "p_mev [GeV]"'),
        ("z_vtx_mm", 120.0, 'is it in m? Then say so in the card: [columns] z_vtx_mm = "z_vtx_mm [m]"'),
        ("e_over_p", 95.0, "is it in per cent?"),
        ("m2_miss_mev2", 300.0, "is it the missing mass and not its square?"),
    ],
)
def test_the_unit_that_would_explain_it(column: str, value: float, hint: str) -> None:
    (said,) = doubts(column, value)
    assert said.endswith(f": {hint}")


def test_what_no_unit_explains_has_no_hint() -> None:
    (said,) = doubts("theta_rad", 1e9)
    assert said.endswith("tracks go along the beam")


def peak(places: dict[float, int]) -> list[str]:
    """What is said of a spectrum with events at these signed squared masses (MeV^2)."""
    made = Spectrum.from_counts(
        np.zeros((1, 1, 45_000), dtype=np.int64),
        selections=[ANALYSIS.card.normalisation.selection],
        components=["data"],
        simulated=False,
        label="seen",
    )
    content = np.zeros(45_000, dtype=np.int64)
    for m2, events in places.items():
        content[np.searchsorted(made.edges, np.copysign(abs(m2) ** 0.5, m2), side="right") - 1] += events
    kept = Spectrum.from_counts(
        content[None, None, :],
        selections=[ANALYSIS.card.normalisation.selection],
        components=["data"],
        simulated=False,
        label="seen",
    )
    return list(doubts_about_peak(kept, ANALYSIS.card))


def test_a_peak_at_zero_is_believed() -> None:
    assert peak({0.0: 1000, -300.0: 50, 300.0: 50}) == []


def test_a_spectrum_without_a_peak_says_where_its_events_are() -> None:
    (said,) = peak({300.0**2: 7})
    assert "'seen' has no event in the Standard-Model region" in said
    assert "its 7 events lie between 300 and 300.02 MeV" in said
    (said,) = peak({})
    assert said.endswith("it is empty")
