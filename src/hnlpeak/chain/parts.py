"""A sample in parts, each kept when it is done, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from hnlpeak.execution.context import Part, Shards, Store
from hnlpeak.selection.tally import Tally
from hnlpeak.spectrum.fixed_point import add_fixed

__all__ = ["PART_SHARDS", "add_arrays", "in_parts", "tally_in_parts"]

PART_SHARDS = 32
"""Shards in one part: some ten seconds of work."""

_ARRAYS = ("spectrum", "squares", "passed", "only_failed", "totals")


def in_parts(sample: str, shards: Shards) -> Iterator[tuple[Part, Shards]]:
    """Cut consecutive ``shards`` of a sample into parts of ``PART_SHARDS``."""
    for first in range(0, len(shards), PART_SHARDS):
        some = shards[first : first + PART_SHARDS]
        yield Part(sample, some[0][0], len(some), sum(decays for _, decays in some)), some


def _arrays(tally: Tally) -> dict[str, NDArray[np.int64]]:
    return {**{key: getattr(tally, key) for key in _ARRAYS}, "unit": np.array([tally.unit], dtype=np.int64)}


def _tally(kept: Mapping[str, NDArray[np.int64]] | None, empty: Tally) -> Tally | None:
    """The tally that was kept, None unless its arrays are those of ``empty`` in name, shape and unit."""
    if kept is None:
        return None
    wanted = _arrays(empty)
    if {key: array.shape for key, array in kept.items()} != {key: a.shape for key, a in wanted.items()}:
        return None
    return Tally(empty.unit, *(kept[key] for key in _ARRAYS)) if kept["unit"] == empty.unit else None


def add_arrays(
    a: Mapping[str, NDArray[np.int64]], b: Mapping[str, NDArray[np.int64]]
) -> dict[str, NDArray[np.int64]]:
    """Exact sum of the arrays of two parts of one sample. ``UsageError`` where it does not fit."""
    return {name: part if name == "unit" else add_fixed(part, b[name]) for name, part in a.items()}


def tally_in_parts(
    sample: str,
    shards: Shards,
    make: Callable[[Shards], Tally],
    store: Store | None,
    done: Callable[[tuple[int, int]], None],
    empty: Tally,
) -> Tally:
    """Sum of ``make(part)`` over the parts that ``store`` makes of the ``shards``.

    Parts that it has are not made again. ``empty`` is the tally of no shard: what is kept must have its shapes.
    ``done`` is called for the shards of parts that were found in the store.
    """
    if store is None:
        return make(shards)
    total = empty
    for part, some in store.parts(sample, shards):
        tally = _tally(store.load(part), empty)
        if tally is None:
            tally = make(some)
            store.save(part, _arrays(tally))
        else:
            for shard in some:
                done(shard)
        total = total + tally
    return total
