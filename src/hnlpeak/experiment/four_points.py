"""Least squares of a track through four chambers, by combinations of its points that vanish on every track.

Two points before a magnet and two behind it hold one such combination in x, where lines meet at the magnet, and two in
y, where a line goes through all. With the covariance C of the points, the track of generalised least squares goes
through x - C c (c^T C c)^-1 c^T x, for C = theta^2 S + V with S of the matter and V of the resolution: one number to
invert in x, four in y. Reconstruction fits by it, and simulation asks it early whether there are tracks too many.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import Record

__all__ = ["FOUR_POINTS", "Lines", "curvature", "fill_four_points", "fit_four", "scattering2"]

POINTS = 4
_BEFORE = 2

FOUR_POINTS = np.dtype(
    [
        ("usable", np.int64),
        ("meet", np.float64, (POINTS,)),
        ("matter_meet", np.float64, (POINTS,)),
        ("meet_matter_meet", np.float64),
        ("line", np.float64, (2, POINTS)),
        ("matter_line", np.float64, (2, POINTS)),
        ("line_matter_line", np.float64, (3,)),
    ]
)
"""``meet`` is c of x, ``line`` the two c of y; ``matter_`` S c, ``_matter_`` c^T S c (of y: first, mixed, second)."""


def _matter(z: NDArray[np.float64], layer_z: Any, layer_weight: Any) -> NDArray[np.float64]:
    """S: the scattering of each layer moves all points behind it in common."""
    levers = np.maximum(0.0, z[None, :] - np.asarray(layer_z)[:, None])
    return np.asarray((levers * np.asarray(layer_weight)[:, None]).T @ levers)


def _collinear(z: NDArray[np.float64], first: int) -> NDArray[np.float64]:
    """How far the point after the ``first`` lies from the line through its neighbours."""
    found = np.zeros(POINTS)
    a, b, c = z[first : first + 3]
    found[first : first + 3] = -(c - b) / (c - a), 1.0, -(b - a) / (c - a)
    return found


def fill_four_points(setup: Any) -> None:
    """Fill ``setup["four_points"]`` where there are two chambers before the magnet and two behind it."""
    z, magnet = setup["chamber_z"][: int(setup["n_chambers"])], float(setup["magnet_z"])
    if z.size != POINTS or np.count_nonzero(z < magnet) != _BEFORE or z[_BEFORE] <= magnet:
        return
    layers = slice(0, int(setup["n_layers"]))
    matter = _matter(z, setup["layer_z"][layers], setup["layer_weight"][layers])
    before, behind = z[1] - z[0], z[3] - z[2]
    meet = np.array(
        [
            (z[1] - magnet) / before,
            (magnet - z[0]) / before,
            (magnet - z[3]) / behind,
            (z[2] - magnet) / behind,
        ]
    )
    line = np.array([_collinear(z, 0), _collinear(z, 1)])
    found = setup["four_points"]
    found["usable"] = 1
    found["meet"], found["matter_meet"], found["meet_matter_meet"] = meet, matter @ meet, meet @ matter @ meet
    found["line"], found["matter_line"] = line, line @ matter
    products = line @ matter @ line.T
    found["line_matter_line"] = products[0, 0], products[0, 1], products[1, 1]


class Lines(NamedTuple):
    """Position (mm) and slopes at the first chamber, the change of slope in x at the magnet, and chi2 in x and in y.

    A chi2 of -1: the points have no errors.
    """

    x: float
    tx: float
    bend: float
    y: float
    ty: float
    chi2_x: float
    chi2_y: float


@inlined
def curvature(tx: float, ty: float, bend: float, kick: float) -> float:
    """Charge over momentum (1 / MeV) from the slopes before the magnet and the change in x.

    The change of the sine of the angle in x times the momentum is the kick.
    """
    after = tx + bend
    norm2 = 1.0 + tx * tx + ty * ty
    return (after * math.sqrt((1.0 + tx * tx) / (1.0 + after * after)) - tx) / (kick * math.sqrt(norm2))


@inlined
def scattering2(curved: float) -> float:
    """Squared plane angle of scattering for a layer of unit weight (beta = 1), at most that of 100 MeV."""
    theta = 13.6 * min(abs(curved), 0.01)
    return theta * theta


@inlined
def _first_theta2(setup: Record, hits: NDArray[np.void]) -> float:
    """``scattering2`` by the slope in x before the magnet and the outermost point behind it: good enough for that."""
    z = setup.chamber_z
    tx = (hits[1].x - hits[0].x) / (z[1] - z[0])
    x_magnet = hits[0].x + tx * (setup.magnet_z - z[0])
    bend = (hits[3].x - x_magnet) / (z[3] - setup.magnet_z) - tx
    return scattering2(curvature(tx, 0.0, bend, setup.magnet_kick))


@inlined
def _fit_x(setup: Record, hits: NDArray[np.void], theta2: float) -> tuple[float, float, float, float]:
    """Lines that meet at the magnet: place, slope, its change, chi2."""
    four, z = setup.four_points, setup.chamber_z
    gap, variance = 0.0, theta2 * four.meet_matter_meet
    for a in range(POINTS):
        gap += four.meet[a] * hits[a].x
        variance += four.meet[a] * four.meet[a] * hits[a].var_x
    if not variance > 0.0:
        return 0.0, 0.0, 0.0, -1.0
    pull = gap / variance
    x0 = hits[0].x - (theta2 * four.matter_meet[0] + hits[0].var_x * four.meet[0]) * pull
    x1 = hits[1].x - (theta2 * four.matter_meet[1] + hits[1].var_x * four.meet[1]) * pull
    x2 = hits[2].x - (theta2 * four.matter_meet[2] + hits[2].var_x * four.meet[2]) * pull
    x3 = hits[3].x - (theta2 * four.matter_meet[3] + hits[3].var_x * four.meet[3]) * pull
    tx = (x1 - x0) / (z[1] - z[0])
    return x0, tx, (x3 - x2) / (z[3] - z[2]) - tx, gap * pull


@inlined
def _fit_y(setup: Record, hits: NDArray[np.void], theta2: float) -> tuple[float, float, float]:
    """A line: place, slope, chi2."""
    four, z = setup.four_points, setup.chamber_z
    first, second = four.line[0], four.line[1]
    gap_1 = gap_2 = 0.0
    v11 = theta2 * four.line_matter_line[0]
    v12 = theta2 * four.line_matter_line[1]
    v22 = theta2 * four.line_matter_line[2]
    for a in range(POINTS):
        gap_1 += first[a] * hits[a].y
        gap_2 += second[a] * hits[a].y
        v11 += first[a] * first[a] * hits[a].var_y
        v12 += first[a] * second[a] * hits[a].var_y
        v22 += second[a] * second[a] * hits[a].var_y
    determinant = v11 * v22 - v12 * v12
    if not determinant > 0.0:
        return 0.0, 0.0, -1.0
    pull_1 = (v22 * gap_1 - v12 * gap_2) / determinant
    pull_2 = (v11 * gap_2 - v12 * gap_1) / determinant
    matter_1, matter_2 = theta2 * pull_1, theta2 * pull_2
    of_0 = hits[0].var_y * (first[0] * pull_1 + second[0] * pull_2)
    of_3 = hits[3].var_y * (first[3] * pull_1 + second[3] * pull_2)
    y0 = hits[0].y - (matter_1 * four.matter_line[0, 0] + matter_2 * four.matter_line[1, 0] + of_0)
    y3 = hits[3].y - (matter_1 * four.matter_line[0, 3] + matter_2 * four.matter_line[1, 3] + of_3)
    return y0, (y3 - y0) / (z[3] - z[0]), gap_1 * pull_1 + gap_2 * pull_2


@inlined
def fit_four(setup: Record, hits: NDArray[np.void]) -> Lines:
    """A line with a kink in x and one in y through points in all of the four chambers."""
    theta2 = _first_theta2(setup, hits)
    x, tx, bend, chi2_x = _fit_x(setup, hits, theta2)
    y, ty, chi2_y = _fit_y(setup, hits, theta2)
    return Lines(x, tx, bend, y, ty, chi2_x, chi2_y)
