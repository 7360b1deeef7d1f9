"""All targets beside what the project makes of them."""

from __future__ import annotations

from hnlpeak.execution.context import RunContext
from hnlpeak.studies.validation.bench import Bench
from hnlpeak.studies.validation.exact import exact
from hnlpeak.studies.validation.searched import searched
from hnlpeak.studies.validation.simulated import simulated
from hnlpeak.studies.validation.target import Comparison, compare, read_targets

__all__ = ["validate"]

_DECAYS = {True: 60_000, False: 100_000}


def validate(context: RunContext, *, quick: bool) -> tuple[Comparison, ...]:
    """Return one row a target. ``quick`` makes small samples and no whole search: those rows are ``not measured``."""
    bench = Bench(context, decays=_DECAYS[quick])
    found = {**exact(), **simulated(bench)}
    if not quick:
        found.update(searched(bench))
    return tuple(compare(target, found) for target in read_targets())
