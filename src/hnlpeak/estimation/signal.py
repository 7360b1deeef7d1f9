"""Signal resolution and acceptance as functions of the HNL mass.

One curve per selection: values at simulated or tabulated masses, interpolated linearly in between and never
beyond. Selections are never mixed, so a step of the acceptance where the selection changes stays a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.display import rows_html, short
from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.experiment.analysis_card import WindowRule
from hnlpeak.spectrum.spectrum import ANY_SELECTION
from hnlpeak.spectrum.window import gaussian_fraction

__all__ = ["PULLS", "SignalCurve", "SignalModel", "SignalPoint", "signal_model"]

PULLS = np.linspace(-6.0, 6.0, 601)
"""Where the shape of a signal is kept: (m_miss^2 - m_N^2) / (2 m_N sigma)."""

_SHOWN_ROWS = 20


@dataclass(frozen=True)
class SignalPoint:
    """Signal of one mass in one selection.

    ``sigma``: half-width of the central 68.27 % of the missing mass, MeV. ``acceptance``: selected events
    in the window per decay in the fiducial volume; ``acceptance_no_window``: without the window; None where
    a table does not give it. ``bias``: median of the missing mass minus the mass, MeV. ``n_kaon``: number of
    kaon decays where a table gives it per mass. ``cumulative``: share of the selected events with
    m_miss^2 below m_N^2 + x 2 m_N sigma for each x of ``PULLS``; None where only sigma is known.
    """

    mass: float
    sigma: Measured
    acceptance: Measured
    acceptance_no_window: Measured | None = None
    bias: float | None = None
    n_kaon: Measured | None = None
    cumulative: NDArray[np.float64] | None = None

    def inside(self, low: float, high: float) -> float:
        """Return the share of the signal between two missing masses (MeV), a Gaussian's without ``cumulative``."""
        if self.cumulative is None:
            return gaussian_fraction(low, high, mean=self.mass, sigma=self.sigma.value)
        scale = 2.0 * self.mass * self.sigma.value
        pulls = [(end * abs(end) - self.mass**2) / scale for end in (low, high)]
        below, above = np.interp(pulls, PULLS, self.cumulative)
        return float(above - below)


@dataclass(frozen=True, eq=False, repr=False)
class SignalCurve:
    """Columns of ``SignalPoint`` over rising masses (MeV); NaN in optional columns that are not known.

    ``cumulative`` has one row a mass and one column for each of ``PULLS`` (none where no shape is known).
    """

    mass: NDArray[np.float64]
    sigma: NDArray[np.float64]
    sigma_error: NDArray[np.float64]
    acceptance: NDArray[np.float64]
    acceptance_error: NDArray[np.float64]
    acceptance_no_window: NDArray[np.float64]
    acceptance_no_window_error: NDArray[np.float64]
    bias: NDArray[np.float64]
    n_kaon: NDArray[np.float64]
    n_kaon_error: NDArray[np.float64]
    cumulative: NDArray[np.float64]

    def __repr__(self) -> str:
        return short("SignalCurve", self.words())

    def words(self) -> str:
        """Return how many masses there are, from where to where."""
        return f"{self.mass.size} masses from {self.mass[0]:g} to {self.mass[-1]:g} MeV"

    def at(self, mass: float) -> SignalPoint:
        """Return the signal at ``mass``, linear between neighbours; ``UsageError`` outside the curve."""
        grid = self.mass
        if not grid[0] <= mass <= grid[-1]:
            raise UsageError(
                f"mass {mass:g} MeV is outside the signal model ({grid[0]:g} to {grid[-1]:g} MeV): "
                "acceptance and resolution are never extrapolated"
            )
        j = min(max(int(np.searchsorted(grid, mass)), 1), grid.size - 1)
        i = max(j - 1, 0)
        t = (mass - grid[i]) / (grid[j] - grid[i]) if j > i else 0.0

        def value(column: NDArray[np.float64]) -> float:
            # an end point with weight 0 must not spoil the other with its NaN
            return float(
                column[i] if t == 0.0 else column[j] if t == 1.0 else (1.0 - t) * column[i] + t * column[j]
            )

        def error(column: NDArray[np.float64]) -> float:
            # neighbours are independent samples
            return (
                math.hypot((1.0 - t) * float(column[i]), t * float(column[j]))
                if 0.0 < t < 1.0
                else value(column)
            )

        def measured(column: str) -> Measured:
            return Measured(value(getattr(self, column)), stat=error(getattr(self, f"{column}_error")))

        def optional(column: str) -> Measured | None:
            return None if math.isnan(value(getattr(self, column))) else measured(column)

        bias = value(self.bias)
        # at equal pulls: the shape in units of sigma changes slowly with the mass
        shape = self.cumulative[i] if t == 0.0 else self.cumulative[j] if t == 1.0 else None
        shape = (1.0 - t) * self.cumulative[i] + t * self.cumulative[j] if shape is None else shape
        return SignalPoint(
            mass,
            measured("sigma"),
            measured("acceptance"),
            optional("acceptance_no_window"),
            None if math.isnan(bias) else bias,
            optional("n_kaon"),
            shape if shape.size and not np.isnan(shape).any() else None,
        )


@dataclass(frozen=True, repr=False)
class SignalModel:
    """Signal curves by selection; a single curve named ``any`` serves all selections.

    ``window`` is the rule of the window that ``acceptance`` includes; ``source`` says where the numbers come from.
    """

    curves: Mapping[str, SignalCurve]
    window: WindowRule
    source: str

    def __repr__(self) -> str:
        curves = (
            f"{name}: {c.mass.size} masses from {c.mass[0]:g} to {c.mass[-1]:g} MeV"
            for name, c in self.curves.items()
        )
        return short("SignalModel", self.source, *curves)

    def _repr_html_(self) -> str:
        rows = [
            [name, *(f"{x:.4g}" for x in (c.mass[i], c.sigma[i], c.acceptance[i]))]
            for name, c in self.curves.items()
            for i in range(c.mass.size)
        ]
        return rows_html(
            ("selection", "m_n_mev", "sigma_mev", "acceptance"), rows[:20], left_out=max(len(rows) - 20, 0)
        )

    def at(self, mass: float, selection: str) -> SignalPoint:
        """Return the signal at ``mass`` (MeV) in ``selection``.

        ``UsageError`` for an unknown selection and for masses outside its curve.
        """
        curve = self.curves.get(selection, self.curves.get(ANY_SELECTION))
        if curve is None:
            raise UsageError(
                f"no signal for selection {selection!r}; there is {', '.join(sorted(self.curves))}"
            )
        return curve.at(mass)


def _curve(points: Sequence[SignalPoint], source: str) -> SignalCurve:
    ordered = sorted(points, key=lambda point: point.mass)
    columns: dict[str, list[Any]] = {f.name: [] for f in fields(SignalCurve)}
    shapes = any(point.cumulative is not None for point in ordered)
    unknown = np.full(PULLS.size if shapes else 0, np.nan)
    for point in ordered:
        columns["cumulative"].append(unknown if point.cumulative is None else point.cumulative)
        columns["mass"].append(point.mass)
        columns["bias"].append(math.nan if point.bias is None else point.bias)
        for name in ("sigma", "acceptance", "acceptance_no_window", "n_kaon"):
            number: Measured | None = getattr(point, name)
            columns[name].append(math.nan if number is None else number.value)
            columns[f"{name}_error"].append(math.nan if number is None else number.error)
    curve = SignalCurve(**{name: np.array(column) for name, column in columns.items()})
    if np.any(np.diff(curve.mass) <= 0.0):
        twice = curve.mass[1:][np.diff(curve.mass) <= 0.0][0]
        raise UsageError(f"{source}: mass {twice:g} MeV appears twice")
    for name, low, high, allowed in (
        ("sigma", 0.0, math.inf, "MeV above 0"),
        ("acceptance", -1e-300, 1.0, "0 to 1, a share and no percentage"),
    ):
        column = getattr(curve, name)
        bad = ~((column > low) & (column <= high) & np.isfinite(column))
        if np.any(bad):
            raise UsageError(
                f"{source}: {name} at {curve.mass[bad][0]:g} MeV is {column[bad][0]:g}; allowed: {allowed}"
            )
    return curve


def signal_model(
    points: Mapping[str, Sequence[SignalPoint]], *, window: WindowRule, source: str
) -> SignalModel:
    """Return the model of ``points`` by selection (``any``: one curve for all); masses in any order.

    ``UsageError`` (naming ``source`` and the mass) for repeated masses, sigma <= 0, acceptance outside
    [0, 1], or a selection without points.
    """
    if not points or any(not curve for curve in points.values()):
        raise UsageError(f"{source}: a signal model needs at least one mass in each selection")
    return SignalModel({name: _curve(curve, source) for name, curve in points.items()}, window, source)
