"""Muons alone of a block, carried side by side from where they begin to the last chamber, in code that runs in lanes.

Most decays of some experiments leave one muon that is seen in all chambers: nothing ends it early, and made one by one
it is most of what a decay costs. Surface after surface (``carried_surfaces``) it is a tenth of that. A muon is carried
that surely does not decay, stays clear of beam pipes and begins before all matter, where the card has nothing on its
way but matter, chambers without gaps or tails and a magnet, and no veto in the trigger; all others go the long way.
Which way is known before a number is drawn for it, so that neither is favoured. Its numbers have beginnings of their
own: the distributions are those of the long way, not the digits.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import in_lanes, inlined
from hnlpeak.detectors import beam_pipe, hodoscope, muon_veto, spectrometer
from hnlpeak.detectors.event import MAX_CHAMBERS, Record
from hnlpeak.detectors.surface import APERTURE, MATTER
from hnlpeak.simulation.foregone import LEAST_LIGHT, MANY_SIGMA, stays_out
from hnlpeak.simulation.sample import Bias
from hnlpeak.simulation.screened import LANES, Screened

__all__ = ["MAX_COUNTERS", "Carried", "Carry", "are_analogue", "can_carry", "choose", "new_carry", "take"]

MAX_COUNTERS = 8
_APART = 24  # columns more, as in ``screened``
_NOT_CARRIED = -1
_MOST_STAGES = 56  # beginnings that a stream has for surfaces


class Carried(IntEnum):
    """Rows of the array [row, column] of what is carried.

    Slopes and momentum (MeV) at the beginning, slopes behind the magnet without matter; 1 / (beta p) (1 / MeV) and
    -ln beta^2; the number by which chambers see it. Place (mm) and slopes on its way, 1 in ``ALIVE`` while it flies.
    Apertures crossed; planes of the hodoscope that fire and the time (ns) by it; a bit each for the chambers whose
    matter it crosses (``MET``) and for the counters that see it (``SEEN``). From ``POINTS`` on four rows a chamber:
    place and the two normal numbers of its measurement; from ``COUNTERS`` on three rows a counter: place and time.
    """

    TX_START = 0
    TY_START = 1
    P = 2
    X_MAGNET = 3
    Y_MAGNET = 4
    TX_BEHIND = 5
    TY_BEHIND = 6
    INVERSE_BETA_P = 7
    MINUS_LN_BETA2 = 8
    LUCK = 9
    X = 10
    Y = 11
    TX = 12
    TY = 13
    ALIVE = 14
    CROSSED = 15
    PLANES = 16
    TIME = 17
    MET = 18
    SEEN = 19
    POINTS = 20
    COUNTERS = POINTS + 4 * MAX_CHAMBERS
    WIDTH = COUNTERS + 3 * MAX_COUNTERS


class Carry(NamedTuple):
    """What is carried of a block: ``column`` [decay] (-1 for what is not), ``numbers`` [column], ``rows``.

    ``chosen`` is work space, and so is ``left``: what is left of a block; ``taken`` [0] is the number of columns taken.
    """

    column: NDArray[np.int64]
    numbers: NDArray[np.int64]
    chosen: NDArray[np.int64]
    left: NDArray[np.int64]
    taken: NDArray[np.int64]
    rows: NDArray[np.float64]


def new_carry(decays: int) -> Carry:
    """Room for a block."""
    columns = decays + LANES
    return Carry(
        np.full(decays, _NOT_CARRIED, dtype=np.int64),
        np.zeros(columns, dtype=np.int64),
        np.zeros(columns, dtype=np.int64),
        np.zeros(decays, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
        np.zeros((Carried.WIDTH, columns + _APART)),
    )


@inlined
def _knows_verdict(stages: NDArray[np.void]) -> bool:
    """True where only apertures, a magnet, hodoscope and a few muon counters stand in the verdict, and none vetoes."""
    if stages[0].n > 0:
        return False
    counters = 0
    for n in range(stages[1].n):
        code = stages[1].code[n]
        counters += code == muon_veto.CODE
        if code not in (APERTURE, spectrometer.MAGNET, hodoscope.CODE, muon_veto.CODE):
            return False
    return counters <= MAX_COUNTERS


@inlined
def can_carry(setup: Record, z_magnet: float) -> bool:
    """True where all that a muon meets up to the last chamber is known here."""
    surfaces, z_last = setup.response, setup.chamber_z[setup.n_chambers - 1]
    if surfaces.n + setup.n_chambers + setup.stages[1].n > _MOST_STAGES:
        return False
    if not _knows_verdict(setup.stages) or not z_last < setup.calorimeter_z:
        return False
    for n in range(surfaces.n):
        code, z = surfaces.code[n], surfaces.z[n]
        if z > z_last:
            break
        if code == spectrometer.MAGNET:
            if z != z_magnet:
                return False
        elif code == spectrometer.CHAMBER:
            if not spectrometer.is_even(surfaces.params[n]):
                return False
        elif code not in (MATTER, beam_pipe.CODE):
            return False
    return True


@inlined
def are_analogue(bias: NDArray[np.float64]) -> bool:
    """True where muons alone have no weights."""
    return bool(bias[Bias.MUON_DECAY] == 0.0 and bias[Bias.COUNTED] < 0.0 and bias[Bias.OFF_TARGET] >= 1.0)


@in_lanes
def choose(decays: int, setup: Record, z_magnet: float, rows: NDArray[np.float64]) -> None:
    """1 in ``rows`` [CARRIED] of the screen for muons that may be carried."""
    x, y, z = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, p = rows[Screened.TX], rows[Screened.TY], rows[Screened.P]
    behind_x, behind_y = rows[Screened.TX_BEHIND], rows[Screened.TY_BEHIND]
    whole, passes, lost = rows[Screened.WHOLE], rows[Screened.PASSES], rows[Screened.LOST]
    carried = rows[Screened.CARRIED]
    first = min(setup.response.z[0], setup.stages[1].z[0])
    pipe, pipe_first, strayed = setup.pipe_radius, setup.pipe_first, MANY_SIGMA * setup.strayed_last
    to_last = setup.chamber_z[setup.n_chambers - 1] - z_magnet
    for i in range(decays):
        dz = z_magnet - z[i]
        radius = pipe + strayed / max(p[i], 1.0)
        at_x, at_y = x[i] + tx[i] * dz, y[i] + ty[i] * dz
        before = stays_out(at_x, at_y, tx[i], ty[i], z_magnet - max(pipe_first, z[i]), 0.0, radius)
        behind = stays_out(at_x, at_y, behind_x[i], behind_y[i], 0.0, to_last, radius)
        clear = (pipe == 0.0) | (before & behind)
        flies = (whole[i] > 0.0) & (passes[i] > 0.0) & (lost[i] == 0.0)
        carried[i] = flies & clear & (p[i] >= LEAST_LIGHT) & (z[i] < first)


@in_lanes
def _start(
    taken: int,
    at: int,
    z_first: float,
    z_magnet: float,
    chosen: NDArray[np.int64],
    screened: NDArray[np.float64],
    rows: NDArray[np.float64],
) -> None:
    """Put what is taken to the first surface, and where it crosses the magnet without matter."""
    x, y, z = screened[Screened.X], screened[Screened.Y], screened[Screened.Z]
    from_tx, from_ty, from_p = screened[Screened.TX], screened[Screened.TY], screened[Screened.P]
    from_behind_x, from_behind_y = screened[Screened.TX_BEHIND], screened[Screened.TY_BEHIND]
    tx, ty, p = rows[Carried.TX_START, at:], rows[Carried.TY_START, at:], rows[Carried.P, at:]
    behind_x, behind_y = rows[Carried.TX_BEHIND, at:], rows[Carried.TY_BEHIND, at:]
    at_x, at_y = rows[Carried.X, at:], rows[Carried.Y, at:]
    x_magnet, y_magnet = rows[Carried.X_MAGNET, at:], rows[Carried.Y_MAGNET, at:]
    for k in range(taken):
        i = chosen[k]
        tx[k], ty[k], p[k] = from_tx[i], from_ty[i], from_p[i]
        behind_x[k], behind_y[k] = from_behind_x[i], from_behind_y[i]
        to_first, to_magnet = z_first - z[i], z_magnet - z[i]
        at_x[k], at_y[k] = x[i] + tx[k] * to_first, y[i] + ty[k] * to_first
        x_magnet[k], y_magnet[k] = x[i] + tx[k] * to_magnet, y[i] + ty[k] * to_magnet


@inlined
def take(
    decays: int,
    first: int,
    setup: Record,
    z_magnet: float,
    numbers: NDArray[np.int64],
    screened: NDArray[np.float64],
    carry: Carry,
) -> None:
    """Add those of the first ``decays`` columns of the screen that are ``CARRIED`` to what is carried."""
    flags, chosen, rows, at, taken = screened[Screened.CARRIED], carry.chosen, carry.rows, carry.taken[0], 0
    for k in range(decays):
        chosen[taken] = k
        taken += int(flags[k] > 0.0)
    for k in range(taken):
        number = numbers[chosen[k]]
        carry.numbers[at + k] = number
        carry.column[number - first] = at + k
    _start(taken, at, setup.response.z[0], z_magnet, chosen, screened, rows)
    carry.taken[0] = at + taken
