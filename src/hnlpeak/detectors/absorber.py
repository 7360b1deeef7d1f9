"""Matter in interaction lengths: one convention for all cards, and what hadrons make of it.

Cards give nuclear interaction lengths, those of protons and neutrons, by material. A pion's first interaction lies
deeper: by the ratio of the pion to the nuclear interaction length of the material. The shower that begins there is
made of pions and nucleons, and its profile is measured in nuclear interaction lengths (``hadron_shower``). Of kaons
there is no table: from protons to pions the length goes as a power of the inelastic cross section on protons, and on
with the same power to kaons.

A hadron that interacts meets nu = A sigma(hadron, proton) / sigma(hadron, nucleus) nucleons on average.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from hnlpeak.core.quantity import Positive

__all__ = ["HADRONS", "MATERIALS", "Absorber", "InteractionLengths", "depth_of", "nucleons_met"]

Absorber = Literal["aluminium", "silicon", "iron", "copper", "krypton", "lead"]
"""Materials whose interaction lengths are known."""


class Material(NamedTuple):
    """Nuclear and pion interaction length, g/cm2."""

    nuclear: float
    pion: float


MATERIALS: Mapping[str, Material] = MappingProxyType(
    {
        "aluminium": Material(107.2, 136.7),
        "silicon": Material(108.4, 137.7),
        "iron": Material(132.1, 160.8),
        "copper": Material(137.3, 165.9),
        "krypton": Material(149.8, 178.3),
        "lead": Material(199.6, 226.2),
    }
)
"""PDG, atomic and nuclear properties of materials, read for aluminium, iron, copper, lead (V: in cm, times density) and
for silicon's nuclear length (V: 46.52 cm, xsuite/xcoll); silicon's pion length is from memory (m), 0.3 % from the line
between aluminium and iron in ln A; krypton lies between copper and lead in ln A (C)."""

HADRONS: Mapping[str, float] = MappingProxyType({"p": 31.3, "pi+": 20.0, "K+": 16.3})
"""Inelastic cross sections on protons at 75 GeV, mb: PDG, total less elastic."""
_PER_GRAM = 6.02214e-4
"""Nucleons in a gram times a millibarn in cm2."""

InteractionLengths = Annotated[dict[Absorber, Positive], Field(min_length=1)]
"""Nuclear interaction lengths of a body by material."""


def _length(hadron: str, material: Absorber) -> float:
    """Interaction length of a hadron, g/cm2."""
    own, proton, pion = HADRONS[hadron], HADRONS["p"], HADRONS["pi+"]
    power = math.log(proton / own) / math.log(proton / pion)
    nuclear = MATERIALS[material].nuclear
    return float(nuclear * (MATERIALS[material].pion / nuclear) ** power)


def depth_of(body: Mapping[Absorber, float], hadron: str = "p") -> float:
    """Depth of a ``body`` of so many nuclear interaction lengths, in those of a ``hadron`` (a name in ``HADRONS``)."""
    return sum(t * MATERIALS[material].nuclear / _length(hadron, material) for material, t in body.items())


def nucleons_met(body: Mapping[Absorber, float], hadron: str) -> float:
    """Mean number nu of nucleons that a ``hadron`` meets when it interacts in a ``body``."""
    whole = sum(body.values())
    mean = sum(t * _length(hadron, material) for material, t in body.items()) / whole
    return max(mean * _PER_GRAM * HADRONS[hadron], 1.0)
