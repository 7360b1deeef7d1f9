"""The charged pseudoscalar mesons whose leptonic decays can make an HNL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hnlpeak.core.measured import Measured
from hnlpeak.theory.constants import CKM, DECAY_CONSTANT
from hnlpeak.theory.domain import one_of
from hnlpeak.theory.pdg import pdg_lifetime, pdg_mass

__all__ = ["MESONS", "Meson", "meson"]

_PDG = "PDG, Prog. Theor. Exp. Phys. 2022, 083C01"


@dataclass(frozen=True)
class Meson:
    """A charged pseudoscalar meson: mass in MeV, lifetime in ns, decay constant f in MeV, |V_qq'|.

    ``measured`` holds the measured B(M+ -> l+ nu), radiation included, by lepton; a lepton that is not there
    has an upper limit at best.
    """

    name: str
    pdg_id: int
    mass: float
    lifetime: float
    decay_constant: Measured
    ckm: Measured
    measured: Mapping[str, Measured]


def _meson(name: str, pdg_id: int, quarks: str, measured: Mapping[str, Measured]) -> Meson:
    return Meson(
        name=name,
        pdg_id=pdg_id,
        mass=pdg_mass(pdg_id),
        lifetime=pdg_lifetime(pdg_id),
        decay_constant=DECAY_CONSTANT[name],
        ckm=CKM[quarks],
        measured=MappingProxyType(dict(measured)),
    )


MESONS: Mapping[str, Meson] = MappingProxyType(
    {
        record.name: record
        for record in (
            _meson(
                "pi+",
                211,
                "ud",
                {
                    "e": Measured(1.230e-4, 0.004e-4, source=_PDG),
                    "mu": Measured(0.9998770, 4e-7, source=_PDG),
                },
            ),
            _meson(
                "K+",
                321,
                "us",
                {"e": Measured(1.582e-5, 0.007e-5, source=_PDG), "mu": Measured(0.6356, 0.0011, source=_PDG)},
            ),
            _meson(
                "D+",
                411,
                "cd",
                {
                    "mu": Measured(3.74e-4, 0.17e-4, source=_PDG),
                    "tau": Measured(1.20e-3, 0.27e-3, source=_PDG),
                },
            ),
            _meson(
                "D_s+",
                431,
                "cs",
                {
                    "mu": Measured(5.43e-3, 0.15e-3, source=_PDG),
                    "tau": Measured(5.32e-2, 0.11e-2, source=_PDG),
                },
            ),
            _meson("B+", 521, "ub", {"tau": Measured(1.09e-4, 0.24e-4, source=_PDG)}),
        )
    }
)
"""Mesons by name."""


def meson(name: str) -> Meson:
    """Return the meson called ``name``; ``UsageError`` lists the known ones."""
    return MESONS[one_of("meson", name, MESONS)]
