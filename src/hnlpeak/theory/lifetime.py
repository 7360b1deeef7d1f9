"""How long and how far an HNL lives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hnlpeak.theory.constants import HBAR, SPEED_OF_LIGHT
from hnlpeak.theory.domain import FloatArray, T, checked, one_number, scalar_or_array
from hnlpeak.theory.widths import Nature, total_width

__all__ = ["decay_probability", "lifetime", "mean_free_path"]


def _lifetime(mass: float | FloatArray, u2: Mapping[str, float], nature: Nature) -> FloatArray:
    width = np.asarray(total_width(mass=np.asarray(mass, dtype=np.float64), u2=u2, nature=nature))
    return np.divide(HBAR, width, out=np.full_like(width, np.inf), where=width > 0.0)


def lifetime(*, mass: T, u2: Mapping[str, float], nature: Nature = "majorana") -> T:
    """Return the proper lifetime hbar / Gamma in ns; infinite without mixing.

    ``mass`` in MeV (number or array), in (0, m_K+]; ``u2`` maps "e", "mu", "tau" to |U_l4|^2; ``nature`` is
    "dirac" or "majorana". ``UsageError`` outside these domains.
    """
    return scalar_or_array(_lifetime(mass, u2, nature), mass)


def mean_free_path(*, mass: T, momentum: T, u2: Mapping[str, float], nature: Nature = "majorana") -> T:
    """Return the mean decay length (p / m) c tau in mm in the laboratory.

    ``momentum`` in MeV, >= 0, broadcast against ``mass``; otherwise as :func:`lifetime`.
    """
    p = checked("momentum [MeV]", momentum)
    tau = _lifetime(mass, u2, nature)
    boost = p / np.asarray(mass, dtype=np.float64)
    # 0 * inf: an HNL at rest that does not decay still goes nowhere.
    path = np.multiply(
        boost, SPEED_OF_LIGHT * tau, out=np.zeros(np.broadcast_shapes(p.shape, tau.shape)), where=boost > 0
    )
    return scalar_or_array(path, mass)


def decay_probability(
    *, length: float, mass: T, momentum: T, u2: Mapping[str, float], nature: Nature = "majorana"
) -> T:
    """Return the probability 1 - exp(-length / path) to decay within ``length`` mm; ``momentum`` in MeV, > 0.

    Otherwise as :func:`mean_free_path`.
    """
    checked("momentum [MeV]", momentum, low_allowed=False)
    way = one_number("length [mm]", length)
    path = np.asarray(mean_free_path(mass=mass, momentum=momentum, u2=u2, nature=nature))
    return scalar_or_array(-np.expm1(-way / path), mass)
