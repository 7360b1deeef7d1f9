"""The charged pseudoscalar mesons whose leptonic decays can make an HNL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.theory.constants import CKM, DECAY_CONSTANT
from hnlpeak.theory.particles import particle

__all__ = ["MESONS", "Meson", "meson"]

_PDG = "PDG, Prog. Theor. Exp. Phys. 2022, 083C01"


@dataclass(frozen=True)
class Meson:
    """A charged pseudoscalar meson: mass in MeV, lifetime in ns, c tau in mm, decay constant f in MeV, |V_qq'|.

    ``latex`` is its symbol. ``measured`` holds the measured B(M+ -> l+ nu), radiation included, by lepton; a
    lepton that is not there has an upper limit at best.
    """

    name: str
    latex: str
    pdg_id: int
    mass: float
    lifetime: float
    c_tau: float
    decay_constant: Measured
    ckm: Measured
    measured: Mapping[str, Measured]


def _meson(name: str, latex: str, pdg_id: int, quarks: str, measured: Mapping[str, Measured]) -> Meson:
    listed = particle(pdg_id)
    return Meson(
        name=name,
        latex=latex,
        pdg_id=pdg_id,
        mass=listed.mass,
        lifetime=listed.lifetime,
        c_tau=listed.c_tau,
        decay_constant=DECAY_CONSTANT[name],
        ckm=CKM[quarks],
        measured=MappingProxyType(dict(measured)),
    )


_PI = {"e": Measured(1.230e-4, 0.004e-4, source=_PDG), "mu": Measured(0.9998770, 4e-7, source=_PDG)}
_K = {"e": Measured(1.582e-5, 0.007e-5, source=_PDG), "mu": Measured(0.6356, 0.0011, source=_PDG)}
_D = {"mu": Measured(3.74e-4, 0.17e-4, source=_PDG), "tau": Measured(1.20e-3, 0.27e-3, source=_PDG)}
_D_S = {"mu": Measured(5.43e-3, 0.15e-3, source=_PDG), "tau": Measured(5.32e-2, 0.11e-2, source=_PDG)}
_B = {"tau": Measured(1.09e-4, 0.24e-4, source=_PDG)}

MESONS: Mapping[str, Meson] = MappingProxyType(
    {
        record.name: record
        for record in (
            _meson("pi+", r"\pi^+", 211, "ud", _PI),
            _meson("K+", "K^+", 321, "us", _K),
            _meson("D+", "D^+", 411, "cd", _D),
            _meson("D_s+", "D_s^+", 431, "cs", _D_S),
            _meson("B+", "B^+", 521, "ub", _B),
        )
    }
)
"""Mesons by name: the one spelling that results, files and cards carry."""


def _bare(name: str) -> str:
    """``name`` without what spellings differ in: brackets, carets, underscores, the sign of the charge if any."""
    letters = re.sub(r"[\s^_(){}]", "", name)
    return letters if letters.endswith(("+", "-")) else f"{letters}+"


_BY_BARE_NAME = {_bare(name): record for name, record in MESONS.items()}


def meson(name: str) -> Meson:
    """Return the meson called ``name`` in any usual spelling (``K``, ``K^+``, ``Ds+``, ``D(s)+``, ...).

    ``UsageError`` lists the known ones.
    """
    found = _BY_BARE_NAME.get(_bare(name))
    if found is None:
        raise UsageError(f"unknown meson {name!r}: choose from {', '.join(MESONS)}")
    return found
