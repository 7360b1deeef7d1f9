"""The scale of a control run: from data taken without decays to the searched data.

In a region where events that are no decays dominate, n data events are seen, h of the control run, and N_K k decays
are expected. The scale is s = (n - N_K k) / h.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.card import BackgroundCard
from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.spectrum.spectrum import ANY_SELECTION, Spectrum

__all__ = ["ControlRegion", "ControlScale", "control_region", "control_scale", "under_peak"]

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class ControlRegion:
    """Events in the region: ``observed`` in the data, ``control`` in the control run.

    ``per_decay`` is the expected number of decay events for each decay in the fiducial volume, ``per_decay_stat``
    and ``per_decay_syst`` its errors; ``error`` is the relative systematic error of the scale.
    """

    observed: float
    control: float
    per_decay: float
    per_decay_stat: float
    per_decay_syst: float
    error: float


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
    card, errors = background.scaled_run(), background.mode_errors()
    if card is None:
        return None
    if data.selections == (ANY_SELECTION,):
        raise UsageError(
            f"spectrum {data.label!r} has one selection for all: the control run cannot be scaled without a "
            f"spectrum of the selection {card.selection!r}"
        )
    if inputs is None or inputs.control is None:
        raise UsageError("the card scales a control run, but there is none")
    control = float(inputs.control.between(card.selection, card.low, card.high).values)
    if not control > 0.0:
        raise UsageError(
            f"control run {inputs.control.label!r} has no event of the selection {card.selection!r} between "
            f"{card.low:g} and {card.high:g} MeV: it is too small"
        )
    expected, stat2, syst2 = 0.0, 0.0, 0.0
    unit = inputs.decays.scaled_to(1.0)
    for mode in inputs.decays.sources:
        sums, squares = map(float, inputs.decays.between(card.selection, card.low, card.high, sources=[mode]))
        expected += unit * sums
        stat2 += unit**2 * squares
        syst2 += (errors[mode] * unit * sums) ** 2
    return ControlRegion(
        float(data.between(card.selection, card.low, card.high).values),
        control,
        expected,
        stat2**0.5,
        syst2**0.5,
        card.error,
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
        np.hypot(stat, value / np.sqrt(h)),
        np.hypot(value * region.error, n_kaon * region.per_decay_syst / h),
        n < decays,
    )


def under_peak(region: ControlRegion, events: float) -> tuple[Measured, Measured]:
    """What the scaled control run has under the Standard-Model peak, where it has ``events`` itself.

    s h = r n - N_K r k with r = ``events`` / h: the fixed part r n and -r k, which adds to the background per kaon.
    """
    ratio = events / region.control
    fixed = ratio * region.observed
    relative = (1.0 / max(region.observed, 1.0) + 1.0 / max(events, 1.0) + 1.0 / region.control) ** 0.5
    return (
        Measured(fixed, stat=fixed * relative, syst=fixed * region.error, source="scaled control run"),
        Measured(
            -ratio * region.per_decay,
            stat=ratio * region.per_decay_stat,
            syst=ratio * region.per_decay_syst,
            source="decays in the region where the control run is scaled",
        ),
    )
