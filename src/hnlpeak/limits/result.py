"""The result of a peak search: frozen records, built once, and the columns and files that are views of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.background.methods import METHODS
from hnlpeak.core.above import above
from hnlpeak.core.display import facts_html, rows_html, short
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.core.records import Column, Vector, Words, build, columns_of, plain, read_column
from hnlpeak.estimation.composition import TemplateStatistics
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.limits.columns import LIMITS_COLUMNS, column_fact
from hnlpeak.limits.efficiency import NetEfficiency
from hnlpeak.limits.excess import Excess
from hnlpeak.limits.hypotheses import Hypotheses, Windows
from hnlpeak.limits.intervals import MethodLimits, SignalLimits
from hnlpeak.limits.limit import Limit
from hnlpeak.limits.limit_coverage import OwnCoverage
from hnlpeak.limits.settings import Exposure, Settings, Simulation
from hnlpeak.limits.shape_limits import ShapeFit
from hnlpeak.limits.spurious import Spurious
from hnlpeak.limits.status import sound_rows, unsound_counts
from hnlpeak.limits.systematics import Systematics
from hnlpeak.limits.toys import ToyResult
from hnlpeak.statistics import TREATMENTS

if TYPE_CHECKING:
    from pandas import DataFrame

    from hnlpeak.report.plots import Plots

__all__ = ["RESULT_SCHEMA", "SearchResult"]

RESULT_SCHEMA = 3
"""Version of the layout of ``result.json``."""


_SHOWN = ("m_n_mev", "n_observed", "background", "p_value", "u2_ul_observed", "u2_ul_expected", "status")
_SHOWN_ROWS = 12


@dataclass(frozen=True, eq=False, repr=False)
class SearchResult:
    """One record for each question of a peak search; arrays have one number for each mass hypothesis.

    ``n_observed`` events are in the ``windows`` of the spectrum ``label``. ``limits`` are those of the search's method,
    with their ``coverage`` (None for methods that take long for it),
    ``treatments`` its observed limits under each treatment of deficits (empty for a method without them), ``methods``
    those of further methods that the card asks for, ``efficiency`` the share of the signal that the background
    estimate leaves, which is in all of them, ``with_errors`` limits with the errors of A, sigma(m) and N_K.
    ``shape`` is a fit of the peak's shape in place of counting, ``toys`` are searches in background-only toys; None
    where the background is not from side bands, or no toys were asked for. ``spurious`` is what the search makes of
    simulated background alone, None where there is none or the estimate is made of it. ``status`` is ``ok`` or words
    for what is out of the ordinary. ``simulation`` is None where nothing was simulated, ``exposure`` where a spectrum
    was given, ``systematics`` where the card
    names no sources, ``templates`` (the statistics of simulated decays by mode) where there are none.

    Columns by their public names (``hnlpeak list columns``): ``number``, ``row``, ``[name]``, ``to_dataframe``;
    figures: ``plot``.
    """

    analysis: str
    title: str
    meson: str
    lepton: str
    simulated: bool
    label: str
    settings: Settings
    normalisation: KaonFlux
    hypotheses: Annotated[Hypotheses, Column("")]
    windows: Annotated[Windows, Column("")]
    n_observed: Annotated[Vector, Column("n_observed")]
    background: Annotated[BackgroundEstimates, Column("")]
    efficiency: Annotated[NetEfficiency, Column("")]
    excess: Annotated[Excess, Column("")]
    limits: Annotated[SignalLimits, Column("")]
    coverage: Annotated[OwnCoverage | None, Column("")]
    treatments: Annotated[Mapping[str, Limit], Column("")]
    methods: Annotated[Mapping[str, MethodLimits], Column("")]
    with_errors: Annotated[Limit, Column("with_errors")]
    status: Annotated[Words, Column("status")]
    shape: Annotated[ShapeFit | None, Column("")] = None
    toys: Annotated[ToyResult | None, Column("")] = None
    templates: Annotated[TemplateStatistics | None, Column("")] = None
    spurious: Annotated[Spurious | None, Column("")] = None
    simulation: Simulation | None = None
    exposure: Exposure | None = None
    systematics: Systematics | None = None

    def __post_init__(self) -> None:
        """Raise ``UsageError`` unless all columns have one length, of one mass at least."""
        lengths = {name: len(column) for name, column in self.columns.items()}
        wrong = [name for name, length in lengths.items() if length != len(self)]
        if wrong or not len(self):
            raise UsageError(f"a search result of {len(self)} masses has columns of another length: {wrong}")

    @cached_property
    def columns(self) -> Mapping[str, Vector | Words]:
        """All columns by name: those of ``limits.columns`` and whatever else the records hold."""
        return columns_of(self)

    @cached_property
    def sound(self) -> NDArray[np.bool_]:
        """Which masses may be quoted: those whose status has no word against it (see ``limits.status``)."""
        return sound_rows(self.status)

    def __len__(self) -> int:
        """Return the number of mass hypotheses."""
        return len(self.hypotheses.mass)

    def __getitem__(self, name: str) -> Vector | Words:
        """Return one column. ``UsageError`` for one that this search does not have."""
        if name not in self.columns:
            raise UsageError(f"no column {name!r} in the result of {self.analysis}")
        return self.columns[name]

    def number(self, name: str) -> Vector:
        """Return a column of numbers as float64, NaN where there is none. ``UsageError`` as for ``[name]``."""
        return np.asarray(self[name], dtype=np.float64)

    def place(self, mass: float) -> int:
        """Return which hypothesis ``mass`` (MeV) is. ``UsageError`` if it is none (within a thousandth of an MeV)."""
        masses = self.hypotheses.mass
        i = int(np.argmin(np.abs(masses - mass)))
        if not abs(masses[i] - mass) < 1e-3:
            raise UsageError(
                f"no hypothesis at {mass:g} MeV in {self.analysis}: "
                f"{masses[0]:g} to {masses[-1]:g} MeV, the nearest is {masses[i]:g}"
            )
        return i

    def row(self, mass: float) -> dict[str, Any]:
        """Return the columns at ``mass`` (MeV): numbers to 12 digits, words, None where there is no number.

        ``UsageError`` where ``mass`` is not a hypothesis (within a thousandth of an MeV).
        """
        i = self.place(mass)
        return {name: plain(column[i]) for name, column in self.columns.items()}

    @property
    def plot(self) -> Plots:
        """Figures of the result: ``plot.u2()``, ``plot.p_value(ax=axes)``; ``dir(result.plot)`` names them."""
        plots: Plots = above("hnlpeak.report.plots").plots_of_result(self)
        return plots

    def to_dataframe(self) -> DataFrame:
        """Return all columns as a pandas ``DataFrame``, one row a mass, those of ``limits.csv`` first.

        ``frame.attrs["units"]`` has the unit of each column. ``UsageError`` where pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError as error:
            raise UsageError(
                "to_dataframe needs pandas, which is not installed: pip install pandas "
                "(without it: result.columns, a mapping of numpy arrays)"
            ) from error
        order = [*LIMITS_COLUMNS, *(name for name in self.columns if name not in LIMITS_COLUMNS)]
        frame = DataFrame({name: self.columns[name] for name in order})
        facts = {name: column_fact(name) for name in order}
        frame.attrs["units"] = {name: fact.unit for name, fact in facts.items() if fact is not None}
        return frame

    def __repr__(self) -> str:
        return short("SearchResult", *self._facts().values())

    def _facts(self) -> dict[str, str]:
        """What the result says in short: the sound masses alone are quoted."""
        masses, n_kaon = self.hypotheses.mass, self.normalisation.n_kaon
        facts = {
            "search": f"{self.analysis}{' (simulated data)' if self.simulated else ''}",
            "masses": f"{len(self)} masses from {masses[0]:g} to {masses[-1]:g} MeV",
            "N_K": f"N_K = {n_kaon.value:.4g}" + (f" ± {n_kaon.error:.2g}" if n_kaon.error else ""),
        }
        u2 = np.where(self.sound, self.limits.observed.u2, np.nan)
        p = np.where(self.sound, self.excess.p_value, np.nan)
        if not np.all(np.isnan(u2)):
            best = int(np.nanargmin(u2))
            facts["strongest limit"] = f"|U|² < {u2[best]:.2e} at {masses[best]:g} MeV"
        if not np.all(np.isnan(p)):
            least = int(np.nanargmin(p))
            facts["smallest local p-value"] = f"p = {p[least]:.2g} at {masses[least]:g} MeV"
        counts = unsound_counts(self.status)
        if counts:
            words = ", ".join(f"{word} {n}" for word, n in counts.items())
            facts["not quoted"] = f"{int((~self.sound).sum())} masses not quoted ({words})"
        return facts

    def _repr_html_(self) -> str:
        chosen = np.unique(np.linspace(0, len(self) - 1, min(len(self), _SHOWN_ROWS)).round().astype(int))
        rows = [
            [value if isinstance(value, str) else f"{value:.4g}" for value in (self[n][i] for n in _SHOWN)]
            for i in chosen
        ]
        table = rows_html(_SHOWN, rows, left_out=len(self) - len(rows))
        return facts_html(self.title, self._facts()) + table

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``result.json``: plain numbers to 12 digits, words, None for no number."""
        return {"schema": RESULT_SCHEMA, **plain(self), "columns": plain(self.columns)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any], origin: str) -> SearchResult:
        """Return the result of a ``result.json``. ``InputDataError`` naming ``origin`` if it is not one."""
        if record.get("schema") != RESULT_SCHEMA:
            raise InputDataError(
                f"{origin}: result schema {record.get('schema')!r}, this version reads {RESULT_SCHEMA}; "
                "run the search again"
            )
        try:
            _known_method(record, origin)
            columns = {name: read_column(items) for name, items in record["columns"].items()}
            return build(cls, record, columns, **_of_its_kind(record, columns))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputDataError(f"{origin}: no search result ({type(error).__name__}: {error})") from error


def _known_method(record: Mapping[str, Any], origin: str) -> None:
    """Raise ``InputDataError`` where the background method of a record is not known here."""
    method = record["background"]["details"]["method"]
    if method not in METHODS:
        raise InputDataError(
            f"{origin}: made with the background method {method!r}; this version knows {', '.join(METHODS)}"
        )


def _of_its_kind(record: Mapping[str, Any], columns: Mapping[str, Vector | Words]) -> dict[str, Any]:
    """The records whose kind or number depends on the methods of the search."""
    about = record["background"]["details"]
    details = build(METHODS[about["method"]].details, about, columns)
    treatments = TREATMENTS if record["settings"]["treatment"] is not None else ()
    return {
        "background": build(BackgroundEstimates, {}, columns, details=details),
        "methods": {
            name: build(MethodLimits, {}, columns, word=name.replace("-", "_"))
            for name in record["settings"]["methods"]
        },
        "treatments": {name: build(Limit, {}, columns, word=name.replace("-", "_")) for name in treatments},
    }
