"""Write ``docs/search_2007.md``: the simulated 2007 search beside the tables of the public analysis code.

``python docs/make_search_2007.py FOLDER`` reads the folder of a run of ``na62-2007-kmu2`` (for all rows with
``scan.mass_min = "250 MeV"`` and ``scan.mass_max = "379 MeV"``) and ``docs/reference_2007.csv`` (facts of
github.com/francisnewson/hnuplots, commit 9b11310; |U|^2 with the exact rho).
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
TABLE = HERE / "reference_2007.csv"
PAGE = HERE / "search_2007.md"
TRIGGER = 0.899
N_KAON = 5.977e7
MASSES = (250, 275, 300, 325, 350, 360, 370, 375)
BUDGET = {
    "trigger": ("trig",),
    "muon identification": ("muv",),
    "number of kaons": ("flux",),
    "halo scale": ("hscale",),
    "halo statistics": ("hval",),
    "cross-talk": ("k3pi",),
    "halo shape": ("hshape",),
    "kmu3": ("km3",),
    "scattering": ("scat",),
    "simulation": (),
}
"""Parts of our budget, and those of the table that they answer to."""
SCALES = {
    "lower plus": "5.57 ± 0.86",
    "lower minus": "4.04 ± 1.2",
    "upper plus": "3.25 ± 0.50",
    "upper minus": "2.22 ± 0.59",
}
"""Scales of the halo in the public analysis, with the errors that it used."""
HEAD = """# The 2007 search, number by number

Written by `docs/make_search_2007.py` from a folder of a run; do not edit. Ours are simulated; "theirs" are numbers of
the public code and tables of the analysis behind arXiv:1705.07510, not a result of NA62. Rows are compared; no limit
had a part in any choice.
"""


@dataclass(frozen=True)
class Row:
    """One comparison; ``tolerance`` is relative."""

    what: str
    mass: int
    ours: float | None
    theirs: float | None
    """None where the tables have none."""
    tolerance: float
    text: str = "{:.4g}"

    def cells(self) -> list[str]:
        """Cells of the table of the page."""
        if self.ours is None or self.theirs is None:
            return [
                self.what,
                str(self.mass),
                "-",
                "-" if self.theirs is None else self.text.format(self.theirs),
                "",
                "not measured",
            ]
        ratio = self.ours / self.theirs
        verdict = "agrees" if abs(ratio - 1.0) <= self.tolerance else f"off by {100.0 * (ratio - 1.0):+.0f} %"
        numbers = [self.text.format(value) for value in (self.ours, self.theirs)]
        return [self.what, str(self.mass), *numbers, f"{100.0 * self.tolerance:g} %", verdict]


def _tolerance(mass: int, usual: float, steep: float) -> float:
    return steep if mass >= 370 else usual


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def _near(masses: list[float], mass: float) -> int | None:
    place = int(np.argmin(np.abs(np.array(masses) - mass)))
    return place if abs(masses[place] - mass) < 0.5 else None


def _curve(signal: dict[str, Any], selection: str, column: str, mass: float) -> float | None:
    curve = signal["curves"].get(selection)
    if curve is None or not curve["mass"][0] <= mass <= curve["mass"][-1]:
        return None
    return float(np.interp(mass, curve["mass"], curve[column]))


@dataclass(frozen=True)
class Run:
    """A finished run: result, signal curves, and the factor that takes its counts to the full number of decays."""

    columns: dict[str, Any]
    details: dict[str, Any]
    signal: dict[str, Any]
    full: float

    def at(self, name: str, mass: float) -> float | None:
        """A column of the result at ``mass``; None where it was not searched for."""
        place = _near(self.columns["m_n_mev"], mass)
        return None if place is None else self.columns[name][place]

    def events(self, mode: str, mass: float) -> float | None:
        """Events of ``mode`` in the window of ``mass``, without the factor of the trigger."""
        place = _near(self.columns["m_n_mev"], mass)
        return None if place is None else self.full * self.details["events"][mode][place] / TRIGGER

    def half(self, mass: float) -> float | None:
        """Half-width of the window, MeV."""
        low, high = self.at("window_low_mev", mass), self.at("window_high_mev", mass)
        return None if low is None or high is None else 0.5 * (high - low)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


def _signal_rows(run: Run, mass: int, theirs: dict[str, float]) -> Iterator[Row]:
    curve, steep = run.signal, mass >= 370
    before, final = "before the regions", "search"
    no_window = "acceptance_no_window"
    yield Row(
        "σ(m) before the regions [MeV]",
        mass,
        _curve(curve, before, "sigma", mass),
        theirs.get("presel_fit_sigma_mev"),
        0.04,
    )
    yield Row(
        "A before the regions", mass, _curve(curve, before, no_window, mass), theirs.get("a_presel"), 0.03
    )
    yield Row(
        "A, final selection",
        mass,
        _curve(curve, final, no_window, mass),
        theirs["a_full"],
        0.08 if steep else 0.05,
    )
    width = 0.15 if mass == 375 else 0.07
    yield Row("half-width of the window [MeV]", mass, run.half(mass), theirs["half_width_mev"], width)
    yield Row(
        "A in the window", mass, run.at("acceptance", mass), theirs["a_window"], 0.12 if steep else 0.07
    )


def _background_rows(run: Run, mass: int, theirs: dict[str, float]) -> Iterator[Row]:
    half = run.half(mass)
    # they count b in their window and 0.0002 GeV^2
    wider = 1.0 if half is None else (theirs["half_width_mev"] + 100.0 / (2.0 * mass)) / half
    for name, mode, column, tolerance in (
        ("K_μ3", "kmu3", "n_kmu3_before_trig", 0.12),
        ("K_μ2", "kmu2", "n_kmu2_before_trig", 0.15),
        ("halo", "halo", "n_halo_before_trig", 0.6),
    ):
        ours = _times(run.events(mode, mass), wider)
        yield Row(f"{name} in their window", mass, ours, theirs[column], tolerance, "{:.0f}")
    b, error = run.at("background", mass), run.at("background_error", mass)
    yield Row(
        "b", mass, _times(b, wider * run.full), theirs["b"], {370: 0.15, 375: 0.2}.get(mass, 0.12), "{:.0f}"
    )
    share = None if b is None or error is None else 100.0 * error / b
    yield Row("σ_b / b [%]", mass, share, 100.0 * theirs["sigma_b"] / theirs["b"], 0.25, "{:.1f}")
    limits = run if run.full < 1.1 else None
    for name, ours_name, theirs_name, tolerance, text in (
        ("expected limit on N_S", "n_signal_ul_expected", "exp_ul_ns", 0.2, "{:.0f}"),
        ("expected limit on the mixing", "u2_ul_expected", "exp_ul_u2_exact_rho", 0.25, "{:.2e}"),
    ):
        ours = None if limits is None else limits.at(ours_name, mass)
        yield Row(name, mass, ours, theirs[theirs_name], tolerance, text)


def rows(run: Run, table: dict[int, dict[str, float]]) -> Iterator[Row]:
    """All comparisons at the masses of the page, of what the tables have a number of."""
    for mass in MASSES:
        both = (*_signal_rows(run, mass, table[mass]), *_background_rows(run, mass, table[mass]))
        yield from (row for row in both if row.theirs is not None)


def _verdict(compared: list[Row]) -> str:
    """How many rows agree, and what the others are."""
    judged = [row for row in compared if row.ours is not None]
    off = [f"{row.what} at {row.mass} MeV" for row in judged if row.cells()[-1] != "agrees"]
    text = f"Of {len(judged)} numbers {len(judged) - len(off)} agree within their tolerance"
    return f"{text}; the others: {', '.join(off)}." if off else f"{text}."


def _budget(result: dict[str, Any], table: dict[int, dict[str, float]]) -> list[str]:
    columns, budget = result["columns"], result["background"]["details"]["budget"]
    lines = []
    for mass in (250, 300, 350, 370):
        place = _near(columns["m_n_mev"], mass)
        if place is None:
            continue
        for name, theirs in BUDGET.items():
            ours = (
                "-"
                if name not in budget
                else f"{100.0 * budget[name][place] / columns['background'][place]:.1f}"
            )
            other = "-" if not theirs else f"{sum(table[mass][f'err_{t}_pct_of_b'] for t in theirs):.1f}"
            lines.append([str(mass), name, ours, other])
    return _table(["m_N [MeV]", "part", "ours [% of b]", "theirs"], lines)


def _halo(details: dict[str, Any], full: float) -> list[str]:
    """Scale of the halo by region and polarity, and the checks that nothing is fitted to.

    Control runs shrink as the root of the exposure: scales are taken to the full one.
    """
    larger = full**0.5
    runs = {run["part"]: run for run in details["control_runs"]}
    checks = details["checks"]
    lines = []
    for part, theirs in SCALES.items():
        run, check = runs[part], checks[f"check {part}"]
        error = larger * float(np.hypot(run["scale_stat"], run["scale_syst"]))
        lines.append(
            [
                part,
                f"{larger * run['scale']:.2f} ± {error:.2f}",
                theirs,
                f"{check['observed']:.0f}",
                f"{check['expected']:.0f}",
                f"{check['p_value']:.2g}",
            ]
        )
    return _table(
        ["region", "scale, ours", "theirs", "check region: pseudo-data", "sum of the background", "p-value"],
        lines,
    )


def _statistics(details: dict[str, Any], masses: list[float]) -> str:
    """How many times the data's statistics the simulated decays have, at the least, in the windows."""
    decays = np.sum([events for mode, events in details["events"].items() if mode != "halo"], axis=0)
    # both hold the factor of the trigger, the variance twice
    ratio = TRIGGER * decays / np.asarray(details["budget"]["simulation"]) ** 2
    worst = int(np.argmin(ratio))
    return (
        f"Simulated decays have at least {ratio[worst]:.1f} times the statistics of the data in every window from "
        f"{masses[0]:.0f} to {masses[-1]:.0f} MeV, the least at {masses[worst]:.0f} MeV: (Σw)²/Σw² over the events "
        "expected."
    )


def page(folder: Path) -> str:
    """Text of the page for the run in ``folder``."""
    result = json.loads((folder / "result.json").read_text("utf-8"))
    signal = json.loads((folder / "figures" / "data" / "inputs.json").read_text("utf-8"))["signal"]
    with TABLE.open(encoding="utf-8") as file:
        table = {
            int(row["mass_mev"]): {name: float(value) for name, value in row.items() if value}
            for row in csv.DictReader(file)
        }
    n_kaon = result["normalisation"]["n_kaon"]["value"]
    run = Run(result["columns"], result["background"]["details"], signal, N_KAON / n_kaon)
    return "\n".join(
        [
            HEAD,
            f"This page is of a run with N_K = {n_kaon:.4g}; events are scaled to {N_KAON:.4g} decays. Limits are "
            "compared where the run has as many.",
            "",
            *_table(
                ["quantity", "m_N [MeV]", "ours", "theirs", "tolerance", "verdict"],
                [row.cells() for row in rows(run, table)],
            ),
            "Their n and b are counted in the window and 0.0002 GeV²: our events are scaled to that. Events by mode "
            "are those before the factor of the trigger. σ is half of the central 68.27 % here and a Gaussian fitted "
            "to the whole histogram there, which is 1 to 2 % wider. Our acceptances hold the 0.5 % that the hodoscope "
            "loses.",
            "",
            _verdict(list(rows(run, table))),
            "",
            _statistics(run.details, run.columns["m_n_mev"]),
            "",
            "## Parts of σ_b",
            "",
            *_budget(result, table),
            "## Halo by region and polarity",
            "",
            *_halo(run.details, run.full),
            (HERE / "search_2007_factors.txt").read_text("utf-8"),
            (HERE / "search_2007_differences.txt").read_text("utf-8"),
        ]
    )


def main() -> int:
    """Write the page; 2 where the folder is not named."""
    if len(sys.argv) != 2:
        print("usage: python docs/make_search_2007.py FOLDER")
        return 2
    PAGE.write_text(page(Path(sys.argv[1])), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
