"""Searches in background-only toys: the global p-value, and expected limits without any formula for them.

A toy is the whole spectrum drawn anew about its background-only expectation (``estimation.background.expectation``)
and searched as the data are: same windows, side bands fitted again, significances and limits of every mass.
Overlapping windows and shared side bands correlate the masses in the toys as in the data. Blocks of toys have their
own random streams, so that results do not depend on the number of workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hnlpeak.estimation.background.bands import SidebandDesign, sideband_design
from hnlpeak.estimation.background.expectation import expected_spectrum
from hnlpeak.estimation.background.sideband import SidebandModel, fit_toys
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis_card import AnalysisCard, SidebandBackground, StatisticsCard
from hnlpeak.limits.columns import TOY_BANDS
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.convert import branching_fraction_of, mixing_of
from hnlpeak.limits.hypotheses import hypotheses, selection_rows
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.toy_spectra import ToyAxis, draw_toys, toy_axis
from hnlpeak.simulation.streams import stream
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import Window
from hnlpeak.statistics import rolke_lopez, significance
from hnlpeak.statistics.look_elsewhere import gross_vitells, toy_p_value, upcrossings

__all__ = ["BLOCK", "LEVEL", "ToySearches", "search_toys", "with_toys"]

BLOCK = 50
"""Toys that share a random stream; part of the definition of the toys."""

LEVEL = 1.0
"""Significance at which upcrossings are counted for the Gross-Vitells formula."""

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ToySearches:
    """Background-only searches: arrays over toys, in the order of their streams.

    ``largest``: largest local significance of all masses; ``crossings``: upcrossings of ``LEVEL``; ``upper``: upper
    limits on the signal events of each mass, shape (toy, mass), 0 where the interval is empty, NaN without side bands.
    """

    largest: Vector
    crossings: NDArray[np.int64]
    upper: Matrix

    def bands(self) -> Matrix:
        """Quantiles of ``upper`` at -2, -1, 0, 1, 2 standard deviations, shape (5, mass): limits that some toy has."""
        ordered = np.sort(self.upper, axis=0)
        places = np.ceil(ndtr(np.arange(-2.0, 3.0)) * len(ordered)).astype(np.int64) - 1
        return np.asarray(ordered[np.maximum(places, 0)])


_Blocks = dict[int, tuple[Vector, NDArray[np.int64], Matrix]]


def _search_block(
    axis: ToyAxis,
    expected: Matrix,
    rows: NDArray[np.int64],
    model: SidebandModel,
    statistics: StatisticsCard,
    toys: int,
    seed: int,
    block: int,
) -> _Blocks:
    """Searches in the toys of one ``block``; like all tasks, a function that can be pickled."""
    drawn = draw_toys(expected, min(BLOCK, toys - block * BLOCK), stream(seed, "toys", block))
    fits = fit_toys(
        axis.design,
        drawn,
        rows,
        model,
        expected=np.concatenate([np.zeros((len(expected), 1)), np.cumsum(expected, axis=1)], axis=1),
    )
    n = drawn[:, rows, axis.last] - drawn[:, rows, axis.first]
    b, sigma = fits.background, fits.error
    good = np.isfinite(b) & np.isfinite(sigma)
    constraint = background_constraint(b[good], sigma[good], kind=statistics.constraint)
    z, upper = np.full(n.shape, np.nan), np.full(n.shape, np.nan)
    z[good] = significance(n[good], background=constraint)
    limit = rolke_lopez(
        n[good], background=constraint, cl=statistics.cl, treatment=statistics.treatment
    ).upper
    upper[good] = np.nan_to_num(limit, nan=0.0, posinf=np.inf)
    return {block: (np.nanmax(z, axis=1, initial=-np.inf), upcrossings(z, level=LEVEL), upper)}


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
) -> ToySearches:
    """Search in ``toys`` draws of ``expected[selection, bin]``; ``rows[m]`` is the selection of mass ``m``.

    The toys are a function of (expected, seed) alone.
    """
    axis = toy_axis(design, windows)
    total = np.concatenate([np.zeros((len(expected), 1)), np.cumsum(expected, axis=1)], axis=1)
    cells = np.where(axis.reach(rows, len(expected)), np.diff(total[:, axis.edges], axis=1), 0.0)
    task = partial(_search_block, axis, cells, rows, model, statistics, toys, context.seed)
    found = context.run(range(-(-toys // BLOCK)), task, _both)
    largest, crossings, upper = zip(*(found[block] for block in sorted(found)), strict=True)
    return ToySearches(np.concatenate(largest), np.concatenate(crossings), np.concatenate(upper))


def with_toys(
    result: SearchResult,
    spectrum: Spectrum,
    card: AnalysisCard,
    *,
    signal: SignalModel,
    flux: KaonFlux | None = None,
    context: RunContext,
) -> SearchResult:
    """Return ``result``, the scan of ``spectrum``, with what ``card.statistics.toys`` toys tell; 0 changes nothing.

    The columns ``global_p_value`` and ``n_signal_ul_toys*``, ``u2_ul_toys*`` are filled and the settings have
    ``look_elsewhere``. Only for backgrounds from side bands.
    """
    bands = card.background
    if card.statistics.toys == 0 or not isinstance(bands, SidebandBackground):
        return result
    found = hypotheses(spectrum, card, signal, flux)
    windows = [h.window for h in found]
    cumulative, rows = selection_rows(spectrum, found)
    design = sideband_design(windows, spectrum.edges, bands)
    model = SidebandModel(bands.order, bands.alternative_order, bands.family, bands.order_choice)
    expected = expected_spectrum(design, windows, spectrum.edges, cumulative, model)
    made = search_toys(
        expected,
        design,
        windows,
        rows,
        model=model,
        statistics=card.statistics,
        toys=card.statistics.toys,
        context=context,
    )
    return replace(
        result,
        columns={**result.columns, **_columns(result, made)},
        settings={**result.settings, "look_elsewhere": _look_elsewhere(result, made, context.seed)},
    )


def _columns(result: SearchResult, made: ToySearches) -> dict[str, Vector]:
    p = toy_p_value(result.number("local_significance"), made.largest)
    columns = {"global_p_value": np.asarray(p)}
    for name, limit in zip(TOY_BANDS, made.bands(), strict=True):
        fraction = branching_fraction_of(
            limit, n_kaon=result.number("n_kaon"), acceptance=result.number("acceptance")
        )
        columns[f"n_signal_ul_{name}"] = limit
        columns[f"u2_ul_{name}"] = mixing_of(fraction, per_u2=result.number("branching_fraction_per_u2"))
    return columns


def _look_elsewhere(result: SearchResult, made: ToySearches, seed: int) -> dict[str, Any]:
    """What ``result.json`` says of the largest local significance."""
    z = result.number("local_significance")
    some = bool(np.any(np.isfinite(z)))
    top = int(np.nanargmax(z)) if some else 0
    largest = float(z[top]) if some else float("nan")
    p = float(toy_p_value(largest, made.largest))
    crossings = float(made.crossings.mean())
    return {
        "toys": made.largest.size,
        "seed": seed,
        "statistic": "largest local significance of all masses",
        "largest_significance": largest,
        "m_n_mev": float(result.number("m_n_mev")[top]),
        "global_p_value": p,
        "global_p_value_error": float(np.sqrt(p * (1.0 - p) / made.largest.size)),
        "gross_vitells": {
            "global_p_value": gross_vitells(largest, mean_upcrossings=crossings, level=LEVEL)
            if some
            else None,
            "level": LEVEL,
            "mean_upcrossings": crossings,
            "mean_upcrossings_error": float(made.crossings.std() / np.sqrt(made.crossings.size)),
        },
    }
