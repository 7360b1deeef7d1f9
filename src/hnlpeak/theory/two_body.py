"""Kinematics of M+ -> l+ N in the meson's rest frame, and the lepton's polarisation."""

from __future__ import annotations

import numpy as np

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.domain import FloatArray, T, checked, lepton_mass, one_number, scalar_or_array
from hnlpeak.theory.mesons import meson as find_meson

__all__ = ["hnl_energy", "lab_momentum", "lepton_energy", "momentum", "polarisation"]


def _masses(meson: str, lepton: str, mass: T) -> tuple[float, float, FloatArray]:
    parent, lepton_m = find_meson(meson).mass, lepton_mass(lepton)
    m_n = checked("mass [MeV]", mass)
    if lepton_m > parent or np.any(m_n > parent - lepton_m):
        raise UsageError(
            f"{meson} -> {lepton} N ends at an HNL mass of {parent - lepton_m:.10g} MeV, got {np.max(m_n):g}"
        )
    return parent, lepton_m, m_n


def _momentum(parent: float, lepton_m: float, m_n: FloatArray) -> FloatArray:
    gap, total = parent - lepton_m, parent + lepton_m
    return np.sqrt((gap - m_n) * (gap + m_n) * (total - m_n) * (total + m_n)) / (2.0 * parent)


def momentum(*, meson: str, lepton: str, mass: T) -> T:
    """Return p* of lepton and HNL in MeV: sqrt(lambda(m_M^2, m_l^2, m_N^2)) / (2 m_M).

    Like everything here, ``UsageError`` beyond the end point m_M - m_l, where there is no such decay.
    """
    return scalar_or_array(_momentum(*_masses(meson, lepton, mass)), mass)


def lepton_energy(*, meson: str, lepton: str, mass: T) -> T:
    """Return the lepton's energy in MeV: (m_M^2 + m_l^2 - m_N^2) / (2 m_M)."""
    parent, lepton_m, m_n = _masses(meson, lepton, mass)
    return scalar_or_array((parent**2 + lepton_m**2 - m_n**2) / (2.0 * parent), mass)


def hnl_energy(*, meson: str, lepton: str, mass: T) -> T:
    """Return the HNL's energy in MeV: (m_M^2 + m_N^2 - m_l^2) / (2 m_M)."""
    parent, lepton_m, m_n = _masses(meson, lepton, mass)
    return scalar_or_array((parent**2 + m_n**2 - lepton_m**2) / (2.0 * parent), mass)


def polarisation(*, meson: str, lepton: str, mass: T) -> T:
    """Return the mean helicity h of l+ in the meson's rest frame, for V-A coupling.

    h = p (E_N - E_l) / (E_N E_l - p^2), computed without differences: E_N - E_l = (m_N^2 - m_l^2) / m_M and
    E_N E_l - p^2 = [p^2 (m_N^2 + m_l^2) + m_N^2 m_l^2] / (E_N E_l + p^2), where the last bracket is
    (m_M^2 - m_l^2 - m_N^2) / 2. It is -1 for a massless neutrino and +1 for a massless lepton.
    """
    parent, lepton_m, m_n = _masses(meson, lepton, mass)
    p = _momentum(parent, lepton_m, m_n)
    product = (parent**2 - lepton_m**2 - m_n**2) / 2.0
    denominator = p**2 * (m_n**2 + lepton_m**2) + (m_n * lepton_m) ** 2
    return scalar_or_array(p * (m_n - lepton_m) * (m_n + lepton_m) / parent * product / denominator, mass)


def lab_momentum(*, meson: str, lepton: str, mass: T, meson_momentum: float) -> T:
    """Return the momentum in MeV of an HNL that has the mean energy gamma E_N* in the laboratory.

    ``meson_momentum`` in MeV, >= 0. The decay is isotropic, so gamma E_N* is the mean over directions.
    """
    parent, _, m_n = _masses(meson, lepton, mass)
    gamma = np.hypot(parent, one_number("meson momentum [MeV]", meson_momentum)) / parent
    energy = gamma * np.asarray(hnl_energy(meson=meson, lepton=lepton, mass=mass))
    return scalar_or_array(np.sqrt((energy - m_n) * (energy + m_n)), mass)
