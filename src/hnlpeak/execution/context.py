"""How a search is run, apart from what it is: seed, workers, where parts are kept, who hears of progress."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hnlpeak.execution.beside import beside
from hnlpeak.execution.run import run, stream

__all__ = ["Part", "Progress", "RunContext", "Shards", "Store"]

Progress = Callable[[str, int], None]
"""Called with the name of a sample and a number of its decays that are done; with a name and 0 for what begins."""

Item = TypeVar("Item", bound=Hashable)
Result = TypeVar("Result")


Shards = Sequence[tuple[int, int]]
"""Some shards of a sample, each its index and its decays."""


class Part(NamedTuple):
    """Some shards of a sample: how many from which on, and their decays."""

    sample: str
    first: int
    shards: int
    decays: int


class Store(Protocol):
    """Keeps the integer arrays of finished parts; a damaged or foreign one is as good as none."""

    def parts(self, sample: str, shards: Shards) -> Iterable[tuple[Part, Shards]]:
        """The parts in which the ``shards`` of a sample are to be done, each with its shards.

        Shards in none of them are left out: they are another job's, or lost.
        """

    def load(self, part: Part) -> Mapping[str, NDArray[np.int64]] | None:
        """The arrays of a part, or None."""

    def save(self, part: Part, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        """Keep the arrays of a part."""


@dataclass(frozen=True, eq=False)
class RunContext:
    """What every stage of a run is handed. Of these, results depend on ``seed`` alone.

    Tasks run on ``workers`` threads, or on ``executor`` (anything of ``concurrent.futures``' kind) with that many
    workers. ``store`` keeps finished parts, ``progress`` hears of them; None for neither.
    """

    seed: int = 1
    workers: int = 1
    executor: Executor | None = None
    progress: Progress | None = None
    store: Store | None = None

    def run(
        self,
        items: Iterable[Item],
        task: Callable[[Item], Result],
        combine: Callable[[Result, Result], Result],
        *,
        on_done: Callable[[Item], None] | None = None,
    ) -> Result:
        """Return ``combine`` of ``task(item)`` over all items, as ``execution.run`` does."""
        return run(items, task, combine, workers=self.workers, executor=self.executor, on_done=on_done)

    def stream(self, items: Iterable[Item], task: Callable[[Item], Result]) -> Iterator[tuple[Item, Result]]:
        """Yield all items with ``task(item)`` as they are done, as ``execution.stream`` does."""
        return stream(items, task, workers=self.workers, executor=self.executor)

    def beside(self, work: Callable[[], Result]) -> AbstractContextManager[Callable[[], Result]]:
        """Begin ``work`` in a copy of this process, as ``execution.beside``; with one worker, do it when called."""
        return beside(work) if self.workers > 1 else nullcontext(work)

    def report(self, sample: str, decays: int) -> None:
        """Tell ``progress``, if there is one, that so many decays of a sample are done."""
        if self.progress is not None:
            self.progress(sample, decays)
