"""Least squares of a track through four chambers, by what vanishes on every track.

Generalised least squares moves the measured points onto a track: x - C c (c^T C c)^-1 c^T x with the covariance C and
the combinations c of ``experiment.four_points``. It is the fit of ``track`` with one number to invert in x, four in y.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import Record

__all__ = ["first_meeting", "fit_four"]

_POINTS = 4


@inlined
def first_meeting(setup: Record, hits: NDArray[np.void]) -> tuple[float, float]:
    """Slope in x before the magnet and its change there, from the outermost points and the two before."""
    z = setup.chamber_z
    tx = (hits[1].x - hits[0].x) / (z[1] - z[0])
    x_magnet = hits[0].x + tx * (setup.magnet_z - z[0])
    return float(tx), float((hits[3].x - x_magnet) / (z[3] - setup.magnet_z) - tx)


@inlined
def _fit_x(setup: Record, hits: NDArray[np.void], theta2: float, track: Record) -> float:
    """Lines that meet at the magnet; returns chi2, -1 where points have no errors."""
    four, z = setup.four_points, setup.chamber_z
    gap, variance = 0.0, theta2 * four.meet_matter_meet
    for a in range(_POINTS):
        gap += four.meet[a] * hits[a].x
        variance += four.meet[a] * four.meet[a] * hits[a].var_x
    if not variance > 0.0:
        return -1.0
    pull = gap / variance
    x0 = hits[0].x - (theta2 * four.matter_meet[0] + hits[0].var_x * four.meet[0]) * pull
    x1 = hits[1].x - (theta2 * four.matter_meet[1] + hits[1].var_x * four.meet[1]) * pull
    x2 = hits[2].x - (theta2 * four.matter_meet[2] + hits[2].var_x * four.meet[2]) * pull
    x3 = hits[3].x - (theta2 * four.matter_meet[3] + hits[3].var_x * four.meet[3]) * pull
    track.x = x0
    track.tx = (x1 - x0) / (z[1] - z[0])
    track.bend = (x3 - x2) / (z[3] - z[2]) - track.tx
    return float(gap * pull)


@inlined
def _fit_y(setup: Record, hits: NDArray[np.void], theta2: float, track: Record) -> float:
    """A line; returns chi2, -1 where points have no errors."""
    four, z = setup.four_points, setup.chamber_z
    first, second = four.line[0], four.line[1]
    gap_1 = gap_2 = 0.0
    v11 = theta2 * four.line_matter_line[0]
    v12 = theta2 * four.line_matter_line[1]
    v22 = theta2 * four.line_matter_line[2]
    for a in range(_POINTS):
        gap_1 += first[a] * hits[a].y
        gap_2 += second[a] * hits[a].y
        v11 += first[a] * first[a] * hits[a].var_y
        v12 += first[a] * second[a] * hits[a].var_y
        v22 += second[a] * second[a] * hits[a].var_y
    determinant = v11 * v22 - v12 * v12
    if not determinant > 0.0:
        return -1.0
    pull_1 = (v22 * gap_1 - v12 * gap_2) / determinant
    pull_2 = (v11 * gap_2 - v12 * gap_1) / determinant
    matter_1, matter_2 = theta2 * pull_1, theta2 * pull_2
    of_0 = hits[0].var_y * (first[0] * pull_1 + second[0] * pull_2)
    of_3 = hits[3].var_y * (first[3] * pull_1 + second[3] * pull_2)
    y0 = hits[0].y - (matter_1 * four.matter_line[0, 0] + matter_2 * four.matter_line[1, 0] + of_0)
    y3 = hits[3].y - (matter_1 * four.matter_line[0, 3] + matter_2 * four.matter_line[1, 3] + of_3)
    track.y = y0
    track.ty = (y3 - y0) / (z[3] - z[0])
    return float(gap_1 * pull_1 + gap_2 * pull_2)


@inlined
def fit_four(setup: Record, hits: NDArray[np.void], theta2: float, track: Record) -> bool:
    """Fit a line with a kink in x and one in y to ``hits``; ``theta2`` is the squared plane angle of a unit layer."""
    chi2_x = _fit_x(setup, hits, theta2, track)
    chi2_y = _fit_y(setup, hits, theta2, track)
    track.chi2 = chi2_x + chi2_y
    return chi2_x >= 0.0 and chi2_y >= 0.0
