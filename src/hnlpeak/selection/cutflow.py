"""How many candidates pass the cuts one after the other, and how many fail nothing but one cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cutflow"]


@dataclass(frozen=True, eq=False)
class Cutflow:
    """Candidates after each cut of one selection, by source.

    ``passed[source, step]`` holds the candidates before any cut (step 0) and after each of ``cuts``;
    ``only_failed[source, cut]`` those that fail this cut and no other, so that the number without the cut (N - 1)
    is ``passed[:, -1] + only_failed``. Counts for data, sums of weights for weighted samples. ``decays`` is the
    number of decays in the fiducial volume behind them and ``triggered`` those that triggered with a track.

    Of simulated decays that a veto had ended only one in ``every`` may have been followed to the end; the first
    ``estimated`` rows, from step 0 on, count those ``every`` times. All others are complete.
    """

    selection: str
    cuts: tuple[str, ...]
    components: tuple[str, ...]
    passed: NDArray[np.float64]
    only_failed: NDArray[np.float64]
    decays: float | None = None
    every: int = 1
    estimated: int = 0

    def share(self, step: int) -> float:
        """Share of the vetoed decays that stands for all of them in the row of a step; 1 in complete rows."""
        return 1.0 / self.every if step < self.estimated else 1.0

    def without(self, cut: str) -> float:
        """Candidates that pass all cuts but possibly ``cut``, summed over components."""
        position = self.cuts.index(cut)
        return float(self.passed[:, -1].sum() + self.only_failed[:, position].sum())

    def rows(self) -> list[dict[str, float | str]]:
        """One row a step: selection, cut, passed, fraction of the step before, N - 1, share of vetoed decays."""
        totals = self.passed.sum(axis=0)
        rows: list[dict[str, float | str]] = [
            {
                "selection": self.selection,
                "cut": "candidates",
                "passed": totals[0],
                "fraction": 1.0,
                "n_minus_one": totals[-1],
                "share": self.share(0),
            }
        ]
        for step, cut in enumerate(self.cuts, start=1):
            fraction = totals[step] / totals[step - 1] if totals[step - 1] > 0.0 else 0.0
            rows.append(
                {
                    "selection": self.selection,
                    "cut": cut,
                    "passed": totals[step],
                    "fraction": fraction,
                    "n_minus_one": self.without(cut),
                    "share": self.share(step),
                }
            )
        return rows
