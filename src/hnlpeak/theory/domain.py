"""What every function of the room accepts: masses in MeV, lepton names, mixing parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.particles import particle

__all__ = [
    "LEPTON_MASS",
    "FloatArray",
    "T",
    "checked",
    "lepton_mass",
    "mixing",
    "one_number",
    "one_of",
    "scalar_or_array",
]

FloatArray = NDArray[np.float64]
T = TypeVar("T", float, FloatArray)
"""A number or an array: what goes in comes out."""

LEPTON_MASS: dict[str, float] = {
    name: particle(number).mass for name, number in (("e", 11), ("mu", 13), ("tau", 15))
}
"""Masses of charged leptons in MeV."""


def one_of(what: str, name: str, allowed: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return ``name`` if it is one of ``allowed``; raise ``UsageError`` with the list otherwise."""
    if name not in allowed:
        raise UsageError(f"unknown {what} {name!r}: choose from {', '.join(allowed)}")
    return name


def lepton_mass(lepton: str) -> float:
    """Return the mass of the charged lepton ``"e"``, ``"mu"`` or ``"tau"`` in MeV."""
    return LEPTON_MASS[one_of("lepton", lepton, LEPTON_MASS)]


def checked(
    what: str,
    values: ArrayLike,
    *,
    low: float = 0.0,
    high: float = np.inf,
    low_allowed: bool = True,
    why: str = "",
) -> FloatArray:
    """Return ``values`` as finite doubles in [low, high] or (low, high]; ``UsageError`` otherwise."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{what} must be a number or an array of numbers, got {values!r}") from None
    good = np.isfinite(array) & ((array >= low) if low_allowed else (array > low)) & (array <= high)
    if not np.all(good):
        worst = float(array[~good].flat[0])
        upper = "infinity)" if np.isinf(high) else f"{high:.10g}]"
        raise UsageError(
            f"{what} must lie in {'[' if low_allowed else '('}{low:g}, {upper}{why}, got {worst:g}"
        )
    return array


def one_number(
    what: str, value: float, *, low: float = 0.0, high: float = np.inf, low_allowed: bool = True
) -> float:
    """Return ``value`` if it is one number in the range of :func:`checked`; ``UsageError`` otherwise."""
    array = checked(what, value, low=low, high=high, low_allowed=low_allowed)
    if array.ndim:
        raise UsageError(f"{what} must be one number, got an array of {array.size}")
    return float(array)


def mixing(u2: Mapping[str, float]) -> dict[str, float]:
    """Return |U_l4|^2 by flavour; ``UsageError`` for unknown flavours and unless 0 <= each <= sum <= 1."""
    if not isinstance(u2, Mapping):
        raise UsageError(f"u2 must map flavours to |U|^2, such as {{'e': 1e-4}}, got {u2!r}")
    values = {
        one_of("flavour", name, LEPTON_MASS): one_number(f"|U_{name}4|^2", value, high=1.0)
        for name, value in u2.items()
    }
    if sum(values.values()) > 1.0 + 1e-12:
        raise UsageError(
            f"the mixing matrix is unitary: |U|^2 must sum to at most 1, got {sum(values.values()):g}"
        )
    return values


def scalar_or_array(result: FloatArray, like: T) -> T:
    """Return a float for a result without axes, the array itself otherwise; ``like`` only types it."""
    del like
    return cast(T, float(result) if np.ndim(result) == 0 else result)
