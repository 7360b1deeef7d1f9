"""The looks of all figures: sizes, colours, the line above the axes.

Colours: ten-colour sequence of M. A. Petroff, arXiv:2107.02270, told apart with colour-vision deficiencies.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, cast

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hnlpeak.core.errors import InputDataError
from hnlpeak.limits.result import SearchResult
from hnlpeak.report.onto import Onto, target
from hnlpeak.report.powers import plain_powers
from hnlpeak.report.small_ticks import SmallTicks
from hnlpeak.statistics import METHODS

__all__ = [
    "BAND_ONE",
    "BAND_TWO",
    "EXPECTED",
    "INK",
    "MARKERS",
    "MUTED",
    "PALETTE",
    "convention",
    "header",
    "house_style",
    "new_figure",
    "own_style",
    "plain",
    "settle",
    "styled",
]

PALETTE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
INK = "#1a1a1a"
MUTED = "#717581"
EXPECTED = "#1f5f9e"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "h", "<", ">", "*", "d")
"""Marks that tell lines apart where colours do not: in grey print and with colour-vision deficiencies."""
BAND_ONE = "#8fbfe9"
BAND_TWO = "#d3e6f7"

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 12.0,
    "axes.titlesize": 12.0,
    "axes.labelsize": 13.5,
    "axes.linewidth": 1.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "axes.prop_cycle": cycler(color=PALETTE),
    "lines.linewidth": 1.8,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "legend.title_fontsize": 10.5,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "xtick.major.pad": 6.0,  # numbers of two axes do not meet at the corner
    "xtick.major.size": 7.0,
    "ytick.major.size": 7.0,
    "xtick.minor.size": 3.5,
    "ytick.minor.size": 3.5,
    "xtick.labelsize": 12.0,
    "ytick.labelsize": 12.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "hnlpeak",
    "figure.dpi": 150,
}

P = ParamSpec("P")


_own: ContextVar[Any] = ContextVar("settings over the house style", default=None)


@contextlib.contextmanager
def own_style(path: str | Path) -> Iterator[None]:
    """Within it the settings of a matplotlib style file (.mplstyle) go over those of the house style.

    ``InputDataError`` where the file cannot be read or holds something else.
    """
    place = Path(path)
    try:
        place.read_text("utf-8")
        settings: dict[Any, Any] = dict(matplotlib.rc_params_from_file(place, use_default_template=False))
    except (OSError, UnicodeDecodeError) as error:
        raise InputDataError(f"{place}: cannot be read as a matplotlib style file ({error})") from error
    if not settings:
        raise InputDataError(f"{place}: not a matplotlib style file: no line such as 'font.size: 14' in it")
    token = _own.set(settings)
    try:
        yield
    finally:
        _own.reset(token)


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Within it matplotlib draws as this package does, whatever a user's settings are; they come back after."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**_STYLE, **(_own.get() or {})})
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Return the figure function ``draw`` run in the house style, its figures laid out.

    Within ``onto`` it draws onto the Axes there, which keep their own style, and returns their figure.
    """

    @wraps(draw)
    def run(*args: P.args, **kwargs: P.kwargs) -> Figure:
        if target() is not None:
            return cast(Onto, draw(*args, **kwargs)).figure
        with house_style():
            figure = draw(*args, **kwargs)
            settle(figure)
            return figure

    return run


class NotebookFigure(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        with house_style():
            self.savefig(out, format="png", dpi=100)
        return out.getvalue()


def new_figure(width: float = 8.4, height: float = 5.6) -> Figure:
    """Return an empty figure of ``width`` x ``height`` inches, or what stands for it on the Axes of ``onto``."""
    axes = target()
    if axes is not None:
        return cast(Figure, Onto(axes))
    figure = NotebookFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)  # it is laid out for what PNG files are drawn on: sizes of texts are found once
    return figure


def settle(figure: Figure) -> None:
    """Lay ``figure`` out now and for good: each file of it would do so again, at half its cost.

    On the Axes of ``onto`` their owner does that.
    """
    if target() is not None:
        return
    every = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    for axis in every:
        plain_powers(axis)
        _without_empty_labels(axis)
    small = SmallTicks(every)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    if any(axes.get_aspect() != "auto" for axes in figure.axes):
        figure.draw_without_rendering()  # axes of a fixed shape take it when they are drawn, and labels follow
    small.draw()
    for axis in every:
        _stay(axis)


def _without_empty_labels(axis: Axis) -> None:
    """Small ticks mostly have empty labels, whose places are found again and again."""
    if not any(axis.get_minor_formatter().format_ticks(axis.get_minorticklocs().tolist())):
        axis.set_tick_params(which="minor", labelbottom=False, labelleft=False)


def _stay(axis: Axis) -> None:
    """Keep the axis label where it stands: found anew it takes the extent of all numbers of the axis."""
    label = axis.label
    if label.get_text():
        place = label.get_transform().transform(label.get_position())
        axis.set_label_coords(*axis.axes.transAxes.inverted().transform(place))


def plain(text: str) -> str:
    """Return somebody's ``text`` such that matplotlib takes no part of it for a formula."""
    return text.replace("$", r"\$")


def header(axes: Axes, *, simulated: bool, right: str = "") -> None:
    """Write above ``axes`` that this is simulation (or this package), and ``right`` on the other side."""
    # no ticks have numbers above the axes: matplotlib need not look for them
    words = "hnlpeak simulation" if simulated else "hnlpeak"
    axes.set_title(words, loc="left", fontweight="bold", y=1.0)
    axes.set_title(right, loc="right", fontsize=10.5, y=1.0)


def convention(result: SearchResult) -> str:
    """Return in a few words what the limits of ``result`` are: method, interval and level, treatment of deficits."""
    settings = result.settings
    known = METHODS.get(settings.method)
    name = settings.method if known is None or not known.label else known.label
    treatment = "" if settings.treatment is None else f", deficits {settings.treatment}"
    return f"{name}: {settings.convention.split(';')[0]}{treatment}"
