"""For all tests: kernels as plain Python where that is asked for, machine code made ahead for the whole suite."""

from __future__ import annotations

import numba
import pytest

from hnlpeak.core import borrow

if numba.config.DISABLE_JIT:  # nothing is borrowed there
    type(borrow.borrowed).__call__ = lambda _, thing: thing  # type: ignore[method-assign]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the simulation on all cores before workers of pytest-xdist start and each do it for themselves."""
    config = session.config
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    workers = getattr(config.option, "numprocesses", None)
    if workers and whole and not numba.config.DISABLE_JIT:  # those who start the workers, not the workers
        from hnlpeak.experiment.analysis import load_analysis
        from hnlpeak.searches.ahead import compiled_ahead

        with compiled_ahead(load_analysis("na62-2015-ke2"), workers) as compiled:
            compiled()
