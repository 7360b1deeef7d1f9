"""Arguments become checked float64 arrays; what is wrong with them is said by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError

__all__ = ["MOST_EVENTS", "control_events", "events", "finite", "not_negative", "positive", "table"]

MOST_EVENTS = 1e14
"""Largest count, background or error of one: beyond it a float does not hold the difference of two counts."""
_MOST_CONTROL_EVENTS = 1e16


def finite(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """``value`` as float64 array; UsageError unless all of it is finite numbers."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} must be a number or an array of numbers, got {value!r}") from error
    if not np.all(np.isfinite(array)):
        raise UsageError(f"{name} must be finite, got {array[~np.isfinite(array)].flat[0]:g}")
    return array


def not_negative(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """As :func:`finite`, and UsageError for anything below zero."""
    array = finite(name, value)
    if np.any(array < 0.0):
        raise UsageError(f"{name} must be >= 0, got {array.min():g}")
    return array


def events(name: str, value: ArrayLike, *, negative: bool = False) -> NDArray[np.float64]:
    """As :func:`not_negative` (unless ``negative``), and UsageError for more than 1e14 events."""
    array = finite(name, value) if negative else not_negative(name, value)
    if np.any(np.abs(array) > MOST_EVENTS):
        raise UsageError(f"{name} must be at most {MOST_EVENTS:g}, got {np.abs(array).max():g}")
    return array


def control_events(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """As :func:`not_negative`, and UsageError for more than 1e16 events of a control region."""
    array = not_negative(name, value)
    if np.any(array > _MOST_CONTROL_EVENTS):
        raise UsageError(f"{name} must be at most {_MOST_CONTROL_EVENTS:g}, got {array.max():g}")
    return array


def positive(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """As :func:`finite`, and UsageError for anything that is not above zero."""
    array = finite(name, value)
    if np.any(array <= 0.0):
        raise UsageError(f"{name} must be > 0, got {array.min():g}")
    return array


def table(*columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns broadcast to one shape, stacked along a new first axis: always a fresh contiguous array.

    Raises UsageError where the shapes do not broadcast.
    """
    try:
        shape = np.broadcast_shapes(*(column.shape for column in columns))
    except ValueError as error:
        shapes = ", ".join(str(column.shape) for column in columns if column.shape)
        raise UsageError(f"arrays of shapes {shapes} do not broadcast to one shape") from error
    stacked = np.empty((len(columns), *shape))
    for i, column in enumerate(columns):
        stacked[i] = column
    return stacked
