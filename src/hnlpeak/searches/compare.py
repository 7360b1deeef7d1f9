"""Finished searches over each other: a figure with their ratios, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.formats.results import read_result
from hnlpeak.formats.table import table_text
from hnlpeak.limits.side_by_side import SideBySide, side_by_side
from hnlpeak.searches.places import check_place
from hnlpeak.searches.redraw import FORMATS

__all__ = ["compare_searches"]


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
