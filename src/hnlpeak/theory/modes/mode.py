"""What the rest of the code knows about a decay mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured

__all__ = ["PARAMETERS", "Mode"]

PARAMETERS = 24
"""Length of every mode's parameter array, so that the parameters of several modes stack into one table."""


@dataclass(frozen=True)
class Mode:
    """One decay mode: the record in the mode's own file that says all the rest of the house asks of it.

    ``code`` is the number by which kernels know it (``dispatch``), ``label`` its name in words, ``latex`` in
    formulae (without dollar signs), ``colour`` that of its part of a stack. ``parent`` is the decaying meson, as
    ``theory.mesons`` calls it, and None where any meson will do; ``daughters`` are those of the primary decay
    (``l+``: any lepton), the charged ones as they are drawn. ``radiates`` says that inner bremsstrahlung comes on
    top; ``force_radiation`` returns, for a row of parameters, a share of the decays and an energy, the row with which
    that share radiates a photon above it and the weights of decays with and without one, ``force_spread`` the row with
    which that share has a lepton near either end of its spectrum and the decays' weights in their row 0; None where
    that cannot be forced.

    ``form_factors`` are numbers that ``pack`` takes by name, with the values that it has for them.

    ``branching_fraction`` is None where the mode's rate is not a number of nature (M -> l N: the simulation
    knows how it decays, never how often). ``pack`` returns the float64 array of length ``PARAMETERS`` that
    ``sample(rng, params, out)`` reads; ``sample`` writes the visible daughters into ``out`` (float64
    [MAX_DAUGHTERS, Daughter.WIDTH], meson rest frame, MeV) and returns how many rows it wrote. Row 0 is the
    charged lepton or positive pion of the primary decay.
    """

    code: int
    name: str
    label: str
    latex: str
    colour: str
    parent: str | None
    daughters: tuple[str, ...]
    branching_fraction: Measured | None
    pack: Callable[..., NDArray[np.float64]]
    sample: Callable[[np.random.Generator, NDArray[np.float64], NDArray[np.float64]], int]
    radiates: bool = False
    force_radiation: (
        Callable[[NDArray[np.float64], float, float], tuple[NDArray[np.float64], float, float]] | None
    ) = None
    force_spread: Callable[[NDArray[np.float64], float], NDArray[np.float64]] | None = None
    form_factors: tuple[tuple[str, float], ...] = ()
