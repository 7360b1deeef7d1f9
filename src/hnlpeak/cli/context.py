"""The context in which a command runs its tasks: seed, workers, executor and progress, as options name them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hnlpeak.execution.context import RunContext

__all__ = ["run_context"]


@contextlib.contextmanager
def run_context(
    seed: int, workers: int | None, scheduler: str = "threads", *, decays: int = 0, first: str = "starting"
) -> Iterator[RunContext]:
    """Yield the context that ``--seed``, ``--workers`` and ``--scheduler`` ask for.

    Workers are the usable CPUs unless given. Progress is over so many ``decays`` (0: not known) and says what is
    ``first``. Raises ``UsageError`` for another number of workers than 1 to 1024 and for an unknown scheduler,
    ``HnlpeakError`` for a cluster that does not answer.
    """
    from hnlpeak.cli.options import worker_count
    from hnlpeak.cli.progress import search_progress
    from hnlpeak.execution.context import RunContext
    from hnlpeak.execution.scheduler import scheduler as scheduled

    count = worker_count(workers)
    with scheduled(scheduler, count) as executor, search_progress(decays, first=first) as progress:
        yield RunContext(seed, count, executor, progress)
