"""Background of each window from simulated decays and a scaled control run.

b = N_K sum_i B_i t_i + s h, with t_i the selected fraction of mode i in the window, h the events of the control run
and s its scale. Statistical errors are those of the simulation, of the control run and of s; each mode has a
relative systematic error of its own, N_K moves all modes together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.estimation.background.control_run import ControlScale, control_region, control_scale
from hnlpeak.estimation.background.estimates import BackgroundEstimates
from hnlpeak.estimation.background.sources import HALO, BackgroundSources, sums_between
from hnlpeak.experiment.analysis_card import TemplateBackground
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["Component", "components", "template_estimates"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Component:
    """Events of one source in each window, with statistical and systematic errors."""

    events: Vector
    stat: Vector
    syst: Vector


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
        np.hypot(scale.value * np.sqrt(np.maximum(counts, 1.0)), scale.stat * counts),
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
        found[mode] = Component(events, per_decay * np.sqrt(squares), card.errors[mode] * events)
    if card.control_run is None:
        return found, None
    scale = control_scale(control_region(data, sources, card.control_run, card.errors), n_kaon)
    found[HALO] = _halo(sources, scale, chosen, low, high)
    return found, scale


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
    """Return b and its errors in each window. ``UsageError`` where there are no simulated decays."""
    if sources is None:
        raise UsageError("background method 'templates' needs simulated decays: search with the cards alone")
    parts, scale = components(data, sources, card, selections=selections, low=low, high=high, n_kaon=n_kaon)
    decays = np.sum([part.events for name, part in parts.items() if name != HALO], axis=0)
    common = n_kaon_error / n_kaon * decays
    none = np.full(len(low), np.nan)
    below = np.zeros(len(low), dtype=bool) if scale is None else scale.below
    return BackgroundEstimates(
        background=np.sum([part.events for part in parts.values()], axis=0),
        stat=np.sqrt(np.sum([part.stat**2 for part in parts.values()], axis=0)),
        syst=np.sqrt(np.sum([part.syst**2 for part in parts.values()], axis=0) + common**2),
        alternative=none,
        order=none,
        events=none,
        deviance=none,
        degrees_of_freedom=none,
        leakage=np.zeros(len(low)),
        status=tuple("control-below-decays" if under else "ok" for under in below),
        settings=_settings(card, scale),
    )


def _settings(card: TemplateBackground, scale: ControlScale | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "method": card.method,
        "errors": dict(card.errors),
        "control_low_mev": card.control_low,
        "control_high_mev": card.control_high,
    }
    run = card.control_run
    if run is not None and scale is not None:
        made["control_run"] = {
            "selection": run.selection,
            "low_mev": run.low,
            "high_mev": run.high,
            "scale": float(scale.value[0]),
            "scale_stat": float(scale.stat[0]),
            "scale_syst": float(scale.syst[0]),
        }
    return made
