"""Curves of the page's limit plot: this search, its variants, and what others have published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.limits.published import PublishedLimit
from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.published_line import looks
from hnlpeak.report.style import BAND_ONE, BAND_TWO, EXPECTED, INK, PALETTE
from hnlpeak.report.svg_axes import Axis, band_path, line_path

__all__ = ["Curve", "limit_range", "own_curves", "published_curves"]

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A curve with its switch: ``key`` is its name in the page, ``path`` its outline, ``shown`` whether it is on.

    ``dash`` is that of SVG, ``band`` tells an area from a line. ``nature`` is the HNL that the limit holds for.
    """

    key: str
    group: str
    label: str
    colour: str
    path: str
    dash: str = ""
    band: bool = False
    shown: bool = True
    nature: str = "any"


_THIS, _OTHERS = "This search", "Published limits"
_VARIANTS = "The observed limit under other treatments of deficits, by other methods, with further errors"
_VARIANT_COLOURS = (PALETTE[2], PALETTE[4], PALETTE[6], "#0b7a75", PALETTE[5], "#c2468f")
_MEANING = {
    "unbounded": "signal may be negative",
    "trolke": "rules of ROOT's TRolke",
    "trolke-bounded": "the same, signal at least 0",
}
"""Treatments whose names do not say enough."""
_DASHES = {"-": "", "--": "7 4", ":": "2 3", "-.": "8 3 2 3"}


def limit_range(result: SearchResult, earlier: Sequence[PublishedLimit]) -> tuple[float, float]:
    """Return whole decades about this search and the curves of others where they cross its masses."""
    masses = result.number("m_n_mev")
    own = [
        result.number(f"u2_ul_{name}")[result.sound] for name in ("observed", "expected_m2s", "expected_p2s")
    ]
    near = [c.u2[(c.mass >= masses[0]) & (c.mass <= masses[-1])] for c in earlier]
    values = np.concatenate([*own, *near])
    values = values[np.isfinite(values) & (values > 0.0)]
    if values.size == 0:
        return 1e-10, 1.0
    low, high = float(values.min()), float(np.quantile(values, 0.98))
    return float(10.0 ** np.floor(np.log10(low))), float(10.0 ** np.ceil(np.log10(high)))


def own_curves(result: SearchResult, x: Axis, y: Axis) -> Iterator[Curve]:
    """Yield bands, expected and observed limit, and the observed one under each treatment and further method."""
    masses = result.number("m_n_mev")

    def column(name: str) -> Vector:
        return np.where(result.sound, result.number(f"u2_ul_{name}"), np.nan)

    for sigma, colour in ((2, BAND_TWO), (1, BAND_ONE)):
        low, high = column(f"expected_m{sigma}s"), column(f"expected_p{sigma}s")
        path = band_path(x, y, masses, low, high)
        yield Curve(f"band{sigma}", _THIS, f"expected ±{sigma}σ", colour, path, band=True)
    yield Curve("expected", _THIS, "expected", EXPECTED, line_path(x, y, masses, column("expected")), "7 4")
    yield Curve("observed", _THIS, "observed", INK, line_path(x, y, masses, column("observed")))
    used = result.settings.treatment
    variants = [_treatment(name, used=name == used) for name in result.treatments]
    variants += list(result.methods)
    limits = [*result.treatments.values(), *(found.observed for found in result.methods.values())]
    named = [*zip(variants, limits, strict=True), ("with errors of N_K and A", result.with_errors)]
    for n, (label, limit) in enumerate(named):
        path = line_path(x, y, masses, np.where(result.sound, limit.u2, np.nan))
        colour = _VARIANT_COLOURS[n % len(_VARIANT_COLOURS)]
        yield Curve(f"variant{n}", _VARIANTS, label, colour, path, "5 2", shown=False)


def _treatment(name: str, *, used: bool) -> str:
    notes = [*([_MEANING[name]] if name in _MEANING else []), *(["used"] if used else [])]
    return f"{name} ({'; '.join(notes)})" if notes else name


def published_curves(earlier: Sequence[PublishedLimit], x: Axis, y: Axis) -> Iterator[Curve]:
    """Yield what others have published where it crosses the masses of the plot."""
    for n, curve in enumerate(earlier):
        near = (curve.mass >= x.low) & (curve.mass <= x.high)
        if not np.any(near):
            continue
        colour, dash, _ = looks(curve)
        path = line_path(x, y, curve.mass, curve.u2)
        yield Curve(f"published{n}", _OTHERS, curve.title, colour, path, _DASHES[dash], nature=curve.nature)
