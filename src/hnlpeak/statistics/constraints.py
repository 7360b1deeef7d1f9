"""What is known of a nuisance parameter (background, efficiency): the type says how it enters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hnlpeak.core.errors import UsageError

__all__ = ["Gaussian", "Known"]


@dataclass(frozen=True, eq=False)
class Known:
    """A parameter without uncertainty. ``value`` is a number or an array (one per element)."""

    value: ArrayLike

    def __post_init__(self) -> None:
        finite("value", self.value)


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A parameter measured as ``value`` with a normal error of standard deviation ``sigma`` >= 0.

    The true parameter is not restricted to positive values. Numbers or arrays, which broadcast.

    Raises UsageError for a negative, infinite or undefined ``sigma``, or an infinite or undefined ``value``.
    """

    value: ArrayLike
    sigma: ArrayLike

    def __post_init__(self) -> None:
        finite("value", self.value)
        sigma = finite("sigma", self.sigma)
        if np.any(sigma < 0.0):
            raise UsageError(f"sigma must be >= 0, got {sigma.min():g}")


def finite(name: str, value: ArrayLike) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """``value`` as float64 array; UsageError that names the argument unless all of it is finite numbers."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} must be a number or an array of numbers, got {value!r}") from error
    if not np.all(np.isfinite(array)):
        raise UsageError(f"{name} must be finite, got {array[~np.isfinite(array)].flat[0]:g}")
    return array
