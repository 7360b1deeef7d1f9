"""Several searches in one mixing: the product of their likelihoods at each mass, and limits on U^2 from it.

With the shares f of the flavours, U_l^2 = f_l U^2, a search expects

    s_i U^2,   s_i = f_l N_K A (B(M+ -> l+ N) / |U_l4|^2)

signal events in its window: the theory is common to all and has no error. N_K may be common to all as well
(``shared``): its relative error is then one nuisance parameter of all searches, else each has its own where the limits
have it at all. The background of each search is that of its own likelihood. Searches must not share events: two
selections of the same data are one search.

A mass that some of the searches have alone gets its limit from these. Expected limits are quantiles over
pseudo-experiments of background alone, counts and background measurements drawn for each search (see
``statistics.counted.lattice``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hnlpeak.core.display import short
from hnlpeak.core.errors import UsageError
from hnlpeak.core.records import plain
from hnlpeak.experiment.analysis_card import SIGNAL_ERRORS
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.efficiency import net_efficiency
from hnlpeak.limits.result import SearchResult
from hnlpeak.statistics import METHODS, SHARED_METHODS, Counted, Gaussian, SharedRate
from hnlpeak.statistics.counted import lattice

__all__ = ["Combination", "Part", "combine", "counting_part"]

Vector = NDArray[np.float64]
Table = NDArray[np.float64]

_SAME_MASS = 1e-3
_DRAWS = 2048
_BANDS = np.arange(-2.0, 3.0)


@dataclass(frozen=True, eq=False)
class Part:
    """What one search brings at its masses ``mass`` (MeV), those that may be quoted.

    ``experiment``: its likelihood in signal counts, ``signal`` counts for U^2 = 1, ``common`` the relative error that
    it shares. ``n`` and ``background`` are the counts in the window, ``observed`` and ``expected`` the search's own
    limits on U^2.
    """

    mass: Vector
    experiment: Counted
    signal: Vector
    common: Vector
    n: Vector
    background: Vector
    observed: Vector
    expected: Vector


@dataclass(frozen=True, eq=False, repr=False)
class Combination:
    """Limits on U^2 = sum of |U_l4|^2 of the searches ``labels`` together, at all masses (MeV) that one of them has.

    ``searches`` names those behind each mass. ``estimate`` is the best U^2 >= 0, ``significance`` the square root of
    2 ln [L(estimate) / L(0)]; ``expected[k]`` are quantiles of the limit under background only at -2, -1, 0, 1, 2
    standard deviations. ``n``, ``background``, ``own_observed`` and ``own_expected`` are those of each search,
    ``[search, mass]``, NaN where it has none.
    """

    labels: tuple[str, ...]
    mixture: Mapping[str, float]
    method: str
    cl: float
    shared: tuple[str, ...]
    mass: Vector
    searches: tuple[str, ...]
    n: Table
    background: Table
    own_observed: Table
    own_expected: Table
    lower: Vector
    estimate: Vector
    significance: Vector
    observed: Vector
    expected: Table

    def __repr__(self) -> str:
        return short("Combination", " × ".join(self.labels), f"{self.mass.size} masses", self.convention)

    @property
    def convention(self) -> str:
        """What a limit is, in words."""
        return METHODS[self.method].words(self.cl)

    @property
    def together(self) -> NDArray[np.bool_]:
        """Masses that all searches have."""
        return np.asarray(np.isfinite(self.n).all(axis=0))

    def columns(self) -> dict[str, list[float] | list[str]]:
        """Columns of ``combine.csv``."""
        table: dict[str, list[float] | list[str]] = {
            "m_n_mev": plain(self.mass),
            "searches": list(self.searches),
            "u2_total_ul_observed": plain(self.observed),
            "u2_total_ul_expected": plain(self.expected[2]),
        }
        for name, row in zip(("m2s", "m1s", "p1s", "p2s"), (0, 1, 3, 4), strict=True):
            table[f"u2_total_ul_expected_{name}"] = plain(self.expected[row])
        table["u2_total_lower"] = plain(self.lower)
        table["u2_total_estimate"] = plain(self.estimate)
        table["combined_significance"] = plain(self.significance)
        for flavour, share in self.mixture.items():
            table[f"u2_{flavour}_ul_observed"] = plain(share * self.observed)
        for i, label in enumerate(self.labels):
            table[f"n_observed_{label}"] = plain(self.n[i])
            table[f"background_{label}"] = plain(self.background[i])
            table[f"u2_total_ul_observed_{label}"] = plain(self.own_observed[i])
            table[f"u2_total_ul_expected_{label}"] = plain(self.own_expected[i])
        return table

    def words(self) -> list[str]:
        """Return what was done and what came out, a line each."""
        share = ", ".join(f"{flavour} {part:g}" for flavour, part in self.mixture.items() if part)
        common = f"; common to all: {', '.join(self.shared)}" if self.shared else ""
        alone = int((~self.together).sum())
        lines = [f"{' × '.join(self.labels)}, U² shared as {share}: {self.convention}{common}"]
        if alone:
            lines.append(
                f"{alone} of {self.mass.size} masses are not in all searches: limits of those that have them"
            )
        if np.any(self.together):
            gain = self.expected[2] / np.nanmin(self.own_expected, axis=0)
            lines.append(
                "expected limits over the best single one where all have the mass: "
                f"{np.median(gain[self.together]):.3g} in the median"
            )
        good = np.flatnonzero(np.isfinite(self.observed))
        if good.size:
            best, top = good[np.argmin(self.observed[good])], good[np.argmax(self.significance[good])]
            lines.append(f"strongest limit: U² < {self.observed[best]:.2e} at {self.mass[best]:g} MeV")
            lines.append(
                f"largest combined local significance: {self.significance[top]:.2f} at {self.mass[top]:g} MeV"
            )
        return lines


def counting_part(
    result: SearchResult,
    share: float,
    *,
    errors: Collection[str] | None = None,
    shared: Collection[str] = (),
) -> Part:
    """Return the counting likelihood of a search whose flavour has ``share`` of U^2.

    ``errors`` of the signal are in it ("acceptance", "resolution", "kaons"; None: those of its own limits), of which
    ``shared`` are common to all searches. Masses that may not be quoted are left out.
    """
    table, b = result.hypotheses, result.background
    own = result.efficiency
    if errors is not None:
        own = net_efficiency(table, b.leakage, [name for name in errors if name not in shared])
    signal = share * table.per_u2 * table.n_kaon * table.acceptance * own.value
    good = result.sound & own.usable & np.isfinite(signal) & (signal > 0.0)
    good &= np.isfinite(result.limits.observed.u2)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = own.error / own.value
        common = net_efficiency(table, b.leakage, shared)
        together = common.error / common.value
    constraint = background_constraint(b.background[good], b.error[good], kind=result.settings.constraint)
    return Part(
        mass=table.mass[good],
        experiment=Counted.of(
            result.n_observed[good],
            background=constraint,
            efficiency=Gaussian(np.ones(int(good.sum())), relative[good]),
        ),
        signal=signal[good],
        common=together[good],
        n=result.n_observed[good],
        background=b.background[good],
        observed=result.limits.observed.u2[good] / share,
        expected=result.limits.expected.median.u2[good] / share,
    )


def combine(
    results: Sequence[SearchResult],
    mixture: Mapping[str, float] | None = None,
    *,
    labels: Sequence[str] = (),
    method: str = "rolke-lopez",
    cl: float = 0.90,
    errors: Collection[str] | None = None,
    shared: Collection[str] = (),
) -> Combination:
    """Return the limits on U^2 of all ``results`` together, shared among the flavours as ``mixture`` says.

    ``mixture`` may be None where all are of one flavour. ``method``: rolke-lopez (treatment ``bounded``), cls
    (asymptotic) or one-sided, at ``cl``. ``errors`` of the signal ("acceptance", "resolution", "kaons"; None: those of
    each search's own limits); those in ``shared`` move all searches together. ``UsageError`` for a flavour without a
    share, names that are not known or twice there, and where no mass is left.
    """
    shares = _shares(results, mixture)
    names = _labels(results, labels)
    if method not in SHARED_METHODS:
        raise UsageError(f"method: got {method!r}, a combination has {', '.join(SHARED_METHODS)}")
    if not 0.0 < cl < 1.0:
        raise UsageError(f"cl: got {cl:g}, allowed are numbers between 0 and 1")
    for name in (*(errors or ()), *shared):
        if name not in SIGNAL_ERRORS:
            raise UsageError(f"errors: got {name!r}, allowed are {', '.join(SIGNAL_ERRORS)}")
    if shared and errors is None:
        errors = tuple(shared)
    if not set(shared) <= set(errors or ()):
        raise UsageError(f"shared errors {sorted(shared)} must be among the errors {sorted(errors or ())}")
    parts = [counting_part(result, shares[result.lepton], errors=errors, shared=shared) for result in results]
    return _combined(parts, names, shares, method=method, cl=cl, shared=tuple(shared))


def _shares(results: Sequence[SearchResult], mixture: Mapping[str, float] | None) -> dict[str, float]:
    flavours = list(dict.fromkeys(result.lepton for result in results))
    if not results:
        raise UsageError("nothing to combine: give at least one search")
    if mixture is None:
        if len(flavours) > 1:
            raise UsageError(
                f"searches of several flavours ({', '.join(flavours)}) need a mixture such as "
                f"{','.join(f'{flavour}:{1 / len(flavours):.3g}' for flavour in flavours)}"
            )
        return {flavours[0]: 1.0}
    for result in results:
        if not mixture.get(result.lepton, 0.0) > 0.0:
            raise UsageError(
                f"mixture: {result.analysis} limits |U_{result.lepton}4|^2, which has no share in {dict(mixture)}"
            )
    return dict(mixture)


def _labels(results: Sequence[SearchResult], labels: Sequence[str]) -> tuple[str, ...]:
    names = tuple(labels) or tuple(result.analysis for result in results)
    if not labels and len(set(names)) < len(names):
        names = tuple(f"{name}_{i}" for i, name in enumerate(names, start=1))
    if len(names) != len(results):
        raise UsageError(f"labels: got {len(names)} for {len(results)} searches")
    if len(set(names)) < len(names):
        raise UsageError(f"labels must differ, got {', '.join(names)}")
    return names


def _combined(
    parts: Sequence[Part],
    labels: tuple[str, ...],
    mixture: Mapping[str, float],
    *,
    method: str,
    cl: float,
    shared: tuple[str, ...],
) -> Combination:
    mass = _masses(parts)
    if mass.size == 0:
        raise UsageError("no mass of these searches may be quoted: nothing to combine")
    places = np.array([_places(part.mass, mass) for part in parts])
    found = {name: np.full(mass.size, np.nan) for name in ("lower", "estimate", "significance", "observed")}
    expected = np.full((_BANDS.size, mass.size), np.nan)
    patterns = places >= 0
    for pattern in np.unique(patterns, axis=1).T:
        at = np.flatnonzero((patterns == pattern[:, None]).all(axis=0))
        behind = [(part, places[i, at]) for i, part in enumerate(parts) if pattern[i]]
        product = SharedRate.of(
            [Counted(part.experiment.table[rows]) for part, rows in behind],
            [part.signal[rows] for part, rows in behind],
            [part.common[rows] for part, rows in behind],
        )
        interval = product.interval(cl=cl, method=method)
        found["lower"][at], found["estimate"][at] = interval.lower, interval.estimate
        found["observed"][at], found["significance"][at] = interval.upper, product.significance
        expected[:, at] = _expected(behind, method, cl)

    def spread(name: str) -> Table:
        return np.array(
            [
                np.where(row >= 0, getattr(part, name)[np.maximum(row, 0)], np.nan)
                for part, row in zip(parts, places, strict=True)
            ]
        )

    return Combination(
        labels=labels,
        mixture=mixture,
        method=method,
        cl=cl,
        shared=shared,
        mass=mass,
        searches=tuple("+".join(np.array(labels)[column]) for column in patterns.T),
        n=spread("n"),
        background=spread("background"),
        own_observed=spread("observed"),
        own_expected=spread("expected"),
        expected=expected,
        **found,
    )


def _masses(parts: Sequence[Part]) -> Vector:
    """All masses, those within a thousandth of an MeV once."""
    every = np.sort(np.concatenate([part.mass for part in parts]))
    return every[np.diff(every, prepend=-np.inf) > _SAME_MASS]


def _places(of: Vector, mass: Vector) -> NDArray[np.intp]:
    """Place of each of ``mass`` in ``of``, -1 where it is not there."""
    if of.size == 0:
        return np.full(mass.size, -1, dtype=np.intp)
    nearest = np.argmin(np.abs(of[:, None] - mass), axis=0)
    return np.where(np.abs(of[nearest] - mass) <= _SAME_MASS, nearest, -1)


def _expected(behind: Sequence[tuple[Part, NDArray[np.intp]]], method: str, cl: float) -> Table:
    """Quantiles of the limit over the same draws for all masses, shape (5, masses)."""
    points = lattice(3 * len(behind), _DRAWS)
    drawn = SharedRate.of(
        [
            Counted(part.experiment.table[rows]).drawn(points[3 * i : 3 * i + 3])
            for i, (part, rows) in enumerate(behind)
        ],
        [np.repeat(part.signal[rows], _DRAWS) for part, rows in behind],
        [np.repeat(part.common[rows], _DRAWS) for part, rows in behind],
    )
    limits = np.asarray(drawn.interval(cl=cl, method=method, rtol=1e-6).upper)
    upper = np.sort(limits.reshape(-1, _DRAWS), axis=1)
    return upper[:, np.ceil(ndtr(_BANDS) * _DRAWS).astype(np.intp) - 1].T
