"""The background method ``templates``: simulated decays by mode, and a scaled control run (see ``template_sums``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from hnlpeak.background.card import BackgroundCard, CheckRegion, ControlRun, TrackTails, TriggerEfficiency
from hnlpeak.background.estimates import BackgroundDetails, BackgroundEstimates, StatusWord
from hnlpeak.background.inputs import HALO, BackgroundInputs
from hnlpeak.background.method import BackgroundMethod, Task
from hnlpeak.background.template_sums import (
    ControlRegionAgreement,
    Halo,
    components,
    control_agreement,
    error_budget,
    simulated_over_expected,
)
from hnlpeak.core.errors import UsageError
from hnlpeak.core.quantity import Energy, Fraction
from hnlpeak.core.records import Key, Vector
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["METHOD", "ScaledControlRun", "TemplateBackground", "TemplateDetails", "template_estimates"]


class TemplateBackground(BackgroundCard):
    """Background from simulated decays, one template a mode, and what is no decay from a ``control_run``.

    ``errors`` are the relative systematic errors of each template, ``common_errors`` those of all together by what
    they are of. ``trigger`` multiplies what it says; what ``tails`` of tracks move is an error. In ``checks``, and
    between ``control_low`` and ``control_high`` (selection of the lowest mass), the data are compared with the sum;
    nothing is fitted there.
    """

    method: Literal["templates"]
    needs_decays: ClassVar[bool] = True
    errors: dict[str, Fraction]
    control_low: Energy
    control_high: Energy
    control_run: ControlRun | None = None
    common_errors: dict[str, Fraction] = {}
    trigger: TriggerEfficiency | None = None
    tails: TrackTails | None = None
    checks: list[CheckRegion] = []

    @model_validator(mode="after")
    def _region(self) -> Self:
        if not self.control_low < self.control_high:
            raise ValueError("empty control region: control_low is not below control_high")
        return self

    def scaled_run(self) -> ControlRun | None:
        """Return the control run of the table."""
        return self.control_run

    def trigger_efficiency(self) -> TriggerEfficiency | None:
        """Return the efficiency of the trigger of the table."""
        return self.trigger

    def track_tails(self) -> TrackTails | None:
        """Return the tails of tracks of the table."""
        return self.tails

    def mode_errors(self) -> Mapping[str, float]:
        """Return the relative systematic error of each template."""
        return self.errors

    def check(self, *, selections: Sequence[str], modes: Sequence[str]) -> None:
        """Raise ``ValueError`` unless each template has an error and all selections and components exist."""
        if set(self.errors) != set(modes):
            raise ValueError(
                f"background.errors must name the modes of samples.templates, {sorted(set(modes))}, "
                f"got {sorted(self.errors)}"
            )
        run = self.control_run
        if run is not None:
            regions = {name for region in run.regions for name in (region.of, region.part, region.selection)}
            if unknown := sorted({run.selection, *regions} - set(selections)):
                raise ValueError(
                    f"background.control_run: no selection {unknown}, there are {list(selections)}"
                )
        if unknown := sorted({check.selection for check in self.checks} - set(selections)):
            raise ValueError(f"background.checks: no selection {unknown}, there are {list(selections)}")
        if self.tails is not None and (unknown := sorted(set(self.tails.modes) - set(modes))):
            raise ValueError(f"background.tails: no template {unknown}, there are {sorted(modes)}")
        if self.trigger is not None:
            known = {*modes, HALO}
            if missing := sorted(set(self.trigger.applies_to) - known):
                raise ValueError(
                    f"background.trigger.applies_to: no source {missing}, there are {sorted(known)}"
                )


@dataclass(frozen=True)
class ScaledControlRun:
    """Scale of the control run with its errors, from the cuts of ``selection`` between ``low`` and ``high`` (MeV).

    It is for the ``part`` of a selection, or for a whole one.
    """

    part: str
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
    """How templates were summed: relative systematic ``errors`` of the modes, test in the control region, the scales.

    ``simulated_over_expected``: see the function of that name. ``control_runs`` is empty where none is scaled.
    ``checks`` are tests in other selections, by their names. ``events`` are those of each source, ``budget`` the parts
    of the error of b, both in each window.
    """

    errors: Mapping[str, float]
    control_region: ControlRegionAgreement
    control_runs: tuple[ScaledControlRun, ...]
    simulated_over_expected: Mapping[str, float]
    events: Mapping[str, tuple[float, ...]]
    budget: Mapping[str, tuple[float, ...]]
    checks: Mapping[str, ControlRegionAgreement]

    @property
    def relative_errors(self) -> Mapping[str, float]:
        """Of modes the card's, of the control run the largest error of its scales."""
        found = [run.relative_error for run in self.control_runs if run.scale]
        return {**self.errors, HALO: max(found)} if found else self.errors

    def repeated(self, stat: Vector, syst: Vector) -> tuple[Vector, Vector]:
        """Return the statistics of N_K and of the control run, which move, and that of the simulation, which stays.

        Systematic errors of the card (trigger, modes, shape and scale of the halo, tails) have one value in truth.
        """
        simulation, kaons = (np.array(self.budget[name]) for name in ("simulation", "number of kaons"))
        moving2 = np.maximum(stat**2 - simulation**2, 0.0) + kaons**2
        return np.where(np.isfinite(syst), np.sqrt(moving2), np.nan), simulation

    def with_parts(self, parts: Mapping[str, tuple[float, ...]]) -> Self:
        """Return the same with further ``parts`` in the ``budget``."""
        return replace(self, budget={**self.budget, **parts})

    @property
    def components(self) -> Mapping[str, tuple[float, ...]]:
        """``events``: of modes as simulated, of the control run as scaled in the window, never below zero."""
        return self.events


def template_estimates(
    data: Spectrum,
    inputs: BackgroundInputs | None,
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
    if inputs is None:
        raise UsageError("background method 'templates' needs simulated decays: search with the cards alone")
    parts, halo = components(data, inputs, card, selections=selections, low=low, high=high, n_kaon=n_kaon)
    at: dict[str, Any] = {"selection": selections[0], "n_kaon": float(n_kaon[0])}
    budget = error_budget(parts, card, n_kaon_error / n_kaon)
    below = np.zeros(len(low), dtype=bool) if halo is None else halo.below
    stat = np.sqrt(np.sum([part.stat**2 + part.shared**2 for part in parts.values()], axis=0))
    whole2 = np.sum([part**2 for part in budget.values()], axis=0)
    return BackgroundEstimates.of(
        np.sum([part.events for part in parts.values()], axis=0),
        stat=stat,
        syst=np.sqrt(np.maximum(whole2 - stat**2, 0.0)),
        leakage=np.zeros(len(low)),
        status=["control-below-decays" if under else "ok" for under in below],
        details=TemplateDetails(
            method=card.method,
            errors=dict(card.errors),
            control_region=control_agreement(
                data, inputs, card, low=card.control_low, high=card.control_high, **at
            ),
            control_runs=() if halo is None else _scaled_runs(halo),
            simulated_over_expected=simulated_over_expected(
                inputs, low=float(low.min()), high=float(high.max()), **at
            ),
            events={name: tuple(part.events.tolist()) for name, part in parts.items()},
            budget={name: tuple(part.tolist()) for name, part in budget.items()},
            checks={
                check.selection: control_agreement(
                    data,
                    inputs,
                    card,
                    selection=check.selection,
                    low=check.low,
                    high=check.high,
                    n_kaon=at["n_kaon"],
                )
                for check in card.checks
            },
        ),
    )


def _scaled_runs(halo: Halo) -> tuple[ScaledControlRun, ...]:
    return tuple(
        ScaledControlRun(
            part,
            region.selection,
            region.low,
            region.high,
            *(float(column[0]) for column in (scale.value, scale.stat, scale.syst)),
        )
        for part, (region, scale) in halo.scales.items()
    )


def _estimate(task: Task, card: TemplateBackground) -> BackgroundEstimates:
    return template_estimates(
        task.spectrum,
        task.inputs,
        card,
        selections=task.selections,
        low=np.array([window.low for window in task.windows]),
        high=np.array([window.high for window in task.windows]),
        n_kaon=task.n_kaon,
        n_kaon_error=task.n_kaon_error,
    )


def _explain(estimates: BackgroundEstimates, i: int) -> str:
    made: TemplateDetails = estimates.details
    text = f"(stat {estimates.stat[i]:.4g}, syst {estimates.syst[i]:.4g}), from simulated {', '.join(made.errors)}"
    for run in made.control_runs:
        text += (
            f" and the control run ({run.part}) times {run.scale:.4g}, scaled with the {run.selection} cuts between "
            f"{run.low:g} and {run.high:g} MeV"
        )
    return text


METHOD = BackgroundMethod(
    card=TemplateBackground,
    details=TemplateDetails,
    estimate=_estimate,
    explain=_explain,
    statuses={
        "control-below-decays": StatusWord(
            "fewer events than decays expected where the control run is scaled: nothing of it is subtracted",
            sound=False,
        ),
    },
)
