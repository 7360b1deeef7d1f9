"""Which decays of a block are surely lost, known before they are made one by one.

Nearly all decays end in a veto, with a cluster apart, or with a track too many. The screen makes them by the same
functions with the same numbers as the long way takes later (``generation``), in straight code that compilers run in
lanes, surface after surface; whatever is not certain is left to the long way, so that no answer depends on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.random import beginning, key_of, uniform
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.aim import dies, on_aim
from hnlpeak.simulation.carried import Carry, are_analogue, can_carry, choose, take
from hnlpeak.simulation.carried_surfaces import carry_all
from hnlpeak.simulation.foregone import Foregone
from hnlpeak.simulation.halo import HALO_KIND, is_followed
from hnlpeak.simulation.kaons import Kaons
from hnlpeak.simulation.sample import Bias, ModeTable
from hnlpeak.simulation.screened import LANES, Screened
from hnlpeak.simulation.screened_courses import bend, magnet_of, throw, trigger_is_missed
from hnlpeak.simulation.screened_decays import charged_of, is_muon_alone, make_decays, pions_of
from hnlpeak.simulation.screened_halo import throw_halo_muons
from hnlpeak.simulation.screened_muons import muons_veto, vetoes
from hnlpeak.simulation.screened_photons import are_known, photons_lose
from hnlpeak.simulation.screened_tracks import are_tracked, tracks_lose
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.modes import pipipi
from hnlpeak.theory.species import Species

__all__ = ["GONE", "screen"]

GONE = 2
"""What is surely foregone and goes on all the same, for all such decays."""
_AIM = int(Stage.AIM)
_MUON, _POSITRON = int(Species.MUON_PLUS), int(Species.POSITRON)


@inlined
def _is_plain(bias: NDArray[np.float64]) -> bool:
    """True where decays are made and lost as in nature, but for decays in flight and roulette behind the trigger."""
    return bool(
        bias[Bias.LOSS] == 0.0
        and (bias[Bias.SURVIVAL] >= 1.0 or bias[Bias.SOFT2] == 0.0)
        and bias[Bias.SOFT_PHOTON] == 0.0
        and bias[Bias.NEAR_PHOTON] == 0.0
        and bias[Bias.GAP_PHOTON] == 0.0
        and bias[Bias.SPREAD_LEPTON] == 0.0
        and bias[Bias.PAIRS] == 0.0
        and bias[Bias.BOTH_PHOTONS] == 0.0
    )


@inlined
def _take_out(
    mode: int, kaons: NDArray[np.float64], left: NDArray[np.int64], n_left: int, numbers: NDArray[np.int64]
) -> tuple[int, int]:
    """Move the decays of a ``mode`` from what is ``left`` of the block to ``numbers``; returns how many both are then.

    The likeliest modes come first: what is asked for the others is short.
    """
    chosen = kaons[Kaons.MODE]
    n = others = 0
    for k in range(n_left):  # without a branch: modes come in no order
        i = left[k]
        is_of_mode = chosen[i] == mode
        numbers[n] = i
        left[others] = i
        n += is_of_mode
        others += not is_of_mode
    return n, others


@inlined
def _collect(
    n: int,
    first: int,
    kaons: NDArray[np.float64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Copy what ``n`` decays begin with side by side, and make their places in the block their ``numbers``.

    The first one is repeated up to a multiple of ``LANES``, so that no loop has a rest that runs one by one.
    """
    columns = -(-n // LANES) * LANES
    for k in range(n, columns):
        numbers[k] = numbers[0]
    for k in range(columns):
        i = numbers[k]
        numbers[k] = first + i
        rows[Screened.X, k] = kaons[Kaons.X_DECAY, i]
        rows[Screened.Y, k] = kaons[Kaons.Y_DECAY, i]
        rows[Screened.Z, k] = kaons[Kaons.Z_DECAY, i]
        rows[Screened.KX, k] = kaons[Kaons.PX, i]
        rows[Screened.KY, k] = kaons[Kaons.PY, i]
        rows[Screened.KZ, k] = kaons[Kaons.PZ, i]
        rows[Screened.KE, k] = kaons[Kaons.ENERGY, i]
        rows[Screened.MASS, k] = kaons[Kaons.MASS, i]
        rows[Screened.LOST, k] = rows[Screened.GONE, k] = rows[Screened.CARRIED, k] = 0.0


@inlined
def _is_foregone(code: int, params: NDArray[np.float64], setup: Record, foregone: Foregone) -> bool:
    """True where photons or tracks of the mode are known and may lose it before it is made."""
    if foregone.every == 1:
        return False
    if code == pipipi.CODE:
        z_last = setup.chamber_z[setup.n_chambers - 1]
        return bool(foregone.most_tracks < 3 and are_tracked(setup.response, z_last))
    told = charged_of(code, params) == _MUON and vetoes(setup.stages[0])  # its photons are hardly ever asked
    return bool(pions_of(code) > 0 and not told and are_known(setup))


@inlined
def _lose(
    code: int,
    decays: int,
    setup: Record,
    params: NDArray[np.float64],
    foregone: Foregone,
    bias: NDArray[np.float64],
    goes: bool,
    alone: bool,
    key: tuple[np.uint64, np.uint64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Fill ``rows`` [LOST], where the mode ``goes`` before it is made [GONE], where its muon is ``alone`` [CARRIED]."""
    stage, row = magnet_of(setup.stages)
    if stage < 0:
        return
    z_magnet, magnet = setup.stages[stage].z[row], setup.stages[stage].params[row]
    sign = -1.0 if bias[Bias.CONJUGATE] > 0.0 else 1.0
    species = charged_of(code, params)
    z_end = setup.beam.z_end_muon if species == _MUON else setup.beam.z_end_hadron
    forced = bias[Bias.MUON_DECAY] if species == _MUON else bias[Bias.PION_DECAY]
    if code == HALO_KIND:
        sign = 1.0  # whatever decays
        throw_halo_muons(decays, params, setup.beam, forced, key, numbers, rows)
    else:
        make_decays(code, decays, params, key, numbers, rows)
        if code == pipipi.CODE:
            tracks_lose(decays, setup, foregone, key, numbers, rows, (z_magnet, magnet), sign, forced)
            return
        throw(decays, key, (0.0, 1.0, 0.0), species, 0, z_end, forced, numbers, rows, 0)
    bend(decays, z_magnet, magnet, sign, rows, 0)
    if species == _MUON:
        muons_veto(decays, setup, z_magnet, rows)
    trigger_is_missed(decays, setup, z_magnet, rows)
    if alone:
        choose(decays, setup, z_magnet, rows)
    if goes:
        photons_lose(
            decays,
            setup,
            foregone,
            params,
            pions_of(code),
            species == _POSITRON,
            sign,
            key,
            numbers,
            rows,
        )


@inlined
def _miss_aim(
    decays: int,
    setup: Record,
    foregone: Foregone,
    survival: float,
    key: tuple[np.uint64, np.uint64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Set ``rows`` [LOST] where the only charged daughter surely misses the aims and the roulette ends the decay."""
    if survival >= 1.0 or foregone.aims.shape[0] == 0:
        return
    x, y, z = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, p = rows[Screened.TX], rows[Screened.TY], rows[Screened.P]
    lost, gone, whole = rows[Screened.LOST], rows[Screened.GONE], rows[Screened.WHOLE]
    for k in range(decays):
        if lost[k] > 0.0 or gone[k] > 0.0 or whole[k] == 0.0:
            continue
        line = (x[k], y[k], z[k], tx[k], ty[k], p[k])
        if not on_aim(setup.beam, line, foregone.aims, foregone.lepton_mass):
            u, _ = uniform(beginning(key[0], key[1], numbers[k], _AIM))
            lost[k] = dies(survival, u)


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
    carry: Carry,
) -> None:
    """Set ``lost`` [decay] to 1 where a decay of the block surely fails the trigger or is foregone, else to 0.

    One decay in ``foregone.every`` stands for what is foregone: there ``lost`` is ``GONE``. Muons alone are carried
    (``simulation.carried``). ``numbers`` and ``rows`` are work space.
    """
    carry.taken[0] = 0
    for k in range(decays):
        lost[k], carry.left[k], carry.column[k] = 0, k, -1
    if not _is_plain(modes.bias):
        return
    key, (stage, row), left, n_left = key_of(rng), magnet_of(setup.stages), carry.left, decays
    z_magnet = setup.stages[stage].z[row] if stage >= 0 else np.inf
    carries = stage >= 0 and modes.tails.size == 0 and are_analogue(modes.bias) and can_carry(setup, z_magnet)
    for mode in range(modes.codes.size):
        code, params = modes.codes[mode], modes.parameters[mode]
        goes = modes.tails.size == 0 and _is_foregone(code, params, setup, foregone)
        if charged_of(code, params) < 0 or (code == pipipi.CODE and not goes):
            continue
        if code == HALO_KIND and not is_followed(params):
            continue
        n, n_left = _take_out(mode, kaons, left, n_left, numbers)
        if n == 0:
            continue
        _collect(n, first, kaons, numbers, rows)
        columns = -(-n // LANES) * LANES
        alone = carries and is_muon_alone(code, params)
        _lose(code, columns, setup, params, foregone, modes.bias, goes, alone, key, numbers, rows)
        if alone:
            take(n, first, setup, z_magnet, numbers, rows, carry)
        if modes.tails.size == 0 and code not in (pipipi.CODE, HALO_KIND):
            _miss_aim(n, setup, foregone, modes.bias[Bias.OFF_TARGET], key, numbers, rows)
        for k in range(n):
            if rows[Screened.LOST, k] > 0.0:
                lost[numbers[k] - first] = 1
            elif rows[Screened.GONE, k] > 0.0:
                lost[numbers[k] - first] = 1 if numbers[k] % foregone.every != 0 else GONE
    if carries:
        carry_all(setup, z_magnet, -1.0 if modes.bias[Bias.CONJUGATE] > 0.0 else 1.0, key, carry)
