"""Which decays of a block are surely lost, known before they are made one by one.

Two in three kaons decay into a muon and a neutrino, one in five into two pions, and nearly all of them end in a veto.
The screen makes them by the same functions with the same numbers as the long way takes later (``generation``), in
straight code that compilers run in lanes, surface after surface; whatever is not certain is left to the long way, so
that no answer depends on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.random import key_of
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.foregone import Foregone
from hnlpeak.simulation.kaons import Kaons
from hnlpeak.simulation.sample import Bias, ModeTable
from hnlpeak.simulation.screened import Screened
from hnlpeak.simulation.screened_muons import muons_are_lost
from hnlpeak.simulation.screened_photons import are_known, photons_are_lost
from hnlpeak.theory.modes import kmu2, pipi0

__all__ = ["screen"]


@inlined
def _is_plain(bias: NDArray[np.float64]) -> bool:
    """True where decays are made and lost as in nature."""
    return bool(
        bias[Bias.MUON_DECAY] == 0.0
        and bias[Bias.PION_DECAY] == 0.0
        and bias[Bias.LOSS] == 0.0
        and bias[Bias.SURVIVAL] >= 1.0
        and bias[Bias.CONJUGATE] == 0.0
        and bias[Bias.SOFT_PHOTON] == 0.0
        and bias[Bias.NEAR_PHOTON] == 0.0
        and bias[Bias.GAP_PHOTON] == 0.0
    )


@inlined
def _collect(
    mode: int,
    decays: int,
    first: int,
    kaons: NDArray[np.float64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> int:
    """Copy what the decays of a ``mode`` begin with side by side; returns how many there are."""
    chosen = kaons[Kaons.MODE]
    n = 0
    for i in range(decays):
        if chosen[i] == mode:
            numbers[n] = first + i
            rows[Screened.X, n] = kaons[Kaons.X_DECAY, i]
            rows[Screened.Y, n] = kaons[Kaons.Y_DECAY, i]
            rows[Screened.Z, n] = kaons[Kaons.Z_DECAY, i]
            rows[Screened.KX, n] = kaons[Kaons.PX, i]
            rows[Screened.KY, n] = kaons[Kaons.PY, i]
            rows[Screened.KZ, n] = kaons[Kaons.PZ, i]
            rows[Screened.KE, n] = kaons[Kaons.ENERGY, i]
            rows[Screened.MASS, n] = kaons[Kaons.MASS, i]
            n += 1
    return n


@inlined
def screen(
    decays: int,
    first: int,
    setup: Record,
    modes: ModeTable,
    foregone: Foregone,
    rng: np.random.Generator,
    kaons: NDArray[np.float64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
    lost: NDArray[np.uint8],
) -> None:
    """Set ``lost`` [decay] to 1 where a decay of the block surely fails the trigger or is foregone, else to 0.

    One decay in ``foregone.every``, which stands for what is foregone, is not asked whether it is. ``numbers`` and
    ``rows`` are work space.
    """
    lost[:decays] = 0
    if not _is_plain(modes.bias):
        return
    key = key_of(rng)
    for mode in range(modes.codes.size):
        code, params = modes.codes[mode], modes.parameters[mode]
        muons = code == kmu2.CODE
        photons = code == pipi0.CODE and foregone.every > 1 and modes.tails.size == 0
        if not muons and not (photons and are_known(setup)):
            continue
        n = _collect(mode, decays, first, kaons, numbers, rows)
        if muons:
            muons_are_lost(n, setup, params, key, numbers, rows)
        else:
            photons_are_lost(n, setup, foregone, params, key, numbers, rows)
        for k in range(n):
            lost[numbers[k] - first] = rows[Screened.LOST, k] > 0.0
