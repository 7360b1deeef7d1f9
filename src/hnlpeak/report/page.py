"""The report as one page that needs nothing else: figures inside, no scripts, no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib.resources import files

from hnlpeak.core.version import VERSION
from hnlpeak.limits.search import Search
from hnlpeak.limits.status import meaning
from hnlpeak.report.figures.registry import FIGURES, earlier_searches
from hnlpeak.report.summary import conditions, key_numbers, verdict
from hnlpeak.report.tables import (
    cutflow_table,
    limits_table,
    normalisation_table,
    search_settings_table,
    settings_table,
    treatments_table,
)

__all__ = ["report_page"]

_SECTIONS = (
    ("numbers", "Key numbers"),
    ("conditions", "When the limits hold"),
    ("figures", "Figures"),
    ("limits", "Limits"),
    ("treatments", "Variants"),
    ("cutflow", "Cut-flow"),
    ("normalisation", "Normalisation"),
    ("settings", "Settings and provenance"),
)


def report_page(search: Search, svgs: Mapping[str, bytes]) -> str:
    """Return the HTML text; ``svgs`` are the figures by name, in the order of the page.

    Words of cards and files are escaped: they are text on the page, never markup.
    """
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    template = environment.from_string((files("hnlpeak.report") / "page.html").read_text(encoding="utf-8"))
    result = search.result
    figures = [
        {
            "name": name,
            "title": FIGURES[name].title,
            "alt": FIGURES[name].alt,
            "base64": base64.b64encode(svg).decode("ascii"),
        }
        for name, svg in svgs.items()
    ]
    return template.render(
        result=result,
        lepton={"e": "e", "mu": "μ"}[result.lepton],
        version=VERSION,
        sections=[s for s in _SECTIONS if s[0] != "cutflow" or search.cutflows],
        verdict=verdict(result),
        meanings={str(status): meaning(status) for status in set(result.status.tolist())},
        numbers=key_numbers(search),
        conditions=conditions(search),
        figures=figures,
        limits=limits_table(result),
        treatments=treatments_table(result),
        cutflows=[cutflow_table(flow) for flow in search.cutflows],
        normalisation=normalisation_table(result),
        settings=search_settings_table(result),
        provenance=settings_table(search.provenance, caption="Provenance.", head=("what", "value")),
        sources=earlier_searches(search) if "u2" in svgs else [],
    )
