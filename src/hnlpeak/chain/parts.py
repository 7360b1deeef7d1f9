"""A sample in parts, each kept when it is done, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from hnlpeak.execution.context import Store
from hnlpeak.selection.tally import Tally

__all__ = ["PART_SHARDS", "tally_in_parts"]

PART_SHARDS = 32
"""Shards in one part: some ten seconds of work."""

_ARRAYS = ("spectrum", "squares", "passed", "only_failed", "totals")


def tally_in_parts(
    sample: str,
    shards: Sequence[tuple[int, int]],
    make: Callable[[Sequence[tuple[int, int]]], Tally],
    store: Store | None,
    done: Callable[[tuple[int, int]], None],
) -> Tally:
    """Sum of ``make(part)`` over parts of the ``shards`` (index, decays); parts that ``store`` has are not made again.

    ``done`` is called for the shards of parts that were found in the store.
    """
    if store is None:
        return make(shards)

    def part_from(first: int) -> Tally:
        part = shards[first : first + PART_SHARDS]
        name = f"{sample}/{first}+{len(part)}"
        kept = store.load(name)
        if kept is None or set(kept) != {*_ARRAYS, "unit"}:
            tally = make(part)
            arrays = {key: getattr(tally, key) for key in _ARRAYS}
            store.save(name, {**arrays, "unit": np.array(tally.unit, dtype=np.int64)})
            return tally
        for shard in part:
            done(shard)
        return Tally(int(kept["unit"]), *(kept[key] for key in _ARRAYS))

    return reduce(Tally.__add__, map(part_from, range(0, len(shards), PART_SHARDS)))
