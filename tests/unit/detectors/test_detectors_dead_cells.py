"""Dead cells of a calorimeter: how many, how far away, and what tracks lose by them."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from hnlpeak.detectors.calorimeter import Calorimeter
from hnlpeak.detectors.dead_cells import FAR, GRID, DeadCells, distance_to_dead_cell
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.analysis_card import Template
from hnlpeak.experiment.consistency import faults
from hnlpeak.experiment.selection_card import Cut

PITCH = 19.75


def cells(**keys: object) -> DeadCells:
    return DeadCells.model_validate({"share": 0.008, "pitch": "19.75 mm", **keys})


def test_a_share_of_the_cells_is_dead() -> None:
    assert cells().table().sum() == round(0.008 * GRID**2)
    assert cells(share=0.5).table().sum() == GRID**2 // 2
    np.testing.assert_array_equal(cells().table(), cells().table())
    assert (cells(map=2).table() != cells().table()).any()


def test_distance_is_that_of_the_nearest_centre() -> None:
    table = cells(share=0.02).table()
    centres = PITCH * (np.argwhere(table) + 0.5 - 0.5 * GRID)
    rng = np.random.Generator(np.random.Philox(3))
    for x, y in rng.uniform(-1100.0, 1100.0, (300, 2)):
        nearest = float(np.hypot(*(centres - [x, y]).T).min())
        found = distance_to_dead_cell(table, PITCH, x, y)
        assert found == (pytest.approx(nearest) if nearest <= 2.0 * PITCH else FAR)


def test_without_cells_all_is_far() -> None:
    table = cells().table()
    assert distance_to_dead_cell(table, 0.0, 0.0, 0.0) == FAR
    for x, y in ((1e4, 0.0), (0.0, -1e4), (np.nan, 0.0)):
        assert distance_to_dead_cell(table, PITCH, x, y) == FAR


def test_what_a_cut_takes_off_is_the_area() -> None:
    """Circles of 20 mm about 0.8 % of the cells."""
    table, n = cells().table(), 40_000
    rng = np.random.Generator(np.random.Philox(4))
    close = sum(
        distance_to_dead_cell(table, PITCH, x, y) < 20.0
        for x, y in rng.uniform(-0.5 * GRID * PITCH, 0.5 * GRID * PITCH, (n, 2))
    )
    expected = 0.008 * np.pi * (20.0 / PITCH) ** 2
    assert close / n == pytest.approx(expected, abs=4.0 * np.sqrt(expected / n) + 0.001)


@pytest.mark.parametrize(
    "keys", [{"share": 1.5}, {"share": 1.0}, {"share": 1e-9}, {"pitch": "0 mm"}, {"map": -1}, {"map": 2**40}]
)
def test_nonsense_is_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        cells(**keys)


def test_cuts_beyond_what_is_known_are_refused() -> None:
    analysis = load_analysis("na62-2007-kmu2")
    cut = next(cut for cut in analysis.card.cuts if cut.column == "dead_cell_mm")
    wide = Cut.model_validate({**cut.model_dump(), "min": "50 mm"})
    card = analysis.card.model_copy(update={"cuts": [wide]})
    assert not list(faults(analysis.card, analysis.experiment.card))
    (said,) = [line for line in faults(card, analysis.experiment.card) if "dead" in line]
    assert "known up to 39.5 mm" in said
    assert "got 50 mm" in said


@pytest.mark.parametrize("pitch", ["1e-9 mm", "1 mm", "5 m"])
def test_cells_have_the_size_of_the_calorimeter(pitch: str) -> None:
    card = load_analysis("na62-2007-kmu2").experiment.card
    (calorimeter,) = [detector for detector in card.detectors if isinstance(detector, Calorimeter)]
    assert not list(calorimeter.contradictions())
    (said,) = calorimeter.model_copy(update={"dead_cells": cells(pitch=pitch)}).contradictions()
    assert "mm from the axis, the shape 1130 mm" in said


def test_a_least_energy_of_radiation_that_nothing_forces_is_refused() -> None:
    table = {"mode": "kmu2", "decays": 1000, "hard_photon": "8 MeV"}
    assert Template.model_validate({**table, "forced_radiation": 0.5}).hard_photon == 8.0
    with pytest.raises(ValidationError, match="give forced_radiation"):
        Template.model_validate(table)
