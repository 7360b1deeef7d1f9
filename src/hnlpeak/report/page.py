"""The report as one page that needs nothing else: figures, script and style inside, no network.

Its Content-Security-Policy lets the browser run the one script of the page and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files

from markupsafe import Markup

from hnlpeak.core.version import VERSION
from hnlpeak.limits.published import PublishedLimit
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.limits.status import meaning, status_words
from hnlpeak.report.explorer import Explorer, explorer
from hnlpeak.report.figures.registry import FIGURES, earlier_searches, used_cutflows
from hnlpeak.report.summary import conditions, key_numbers, verdict
from hnlpeak.report.systematics_tables import systematics_tables
from hnlpeak.report.tables import (
    cutflow_table,
    limits_table,
    normalisation_table,
    search_settings_table,
    settings_table,
    treatments_table,
)
from hnlpeak.report.typeset import subscripts, typeset

__all__ = ["report_page"]

_SECTIONS = (
    ("numbers", "Result"),
    ("explore", "Mass by mass"),
    ("figures", "Figures"),
    ("limits", "Limits"),
    ("selection", "Normalisation and cuts"),
    ("settings", "Settings"),
)
_TEMPLATES = files("hnlpeak.report") / "template"
_NATURES = ("majorana", "dirac")


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The source of a policy that allows ``text`` alone."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _switches(shown: Explorer) -> str:
    """Rules that hide a curve whose switch is off: they work without the script."""
    keys = [curve.key for plot in shown.plots for curve in plot.curves]
    rules = [f"body:has(#show-{key}:not(:checked)) .c-{key}{{display:none}}" for key in keys]
    for nature in _NATURES:
        rules.append(f"body:has(#nature-{nature}:not(:checked)) .only-{nature}{{display:none}}")
    return "\n".join(rules) + "\n"


def _words(result: SearchResult) -> list[str]:
    """The words of this search's status column that say something, in the order of all words."""
    used = {word for status in result.status.tolist() for word in status.split()}
    return [word for word in status_words() if word in used and word != "ok"]


def _source(curve: PublishedLimit) -> dict[str, str]:
    kind = "Numbers of the authors" if curve.kind == "tabulated" else "Read off a figure"
    exact = "" if curve.confidence != "m" else "; approximate, by up to a factor of 3"
    words = (
        f"{curve.quantity.capitalize()} limit at {100.0 * curve.cl:g} % CL, {curve.standing}. {kind}{exact}."
    )
    return {"label": curve.label, "reference": curve.reference, "words": words}


def report_page(search: Search, svgs: Mapping[str, Markup]) -> str:
    """Return the HTML text; ``svgs`` are the figures by name as of ``inline_svg``, in the order of the page.

    Words of cards and files are escaped: they are text on the page, never markup.
    """
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        loader=jinja2.FunctionLoader(_text),
    )
    environment.filters["sub"] = subscripts
    template = environment.get_template("page.html")
    result = search.result
    figures = [
        {
            "name": name,
            "title": FIGURES[name].title,
            "alt": FIGURES[name].alt,
            "url": svg,
        }
        for name, svg in svgs.items()
    ]
    earlier, used = earlier_searches(search), used_cutflows(search)
    shown = explorer(search, earlier)
    script, style = _text("page.js"), _text("page.css") + _switches(shown)
    return template.render(
        policy=f"default-src 'none'; img-src data:; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'",
        script=script,
        style=style,
        result=result,
        decay=typeset(f"{result.meson} -> {result.lepton}+ N"),
        version=VERSION,
        sections=_SECTIONS,
        explorer=shown,
        verdict=verdict(result),
        words={word: status_words()[word].meaning for word in _words(result)},
        meanings={str(status): meaning(status) for status in set(result.status.tolist())},
        numbers=key_numbers(search),
        conditions=conditions(search),
        figures=figures,
        limits=limits_table(result),
        treatments=treatments_table(result),
        cutflows=[cutflow_table(flow) for flow in used],
        other_cutflows=[cutflow_table(flow) for flow in search.cutflows if flow not in used],
        normalisation=normalisation_table(result),
        systematics=systematics_tables(result),
        settings=search_settings_table(result),
        provenance=settings_table(search.provenance, caption="Provenance.", head=("what", "value")),
        sources=[_source(curve) for curve in earlier],
    )
