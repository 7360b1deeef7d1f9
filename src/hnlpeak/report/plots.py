"""All figures of a report as methods: ``result.plot.u2()``, or ``result.plot.u2(ax=axes)`` onto somebody's Axes."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hnlpeak.core.errors import UsageError
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.report.figures.registry import FIGURES
from hnlpeak.report.onto import onto

__all__ = ["Drawing", "Plots", "plots_of_result"]


class Drawing(Protocol):
    """Draws one figure: a new one, or with ``ax`` onto Axes that are there; returns the figure."""

    def __call__(self, ax: Axes | None = None) -> Figure:
        """Return the figure drawn."""


class Plots:
    """The figures of a search by the names of ``FIGURES``; those whose inputs are not there raise ``UsageError``.

    A figure with several panels divides the Axes that it is given among them.
    """

    def __init__(self, search: Search) -> None:
        self._search = search

    def __getattr__(self, name: str) -> Drawing:
        if name not in FIGURES:
            close = get_close_matches(name, FIGURES, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise AttributeError(f"no figure {name!r}{hint}: there are {', '.join(FIGURES)}")
        drawing = partial(self._draw, name)
        drawing.__doc__ = f"{FIGURES[name].title}. {FIGURES[name].alt}"
        return drawing

    def __dir__(self) -> list[str]:
        return list(FIGURES)

    def __repr__(self) -> str:
        return f"<Plots of {self._search.result.analysis}: {', '.join(FIGURES)}>"

    def _draw(self, name: str, ax: Axes | None = None) -> Figure:
        with onto(ax):
            figure = FIGURES[name].draw(self._search)
        if figure is None:
            raise UsageError(
                f"the figure {name!r} draws more than a result holds, or than this search has: "
                f"hnlpeak.read_search(DIR).plot.{name}() has all that is in the folder of a search"
            )
        return figure


def plots_of_result(result: SearchResult) -> Plots:
    """Return the figures that a result alone can give."""
    return Plots(Search(result))
