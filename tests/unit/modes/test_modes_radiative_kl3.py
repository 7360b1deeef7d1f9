"""K_l3 with the lepton's photon: rates of chiral perturbation theory, and the density by quadrature."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hnlpeak.theory.modes import kl3
from hnlpeak.theory.modes.inner_bremsstrahlung import ALPHA
from hnlpeak.theory.species import MASS, Species

K = 493.677
RADIATIVE = {"ke3": Species.POSITRON, "kmu3": Species.MUON_PLUS}


def lepton_and_photon(sample):
    """Whether the lepton of K_l3 radiated, the photon's energy, and the cosine between the two."""
    seen = np.where(np.arange(sample.species.shape[1]) < sample.rows[:, None], sample.species, -1)
    radiated = np.sum(seen == Species.PHOTON, axis=1) == 3 - np.sum(seen == Species.ELECTRON, axis=1)
    last = (np.arange(sample.rows.size), sample.rows - 1)
    lepton, photon = sample.momentum[:, 0], sample.momentum[last]
    norm = np.linalg.norm(lepton, axis=1) * np.linalg.norm(photon, axis=1)
    return radiated, sample.energy[last], np.sum(lepton * photon, axis=1) / norm


@pytest.mark.parametrize(
    ("energy", "low", "high", "expected", "error"),
    [
        (10.0, -1.0, math.cos(math.radians(10.0)), 1.804e-2, 0.021e-2),
        (30.0, -1.0, math.cos(math.radians(20.0)), 0.640e-2, 0.008e-2),
        (10.0, 0.6, 0.9, 0.559e-2, 0.006e-2),
    ],
)
def test_radiative_ke3_is_that_of_chiral_perturbation_theory(energy, low, high, expected, error, draw):
    """Rates over that of K_e3 in the three ranges of NA62 (arXiv:2304.12271); theory from memory (m)."""
    radiated, photon, cosine = lepton_and_photon(draw("ke3", 1_000_000))
    share = np.mean(radiated & (photon > energy) & (low < cosine) & (cosine < high))
    # structure adds a per cent that is not simulated
    assert abs(share - expected) < 3.0 * math.sqrt(share / 1e6) + error + 0.01 * expected


@pytest.mark.parametrize("name", RADIATIVE)
def test_photons_of_kl3_follow_the_density(name, draw):
    """All photons above 10 MeV by Gauss-Legendre over (x, y) of each decay without photon, from four-vectors."""
    bare = draw(name, 4000, seed=5, params=kl3.without_radiation(kl3.pack_kl3(RADIATIVE[name])))
    m = float(MASS[RADIATIVE[name]])
    r, total = (m / K) ** 2, []
    nodes, weights = np.polynomial.legendre.leggauss(24)
    for e in bare.energy[:500, 0]:
        s = 1.0 + r - 2.0 * e / K
        x_min, x_max = 20.0 / K, 1.0 - (math.sqrt(r) + math.sqrt(s)) ** 2
        if x_max <= x_min:
            total.append(0.0)
            continue
        u = 0.5 * (nodes + 1.0)
        x = (x_min + (x_max - x_min) * (1.0 - u**2))[:, None]
        root = np.sqrt(np.maximum((1.0 - x - r - s) ** 2 - 4.0 * r * s, 0.0))
        high = 0.5 * (1.0 - x + r - s + root) / (1.0 - x)
        low = r / (1.0 - x) / high
        v = low * (high / low) ** u[None, :]
        y = 1.0 + r - s - x * (1.0 - v)
        pk, kp, pp = 0.5 * x * v, 0.5 * x, 0.5 * y  # lepton.photon, meson.photon, lepton.meson over M^2
        factor = 2.0 * pp / (pk * kp) - r / pk**2 - 1.0 / kp**2 + kp / (pk * (pp + kp))
        inner = np.sum(weights * factor * x * v * np.log(high / low), axis=1) * 0.5
        outer = np.sum(weights * u * inner) * (x_max - x_min)
        total.append(ALPHA / (4.0 * math.pi) * outer / math.sqrt((1.0 - r - s) ** 2 - 4.0 * r * s))
    radiated, photon, _ = lepton_and_photon(draw(name, 1_000_000))
    hard = radiated & (photon > 10.0)
    spread = np.std(total) / math.sqrt(len(total)) + math.sqrt(hard.mean() / hard.size)
    assert abs(hard.mean() - np.mean(total)) < 4.0 * spread
