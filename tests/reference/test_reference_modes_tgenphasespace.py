"""Samplers of three-body modes against weighted ROOT TGenPhaseSpace events (make_modes_tgenphasespace.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.core.kernel import kernel
from hnlpeak.theory.modes import MAX_DAUGHTERS, MODES, Daughter, sample_mode
from hnlpeak.theory.modes.kl3 import without_radiation

KAON_MASS = 493.677
REFERENCE = json.loads(Path(__file__).with_name("modes_tgenphasespace.json").read_text())
EVENTS = 200_000


@kernel
def _fill(kind, rng, params, rows, table):
    for i in range(rows.size):
        rows[i] = sample_mode(kind, rng, params, table[i])


def energies(name):
    """Energies of the three primary daughters in the order of the reference."""
    rows, table = np.zeros(EVENTS, dtype=np.int64), np.zeros((EVENTS, MAX_DAUGHTERS, Daughter.WIDTH))
    params = MODES[name].pack()
    if name in {"ke3", "kmu3"}:
        params = without_radiation(params)  # TGenPhaseSpace has no photon
    _fill(MODES[name].code, np.random.Generator(np.random.Philox(77)), params, rows, table)
    e = np.where(np.arange(MAX_DAUGHTERS) < rows[:, None], table[..., Daughter.ENERGY], 0.0)
    if name == "pi3":
        return e[:, :3]
    if name == "pi00":
        e = e[rows == 5]  # no Dalitz decay: two photons for each pi0
        return np.stack([e[:, 1] + e[:, 2], e[:, 3] + e[:, 4], e[:, 0]], axis=1)
    pion = e[:, 1:].sum(axis=1)
    return np.stack([e[:, 0], pion, KAON_MASS - e[:, 0] - pion], axis=1)


def moments(e):
    return np.concatenate([e.mean(axis=0), np.cov(e.T, ddof=0)[np.triu_indices(3)]])


@pytest.mark.parametrize("name", REFERENCE["modes"])
def test_moments(name):
    expected = REFERENCE["modes"][name]
    e = energies(name)
    batches = np.array([moments(part) for part in np.array_split(e, 50)])
    own_error = batches.std(axis=0, ddof=1) / np.sqrt(len(batches))
    pull = (batches.mean(axis=0) - expected["values"]) / np.hypot(own_error, expected["errors"])
    assert np.all(np.abs(pull) < 5.0), pull
    # and far from flat phase space, so that the matrix element is in both
    flat = (batches.mean(axis=0) - expected["flat_values"]) / np.hypot(own_error, expected["flat_errors"])
    assert np.max(np.abs(flat)) > 20.0
