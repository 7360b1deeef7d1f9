"""The background method ``sideband``: a smooth function fitted beside each window (see ``sideband_fit``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictInt, model_validator

from hnlpeak.background.bands import shape_design, sideband_design, touched
from hnlpeak.background.card import BackgroundCard
from hnlpeak.background.estimates import BackgroundDetails, BackgroundEstimates, StatusWord
from hnlpeak.background.functions import Family, OrderChoice, SidebandModel
from hnlpeak.background.method import BackgroundMethod, SmoothBackground, Task
from hnlpeak.background.sideband_fit import fit_sidebands, goodness_of_fit
from hnlpeak.core.quantity import Energy, Positive
from hnlpeak.core.records import Column, Key, Vector
from hnlpeak.spectrum.window import Window

__all__ = ["METHOD", "SidebandBackground", "SidebandDetails"]


class SidebandBackground(BackgroundCard):
    """Background from side bands: a function of ``order`` fitted between ``inner`` and ``outer`` resolutions.

    ``family``: a polynomial or the exponential of one. Functions of further orders, among them ``alternative_order``,
    and of the other family are fitted beside it and give the systematic error. ``order_choice``: b is the "average" of
    all, weighted by how well they fit, or that of the function itself ("fixed"), or of the order up to ``order`` with
    the least deviance + 2 (number of parameters) ("akaike"). Bands stay between ``low_limit`` and ``high_limit``.
    """

    method: Literal["sideband"]
    family: Family = "polynomial"
    order_choice: OrderChoice = "average"
    order: Annotated[StrictInt, Field(ge=0, le=5)]
    alternative_order: Annotated[StrictInt, Field(ge=0, le=5)]
    inner: Positive
    outer: Positive
    low_limit: Energy
    high_limit: Energy

    def smooth_range(self) -> tuple[float, float]:
        """Return the range of the side bands, MeV."""
        return self.low_limit, self.high_limit

    @model_validator(mode="after")
    def _bands(self) -> Self:
        if not self.inner < self.outer:
            raise ValueError(f"empty side bands: inner = {self.inner:g} is not below outer = {self.outer:g}")
        if not self.low_limit < self.high_limit:
            raise ValueError("empty range: low_limit is not below high_limit")
        if self.alternative_order == self.order:
            raise ValueError(
                f"alternative_order = {self.order} is the order itself: it would give no systematic error"
            )
        return self


@dataclass(frozen=True, eq=False)
class SidebandDetails(BackgroundDetails):
    """How side bands were fitted: the card's choices, and at each mass the fit (see ``SidebandEstimates``).

    ``fit_p_value``: probability of a larger deviance. ``own_weight`` of the card's function among those tried,
    ``shift`` of b between it and them, ``spread`` of b among them, in events.
    """

    family: str
    order_choice: str
    order: int
    alternative_order: int
    inner: float
    outer: float
    low_limit: Annotated[float, Key("low_limit_mev")]
    high_limit: Annotated[float, Key("high_limit_mev")]
    used_order: Annotated[Vector, Column("background_order")]
    alternative: Annotated[Vector, Column("background_alternative")]
    events: Annotated[Vector, Column("sideband_events")]
    deviance: Annotated[Vector, Column("sideband_deviance")]
    degrees_of_freedom: Annotated[Vector, Column("sideband_degrees_of_freedom")]
    fit_p_value: Annotated[Vector, Column("sideband_fit_p_value")]
    own_weight: Annotated[Vector, Column("background_own_weight")]
    shift: Annotated[Vector, Column("background_shift")]
    spread: Annotated[Vector, Column("background_spread")]

    def proportional(self, syst: Vector) -> Vector:
        """The differences between functions; the rest is statistics of their further parameters."""
        return np.minimum(self.spread, syst)


def _estimate(task: Task, card: SidebandBackground) -> BackgroundEstimates:
    names = sorted(set(task.selections))
    counts = [task.spectrum.project(name).values for name in names]
    fits = fit_sidebands(
        sideband_design(task.windows, task.spectrum.edges, card, task.masked),
        np.array([np.concatenate([[0.0], np.cumsum(values)]) for values in counts]),
        np.array([names.index(name) for name in task.selections], dtype=np.int64),
        order=card.order,
        alternative_order=card.alternative_order,
        family=card.family,
        order_choice=card.order_choice,
    )
    return BackgroundEstimates.of(
        fits.background,
        stat=fits.stat,
        syst=fits.syst,
        leakage=fits.leakage,
        status=_status(task, card, fits.status),
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
            used_order=fits.order,
            alternative=fits.alternative,
            events=fits.events,
            deviance=fits.deviance,
            degrees_of_freedom=fits.degrees_of_freedom,
            fit_p_value=goodness_of_fit(fits.deviance, fits.degrees_of_freedom),
            own_weight=fits.own_weight,
            shift=fits.shift,
            spread=fits.spread,
        ),
    )


def _status(task: Task, card: SidebandBackground, status: Sequence[str]) -> list[str]:
    """The words of the fits, and that a peak was masked."""
    masked = touched(task.windows, task.spectrum.edges, card, task.masked)
    said = [[] if words == "ok" else [words] for words in status]
    return [
        " ".join([*words, *(["peak-masked"] if peak else [])]) or "ok"
        for words, peak in zip(said, masked, strict=True)
    ]


def _explain(estimates: BackgroundEstimates, i: int) -> str:
    fit: SidebandDetails = estimates.details
    made = "average of functions" if fit.order_choice == "average" else "one function"
    return (
        f"(stat {estimates.stat[i]:.4g}, choice of function {estimates.syst[i]:.4g}), {made} led by order "
        f"{fit.used_order[i]:g}, from {fit.events[i]:g} events in the side bands, "
        f"chi2/dof {fit.deviance[i]:.4g}/{fit.degrees_of_freedom[i]:g}"
    )


def _smooth(
    card: SidebandBackground,
    windows: Sequence[Window],
    edges: NDArray[np.float64],
    masked: Sequence[tuple[float, float]],
) -> SmoothBackground:
    return SmoothBackground(
        sideband_design(windows, edges, card, masked),
        shape_design(windows, edges, card),
        SidebandModel(card.order, card.alternative_order, card.family, card.order_choice),
    )


METHOD = BackgroundMethod(
    card=SidebandBackground,
    details=SidebandDetails,
    estimate=_estimate,
    explain=_explain,
    statuses={
        "order-lowered": StatusWord(
            "too few events in the side bands for the order of the card: a lower one is used"
        ),
        "one-sided": StatusWord(
            "the limits of the card leave only one side band: the background is extrapolated"
        ),
        "short-side-band": StatusWord(
            "one side band is shorter than two resolutions: the background is nearly extrapolated"
        ),
        "peak-masked": StatusWord("a significant peak in the side bands was left out of their fit"),
        "function-matters": StatusWord(
            "the side bands prefer other functions than the card's, which move the background by more than its "
            "statistical error"
        ),
        "no-side-bands": StatusWord("no side bands, so no estimate of the background", sound=False),
        "poor-fit": StatusWord("the function does not fit the side bands (p below 1e-4)", sound=False),
    },
    smooth=_smooth,
)
