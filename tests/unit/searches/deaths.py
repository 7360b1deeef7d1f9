"""Runs that die or fail at one of their file events, in copies of a small process.

A copy of the process that runs all tests takes a tenth of a second, most of it for memory that is not used. ``Deaths``
starts this file as a program; for each request, a line of JSON, it makes a copy of itself that does the run of
``run_with_a_part``, and answers with its exit code.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from small_runs import NEW, fill

from hnlpeak.core.errors import HnlpeakError
from hnlpeak.execution.context import Part
from hnlpeak.formats import manifest
from hnlpeak.searches.claim import open_run

IDENTITY = {"seed": 7}
EVENTS = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "open",
    "tempfile.mkstemp",
    "os.chmod",
}
REMOVALS = {"os.remove", "os.rmdir"}
"""A full disk lets them be."""
WELL, FAILED, OTHER, KILLED = 0, 1, 2, 137
"""Exit codes: the run is done; it failed with the error that it met; with another; it is gone."""
ERRORS = {"full disk": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "memory": MemoryError()}


def run_with_a_part(place: Path, *, overwrite: bool) -> None:
    """A run into ``place`` that keeps a part of its work first."""
    with open_run(place, IDENTITY, overwrite=overwrite) as claim:
        if claim.done:
            return
        part = Part("data", 0, 1, 1000)
        if claim.store.load(part) is None:
            claim.store.save(part, {"a": np.arange(3)})
        fill(claim.stage, NEW)


class Deaths:
    """The small process."""

    def __init__(self) -> None:
        here = Path(__file__)
        path = os.pathsep.join([str(here.parent), *sys.path])
        self._process = subprocess.Popen(
            [sys.executable, str(here)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def ends(self, place: Path, overwrite: bool, **how: Any) -> int:
        """The exit code of a run into ``place``: ``event`` and, to go on there, ``last`` and ``error``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"place": str(place), "overwrite": overwrite, **how}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def _copy(place: str, overwrite: bool, event: int, last: int = 0, error: str | None = None) -> int:
    """Do the run, in a copy that is gone at file event ``event`` or fails from there to ``last``; its exit code."""
    met = None if error is None else ERRORS[error]
    watched, seen = EVENTS if met is None else EVENTS - REMOVALS, 0

    def watch(name: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if name not in watched or place not in str(arguments):
            return
        seen += 1
        if met is None and seen == event:
            os._exit(KILLED)
        if met is not None and event <= seen <= last:
            raise met

    sys.addaudithook(watch)
    try:
        run_with_a_part(Path(place), overwrite=overwrite)
    except (HnlpeakError, OSError, MemoryError) as found:
        # as such, or as what the commands print of it
        return FAILED if met is not None and met in (found, found.__cause__, found.__context__) else OTHER
    return WELL if met is None or seen < event else FAILED


def _serve() -> None:
    os.fsync = lambda _: (
        None
    )  # a process that dies loses nothing that it wrote; that is for machines that die
    manifest.versions = dict
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = OTHER
            try:
                code = _copy(**json.loads(line))
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    _serve()
