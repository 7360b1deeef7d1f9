"""What numbers of the card do to a search: each is varied alone, and acceptances and background are simulated again.

The missing mass takes the mean beam of the nominal card, as where the card is wrong about the beam; a track fit that
knows the wrong resolution is not simulated. Both simulations begin with the same random streams, so that decays which
the variation does not touch are the same: the quoted errors do not know that and are upper bounds. Acceptances of
signals are those over that of the normalisation: N_K comes from the same data, and what moves both moves no limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.vary import scaled
from hnlpeak.studies.ablation import card_axes, quantities

__all__ = ["Shift", "Variation", "shifts", "usual_variations"]

_NORMALISATION = "acceptance of the normalisation"
_ACCEPTANCE = "acceptance at "


@dataclass(frozen=True)
class Variation:
    """A systematic uncertainty: its name, and factors of numbers of the experiment's card by their addresses."""

    name: str
    factors: Mapping[str, float]


@dataclass(frozen=True)
class Shift:
    """Relative change of a ``quantity`` (nominal value ``nominal``) by a variation, with its statistical error."""

    variation: str
    quantity: str
    nominal: float
    shift: float
    error: float

    def record(self) -> dict[str, Any]:
        """The row as JSON."""
        return vars(self).copy()


def usual_variations(analysis: Analysis) -> list[Variation]:
    """Return what is uncertain in any experiment: beam, intensity, resolution and matter of tracks, calorimeter."""
    detectors = analysis.experiment.card.detectors
    tracks = next(d.system for d in detectors if d.kind == "spectrometer")
    calorimeters = [d.system for d in detectors if d.kind == "calorimeter"]
    found = [
        Variation("beam momentum +0.05 %, or track momentum -0.05 %", {"beam.momentum": 1.0005}),
        Variation("beam momentum spread +10 %", {"beam.momentum_spread": 1.1}),
        Variation("beam divergence +10 %", {"beam.divergence_x": 1.1, "beam.divergence_y": 1.1}),
        Variation("intensity +50 %", {"beam.intensity_min": 1.5, "beam.intensity_max": 1.5}),
        Variation("track resolution +10 %", {f"detectors.{tracks}.view_resolution": 1.1}),
        Variation("track efficiency -1 %", {f"detectors.{tracks}.view_efficiency": 0.99}),
        Variation("matter of the chambers +10 %", {f"detectors.{tracks}.radiation_lengths": 1.1}),
    ]
    for system in calorimeters:
        found.append(Variation("energy scale +0.5 %", {f"detectors.{system}.energy_scale": 1.005}))
    return found


def shifts(
    analysis: Analysis, variations: list[Variation], context: RunContext, *, share: float
) -> Iterator[Shift]:
    """Yield the shift of each quantity by each of ``variations``; ``share`` of the sizes of the card's samples."""
    if not variations:
        raise UsageError("no variation is asked for")
    nominal = _relative(quantities(analysis, context, share=share, key="systematics"))
    for variation in variations:
        experiment = scaled(analysis.experiment, variation.factors)
        varied = replace(analysis, experiment=experiment)
        made = quantities(
            varied, context, share=share, key="systematics", axes=card_axes(analysis.experiment)
        )
        for quantity, after in _relative(made).items():
            before = nominal.get(quantity)
            if before is None or not before.value > 0.0:
                continue
            error = (after.stat**2 + (after.value / before.value * before.stat) ** 2) ** 0.5
            yield Shift(
                variation.name,
                quantity,
                before.value,
                after.value / before.value - 1.0,
                error / before.value,
            )


def _relative(found: Mapping[str, Measured]) -> dict[str, Measured]:
    """Acceptances of signals over that of the normalisation."""
    norm = found[_NORMALISATION]
    made = dict(found)
    for name, value in found.items():
        if not name.startswith(_ACCEPTANCE) or not norm.value > 0.0 or not value.value > 0.0:
            continue
        ratio = value.value / norm.value
        error = ratio * ((value.stat / value.value) ** 2 + (norm.stat / norm.value) ** 2) ** 0.5
        made[f"{name} over that of the normalisation"] = Measured(ratio, stat=error)
        del made[name]
    return made
