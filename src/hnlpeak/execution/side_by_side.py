"""A few long pieces of work, shared out among this process and copies of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from hnlpeak.execution.beside import beside

__all__ = ["begun", "side_by_side"]

T = TypeVar("T")


def side_by_side(
    work: Callable[[str], T], names: Sequence[str], workers: int, *, patience: float | None = None
) -> dict[str, T]:
    """``work`` of each of up to 256 names by itself, in their order as one of the ``workers`` has done its last.

    What it returns can be pickled. A copy that is silent for the seconds of ``patience`` (as for ``beside``) after this
    process has run out of work is given up, and what it had is done here.
    """
    with begun(work, names, workers, patience=patience) as join:
        return join()


@contextmanager
def begun(
    work: Callable[[str], T], names: Sequence[str], workers: int, *, patience: float | None = None
) -> Iterator[Callable[[], dict[str, T]]]:
    """``side_by_side`` that copies begin at once and this process where it calls what is yielded."""
    try:
        taken, given = os.pipe()
    except OSError:
        yield lambda: {name: work(name) for name in names}
        return
    os.write(given, bytes(range(len(names))))
    os.close(given)

    def some() -> dict[str, T]:
        made = {}
        while place := os.read(taken, 1):
            name = names[place[0]]
            made[name] = work(name)
        return made

    def join() -> dict[str, T]:
        made = some()
        for other in others:
            made |= other()
        # what a copy had that was lost
        return {name: made[name] if name in made else work(name) for name in names}

    try:
        with ExitStack() as copies:
            others = [
                copies.enter_context(beside(some, patience=patience))
                for _ in range(min(workers, len(names)) - 1)
            ]
            yield join
    finally:
        os.close(taken)
