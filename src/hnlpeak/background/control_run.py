"""The scale of a control run: from data taken without decays to the searched data.

In a region where events that are no decays dominate, n data events are seen, h of the control run (less the decays in
it), and N_K k decays are expected. The scale is s = (n - N_K k) / h.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.card import BackgroundCard, ControlRegionCard, ControlRun
from hnlpeak.background.inputs import BackgroundInputs, control_counts
from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.spectrum.spectrum import ANY_SELECTION, Spectrum

__all__ = [
    "ControlRegion",
    "ControlScale",
    "control_region",
    "control_regions",
    "control_scale",
    "scaled_control",
    "under_peak",
]

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class ControlRegion:
    """Events in the region: ``observed`` in the data, ``control`` in the control run (``control_error``: relative).

    ``per_decay`` is the expected number of decay events for each decay in the fiducial volume, ``per_decay_stat``
    and ``per_decay_syst`` its errors; ``error`` is the relative systematic error of the scale. ``selection``, ``low``
    and ``high`` (MeV) say where it is.
    """

    observed: float
    control: float
    per_decay: float
    per_decay_stat: float
    per_decay_syst: float
    error: float
    control_error: float | None = None
    selection: str = ""
    low: float = float("nan")
    high: float = float("nan")

    @property
    def control_relative(self) -> float:
        """Relative statistical error of ``control``."""
        return self.control**-0.5 if self.control_error is None else self.control_error


@dataclass(frozen=True, eq=False)
class ControlScale:
    """Scale s with its errors for each of the given N_K; ``below`` where fewer events than decays are seen: s = 0."""

    value: Vector
    stat: Vector
    syst: Vector
    below: NDArray[np.bool_]


def control_region(
    data: Spectrum, inputs: BackgroundInputs | None, background: BackgroundCard
) -> ControlRegion | None:
    """Count data, control run and simulated decays in the region of the card; None where it scales no control run.

    ``UsageError`` where the data have no such selection or the control run has no event there.
    """
    run = background.scaled_run()
    if run is None:
        return None
    if inputs is None:
        raise UsageError("the card scales a control run, but there is none")
    return _counted(data, inputs, background, run)


def control_regions(
    data: Spectrum, inputs: BackgroundInputs, background: BackgroundCard, selection: str
) -> dict[str, ControlRegion]:
    """Return the region that scales each part of ``selection``, by the selection of the part.

    Without regions of its own in the card it is one part, scaled in the region of all. Empty where the card scales no
    control run. ``UsageError`` as ``control_region``.
    """
    run = background.scaled_run()
    if run is None:
        return {}
    own = {region.part: region for region in run.regions if selection in (region.of, region.part)}
    places: dict[str, ControlRegionCard | ControlRun] = {**own} or {selection: run}
    return {part: _counted(data, inputs, background, place) for part, place in places.items()}


def _counted(
    data: Spectrum,
    inputs: BackgroundInputs,
    background: BackgroundCard,
    place: ControlRegionCard | ControlRun,
) -> ControlRegion:
    if data.selections == (ANY_SELECTION,):
        raise UsageError(
            f"spectrum {data.label!r} has one selection for all: the control run cannot be scaled without a "
            f"spectrum of the selection {place.selection!r}"
        )
    at = place.selection, place.low, place.high
    control = control_counts(inputs, *at)
    h = float(control.value)
    if not h > 0.0:
        raise UsageError(
            f"the control run has no event of the selection {place.selection!r} between "
            f"{place.low:g} and {place.high:g} MeV: it is too small"
        )
    expected, stat2, syst2 = 0.0, 0.0, 0.0
    unit, errors = inputs.decays.scaled_to(1.0), background.mode_errors()
    for mode in inputs.decays.components:
        sums, squares = map(float, inputs.decays.between(*at, components=[mode]))
        expected += unit * sums
        stat2 += unit**2 * squares
        syst2 += (errors[mode] * unit * sums) ** 2
    return ControlRegion(
        float(data.between(*at).values),
        h,
        expected,
        stat2**0.5,
        syst2**0.5,
        place.error,
        float(control.variance) ** 0.5 / h,
        *at,
    )


def control_scale(region: ControlRegion, n_kaon: Vector) -> ControlScale:
    """Scale of the control run at each ``n_kaon``.

    Statistical error: data (at least one event's), control run and simulated decays; systematic: the decays'
    normalisation and the card's relative error.
    """
    n, h = region.observed, region.control
    decays = n_kaon * region.per_decay
    value = np.maximum(n - decays, 0.0) / h
    stat = np.sqrt(max(n, 1.0) + (n_kaon * region.per_decay_stat) ** 2) / h
    return ControlScale(
        value,
        np.hypot(stat, value * region.control_relative),
        np.hypot(value * region.error, n_kaon * region.per_decay_syst / h),
        n < decays,
    )


def scaled_control(
    data: Spectrum,
    inputs: BackgroundInputs,
    background: BackgroundCard,
    selection: str,
    *,
    n_kaon: float,
    unit: float = 1.0,
) -> tuple[Vector, Vector]:
    """Values and variances of the scaled control run in each bin of ``selection``, times ``unit``.

    Bins may be below zero, where decays are subtracted and no event was seen: their sums are what counts.
    """
    if inputs.control is None:
        raise UsageError("the card scales a control run, but there is none")
    values, variances = np.zeros(data.edges.size - 1), np.zeros(data.edges.size - 1)
    for part, region in control_regions(data, inputs, background, selection).items():
        scale = unit * float(control_scale(region, np.array([n_kaon])).value[0])
        held = inputs.control.project(part)
        values = values + scale * held.values
        variances = variances + scale**2 * held.variances
        if inputs.cross_talk is not None:
            less = inputs.cross_talk.project(part)
            values = values - scale * less.values
            variances = variances + scale**2 * less.variances
    return values, variances


def under_peak(region: ControlRegion, events: float) -> tuple[Measured, Measured]:
    """What the scaled control run has under the Standard-Model peak, where it has ``events`` itself.

    s h = r n - N_K r k with r = ``events`` / h: the fixed part r n and -r k, which adds to the background per kaon.
    """
    ratio = events / region.control
    fixed = ratio * region.observed
    relative = (1.0 / max(region.observed, 1.0) + 1.0 / max(events, 1.0) + region.control_relative**2) ** 0.5
    return (
        Measured(fixed, stat=fixed * relative, syst=fixed * region.error, source="scaled control run"),
        Measured(
            -ratio * region.per_decay,
            stat=ratio * region.per_decay_stat,
            syst=ratio * region.per_decay_syst,
            source="decays in the region where the control run is scaled",
        ),
    )
