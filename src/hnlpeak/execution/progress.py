"""What a search is doing, on stderr: a bar in decays on a terminal, plain lines elsewhere; nothing when quiet."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from hnlpeak.execution.waiting import Waiting

__all__ = ["decays_progress"]

_LINE_EVERY = 10.0  # seconds between plain lines
_COMPILING = "compiling the simulation"
_AFTER = "limits, figures and page"


@contextlib.contextmanager
def decays_progress(total: int, *, quiet: bool = False) -> Iterator[Callable[[str, int], None]]:
    """Yield a function (name of a sample, decays done) that shows decays per second and the time left, unless quiet.

    Called with no decays it says that the simulation begins, and whether that takes a compilation. Once all decays are
    there (with none at once) it says after two seconds that the rest of the search is under way.
    """
    if quiet:
        yield lambda _name, _decays: None
        return
    with (_bar if sys.stderr.isatty() else _lines)(total) as advance:
        yield advance


@contextlib.contextmanager
def _lines(total: int) -> Iterator[Callable[[str, int], None]]:
    done, head, begun, last = 0, 0, 0.0, 0.0
    with contextlib.ExitStack() as waiting:

        def wait(what: str) -> None:
            waiting.close()
            waiting.enter_context(Waiting(what))

        def line(name: str, decays: int) -> None:
            nonlocal done, head, begun, last
            if not decays:
                if not _compiled():
                    _say(f"{_COMPILING}, once for this version: about two minutes of CPU time")
                    wait(_COMPILING)
                return
            done += decays
            now = time.monotonic()
            if not begun:  # what came before was start and compilation, no measure of the speed
                waiting.close()
                head, begun, last = done, now, now
            if done >= total:
                wait(_AFTER)
            if now - last < _LINE_EVERY:
                return
            last = now
            rate = (done - head) / (now - begun)
            _say(
                f"{name}: {done:.3g} of {total:.3g} decays, {rate:.3g}/s, {(total - done) / rate:.0f} s left"
            )

        if not total:
            wait(_AFTER)
        yield line


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _compiled() -> bool:
    """True where the machine code of the fast loop is on disk."""
    from hnlpeak.core.cache import is_compiled

    return is_compiled("hnlpeak.chain.loop", "sample_loop")


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[str, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:<26}"),
        BarColumn(bar_width=32),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading" if total else _AFTER, total=total or None, words="")
        begun, done, head = 0.0, 0, 0

        def advance(name: str, decays: int) -> None:
            nonlocal begun, done, head
            if not decays:
                words = "" if _compiled() else "once, about two minutes of CPU time"
                progress.update(task, description=_COMPILING if words else name, words=words)
                return
            done += decays
            now = time.monotonic()
            if not begun:  # what came before was start and compilation, no measure of the speed
                begun, head = now, done
            if done >= total:
                progress.update(task, total=None, description=_AFTER, words="")
                return
            words = ""
            if done > head:
                rate = (done - head) / max(now - begun, 1e-3)
                words = (
                    f"{100.0 * done / total:.0f} %  {rate:.3g} decays/s, {(total - done) / rate:.0f} s left,"
                )
            progress.update(task, completed=done, description=name, words=words)

        yield advance
