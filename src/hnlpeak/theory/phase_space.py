"""The two integrals over three-body phase space that all three-lepton widths are made of.

With x_i = m_i / m_N (J. C. Helo, S. Kovalenko, I. Schmidt, Nucl. Phys. B 853 (2011) 80; K. Bondarenko et al.,
JHEP 11 (2018) 032)::

    same chirality      I1 = 12         int ds/s (s - x_d^2 - x_l^2) (1 + x_u^2 - s) R
    opposite chirality  I2 = 24 x_d x_l int ds/s (1 + x_u^2 - s) R
    R = sqrt(lambda(s, x_d^2, x_l^2) lambda(1, s, x_u^2))

for (x_d + x_l)^2 < s < (1 - x_u)^2. Both integrands are positive: unlike in the closed forms nothing cancels,
neither for light leptons nor at the threshold.
"""

from __future__ import annotations

import numpy as np

from hnlpeak.theory.domain import FloatArray

__all__ = ["opposite_chirality", "same_chirality"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
# s = a + (b - a) sin^2(angle) turns the square roots at both ends into smooth functions of the angle.
_ANGLE = (_NODES + 1.0) * np.pi / 4.0
_SIN2, _COS2 = np.sin(_ANGLE) ** 2, np.cos(_ANGLE) ** 2
_MEASURE = _WEIGHTS * np.pi / 4.0 * 2.0 * _SIN2 * _COS2


def _integrate(x_u: FloatArray, x_d: FloatArray, x_l: FloatArray, *, same: bool) -> FloatArray:
    x_u, x_d, x_l = np.broadcast_arrays(x_u, x_d, x_l)
    is_open = x_u + x_d + x_l < 1.0
    u, d, ell = (np.where(is_open, x, 0.0)[..., None] for x in (x_u, x_d, x_l))
    start = (d + ell) ** 2
    length = (1.0 - u - d - ell) * (1.0 - u + d + ell)
    s = start + length * _SIN2
    roots = np.sqrt((s - (d - ell) ** 2) * ((1.0 + u) ** 2 - s))
    integrand = (1.0 + u**2 - s) / s * roots * ((s - d**2 - ell**2) if same else d * ell)
    total: FloatArray = (12.0 if same else 24.0) * length[..., 0] ** 2 * (integrand @ _MEASURE)
    return np.where(is_open, total, 0.0)


def same_chirality(x_u: FloatArray, x_d: FloatArray, x_l: FloatArray) -> FloatArray:
    """Return I1(x_u, x_d, x_l), broadcast over the arguments: 1 for massless particles, 0 where closed."""
    return _integrate(x_u, x_d, x_l, same=True)


def opposite_chirality(x_u: FloatArray, x_d: FloatArray, x_l: FloatArray) -> FloatArray:
    """Return I2(x_u, x_d, x_l), broadcast over the arguments: 0 for massless particles and where closed."""
    return _integrate(x_u, x_d, x_l, same=False)
