"""K_e2 gamma SD- and K_e4: distributions against integrals made another way."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2

from hnlpeak.theory.modes import MODES, ke2g_sd
from hnlpeak.theory.modes.ke2g_sdm import AXIAL, VECTOR, sd_minus_density
from hnlpeak.theory.modes.structure import DECAY_CONSTANT
from hnlpeak.theory.species import MASS, Species

KAON, PION = 493.677, float(MASS[Species.PION_PLUS])
N = 40_000
P_MIN = 1e-6


def test_photons_and_positrons_of_sd_minus(draw) -> None:
    sample = draw("ke2g-sdm", N)
    r = (float(MASS[Species.POSITRON]) / KAON) ** 2
    y = 2.0 * sample.energy[:, 0] / KAON
    edges = np.linspace(0.0, 1.0, 11)
    middles = (np.arange(4000) + 0.5) / 4000.0
    x_grid, y_grid = np.meshgrid(middles, middles, indexing="ij")
    by_y = sd_minus_density(x_grid, y_grid, r).sum(axis=0)
    expected = np.histogram(middles, edges, weights=by_y)[0]
    expected *= N / expected.sum()
    observed = np.histogram(y, edges)[0]
    kept = expected > 5.0
    assert chi2.sf((((observed - expected) ** 2 / expected)[kept]).sum(), kept.sum() - 1) > P_MIN
    # without the positron's mass (1 - y)^2 (1 - x), of which the mean of y is that of 1 - y for SD+
    assert y.mean() < 0.5


def test_both_helicities_have_one_integral() -> None:
    """The rate of SD- follows from that of SD+ because of this."""
    r = (float(MASS[Species.POSITRON]) / KAON) ** 2
    x, y = np.meshgrid(np.linspace(0.0, 1.0, 2001), np.linspace(0.0, 1.0, 2001), indexing="ij")
    form = (1.0 + ke2g_sd.FORM_FACTOR_SLOPE * (1.0 - x)) ** 2
    plus = (ke2g_sd.sd_plus_density(x, y, r) / form).sum()
    np.testing.assert_allclose(sd_minus_density(x, y, r).sum(), plus, rtol=5e-3)


@pytest.mark.parametrize(
    ("slowest", "share", "error"),
    [(0.0, -6.5e-4, 1e-5), (100.0, -1.8e-4, 1e-5), (200.0, 0.0, 5e-6)],
)
def test_interference_that_ke2g_leaves_out_is_small(slowest: float, share: float, error: float) -> None:
    """Interference over emission of both helicities, photons above 10 MeV and positrons above ``slowest`` (MeV)."""
    r, ratio = (float(MASS[Species.POSITRON]) / KAON) ** 2, KAON / DECAY_CONSTANT.value
    nodes, weights = np.polynomial.legendre.leggauss(200)
    emitted = mixed = 0.0
    for u, w in zip(0.5 * (nodes + 1.0), 0.5 * weights, strict=True):
        low = 20.0 / KAON
        x = (1.0 - r) - (1.0 - r - low) * u * u  # the range of v closes at the upper end
        logarithm = np.log((1.0 - x) / r)
        v = r / (1.0 - x) * np.exp(0.5 * logarithm * (nodes + 1.0))
        y = 1.0 + r - x * (1.0 - v)
        above = 0.5 * KAON * np.sqrt(np.maximum(y * y - 4.0 * r, 0.0)) >= slowest
        measure = 2.0 * u * w * x * v * logarithm * 0.5 * weights * above
        plus, minus = 0.125 * (1.0 + 0.38 * (1.0 - x)), VECTOR - AXIAL
        # densities of hep-ph/9209261 with the form factors of PDG: helicities + and -
        a = x + y - 1.0 - r
        sd = plus**2 * a * ((x + y - 1.0) * (1.0 - x) - r)
        sd += minus**2 * (1.0 - y + r) * ((1.0 - x) * (1.0 - y) + r)
        edge = (1.0 - y + r) / (x * a)
        inter = plus * edge * ((1.0 - x) * (1.0 - x - y) + r)
        inter += minus * edge * (x * x - (1.0 - x) * (1.0 - x - y) - r)
        emitted += float(np.sum(measure * 2.0 * ratio**2 * sd))
        mixed -= float(np.sum(measure * 8.0 * r * ratio * inter))
    assert mixed / emitted == pytest.approx(share, abs=error)


def test_mass_of_the_pions_in_ke4(draw) -> None:
    """dGamma / ds ~ sqrt(1 - 4 m_pi^2 / s) P^3: integral of the density over both energies, by hand."""
    sample = draw("ke4", N)
    pair_e = sample.energy[:, 1] + sample.energy[:, 2]
    pair_p = sample.momentum[:, 1] + sample.momentum[:, 2]
    s = pair_e**2 - (pair_p**2).sum(axis=-1)

    nodes, weights = np.polynomial.legendre.leggauss(60)

    def rate(s: float) -> float:
        high, low = 0.5 * (KAON**2 + s) / KAON, np.sqrt(s)
        e = low + 0.5 * (high - low) * (nodes + 1.0)
        # integral over E_l of m_K (2 E_l E_nu - m_K E') with massless leptons: m_K P^3 / 3
        integral = 0.5 * (high - low) * float(weights @ (e * e - s) ** 1.5)
        return float(np.sqrt(1.0 - 4.0 * PION**2 / s)) * integral

    edges = np.linspace(4.0 * PION**2, 0.9 * KAON**2, 15)
    expected = np.array([quad(rate, a, b)[0] for a, b in pairwise(edges)])
    expected *= N / quad(rate, 4.0 * PION**2, KAON**2)[0]
    observed = np.histogram(s, edges)[0]
    kept = expected > 10.0
    assert chi2.sf((((observed - expected) ** 2 / expected)[kept]).sum(), kept.sum()) > P_MIN


def test_rates() -> None:
    """SD- is a seventh of SD+; K_e4 is measured."""
    plus, minus = (MODES[name].branching_fraction for name in ("ke2g-sd", "ke2g-sdm"))
    assert plus is not None
    assert minus is not None
    assert 0.1 < minus.value / plus.value < 0.2
