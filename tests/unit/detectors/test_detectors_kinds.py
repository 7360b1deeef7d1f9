"""Every kind of surface that a card can make does something to a particle that crosses it, and nothing beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hits
from hnlpeak.detectors.surface import Kind, Surface
from hnlpeak.theory.species import Species

SPECIES = (Species.PHOTON, Species.POSITRON, Species.MUON_PLUS, Species.PION_PLUS)
LEFT_BEHIND = ("x", "y", "z")  # where the particle was last, whatever the surface did


def of_kind(kind: Kind) -> Surface:
    """A surface of the kind as a shipped card packs it, at 1 m."""
    for name in ("na62-2015", "na62-2007"):
        for stage in ("response", "verdict"):
            table = hits.setup(name)[0][stage]
            for row in range(int(table["n"])):
                if table["kind"][row] == kind:
                    return Surface(kind, 1000.0, np.array(table["params"][row]).tolist(), kind.name)
    raise AssertionError(f"no shipped card has a {kind.name}")


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


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_each_kind_leaves_a_trace_of_what_crosses_it(kind: Kind) -> None:
    surface = of_kind(kind)
    seen = {species for x in (60.0, 140.0, 400.0, 700.0, 1000.0) for species in acts(surface, x)}
    charged = set(SPECIES) - {Species.PHOTON}
    assert seen & charged if kind != Kind.PHOTON_VETO else seen == set(SPECIES)
    assert (Species.PHOTON in seen) == (kind in (Kind.PHOTON_VETO, Kind.CALORIMETER))
