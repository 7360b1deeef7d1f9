"""Background methods by the name that cards give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.estimation.background.bands import sideband_design
from hnlpeak.estimation.background.estimates import BackgroundEstimates
from hnlpeak.estimation.background.sideband import fit_sidebands
from hnlpeak.estimation.background.sources import BackgroundSources
from hnlpeak.estimation.background.templates import template_estimates
from hnlpeak.experiment.analysis_card import BackgroundCard, SidebandBackground, TemplateBackground
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import Window

__all__ = ["METHODS", "Task", "estimate_background"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Task:
    """What a method works on: the spectrum, each hypothesis' window, selection and N_K, and further sources."""

    spectrum: Spectrum
    windows: Sequence[Window]
    selections: Sequence[str]
    n_kaon: Vector
    n_kaon_error: Vector
    sources: BackgroundSources | None = None


def _sideband(task: Task, card: BackgroundCard) -> BackgroundEstimates:
    assert isinstance(card, SidebandBackground)
    names = sorted(set(task.selections))
    counts = [task.spectrum.project(name).values for name in names]
    cumulative = np.array([np.concatenate([[0.0], np.cumsum(values)]) for values in counts])
    found = fit_sidebands(
        sideband_design(task.windows, task.spectrum.edges, card),
        cumulative,
        np.array([names.index(name) for name in task.selections], dtype=np.int64),
        order=card.order,
        alternative_order=card.alternative_order,
        family=card.family,
        order_choice=card.order_choice,
    )
    settings = {
        "method": card.method,
        "family": card.family,
        "order_choice": card.order_choice,
        "order": card.order,
        "alternative_order": card.alternative_order,
        "inner": card.inner,
        "outer": card.outer,
        "low_limit_mev": card.low_limit,
        "high_limit_mev": card.high_limit,
    }
    return replace(found, settings=settings)


def _templates(task: Task, card: BackgroundCard) -> BackgroundEstimates:
    assert isinstance(card, TemplateBackground)
    return template_estimates(
        task.spectrum,
        task.sources,
        card,
        selections=task.selections,
        low=np.array([window.low for window in task.windows]),
        high=np.array([window.high for window in task.windows]),
        n_kaon=task.n_kaon,
        n_kaon_error=task.n_kaon_error,
    )


METHODS: dict[str, Callable[[Task, BackgroundCard], BackgroundEstimates]] = {
    "sideband": _sideband,
    "templates": _templates,
}
"""A method is a function of the task and its card's table; a new one is a line here."""


def estimate_background(task: Task, card: BackgroundCard) -> BackgroundEstimates:
    """Return b and its errors in every window by the method of ``card``. ``UsageError`` for missing inputs."""
    return METHODS[card.method](task, card)
