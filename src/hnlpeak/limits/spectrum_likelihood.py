"""The likelihood of a whole search about each mass: every event once, in as many bins and selections as there are.

**Side bands.** Selections that hold each other (tight in loose) are taken apart into categories without common events:
the tightest, and what each looser one adds. In each, the groups of bins between the outer ends of the side bands are
fitted with functions of their own (``limits.peak_profile``) and a peak of

    (A_loose g_loose - A_tight g_tight) N_K B

events, A without the window and g the shape of the signal in each selection. An event at a mass where the search
changes from one selection to the other is in one category, whichever mass is asked for.

**Templates.** Windows that do not overlap, the parts of the error of b shared among them (``limits.windowed``).

Signals are counted in the whole peak, or in the window for templates. Significant peaks elsewhere are not masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.expectation import expected_groups
from hnlpeak.background.method import SmoothBackground
from hnlpeak.background.methods import smooth_background
from hnlpeak.background.templates import TemplateDetails
from hnlpeak.core.errors import UsageError
from hnlpeak.estimation.signal import SignalModel, SignalPoint
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.hypotheses import Hypothesis, hypotheses
from hnlpeak.limits.peaked import peaked
from hnlpeak.limits.search import Search
from hnlpeak.limits.windowed import windowed
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.statistics import Profiled

__all__ = ["Piece", "Pieces", "spectrum_pieces"]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Places = NDArray[np.intp]

_OWN = ("simulation", "halo statistics")
"""Parts of the error of templates that each window has for itself."""


class Pieces(Profiled, Protocol):
    """An experiment whose elements can be chosen."""

    def __getitem__(self, which: Places) -> Pieces:
        """The elements ``which``."""
        ...


@dataclass(frozen=True, eq=False)
class Piece:
    """A likelihood in signal counts at its masses ``mass`` (MeV), and the counts ``signal`` at |U_l4|^2 = 1."""

    mass: Vector
    experiment: Pieces
    signal: Vector


def spectrum_pieces(search: Search) -> list[Piece]:
    """Return the likelihoods of a search: one a category, or one of all windows for templates.

    Masses that may not be quoted are left out. ``UsageError`` where the search was read without its spectrum, signal
    and card, for selections that do not hold each other, and for background methods without such a likelihood.
    """
    details = search.result.background.details
    if isinstance(details, TemplateDetails):
        return [_windows(search, details)]
    card, data, signal = search.card, search.data, search.signal
    if card is None or data is None or signal is None:
        raise UsageError(
            f"{search.result.analysis}: the likelihood of a spectrum needs its whole folder (spectrum, signal and "
            "cards in figures/data), not result.json alone"
        )
    found = hypotheses(data, card, signal, search.result.normalisation)
    windows = [h.window for h in found]
    smooth = smooth_background(card.background, windows, data.edges)
    if smooth is None:
        raise UsageError(f"background method {card.background.method!r} has no likelihood of a spectrum")
    chain = _chain(data, card)
    pieces, inner = [], None
    for name in chain:
        counts = data.project(name).values.astype(np.float64)
        outside = counts - (0.0 if inner is None else data.project(inner).values)
        if np.any(outside < 0.0):
            raise UsageError(
                f"selection {name!r} does not hold all events of {inner!r}: their common events cannot be counted once"
            )
        pieces.append(_category(search, found, smooth, outside, signal, (inner, name)))
        inner = name
    return [piece for piece in pieces if piece.mass.size]


def _chain(data: Spectrum, card: AnalysisCard) -> list[str]:
    """The selections of the search, the tightest first."""
    names = dict.fromkeys(
        data.selections[data.selection_index(card.selection_of(m))] for m in card.scan.masses()
    )
    return sorted(names, key=lambda name: float(data.project(name).values.sum()))


def _category(
    search: Search,
    found: Sequence[Hypothesis],
    smooth: SmoothBackground,
    counts: Vector,
    signal: SignalModel,
    selections: tuple[str | None, str],
) -> Piece:
    """What the second of two ``selections`` adds to the first (None: nothing), with its ``counts`` a bin."""
    table, data = search.result.hypotheses, search.data
    assert data is not None
    edges, whole = data.edges, smooth.whole
    cumulative = np.concatenate([[0.0], np.cumsum(counts)])[None]
    rows = np.zeros(len(found), dtype=np.int64)
    windows = [h.window for h in found]
    acceptance, shares = np.zeros(len(found)), np.zeros(whole.first.shape)
    for i, h in enumerate(found):
        outer, inner = (
            None if name is None else _point(signal, h.mass, name) for name in (selections[1], selections[0])
        )
        if outer is None or (inner is None and selections[0] is not None):
            continue
        a, g = _yield(outer, h), _shape(outer, whole, edges, i)
        b = 0.0 if inner is None else _yield(inner, h)
        if a - b > 0.0:
            g = a * g - (0.0 if inner is None else b * _shape(inner, whole, edges, i))
            acceptance[i], shares[i] = a - b, np.maximum(g, 0.0) / (a - b)
    measured = expected_groups(smooth.bands, whole, windows, edges, cumulative, rows, smooth.model)
    made = peaked(
        whole,
        cumulative[0, whole.last] - cumulative[0, whole.first],
        shares,
        smooth.model,
        measured,
    )
    events = table.per_u2 * table.n_kaon * acceptance
    sound = search.result.sound & np.isfinite(events) & (events > 0.0) & (shares.sum(axis=1) > 0.0)
    good = np.flatnonzero(sound & np.isfinite(measured[:, 0]) & made.usable() & made.expected().usable())
    return Piece(table.mass[good], made[good], events[good])


def _point(signal: SignalModel, mass: float, selection: str) -> SignalPoint | None:
    """The signal where its curve covers the mass."""
    try:
        return signal.at(mass, selection)
    except UsageError:
        return None


def _yield(point: SignalPoint, h: Hypothesis) -> float:
    """Acceptance without the window."""
    if point.acceptance_no_window is not None:
        return point.acceptance_no_window.value
    window = h.window
    return point.acceptance.value * window.efficiency_ratio / point.inside(window.low, window.high)


def _shape(point: SignalPoint, whole: SidebandDesign, edges: Vector, i: int) -> Vector:
    """Share of the signal in each group of mass ``i``."""
    shares = np.zeros(whole.first.shape[1])
    for j in range(int(whole.groups[i])):
        shares[j] = point.inside(edges[whole.first[i, j]], edges[whole.last[i, j]])
    return shares


def _windows(search: Search, details: TemplateDetails) -> Piece:
    result = search.result
    table, b = result.hypotheses, result.background
    good = np.flatnonzero(result.sound & (table.per_u2 * table.n_kaon * table.acceptance > 0.0))
    budget = {name: np.array(part)[good] for name, part in details.budget.items()}
    made = windowed(
        result.windows.low[good],
        result.windows.high[good],
        table.mass[good],
        table.sigma[good],
        result.n_observed[good],
        b.background[good],
        np.sqrt(np.sum([budget[name] ** 2 for name in _OWN if name in budget], axis=0)),
        {name: part for name, part in budget.items() if name not in _OWN},
        [str(name) for name in table.selection[good]],
    )
    return Piece(table.mass[good], made, (table.per_u2 * table.n_kaon * table.acceptance)[good])
