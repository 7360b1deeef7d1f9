"""The result of a peak search: one row per mass hypothesis, savable and loadable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.limits.columns import EXTRA_COLUMNS, LIMITS_COLUMNS, TEXT_COLUMNS

__all__ = ["RESULT_SCHEMA", "SearchResult"]

RESULT_SCHEMA = 1
"""Version of the layout of ``result.json``."""

Column = NDArray[np.float64] | NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class SearchResult:
    """Columns over the mass hypotheses (see ``limits.columns``) and what they were made with.

    ``settings`` holds the definitions behind the numbers (window, confidence level, treatment, convention,
    definition of the expected limit, side bands); ``normalisation`` the number of kaon decays.
    """

    analysis: str
    title: str
    meson: str
    lepton: str
    simulated: bool
    label: str
    settings: Mapping[str, Any]
    normalisation: Mapping[str, Any]
    columns: Mapping[str, Column] = field(repr=False)

    def __post_init__(self) -> None:
        """Raise ``UsageError`` unless all columns are there with one length."""
        wanted = {*LIMITS_COLUMNS, *EXTRA_COLUMNS}
        if set(self.columns) != wanted:
            wrong = sorted(wanted.symmetric_difference(self.columns))
            raise UsageError(f"columns of a search result missing or unknown: {', '.join(wrong)}")
        if len({len(column) for column in self.columns.values()}) != 1:
            raise UsageError("columns of a search result have different lengths")

    def __len__(self) -> int:
        """Return the number of mass hypotheses."""
        return len(self.columns["m_n_mev"])

    def __getitem__(self, name: str) -> Column:
        """Return one column. ``UsageError`` for an unknown name."""
        if name not in self.columns:
            raise UsageError(f"no column {name!r} in a search result")
        return self.columns[name]

    def number(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers as float64, NaN where there is none."""
        return np.asarray(self[name], dtype=np.float64)

    def row(self, mass: float) -> dict[str, Any]:
        """Return the row of ``mass`` (MeV): numbers, words, None where there is no number.

        ``UsageError`` where ``mass`` is not a hypothesis (within a thousandth of an MeV).
        """
        masses = self.number("m_n_mev")
        i = int(np.argmin(np.abs(masses - mass)))
        if not abs(masses[i] - mass) < 1e-3:
            raise UsageError(
                f"no hypothesis at {mass:g} MeV in {self.analysis}: "
                f"{masses[0]:g} to {masses[-1]:g} MeV, the nearest is {masses[i]:g}"
            )
        return {name: _plain(column[i]) for name, column in self.columns.items()}

    def to_record(self) -> dict[str, Any]:
        """Return the content of ``result.json``: plain numbers to 12 digits, words, None for no number."""
        return {
            "schema": RESULT_SCHEMA,
            "analysis": self.analysis,
            "title": self.title,
            "channel": {"meson": self.meson, "lepton": self.lepton},
            "simulated": self.simulated,
            "label": self.label,
            "settings": _plain(self.settings),
            "normalisation": _plain(self.normalisation),
            "columns": {name: [_plain(item) for item in column] for name, column in self.columns.items()},
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], origin: str) -> SearchResult:
        """Return the result of a ``result.json``. ``InputDataError`` naming ``origin`` if it is not one."""
        if record.get("schema") != RESULT_SCHEMA:
            raise InputDataError(
                f"{origin}: result schema {record.get('schema')!r}, this version reads {RESULT_SCHEMA}"
            )
        try:
            columns: dict[str, Column] = {
                name: np.array(items, dtype=np.str_)
                if name in TEXT_COLUMNS
                else np.array([np.nan if item is None else item for item in items], dtype=np.float64)
                for name, items in record["columns"].items()
            }
            return cls(
                analysis=record["analysis"],
                title=record["title"],
                meson=record["channel"]["meson"],
                lepton=record["channel"]["lepton"],
                simulated=record["simulated"],
                label=record["label"],
                settings=record["settings"],
                normalisation=record["normalisation"],
                columns=columns,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputDataError(f"{origin}: no search result ({type(error).__name__}: {error})") from error


def _plain(item: Any) -> Any:
    """Plain words and numbers, floats to 12 digits, None for numbers that do not exist."""
    if isinstance(item, Mapping):
        return {str(key): _plain(value) for key, value in item.items()}
    if isinstance(item, list | tuple):
        return [_plain(value) for value in item]
    if item is None or isinstance(item, bool | int):
        return item
    if isinstance(item, str):
        return str(item)
    number = float(item)
    return float(f"{number:.12g}") if np.isfinite(number) else None
