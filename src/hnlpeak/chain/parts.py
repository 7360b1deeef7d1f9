"""Many samples on one pool, each in parts that are kept when they are done: an interrupted run goes on from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.shards import Order, ShardTask, tally_task
from hnlpeak.execution.context import Part, RunContext, Shards
from hnlpeak.selection.tally import PackedTally, Tally
from hnlpeak.simulation.streams import shard_sizes
from hnlpeak.spectrum.fixed_point import add_fixed

__all__ = ["PART_SHARDS", "add_arrays", "in_parts", "tally_orders"]

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


@dataclass(eq=False)
class _Open:
    """A part on its way: its place among the orders, the shards that are missing, what has come so far."""

    part: Part
    order: int
    missing: int
    tally: Tally


@dataclass
class _Harvest:
    """The sums over the shards of each order, and the parts that are not whole yet.

    The sum of an order that is ``done`` is packed: the dense arrays of a whole plan would take a gigabyte.
    """

    orders: Sequence[Order]
    context: RunContext
    totals: dict[int, Tally] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    done: dict[int, PackedTally] = field(default_factory=dict)
    open: dict[ShardTask, _Open] = field(default_factory=dict)

    def tasks(self) -> Iterator[ShardTask]:
        """The shards to be made, order after order; parts that the store has are taken from it instead."""
        for place, order in enumerate(self.orders):
            sample, store = order.spec.sample, self.context.store
            shards = list(enumerate(shard_sizes(sample.decays)))
            found = list(in_parts(sample.name, shards) if store is None else store.parts(sample.name, shards))
            self.left[place] = len(found)
            if not found:
                self.done[place] = order.empty().packed()
            for part, some in found:
                yield from self._part(place, order, part, some)

    def _part(self, place: int, order: Order, part: Part, shards: Shards) -> Iterator[ShardTask]:
        store = self.context.store
        kept = None if store is None else _tally(store.load(part), order.empty())
        if kept is not None:
            self._count(place, kept)
            for _, decays in shards:
                self.context.report(part.sample, decays)
            return
        opened = _Open(part, place, len(shards), order.empty())
        for shard in shards:
            task = ShardTask(order, shard)
            self.open[task] = opened
            yield task

    def _count(self, place: int, tally: Tally) -> None:
        if place not in self.totals:
            self.totals[place] = self.orders[place].empty()
        self.totals[place].add(tally.packed())
        self.left[place] -= 1
        if not self.left[place]:
            self.done[place] = self.totals.pop(place).packed()

    def add(self, task: ShardTask, tally: PackedTally) -> None:
        """Add what a shard gave; a part that is whole is kept."""
        opened = self.open.pop(task)
        opened.tally.add(tally)
        opened.missing -= 1
        if opened.missing == 0:
            if self.context.store is not None:
                self.context.store.save(opened.part, _arrays(opened.tally))
            self._count(opened.order, opened.tally)
        self.context.report(opened.part.sample, task.shard[1])


def tally_orders(orders: Sequence[Order], context: RunContext) -> list[PackedTally]:
    """Sums over the shards of each of ``orders``, all on one pool; parts that the context's store has are not made.

    ``WorkerLost`` names a ``ShardTask`` that cannot be done.
    """
    harvest = _Harvest(orders, context)
    for task, tally in context.stream(harvest.tasks(), tally_task):
        harvest.add(task, tally)
    return [harvest.done[place] for place in range(len(orders))]
