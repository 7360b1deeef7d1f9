"""Decays with one charged daughter, a muon, that surely vetoes the trigger."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import in_lanes, inlined
from hnlpeak.detectors import muon_veto, spectrometer
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.screened import Screened

__all__ = ["muons_veto", "vetoes"]


@inlined
def vetoes(stage: Record) -> bool:
    """True for a magnet and then one muon counter: what the screen knows."""
    return bool(stage.n == 2 and stage.code[0] == spectrometer.MAGNET and stage.code[1] == muon_veto.CODE)


@in_lanes
def _veto(
    decays: int, z: float, z_magnet: float, counter: NDArray[np.float64], rows: NDArray[np.float64]
) -> None:
    """Muons that a counter at ``z`` behind the magnet surely sees are lost."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, p = rows[Screened.TX], rows[Screened.TY], rows[Screened.P]
    behind_x, behind_y = rows[Screened.TX_BEHIND], rows[Screened.TY_BEHIND]
    a, b, c = rows[Screened.MISSED], rows[Screened.SHIFT_X], rows[Screened.SHIFT_Y]
    whole, passes, lost = rows[Screened.WHOLE], rows[Screened.PASSES], rows[Screened.LOST]
    least, law, behind = muon_veto.least_of_map(counter), muon_veto.law_of(counter), z - z_magnet
    for i in range(decays):
        dz = z_magnet - z_from[i]
        at_x, at_y = x[i] + tx[i] * dz + behind_x[i] * behind, y[i] + ty[i] * dz + behind_y[i] * behind
        seen = muon_veto.surely_seen(law, at_x, at_y, max(p[i], 1.0), (a[i] / least, b[i], c[i]))
        lost[i] = (lost[i] > 0.0) | ((whole[i] > 0.0) & (passes[i] > 0.0) & seen)


@inlined
def muons_veto(decays: int, setup: Record, z_magnet: float, rows: NDArray[np.float64]) -> None:
    """Set ``rows`` [LOST] for decays whose muon the counter of the first trigger level surely sees."""
    first = setup.stages[0]
    if vetoes(first):
        _veto(decays, first.z[1], z_magnet, first.params[1], rows)
