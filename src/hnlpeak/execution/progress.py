"""What a search is doing, on stderr: a bar on a terminal; elsewhere nothing, or lines where they are asked for."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from hnlpeak.execution.waiting import Shown, Waiting

__all__ = ["FIGURES", "LIMITS", "decays_progress"]

LIMITS = "limits"
FIGURES = "figures and page"
_COMPILING = "compiling the simulation"
_LINE_EVERY = 10.0  # seconds between plain lines
_MEASURE = (
    2.0  # seconds of simulation before which no time left is told: the first decays are not like the others
)


@contextlib.contextmanager
def decays_progress(
    total: int, *, how: Shown = "lines", first: str = LIMITS
) -> Iterator[Callable[[str, int], None]]:
    """Yield a function (what is done, decays of it that are done) that shows how far it is and the time left.

    Called with no decays it says what begins: ``FIGURES``, or a simulation, and whether that takes a compilation first.
    Once all decays of ``total`` are there, ``LIMITS`` follow. With a ``total`` of 0 it is not known how many there will
    be, and ``first`` is what it begins with.
    """
    if how == "nothing":
        yield lambda _name, _decays: None
        return
    with _bar(total, first) if how == "bar" else _lines(total, first) as advance:
        yield advance


class _Speed:
    """Decays that are done, and how fast: start and compilation come before the first, and are not counted."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self._head, self._begun = 0, 0.0

    def add(self, decays: int) -> None:
        self.done += decays
        if not self._begun:
            self._head, self._begun = self.done, time.monotonic()

    @property
    def over(self) -> bool:
        return 0 < self.total <= self.done

    @property
    def words(self) -> str:
        """How far, and after two seconds how long it will take; empty where the number of decays is not known."""
        if not self.total:
            return ""
        far = f"{100.0 * self.done / self.total:.0f} %"
        spent = time.monotonic() - self._begun
        if self.done == self._head or spent < _MEASURE:
            return far
        rate = (self.done - self._head) / spent
        return f"{far}, {rate:.2g} decays/s, {(self.total - self.done) / rate:.0f} s left"


def _must_compile(what: str) -> bool:
    """True for a simulation the machine code of whose fast loop is not on disk."""
    from hnlpeak.core.cache import is_compiled

    return what not in (LIMITS, FIGURES) and not is_compiled("hnlpeak.chain.loop", "sample_loop")


def _plain(name: str) -> str:
    """A sample as its readers say it: ``signal/300`` is that of 300 MeV."""
    kind, _, of = name.partition("/")
    return f"{kind} {of} MeV" if kind == "signal" else f"{kind} {of}".strip()


@contextlib.contextmanager
def _lines(total: int, first: str) -> Iterator[Callable[[str, int], None]]:
    speed, last = _Speed(total), 0.0
    with contextlib.ExitStack() as waiting:

        def wait(what: str) -> None:
            waiting.close()
            waiting.enter_context(Waiting(what))

        def line(name: str, decays: int) -> None:
            nonlocal last
            if not decays:
                compiling = _must_compile(name)
                if compiling:
                    _say(f"{_COMPILING}, once for this version: about two minutes of CPU time")
                if compiling or not total or name == FIGURES:
                    wait(_COMPILING if compiling else _plain(name))
                return
            if not speed.done:
                waiting.close()
                last = time.monotonic()
                if not total:
                    wait(_plain(name))
            speed.add(decays)
            if speed.over:
                wait(LIMITS)
            elif total and time.monotonic() - last >= _LINE_EVERY:
                last = time.monotonic()
                _say(f"{_plain(name)}: {speed.words}")

        if not total:
            wait(first)
        yield line


def _say(text: str) -> None:
    print(text, file=sys.stderr)


@contextlib.contextmanager
def _bar(total: int, first: str) -> Iterator[Callable[[str, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:<26}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading" if total else first, total=total or None, words="")
        speed = _Speed(total)

        def advance(name: str, decays: int) -> None:
            if not decays:
                compiling = _must_compile(name)
                words = "once, about two minutes of CPU time" if compiling else ""
                progress.update(task, description=_COMPILING if compiling else _plain(name), words=words)
                return
            speed.add(decays)
            if speed.over:
                progress.update(task, total=None, description=LIMITS, words="")
                return
            progress.update(task, completed=speed.done, description=_plain(name), words=speed.words)

        yield advance
