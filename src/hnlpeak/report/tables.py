"""Tables of the report page: a head and rows of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hnlpeak.core.measured import Measured
from hnlpeak.core.records import plain
from hnlpeak.limits.result import SearchResult
from hnlpeak.report.rounding import count_text, plain_number, scientific
from hnlpeak.report.typeset import typeset
from hnlpeak.selection.cutflow import Cutflow

__all__ = [
    "Table",
    "cutflow_table",
    "limits_table",
    "normalisation_table",
    "search_settings_table",
    "settings_table",
    "treatments_table",
]


_LONG = 8
"""Longer lists have a number for each mass: they are in ``result.json`` alone."""


@dataclass(frozen=True)
class Table:
    """``caption``, ``head`` and ``rows`` of a table, all text."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def _every(result: SearchResult, step: float) -> list[dict[str, Any]]:
    """Rows at multiples of ``step`` MeV, with the first and the last hypothesis."""
    masses = result.number("m_n_mev")
    wanted = np.unique(
        [masses[0], *np.arange(np.ceil(masses[0] / step) * step, masses[-1], step), masses[-1]]
    )
    places = dict.fromkeys(int(np.argmin(np.abs(masses - mass))) for mass in wanted)
    return [result.row(float(masses[i])) for i in places]


def limits_table(result: SearchResult, *, step: float = 10.0) -> Table:
    """Return the limits every ``step`` MeV with the numbers they come from."""
    rows = [
        (
            f"{row['m_n_mev']:g}",
            plain_number(row["sigma_mev"]),
            count_text(row["n_observed"]),
            f"{plain_number(row['background'])} ± {plain_number(row['background_error'], 2)}",
            plain_number(row["acceptance"]),
            plain_number(row["p_value"], 2),
            plain_number(row["n_signal_ul_observed"]),
            scientific(row["branching_fraction_ul_observed"]),
            scientific(row["u2_ul_observed"]),
            f"{scientific(row['u2_ul_expected'])} "
            f"({scientific(row['u2_ul_expected_m1s'])} to {scientific(row['u2_ul_expected_p1s'])})",
            row["status"],
        )
        for row in _every(result, step)
    ]
    head = (
        "m [MeV]",
        "σ [MeV]",
        "n",
        "b ± σ_b",
        "A",
        "local p",
        "N_S <",
        "B <",
        "|U|² <",
        "|U|² expected (±1σ)",
        "status",
    )
    return Table(f"Upper limits every {step:g} MeV; all masses are in limits.csv.", head, tuple(rows))


def treatments_table(result: SearchResult, *, step: float = 50.0) -> Table:
    """Return the observed limit on |U|^2 under each treatment of deficits, by further methods, and with errors.

    The limit as it is takes the place of the treatments where the method has none.
    """
    used = result.settings.treatment
    variants = dict(result.treatments or {result.settings.method: result.limits.observed})
    variants |= {name: limits.observed for name, limits in result.methods.items()}
    rows = [
        (
            f"{row['m_n_mev']:g}",
            count_text(row["n_observed"]),
            f"{plain_number(row['background'])} ± {plain_number(row['background_error'], 2)}",
            *(scientific(limit.u2[result.place(row["m_n_mev"])], 3) for limit in variants.values()),
            scientific(row["u2_ul_with_errors"], 3),
        )
        for row in _every(result, step)
    ]
    head = tuple(f"{name} (used)" if name == used else name for name in variants)
    what = "Observed upper limit on |U|²" + (" under each treatment of deficits" if result.treatments else "")
    what += " and by further methods" if result.methods else ""
    return Table(
        f"{what}; the last column has the errors of N_K and A.",
        ("m [MeV]", "n", "b ± σ_b", *head, "with errors"),
        tuple(rows),
    )


def cutflow_table(flow: Cutflow) -> Table:
    """Return the cut-flow of one selection with the share of the step before and N - 1."""
    rows = [
        (
            str(row["cut"]),
            count_text(float(row["passed"])) + ("" if row["share"] == 1.0 else " *"),
            f"{100.0 * float(row['fraction']):.3g} %",
            count_text(float(row["n_minus_one"])),
        )
        for row in flow.rows()
    ]
    head = ("cut", "pass", "of the step before", "without this cut (N − 1)")
    caption = f"Cut-flow of the selection {flow.selection}."
    if flow.estimated:
        caption += f" * One decay in {flow.every} of those that a veto ends, counted {flow.every} times."
    return Table(caption, head, tuple(rows))


_QUANTITIES = {
    "n_kaon": "{meson} decays in the fiducial volume, N_K",
    "n_sm": "events in the Standard-Model region",
    "n_background": "background among them",
    "acceptance_sm": "acceptance of the normalisation mode",
    "branching_fraction": "its branching fraction",
}


def normalisation_table(result: SearchResult) -> Table:
    """Return the number of kaon decays and what it was made of, where that is known."""
    rows = []
    for name, text in _QUANTITIES.items():
        words = text.format(meson=typeset(result.meson))
        item = getattr(result.normalisation, name)
        if isinstance(item, Measured):
            numbers = zip((item.value, item.stat, item.syst), (4, 2, 2), strict=True)
            value, stat, syst = (plain_number(number, digits) for number, digits in numbers)
            rows.append((words, value, stat, syst, item.source))
        elif item is not None:
            rows.append((words, count_text(item), "", "", ""))
    return Table("Normalisation.", ("quantity", "value", "stat", "syst", "source"), tuple(rows))


def _flat(prefix: str, record: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in sorted(record.items()):
        if isinstance(value, Mapping):
            rows += _flat(f"{prefix}{name}: ", value)
        elif not isinstance(value, list | tuple) or len(value) <= _LONG:
            rows.append((f"{prefix}{_setting(name)}", _words(value)))
    return rows


_UNITS = {"mev": "MeV", "gev": "GeV", "mm": "mm", "ns": "ns", "hz": "Hz"}
_SETTINGS = {
    "cl": "confidence level",
    "u2": "|U|²",
    "methods": "further methods",
    "lost": "lost jobs",
    "pseudo_data": "data drawn from templates",
}


def _setting(name: str) -> str:
    """The name of a setting as people say it, its unit in brackets."""
    *words, last = name.split("_")
    if words and last in _UNITS:
        return f"{' '.join(words)} [{_UNITS[last]}]"
    return _SETTINGS.get(name, name.replace("_", " "))


def _words(value: Any) -> str:
    """A setting as text."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, float):
        return typeset(f"{value:g}")
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple) and not value:
        return "none"
    if isinstance(value, list | tuple):
        return ("; " if any(isinstance(item, Mapping) for item in value) else ", ").join(map(_words, value))
    return str(value)


def settings_table(
    record: Mapping[str, Any], *, caption: str, head: Sequence[str] = ("setting", "value")
) -> Table:
    """Return a record of settings (or of provenance) in the order of names, nested ones with their path."""
    return Table(caption, tuple(head), tuple(_flat("", record)))


def search_settings_table(result: SearchResult) -> Table:
    """Return the definitions behind the numbers of a search, and how its data came about."""
    settings = plain(result.settings)
    record: dict[str, Any] = {
        **settings,
        **{name: typeset(settings[name]) for name in ("convention", "errors")},
        "background": plain(result.background.details),
        **(plain(result.simulation) if result.simulation is not None else {}),
        **(plain(result.exposure) if result.exposure is not None else {}),
    }
    if result.toys is not None:
        record["look_elsewhere"] = plain(result.toys.look_elsewhere)
    return settings_table(record, caption="Settings of the search.")
