"""All targets beside what the project makes of them."""

from __future__ import annotations

from collections.abc import Mapping

from hnlpeak.execution.context import RunContext
from hnlpeak.limits.search import Search
from hnlpeak.studies.validation.bench import Bench
from hnlpeak.studies.validation.exact import exact
from hnlpeak.studies.validation.intervals import intervals
from hnlpeak.studies.validation.searched import searched
from hnlpeak.studies.validation.simulated import simulated
from hnlpeak.studies.validation.target import Comparison, compare, read_targets

__all__ = ["validate"]

_DECAYS = {True: 60_000, False: 100_000}


def validate(
    context: RunContext, *, quick: bool, searches: Mapping[str, Search] | None = None
) -> tuple[Comparison, ...]:
    """Return one row a target. ``quick`` makes small samples and no whole search: those rows are ``not measured``.

    Finished ``searches``, by the name of their analysis, take the place of those that would be made.
    """
    bench = Bench(context, decays=_DECAYS[quick], searches=searches)
    found = {**exact(), **intervals(), **simulated(bench)}
    if not quick:
        found.update(searched(bench))
    return tuple(compare(target, found) for target in (*read_targets(), *read_targets("intervals")))
