"""Background of each window from simulated decays and a scaled control run.

b = N_K sum_i B_i t_i + s h, with t_i the selected fraction of mode i in the window, h the events of the control run
and s its scale. Statistical errors are those of the simulation, of the control run and of s; each mode has a
relative systematic error of its own, N_K moves all modes together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.agreement import Agreement, agreement, bins_with
from hnlpeak.background.control_run import ControlScale, control_region, control_scale
from hnlpeak.background.inputs import HALO, BackgroundInputs
from hnlpeak.core.records import Key
from hnlpeak.spectrum.spectrum import Spectrum

if TYPE_CHECKING:
    from hnlpeak.background.templates import TemplateBackground

__all__ = [
    "Component",
    "ControlRegionAgreement",
    "components",
    "control_agreement",
    "simulated_over_expected",
]

_BIN_EVENTS = 25.0
_BIN_WIDTH = 1.0
_TOGETHER = ("shared", "syst")

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Component:
    """Events of one source in each window; ``stat`` is independent between windows without common events.

    ``shared`` is the statistical and ``syst`` the systematic error that moves all windows together.
    """

    events: Vector
    stat: Vector
    shared: Vector
    syst: Vector


@dataclass(frozen=True)
class ControlRegionAgreement(Agreement):
    """Data against the sum of all components between ``low`` and ``high`` (MeV), where nothing is fitted."""

    low: Annotated[float, Key("low_mev")]
    high: Annotated[float, Key("high_mev")]


def _halo(
    control: Spectrum, scale: ControlScale, selections: list[str], low: Vector, high: Vector
) -> Component:
    counts = control.between(selections, low, high).values
    return Component(
        scale.value * counts,
        # an empty window has the error of one event
        scale.value * np.sqrt(np.maximum(counts, 1.0)),
        scale.stat * counts,
        scale.syst * counts,
    )


def components(
    data: Spectrum,
    inputs: BackgroundInputs,
    card: TemplateBackground,
    *,
    selections: Sequence[str],
    low: Vector,
    high: Vector,
    n_kaon: Vector,
) -> tuple[dict[str, Component], ControlScale | None]:
    """Events by source in each window [``low``, ``high``] (MeV), and the scale of the control run.

    ``selections`` and ``n_kaon`` have one entry a window. ``UsageError`` where the control run of the card cannot be
    scaled.
    """
    chosen = list(selections)
    per_decay = n_kaon * inputs.decays.scaled_to(1.0)
    found: dict[str, Component] = {}
    for mode in inputs.decays.sources:
        sums, squares = inputs.decays.between(chosen, low, high, sources=[mode])
        events = per_decay * sums
        found[mode] = Component(
            events, per_decay * np.sqrt(squares), np.zeros_like(events), card.errors[mode] * events
        )
    region = control_region(data, inputs, card)
    if region is None or inputs.control is None:
        return found, None
    scale = control_scale(region, n_kaon)
    found[HALO] = _halo(inputs.control, scale, chosen, low, high)
    return found, scale


def simulated_over_expected(
    inputs: BackgroundInputs, *, selection: str, low: float, high: float, n_kaon: float
) -> dict[str, float]:
    """Effective events (sum w)^2 / sum w^2 of each template from ``low`` to ``high`` (MeV) over those expected.

    That is how many times the data's statistics a template has; under ``all`` the same for the sum of the modes,
    b / var(b). 0 where a template has no event.
    """
    scale = inputs.decays.scaled_to(n_kaon)
    found = {
        mode: inputs.decays.between(selection, low, high, sources=[mode]) for mode in inputs.decays.sources
    }
    pairs = {mode: (scale * float(w), scale**2 * float(w2)) for mode, (w, w2) in found.items()}
    pairs["all"] = (sum(b for b, _ in pairs.values()), sum(v for _, v in pairs.values()))
    return {name: b / variance if variance > 0.0 else 0.0 for name, (b, variance) in pairs.items()}


def control_agreement(
    data: Spectrum,
    inputs: BackgroundInputs,
    card: TemplateBackground,
    *,
    selection: str,
    n_kaon: float,
) -> ControlRegionAgreement:
    """Data against the sum of all sources in the control region of ``card``, in bins of at least 25 expected events."""
    edges = data.edges
    wanted = np.arange(card.control_low, card.control_high + 0.5 * _BIN_WIDTH, _BIN_WIDTH)
    places = np.unique(np.searchsorted(0.5 * (edges[1:] + edges[:-1]), wanted))
    fine = edges[places]
    count = fine.size - 1
    parts, _ = components(
        data,
        inputs,
        card,
        selections=[selection] * count,
        low=fine[:-1],
        high=fine[1:],
        n_kaon=np.full(count, n_kaon),
    )
    ends = bins_with(np.sum([part.events for part in parts.values()], axis=0), _BIN_EVENTS)
    cumulative = np.concatenate([[0.0], np.cumsum(data.project(selection).values)])

    def grouped(values: Vector) -> Vector:
        return np.add.reduceat(values, ends[:-1])

    moves = {f"{name} {kind}": getattr(part, kind) for name, part in parts.items() for kind in _TOGETHER}
    test = agreement(
        np.diff(cumulative[places[ends]]),
        {name: grouped(part.events) for name, part in parts.items()},
        {name: np.sqrt(grouped(part.stat**2)) for name, part in parts.items()},
        {name: grouped(shift) for name, shift in moves.items()},
    )
    return ControlRegionAgreement(**vars(test), low=card.control_low, high=card.control_high)
