"""Numbers of formulae: production, lifetime, kinematics, one interval."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hnlpeak.core.measured import Measured
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.statistics import Gaussian, rolke_lopez
from hnlpeak.theory.constants import SPEED_OF_LIGHT as C_LIGHT
from hnlpeak.theory.lifetime import lifetime, mean_free_path
from hnlpeak.theory.mesons import meson
from hnlpeak.theory.modes.inner_bremsstrahlung import ALPHA, ib_density
from hnlpeak.theory.production import light_branching_fraction, rho
from hnlpeak.theory.species import MASS, Species
from hnlpeak.theory.two_body import lab_momentum

__all__ = ["exact"]


def _radiated(low: float, high: float) -> float:
    """Branching fraction of K+ -> mu+ nu gamma with a missing mass from ``low`` to ``high`` (MeV), tree level."""
    kaon = meson("K+").mass
    r = float(MASS[Species.MUON_PLUS] / kaon) ** 2
    nodes, weights = np.polynomial.legendre.leggauss(400)
    ends = [1.0 + r - (mass / kaon) ** 2 for mass in (high, low)]
    y = ends[0] + 0.5 * (ends[1] - ends[0]) * (nodes + 1.0)
    # x runs between the roots of (y - (1 - x)) (1 - x) = r
    root = np.sqrt(y * y - 4.0 * r)
    x_low, x_high = 1.0 - 0.5 * (y + root), 1.0 - 0.5 * (y - root)
    x = x_low[:, None] + 0.5 * (x_high - x_low)[:, None] * (nodes + 1.0)
    over_x = 0.5 * (x_high - x_low) * (ib_density(x, y[:, None], r) @ weights)
    integral = 0.5 * (ends[1] - ends[0]) * float(over_x @ weights)
    fraction = light_branching_fraction(meson="K+", lepton="mu").value
    return fraction * ALPHA / (2.0 * np.pi) / (1.0 - r) ** 2 * integral


def _polarisation(lab: float, beam: float) -> float:
    """Longitudinal polarisation in the laboratory of the mu+ of momentum ``lab`` from K_mu2 at ``beam`` (MeV).

    Of a muon of helicity -1 in the kaon's frame, energy E* and momentum p* there, with energy E and momentum p in the
    laboratory: P = -(E E* - gamma m^2) / (p p*), gamma that of the kaon.
    """
    kaon, muon = meson("K+").mass, float(MASS[Species.MUON_PLUS])
    p_star = (kaon**2 - muon**2) / (2.0 * kaon)
    e_star, energy = np.hypot(p_star, muon), np.hypot(lab, muon)
    gamma = np.hypot(beam, kaon) / kaon
    return float(-(energy * e_star - gamma * muon**2) / (lab * p_star))


def _decayed(low: float, high: float) -> float:
    """Share of the kaons of 75 GeV at the beginning of the card's volume that decay from ``low`` to ``high`` (mm)."""
    kaon = meson("K+")
    length = 75e3 / kaon.mass * kaon.lifetime * C_LIGHT
    start = load_experiment("na62-2015").card.fiducial.z_min
    return float(np.exp(-(low - start) / length) - np.exp(-(high - start) / length))


def exact() -> Mapping[str, Measured]:
    """Return the exact rows by key."""
    masses = np.arange(1.0, 493.0, 0.01)
    fraction = light_branching_fraction(meson="K+", lepton="e").value
    p = lab_momentum(meson="K+", lepton="e", mass=448.0, meson_momentum=75e3)
    path = mean_free_path(mass=448.0, momentum=p, u2={"e": 1e-4}, nature="majorana")
    values = {
        "rho_k_e_300": rho(meson="K+", lepton="e", mass=300.0),
        "rho_k_mu_300": rho(meson="K+", lepton="mu", mass=300.0),
        "b_rho_e_max": fraction * float(np.max(rho(meson="K+", lepton="e", mass=masses))),
        "ctau_e_300_m": 1e-3 * C_LIGHT * lifetime(mass=300.0, u2={"e": 1.0}, nature="dirac"),
        "path_e_448_majorana_km": 1e-6 * path,
        "rolke_10_10_1": float(rolke_lopez(10.0, background=Gaussian(10.0, 1.0), cl=0.90).upper),
        "decay_fraction_105_180": _decayed(105e3, 180e3),
        "ib_mu_300_375": _radiated(300.0, 375.0),
        "pol_mu_lab_17p8": _polarisation(17.8e3, 75e3),
    }
    return {key: Measured(float(value)) for key, value in values.items()}
