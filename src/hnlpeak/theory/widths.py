"""Decay widths and branching ratios of an HNL below the kaon mass, for any mixture of flavours.

Formulae: D. Gorbunov, M. Shaposhnikov, JHEP 10 (2007) 015; A. Atre et al., JHEP 05 (2009) 030; K. Bondarenko
et al., JHEP 11 (2018) 032. A Dirac HNL decays to l- and nu only; a Majorana HNL also to the conjugate states,
so its width is twice as large. Flavours add incoherently: every width is linear in |U_l4|^2.

Left out: N -> nu gamma, 0.8 % of three neutrinos (9 alpha / (512 pi^4) against 1 / (192 pi^3)), and the
two-pion modes from 270 MeV on, 0.1 % of the total width at 450 MeV and 0.3 % at 490 MeV (vector dominance).
Beyond m_K the modes l K, nu eta, l rho, ... open one after the other; there the sum is wrong and is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.constants import CKM, DECAY_CONSTANT, FERMI_CONSTANT, SIN2_THETA_W
from hnlpeak.theory.domain import LEPTON_MASS, FloatArray, T, checked, mixing, one_of, scalar_or_array
from hnlpeak.theory.mesons import MESONS
from hnlpeak.theory.particles import particle
from hnlpeak.theory.phase_space import opposite_chirality, same_chirality

__all__ = ["CHANNELS", "MASS_MAX", "Nature", "branching_ratios", "partial_widths", "total_width"]

Nature = Literal["dirac", "majorana"]

CHANNELS = ("3nu", "nu e e", "nu mu mu", "e mu nu", "nu pi0", "e pi", "mu pi")
"""Final states; charges and neutrino flavours are summed over."""
MASS_MAX = MESONS["K+"].mass
"""Largest HNL mass in MeV for which the list of channels is complete."""

_MULTIPLICITY = {"dirac": 1.0, "majorana": 2.0}
_PI_PLUS, _PI_ZERO = MESONS["pi+"].mass, particle(111).mass
_F_PI = DECAY_CONSTANT["pi+"].value


def _neutral_leptons(flavour: str, lepton: str, m_n: FloatArray) -> FloatArray:
    """N -> nu_flavour l+ l- over G_F^2 m_N^5 / (192 pi^3); the W adds to the Z where the flavours agree."""
    left = SIN2_THETA_W + (0.5 if flavour == lepton else -0.5)
    right = SIN2_THETA_W
    x = LEPTON_MASS[lepton] / m_n
    none = np.zeros_like(x)
    return (left**2 + right**2) * same_chirality(x, none, x) + left * right * opposite_chirality(none, x, x)


def _neutral_pion(m_n: FloatArray) -> FloatArray:
    x2 = (np.minimum(_PI_ZERO, m_n) / m_n) ** 2
    return FERMI_CONSTANT**2 * _F_PI**2 * m_n**3 / (32.0 * math.pi) * (1.0 - x2) ** 2


def _charged_pion(lepton: str, m_n: FloatArray) -> FloatArray:
    m_l = LEPTON_MASS[lepton]
    m = np.maximum(m_n, m_l + _PI_PLUS)
    l2, p2 = (m_l / m) ** 2, (_PI_PLUS / m) ** 2
    below, above = (m - m_l - _PI_PLUS) / m, 1.0 + (m_l + _PI_PLUS) / m
    root = np.sqrt(below * above * (1.0 - ((m_l - _PI_PLUS) / m) ** 2))
    coupling = (FERMI_CONSTANT * _F_PI * CKM["ud"].value) ** 2
    return coupling * m**3 / (16.0 * math.pi) * ((1.0 - l2) ** 2 - p2 * (1.0 + l2)) * root


def _unit_widths(flavour: str, m_n: FloatArray) -> dict[str, FloatArray]:
    """Dirac widths in MeV for |U_flavour|^2 = 1 and no other mixing."""
    scale = FERMI_CONSTANT**2 * m_n**5 / (192.0 * math.pi**3)
    none = np.zeros_like(m_n)
    x_e, x_mu = LEPTON_MASS["e"] / m_n, LEPTON_MASS["mu"] / m_n
    leptons = {"e": (x_e, x_mu), "mu": (x_mu, x_e)}
    charged = same_chirality(leptons[flavour][0], none, leptons[flavour][1]) if flavour in leptons else none
    return {
        "3nu": scale,
        "nu e e": scale * _neutral_leptons(flavour, "e", m_n),
        "nu mu mu": scale * _neutral_leptons(flavour, "mu", m_n),
        "e mu nu": scale * charged,
        "nu pi0": _neutral_pion(m_n),
        "e pi": _charged_pion("e", m_n) if flavour == "e" else none,
        "mu pi": _charged_pion("mu", m_n) if flavour == "mu" else none,
    }


def partial_widths(*, mass: T, u2: Mapping[str, float], nature: Nature = "majorana") -> dict[str, T]:
    """Return the width in MeV of each of ``CHANNELS``, 0 where closed.

    ``mass`` in MeV (number or array), in (0, m_K+]; ``u2`` maps "e", "mu", "tau" to |U_l4|^2 (absent: 0);
    ``nature`` is "dirac" or "majorana". ``UsageError`` outside these domains.
    """
    factor = _MULTIPLICITY[one_of("nature", nature, _MULTIPLICITY)]
    why = " (above it channels open that are not computed)"
    m_n = checked("HNL mass [MeV]", mass, high=MASS_MAX, low_allowed=False, why=why)
    widths = {channel: np.zeros_like(m_n) for channel in CHANNELS}
    for flavour, value in mixing(u2).items():
        for channel, width in _unit_widths(flavour, m_n).items():
            widths[channel] = widths[channel] + factor * value * width
    return {channel: scalar_or_array(width, mass) for channel, width in widths.items()}


def total_width(*, mass: T, u2: Mapping[str, float], nature: Nature = "majorana") -> T:
    """Return the sum of :func:`partial_widths` in MeV; same arguments and errors."""
    widths = partial_widths(mass=mass, u2=u2, nature=nature)
    return scalar_or_array(np.sum([np.asarray(width) for width in widths.values()], axis=0), mass)


def branching_ratios(*, mass: T, u2: Mapping[str, float]) -> dict[str, T]:
    """Return the branching ratio of each of ``CHANNELS``; the same for a Dirac and a Majorana HNL.

    Arguments and errors of :func:`partial_widths`; also ``UsageError`` where no flavour mixes.
    """
    if not any(mixing(u2).values()):
        raise UsageError("an HNL without mixing does not decay: give at least one |U|^2 above 0")
    widths: dict[str, T] = partial_widths(mass=mass, u2=u2, nature="dirac")
    total: ArrayLike = total_width(mass=mass, u2=u2, nature="dirac")
    return {channel: scalar_or_array(np.divide(width, total), mass) for channel, width in widths.items()}
