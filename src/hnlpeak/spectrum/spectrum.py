"""The missing-mass spectrum: one record for data, simulation and a user's own histogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import hist
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.display import facts_html, rows_html, short
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.spectrum.axis import m_miss_axis
from hnlpeak.spectrum.fixed_point import add_fixed, from_fixed, squares_to_fixed, sum_fixed, to_fixed
from hnlpeak.spectrum.foreign import (
    check_edges,
    check_size,
    counts_of,
    edges_of_axis,
    variable_axis,
    weights_of,
)

__all__ = ["ANY_SELECTION", "Projection", "Spectrum", "Sums"]

ANY_SELECTION = "any"
"""Name of the only selection of a user's one-dimensional histogram: it serves every hypothesis."""


class Projection(NamedTuple):
    """One selection summed over components: bin ``edges`` (MeV, n + 1), ``values`` and ``variances`` (n)."""

    edges: NDArray[np.float64]
    values: NDArray[np.float64]
    variances: NDArray[np.float64]


class Sums(NamedTuple):
    """Sums over the bins of ranges of the missing mass: ``values`` and ``variances``, one number a range."""

    values: NDArray[np.float64]
    variances: NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum:
    """Histogram of the signed missing mass (MeV) with axes ``selection``, ``source`` and ``m_miss``.

    The source of an event, a decay mode or the halo, is one of the ``components`` of the spectrum.

    ``content`` [selection, source, bin] are counts (int64; real numbers of an expectation) or, where there are
    ``squares``, sums of weights in fixed point beside those of their squares, so that sums are exact in any order.
    ``decays_in_fiducial`` is the number of decays in the fiducial volume behind the spectrum, if known.
    """

    axes: tuple[Any, ...]
    content: NDArray[Any]
    simulated: bool
    label: str
    decays_in_fiducial: float | None = None
    squares: NDArray[np.int64] | None = None

    @classmethod
    def from_counts(
        cls,
        counts: NDArray[np.int64],
        *,
        selections: Sequence[str],
        components: Sequence[str],
        simulated: bool,
        label: str,
        decays_in_fiducial: float | None = None,
        axis: hist.axis.Regular | hist.axis.Variable | None = None,
    ) -> Spectrum:
        """Return the spectrum of ``counts[selection, source, bin]`` on the internal axis (or ``axis``).

        The array is kept, not copied, where it is int64. Raises ``UsageError`` where the shape does not fit or a count
        is not a non-negative integer.
        """
        values = np.asarray(counts)
        if values.dtype.kind not in "iu" or np.any(values < 0):
            raise UsageError(
                f"counts must be non-negative integers, got dtype {values.dtype}, minimum {values.min()}"
            )
        axes = _axes(selections, components, axis)
        _check_shape(values, axes)
        return cls(axes, _kept(np.asarray(values, dtype=np.int64)), simulated, label, decays_in_fiducial)

    @classmethod
    def from_weights(
        cls,
        w_fixed: NDArray[np.int64],
        w2_fixed: NDArray[np.int64],
        *,
        selections: Sequence[str],
        components: Sequence[str],
        simulated: bool,
        label: str,
        decays_in_fiducial: float | None = None,
        axis: hist.axis.Regular | hist.axis.Variable | None = None,
    ) -> Spectrum:
        """Return the spectrum of fixed-point sums of weights and of squared weights (``FIXED_POINT`` is 1).

        Both arrays are kept, not copied. Raises ``UsageError`` where they are not int64 of shape
        ``[selection, source, bin]``.
        """
        w, w2 = np.asarray(w_fixed), np.asarray(w2_fixed)
        if w.dtype != np.int64 or w2.dtype != np.int64 or np.any(w2 < 0):
            raise UsageError(
                f"fixed-point weights must be int64 with squares >= 0, got {w.dtype} and {w2.dtype}"
            )
        axes = _axes(selections, components, axis)
        _check_shape(w, axes)
        _check_shape(w2, axes)
        return cls(axes, _kept(w), simulated, label, decays_in_fiducial, _kept(w2))

    @classmethod
    def from_uhi(
        cls,
        histogram: Any,
        *,
        simulated: bool = False,
        label: str = "data",
        origin: str = "histogram",
        decays_in_fiducial: float | None = None,
    ) -> Spectrum:
        """Return the spectrum of anything with ``.axes`` and ``.values()``, in MeV.

        Either one axis (its single selection then serves all hypotheses) or the three axes of this class.
        Values are events; sums of weights (variances that differ from the values) are taken from simulation
        only. Raises ``InputDataError`` that names ``origin`` and the bin.
        """
        axes = list(histogram.axes)
        names = [getattr(axis, "name", "") for axis in axes]
        selections, components = [ANY_SELECTION], ["simulation" if simulated else "data"]
        if names == ["selection", "source", "m_miss"]:
            selections, components = [str(x) for x in axes[0]], [str(x) for x in axes[1]]
        elif len(axes) != 1:
            raise InputDataError(
                f"{origin}: expected one axis (missing mass) or the axes selection, source, m_miss; "
                f"got {len(axes)}: {names}"
            )
        check_size([len(axis) for axis in axes], origin)
        edges = edges_of_axis(axes[-1])
        check_edges(edges, origin)
        shape = (len(selections), len(components), edges.size - 1)
        values = np.asarray(histogram.values(), dtype=np.float64).reshape(shape)
        variances = histogram.variances() if hasattr(histogram, "variances") else None
        common: dict[str, Any] = {
            "selections": selections,
            "components": components,
            "simulated": simulated,
            "label": label,
            "decays_in_fiducial": decays_in_fiducial,
            "axis": variable_axis(edges),
        }
        spread = values if variances is None else np.asarray(variances, dtype=np.float64).reshape(shape)
        if simulated and (np.any(spread != values) or np.any(values != np.rint(values))):
            w = weights_of(values, edges, origin, "weight")
            w2 = weights_of(spread, edges, origin, "variance")
            try:
                fixed = to_fixed(w), squares_to_fixed(w2)
            except UsageError as error:
                raise InputDataError(f"{origin}: {error}") from error
            return cls.from_weights(*fixed, **common)
        return cls.from_counts(counts_of(values, edges, origin), **common)

    def __repr__(self) -> str:
        return short(f"Spectrum {self.label!r}", *self._facts().values())

    def _facts(self) -> dict[str, str]:
        edges, decays = self.edges, self.decays_in_fiducial
        facts = {
            "kind": f"{'simulated' if self.simulated else 'data'}, {'counts' if self.is_counts else 'weights'}",
            "selections": f"selections {', '.join(self.selections)}",
            "components": f"components {', '.join(self.components)}",
            "missing mass": f"{edges.size - 1} bins from {edges[0]:g} to {edges[-1]:g} MeV",
        }
        return facts if decays is None else {**facts, "decays": f"of {decays:.4g} decays"}

    def _repr_html_(self) -> str:
        values = np.asarray(
            [[self.project(s, components=[o]).values.sum() for o in self.components] for s in self.selections]
        )
        rows = [[name, *(f"{v:.6g}" for v in row)] for name, row in zip(self.selections, values, strict=True)]
        return facts_html(self.label, self._facts()) + rows_html(("events", *self.components), rows)

    @property
    def is_counts(self) -> bool:
        """True for plain counts, False for sums of weights."""
        return self.squares is None

    @property
    def fixed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Sums of weights and of their squares in fixed point, None for counts."""
        return None if self.squares is None else (self.content, self.squares)

    @property
    def histogram(self) -> hist.Hist[Any]:
        """The same as a histogram of its own, made anew each time."""
        if self.squares is not None:
            made = hist.Hist(*self.axes, storage=hist.storage.Weight())
            view: Any = made.view()
            view["value"], view["variance"] = from_fixed(self.content), from_fixed(self.squares)
            return made
        storage: Any = hist.storage.Int64() if self.content.dtype.kind == "i" else hist.storage.Double()
        made = hist.Hist(*self.axes, storage=storage)
        made.view()[...] = self.content
        return made

    @property
    def axis(self) -> Any:
        """The axis of the missing mass, MeV."""
        return self.axes[2]

    @property
    def values(self) -> NDArray[np.float64]:
        """Events [selection, source, bin]."""
        if self.squares is not None:
            return from_fixed(self.content)
        return self.content.astype(np.float64)

    @property
    def selections(self) -> tuple[str, ...]:
        """Names on the selection axis."""
        return tuple(str(name) for name in self.axes[0])

    @property
    def components(self) -> tuple[str, ...]:
        """What the spectrum is made of: the names on the axis ``source``."""
        return tuple(str(name) for name in self.axes[1])

    @property
    def edges(self) -> NDArray[np.float64]:
        """Bin edges of the missing mass, MeV."""
        return np.asarray(self.axis.edges, dtype=np.float64)

    def selection_index(self, selection: str) -> int:
        """Return the place of ``selection``; 0 where one selection serves all. ``UsageError`` if unknown."""
        names = self.selections
        if names == (ANY_SELECTION,):
            return 0
        if selection not in names:
            raise UsageError(
                f"spectrum {self.label!r} has no selection {selection!r}; it has {', '.join(names)}"
            )
        return names.index(selection)

    def project(self, selection: str, *, components: Sequence[str] | None = None) -> Projection:
        """Return edges, values and variances of one selection, summed over all or the given ``components``."""
        i = self.selection_index(selection)
        chosen = list(range(len(self.components)))
        if components is not None:
            unknown = sorted(set(components) - set(self.components))
            if unknown:
                raise UsageError(
                    f"spectrum {self.label!r} has no component {unknown[0]!r}; it has {self.components}"
                )
            chosen = [self.components.index(name) for name in components]
        if self.fixed is None:
            counts = self.content[i, chosen].sum(axis=0).astype(np.float64)
            return Projection(self.edges, counts, counts)
        w, w2 = self.fixed
        return Projection(
            self.edges, from_fixed(sum_fixed(w[i, chosen])), from_fixed(sum_fixed(w2[i, chosen]))
        )

    def between(
        self,
        selections: str | Sequence[str],
        low: ArrayLike,
        high: ArrayLike,
        *,
        components: Sequence[str] | None = None,
    ) -> Sums:
        """Return the sums of the bins between the edges nearest to ``low`` and ``high`` (MeV, which broadcast).

        ``selections`` names one selection for all ranges, or one for each. Summed over all or the given ``components``.
        ``UsageError`` where a range is empty or leaves the axis by more than half a bin.
        """
        lows, highs = np.broadcast_arrays(*(np.asarray(end, dtype=np.float64) for end in (low, high)))
        first, last = self._nearest_edges(lows, highs)
        names = np.broadcast_to(np.asarray(selections), lows.shape)
        sums = Sums(np.zeros(lows.shape), np.zeros(lows.shape))
        for name in dict.fromkeys(names.ravel().tolist()):
            on = names == name
            for out, column in zip(sums, self.project(name, components=components)[1:], strict=True):
                cumulative = np.concatenate([[0.0], np.cumsum(column)])
                out[on] = cumulative[last[on]] - cumulative[first[on]]
        return sums

    def _nearest_edges(
        self, low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the edges nearest to the ends of ranges; the left one of two that are equally near."""
        edges = self.edges
        half = 0.5 * float(np.max(np.diff(edges)))
        wrong = ~((edges[0] - half <= low) & (low < high) & (high <= edges[-1] + half))
        if np.any(wrong):
            at = int(np.argmax(wrong.ravel()))
            raise UsageError(
                f"range {low.ravel()[at]:g} to {high.ravel()[at]:g} MeV is not inside spectrum {self.label!r}, "
                f"{edges[0]:g} to {edges[-1]:g} MeV"
            )
        middles = 0.5 * (edges[1:] + edges[:-1])
        return np.searchsorted(middles, low), np.searchsorted(middles, high)

    def scaled_to(self, decays: float) -> float:
        """Return ``decays`` / ``decays_in_fiducial``. ``UsageError`` if the number of decays is not known."""
        if not self.decays_in_fiducial:
            raise UsageError(
                f"spectrum {self.label!r} does not say how many decays in the fiducial volume it holds"
            )
        return decays / self.decays_in_fiducial

    def expectation(self, decays: float) -> Spectrum:
        """Return what is expected in ``decays`` decays: real numbers of any size, without their variances.

        ``UsageError`` if the number of decays behind the spectrum is not known.
        """
        values = self.scaled_to(decays) * self.values
        return Spectrum(self.axes, values, self.simulated, f"{self.label}, expected", decays)

    def __add__(self, other: Spectrum) -> Spectrum:
        """Return the exact sum; axes, storage and data/simulation must agree, decays add."""
        if self.axes != other.axes or self.is_counts != other.is_counts:
            raise UsageError(f"spectra {self.label!r} and {other.label!r} have different axes or storage")
        if self.simulated != other.simulated:
            raise UsageError(f"one of {self.label!r} and {other.label!r} is simulated, the other is not")
        decays = None
        if self.decays_in_fiducial is not None and other.decays_in_fiducial is not None:
            decays = self.decays_in_fiducial + other.decays_in_fiducial
        if self.squares is None or other.squares is None:
            return Spectrum(self.axes, self.content + other.content, self.simulated, self.label, decays)
        w, w2 = add_fixed(self.content, other.content), add_fixed(self.squares, other.squares)
        return Spectrum(self.axes, w, self.simulated, self.label, decays, w2)


def _kept(array: NDArray[np.int64]) -> NDArray[np.int64]:
    """The array itself, not to be written to through the spectrum: a copy of a large one is felt."""
    view = array.view()
    view.flags.writeable = False
    return view


def _axes(
    selections: Sequence[str],
    components: Sequence[str],
    axis: hist.axis.Regular | hist.axis.Variable | None,
) -> tuple[Any, ...]:
    return (
        hist.axis.StrCategory(list(selections), name="selection", overflow=False),
        hist.axis.StrCategory(list(components), name="source", overflow=False),
        m_miss_axis() if axis is None else axis,
    )


def _check_shape(values: NDArray[np.int64], axes: tuple[Any, ...]) -> None:
    wanted = tuple(len(axis) for axis in axes)
    if values.shape != wanted:
        raise UsageError(f"array of shape {values.shape} does not fit (selection, source, bin) = {wanted}")
