"""What the background in each window is made of, from the simulated modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.records import Column, Vector
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["ENOUGH", "TemplateStatistics", "effective_events", "template_statistics", "window_composition"]

ENOUGH = 10.0
"""Templates with this many times the data's statistics add 5 % to the statistical error of the data."""


@dataclass(frozen=True, eq=False)
class TemplateStatistics:
    """What simulated decays of all modes together stand behind each window.

    ``effective`` events (sum w)^2 / sum w^2, and how many times the ``expected`` events of the data they are; both 0
    where templates have no event.
    """

    effective: Annotated[Vector, Column("template_events")]
    over_data: Annotated[Vector, Column("template_events_over_data")]


def effective_events(sums: Vector, squares: Vector) -> Vector:
    """Return (sum w)^2 / sum w^2, 0 where there is no event."""
    some = squares > 0.0
    return np.where(some, sums**2 / np.where(some, squares, 1.0), 0.0)


def template_statistics(
    templates: Spectrum, *, selections: Sequence[str], low: Vector, high: Vector, decays: Vector
) -> TemplateStatistics:
    """Return what ``templates`` hold in each window [low, high] (MeV) beside data of ``decays`` decays.

    All sequences have one entry a window.
    """
    sums, squares = templates.between(selections, low, high)
    effective = effective_events(sums, squares)
    expected = decays * templates.scaled_to(1.0) * sums
    over = np.where(expected > 0.0, effective / np.where(expected > 0.0, expected, 1.0), 0.0)
    return TemplateStatistics(effective, over)


def window_composition(
    templates: Spectrum,
    *,
    selections: Sequence[str],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    decays: float,
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Events expected in ``decays`` decays by source, and their MC errors, in each window [low, high] (MeV).

    ``selections`` names the selection of each window; arrays have one entry a window.
    """
    scale = templates.scaled_to(decays)
    parts = {
        name: templates.between(selections, low, high, components=[name]) for name in templates.components
    }
    return {
        name: (scale * sums.values, scale * np.sqrt(np.maximum(sums.variances, 0.0)))
        for name, sums in parts.items()
    }
