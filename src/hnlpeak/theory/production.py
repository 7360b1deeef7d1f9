"""Production M+ -> l+ N: B(M -> l N) = B(M -> l nu) rho_l(m_N) |U_l4|^2.

R. E. Shrock, Phys. Lett. B 96 (1980) 159 and Phys. Rev. D 24 (1981) 1232; the proceedings' Eq. (1).
The measured B(M -> l nu) include radiation while rho is of tree level, as in the published searches. The
loss of the light mode, a factor 1 - |U|^2, is left out: below 1e-4 where |U|^2 < 1e-4.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from hnlpeak.core.measured import Measured
from hnlpeak.theory.constants import FERMI_CONSTANT, HBAR
from hnlpeak.theory.domain import FloatArray, T, checked, lepton_mass, one_of, scalar_or_array
from hnlpeak.theory.mesons import meson as find_meson

__all__ = ["Normalisation", "branching_fraction", "end_point", "light_branching_fraction", "rho"]

Normalisation = Literal["measured", "tree"]


def end_point(*, meson: str, lepton: str) -> float:
    """Return m_M - m_l, the HNL mass in MeV at which M+ -> l+ N closes; negative where m_l > m_M."""
    return find_meson(meson).mass - lepton_mass(lepton)


def _phase_space(meson_mass: float, lepton: float, mass: FloatArray) -> FloatArray:
    """sqrt(lambda(1, x, y)) / (1 - x): from factors, so that no digits are lost at the threshold."""
    gap, total = meson_mass - lepton, meson_mass + lepton
    m = np.minimum(mass, gap)
    return np.sqrt((gap - m) / gap * ((gap + m) / gap) * ((total - m) / total) * ((total + m) / total))


def rho(*, meson: str, lepton: str, mass: T) -> T:
    """Return rho_l(m_N): phase space and helicity suppression relative to the massless neutrino.

    rho = [x + y - (x - y)^2] sqrt(lambda(1, x, y)) / [x (1 - x)^2] with x = (m_l/m_M)^2, y = (m_N/m_M)^2;
    exactly 1 at ``mass`` 0 and exactly 0 from the threshold m_M - m_l on (everywhere if M -> l nu is closed).
    ``mass`` in MeV, a number or an array; the result has its shape. ``UsageError`` for unknown names and for
    masses that are negative or not finite.
    """
    parent, lepton_m = find_meson(meson).mass, lepton_mass(lepton)
    m_n = checked("mass [MeV]", mass)
    if lepton_m >= parent:
        return scalar_or_array(np.zeros_like(m_n), mass)
    x = (lepton_m / parent) ** 2
    y = (np.minimum(m_n, parent) / parent) ** 2
    helicity = 1.0 + y * (1.0 + 2.0 * x - y) / (x * (1.0 - x))
    return scalar_or_array(helicity * _phase_space(parent, lepton_m, m_n), mass)


def _tree(meson: str, lepton: str) -> Measured:
    """B(M -> l nu) = tau G_F^2 f^2 |V|^2 m_M m_l^2 (1 - x)^2 / (8 pi hbar), without radiative corrections."""
    record, lepton_m = find_meson(meson), lepton_mass(lepton)
    f, v = record.decay_constant, record.ckm
    x = (lepton_m / record.mass) ** 2
    coupling = (FERMI_CONSTANT * f.value * v.value * lepton_m * max(0.0, 1.0 - x)) ** 2
    value = coupling * record.mass / (8.0 * math.pi) * record.lifetime / HBAR
    relative = 2.0 * math.hypot(f.error / f.value, v.error / v.value)
    return Measured(value, syst=relative * value, source="tree level, with the errors of f_M and |V_qq'|")


def light_branching_fraction(
    *, meson: str, lepton: str, normalisation: Normalisation = "measured"
) -> Measured:
    """Return B(M+ -> l+ nu) of the light neutrinos with its error and source.

    ``"measured"`` takes the measurement and, where there is none, the tree formula; ``"tree"`` always takes
    the formula, which lacks short-distance and radiative corrections of 1 to 2 %. Exactly 0 where closed.
    ``UsageError`` for a meson, lepton or normalisation that is not known.
    """
    one_of("normalisation", normalisation, ("measured", "tree"))
    measured = find_meson(meson).measured.get(lepton)
    if normalisation == "tree" or measured is None:
        return _tree(meson, lepton)
    return measured


def branching_fraction(
    *, meson: str, lepton: str, mass: T, u2: float | FloatArray, normalisation: Normalisation = "measured"
) -> T:
    """Return B(M+ -> l+ N) = B(M+ -> l+ nu) rho |U_l4|^2 for ``mass`` in MeV (number or array).

    ``u2`` in [0, 1], broadcast against ``mass``; 1 gives the fraction per unit of |U|^2, which may exceed 1.
    ``normalisation`` as in :func:`light_branching_fraction`. ``UsageError`` outside these domains.
    """
    mixing = checked("u2", u2, high=1.0)
    light = light_branching_fraction(meson=meson, lepton=lepton, normalisation=normalisation)
    return scalar_or_array(
        np.asarray(light.value * mixing * rho(meson=meson, lepton=lepton, mass=mass)), mass
    )
