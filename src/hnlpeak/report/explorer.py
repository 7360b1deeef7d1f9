"""The part of the page where a reader goes from mass to mass: three linked plots and the numbers beside them.

All text is made here; the page's script only puts that of the chosen mass into its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.sideband import SidebandDetails
from hnlpeak.background.templates import TemplateDetails
from hnlpeak.estimation.composition import window_composition
from hnlpeak.limits.explain import sentence
from hnlpeak.limits.published import PublishedLimit
from hnlpeak.limits.search import Search
from hnlpeak.limits.status import meaning
from hnlpeak.report.curves import Curve, limit_range, own_curves, published_curves
from hnlpeak.report.figures.binning import composite, segments, snapped_edges
from hnlpeak.report.labels import source_colour, source_words
from hnlpeak.report.rounding import count_text, plain_number, scientific, signed_sigma
from hnlpeak.report.svg_axes import Axis, line_path, step_path
from hnlpeak.report.typeset import typeset
from hnlpeak.report.validity import NATURES, mean_paths

__all__ = ["Explorer", "Part", "Plot", "explorer"]

Vector = NDArray[np.float64]

_LEFT, _RIGHT, _TOP = 62.0, 548.0, 8.0
_MARGIN = 20.0
_WIDTHS = (0.5, 1.0, 2.0, 5.0)
_BINS = 200
_WORD = 16.0
"""Height of a word, from one line of standard deviations to the next."""
_LEAST = 2.0
"""Width in the picture below which a window would not be seen."""


@dataclass(frozen=True)
class Plot:
    """A plot of the page: axes, ``title`` of the vertical one, curves, and ``levels`` (place, text) across it."""

    name: str
    title: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    levels: tuple[tuple[float, str], ...] = ()

    @property
    def groups(self) -> dict[str, list[Curve]]:
        """Curves by their group, in order."""
        names = dict.fromkeys(curve.group for curve in self.curves)
        return {name: [curve for curve in self.curves if curve.group == name] for name in names}

    @property
    def height(self) -> float:
        """Height of the picture."""
        return self.y.start + 44.0


@dataclass(frozen=True)
class Part:
    """A part of b or of its error: what it is, its colour, its text and its share (0 to 1) at each mass."""

    key: str
    words: str
    colour: str
    texts: tuple[str, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Explorer:
    """``start`` is the mass shown first; ``cells`` are texts at each mass by the name of their place in the page.

    ``beside``: b is not the sum of the simulated sources, but estimated from the data beside the window.
    """

    start: int
    plots: tuple[Plot, ...]
    markers: tuple[float, ...]
    windows: tuple[tuple[float, float], ...]
    cells: Mapping[str, tuple[str, ...]]
    composition: tuple[Part, ...]
    observed: tuple[Part, ...]
    budget: tuple[Part, ...]
    has_paths: bool
    beside: bool = False

    def record(self) -> str:
        """Return what the script needs as JSON that may stand inside an element of a page."""
        parts = (*self.composition, *self.observed, *self.budget)
        record = {
            "cells": {**self.cells, **{part.key: part.texts for part in parts}},
            "bars": {part.key: [round(100.0 * share, 1) for share in part.shares] for part in parts},
            "markers": self.markers,
            "windows": self.windows,
        }
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def explorer(search: Search, earlier: Sequence[PublishedLimit]) -> Explorer:
    """Return what the page shows of ``search`` at each mass, ``earlier`` limits beside it."""
    result = search.result
    masses = result.number("m_n_mev")
    x = Axis(float(masses[0]) - _MARGIN, float(masses[-1]) + _MARGIN, _LEFT, _RIGHT)
    low, high = (x.place(result.number(f"window_{end}_mev")) for end in ("low", "high"))
    widths = np.maximum(high - low, _LEAST)
    paths = {nature: mean_paths(search, nature) for nature in NATURES}
    return Explorer(
        start=_start(result.sound, result.number("u2_ul_observed")),
        plots=_plots(search, earlier, x),
        markers=tuple(np.round(x.place(masses), 1).tolist()),
        windows=tuple(
            (round(float(a), 1), round(float(w), 1))
            for a, w in zip(0.5 * (low + high - widths), widths, strict=True)
        ),
        cells=_cells(search, paths),
        composition=_composition(search),
        observed=_observed(search),
        budget=_budget(search),
        beside=not isinstance(result.background.details, TemplateDetails),
        has_paths=any(bool(np.any(np.isfinite(path))) for path in paths.values()),
    )


def _start(sound: NDArray[np.bool_], u2: Vector) -> int:
    """The mass of the strongest limit that may be quoted."""
    values = np.where(sound, u2, np.nan)
    return 0 if np.all(np.isnan(values)) else int(np.nanargmin(values))


def _plots(search: Search, earlier: Sequence[PublishedLimit], x: Axis) -> tuple[Plot, ...]:
    result = search.result
    y = Axis(*limit_range(result, earlier), 300.0, _TOP, log=True)
    limits = (*own_curves(result, x, y), *published_curves(earlier, x, y))
    found = [Plot("limit", "upper limit on |U|²", x, y, limits), _p_values(search, x)]
    spectrum = _spectrum(search, x)
    return (*([spectrum] if spectrum is not None else []), *found)


def _spectrum(search: Search, x: Axis) -> Plot | None:
    """Counts in bins for the eye, each from the selection of its mass, and b in bins of the same width."""
    if search.data is None:
        return None
    result, edges = search.result, search.data.edges
    low, high = max(x.low, float(edges[0])), min(x.high, float(edges[-1]))
    width = next((w for w in _WIDTHS if (high - low) / w <= _BINS), _WIDTHS[-1])
    counts = composite(
        search.data, segments(result), snapped_edges(edges, np.arange(low, high + 0.5 * width, width))
    )
    heights = counts.values * width / np.diff(counts.edges)
    windows = result.number("window_high_mev") - result.number("window_low_mev")
    background = result.number("background") * width / windows
    most = max(float(heights.max(initial=1.0)), float(np.nanmax(background, initial=1.0)))
    least = float(np.nanmin(np.where(background > 0.0, background, np.nan), initial=1.0))
    y = Axis(float(np.clip(0.5 * least, 0.01, 0.5)), 2.0 * most, 210.0, _TOP, log=True)
    words = "observed events" + (" (simulated)" if result.simulated else "")
    curves = (
        Curve("counts", "Spectrum", words, "#1a1a1a", step_path(x, y, counts.edges, heights)),
        Curve(
            "estimate",
            "Spectrum",
            "estimated background",
            "#bd1f01",
            line_path(x, y, result.number("m_n_mev"), background),
        ),
    )
    return Plot("spectrum", f"events / {width:g} MeV", x, y, curves)


def _p_values(search: Search, x: Axis) -> Plot:
    from scipy.special import ndtr

    result = search.result
    p = np.where(result.sound, result.number("p_value"), np.nan)
    lowest = float(np.nanmin(p, initial=1.0))
    y = Axis(min(1e-4, 10.0 ** np.floor(np.log10(max(0.5 * lowest, 1e-300)))), 1.0, 130.0, _TOP, log=True)
    levels = tuple(_levels(y, {s: float(ndtr(-s)) for s in range(1, 38)}))
    path = line_path(x, y, result.number("m_n_mev"), p)
    return Plot(
        "p", "local p-value", x, y, (Curve("p", "p-value", "local p-value", "#1a1a1a", path),), levels
    )


def _levels(y: Axis, probability: Mapping[int, float]) -> Iterator[tuple[float, str]]:
    """Yield place and text of standard deviations on the axis, the most first: those that leave room for a word."""
    last = np.inf
    for sigma, p in sorted(probability.items(), reverse=True):
        place = float(y.place(p))
        if p > y.low and last - place >= _WORD:
            last = place
            yield place, f"{sigma}σ"


def _with_error(value: float, error: float) -> str:
    return f"{plain_number(value)} ± {plain_number(error, 2)}" if np.isfinite(value) else plain_number(value)


def _cells(search: Search, paths: Mapping[Any, Vector]) -> dict[str, tuple[str, ...]]:
    result = search.result
    rows: list[dict[str, str]] = []
    for i, mass in enumerate(result.number("m_n_mev")):
        row = result.row(float(mass))
        u2 = f"{scientific(row['u2_ul_expected_m1s'])} to {scientific(row['u2_ul_expected_p1s'])}"
        p = f"{plain_number(row['p_value'], 2)} ({signed_sigma(float(result.excess.significance[i]))})"
        rows.append(
            {
                "mass": f"{mass:g} MeV",
                "sentence": typeset(sentence(result, float(mass))),
                "window": f"{row['window_low_mev']:.5g} to {row['window_high_mev']:.5g} MeV",
                "selection": str(result.hypotheses.selection[i]),
                "sigma": f"{plain_number(row['sigma_mev'])} MeV",
                "n": count_text(row["n_observed"]),
                "b": _with_error(*(float(result.number(f"background{end}")[i]) for end in ("", "_error"))),
                "p": p,
                "acceptance": plain_number(row["acceptance"]),
                "kaons": plain_number(float(result.hypotheses.n_kaon[i]), 4),
                "signal": plain_number(row["n_signal_ul_observed"]),
                "signal-expected": plain_number(row["n_signal_ul_expected"]),
                "fraction": scientific(row["branching_fraction_ul_observed"]),
                "fraction-expected": scientific(row["branching_fraction_ul_expected"]),
                "u2": scientific(row["u2_ul_observed"]),
                "u2-expected": scientific(row["u2_ul_expected"]),
                "u2-range": u2,
                "status": meaning(row["status"]),
                **{f"path-{nature}": _kilometres(float(path[i])) for nature, path in paths.items()},
            }
        )
    return {name: tuple(row[name] for row in rows) for name in rows[0]}


def _kilometres(path: float) -> str:
    km = path * 1e-6
    return (
        f"{scientific(km) if km >= 1e4 else plain_number(km, 2)} km"
        if np.isfinite(km)
        else plain_number(None)
    )


def _part(key: str, words: str, colour: str, values: Vector, whole: Vector) -> Part:
    shares = np.divide(values, whole, out=np.zeros_like(values), where=whole > 0.0)
    shares = np.clip(np.nan_to_num(shares), 0.0, 1.0)
    return Part(key, words, colour, tuple(plain_number(float(v), 2) for v in values), tuple(shares.tolist()))


def _composition(search: Search) -> tuple[Part, ...]:
    """Expected events of each source in the window, as the background says or else the simulated templates."""
    result, details = search.result, search.result.background.details
    if isinstance(details, TemplateDetails):
        events = {name: np.asarray(values, dtype=np.float64) for name, values in details.events.items()}
    elif search.templates is not None:
        found = window_composition(
            search.templates,
            selections=[str(name) for name in result.hypotheses.selection],
            low=result.number("window_low_mev"),
            high=result.number("window_high_mev"),
            decays=result.normalisation.n_kaon.value,
        )
        events = {name: values for name, (values, _) in found.items()}
    else:
        return ()
    whole = np.sum(list(events.values()), axis=0)
    order = sorted((name for name in events if events[name].sum() > 0.0), key=lambda n: -events[n].sum())
    return tuple(
        _part(f"source-{n}", source_words(name), source_colour(name), events[name], whole)
        for n, name in enumerate(order)
    )


def _observed(search: Search) -> tuple[Part, ...]:
    """Simulated events in the window by their truth; none for real data, and for a spectrum without components."""
    result, data = search.result, search.data
    if data is None or not data.simulated or len(data.components) < 2:
        return ()
    names = [str(name) for name in result.hypotheses.selection]
    ends = result.number("window_low_mev"), result.number("window_high_mev")
    events = {name: data.between(names, *ends, components=[name]).values for name in data.components}
    seen = sorted((name for name in events if events[name].sum() > 0.0), key=lambda n: -events[n].sum())
    return tuple(
        _part(f"seen-{n}", source_words(name), source_colour(name), events[name], result.n_observed)
        for n, name in enumerate(seen)
    )


def _budget(search: Search) -> tuple[Part, ...]:
    """Parts of the error of b; a bar is the part's share of the square."""
    result, details = search.result, search.result.background.details
    if isinstance(details, TemplateDetails):
        named = [(source_words(name), np.asarray(part)) for name, part in details.budget.items()]
    elif isinstance(details, SidebandDetails):
        named = [
            ("statistics of the side bands", result.background.stat),
            ("choice of the function through them", result.background.syst),
        ]
    else:
        named = [("statistical", result.background.stat), ("systematic", result.background.syst)]
    whole = result.background.error**2
    parts = [
        _part(f"error-{n}", words, "#717581", values, np.sqrt(whole))
        for n, (words, values) in enumerate(named)
    ]
    squares = [Part(p.key, p.words, p.colour, p.texts, tuple(s * s for s in p.shares)) for p in parts]
    return tuple(sorted(squares, key=lambda part: -sum(part.shares)))
