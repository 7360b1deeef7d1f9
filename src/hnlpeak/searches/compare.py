"""Finished searches over each other: a figure with their ratios, and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import UsageError
from hnlpeak.core.records import Vector
from hnlpeak.formats.results import read_result
from hnlpeak.formats.table import table_text
from hnlpeak.limits.earlier import BesideEarlier, beside_earlier, name_of
from hnlpeak.limits.improvement import published_before
from hnlpeak.limits.published import published
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.side_by_side import SideBySide, side_by_side
from hnlpeak.searches.places import check_place
from hnlpeak.searches.redraw import FORMATS

__all__ = ["compare_searches", "compare_with_earlier"]


def compare_searches(
    directories: Sequence[str | Path], labels: Sequence[str], out: str | Path
) -> tuple[SideBySide, list[Path]]:
    """Compare the limits of finished searches under ``labels`` (default: the names of their folders).

    Writes ``out``/compare (PNG, SVG, PDF) and ``out``/compare.csv; returns the comparison and the paths.
    ``InputDataError`` where a folder holds no result, ``UsageError`` for searches that cannot be compared.
    """
    from hnlpeak.report.figures.compare import compare
    from hnlpeak.report.render import save

    place = Path(out)
    check_place(place)
    results = [read_result(directory) for directory in directories]
    names = labels or [Path(directory).resolve().name for directory in directories]
    found = side_by_side(results, names)
    place.mkdir(parents=True, exist_ok=True)
    paths = save(compare(found), place / "compare", formats=FORMATS)
    table = place / "compare.csv"
    write_text(table, table_text(found.columns()))
    return found, [*paths.values(), table]


def compare_with_earlier(
    directory: str | Path, out: str | Path, *, before: int | None = None, curves: Sequence[str] = ()
) -> tuple[list[BesideEarlier], Path]:
    """Compare the limits of a finished search with the lowest of those published before the year ``before``.

    With each earlier curve that has a mass of the search, and with the lowest of all; so are the published ``curves``,
    by their names. Writes ``out``/earlier.csv, one row a comparison; returns the rows and its path. ``InputDataError``
    where the folder holds no result, ``UsageError`` for curves of another flavour or where no earlier one has a mass.
    """
    place = Path(out)
    check_place(place)
    result = read_result(directory)
    mass = result.hypotheses.mass
    earlier = [
        c for c in published_before(before, result.lepton) if c.name not in curves and c.covers(mass).any()
    ]
    if not earlier:
        when = "" if before is None else f" before {before}"
        raise UsageError(f"compare: no limit on |U_{result.lepton}4|^2 at these masses was published{when}")
    groups = [[curve] for curve in earlier] + ([earlier] if len(earlier) > 1 else [])
    rows = [
        beside_earlier(label, mass, u2, group) for label, u2 in _limits(result, curves) for group in groups
    ]
    place.mkdir(parents=True, exist_ok=True)
    table, names = place / "earlier.csv", [field.name for field in fields(BesideEarlier)]
    records = [asdict(row) for row in rows]
    write_text(table, table_text({name: [record[name] for record in records] for name in names}))
    return rows, table


def _limits(result: SearchResult, curves: Sequence[str]) -> Iterator[tuple[str, Vector]]:
    """Limits at the masses of the search: its own that may be quoted, and the published ``curves``."""
    mass = result.hypotheses.mass
    for kind, limit in (("expected", result.limits.expected.median), ("observed", result.limits.observed)):
        yield f"{result.analysis}, {kind}", np.where(result.sound, limit.u2, np.nan)
    for name in curves:
        curve = published(name)
        if curve.flavour != result.lepton:
            raise UsageError(
                f"--curve: {name} is a limit on |U_{curve.flavour}4|^2, the search is one on {result.lepton}"
            )
        found, on = np.full(mass.shape, np.nan), curve.covers(mass)
        found[on] = curve.limit(mass[on])
        yield name_of(curve), found
