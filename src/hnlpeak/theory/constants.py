"""Couplings, mixing angles and decay constants that enter rates, each with its source; MeV, mm and ns."""

from __future__ import annotations

from hepunits import constants

from hnlpeak.core.measured import Measured

__all__ = ["CKM", "DECAY_CONSTANT", "FERMI_CONSTANT", "HBAR", "SIN2_THETA_W", "SPEED_OF_LIGHT"]

_PDG = "PDG, Prog. Theor. Exp. Phys. 2022, 083C01"
_FLAG = "FLAG Review 2021, Eur. Phys. J. C 82 (2022) 869"

HBAR: float = constants.hbar
"""Reduced Planck constant in MeV ns (SI 2019, exact up to rounding; from ``hepunits``)."""
SPEED_OF_LIGHT: float = constants.c_light
"""Speed of light in mm/ns (from ``hepunits``)."""
FERMI_CONSTANT = 1.1663788e-11
"""G_F in MeV^-2, from the muon lifetime (MuLan, Phys. Rev. D 87 (2013) 052003; PDG 2024)."""
SIN2_THETA_W = 0.23121
"""sin^2 of the weak mixing angle, MS-bar at m_Z (PDG 2022)."""

CKM = {
    "ud": Measured(0.97373, 0.00031, source=_PDG),
    "us": Measured(0.2243, 0.0008, source=_PDG),
    "cd": Measured(0.221, 0.004, source=_PDG),
    "cs": Measured(0.975, 0.006, source=_PDG),
    "ub": Measured(3.82e-3, 0.20e-3, source=_PDG),
}
"""Moduli of quark-mixing elements by quark pair."""

DECAY_CONSTANT = {
    "pi+": Measured(130.2, 0.8, source=_FLAG),
    "K+": Measured(155.7, 0.3, source=_FLAG),
    "D+": Measured(212.0, 0.7, source=_FLAG),
    "D_s+": Measured(249.9, 0.5, source=_FLAG),
    "B+": Measured(190.0, 1.3, source=_FLAG),
}
"""Decay constants f (not F = f / sqrt 2) in MeV by meson."""
