"""Decays far from what a search selects: what is near stays as it is, the rest is undone by weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hits
from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.sample_run import run_sample
from hnlpeak.core.errors import UsageError
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.selection.aims import aims_of
from hnlpeak.simulation.aim import Aim, on_aim
from hnlpeak.simulation.sample import Sample, mode_sample
from hnlpeak.theory.species import MASS, Species

ANALYSIS = load_analysis("na62-2007-kmu2")
MUON = float(MASS[Species.MUON_PLUS])
EDGES = np.array([250.0, 270.0, 290.0, 310.0, 330.0, 350.0, 379.0])


def wanted(z: float, theta: float, phi: float, p: float) -> bool:
    """Whether a track from the axis is near the search of 2007; lengths in mm, MeV, angles to the mean beam."""
    beam, aims = hits.shipped("na62-2007").setup[0]["beam"], aims_of(ANALYSIS.card)
    x = float(beam["x"] + beam["slope_x"] * (z - beam["z_reference"]))
    y = float(beam["y"] + beam["slope_y"] * (z - beam["z_reference"]))
    tx, ty = theta * np.cos(phi) + beam["slope_x"], theta * np.sin(phi) + beam["slope_y"]
    return bool(on_aim(beam, (x, y, z, float(tx), float(ty), p), aims, MUON))


def test_aims_are_the_regions_of_the_search() -> None:
    aims = aims_of(ANALYSIS.card)
    # regions of the two polarities differ in the period alone, and the check regions serve no mass
    assert np.unique(aims[:, Aim.NEXT]).size == 2
    assert aims[-1, Aim.NEXT] == len(aims)
    assert wanted(150e3, 4.5e-3, 3.0, 25e3)
    assert not wanted(150e3, 4.5e-3, 3.0, 72e3)  # too hard
    assert not wanted(206e3, 4.5e-3, 3.0, 25e3)  # too late
    assert not wanted(120e3, 2e-3, 3.0, 20e3)  # below the lower region, with the missing mass of the search
    assert not wanted(130e3, 4.4e-3, 3.0, 50e3)  # at the peak of K_mu2


def selected(sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of weights and of squares in the bins of the search."""
    beam = calibrate(mode_sample("calibration", "pi3", 20_000), ANALYSIS.experiment, RunContext(seed=1))
    made = run_sample(sample, ANALYSIS.experiment, ANALYSIS.card, beam, RunContext(seed=6))
    sums = made.spectrum.between(
        ["search"] * (EDGES.size - 1), EDGES[:-1], EDGES[1:], components=list(made.spectrum.components)
    )
    return sums.values, sums.variances


@pytest.mark.parametrize(
    ("mode", "decays", "options"), [("kmu3", 200_000, {}), ("pipi0", 150_000, {"forced_pion_decay": 0.6})]
)
def test_what_is_near_the_search_stays_as_it_is(mode: str, decays: int, options: dict[str, Any]) -> None:
    """The same decays with and without roulette: the same selected events, but for few far from where they began."""
    plain, natural = selected(mode_sample("aim", mode, decays, **options))
    found, spread = selected(mode_sample("aim", mode, decays, off_target=0.1, **options))
    assert plain.sum() ** 2 / natural.sum() > 100.0
    # those that differ began off the aims: one in ten of them counts ten times
    differ = np.abs(found - plain) > 1e-9
    assert np.all(np.abs(found - plain)[differ] < 5.0 * np.sqrt(spread + natural)[differ])
    assert abs(found.sum() - plain.sum()) < 0.1 * plain.sum()
    assert spread.sum() < 2.0 * natural.sum()


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="above 0 and at most 1"):
        mode_sample("x", "kmu3", 1, off_target=0.0)
    assert mode_sample("x", "kmu3", 1, off_target=0.5).weighted
