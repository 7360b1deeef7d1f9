"""What is known of a nuisance parameter (background, efficiency): the type says how it enters.

Numbers or arrays, which broadcast. Every class raises UsageError, naming the field, for what makes no sense.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.arguments import MOST_EVENTS, control_events, events, finite, not_negative, positive

__all__ = [
    "Background",
    "Binomial",
    "Efficiency",
    "Gaussian",
    "Known",
    "Poisson",
    "background_numbers",
    "efficiency_numbers",
]


@dataclass(frozen=True, eq=False)
class Known:
    """A parameter without uncertainty. ``value`` is a number or an array (one per element)."""

    value: ArrayLike

    def __post_init__(self) -> None:
        finite("value", self.value)


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A parameter measured as ``value`` with a normal error of standard deviation ``sigma`` >= 0.

    The true parameter is not restricted to positive values.
    """

    value: ArrayLike
    sigma: ArrayLike

    def __post_init__(self) -> None:
        finite("value", self.value)
        not_negative("sigma", self.sigma)


@dataclass(frozen=True, eq=False)
class Poisson:
    """A background b measured by ``y`` events of a control region, y ~ Poisson(tau b); estimate y / tau.

    ``tau`` > 0 is the exposure of the control region over that of the signal region; ``y`` >= 0 may be any
    real number.
    """

    y: ArrayLike
    tau: ArrayLike

    def __post_init__(self) -> None:
        control_events("y", self.y)
        tau = positive("tau", self.tau)
        if np.any((tau < 1.0 / MOST_EVENTS) | (tau > MOST_EVENTS)):
            raise UsageError(f"tau must lie between 1e-14 and 1e14, got {self.tau!r}")


@dataclass(frozen=True, eq=False)
class Binomial:
    """An efficiency e measured by ``z`` of ``m`` trials, z ~ Binomial(m, e); estimate z / m.

    0 < z <= m; real numbers are allowed. With z = 0 there is no scale for the signal rate.
    """

    z: ArrayLike
    m: ArrayLike

    def __post_init__(self) -> None:
        z, m = positive("z", self.z), positive("m", self.m)
        try:
            beyond = np.any(z > m)
        except ValueError as error:
            raise UsageError(f"z and m of shapes {z.shape}, {m.shape} do not broadcast") from error
        if beyond:
            raise UsageError(f"z must be <= m, got z = {self.z!r} and m = {self.m!r}")


_SMALLEST = 1e-100
Background = Known | Gaussian | Poisson
Efficiency = Known | Gaussian | Binomial


def background_numbers(background: Background) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(b, sigma_b) of a background known or Gaussian, sigma 0 where known.

    Raises UsageError where it is negative and certain, and for a background of another kind.
    """
    if not isinstance(background, Known | Gaussian):
        raise UsageError(f"background must be Known(value) or Gaussian(value, sigma), got {background!r}")
    b, sigma = _value_and_sigma("background", background)
    events("background", b, negative=True)
    events("error of the background", sigma)
    if np.any((b < 0.0) & (sigma == 0.0)):
        raise UsageError(f"background must be >= 0 where it has no uncertainty, got {b.min():g}")
    return b, sigma


def efficiency_numbers(efficiency: Efficiency) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(e, sigma_e / e) of an efficiency known or Gaussian.

    Raises UsageError where it is not positive, and for an efficiency of another kind.
    """
    if not isinstance(efficiency, Known | Gaussian):
        raise UsageError(f"efficiency must be Known(value) or Gaussian(value, sigma), got {efficiency!r}")
    e, sigma = _value_and_sigma("efficiency", efficiency)
    if np.any(e <= 0.0):
        raise UsageError(f"efficiency must be > 0, got {e.min():g}")
    # numbers of signal events are divided by it: they stay within the floats
    if np.any((e < _SMALLEST) | (e > 1.0 / _SMALLEST) | (sigma > e / _SMALLEST)):
        raise UsageError(
            f"efficiency must lie between 1e-100 and 1e100, and its error not above 1e100 of it, got {e.min():g}"
        )
    return e, sigma / e


def _value_and_sigma(
    name: str, constraint: Known | Gaussian
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sigma = constraint.sigma if isinstance(constraint, Gaussian) else 0.0
    return finite(name, constraint.value), finite(name, sigma)
