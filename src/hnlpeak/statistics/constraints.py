"""What is known of a nuisance parameter (background, efficiency): the type says how it enters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.arguments import finite, not_negative

__all__ = ["Gaussian", "Known", "background_numbers", "efficiency_numbers"]


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
        not_negative("sigma", self.sigma)


def background_numbers(background: Known | Gaussian) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(b, sigma_b) of a background, sigma 0 where known; UsageError where it is negative and certain."""
    b, sigma = _value_and_sigma("background", background)
    if np.any((b < 0.0) & (sigma == 0.0)):
        raise UsageError(f"background must be >= 0 where it has no uncertainty, got {b.min():g}")
    return b, sigma


def efficiency_numbers(efficiency: Known | Gaussian) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(e, sigma_e / e) of an efficiency; UsageError where it is not positive."""
    e, sigma = _value_and_sigma("efficiency", efficiency)
    if np.any(e <= 0.0):
        raise UsageError(f"efficiency must be > 0, got {e.min():g}")
    return e, sigma / e


def _value_and_sigma(
    name: str, constraint: Known | Gaussian
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if isinstance(constraint, Known):
        return finite(name, constraint.value), np.zeros(())
    if isinstance(constraint, Gaussian):
        return finite(name, constraint.value), finite(name, constraint.sigma)
    raise UsageError(f"{name} must be Known(value) or Gaussian(value, sigma), got {constraint!r}")
