"""Several searches in one mixing: the product of their likelihoods at each mass, and limits on U^2 from it.

With the shares f of the flavours, U_l^2 = f_l U^2, a search expects

    s_i U^2,   s_i = f_l N_K A (B(M+ -> l+ N) / |U_l4|^2)

signal events in its window: the theory is common to all and has no error. N_K may be common to all as well
(``shared``): its relative error is then one nuisance parameter of all searches, else each has its own where the limits
have it at all. The background of each search is that of its own likelihood. Searches must not share events: two
selections of the same data are one search.

``likelihood="counting"`` is that of the windows, ``"spectrum"`` that of all bins and selections about a mass
(``limits.spectrum_likelihood``). A mass that some of the searches have alone gets its limit from these. Expected limits
of counts are quantiles over pseudo-experiments of background alone, counts and background measurements drawn for each
search (``statistics.counted.lattice``), those of spectra are asymptotic.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hnlpeak.core.display import short
from hnlpeak.core.errors import UsageError
from hnlpeak.core.records import plain
from hnlpeak.experiment.analysis_card import SIGNAL_ERRORS
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.efficiency import NetEfficiency, net_efficiency
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.limits.spectrum_likelihood import Piece, spectrum_pieces
from hnlpeak.statistics import METHODS, SHARED_METHODS, Counted, Gaussian, SharedRate
from hnlpeak.statistics.counted import lattice

__all__ = ["COMBINED_ERRORS", "LIKELIHOODS", "Combination", "Likelihood", "combine"]

Likelihood = Literal["counting", "spectrum"]
LIKELIHOODS: tuple[Likelihood, ...] = get_args(Likelihood)

_SOURCES = "systematics"
COMBINED_ERRORS = (*SIGNAL_ERRORS, _SOURCES)
"""Errors of the signal that a combination can have; the last are the card's systematic sources in the limit."""

Vector = NDArray[np.float64]
Table = NDArray[np.float64]

_SAME_MASS = 1e-3
_DRAWS = 2048
_BANDS = np.arange(-2.0, 3.0)


@dataclass(frozen=True, eq=False)
class _Part:
    """What one search brings: its ``pieces``, of independent events, with the relative errors that they share.

    ``signal`` of the pieces is for U^2 = 1. At its masses ``mass`` (MeV), those that may be quoted, ``n`` and
    ``background`` are the counts in the window, ``observed`` and ``expected`` the limits on U^2 from these alone, by
    the method and at the level of the combination.
    """

    pieces: tuple[tuple[Piece, Vector], ...]
    mass: Vector
    n: Vector
    background: Vector
    observed: Vector
    expected: Vector
    simulated: bool


@dataclass(frozen=True, eq=False, repr=False)
class Combination:
    """Limits on U^2 = sum of |U_l4|^2 of the searches ``labels`` together, at all masses (MeV) that one of them has.

    ``searches`` names those behind each mass. ``estimate`` is the best U^2 >= 0, ``significance`` the square root of
    2 ln [L(estimate) / L(0)]; ``expected[k]`` are quantiles of the limit under background only at -2, -1, 0, 1, 2
    standard deviations. ``n``, ``background``, ``own_observed`` and ``own_expected`` are those of each search alone, by
    the same method and level from the counts in its windows, ``[search, mass]``, NaN where it has none. ``simulated``:
    whether any of them is.
    """

    labels: tuple[str, ...]
    simulated: bool
    mixture: Mapping[str, float]
    method: str
    cl: float
    shared: tuple[str, ...]
    likelihood: Likelihood
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
        kind = "" if self.likelihood == "counting" else "; whole spectra, expected limits asymptotic"
        lines = [f"{' × '.join(self.labels)}, U² shared as {share}: {self.convention}{common}{kind}"]
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


def _part(
    search: Search,
    share: float,
    *,
    errors: Collection[str] | None,
    shared: Collection[str],
    likelihood: Likelihood,
    method: str,
    cl: float,
) -> _Part:
    """What a search whose flavour has ``share`` of U^2 brings to the product."""
    result = search.result
    table, b = result.hypotheses, result.background
    with np.errstate(divide="ignore", invalid="ignore"):
        common = _efficiency(result, shared)
        together = np.nan_to_num(common.error / common.value)
    good = np.flatnonzero(result.sound & np.isfinite(result.limits.observed.u2))
    observed, expected = result.limits.observed.u2[good], result.limits.expected.median.u2[good]
    if errors is not None or shared or not _same_limit(result, method, cl):
        counts = _counts(result, errors, shared)
        places = _places(counts.mass, table.mass[good])
        observed, expected = _alone(counts, together[_places(table.mass, counts.mass)], method, cl)[:, places]
        observed[places < 0] = expected[places < 0] = np.nan
    if likelihood == "counting":
        pieces = [_counts(result, errors, shared)]
    else:
        own = _own_efficiency(result, errors, shared)
        if np.any(own.error > 0.0) or not set(errors or ()) <= set(shared):
            raise UsageError(
                "the likelihood of a spectrum has errors of the signal that all searches share, or none: give --shared "
                "the same names as --errors, or --errors none"
            )
        pieces = spectrum_pieces(search)
    return _Part(
        tuple(
            (replace(piece, signal=share * piece.signal), together[_places(table.mass, piece.mass)])
            for piece in pieces
        ),
        mass=table.mass[good],
        n=result.n_observed[good],
        background=b.background[good],
        observed=observed / share,
        expected=expected / share,
        simulated=result.simulated,
    )


def _same_limit(result: SearchResult, method: str, cl: float) -> bool:
    """Whether the limits of a search are what a combination of it alone would have."""
    own = result.settings
    return (
        own.method == method
        and own.cl == cl
        and own.treatment in (None, "bounded")
        and own.expected == "unconditional"
    )


def _alone(counts: Piece, common: Vector, method: str, cl: float) -> Table:
    """Observed and expected limits on U^2 from the counts of one search, shape (2, masses)."""
    if counts.mass.size == 0:
        return np.full((2, 1), np.nan)
    product = SharedRate.of([counts.experiment], [counts.signal], [common])
    upper = np.asarray(product.interval(cl=cl, method=method).upper)
    return np.array([upper, _expected(product, method, cl)[2]])


def _counts(result: SearchResult, errors: Collection[str] | None, shared: Collection[str]) -> Piece:
    """The counts in the windows, those that may be quoted."""
    table, b = result.hypotheses, result.background
    own = _own_efficiency(result, errors, shared)
    signal = table.per_u2 * table.n_kaon * table.acceptance * own.value
    good = result.sound & own.usable & np.isfinite(signal) & (signal > 0.0)
    good &= np.isfinite(result.limits.observed.u2)
    relative = own.error[good] / own.value[good]
    constraint = background_constraint(b.background[good], b.error[good], kind=result.settings.constraint)
    experiment = Counted.of(
        result.n_observed[good], background=constraint, efficiency=Gaussian(np.ones(relative.size), relative)
    )
    return Piece(table.mass[good], experiment, signal[good])


def _efficiency(result: SearchResult, names: Collection[str]) -> NetEfficiency:
    """The efficiency with the errors ``names`` of ``COMBINED_ERRORS``."""
    return net_efficiency(
        result.hypotheses,
        result.background.leakage,
        [name for name in names if name != _SOURCES],
        sources="in-limit" if _SOURCES in names else "none",
    )


def _own_efficiency(
    result: SearchResult, errors: Collection[str] | None, shared: Collection[str]
) -> NetEfficiency:
    """The efficiency with the errors that no other search has."""
    if errors is not None:
        return _efficiency(result, [name for name in errors if name not in shared])
    if shared:
        return _efficiency(result, () if _SOURCES in shared else (_SOURCES,))
    return result.efficiency


def combine(
    searches: Sequence[SearchResult | Search],
    mixture: Mapping[str, float] | None = None,
    *,
    likelihood: Likelihood = "counting",
    labels: Sequence[str] = (),
    method: str = "rolke-lopez",
    cl: float = 0.90,
    errors: Collection[str] | None = None,
    shared: Collection[str] = (),
) -> Combination:
    """Return the limits on U^2 of all ``searches`` together, shared among the flavours as ``mixture`` says.

    ``likelihood``: "counting", or "spectrum", for which side-band searches come from ``read_search`` or ``search``.
    ``mixture`` may be None where all are of one flavour. ``method``: rolke-lopez (treatment ``bounded``), cls
    (asymptotic) or one-sided, at ``cl``. ``errors`` of the signal, of ``COMBINED_ERRORS``: "acceptance", "resolution",
    "kaons", and "systematics", the sources that the card has in the limit. None: those of each search's own limits, or
    with ``shared`` these and the sources. Those in ``shared`` move all searches together, others each for itself.
    ``UsageError`` for a flavour without a share, names that are not known or twice there, and where no mass is left.
    """
    whole = [one if isinstance(one, Search) else Search(one) for one in searches]
    results = [one.result for one in whole]
    shares = _shares(results, mixture)
    names = _labels(results, labels)
    if likelihood not in LIKELIHOODS:
        raise UsageError(f"likelihood: got {likelihood!r}, allowed are {', '.join(LIKELIHOODS)}")
    if method not in SHARED_METHODS:
        raise UsageError(f"method: got {method!r}, a combination has {', '.join(SHARED_METHODS)}")
    if not 0.0 < cl < 1.0:
        raise UsageError(f"cl: got {cl:g}, allowed are numbers between 0 and 1")
    for name in (*(errors or ()), *shared):
        if name not in COMBINED_ERRORS:
            raise UsageError(f"errors: got {name!r}, allowed are {', '.join(COMBINED_ERRORS)}")
    if errors is not None and not set(shared) <= set(errors):
        raise UsageError(f"shared errors {sorted(shared)} must be among the errors {sorted(errors)}")
    parts = [
        _part(
            one,
            shares[one.result.lepton],
            errors=errors,
            shared=shared,
            likelihood=likelihood,
            method=method,
            cl=cl,
        )
        for one in whole
    ]
    return _combined(parts, names, shares, method=method, cl=cl, shared=tuple(shared), likelihood=likelihood)


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
    parts: Sequence[_Part],
    labels: tuple[str, ...],
    mixture: Mapping[str, float],
    *,
    method: str,
    cl: float,
    shared: tuple[str, ...],
    likelihood: Likelihood,
) -> Combination:
    pieces = [(i, *piece) for i, part in enumerate(parts) for piece in part.pieces]
    mass = _masses([piece.mass for _, piece, _ in pieces])
    if mass.size == 0:
        raise UsageError("no mass of these searches may be quoted: nothing to combine")
    at_piece = np.array([_places(piece.mass, mass) for _, piece, _ in pieces])
    found = {name: np.full(mass.size, np.nan) for name in ("lower", "estimate", "significance", "observed")}
    expected = np.full((_BANDS.size, mass.size), np.nan)
    there = at_piece >= 0
    for pattern in np.unique(there, axis=1).T:
        at = np.flatnonzero((there == pattern[:, None]).all(axis=0))
        behind = [(*pieces[k][1:], at_piece[k, at]) for k in np.flatnonzero(pattern)]
        product = SharedRate.of(
            [piece.experiment[rows] for piece, _, rows in behind],
            [piece.signal[rows] for piece, _, rows in behind],
            [common[rows] for _, common, rows in behind],
        )
        interval = product.interval(cl=cl, method=method)
        found["lower"][at], found["estimate"][at] = interval.lower, interval.estimate
        found["observed"][at], found["significance"][at] = interval.upper, product.significance
        expected[:, at] = _expected(product, method, cl)
    places = np.array([_places(part.mass, mass) for part in parts])
    owner = np.array([i for i, *_ in pieces])
    has = np.array([there[owner == i].any(axis=0) for i in range(len(parts))])

    def spread(name: str) -> Table:
        return np.array(
            [
                np.where(row >= 0, getattr(part, name)[np.maximum(row, 0)], np.nan)
                for part, row in zip(parts, places, strict=True)
            ]
        )

    return Combination(
        labels=labels,
        simulated=any(part.simulated for part in parts),
        mixture=mixture,
        method=method,
        cl=cl,
        shared=shared,
        likelihood=likelihood,
        mass=mass,
        searches=tuple("+".join(np.array(labels)[column]) for column in has.T),
        n=spread("n"),
        background=spread("background"),
        own_observed=spread("observed"),
        own_expected=spread("expected"),
        expected=expected,
        **found,
    )


def _masses(grids: Sequence[Vector]) -> Vector:
    """All masses, those within a thousandth of an MeV once."""
    every = np.sort(np.concatenate([np.zeros(0), *grids]))
    return every[np.diff(every, prepend=-np.inf) > _SAME_MASS]


def _places(of: Vector, mass: Vector) -> NDArray[np.intp]:
    """Place of each of ``mass`` in ``of``, -1 where it is not there."""
    if of.size == 0:
        return np.full(mass.size, -1, dtype=np.intp)
    nearest = np.argmin(np.abs(of[:, None] - mass), axis=0)
    return np.where(np.abs(of[nearest] - mass) <= _SAME_MASS, nearest, -1)


def _expected(product: SharedRate, method: str, cl: float) -> Table:
    """Quantiles of the limit, shape (5, masses): over the same draws for all masses where all are counts."""
    counts = [one for one in product.experiments if isinstance(one, Counted)]
    if len(counts) < len(product.experiments):
        return product.bands(cl=cl, method=method)
    points = lattice(3 * len(counts), _DRAWS)
    drawn = SharedRate.of(
        [one.drawn(points[3 * i : 3 * i + 3]) for i, one in enumerate(counts)],
        [np.repeat(row, _DRAWS) for row in product.signal],
        [np.repeat(row, _DRAWS) for row in product.common],
    )
    limits = np.asarray(drawn.interval(cl=cl, method=method, rtol=1e-6).upper)
    upper = np.sort(limits.reshape(-1, _DRAWS), axis=1)
    return upper[:, np.ceil(ndtr(_BANDS) * _DRAWS).astype(np.intp) - 1].T
