"""The command line called in this process, with what it writes and its exit code."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from typing import NamedTuple

from hnlpeak.cli.app import main
from hnlpeak.cli.verbosity import set_verbosity


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


def call(*arguments: object) -> Outcome:
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["hnlpeak", *(str(a) for a in arguments)]
    code = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.argv = before
        set_verbosity(0)
    return Outcome(code, out.getvalue(), err.getvalue())
