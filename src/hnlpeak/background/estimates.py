"""What every background method returns: b and its errors in the window of each mass hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np

from hnlpeak.core.records import Column, Vector, Words

__all__ = ["NO_ESTIMATE", "BackgroundDetails", "BackgroundEstimates", "StatusWord"]

NO_ESTIMATE = "no-estimate"
"""Status of a mass where a method has no number and no word for why."""
_MOST_EVENTS = 1e9
"""More in a window than any search has; sums over counts end there (``statistics.cls_marginal``)."""


@dataclass(frozen=True)
class StatusWord:
    """What a word in the status of a mass means; rows with a word that is not ``sound`` are not to be quoted."""

    meaning: str
    sound: bool = True


@dataclass(frozen=True, eq=False)
class BackgroundDetails:
    """What one method knows beyond b and its errors; each method has a record of its own, derived from this one."""

    method: str

    @property
    def relative_errors(self) -> Mapping[str, float]:
        """Relative error, common to all windows, of each component that b is the sum of; empty if it is no sum."""
        return {}

    def proportional(self, syst: Vector) -> Vector:
        """Return the part of ``syst`` (events) that keeps its size relative to b where there are more data."""
        return syst

    def repeated(self, stat: Vector, syst: Vector) -> tuple[Vector, Vector]:
        """Return what of the error of b is another in each repetition of one experiment, and what is the same in all.

        Repetitions have one truth and one simulation. Errors of what is the truth in both, as those of branching
        fractions, move neither: they are in neither part. Here all is taken to move.
        """
        return np.hypot(stat, syst), np.zeros_like(stat)

    def with_parts(self, parts: Mapping[str, tuple[float, ...]]) -> Self:
        """Return the same with further ``parts`` of the error of b (events at each mass); ``ValueError`` for no sum."""
        raise ValueError(f"the errors of method {self.method!r} have no parts, got {', '.join(parts)}")

    @property
    def components(self) -> Mapping[str, tuple[float, ...]]:
        """Events of each component of b in the window of each mass, as b counts them; empty if it is no sum."""
        return {}


@dataclass(frozen=True, eq=False)
class BackgroundEstimates:
    """Expected background in the window of each mass hypothesis, in events; NaN where there is no estimate.

    ``error`` is ``stat`` and ``syst`` in quadrature. ``leakage``: bias of b per event of the full signal peak.
    ``status`` per mass is ``ok`` or words for what is out of the ordinary, which are those of the method.
    """

    background: Annotated[Vector, Column("background")]
    error: Annotated[Vector, Column("background_error")]
    stat: Annotated[Vector, Column("background_stat")]
    syst: Annotated[Vector, Column("background_syst")]
    leakage: Annotated[Vector, Column("leakage")]
    status: Annotated[Words, Column("background_status")]
    details: Annotated[Any, Column("")]

    @classmethod
    def of(
        cls,
        background: Vector,
        *,
        stat: Vector,
        syst: Vector,
        leakage: Vector,
        status: Sequence[str],
        details: BackgroundDetails,
    ) -> BackgroundEstimates:
        """Return the estimates with the two errors in quadrature; all arrays have one number a mass.

        A mass without a number whose status is ``ok`` all the same gets the word ``no-estimate``. Estimates or errors
        of more events than any method of limits takes, as fits make that went wrong, are no numbers. ``ValueError``
        for arrays of other shapes.
        """
        words = np.array(status)
        for name, array in {"b": background, "stat": stat, "syst": syst, "leakage": leakage}.items():
            if np.shape(array) != words.shape:
                raise ValueError(
                    f"background method {details.method!r}: {name} has the shape {np.shape(array)}, "
                    f"the status {words.shape}"
                )
        error = np.hypot(stat, syst)
        beyond = np.maximum(np.abs(background), error) > _MOST_EVENTS
        background, error, stat, syst, leakage = (
            np.where(beyond, np.nan, values) for values in (background, error, stat, syst, leakage)
        )
        missing = (words == "ok") & ~(np.isfinite(background) & np.isfinite(error))
        words = np.where(missing, NO_ESTIMATE, words)
        return cls(background, error, stat, syst, leakage, words, details)
