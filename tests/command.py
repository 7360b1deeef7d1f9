"""The command line called in this process, with what it writes and its exit code."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from hnlpeak.cli.app import main
from hnlpeak.cli.verbosity import set_verbosity


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@contextlib.contextmanager
def few_figures() -> Iterator[None]:
    """Searches draw one figure, in this process: for those whose like another test lets draw all of them."""
    from hnlpeak.report import write

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "FIGURES", {"u2": write.FIGURES["u2"]})
        yield


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
