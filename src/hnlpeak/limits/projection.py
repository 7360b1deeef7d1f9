"""Expected limits at other exposures, from one search in the expected spectrum of a known exposure.

With r = exposure / exposure of the search, in every window

    b -> r b,    sigma_stat -> sqrt(r) sigma_stat,    sigma_syst -> r sigma_syst,    N_K -> exposure,

A, sigma(m), the window and the leakage stay. Systematic errors keep their size relative to b, which holds for the
card's relative errors and for how far functions of the side bands differ; what the freedom of these functions costs
is statistics and grows with sqrt(r). ``statistical`` limits are those without them, what a better control of the
background can give at best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.display import short
from hnlpeak.core.errors import UsageError
from hnlpeak.core.records import plain
from hnlpeak.experiment.analysis_card import StatisticsCard
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.efficiency import NetEfficiency
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.intervals import usable
from hnlpeak.limits.limit import Limit
from hnlpeak.limits.result import SearchResult
from hnlpeak.statistics import Expected, expected_limit

__all__ = ["Projection", "exposures", "project"]

Table = NDArray[np.float64]

_PER_DECADE = 2
_MOST_EVENTS = 1e4
"""Background events in a window above which medians are those of the Asimov count: sums differ by 1e-3 at most."""


@dataclass(frozen=True, eq=False, repr=False)
class Projection:
    """Expected limits, ``[exposure, mass]``; NaN where a mass of the reference search may not be quoted.

    ``exposure`` in decays in the fiducial volume, ``mass`` in MeV, ``background`` with its ``stat`` and ``syst`` errors
    in events in the window. ``median``, ``m1s`` and ``p1s`` are the limit without a signal and its one-sigma quantiles
    on |U|^2, ``branching_fraction`` the median on B, ``statistical`` the median on |U|^2 without systematic errors.
    ``reference`` is the exposure of the search that is scaled, ``settings`` what was changed in its cards.
    """

    analysis: str
    title: str
    meson: str
    lepton: str
    convention: str
    reference: float
    settings: tuple[str, ...]
    exposure: Table
    mass: Table
    acceptance: Table
    background: Table
    stat: Table
    syst: Table
    branching_fraction: Table
    median: Table
    m1s: Table
    p1s: Table
    statistical: Table

    def __repr__(self) -> str:
        ends = f"{self.exposure[0]:g} to {self.exposure[-1]:g} decays"
        return short(
            "Projection", self.analysis, *self.settings, f"{self.exposure.size} exposures from {ends}"
        )

    def columns(self) -> dict[str, list[float]]:
        """Columns of ``projection.csv``: one row an exposure and mass."""
        shape = self.median.shape
        exposure, mass = np.repeat(self.exposure, shape[1]), np.tile(self.mass, shape[0])
        tables = {
            "exposure_decays": exposure,
            "m_n_mev": mass,
            "acceptance": np.tile(self.acceptance, shape[0]),
            "background": self.background,
            "background_stat": self.stat,
            "background_syst": self.syst,
            "branching_fraction_ul_expected": self.branching_fraction,
            "u2_ul_expected": self.median,
            "u2_ul_expected_m1s": self.m1s,
            "u2_ul_expected_p1s": self.p1s,
            "u2_ul_expected_statistical": self.statistical,
        }
        return {name: plain(np.ravel(table)) for name, table in tables.items()}

    def words(self) -> list[str]:
        """Return a line for each exposure: the strongest limit, and what systematic errors cost in the median."""
        lines = []
        for exposure, row, without in zip(self.exposure, self.median, self.statistical, strict=True):
            if np.all(np.isnan(row)):
                lines.append(f"{exposure:.3g} decays: no limit that can be quoted")
                continue
            best, cost = int(np.nanargmin(row)), float(np.nanmedian(row / without))
            lines.append(
                f"{exposure:.3g} decays: |U|² < {row[best]:.2e} expected at {self.mass[best]:g} MeV; systematic errors "
                f"of the background weaken limits by a factor of {cost:.3g} in the median"
            )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``projection.json``: what it is of, and the columns."""
        names = ("analysis", "title", "meson", "lepton", "convention")
        return {
            "schema": 1,
            **{name: getattr(self, name) for name in names},
            "reference_exposure_decays": plain(self.reference),
            "settings": list(self.settings),
            "simulated": True,
            "columns": self.columns(),
        }


def exposures(text: str) -> list[float]:
    """Return exposures from ``1e9:1e14`` (two a decade), ``1e9:1e14:11`` (so many) or ``1e9,1e10``.

    ``UsageError`` unless they are 1 to 60 rising numbers from 1e3 to 1e16 decays.
    """
    try:
        parts = [float(part) for part in text.replace(":", ",").split(",")]
    except ValueError:
        parts = []
    if ":" in text and len(parts) in (2, 3) and "," not in text and 0.0 < parts[0] < parts[1]:
        low, high = parts[:2]
        count = parts[2] if len(parts) == 3 else round(_PER_DECADE * np.log10(high / low)) + 1
        parts = (
            [float(f"{x:.6g}") for x in np.geomspace(low, high, max(int(count), 2))]
            if 2 <= count <= 60
            else []
        )
    elif ":" in text:
        parts = []
    rising = all(a < b for a, b in pairwise(parts))
    if not (1 <= len(parts) <= 60 and rising and parts[0] >= 1e3 and parts[-1] <= 1e16):
        raise UsageError(
            f"--exposure: got {text[:40]!r}, expected LOW:HIGH, LOW:HIGH:NUMBER or a list such as 1e9,1e10, rising "
            "from 1e3 to 1e16 decays in the fiducial volume, 60 at most"
        )
    return parts


def project(
    result: SearchResult,
    statistics: StatisticsCard,
    at: Sequence[float],
    *,
    reference: float,
    settings: Sequence[str] = (),
) -> Projection:
    """Return the expected limits of ``result`` ``at`` other exposures.

    It is a search in the expected spectrum of ``reference`` decays. Limits are those of the method, level and
    definition of ``statistics``.
    """
    rows = [_at(result, statistics, exposure, exposure / reference) for exposure in at]
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Projection(
        analysis=result.analysis,
        title=result.title,
        meson=result.meson,
        lepton=result.lepton,
        convention=result.settings.convention,
        reference=reference,
        settings=tuple(settings),
        exposure=np.asarray(at, dtype=np.float64),
        mass=result.hypotheses.mass,
        acceptance=result.hypotheses.acceptance,
        **table,
    )


def _at(result: SearchResult, statistics: StatisticsCard, exposure: float, ratio: float) -> dict[str, Table]:
    """One row of each table."""
    before = result.background
    part = before.details.proportional(before.syst)
    rest = np.sqrt(np.maximum(before.syst**2 - part**2, 0.0))
    stat, syst = np.sqrt(ratio) * before.stat, np.hypot(ratio * part, np.sqrt(ratio) * rest)
    scaled = replace(
        before, background=ratio * before.background, error=np.hypot(stat, syst), stat=stat, syst=syst
    )
    kaons = np.full(len(result), exposure)
    table = replace(result.hypotheses, n_kaon=kaons)
    net = result.efficiency
    good = usable(scaled, statistics.method) & net.usable & result.sound
    whole = _bands(table, scaled.background, scaled.error, net, good, statistics)
    alone = _bands(table, scaled.background, stat, net, good, statistics)
    return {
        "background": scaled.background,
        "stat": stat,
        "syst": syst,
        "branching_fraction": whole["median"].branching_fraction,
        "median": whole["median"].u2,
        "m1s": whole["m1s"].u2,
        "p1s": whole["p1s"].u2,
        "statistical": alone["median"].u2,
    }


def _bands(
    table: Hypotheses,
    b: Table,
    error: Table,
    net: NetEfficiency,
    good: NDArray[np.bool_],
    statistics: StatisticsCard,
) -> dict[str, Limit]:
    """Median and one-sigma quantiles of the limit at each mass."""
    found = {name: np.full(b.size, np.nan) for name in ("median", "m1s", "p1s")}
    for rows, definition in _definitions(b, good, statistics):
        made: Expected = expected_limit(
            background=background_constraint(b[rows], error[rows], kind=statistics.constraint),
            efficiency=net.constraint(rows),
            cl=statistics.cl,
            method=statistics.method,
            treatment=statistics.treatment,
            definition=definition,
        )
        for name, column in found.items():
            column[rows] = getattr(made, name)
    return {name: table.limit(column) for name, column in found.items()}


def _definitions(b: Table, good: NDArray[np.bool_], statistics: StatisticsCard) -> Iterator[tuple[Any, Any]]:
    """Masses with few and with many background events, and the definition of expected limits for each."""
    summed = statistics.expected in ("unconditional", "fixed")
    many = good & (b > _MOST_EVENTS) if summed else np.zeros(b.size, dtype=bool)
    for rows, definition in ((good & ~many, statistics.expected), (many, "asimov")):
        if np.any(rows):
            yield rows, definition
