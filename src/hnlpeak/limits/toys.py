"""Searches in background-only toys: the global p-value, and expected limits without any formula for them.

A toy is the whole spectrum drawn anew about its background-only expectation (``background.expectation``), from side
bands without the leading peak and smoothed, and searched as the data are: same windows, side bands fitted again,
significances and limits of every mass (no masks: background alone hardly ever makes a peak that is masked).
Overlapping windows and shared side bands correlate the masses in the toys as in the data. Blocks of toys have their
own random streams, so that results do not depend on the number of workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.expectation import expected_spectrum
from hnlpeak.background.functions import SidebandModel
from hnlpeak.background.method import SmoothBackground
from hnlpeak.background.toy_fits import fit_toys, toy_start
from hnlpeak.core.records import Column, Key
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis_card import StatisticsCard
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.efficiency import NetEfficiency, net_efficiency
from hnlpeak.limits.excess import Excess, local_significance
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.limit import Bands
from hnlpeak.limits.toy_coverage import ToyCoverage, toy_coverage
from hnlpeak.limits.toy_search import ToySearch
from hnlpeak.limits.toy_spectra import BLOCK, draw_toys, toy_axis
from hnlpeak.simulation.streams import stream
from hnlpeak.spectrum.window import Window
from hnlpeak.statistics import METHODS, method_call
from hnlpeak.statistics.look_elsewhere import gross_vitells, toy_p_value, upcrossings

__all__ = [
    "BLOCK",
    "LEVEL",
    "GrossVitells",
    "LookElsewhere",
    "ToyResult",
    "ToySearches",
    "search_toys",
    "toy_result",
    "toy_searches",
]

LEVEL = 1.0
"""Significance at which upcrossings are counted for the Gross-Vitells formula."""

_MEDIAN_FIRST = (2, 0, 1, 3, 4)
"""Order of ``Bands`` in the rows of ``ToySearches.bands``."""

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class GrossVitells:
    """Global p-value by the Gross-Vitells formula from the mean number of upcrossings of ``level`` in the toys.

    ``validity`` says in words how far it holds.
    """

    global_p_value: float
    level: float
    mean_upcrossings: float
    mean_upcrossings_error: float
    validity: str = "approximate: windows with sharp edges are no smooth field; up to a factor of 3 too large"


@dataclass(frozen=True)
class LookElsewhere:
    """The largest local significance of a search at ``mass`` (MeV), and how often background makes one as large.

    NaN where no mass has a significance. ``global_p_value`` counts the toys with a larger one at any mass.
    """

    toys: int
    seed: int
    largest_significance: float
    mass: Annotated[float, Key("m_n_mev")]
    global_p_value: float
    global_p_value_error: float
    gross_vitells: GrossVitells
    statistic: str = "largest local significance of all masses"


@dataclass(frozen=True, eq=False)
class ToyResult:
    """What background-only toys tell: ``global_p_value``, that background alone makes the local significance of a mass
    at any mass, limits ``expected`` from them (quantiles), and the largest local significance; from further toys with
    signals the ``coverage`` of the limits."""

    global_p_value: Annotated[Vector, Column("global_p_value")]
    expected: Annotated[Bands, Column("toys")]
    look_elsewhere: LookElsewhere
    coverage: Annotated[ToyCoverage | None, Column("")] = None


@dataclass(frozen=True, eq=False)
class ToySearches:
    """Background-only searches: arrays over toys, in the order of their streams.

    ``largest``: largest local significance of all masses; ``crossings``: upcrossings of ``LEVEL``; ``upper``: upper
    limits on the signal events of each mass, shape (toy, mass), 0 where the interval is empty, NaN without side bands.
    ``seed`` is that of their streams, ``coverage`` from toys of their own.
    """

    largest: Vector
    crossings: NDArray[np.int64]
    upper: Matrix
    seed: int
    coverage: ToyCoverage | None = None

    def bands(self) -> Matrix:
        """Quantiles of ``upper`` at -2, -1, 0, 1, 2 standard deviations, shape (5, mass): limits that some toy has."""
        ordered = np.sort(self.upper, axis=0)
        places = np.ceil(ndtr(np.arange(-2.0, 3.0)) * len(ordered)).astype(np.int64) - 1
        return np.asarray(ordered[np.maximum(places, 0)])


_Blocks = dict[int, tuple[Vector, NDArray[np.int64], Matrix]]


def _search_block(search: ToySearch, block: int) -> _Blocks:
    """Searches in the toys of one ``block``; like all tasks, a function that can be pickled."""
    axis, rows, statistics = search.axis, search.rows, search.statistics
    drawn = draw_toys(search.expected, search.size(block), stream(search.seed, "toys", block))
    fits = fit_toys(axis.design, drawn, rows, search.model, start=search.start)
    n = drawn[:, rows, axis.last] - drawn[:, rows, axis.first]
    b, sigma = fits.background, fits.error
    good = np.isfinite(b) & np.isfinite(sigma)
    z, upper = local_significance(n, b, sigma, kind=statistics.constraint), np.full(n.shape, np.nan)
    net = (
        _all_of_it(n)
        if search.hypotheses is None
        else net_efficiency(search.hypotheses, fits.leakage, statistics.errors)
    )
    upper[good] = _upper_limits(n, b, sigma, net, good, statistics)
    return {block: (np.nanmax(z, axis=1, initial=-np.inf), upcrossings(z, level=LEVEL), upper)}


def _all_of_it(n: Matrix) -> NetEfficiency:
    return NetEfficiency(np.ones_like(n), np.zeros_like(n))


def _upper_limits(
    n: Matrix,
    b: Matrix,
    sigma: Matrix,
    net: NetEfficiency,
    good: NDArray[np.bool_],
    statistics: StatisticsCard,
) -> Vector:
    """Limits of the ``good`` places by the card's method, infinite where the side bands would take up all signal.

    As in expected limits, b below sigma / 1000 counts as that where it must be > 0.
    """
    n, b, sigma = n[good], b[good], sigma[good]
    if METHODS[statistics.method].positive_background:
        b = np.maximum(b, 1e-3 * sigma)
    some = net.usable[good]
    limit = np.full(n.shape, np.inf)
    limit[some] = method_call(statistics.method, statistics.treatment)(
        n[some],
        background=background_constraint(b[some], sigma[some], kind=statistics.constraint),
        efficiency=net.constraint(good & net.usable),
        cl=statistics.cl,
    ).upper
    return np.asarray(np.nan_to_num(limit, nan=0.0, posinf=np.inf))


def _both(a: _Blocks, b: _Blocks) -> _Blocks:
    return {**a, **b}


def search_toys(
    expected: Matrix,
    design: SidebandDesign,
    windows: Sequence[Window],
    rows: NDArray[np.int64],
    *,
    model: SidebandModel,
    statistics: StatisticsCard,
    toys: int,
    context: RunContext,
    hypotheses: Hypotheses | None = None,
    limit: Vector | None = None,
) -> ToySearches:
    """Search in ``toys`` draws of ``expected[selection, bin]``; ``rows[m]`` is the selection of mass ``m``.

    ``hypotheses`` say how much of a signal leaks into side bands (nothing where they are None); with them and the
    ``limit`` on the signal events of each mass there are toys for its coverage.
    The toys are a function of (expected, seed) alone.
    """
    axis = toy_axis(design, windows)
    total = np.concatenate([np.zeros((len(expected), 1)), np.cumsum(expected, axis=1)], axis=1)
    cells = np.where(axis.reach(rows, len(expected)), np.diff(total[:, axis.edges], axis=1), 0.0)
    about = np.concatenate([np.zeros((len(cells), 1)), np.cumsum(cells, axis=1)], axis=1)
    start = toy_start(axis.design, about, rows, model)
    search = ToySearch(axis, cells, start, rows, model, statistics, hypotheses, toys, context.seed)
    found = context.run(search.blocks, partial(_search_block, search), _both)
    largest, crossings, upper = zip(*(found[block] for block in sorted(found)), strict=True)
    coverage = None
    if limit is not None and hypotheses is not None:
        coverage = toy_coverage(limit, hypotheses, search, context)
    return ToySearches(
        np.concatenate(largest), np.concatenate(crossings), np.concatenate(upper), context.seed, coverage
    )


def toy_searches(
    background: SmoothBackground | None,
    parent: SmoothBackground | None,
    windows: Sequence[Window],
    edges: Vector,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    statistics: StatisticsCard,
    context: RunContext,
    hypotheses: Hypotheses,
    limit: Vector,
) -> ToySearches | None:
    """Search in the toys that the card asks for; None for none, or where the background is not smooth.

    They are drawn about the expectation from the bands of ``parent`` and searched in those of ``background``.
    ``cumulative[s, i]`` counts the events of selection ``s`` below bin edge ``i``, ``rows[m]`` is that of mass ``m``,
    ``limit`` that on its signal events.
    """
    if statistics.toys == 0 or background is None or parent is None:
        return None
    return search_toys(
        expected_spectrum(parent.bands, windows, edges, cumulative, parent.model),
        background.bands,
        windows,
        rows,
        model=background.model,
        statistics=statistics,
        toys=statistics.toys,
        context=context,
        hypotheses=hypotheses,
        limit=limit,
    )


def toy_result(made: ToySearches, hypotheses: Hypotheses, local: Excess) -> ToyResult:
    """Return what the toys tell of the significances ``local`` of a search."""
    return ToyResult(
        global_p_value=np.asarray(toy_p_value(local.significance, made.largest)),
        expected=Bands(*(hypotheses.limit(made.bands()[i]) for i in _MEDIAN_FIRST)),
        look_elsewhere=_look_elsewhere(made, hypotheses.mass, local.significance),
        coverage=made.coverage,
    )


def _look_elsewhere(made: ToySearches, masses: Vector, z: Vector) -> LookElsewhere:
    some = bool(np.any(np.isfinite(z)))
    top = int(np.nanargmax(z)) if some else 0
    largest = float(z[top]) if some else float("nan")
    p = float(toy_p_value(largest, made.largest))
    crossings = float(made.crossings.mean())
    return LookElsewhere(
        toys=made.largest.size,
        seed=made.seed,
        largest_significance=largest,
        mass=float(masses[top]),
        global_p_value=p,
        global_p_value_error=float(np.sqrt(p * (1.0 - p) / made.largest.size)),
        gross_vitells=GrossVitells(
            float(gross_vitells(largest, mean_upcrossings=crossings, level=LEVEL)) if some else float("nan"),
            LEVEL,
            crossings,
            float(made.crossings.std() / np.sqrt(made.crossings.size)),
        ),
    )
