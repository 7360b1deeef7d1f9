"""Background of each window from simulated decays and a scaled control run.

b = N_K sum_i B_i t_i + s h, with t_i the selected fraction of mode i in the window, h the events of the control run
and s its scale. Statistical errors are those of the simulation, of the control run and of s; each mode has a
relative systematic error of its own, N_K moves all modes together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.records import Key
from hnlpeak.estimation.background.agreement import Agreement, agreement, bins_with
from hnlpeak.estimation.background.control_run import ControlScale, control_region, control_scale
from hnlpeak.estimation.background.estimates import BackgroundDetails, BackgroundEstimates
from hnlpeak.estimation.background.sources import HALO, BackgroundSources, sums_between
from hnlpeak.experiment.analysis_card import TemplateBackground
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = [
    "Component",
    "ControlRegionAgreement",
    "ScaledControlRun",
    "TemplateDetails",
    "components",
    "control_agreement",
    "simulated_over_expected",
    "template_estimates",
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


@dataclass(frozen=True)
class ScaledControlRun:
    """Scale of the control run with its errors, from the cuts of ``selection`` between ``low`` and ``high`` (MeV)."""

    selection: str
    low: Annotated[float, Key("low_mev")]
    high: Annotated[float, Key("high_mev")]
    scale: float
    scale_stat: float
    scale_syst: float

    @property
    def relative_error(self) -> float:
        """Relative error of the scale; 0 where the scale is 0."""
        return float(np.hypot(self.scale_stat, self.scale_syst)) / self.scale if self.scale else 0.0


@dataclass(frozen=True, eq=False)
class TemplateDetails(BackgroundDetails):
    """How templates were summed: relative systematic ``errors`` of the modes, test in the control region, the scale.

    ``simulated_over_expected``: see the function of that name. ``control_run`` is None where none is scaled.
    """

    errors: Mapping[str, float]
    control_region: ControlRegionAgreement
    control_run: ScaledControlRun | None
    simulated_over_expected: Mapping[str, float]

    @property
    def relative_errors(self) -> Mapping[str, float]:
        """Of modes the card's, of the control run the whole error of its scale."""
        run = self.control_run
        if run is None or not run.scale:
            return self.errors
        return {**self.errors, HALO: run.relative_error}


def _halo(
    sources: BackgroundSources, scale: ControlScale, selections: list[str], low: Vector, high: Vector
) -> Component:
    control = sources.control
    assert control is not None
    counts = np.sum(
        [sums_between(control, s, selections=selections, low=low, high=high)[0] for s in control.sources],
        axis=0,
    )
    return Component(
        scale.value * counts,
        # an empty window has the error of one event
        scale.value * np.sqrt(np.maximum(counts, 1.0)),
        scale.stat * counts,
        scale.syst * counts,
    )


def components(
    data: Spectrum,
    sources: BackgroundSources,
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
    per_decay = n_kaon * sources.decays.scaled_to(1.0)
    found: dict[str, Component] = {}
    for mode in sources.decays.sources:
        sums, squares = sums_between(sources.decays, mode, selections=chosen, low=low, high=high)
        events = per_decay * sums
        found[mode] = Component(
            events, per_decay * np.sqrt(squares), np.zeros_like(events), card.errors[mode] * events
        )
    region = control_region(data, sources, card)
    if region is None:
        return found, None
    scale = control_scale(region, n_kaon)
    found[HALO] = _halo(sources, scale, chosen, low, high)
    return found, scale


def simulated_over_expected(
    sources: BackgroundSources, *, selection: str, low: float, high: float, n_kaon: float
) -> dict[str, float]:
    """Effective events (sum w)^2 / sum w^2 of each template from ``low`` to ``high`` (MeV) over those expected.

    That is how many times the data's statistics a template has; under ``all`` the same for the sum of the modes,
    b / var(b). 0 where a template has no event.
    """
    scale = sources.decays.scaled_to(n_kaon)
    ends = np.array([low]), np.array([high])
    found = {
        mode: sums_between(sources.decays, mode, selections=[selection], low=ends[0], high=ends[1])
        for mode in sources.decays.sources
    }
    pairs = {mode: (scale * float(w[0]), scale**2 * float(w2[0])) for mode, (w, w2) in found.items()}
    pairs["all"] = (sum(b for b, _ in pairs.values()), sum(v for _, v in pairs.values()))
    return {name: b / variance if variance > 0.0 else 0.0 for name, (b, variance) in pairs.items()}


def control_agreement(
    data: Spectrum,
    sources: BackgroundSources,
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
        sources,
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


def template_estimates(
    data: Spectrum,
    sources: BackgroundSources | None,
    card: TemplateBackground,
    *,
    selections: Sequence[str],
    low: Vector,
    high: Vector,
    n_kaon: Vector,
    n_kaon_error: Vector,
) -> BackgroundEstimates:
    """Return b and its errors in each window. ``UsageError`` where there are no simulated decays.

    The status of a window is ``control-below-decays`` where fewer events are seen in the halo's region than decays are
    expected there: no halo is subtracted.
    """
    if sources is None:
        raise UsageError("background method 'templates' needs simulated decays: search with the cards alone")
    parts, scale = components(data, sources, card, selections=selections, low=low, high=high, n_kaon=n_kaon)
    at: dict[str, Any] = {"selection": selections[0], "n_kaon": float(n_kaon[0])}
    decays = np.sum([part.events for name, part in parts.items() if name != HALO], axis=0)
    common = n_kaon_error / n_kaon * decays
    below = np.zeros(len(low), dtype=bool) if scale is None else scale.below
    return BackgroundEstimates.of(
        np.sum([part.events for part in parts.values()], axis=0),
        stat=np.sqrt(np.sum([part.stat**2 + part.shared**2 for part in parts.values()], axis=0)),
        syst=np.sqrt(np.sum([part.syst**2 for part in parts.values()], axis=0) + common**2),
        leakage=np.zeros(len(low)),
        status=["control-below-decays" if under else "ok" for under in below],
        details=TemplateDetails(
            method=card.method,
            errors=dict(card.errors),
            control_region=control_agreement(data, sources, card, **at),
            control_run=_scaled_run(card, scale),
            simulated_over_expected=simulated_over_expected(
                sources, low=float(low.min()), high=float(high.max()), **at
            ),
        ),
    )


def _scaled_run(card: TemplateBackground, scale: ControlScale | None) -> ScaledControlRun | None:
    run = card.control_run
    if run is None or scale is None:
        return None
    return ScaledControlRun(
        run.selection,
        run.low,
        run.high,
        float(scale.value[0]),
        float(scale.stat[0]),
        float(scale.syst[0]),
    )
