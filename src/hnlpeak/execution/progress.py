"""A progress bar in decays, on stderr; plain lines where stderr is no terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

__all__ = ["decays_progress"]

_LINE_EVERY = 10.0  # seconds between plain lines


@contextlib.contextmanager
def decays_progress(total: int, *, quiet: bool = False) -> Iterator[Callable[[str, int], None]]:
    """Yield a function (name of a sample, decays done) that shows decays per second and the time left, unless quiet.

    Called with no decays it says that the simulation begins, and whether that takes a compilation.
    """
    if quiet:
        yield lambda _name, _decays: None
        return
    if sys.stderr.isatty():
        with _bar(total) as advance:
            yield advance
        return
    done, head, begun, last = 0, 0, 0.0, 0.0

    def line(name: str, decays: int) -> None:
        nonlocal done, head, begun, last
        if not decays:
            if not _compiled():
                print("compiling the simulation, once for this version: about half a minute", file=sys.stderr)
            return
        done += decays
        now = time.monotonic()
        if not begun:  # what came before was start and compilation, no measure of the speed
            head, begun, last = done, now, now
        if now - last < _LINE_EVERY:
            return
        last = now
        rate = (done - head) / (now - begun)
        left = (total - done) / rate
        print(f"{name}: {done:.3g} of {total:.3g} decays, {rate:.3g}/s, {left:.0f} s left", file=sys.stderr)

    yield line


def _compiled() -> bool:
    """True where the machine code of the fast loop is on disk."""
    from hnlpeak.core.cache import is_compiled

    return is_compiled("hnlpeak.chain.loop", "sample_loop")


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[str, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<22}"),
        BarColumn(bar_width=32),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=total, rate="")
        begun, done = 0.0, 0

        def advance(name: str, decays: int) -> None:
            nonlocal begun, done
            if not decays:
                progress.update(task, description=name if _compiled() else "compiling (once)")
                return
            rate = ""
            if begun:
                done += decays
                rate = f"{done / max(time.monotonic() - begun, 1e-3):.3g} decays/s"
            begun = begun or time.monotonic()
            progress.update(task, advance=decays, description=name, rate=rate)

        yield advance
