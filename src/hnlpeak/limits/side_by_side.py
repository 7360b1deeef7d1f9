"""Limits of several searches on one grid of masses, and their ratios to the first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.display import short
from hnlpeak.core.errors import UsageError
from hnlpeak.limits.result import SearchResult

__all__ = ["OneSearch", "SideBySide", "side_by_side"]

Vector = NDArray[np.float64]
Table = NDArray[np.float64]

_SAME_MASS = 1e-3


@dataclass(frozen=True, eq=False)
class OneSearch:
    """Limits on |U|^2 of one search over its own masses (MeV); NaN where a mass may not be quoted or has none."""

    mass: Vector
    observed: Vector
    expected: Vector
    simulated: bool
    convention: str


@dataclass(frozen=True, eq=False, repr=False)
class SideBySide:
    """``searches`` under their ``labels`` for one flavour.

    ``mass`` (MeV) are the masses of all of them, rising; ``observed``, ``expected`` their limits there and ``*_ratio``
    these over the first search's, ``[search, mass]``, NaN where there is none at exactly this mass.
    """

    lepton: str
    labels: tuple[str, ...]
    searches: tuple[OneSearch, ...]
    mass: Vector
    observed: Table
    expected: Table

    def __repr__(self) -> str:
        return short("SideBySide", *self.labels, f"{self.mass.size} masses")

    @property
    def observed_ratio(self) -> Table:
        """Observed limits over those of the first search."""
        return np.asarray(self.observed / self.observed[0])

    @property
    def expected_ratio(self) -> Table:
        """Expected limits over those of the first search."""
        return np.asarray(self.expected / self.expected[0])

    @property
    def convention(self) -> str:
        """What a limit is, where all searches agree on it."""
        said = {one.convention for one in self.searches}
        return said.pop() if len(said) == 1 else "conventions differ: not one kind of limit"

    def columns(self) -> dict[str, list[float]]:
        """Columns of ``compare.csv``: masses, then limits and ratios of each search under its label."""
        table: dict[str, list[float]] = {"m_n_mev": self.mass.tolist()}
        for i, label in enumerate(self.labels):
            word = _word(label)
            table[f"u2_ul_observed_{word}"] = self.observed[i].tolist()
            table[f"u2_ul_expected_{word}"] = self.expected[i].tolist()
            if i:
                table[f"observed_ratio_{word}"] = self.observed_ratio[i].tolist()
                table[f"expected_ratio_{word}"] = self.expected_ratio[i].tolist()
        return table

    def words(self) -> list[str]:
        """Return a line for each search after the first: at how many masses, and how much stronger or weaker."""
        lines = []
        for i in range(1, len(self.labels)):
            ratio = self.expected_ratio[i]
            there = ratio[np.isfinite(ratio)]
            head = f"{self.labels[i]} over {self.labels[0]}:"
            if not there.size:
                lines.append(f"{head} no mass where both have a limit")
                continue
            lines.append(
                f"{head} expected limits {np.median(there):.4g} in the median, {there.min():.4g} to "
                f"{there.max():.4g}, at {there.size} masses"
            )
        return lines


def side_by_side(results: Sequence[SearchResult], labels: Sequence[str]) -> SideBySide:
    """Put the limits of ``results`` beside each other under their ``labels``.

    ``UsageError`` for fewer than two, for labels that are not as many or not distinct as names of columns, and for
    searches of different flavours.
    """
    if len(results) < 2:
        raise UsageError("compare: give two folders of results or more")
    if len(labels) != len(results):
        raise UsageError(f"--label: got {len(labels)} labels for {len(results)} folders, expected one each")
    if len({_word(label) for label in labels}) != len(labels) or not all(map(_word, labels)):
        raise UsageError(
            f"--label: {', '.join(labels)[:80]!r}: expected distinct names of letters and digits"
        )
    leptons = list(dict.fromkeys(result.lepton for result in results))
    if len(leptons) > 1:
        raise UsageError(
            f"compare: limits on |U_{leptons[0]}4|^2 and |U_{leptons[1]}4|^2 are different things; give searches of "
            "one flavour"
        )
    searches = tuple(_one(result) for result in results)
    mass = np.unique(np.concatenate([np.round(one.mass / _SAME_MASS) for one in searches])) * _SAME_MASS
    observed, expected = (
        np.array([_on(mass, one.mass, getattr(one, name)) for one in searches])
        for name in ("observed", "expected")
    )
    return SideBySide(leptons[0], tuple(labels), searches, mass, observed, expected)


def _word(label: str) -> str:
    """A label as part of the name of a column."""
    return re.sub(r"\W+", "_", label).strip("_")


def _one(result: SearchResult) -> OneSearch:
    observed, expected = (
        np.where(result.sound, limit.u2, np.nan)
        for limit in (result.limits.observed, result.limits.expected.median)
    )
    settings = result.settings
    treatment = "" if settings.treatment is None else f", {settings.treatment}"
    convention = f"{settings.method}: {settings.convention.split(';')[0]}{treatment}"
    return OneSearch(result.hypotheses.mass, observed, expected, result.simulated, convention)


def _on(grid: Vector, mass: Vector, values: Vector) -> Vector:
    """Values at the masses of a grid, NaN where there is none."""
    found = np.full(grid.size, np.nan)
    found[np.searchsorted(grid, mass - 0.5 * _SAME_MASS)] = values
    return found
