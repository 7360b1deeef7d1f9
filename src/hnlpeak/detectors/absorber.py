"""Thick matter in interaction lengths: one convention for all cards, and what pions make of it.

Cards give nuclear interaction lengths, those of protons and neutrons, by material. A pion's first interaction lies
deeper: by the ratio of the pion to the nuclear interaction length of the material. The shower that begins there is
made of pions and nucleons, and its profile is measured in nuclear interaction lengths (``hadron_shower``).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import Field

from hnlpeak.core.measured import Measured
from hnlpeak.core.quantity import Positive

__all__ = ["PION_RATIO", "Absorber", "InteractionLengths", "nuclear_lengths", "pion_lengths"]

_PDG = "PDG, atomic and nuclear properties of materials"

Absorber = Literal["aluminium", "silicon", "iron", "copper", "krypton", "lead"]
"""Materials whose interaction lengths are known."""

PION_RATIO: Mapping[str, Measured] = MappingProxyType(
    {
        "aluminium": Measured(50.64 / 39.70, source=_PDG),
        "silicon": Measured(59.14 / 46.52, source=_PDG),
        "iron": Measured(20.42 / 16.77, source=_PDG),
        "copper": Measured(18.51 / 15.32, source=_PDG),
        "krypton": Measured(1.19, source=f"{_PDG}: between copper, 1.208, and lead, 1.133, in ln A"),
        "lead": Measured(19.93 / 17.59, source=_PDG),
    }
)
"""Pion interaction length over nuclear interaction length."""
assert set(PION_RATIO) == set(get_args(Absorber))

InteractionLengths = Annotated[dict[Absorber, Positive], Field(min_length=1)]
"""Nuclear interaction lengths of a body by material."""


def nuclear_lengths(body: Mapping[Absorber, float]) -> float:
    """Depth of a body in nuclear interaction lengths."""
    return sum(body.values())


def pion_lengths(body: Mapping[Absorber, float]) -> float:
    """Depth of a body in interaction lengths of pions, less than the nuclear ones."""
    return sum(depth / PION_RATIO[material].value for material, depth in body.items())
