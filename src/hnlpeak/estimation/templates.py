"""Simulated background by decay mode, put on one scale of kaon decays."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.core.sheet import sheet
from hnlpeak.spectrum.fixed_point import FIXED_POINT
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["background_per_kaon", "combine", "decays_that_fit", "seen"]

_ROOM = 2.0**62


def _parts(spectrum: Spectrum) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Sums of weights and of their squares [selection, bin] of the one source, and what brings them to fixed point."""
    w = spectrum.content[:, 0]
    return (w, w, FIXED_POINT) if spectrum.squares is None else (w, spectrum.squares[:, 0], 1.0)


def _largest(spectrum: Spectrum, fraction: float, decays: float) -> tuple[float, float]:
    """The largest number of the spectrum in fixed point as in ``decays`` decays, and the largest square."""
    w, w2, unit = _parts(spectrum)
    scale = fraction * spectrum.scaled_to(decays)
    value, square = (max(float(part.max(initial=0)), -float(part.min(initial=0))) for part in (w, w2))
    return value * unit * scale, square * unit * scale * scale


def _put(out: NDArray[np.int64], numbers: ArrayLike, *factors: float, least: int = 0) -> None:
    """Write ``numbers`` [selection, bin] times ``factors`` to ``out``; where they are zero it is left alone.

    None of the others becomes less than ``least`` (unless 0): 1 for squares, whose roots are errors.
    """
    for there, row in zip(out, np.asarray(numbers), strict=True):
        places = np.flatnonzero(row)
        scaled = row[places].astype(np.float64)
        for factor in factors:
            scaled *= factor
        rounded = np.rint(scaled).astype(np.int64)
        there[places] = np.maximum(rounded, least) if least else rounded


def decays_that_fit(samples: Mapping[str, tuple[Spectrum, float]], decays: float) -> float:
    """Return ``decays``, halved as often as it takes for the sums of ``combine`` to fit their integers.

    The squares of large weights do not at a large exposure; what is made of the templates scales with N_K anyway.
    """
    largest = [_largest(spectrum, fraction, decays) for spectrum, fraction in samples.values()]
    values, squares = (max(column) for column in zip(*largest, strict=True))
    excess = max(values / _ROOM, math.sqrt(squares / _ROOM), 1.0)
    return decays / 2.0 ** math.ceil(math.log2(excess))


def combine(samples: Mapping[str, tuple[Spectrum, float]], *, decays: float, label: str) -> Spectrum:
    """Return one weighted spectrum with a source for each mode, as expected in ``decays`` decays.

    ``samples`` maps modes to their spectrum (one source, all decays of that mode) and branching fraction.
    Raises ``UsageError`` where a spectrum does not know its number of decays, and where a sum is too large
    (see ``decays_that_fit``).
    """
    first = next(iter(samples.values()))[0]
    shape = (len(first.selections), len(samples), len(first.axis))
    values, squares = sheet(shape), sheet(shape)
    for place, (mode, (spectrum, fraction)) in enumerate(samples.items()):
        if not max(_largest(spectrum, fraction, decays)) < 2.0 * _ROOM:
            raise UsageError(f"{label}: weights of {mode} are too large for {decays:g} decays")
        w, w2, unit = _parts(spectrum)
        scale = fraction * spectrum.scaled_to(decays)
        _put(values[:, place], w, unit, scale)
        _put(squares[:, place], w2, unit, scale, scale, least=1)
    return Spectrum.from_weights(
        values,
        squares,
        selections=first.selections,
        components=list(samples),
        simulated=True,
        label=label,
        decays_in_fiducial=decays,
        axis=first.axis,
    )


def background_per_kaon(
    templates: Spectrum, *, selection: str, low: float, high: float, mode: str
) -> Measured:
    """Events of all modes but ``mode`` between two missing masses (MeV), per kaon decay, with their MC error."""
    others = [source for source in templates.components if source != mode]
    if templates.decays_in_fiducial is None:
        raise UsageError(f"templates {templates.label!r} do not say how many decays they stand for")
    if not others:
        return Measured(0.0, source="no other mode simulated")
    sums = templates.between(selection, low, high, components=others)
    decays = templates.decays_in_fiducial
    return Measured(
        float(sums.values) / decays,
        stat=math.sqrt(float(sums.variances)) / decays,
        source=f"simulated {', '.join(others)}",
    )


def seen(
    templates: Spectrum,
    factors: Mapping[str, float],
    control: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]] | None = None,
    *,
    source: str = "",
) -> Spectrum:
    """Weighted ``templates`` with each source of ``factors`` times its factor, and one more ``source`` where given.

    ``control`` holds the values and variances of that source, a bin each, for each selection. ``UsageError`` for
    templates that are counts.
    """
    if templates.squares is None:
        raise UsageError(f"templates {templates.label!r} hold counts, not weights")
    components = list(templates.components) + ([] if control is None else [source])
    shape = (len(templates.selections), len(components), len(templates.axis))
    values, squares = sheet(shape), sheet(shape)
    for place, name in enumerate(templates.components):
        factor = factors.get(name, 1.0)
        _put(values[:, place], templates.content[:, place], factor)
        _put(squares[:, place], templates.squares[:, place], factor**2, least=1)
    label = templates.label
    if control is not None:
        for k, out in enumerate((values, squares)):
            _put(out[:, -1], [control[name][k] for name in templates.selections], FIXED_POINT, least=k)
        label = f"{label}, {source} from a control run"
    return Spectrum.from_weights(
        values,
        squares,
        selections=templates.selections,
        components=components,
        simulated=templates.simulated,
        label=label,
        decays_in_fiducial=templates.decays_in_fiducial,
        axis=templates.axis,
    )
