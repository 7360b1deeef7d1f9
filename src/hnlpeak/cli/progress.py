"""A progress bar in decays, on stderr; plain lines where stderr is no terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

__all__ = ["decays_progress"]

_LINE_EVERY = 10.0  # seconds between plain lines


@contextlib.contextmanager
def decays_progress(total: int) -> Iterator[Callable[[str, int], None]]:
    """Yield a function (name of a sample, decays done) that shows decays per second and the time left."""
    if sys.stderr.isatty():
        with _bar(total) as advance:
            yield advance
        return
    done, begun, last = 0, time.monotonic(), time.monotonic()

    def line(name: str, decays: int) -> None:
        nonlocal done, last
        done += decays
        now = time.monotonic()
        if now - last < _LINE_EVERY:
            return
        last = now
        rate = done / (now - begun)
        left = (total - done) / rate
        print(f"{name}: {done:.3g} of {total:.3g} decays, {rate:.3g}/s, {left:.0f} s left", file=sys.stderr)

    yield line


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
        task = progress.add_task("compiling (once)", total=total, rate="")
        begun, done = time.monotonic(), 0

        def advance(name: str, decays: int) -> None:
            nonlocal done
            done += decays
            rate = f"{done / (time.monotonic() - begun):.3g} decays/s"
            progress.update(task, advance=decays, description=name, rate=rate)

        yield advance
