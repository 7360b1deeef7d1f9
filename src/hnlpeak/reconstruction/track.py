"""A track fitted from its points in the chambers: generalised least squares with scattering correlations.

In x the model is a straight line with one kink at the dipole, in y a straight line. The covariance of the points
holds their resolution and the multiple scattering in every chamber before them, so that kinks from decays and
hard scatters show up in chi2 rather than being fitted away. The momentum follows from the two slopes and the
known transverse kick.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.detectors.event import MAX_CHAMBERS, Record

__all__ = ["TRACK", "fit_track", "new_scratch", "x_at", "y_at"]

_FLOATS = "x y z tx ty bend magnet_z p px py pz chi2"
TRACK = np.dtype(
    [(name, np.float64) for name in _FLOATS.split()] + [("charge", np.int64), ("points", np.int64)]
)
"""A fitted track: position (mm) and slopes at ``z`` before the magnet, change of slope ``bend`` in x at
``magnet_z``, momentum (MeV) at the vertex side, chi2 of the fit, charge and number of points."""

_COLUMNS = 4
_SCRATCH = np.dtype(
    [
        ("z", np.float64, (MAX_CHAMBERS,)),
        ("value", np.float64, (MAX_CHAMBERS,)),
        ("variance", np.float64, (MAX_CHAMBERS,)),
        ("lower", np.float64, (MAX_CHAMBERS, MAX_CHAMBERS)),
        ("columns", np.float64, (MAX_CHAMBERS, _COLUMNS)),
        ("normal", np.float64, (_COLUMNS, _COLUMNS)),
        ("fitted", np.float64, (_COLUMNS,)),
    ]
)


def new_scratch() -> NDArray[Any]:
    """Allocate the work space of ``fit_track`` (one a thread)."""
    return np.zeros(1, dtype=_SCRATCH)


@kernel
def x_at(track: Record, z: float) -> float:
    """Horizontal position (mm) of the track at ``z``, before or after the magnet."""
    return float(track.x + track.tx * (z - track.z) + track.bend * max(0.0, z - track.magnet_z))


@kernel
def y_at(track: Record, z: float) -> float:
    """Vertical position (mm) of the track at ``z``."""
    return float(track.y + track.ty * (z - track.z))


@kernel
def _factorise(n: int, theta2: float, setup: Record, w: Record) -> None:
    """Cholesky factor of the points' covariance: resolution, and scattering in the chambers before them."""
    for a in range(n):
        for b in range(a + 1):
            total = w.variance[a] if a == b else 0.0
            for c in range(setup.n_chambers):
                lever = w.z[b] - setup.chamber_z[c]
                if lever <= 0.0:
                    break
                total += theta2 * lever * (w.z[a] - setup.chamber_z[c])
            for m in range(b):
                total -= w.lower[a, m] * w.lower[b, m]
            w.lower[a, b] = math.sqrt(total) if a == b else total / w.lower[b, b]


@kernel
def _solve(n: int, k: int, w: Record) -> float:
    """Least squares of ``k`` columns to the values, whitened by ``lower``; returns chi2, leaves ``fitted``."""
    for a in range(n):
        for j in range(k + 1):
            total = w.columns[a, j] if j < k else w.value[a]
            for m in range(a):
                total -= w.lower[a, m] * w.columns[m, j]
            w.columns[a, j] = total / w.lower[a, a]
    chi2 = 0.0
    for a in range(n):
        chi2 += w.columns[a, k] ** 2
    for i in range(k):
        for j in range(i + 1):
            total = 0.0
            for a in range(n):
                total += w.columns[a, i] * w.columns[a, j]
            for m in range(j):
                total -= w.normal[i, m] * w.normal[j, m]
            w.normal[i, j] = math.sqrt(max(total, 1e-300)) if i == j else total / w.normal[j, j]
        total = 0.0
        for a in range(n):
            total += w.columns[a, i] * w.columns[a, k]
        for m in range(i):
            total -= w.normal[i, m] * w.fitted[m]
        w.fitted[i] = total / w.normal[i, i]
        chi2 -= w.fitted[i] ** 2
    for i in range(k - 1, -1, -1):
        for m in range(i + 1, k):
            w.fitted[i] -= w.normal[m, i] * w.fitted[m]
        w.fitted[i] /= w.normal[i, i]
    return max(chi2, 0.0)


@kernel
def _momentum(tx: float, ty: float, bend: float, kick: float) -> float:
    """Charge times momentum from the slopes before the magnet and the change in x; 0 where they cannot be."""
    norm2 = 1.0 + tx * tx + ty * ty
    uy2 = ty * ty / norm2
    after = tx + bend
    sine = after * math.sqrt(max(1.0 - uy2, 0.0) / (1.0 + after * after)) - tx / math.sqrt(norm2)
    return kick / sine if abs(sine) > 1e-9 else 0.0


@kernel
def _scattering2(p: float, material: float) -> float:
    """Squared plane angle of scattering in one chamber at momentum ``p`` (Highland)."""
    theta = 13.6 / max(p, 100.0) * math.sqrt(material) * (1.0 + 0.038 * math.log(material))
    return theta * theta


@kernel
def fit_track(setup: Record, particle: Record, scratch: NDArray[np.void], track: Record) -> bool:
    """Fit the particle's points into ``track``; False where they do not make one.

    Needs ``min_chambers`` points, two before the magnet and one after it.
    """
    w = scratch[0]
    n = before = 0
    for c in range(setup.n_chambers):
        if particle.hits[c].var_x > 0.0:
            w.z[n] = setup.chamber_z[c]
            n += 1
            if setup.chamber_z[c] < setup.magnet_z:
                before = n
    if n < setup.min_chambers or before < 2 or n == before:
        return False
    track.z = w.z[0]
    track.magnet_z = setup.magnet_z
    kick = setup.magnet_kick
    theta2 = _scattering2(20e3, setup.chamber_material)
    # the first pass finds the momentum that sets the scattering of the second
    for _ in range(2):
        m = 0
        for c in range(setup.n_chambers):
            hit = particle.hits[c]
            if hit.var_x > 0.0:
                w.value[m] = hit.x
                w.variance[m] = hit.var_x
                w.columns[m, 0] = 1.0
                w.columns[m, 1] = w.z[m] - track.z
                w.columns[m, 2] = max(0.0, w.z[m] - setup.magnet_z)
                m += 1
        _factorise(n, theta2, setup, w)
        chi2 = _solve(n, 3, w)
        track.x, track.tx, track.bend = w.fitted[0], w.fitted[1], w.fitted[2]
        theta2 = _scattering2(abs(_momentum(track.tx, 0.0, track.bend, kick)), setup.chamber_material)
    m = 0
    for c in range(setup.n_chambers):
        hit = particle.hits[c]
        if hit.var_x > 0.0:
            w.value[m] = hit.y
            w.variance[m] = hit.var_y
            w.columns[m, 0] = 1.0
            w.columns[m, 1] = w.z[m] - track.z
            m += 1
    _factorise(n, theta2, setup, w)
    track.chi2 = chi2 + _solve(n, 2, w)
    track.y, track.ty = w.fitted[0], w.fitted[1]
    signed = _momentum(track.tx, track.ty, track.bend, kick)
    if signed == 0.0:
        return False
    track.charge = 1 if signed > 0.0 else -1
    track.points = n
    track.p = abs(signed)
    track.pz = track.p / math.sqrt(1.0 + track.tx**2 + track.ty**2)
    track.px = track.tx * track.pz
    track.py = track.ty * track.pz
    return True
