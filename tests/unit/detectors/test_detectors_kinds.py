"""Every kind of surface that a card can make does something to a particle that crosses it, and nothing beside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hits
from hnlpeak.detectors import beam_pipe, calorimeter, photon_veto, spectrometer
from hnlpeak.detectors.registry import KINDS
from hnlpeak.detectors.shape import SHAPE_WIDTH
from hnlpeak.detectors.surface import MATTER, Surface
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.simulation.transport import CODES
from hnlpeak.theory.species import Species

SPECIES = (Species.PHOTON, Species.POSITRON, Species.MUON_PLUS, Species.PION_PLUS)
LEFT_BEHIND = ("x", "y", "z")  # where the particle was last, whatever the surface did


@cache
def surfaces() -> dict[int, Surface]:
    """One surface of each code, as a shipped card packs it, at 1 m."""
    found: dict[int, Surface] = {}
    for name in ("na62-2015", "na62-2007"):
        for stage in ("response", "verdict"):
            table = hits.shipped(name).setup[0][stage]
            for row in range(int(table["n"])):
                code = int(table["code"][row])
                params, neutral = (
                    np.array(table["params"][row]).tolist(),
                    table["neutral"][: table["n_neutral"]],
                )
                found[code] = Surface(code, 1000.0, params, str(code), act_on_photons=row in neutral)
    return found


def traces(surfaces: list[Surface], species: Species, x: float) -> list[NDArray[Any]]:
    """All that an event keeps of a particle but its last place."""
    block = hits.fly(hits.setup(surfaces=surfaces, accidental=0.0), species, 20e3, n=40, x=x, y=0.0)
    kept = [
        np.asarray(block["state"][name]) for name in block["state"].dtype.names if name not in LEFT_BEHIND
    ]
    return [*kept, *(np.asarray(block[name]) for name in block.dtype.names if name != "state")]


def acts(surface: Surface, x: float) -> list[Species]:
    """The species on which the surface leaves a trace at (x, 0)."""
    return [
        species
        for species in SPECIES
        if any(
            not np.array_equal(with_it, without)
            for with_it, without in zip(traces([surface], species, x), traces([], species, x), strict=True)
        )
    ]


def test_the_cards_of_library_and_examples_have_detectors_of_all_kinds() -> None:
    compact = Path(__file__).parents[3] / "examples" / "compact.toml"
    cards = [hits.shipped(name).card for name in ("na62-2015", "na62-2007")] + [load_experiment(compact).card]
    assert {detector.kind for card in cards for detector in card.detectors} == set(KINDS)
    codes = [surface.code for surface in surfaces().values()]
    assert set(codes) <= CODES


@pytest.mark.parametrize("code", sorted(surfaces()))
def test_each_surface_leaves_a_trace_of_what_crosses_it(code: int) -> None:
    surface, places = surfaces()[code], [60.0, 140.0, 400.0, 700.0, 1000.0]
    if code == beam_pipe.CODE:  # a wall along the way, from 0 to 1 m here; what flies along in it is in it
        surface.params[SHAPE_WIDTH] = 0.0
        places.append(78.5)
    seen = {species for x in places for species in acts(surface, x)}
    charged = set(SPECIES) - {Species.PHOTON}
    assert seen & charged if code != photon_veto.CODE else seen == set(SPECIES)
    if code not in (MATTER, spectrometer.CHAMBER):  # where a few photons convert
        assert (Species.PHOTON in seen) == (code in (photon_veto.CODE, calorimeter.CODE, beam_pipe.CODE))
