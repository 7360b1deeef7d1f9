"""What the background is made of, as a function of the missing mass."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import composite, segments, snapped_edges, stack
from hnlpeak.report.figures.columns import Columns, word
from hnlpeak.report.figures.spectrum_panels import source_face
from hnlpeak.report.labels import channel, source_label
from hnlpeak.report.style import MUTED, header, new_figure, styled
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["composition", "composition_columns"]

Vector = NDArray[np.float64]

_WIDTH = 8.0
_KNOWN = 0.02
"""Bins are joined until the statistics of the templates give each share to so much."""


@dataclass(frozen=True, eq=False)
class _Shares:
    """Simulated events of each source between ``edges`` (MeV), their share of all (0 in empty bins) and its error."""

    edges: Vector
    events: dict[str, Vector]
    share: dict[str, Vector]
    error: dict[str, Vector]


def _shares(result: SearchResult, templates: Spectrum) -> _Shares:
    masses = result.number("m_n_mev")
    parts = segments(result)
    steps = np.arange(masses[0], masses[-1] + 0.5 * _WIDTH, _WIDTH)
    targets = np.unique([*steps, *(part.low for part in parts[1:])])
    places = snapped_edges(templates.edges, targets)
    simulated = stack(templates, result, parts, places)
    names = list(simulated.components)
    scale = templates.scaled_to(result.normalisation.n_kaon.value)
    variances = [
        scale**2 * composite(templates, parts, places, components=[name]).variances for name in names
    ]
    values, variance = np.array(list(simulated.components.values())), np.array(variances)
    edges = templates.edges[places]
    changes = np.array([np.argmin(np.abs(edges - part.low)) for part in parts[1:]], dtype=np.int64)
    starts = _joined(values, variance, changes)
    values, variance = (np.add.reduceat(table, starts, axis=1) for table in (values, variance))
    share, error = _share(values, variance)
    return _Shares(
        np.append(edges[starts], edges[-1]),
        *(dict(zip(names, table, strict=True)) for table in (values, share, error)),
    )


def _share(values: Vector, variance: Vector) -> tuple[Vector, Vector]:
    """Share of each source (first axis) and its statistical error, from events and their variances."""
    total = values.sum(axis=0)
    safe = np.where(total > 0.0, total, 1.0)
    share = values / safe
    others = variance.sum(axis=0) - variance
    return share, np.sqrt((1.0 - share) ** 2 * variance + share**2 * others) / safe


def _joined(values: Vector, variance: Vector, changes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places where the bins of the figure begin; none holds two selections, whose ``changes`` are such places."""

    def known(first: int, end: int) -> bool:
        joined = (table[:, first:end].sum(axis=1) for table in (values, variance))
        return bool(_share(*joined)[1].max(initial=0.0) <= _KNOWN)

    starts: list[int] = []
    for first, end in pairwise(sorted({0, *changes.tolist(), values.shape[1]})):
        own = [first]
        for place in range(first + 1, end):
            if known(own[-1], place):
                own.append(place)
        if len(own) > 1 and not known(own[-1], end):
            own.pop()  # the rest before the end goes to the bin before it
        starts += own
    return np.array(starts)


def composition_columns(result: SearchResult, templates: Spectrum) -> Columns:
    """Return the numbers of the figure: MeV, shares from 0 to 1 and their statistical errors."""
    found = _shares(result, templates)
    columns: dict[str, list[float]] = {"low_mev": list(found.edges[:-1]), "high_mev": list(found.edges[1:])}
    for name, share in found.share.items():
        columns[f"share_{word(name)}"] = list(share)
        columns[f"share_error_{word(name)}"] = list(found.error[name])
    return columns


@styled
def composition(result: SearchResult, templates: Spectrum) -> Figure:
    """Draw the share of each simulated source over the search range; empty bins stay white.

    Bins of 8 MeV are joined until each share is known to 0.02 by the statistics of the templates.
    """
    found = _shares(result, templates)
    whole = sum(float(values.sum()) for values in found.events.values())
    figure = new_figure(9.4, 5.6)
    axes = figure.subplots()
    bottom = np.zeros(found.edges.size - 1)
    for name in reversed(found.events):
        events, share = found.events[name], found.share[name]
        if not events.sum() > 0.0:
            continue
        axes.stairs(
            bottom + share,
            found.edges,
            baseline=bottom,
            fill=True,
            label=f"{source_label(name)}  ({_percent(events.sum() / whole)})",
            **source_face(name),
        )
        bottom = bottom + share
    for part in segments(result)[1:]:
        axes.axvline(part.low, color=MUTED, linestyle=":", linewidth=1.2)
    axes.set_xlim(found.edges[0], found.edges[-1])
    axes.set_ylim(0.0, 1.0)
    axes.set_xlabel(r"$m_{\mathrm{miss}}$ [MeV]")
    axes.set_ylabel("Share of the simulated background")
    largest = max(float(error.max(initial=0.0)) for error in found.error.values())
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        title=f"share of all masses\n(statistics of a bin: ±{100.0 * largest:.2g} % at most)",
        alignment="left",
    )
    header(axes, simulated=True, right=f"${channel(result)}$")
    return figure


def _percent(share: float) -> str:
    return "< 0.1 %" if share < 1e-3 else f"{100.0 * share:.2g} %"
