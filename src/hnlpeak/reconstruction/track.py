"""A track fitted from its points in the chambers: generalised least squares with scattering correlations.

In x the model is a straight line with one kink at the dipole, in y a straight line. The covariance of the points
holds their resolution and the multiple scattering in all matter before them, so that kinks from decays and
hard scatters show up in chi2 rather than being fitted away. The momentum follows from the two slopes and the
known transverse kick.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.cholesky import factorise, solve_lower, solve_upper
from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.detectors.event import MAX_CHAMBERS, Record
from hnlpeak.experiment.four_points import curvature, fit_four, scattering2

__all__ = ["TRACK", "fit_track", "new_scratch", "x_at", "y_at"]

_FLOATS = "x y z tx ty bend magnet_z p px py pz chi2"
TRACK = np.dtype(
    [(name, np.float64) for name in _FLOATS.split()] + [("charge", np.int64), ("points", np.int64)]
)
"""A fitted track: position (mm) and slopes at ``z`` before the magnet, change of slope ``bend`` in x at
``magnet_z``, momentum (MeV) at the vertex side, chi2 of the fit, charge and number of points."""

_SCRATCH = np.dtype(
    [
        ("z", np.float64, (MAX_CHAMBERS,)),
        ("variance", np.float64, (MAX_CHAMBERS,)),
        ("variance_y", np.float64, (MAX_CHAMBERS,)),
        ("lower", np.float64, (MAX_CHAMBERS, MAX_CHAMBERS)),
        ("columns", np.float64, (5, MAX_CHAMBERS)),
        ("normal", np.float64, (3, 3)),
        ("fitted", np.float64, (3,)),
    ]
)
_STRAIGHT = 1e-12  # 1 / MeV: without a momentum
_POSITION, _SLOPE, _KINK, _X, _Y = range(5)  # columns: three of the model, two of measurements


def new_scratch() -> NDArray[Any]:
    """Allocate the work space of ``fit_track`` (one a thread)."""
    return np.zeros(1, dtype=_SCRATCH)


@inlined
def x_at(track: Record, z: float) -> float:
    """Horizontal position (mm) of the track at ``z``, before or after the magnet."""
    return float(track.x + track.tx * (z - track.z) + track.bend * max(0.0, z - track.magnet_z))


@inlined
def y_at(track: Record, z: float) -> float:
    """Vertical position (mm) of the track at ``z``."""
    return float(track.y + track.ty * (z - track.z))


@inlined
def _collect(setup: Record, particle: Record, w: Record) -> tuple[int, int]:
    """Copy the measured points into the work space; returns how many, and how many before the magnet."""
    n = before = 0
    for c in range(setup.n_chambers):
        hit = particle.hits[c]
        if hit.var_x > 0.0:
            w.z[n] = setup.chamber_z[c]
            w.variance[n] = hit.var_x
            w.variance_y[n] = hit.var_y
            w.columns[_X, n] = hit.x
            w.columns[_Y, n] = hit.y
            n += 1
            if setup.chamber_z[c] < setup.magnet_z:
                before = n
    return n, before


@inlined
def _first_curvature(setup: Record, n: int, before: int, w: Record) -> float:
    """Curvature from the outermost points on either side of the magnet: good enough for the scattering."""
    x = w.columns[_X]
    tx = (x[before - 1] - x[0]) / (w.z[before - 1] - w.z[0])
    x_magnet = x[0] + tx * (setup.magnet_z - w.z[0])
    bend = (x[n - 1] - x_magnet) / (w.z[n - 1] - setup.magnet_z) - tx
    return curvature(tx, 0.0, bend, setup.magnet_kick)


@inlined
def _covariance(n: int, theta2: float, setup: Record, w: Record) -> None:
    """Lower triangle of the points' covariance: resolution, and scattering in all matter before them."""
    for a in range(n):
        for b in range(a + 1):
            total = 0.0
            for c in range(setup.n_layers):
                lever = w.z[b] - setup.layer_z[c]
                if lever <= 0.0:
                    break
                total += setup.layer_weight[c] * lever * (w.z[a] - setup.layer_z[c])
            w.lower[a, b] = total * theta2
        w.lower[a, a] += w.variance[a]


@inlined
def _prepare(n: int, theta2: float, setup: Record, w: Record) -> bool:
    """Model whitened by the factor ``lower`` of the covariance, and the factor ``normal`` of its normal equations."""
    _covariance(n, theta2, setup, w)
    if not factorise(w.lower, n):
        return False
    for a in range(n):
        w.columns[_POSITION, a] = 1.0
        w.columns[_SLOPE, a] = w.z[a] - w.z[0]
        w.columns[_KINK, a] = max(0.0, w.z[a] - setup.magnet_z)
    for i in range(3):
        solve_lower(w.lower, n, w.columns[i])
        for j in range(i + 1):
            total = 0.0
            for a in range(n):
                total += w.columns[i, a] * w.columns[j, a]
            w.normal[i, j] = total
    return factorise(w.normal, 3)


@inlined
def _solve(n: int, k: int, measured: int, w: Record) -> float:
    """Least squares of the first ``k`` columns to the column ``measured``: ``fitted``; returns chi2."""
    solve_lower(w.lower, n, w.columns[measured])
    chi2 = 0.0
    for a in range(n):
        chi2 += w.columns[measured, a] ** 2
    for i in range(k):
        w.fitted[i] = 0.0
        for a in range(n):
            w.fitted[i] += w.columns[i, a] * w.columns[measured, a]
    solve_lower(w.normal, k, w.fitted)
    for i in range(k):
        chi2 -= w.fitted[i] ** 2
    solve_upper(w.normal, k, w.fitted)
    return max(chi2, 0.0)


@inlined
def _same_variances(n: int, w: Record) -> bool:
    different = 0
    for a in range(n):
        different += w.variance[a] != w.variance_y[a]
    return different == 0


@inlined
def _fit(n: int, theta2: float, setup: Record, w: Record, track: Record) -> bool:
    """Fit lines to ``n`` points into ``track``: one with a kink in x, one in y."""
    if not _prepare(n, theta2, setup, w):
        return False
    chi2 = _solve(n, 3, _X, w)
    track.x, track.tx, track.bend = w.fitted[0], w.fitted[1], w.fitted[2]
    # y has no kink: the first two columns serve it, with the same weights as long as the points are as good in y
    if not _same_variances(n, w):
        for a in range(n):
            w.variance[a] = w.variance_y[a]
        if not _prepare(n, theta2, setup, w):
            return False
    track.chi2 = chi2 + _solve(n, 2, _Y, w)
    track.y, track.ty = w.fitted[0], w.fitted[1]
    return True


@inlined
def _fit_four(setup: Record, particle: Record, track: Record) -> bool:
    """Fit lines to points in all of four chambers into ``track``."""
    lines = fit_four(setup, particle.hits)
    track.x, track.tx, track.bend, track.y, track.ty = lines.x, lines.tx, lines.bend, lines.y, lines.ty
    track.chi2 = lines.chi2_x + lines.chi2_y
    return lines.chi2_x >= 0.0 and lines.chi2_y >= 0.0


@inlined
def fit_track(setup: Record, particle: Record, scratch: NDArray[np.void], track: Record) -> bool:
    """``fit_points`` of a particle measured in ``min_chambers``."""
    return particle.n_chambers >= setup.min_chambers and fit_points(setup, particle, scratch, track)


@kernel
def fit_points(setup: Record, particle: Record, scratch: NDArray[np.void], track: Record) -> bool:
    """Fit the particle's points into ``track``; False where they do not make one.

    Needs two before the magnet and one after it.
    """
    track.magnet_z = setup.magnet_z
    if setup.four_points.usable and particle.n_chambers == setup.n_chambers:  # nearly all tracks
        n = setup.n_chambers
        track.z = setup.chamber_z[0]
        fitted = _fit_four(setup, particle, track)
    else:
        w = scratch[0]
        n, before = _collect(setup, particle, w)
        if before < 2 or n == before:
            return False
        track.z = w.z[0]
        fitted = _fit(n, scattering2(_first_curvature(setup, n, before, w)), setup, w, track)
    curved = curvature(track.tx, track.ty, track.bend, setup.magnet_kick) if fitted else 0.0
    if abs(curved) < _STRAIGHT:
        return False
    track.charge = 1 if curved > 0.0 else -1
    track.points = n
    track.p = setup.momentum_scale / abs(curved)
    track.pz = track.p / math.sqrt(1.0 + track.tx**2 + track.ty**2)
    track.px = track.tx * track.pz
    track.py = track.ty * track.pz
    return True
