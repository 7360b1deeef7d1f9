"""Which decays of a block surely veto the trigger: K+ -> mu+ nu whose muon a counter cannot miss.

Two in three kaons decay so, and where the trigger vetoes muons 85 % of them end here, at a tenth of the cost. It is the
same physics by the same functions with the same numbers as the long way takes later (``generation``), in straight
code that compilers run in lanes; whatever is not certain is left to the long way, so that no answer depends on it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.kinematics import boost_from_rest
from hnlpeak.core.random import beginning, key_of, uniform
from hnlpeak.detectors import muon_veto, spectrometer
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.shape import surely_inside
from hnlpeak.simulation.decay_in_flight import depth_of_decay
from hnlpeak.simulation.kaons import Kaons
from hnlpeak.simulation.sample import Bias, ModeTable
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.modes import kmu2
from hnlpeak.theory.modes.inner_bremsstrahlung import without_photon
from hnlpeak.theory.species import Species

__all__ = ["screen"]

_STAGE = int(Stage.DECAY)
_MUON = int(Species.MUON_PLUS)
_EDGE = 1e-3  # mm: more than rounding can do


class _Way(NamedTuple):
    """The way of a muon to the counter that vetoes: positions and parameters of the magnet and of the counter."""

    z_magnet: float
    magnet: NDArray[np.float64]
    z_counter: float
    counter: NDArray[np.float64]
    least: float


@inlined
def _mode(modes: ModeTable) -> int:
    """Place of K+ -> mu+ nu among the modes, -1 where it is not there or its decays are biased."""
    bias = modes.bias
    plain = bias[Bias.MUON_DECAY] == 0.0 and bias[Bias.SURVIVAL] >= 1.0 and bias[Bias.CONJUGATE] == 0.0
    for m in range(modes.codes.size):
        if plain and modes.codes[m] == kmu2.CODE:
            return m
    return -1


@inlined
def _is_simple(stage: Record) -> bool:
    """True for a magnet and then one muon counter: what the screen knows."""
    return bool(stage.n == 2 and stage.code[0] == spectrometer.MAGNET and stage.code[1] == muon_veto.CODE)


@inlined
def _meets(
    way: _Way,
    x: float,
    y: float,
    z: float,
    tx: float,
    ty: float,
    p: float,
    numbers: tuple[float, float, float],
) -> bool:
    """True where a muon from (x, y, z) crosses the magnet and is seen, with these numbers of the counter."""
    at_x, at_y = x + tx * (way.z_magnet - z), y + ty * (way.z_magnet - z)
    passes = surely_inside(way.magnet, at_x, at_y, _EDGE)
    tx, ty, ratio2 = spectrometer.kicked(way.magnet, 1.0, tx, ty, p)
    at_x, at_y = at_x + tx * (way.z_counter - way.z_magnet), at_y + ty * (way.z_counter - way.z_magnet)
    seen = muon_veto.surely_seen(way.counter, at_x, at_y, p, numbers)
    return bool(passes & (ratio2 >= spectrometer.LEAST_RATIO2) & (z < way.z_magnet) & seen)


@kernel
def _fill(
    decays: int,
    first: int,
    key: tuple[np.uint64, np.uint64],
    chosen: int,
    params: NDArray[np.float64],
    z_end: float,
    way: _Way,
    kaons: NDArray[np.float64],
    lost: NDArray[np.uint8],
) -> None:
    key_1, key_2 = key
    x, y, z = kaons[Kaons.X_DECAY], kaons[Kaons.Y_DECAY], kaons[Kaons.Z_DECAY]
    kx, ky, kz, ke = kaons[Kaons.PX], kaons[Kaons.PY], kaons[Kaons.PZ], kaons[Kaons.ENERGY]
    mode, mass = kaons[Kaons.MODE], kaons[Kaons.MASS]
    for i in range(decays):
        state = beginning(key_1, key_2, first + i, _STAGE)
        a, state = uniform(state)
        b, state = uniform(state)
        c, state = uniform(state)
        radiates, px, py, pz, e = without_photon(params, a, b, c)
        lx, ly, lz, _ = boost_from_rest(px, py, pz, e, kx[i], ky[i], kz[i], ke[i], mass[i])
        a, state = uniform(state)
        b, state = uniform(state)
        c, state = uniform(state)
        d, state = uniform(state)
        forward = lz > 0.0
        lz = lz if forward else 1.0
        decay_z = z[i] + depth_of_decay(lz, _MUON, a)
        p = math.sqrt(lx * lx + ly * ly + lz * lz)
        inverse = 1.0 / lz
        met = _meets(way, x[i], y[i], z[i], lx * inverse, ly * inverse, p, (b / way.least, c, d))
        lost[i] = (mode[i] == chosen) & (not radiates) & forward & (decay_z >= z_end) & met


@inlined
def screen(
    decays: int,
    first: int,
    setup: Record,
    modes: ModeTable,
    rng: np.random.Generator,
    kaons: NDArray[np.float64],
    lost: NDArray[np.uint8],
) -> None:
    """Set ``lost`` [decay] to 1 where a decay of the block surely vetoes the first trigger level, else to 0."""
    m = _mode(modes)
    stage = setup.stages[0]
    if m < 0 or not _is_simple(stage):
        lost[:decays] = 0
        return
    counter = stage.params[1]
    way = _Way(stage.z[0], stage.params[0], stage.z[1], counter, muon_veto.least_of_map(counter))
    _fill(decays, first, key_of(rng), m, modes.parameters[m], setup.beam.z_end_muon, way, kaons, lost)
