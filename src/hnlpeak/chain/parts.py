"""A sample in parts, each kept when it is done, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hnlpeak.execution.context import Part, Store
from hnlpeak.selection.tally import Tally

__all__ = ["PART_SHARDS", "tally_in_parts"]

PART_SHARDS = 32
"""Shards in one part: some ten seconds of work."""

_ARRAYS = ("spectrum", "squares", "passed", "only_failed", "totals")


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


def tally_in_parts(
    sample: str,
    shards: Sequence[tuple[int, int]],
    make: Callable[[Sequence[tuple[int, int]]], Tally],
    store: Store | None,
    done: Callable[[tuple[int, int]], None],
    empty: Tally,
) -> Tally:
    """Sum of ``make(part)`` over parts of the ``shards`` (index, decays); parts that ``store`` has are not made again.

    ``empty`` is the tally of no shard: what is kept must have its shapes. ``done`` is called for the shards of parts
    that were found in the store.
    """
    if store is None:
        return make(shards)
    total = empty
    for first in range(0, len(shards), PART_SHARDS):
        some = shards[first : first + PART_SHARDS]
        part = Part(sample, first, len(some), sum(decays for _, decays in some))
        tally = _tally(store.load(part), empty)
        if tally is None:
            tally = make(some)
            store.save(part, _arrays(tally))
        else:
            for shard in some:
                done(shard)
        total = total + tally
    return total
