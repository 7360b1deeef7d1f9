"""Background methods by the name that cards give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.estimation.background.bands import sideband_design
from hnlpeak.estimation.background.estimates import BackgroundDetails, BackgroundEstimates
from hnlpeak.estimation.background.sideband import SidebandDetails, fit_sidebands, goodness_of_fit
from hnlpeak.estimation.background.sources import BackgroundSources
from hnlpeak.estimation.background.templates import TemplateDetails, template_estimates
from hnlpeak.experiment.analysis_card import BackgroundCard, SidebandBackground, TemplateBackground
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import Window

__all__ = ["DETAILS", "METHODS", "Task", "estimate_background", "explain_background"]

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
    return BackgroundEstimates.of(
        found.background,
        stat=found.stat,
        syst=found.syst,
        leakage=found.leakage,
        status=found.status,
        details=SidebandDetails(
            method=card.method,
            family=card.family,
            order_choice=card.order_choice,
            order=card.order,
            alternative_order=card.alternative_order,
            inner=card.inner,
            outer=card.outer,
            low_limit=card.low_limit,
            high_limit=card.high_limit,
            used_order=found.order,
            alternative=found.alternative,
            events=found.events,
            deviance=found.deviance,
            degrees_of_freedom=found.degrees_of_freedom,
            fit_p_value=goodness_of_fit(found.deviance, found.degrees_of_freedom),
        ),
    )


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

DETAILS: dict[str, type[BackgroundDetails]] = {"sideband": SidebandDetails, "templates": TemplateDetails}
"""What each method says of itself beyond b and its errors."""


def estimate_background(task: Task, card: BackgroundCard) -> BackgroundEstimates:
    """Return b and its errors in every window by the method of ``card``. ``UsageError`` for missing inputs."""
    return METHODS[card.method](task, card)


def _words_of_sidebands(estimates: BackgroundEstimates, i: int) -> str:
    fit: SidebandDetails = estimates.details
    return (
        f"(stat {estimates.stat[i]:.4g}, order {fit.used_order[i]:g} against {fit.alternative_order} "
        f"{estimates.syst[i]:.4g}), from {fit.events[i]:g} events in the side bands, "
        f"chi2/dof {fit.deviance[i]:.4g}/{fit.degrees_of_freedom[i]:g}"
    )


def _words_of_templates(estimates: BackgroundEstimates, i: int) -> str:
    made: TemplateDetails = estimates.details
    text = f"(stat {estimates.stat[i]:.4g}, syst {estimates.syst[i]:.4g}), from simulated {', '.join(made.errors)}"
    run = made.control_run
    if run is None:
        return text
    return (
        f"{text} and a control run times {run.scale:.4g}, scaled with the {run.selection} cuts between "
        f"{run.low:g} and {run.high:g} MeV"
    )


_WORDS = {"sideband": _words_of_sidebands, "templates": _words_of_templates}


def explain_background(estimates: BackgroundEstimates, i: int) -> str:
    """Return in words where the estimate of hypothesis ``i`` comes from."""
    return _WORDS[estimates.details.method](estimates, i)
