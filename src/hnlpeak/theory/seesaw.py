"""The nuMSM's view of |U|^2: the seesaw floor and the floor of primordial nucleosynthesis.

In the nuMSM (T. Asaka, M. Shaposhnikov, Phys. Lett. B 620 (2005) 17) two nearly degenerate HNLs of about a
GeV make the light neutrino masses. Without cancellations between them m_nu = |U|^2 m_N, which sets the
smallest mixing that is of use; primordial nucleosynthesis wants the HNLs gone early, which sets another.
"""

from __future__ import annotations

import numpy as np

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.domain import T, checked, one_number, scalar_or_array
from hnlpeak.theory.lifetime import lifetime
from hnlpeak.theory.widths import Nature

__all__ = ["ATMOSPHERIC_MASS", "NUCLEOSYNTHESIS_LIFETIME", "nucleosynthesis_floor", "seesaw_floor"]

ATMOSPHERIC_MASS = 5.0e-8
"""0.05 eV in MeV: sqrt(2.5e-3 eV^2), the least mass of the heaviest light neutrino (PDG 2022, rounded)."""
NUCLEOSYNTHESIS_LIFETIME = 1.0e8
"""0.1 s in ns: the longest HNL lifetime that leaves the light elements alone, a round number of the
literature (0.02 to 0.1 s; A. Boyarsky et al., Phys. Rev. D 104 (2021) 023517)."""


def seesaw_floor(*, mass: T, neutrino_mass: float = ATMOSPHERIC_MASS) -> T:
    """Return |U|^2 = m_nu / m_N, the seesaw scale of mixing; both masses in MeV, ``mass`` > 0."""
    m_n = checked("mass [MeV]", mass, low_allowed=False)
    m_nu = one_number("neutrino mass [MeV]", neutrino_mass)
    if np.any(m_n <= m_nu):
        raise UsageError(f"the seesaw wants mass >> neutrino mass, got {np.min(m_n):g} and {m_nu:g} MeV")
    return scalar_or_array(m_nu / m_n, mass)


def nucleosynthesis_floor(
    *, mass: T, flavour: str, longest: float = NUCLEOSYNTHESIS_LIFETIME, nature: Nature = "majorana"
) -> T:
    """Return the |U_flavour|^2 at which the lifetime is ``longest`` (ns): smaller mixing lives too long.

    ``mass`` in MeV, in (0, m_K+] as in :func:`hnlpeak.theory.lifetime.lifetime`. Values above 1 mean that no
    mixing is large enough.
    """
    limit = one_number("longest lifetime [ns]", longest, low_allowed=False)
    unit = np.asarray(lifetime(mass=mass, u2={flavour: 1.0}, nature=nature))
    return scalar_or_array(unit / limit, mass)
