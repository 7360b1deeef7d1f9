"""Where the limits hold: how far a heavy neutral lepton flies before it decays, with mixing at its limit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hnlpeak.limits.search import Search
from hnlpeak.theory.domain import LEPTON_MASS
from hnlpeak.theory.lifetime import mean_free_path
from hnlpeak.theory.mesons import MESONS
from hnlpeak.theory.widths import Nature

__all__ = ["NATURES", "mean_paths"]

NATURES: Sequence[Nature] = ("majorana", "dirac")


def mean_paths(search: Search, nature: Nature) -> NDArray[np.float64]:
    """Return the mean path in mm at each mass for |U|^2 at the observed limit and no other flavour.

    The HNL has the mean momentum of those from decays of beam mesons. NaN where there is no limit up to 1, or where
    the experiment is not known.
    """
    result = search.result
    masses, u2 = result.number("m_n_mev"), result.number("u2_ul_observed")
    found = np.full(masses.size, np.nan)
    good = (u2 > 0.0) & (u2 <= 1.0)
    if search.experiment is None or not np.any(good):
        return found
    meson, lepton = MESONS[result.meson].mass, LEPTON_MASS[result.lepton]
    m = masses[good]
    energy = 0.5 * search.experiment.card.beam.momentum * (meson**2 + m**2 - lepton**2) / meson**2
    momentum = np.sqrt(np.maximum(energy**2 - m**2, 0.0))
    # the width is proportional to |U|^2
    unit = mean_free_path(mass=m, momentum=momentum, u2={result.lepton: 1.0}, nature=nature)
    found[good] = unit / u2[good]
    return found
