"""What the structure of the kaon adds to the bremsstrahlung of K+ -> l+ nu gamma: emission and interference.

In the units of ``squared_amplitude`` for a massless X, with the form factors of PDG (dimensionless, f_K = 155.7 MeV),

    8 r { (m_K / f_K)^2 / (4 r) [(V + A)^2 rho_SD+ + (V - A)^2 rho_SD-]
          - (m_K / f_K) [(V + A) rho_INT+ + (V - A) rho_INT-] },

the densities of Bijnens, Ecker, Gasser (hep-ph/9209261), where f_K is smaller and V, A negative. Their sum with
bremsstrahlung is never negative.
"""

from __future__ import annotations

from typing import NamedTuple

from hnlpeak.core.kernel import kernel
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.masses import KAON

__all__ = ["DECAY_CONSTANT", "NO_STRUCTURE", "Structure", "form_factors", "structure_amplitude"]

DECAY_CONSTANT = Measured(155.7, source="FLAG 2021, f_K in MeV")
_RATIO = KAON / DECAY_CONSTANT.value


class Structure(NamedTuple):
    """V + A = ``plus`` [1 + ``plus_slope`` (1 - x)], V - A = ``minus`` [1 + ``minus_slope`` (1 - x)]."""

    plus: float
    plus_slope: float
    minus: float
    minus_slope: float


NO_STRUCTURE = Structure(0.0, 0.0, 0.0, 0.0)
"""Bremsstrahlung alone."""


@kernel
def form_factors(
    x: float, plus: float, plus_slope: float, minus: float, minus_slope: float
) -> tuple[float, float]:
    """V + A and V - A of a ``Structure`` beside a photon of the energy x m_K / 2."""
    return plus * (1.0 + plus_slope * (1.0 - x)), minus * (1.0 + minus_slope * (1.0 - x))


@kernel
def structure_amplitude(x: float, v: float, r: float, plus: float, minus: float) -> float:
    """What V + A and V - A add to the |M|^2 of bremsstrahlung at (x, v), in units of m_K^2.

    The boundary is not checked.
    """
    hard = (1.0 - x) * v
    emitted = plus * plus * v * (hard - r) + minus * minus * (1.0 - v) * ((1.0 - x) * (1.0 - v) + r)
    mixed = (1.0 - v) / v * (plus * (r - hard) + minus * (x + hard - r))
    return 2.0 * _RATIO * _RATIO * x * x * emitted - 8.0 * r * _RATIO * mixed
