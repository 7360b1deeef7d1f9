"""Trigger decisions from the bits of detector systems and the number of chambers crossed."""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import inlined

__all__ = ["accidental_veto", "level_passes", "multiplicity_passes"]


@inlined
def level_passes(bits: int, require: int, veto: int) -> bool:
    """True where all systems of ``require`` and none of ``veto`` have a signal (bit masks)."""
    return (bits & require) == require and (bits & veto) == 0


@inlined
def multiplicity_passes(crossings: int, least: int, most: int) -> bool:
    """True where the chamber crossings of all charged particles together lie within ``least`` and ``most``."""
    return least <= crossings <= most


@inlined
def accidental_veto(rate: float, intensity: float, rng: np.random.Generator) -> bool:
    """True where an accidental signal of a veto system falls into the window; ``rate`` is signals per window."""
    return rate > 0.0 and rng.random() < -math.expm1(-rate * intensity)
