"""Daughters of a block's decays in the meson's frame, by the numbers with which the long way makes them.

Modes that draw until a try is good have a few tries here; where none of these is, or a neutral pion makes a pair, the
decay is left to the long way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import in_lanes, inlined
from hnlpeak.core.random import State, beginning, either, uniform
from hnlpeak.simulation.halo import HALO_KIND
from hnlpeak.simulation.screened import Screened
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.modes import (
    ke3,
    kl3,
    kmu2,
    kmu3,
    pi0,
    pi0pi0,
    pimu2,
    pipi0,
    pipipi,
    three_pion,
    two_body_hnl,
)
from hnlpeak.theory.modes.inner_bremsstrahlung import lepton_of, without_photon
from hnlpeak.theory.species import Species

__all__ = ["charged_of", "is_muon_alone", "make_decays", "pions_of"]

_STAGE = int(Stage.DECAY)
_MUON, _PION, _POSITRON = int(Species.MUON_PLUS), int(Species.PION_PLUS), int(Species.POSITRON)
_NONE = -1
Try = tuple[State, bool, float, float]
"""The stream's state, whether a try was good, and the two energies of the first that was, else of the last."""


@inlined
def _is_leptonic(code: int) -> bool:
    """True for decays into a lepton and what nobody sees."""
    return bool(code in (kmu2.CODE, pimu2.CODE, two_body_hnl.CODE))


@inlined
def charged_of(code: int, params: NDArray[np.float64]) -> int:
    """Species of the charged daughter, of the positive ones where there are three; -1 for modes that are not known."""
    if _is_leptonic(code):
        return lepton_of(params)
    if code in (kmu3.CODE, HALO_KIND):
        return _MUON
    if code in (pipi0.CODE, pi0pi0.CODE, pipipi.CODE):
        return _PION
    return _POSITRON if code == ke3.CODE else _NONE


@inlined
def is_muon_alone(code: int, params: NDArray[np.float64]) -> bool:
    """True for modes that leave nothing but a muon, unless they radiate."""
    return bool(_is_leptonic(code) and lepton_of(params) == _MUON)


@inlined
def pions_of(code: int) -> int:
    """Number of neutral pions."""
    if code == pi0pi0.CODE:
        return 2
    return 1 if code in (pipi0.CODE, ke3.CODE, kmu3.CODE) else 0


@in_lanes
def _make_leptonic(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    params: NDArray[np.float64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """M+ -> l+ X: the lepton."""
    ax, ay, az, ae = rows[Screened.AX], rows[Screened.AY], rows[Screened.AZ], rows[Screened.AE]
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _STAGE)
        a, state = uniform(state)
        b, state = uniform(state)
        c, state = uniform(state)
        radiates, ax[i], ay[i], az[i], e = without_photon(params, a, b, c)
        ae[i] = 0.0 if radiates else e


@in_lanes
def _make_two_pions(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    params: NDArray[np.float64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """K+ -> pi+ pi0: the pi+, then the pi0."""
    ax, ay, az, ae = rows[Screened.AX], rows[Screened.AY], rows[Screened.AZ], rows[Screened.AE]
    bx, by, bz, be = rows[Screened.BX], rows[Screened.BY], rows[Screened.BZ], rows[Screened.BE]
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _STAGE)
        pair, state = _skip_pi0(params, state)
        a, state = uniform(state)
        b, state = uniform(state)
        px, py, pz, e, be[i] = pipi0.pion(params, a, b)
        ae[i] = 0.0 if pair else e
        ax[i], ay[i], az[i] = px, py, pz
        bx[i], by[i], bz[i] = -px, -py, -pz


@inlined
def _skip_pi0(params: NDArray[np.float64], state: State) -> tuple[bool, State]:
    """Whether a neutral pion makes a pair, and the stream's state behind its numbers."""
    a, state = uniform(state)
    _, state = uniform(state)
    _, state = uniform(state)
    return pi0.makes_pair(params, a), state


@inlined
def _try_three_pions(params: NDArray[np.float64], tried: Try) -> Try:
    """One try more to make three pions, by the next three numbers; what an earlier one found stays."""
    state, known, t, e1 = tried
    a, state = uniform(state)
    b, state = uniform(state)
    c, state = uniform(state)
    good, t_new, e_new = three_pion.try_energies(params, a, b, c)
    return state, known | good, t if known else t_new, e1 if known else e_new


@inlined
def _try_semileptonic(params: NDArray[np.float64], tried: Try) -> Try:
    """The same for a pion and a lepton."""
    state, known, e_pi, e_l = tried
    a, state = uniform(state)
    b, state = uniform(state)
    c, state = uniform(state)
    good, pi_new, l_new = kl3.try_energies(params, a, b, c)
    return state, known | good, e_pi if known else pi_new, e_l if known else l_new


@in_lanes
def _make_three_pions(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    params: NDArray[np.float64],
    skipped: int,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """K+ -> 3 pi: the odd pion, then the first of the pair; ``skipped`` neutral pions have numbers before them."""
    ax, ay, az, ae = rows[Screened.AX], rows[Screened.AY], rows[Screened.AZ], rows[Screened.AE]
    bx, by, bz, be = rows[Screened.BX], rows[Screened.BY], rows[Screened.BZ], rows[Screened.BE]
    two = skipped == 2
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _STAGE)
        pair, behind = _skip_pi0(params, state)
        second, behind = _skip_pi0(params, behind)
        state = either(two, behind, state)
        u, state = uniform(state)
        v, state = uniform(state)
        w, state = uniform(state)
        tried = _try_three_pions(params, (state, False, 0.0, 150.0))
        tried = _try_three_pions(params, tried)
        tried = _try_three_pions(params, tried)
        _, known, t, e1 = _try_three_pions(params, tried)
        ax[i], ay[i], az[i], e, bx[i], by[i], bz[i], be[i] = three_pion.place_pions(params, t, e1, (u, v, w))
        ae[i] = e if known & (not (two & (pair | second))) else 0.0


@in_lanes
def _make_semileptonic(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    params: NDArray[np.float64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """K+ -> pi0 l+ nu: the lepton, then the pi0."""
    ax, ay, az, ae = rows[Screened.AX], rows[Screened.AY], rows[Screened.AZ], rows[Screened.AE]
    bx, by, bz, be = rows[Screened.BX], rows[Screened.BY], rows[Screened.BZ], rows[Screened.BE]
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _STAGE)
        pair, state = _skip_pi0(params, state)
        u, state = uniform(state)
        v, state = uniform(state)
        w, state = uniform(state)
        first, state = uniform(state)
        tried = _try_semileptonic(params, (state, False, 200.0, 150.0))
        tried = _try_semileptonic(params, tried)
        tried = _try_semileptonic(params, tried)
        tried = _try_semileptonic(params, tried)
        _, known, e_pi, e_l = _try_semileptonic(params, tried)
        hx, hy, hz, px, py, pz = kl3.place_pion_and_lepton(params, e_pi, e_l, (u, v, w))
        ax[i], ay[i], az[i] = px, py, pz
        bx[i], by[i], bz[i], be[i] = hx, hy, hz, e_pi
        ae[i] = e_l if known & kl3.surely_bare(params, first) & (not pair) else 0.0


@inlined
def make_decays(
    code: int,
    decays: int,
    params: NDArray[np.float64],
    key: tuple[np.uint64, np.uint64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Fill ``rows`` [AX] to [BE] for decays of a mode with these ``numbers``: one line for each mode."""
    if _is_leptonic(code):
        _make_leptonic(decays, key, params, numbers, rows)
    elif code == pipi0.CODE:
        _make_two_pions(decays, key, params, numbers, rows)
    elif code in (pipipi.CODE, pi0pi0.CODE):
        _make_three_pions(decays, key, params, pions_of(code), numbers, rows)
    else:
        _make_semileptonic(decays, key, params, numbers, rows)
