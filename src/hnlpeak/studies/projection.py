"""Expected limits of a search at other exposures and with other detectors, without simulating these exposures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.settings import with_settings
from hnlpeak.formats.json_text import dump_json
from hnlpeak.formats.table import table_text
from hnlpeak.limits.projection import Projection, project
from hnlpeak.searches.places import check_place
from hnlpeak.searches.redraw import FORMATS
from hnlpeak.searches.run import run_search

__all__ = ["projected", "write_projection"]


def projected(
    analysis: Analysis,
    exposures: Sequence[float],
    *,
    settings: Sequence[str] = (),
    context: RunContext | None = None,
) -> Projection:
    """Search in the expected spectrum of the card's exposure, and scale what it finds to ``exposures``.

    ``settings`` change the cards before (``experiment.settings``). Signal, templates, normalisation and calibration are
    simulated once, the data never. Raises ``UsageError`` for settings that are none.
    """
    changed = with_settings(analysis, settings)
    reference = changed.card.exposure.decays
    made = run_search(changed, kaons=reference, pseudo_data="asimov", context=context)
    return project(made.result, changed.card.statistics, exposures, reference=reference, settings=settings)


def write_projection(found: Projection, out: str | Path) -> list[Path]:
    """Write ``out``/projection.csv, .json and the figure (PNG, SVG, PDF); returns the paths."""
    from hnlpeak.limits.published import list_published, published
    from hnlpeak.report.figures.projection import projection
    from hnlpeak.report.render import save

    place = Path(out)
    check_place(place)
    place.mkdir(parents=True, exist_ok=True)
    curves = [curve for curve in map(published, list_published()) if curve.flavour == found.lepton]
    results = tuple(
        c for c in curves if c.standing == "published" and c.confidence == "C" and c.quantity == "observed"
    )
    paths = save(projection(found, results), place / "projection", formats=FORMATS)
    table, record = place / "projection.csv", place / "projection.json"
    write_text(table, table_text(found.columns()))
    write_text(record, dump_json(found.to_dict()))
    return [*paths.values(), table, record]
