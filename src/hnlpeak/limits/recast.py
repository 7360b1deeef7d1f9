"""Limits of a search for other mixings: |U|^2 shared among flavours, Dirac or Majorana, and the lifetime that follows.

The search limits B(M+ -> l+ N) and nothing else. With the shares f of the flavours, U_l^2 = f_l U^2 and sum f = 1,

    U^2 < |U_l4|^2 limit / f_l,

whatever the nature of N; nature and the other flavours set how long N lives, and a limit holds only where N leaves the
apparatus before it decays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.limits.invisible import LARGEST_LOSS
from hnlpeak.limits.result import SearchResult
from hnlpeak.theory.lifetime import decay_probability, lifetime, mean_free_path
from hnlpeak.theory.two_body import lab_momentum
from hnlpeak.theory.widths import Nature

__all__ = ["Recast", "parse_mixture", "recast"]

Vector = NDArray[np.float64]

_FLAVOURS = ("e", "mu", "tau")


@dataclass(frozen=True, eq=False)
class Recast:
    """One row a mass (MeV): limits on U^2 = sum of |U_l4|^2, NaN where the search has none to quote.

    ``lifetime`` (ns), ``path`` (mm) and ``lost`` (the share of N that decays within ``length`` mm) are those at the
    observed limit, at the mean momentum of N in the laboratory. ``holds`` where less than 1 % are lost.
    """

    mixture: Mapping[str, float]
    nature: Nature
    length: float
    mass: Vector
    observed: Vector
    expected: Vector
    lifetime: Vector
    path: Vector
    lost: Vector

    @property
    def holds(self) -> NDArray[np.bool_]:
        """Where the limit's assumption, an N that leaves the apparatus, is good to a per cent."""
        return np.asarray(self.lost < LARGEST_LOSS)

    def columns(self) -> dict[str, list[float] | list[str]]:
        """Columns of the table, units in their names."""
        table: dict[str, list[float] | list[str]] = {
            "m_n_mev": self.mass.tolist(),
            "u2_total_ul_observed": self.observed.tolist(),
            "u2_total_ul_expected": self.expected.tolist(),
        }
        for flavour, share in self.mixture.items():
            table[f"u2_{flavour}_ul_observed"] = (share * self.observed).tolist()
        table["lifetime_ns"] = self.lifetime.tolist()
        table["mean_free_path_m"] = (1e-3 * self.path).tolist()
        table["decays_within_apparatus"] = self.lost.tolist()
        table["holds"] = ["yes" if good else "no" for good in self.holds]
        return table


def parse_mixture(text: str) -> dict[str, float]:
    """Shares of the flavours from ``e:0.5,mu:0.5``. ``UsageError`` unless they are shares that add up to 1."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        flavour, _, number = part.partition(":")
        try:
            share = float(number)
        except ValueError:
            share = np.nan
        if flavour not in _FLAVOURS or flavour in shares or not 0.0 <= share <= 1.0:
            raise UsageError(
                f"mixture: got {part[:40]!r}, expected {', '.join(_FLAVOURS)} once each with shares from 0 to 1, "
                "such as e:0.5,mu:0.5"
            )
        shares[flavour] = share
    if abs(sum(shares.values()) - 1.0) > 1e-6:
        raise UsageError(
            f"mixture: the shares of {text[:60]!r} add up to {sum(shares.values()):g}, expected 1"
        )
    return shares


def recast(
    result: SearchResult, mixture: Mapping[str, float], *, nature: Nature, momentum: float, length: float
) -> Recast:
    """Return the limits of ``result`` for the shares ``mixture`` of the flavours.

    ``momentum`` (MeV) is that of the meson beam, ``length`` (mm) the way that N must survive. ``UsageError`` where the
    flavour of the search has no share.
    """
    share = mixture.get(result.lepton, 0.0)
    if not share > 0.0:
        raise UsageError(
            f"mixture: {result.analysis} limits |U_{result.lepton}4|^2, which has no share in {dict(mixture)}"
        )
    mass = result.number("m_n_mev")
    observed, expected = (
        np.where(result.sound, result.number(f"u2_ul_{which}") / share, np.nan)
        for which in ("observed", "expected")
    )
    lab = lab_momentum(meson=result.meson, lepton=result.lepton, mass=mass, meson_momentum=momentum)
    found = np.full((3, mass.size), np.nan)
    for i in np.flatnonzero(np.isfinite(observed)):
        # a mixing above 1 excludes nothing: the lifetime is then that at 1
        at = {flavour: part * min(float(observed[i]), 1.0) for flavour, part in mixture.items() if part > 0.0}
        m, p = float(mass[i]), float(lab[i])
        found[0, i] = lifetime(mass=m, u2=at, nature=nature)
        found[1, i] = mean_free_path(mass=m, momentum=p, u2=at, nature=nature)
        found[2, i] = decay_probability(length=length, mass=m, momentum=p, u2=at, nature=nature)
    return Recast(dict(mixture), nature, length, mass, observed, expected, *found)
