"""Angles, vertex and missing mass of a track, given the kaon."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.lanes import arctangent
from hnlpeak.detectors.event import Record

__all__ = ["angles", "closest_approach", "missing_mass2"]


@inlined
def angles(tx: float, ty: float, ux: float, uy: float) -> tuple[float, float]:
    """Angle (rad) of a line of slopes ``tx``, ``ty`` to one of slopes ``ux``, ``uy``, and its azimuth about that.

    The azimuth is from -pi to pi. Without a branch, for lanes.
    """
    dx, dy = tx - ux, ty - uy
    dz = tx * uy - ty * ux
    along = 1.0 + tx * ux + ty * uy
    return arctangent(math.sqrt(dx * dx + dy * dy + dz * dz), along), arctangent(dy, dx)


@inlined
def closest_approach(track: Record, axis: NDArray[np.float64]) -> tuple[float, float]:
    """Distance (mm) of the track before the magnet from the axis, and z of the point halfway between them.

    ``axis`` is packed as in ``BeamCalibration.packed``.
    """
    ux, uy = track.tx, track.ty
    vx, vy = axis[1], axis[2]
    # separation of the two lines at z = axis z_reference
    wx = track.x + ux * (axis[5] - track.z) - axis[3]
    wy = track.y + uy * (axis[5] - track.z) - axis[4]
    uu = ux * ux + uy * uy + 1.0
    vv = vx * vx + vy * vy + 1.0
    uv = ux * vx + uy * vy + 1.0
    wu = wx * ux + wy * uy
    wv = wx * vx + wy * vy
    # uu vv - uv^2 without cancellation: the squared cross product
    cx, cy, cz = uy - vy, vx - ux, ux * vy - uy * vx
    det = cx * cx + cy * cy + cz * cz
    if det < 1e-18:
        return math.sqrt(wx * wx + wy * wy), axis[5]
    s = (uv * wv - vv * wu) / det
    t = (uu * wv - uv * wu) / det
    dx, dy, dz = wx + s * ux - t * vx, wy + s * uy - t * vy, s - t
    return math.sqrt(dx * dx + dy * dy + dz * dz), axis[5] + 0.5 * (s + t)


@inlined
def missing_mass2(track: Record, axis: NDArray[np.float64], meson_mass: float, lepton_mass: float) -> float:
    """(P_K - P_l)^2 in MeV^2 with the kaon of momentum and slopes of ``axis`` and the track as lepton."""
    p = axis[0]
    kz = p / math.sqrt(1.0 + axis[1] * axis[1] + axis[2] * axis[2])
    kx, ky = axis[1] * kz, axis[2] * kz
    e_k = math.sqrt(p * p + meson_mass * meson_mass)
    e_l = math.sqrt(track.p * track.p + lepton_mass * lepton_mass)
    product = kx * track.px + ky * track.py + kz * track.pz
    return float(meson_mass * meson_mass + lepton_mass * lepton_mass - 2.0 * (e_k * e_l - product))
