"""Spectra in the wider bins of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.limits.result import SearchResult
from hnlpeak.spectrum.spectrum import Projection, Spectrum

__all__ = [
    "Binned",
    "Segment",
    "Stack",
    "composite",
    "rebin",
    "segments",
    "signed_gev2",
    "snapped_edges",
    "stack",
    "with_systematics",
]

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Segment:
    """Range of masses, MeV, whose hypotheses use one selection."""

    selection: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Stack:
    """Simulated events by source in the bins of a figure, their sum and the error of the sum."""

    components: dict[str, Vector]
    total: Vector
    error: Vector


@dataclass(frozen=True, eq=False)
class Binned:
    """A spectrum in the bins of a figure: ``weights`` bring counts to the nominal ``width`` of a bin.

    ``simulated`` is None where there are no templates.
    """

    counts: Projection
    width: float
    simulated: Stack | None

    @property
    def weights(self) -> Vector:
        """Nominal over true width of each bin."""
        return np.asarray(self.width / np.diff(self.counts.edges))

    @property
    def top(self) -> float:
        """The highest bin of data or simulation, 1 at least."""
        highest = [self.counts.values, *([] if self.simulated is None else [self.simulated.total])]
        return max(1.0, *(float((values * self.weights).max(initial=0.0)) for values in highest))


def segments(result: SearchResult) -> list[Segment]:
    """Return the selections of a result in the order of mass; each range ends where the next begins."""
    masses, names = result.hypotheses.mass, [str(name) for name in result.hypotheses.selection]
    starts = [i for i, name in enumerate(names) if i == 0 or names[i - 1] != name]
    lows = [-np.inf, *(float(masses[i]) for i in starts[1:])]
    return [
        Segment(names[i], low, high) for i, low, high in zip(starts, lows, [*lows[1:], np.inf], strict=True)
    ]


def signed_gev2(m_miss: Vector) -> Vector:
    """Return sign(m) m^2 in GeV^2 of masses in MeV."""
    return np.asarray(np.copysign(m_miss * m_miss, m_miss) * 1e-6)


def snapped_edges(edges: Vector, targets: Vector) -> NDArray[np.int64]:
    """Return the places of the ``edges`` nearest to ``targets``, each once."""
    inside = targets[(targets >= edges[0]) & (targets <= edges[-1])]
    right = np.clip(np.searchsorted(edges, inside), 1, edges.size - 1)
    nearer_left = inside - edges[right - 1] < edges[right] - inside
    return np.unique(right - nearer_left).astype(np.int64)


def rebin(projection: Projection, places: NDArray[np.int64]) -> Projection:
    """Return the sums of ``projection`` between the edges at ``places``."""

    def sums(values: Vector) -> Vector:
        cumulative = np.concatenate([[0.0], np.cumsum(values)])
        return np.asarray(np.diff(cumulative[places]))

    return Projection(projection.edges[places], sums(projection.values), sums(projection.variances))


def composite(
    spectrum: Spectrum,
    parts: Sequence[Segment],
    places: NDArray[np.int64],
    *,
    components: Sequence[str] | None = None,
) -> Projection:
    """Return the spectrum in wide bins, each from the selection of the segment that holds its centre."""
    pieces = [rebin(spectrum.project(part.selection, components=components), places) for part in parts]
    edges = pieces[0].edges
    centres = 0.5 * (edges[1:] + edges[:-1])
    chosen = np.clip(np.searchsorted([part.low for part in parts], centres, side="right") - 1, 0, None)
    columns = np.arange(centres.size)
    values = np.array([piece.values for piece in pieces])[chosen, columns]
    return Projection(edges, values, np.array([piece.variances for piece in pieces])[chosen, columns])


def stack(
    templates: Spectrum,
    result: SearchResult,
    parts: Sequence[Segment],
    places: NDArray[np.int64],
) -> Stack:
    """Return ``templates`` scaled to the result's N_K; the error holds their statistics and that of N_K.

    Sources are in the order of their events in the range of the search, the fewest first, in all figures of a result.
    ``UsageError`` where the templates do not say how many decays they hold.
    """
    kaons = result.normalisation.n_kaon
    scale = templates.scaled_to(kaons.value)
    relative = kaons.error / kaons.value
    pieces = {
        name: composite(templates, parts, places, components=[name]) for name in _order(templates, result)
    }
    total = scale * np.sum([p.values for p in pieces.values()], axis=0)
    variance = scale**2 * np.sum([p.variances for p in pieces.values()], axis=0)
    values = {name: scale * p.values for name, p in pieces.items()}
    return Stack(values, total, np.sqrt(variance + (relative * total) ** 2))


def _order(templates: Spectrum, result: SearchResult) -> list[str]:
    parts, masses = segments(result), result.hypotheses.mass
    names = [part.selection for part in parts]
    low, high = (
        np.clip([getattr(part, end) for part in parts], masses[0], masses[-1]) for end in ("low", "high")
    )
    events = {
        name: float(templates.between(names, low, high, components=[name]).values.sum())
        for name in templates.components
    }
    return sorted(events, key=lambda name: (events[name], name))


def with_systematics(simulated: Stack, result: SearchResult) -> Stack:
    """Return the stack with the errors of a result with templates added: those of each source and of the control run.

    Other results have none to add.
    """
    relative = result.background.details.relative_errors
    shifts = [relative[name] * values for name, values in simulated.components.items() if name in relative]
    if not shifts:
        return simulated
    return replace(simulated, error=np.sqrt(simulated.error**2 + np.sum(np.square(shifts), axis=0)))
