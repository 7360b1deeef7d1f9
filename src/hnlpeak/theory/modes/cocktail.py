"""Which mode a meson decays to: probabilities from branching fractions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.theory.modes.registry import MODES

__all__ = ["Cocktail", "cocktail", "draw_mode"]


@dataclass(frozen=True)
class Cocktail:
    """Background modes mixed by branching fraction.

    ``probabilities`` sum to 1: the branching fractions divided by their sum ``closure``, which says how much
    of all decays the list covers. ``codes`` and ``parameters`` (a row each) are what ``sample_mode`` reads.
    """

    names: tuple[str, ...]
    probabilities: NDArray[np.float64]
    closure: float
    codes: NDArray[np.int64]
    parameters: NDArray[np.float64]

    @property
    def cumulative(self) -> NDArray[np.float64]:
        """Running sums of the probabilities, the last exactly 1, as ``draw_mode`` reads them."""
        sums = np.cumsum(self.probabilities)
        sums[-1] = 1.0
        return sums


def cocktail(names: Sequence[str]) -> Cocktail:
    """The named modes mixed by branching fraction.

    Raises UsageError for an empty list, a repeated or unknown name, or a mode without branching fraction.
    """
    if len(names) == 0 or len(set(names)) != len(names):
        raise UsageError(f"modes of the cocktail: got {list(names)}, need at least one and none twice")
    fractions = []
    for name in names:
        measured = MODES[name].branching_fraction if name in MODES else None
        if measured is None:
            allowed = ", ".join(key for key, mode in MODES.items() if mode.branching_fraction is not None)
            raise UsageError(f"mode of the cocktail: got {name!r}, allowed are {allowed}")
        fractions.append(measured.value)
    values = np.array(fractions)
    closure = float(values.sum())
    return Cocktail(
        names=tuple(names),
        probabilities=values / closure,
        closure=closure,
        codes=np.array([MODES[name].code for name in names], dtype=np.int64),
        parameters=np.stack([MODES[name].pack() for name in names]),
    )


@kernel
def draw_mode(rng: np.random.Generator, cumulative: NDArray[np.float64]) -> int:
    """Index of a mode drawn with the given running sums; quickest where likely modes come first."""
    u = rng.random()
    i = 0
    while u >= cumulative[i]:
        i += 1
    return i
