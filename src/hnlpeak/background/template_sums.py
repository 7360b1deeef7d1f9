"""Background of each window from simulated decays and a scaled control run.

b = eps N_K sum_i B_i t_i + eps sum_r s_r h_r, with t_i the selected fraction of mode i in the window, h_r the events of
the control run in part r of the selection less the decays in them, s_r their scale and eps the efficiency of the
trigger (where the card has one). Statistical errors are those of the simulation, of the control run and of s; each
mode has a relative systematic error of its own, N_K moves all modes together. ``error_budget`` names every part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.agreement import Agreement, agreement, bins_with
from hnlpeak.background.card import ControlRun
from hnlpeak.background.control_run import (
    ControlRegion,
    ControlScale,
    control_regions,
    control_scale,
)
from hnlpeak.background.inputs import HALO, BackgroundInputs, control_counts
from hnlpeak.core.errors import UsageError
from hnlpeak.core.records import Key
from hnlpeak.spectrum.spectrum import Spectrum

if TYPE_CHECKING:
    from hnlpeak.background.templates import TemplateBackground

__all__ = [
    "TAILS",
    "Component",
    "ControlRegionAgreement",
    "Halo",
    "components",
    "control_agreement",
    "error_budget",
    "simulated_over_expected",
]

_BIN_EVENTS = 25.0
_BIN_WIDTH = 1.0
_TOGETHER = ("shared", "syst")
TAILS = "scattering"
"""Name of the part of the error that tails of tracks make."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Component:
    """Events of one source in each window; ``stat`` is independent between windows without common events.

    ``shared`` is the statistical and ``syst`` the systematic error that moves all windows together; ``parts`` are what
    ``syst`` and ``shared`` are made of, by name.
    """

    events: Vector
    stat: Vector
    shared: Vector
    syst: Vector
    parts: Mapping[str, Vector]

    def times(self, factor: float) -> Component:
        """The same with all events and errors times ``factor``."""
        return Component(
            factor * self.events,
            factor * self.stat,
            factor * self.shared,
            factor * self.syst,
            {name: factor * part for name, part in self.parts.items()},
        )


@dataclass(frozen=True, eq=False)
class Halo:
    """The scaled control run in each window, the scale of each part of the selections, and where there is no halo."""

    component: Component
    scales: Mapping[str, tuple[ControlRegion, ControlScale]]
    below: NDArray[np.bool_]


@dataclass(frozen=True)
class ControlRegionAgreement(Agreement):
    """Data against the sum of all components between ``low`` and ``high`` (MeV), where nothing is fitted."""

    low: Annotated[float, Key("low_mev")]
    high: Annotated[float, Key("high_mev")]


def _halo(
    data: Spectrum,
    inputs: BackgroundInputs,
    card: TemplateBackground,
    run: ControlRun,
    *,
    selections: Sequence[str],
    low: Vector,
    high: Vector,
    n_kaon: Vector,
) -> Halo:
    count = len(low)
    events, stat2, shared2, scale2, shape, cross = (np.zeros(count) for _ in range(6))
    below = np.zeros(count, dtype=bool)
    scales: dict[str, tuple[ControlRegion, ControlScale]] = {}
    own = {name for region in run.regions for name in (region.of, region.part)}
    for name in dict.fromkeys(selections):
        rows = np.array([selection == name for selection in selections])
        for part, region in control_regions(data, inputs, card, name).items():
            scale = control_scale(region, n_kaon[rows])
            scales[part] = region, scale
            held = control_counts(inputs, part, low[rows], high[rows])
            events[rows] += scale.value * held.value
            stat2[rows] += scale.value**2 * held.variance
            shared2[rows] += (scale.stat * held.value) ** 2
            scale2[rows] += (scale.syst * held.value) ** 2
            below[rows] |= scale.below
            if run.cross_talk is not None:
                cross[rows] += scale.value * held.cross_talk * run.cross_talk.error
        if name in own:  # a region's own error is that of its scale
            shape[rows] = run.error * events[rows]
    parts = {"halo scale": np.sqrt(shared2 + scale2), "halo shape": shape, "cross-talk": cross}
    systematic = np.sqrt(scale2 + shape**2 + cross**2)
    return Halo(Component(events, np.sqrt(stat2), np.sqrt(shared2), systematic, parts), scales, below)


def _kicked(
    inputs: BackgroundInputs,
    mode: str,
    selections: Sequence[str],
    *,
    low: Vector,
    high: Vector,
    n_kaon: Vector,
) -> Vector:
    """Events of ``mode`` whose track has a kick of the tails in each window."""
    if inputs.tails is None:
        raise UsageError("the card has tails of tracks, but there are no decays with them")
    sums = inputs.tails.between(list(selections), low, high, components=[mode]).values
    return np.asarray(n_kaon * inputs.tails.scaled_to(1.0) * sums)


def components(
    data: Spectrum,
    inputs: BackgroundInputs,
    card: TemplateBackground,
    *,
    selections: Sequence[str],
    low: Vector,
    high: Vector,
    n_kaon: Vector,
) -> tuple[dict[str, Component], Halo | None]:
    """Events by source in each window [``low``, ``high``] (MeV), and the halo before the efficiency of the trigger.

    ``selections`` and ``n_kaon`` have one entry a window. ``UsageError`` where the control run of the card cannot be
    scaled.
    """
    chosen = list(selections)
    per_decay = n_kaon * inputs.decays.scaled_to(1.0)
    found: dict[str, Component] = {}
    for mode in inputs.decays.components:
        sums, squares = inputs.decays.between(chosen, low, high, components=[mode])
        events = per_decay * sums
        own = {mode: card.errors[mode] * events}
        if card.tails is not None and mode in card.tails.modes:
            brought = _kicked(inputs, mode, chosen, low=low, high=high, n_kaon=n_kaon)
            own[TAILS] = np.abs(brought - card.tails.chance * events)
        whole = np.sqrt(np.sum([part**2 for part in own.values()], axis=0))
        found[mode] = Component(events, per_decay * np.sqrt(squares), np.zeros_like(events), whole, own)
    halo = None
    if card.control_run is not None:
        ranges: dict[str, Any] = {"selections": chosen, "low": low, "high": high, "n_kaon": n_kaon}
        halo = _halo(data, inputs, card, card.control_run, **ranges)
        found[HALO] = halo.component
    trigger = card.trigger
    if trigger is not None:
        found = {
            name: part.times(trigger.value) if name in trigger.applies_to else part
            for name, part in found.items()
        }
    return found, halo


def error_budget(
    parts: Mapping[str, Component], card: TemplateBackground, n_kaon_relative: Vector
) -> dict[str, Vector]:
    """Parts of the error of b in each window by what they are of; their sum in quadrature is the whole.

    ``n_kaon_relative`` is the relative error of N_K. Statistics of the simulation and of the control run, parts of the
    components' systematic errors, N_K, the ``common_errors`` of the card and the efficiency of the trigger.
    """
    modes = [part for name, part in parts.items() if name != HALO]
    total = np.sum([part.events for part in parts.values()], axis=0)
    found = {"simulation": np.sqrt(np.sum([part.stat**2 for part in modes], axis=0))}
    if HALO in parts:
        found["halo statistics"] = parts[HALO].stat
    for part in parts.values():
        for name, error in part.parts.items():
            if np.any(error > 0.0):
                found[name] = found.get(name, 0.0) + error  # what has one cause moves all components alike
    found["number of kaons"] = n_kaon_relative * np.sum([part.events for part in modes], axis=0)
    found.update({name: error * total for name, error in card.common_errors.items()})
    if card.trigger is not None:
        seen = [part.events for name, part in parts.items() if name in card.trigger.applies_to]
        found["trigger"] = card.trigger.error / card.trigger.value * np.sum(seen, axis=0)
    return found


def simulated_over_expected(
    inputs: BackgroundInputs, *, selection: str, low: float, high: float, n_kaon: float
) -> dict[str, float]:
    """Effective events (sum w)^2 / sum w^2 of each template from ``low`` to ``high`` (MeV) over those expected.

    That is how many times the data's statistics a template has; under ``all`` the same for the sum of the modes,
    b / var(b). 0 where a template has no event.
    """
    scale = inputs.decays.scaled_to(n_kaon)
    found = {
        mode: inputs.decays.between(selection, low, high, components=[mode])
        for mode in inputs.decays.components
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
    low: float,
    high: float,
    n_kaon: float,
) -> ControlRegionAgreement:
    """Data against the sum of all components from ``low`` to ``high`` (MeV), in bins of at least 25 expected events."""
    edges = data.edges
    wanted = np.arange(low, high + 0.5 * _BIN_WIDTH, _BIN_WIDTH)
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
    return ControlRegionAgreement(**vars(test), low=low, high=high)
