"""Several finished searches in one figure, beside published limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import UsageError
from hnlpeak.formats.curve_file import read_curve
from hnlpeak.formats.results import read_result
from hnlpeak.formats.table import table_text
from hnlpeak.limits.improvement import Improvement, improvement, published_before
from hnlpeak.limits.published import PublishedLimit
from hnlpeak.searches.redraw import FORMATS

__all__ = ["report_searches"]


def _curve(text: str, lepton: str) -> PublishedLimit:
    """The curve in ``text``, of the flavour before ``=``, of HNLimits' folder, or else of ``lepton``."""
    flavour, separator, place = text.partition("=")
    if separator and flavour in ("e", "mu", "tau"):
        return read_curve(place, flavour=flavour)
    return read_curve(text, flavour=None if text.startswith("hnlimits:") else lepton)


def report_searches(
    directories: Sequence[str | Path],
    out: str | Path,
    *,
    before: int | None = None,
    curves: Sequence[str] = (),
) -> tuple[list[Path], list[Improvement]]:
    """Draw the limits of several finished searches together, with those published (before the year ``before``).

    ``curves`` are files of further limits as :func:`hnlpeak.formats.curve_file.read_curve` takes them, ``mu=FILE``
    with a flavour; without one theirs is that of the first search.

    Writes ``out``/u2_searches (PNG, SVG, PDF, its numbers as CSV) and ``out``/improvement.csv, one row for each search
    and published curve of its flavour; returns the paths and the rows.
    ``InputDataError`` where a directory holds no result, ``UsageError`` for none.
    """
    from hnlpeak.report.figures.columns import csv_text
    from hnlpeak.report.figures.u2_searches import u2_searches, u2_searches_columns
    from hnlpeak.report.render import save

    if not directories:
        raise UsageError("no folder of results given")
    results = [read_result(Path(directory)) for directory in directories]
    flavours = dict.fromkeys(result.lepton for result in results)
    further = [_curve(text, results[0].lepton) for text in curves]
    earlier = [curve for flavour in flavours for curve in published_before(before, flavour)]
    rows = [
        row
        for result in results
        for row in improvement(result, [curve for curve in earlier if curve.flavour == result.lepton])
    ]
    place = Path(out)
    place.mkdir(parents=True, exist_ok=True)
    paths = save(u2_searches(results, [*earlier, *further]), place / "u2_searches", formats=FORMATS)
    paths["csv"] = place / "u2_searches.csv"
    write_text(paths["csv"], csv_text(u2_searches_columns(results, [*earlier, *further])))
    table = place / "improvement.csv"
    names = [field.name for field in fields(Improvement)]
    records = [asdict(row) for row in rows]
    write_text(table, table_text({name: [record[name] for record in records] for name in names}))
    return [*paths.values(), table], rows
