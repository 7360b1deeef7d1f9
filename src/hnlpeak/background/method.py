"""What a background method is for the rest of the house: one record, made in the method's own file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.card import BackgroundCard
from hnlpeak.background.estimates import BackgroundDetails, BackgroundEstimates, StatusWord
from hnlpeak.background.functions import SidebandModel
from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import Window

__all__ = ["BackgroundMethod", "SmoothBackground", "Task"]

Vector = NDArray[np.float64]
Masks = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Task:
    """What a method works on: the spectrum, each hypothesis' window, selection and N_K, and further inputs.

    ``masked`` ranges (MeV) hold what looks like a signal; a method that estimates b from the spectrum leaves them out.
    """

    spectrum: Spectrum
    windows: Sequence[Window]
    selections: Sequence[str]
    n_kaon: Vector
    n_kaon_error: Vector
    inputs: BackgroundInputs | None = None
    masked: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class SmoothBackground:
    """A background that is a smooth function about each mass: it can be drawn as toys and fitted under a peak.

    ``bands`` beside each window, ``whole`` bands with the window inside, ``model``: the functions.
    """

    bands: SidebandDesign
    whole: SidebandDesign
    model: SidebandModel


@dataclass(frozen=True)
class BackgroundMethod:
    """``card`` is its table ``[background]``, ``details`` the record of what it knows beyond b and its errors.

    ``estimate(task, card)`` gives b in every window and raises ``UsageError`` for missing inputs. ``explain(estimates,
    i)`` says where that of hypothesis ``i`` comes from, ``statuses`` what its status words mean.
    ``smooth(card, windows, edges, masked)`` is there where the background is smooth: only then are there toys, a fit of
    the peak's shape, and masks.
    """

    card: type[BackgroundCard]
    details: type[BackgroundDetails]
    estimate: Callable[[Task, Any], BackgroundEstimates]
    explain: Callable[[BackgroundEstimates, int], str]
    statuses: Mapping[str, StatusWord]
    smooth: Callable[[Any, Sequence[Window], Vector, Masks], SmoothBackground] | None = None
