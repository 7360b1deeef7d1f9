"""What a fit to four points needs of chambers and matter: combinations of points that are 0 on every track.

Two points before a magnet and two behind it hold one such combination in x, where lines meet at the magnet, and two in
y, where a line goes through all. With the covariance C of the points, the least-squares track goes through
x - C c (c^T C c)^-1 c^T x, for C = theta^2 S + V with S of the matter and V of the resolution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FOUR_POINTS", "fill_four_points"]

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
