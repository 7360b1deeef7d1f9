"""Simulated background by decay mode, put on one scale of kaon decays."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.spectrum.fixed_point import FIXED_POINT
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["background_per_kaon", "combine", "decays_that_fit", "times", "with_control"]

_ROOM = 2.0**62


def _fixed(
    spectrum: Spectrum, fraction: float, decays: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of weights and of their squares of one source in units of fixed point, as in ``decays`` decays."""
    scale = fraction * spectrum.scaled_to(decays)
    if spectrum.fixed is None:
        w = w2 = np.asarray(spectrum.histogram.values(), dtype=np.float64)[:, 0] * FIXED_POINT
    else:
        w, w2 = (part[:, 0].astype(np.float64) for part in spectrum.fixed)
    return w * scale, w2 * scale * scale


def decays_that_fit(samples: Mapping[str, tuple[Spectrum, float]], decays: float) -> float:
    """Return ``decays``, halved as often as it takes for the sums of ``combine`` to fit their integers.

    The squares of large weights do not at a large exposure; what is made of the templates scales with N_K anyway.
    """
    largest = [
        [float(np.max(np.abs(part), initial=0.0)) for part in _fixed(spectrum, fraction, decays)]
        for spectrum, fraction in samples.values()
    ]
    values, squares = (max(column) for column in zip(*largest, strict=True))
    excess = max(values / _ROOM, math.sqrt(squares / _ROOM), 1.0)
    return decays / 2.0 ** math.ceil(math.log2(excess))


def combine(samples: Mapping[str, tuple[Spectrum, float]], *, decays: float, label: str) -> Spectrum:
    """Return one weighted spectrum with a source for each mode, as expected in ``decays`` decays.

    ``samples`` maps modes to their spectrum (one source, all decays of that mode) and branching fraction.
    Raises ``UsageError`` where a spectrum does not know its number of decays, and where a sum is too large
    (see ``decays_that_fit``).
    """
    values: list[NDArray[np.int64]] = []
    squares: list[NDArray[np.int64]] = []
    for mode, (spectrum, fraction) in samples.items():
        for parts, scaled in zip((values, squares), _fixed(spectrum, fraction, decays), strict=True):
            if not np.all(np.abs(scaled) < 2.0 * _ROOM):
                raise UsageError(f"{label}: weights of {mode} are too large for {decays:g} decays")
            parts.append(np.rint(scaled).astype(np.int64))
    first = next(iter(samples.values()))[0]
    return Spectrum.from_weights(
        np.stack(values, axis=1),
        np.stack(squares, axis=1),
        selections=first.selections,
        sources=list(samples),
        simulated=True,
        label=label,
        decays_in_fiducial=decays,
        axis=first.histogram.axes["m_miss"],
    )


def background_per_kaon(
    templates: Spectrum, *, selection: str, low: float, high: float, mode: str
) -> Measured:
    """Events of all modes but ``mode`` between two missing masses (MeV), per kaon decay, with their MC error."""
    others = [source for source in templates.sources if source != mode]
    if templates.decays_in_fiducial is None:
        raise UsageError(f"templates {templates.label!r} do not say how many decays they stand for")
    if not others:
        return Measured(0.0, source="no other mode simulated")
    sums = templates.between(selection, low, high, sources=others)
    decays = templates.decays_in_fiducial
    return Measured(
        float(sums.values) / decays,
        stat=math.sqrt(float(sums.variances)) / decays,
        source=f"simulated {', '.join(others)}",
    )


def times(spectrum: Spectrum, factors: Mapping[str, float]) -> Spectrum:
    """A weighted ``spectrum`` with each source of ``factors`` times its factor."""
    if spectrum.fixed is None:
        raise UsageError(f"templates {spectrum.label!r} hold counts, not weights")
    by_source = np.array([factors.get(source, 1.0) for source in spectrum.sources])[None, :, None]
    values, squares = (
        np.rint(part * factor).astype(np.int64)
        for part, factor in zip(spectrum.fixed, (by_source, by_source**2), strict=True)
    )
    return Spectrum.from_weights(
        values,
        squares,
        selections=spectrum.selections,
        sources=list(spectrum.sources),
        simulated=spectrum.simulated,
        label=spectrum.label,
        decays_in_fiducial=spectrum.decays_in_fiducial,
        axis=spectrum.histogram.axes["m_miss"],
    )


def with_control(
    templates: Spectrum,
    control: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    *,
    source: str,
) -> Spectrum:
    """``templates`` with one more source: ``control`` holds its values and variances a bin for each selection."""
    if templates.fixed is None:
        raise UsageError(f"templates {templates.label!r} hold counts, not weights")
    added = [
        np.stack([np.rint(control[name][k] * FIXED_POINT).astype(np.int64) for name in templates.selections])
        for k in range(2)
    ]
    values, squares = (
        np.concatenate([old, new[:, None]], axis=1) for old, new in zip(templates.fixed, added, strict=True)
    )
    return Spectrum.from_weights(
        values,
        squares,
        selections=templates.selections,
        sources=[*templates.sources, source],
        simulated=True,
        label=f"{templates.label}, {source} from a control run",
        decays_in_fiducial=templates.decays_in_fiducial,
        axis=templates.histogram.axes["m_miss"],
    )
