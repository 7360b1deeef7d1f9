"""Write ``docs/limits_compared.md``: why simulated limits differ from published ones, and what b is made of.

``python docs/make_limits_compared.py RUN2015 [RUN2007]`` reads the folders of runs at the exposures of their cards (of
both searches, or of that of 2015 alone), published curves, ``docs/reference_2007.csv``, and
``docs/composition_before.csv`` (an early version's).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hnlpeak.formats.search_files import read_search
from hnlpeak.limits.published import list_published, published
from hnlpeak.limits.search import Search

HERE = Path(__file__).resolve().parent
PAGE, BEFORE, TABLE = (
    HERE / name for name in ("limits_compared.md", "composition_before.csv", "reference_2007.csv")
)
REASONS = (HERE / "composition_reasons.txt").read_text("utf-8")
MASSES_2015 = (180, 210, 240, 270, 300, 330, 350, 370, 400, 440)
MASSES_2007 = (300, 325, 350, 360, 370, 375)
HEAD = """# Why does my limit differ from the paper's?

Written by `docs/make_limits_compared.py` from the folders of runs; do not edit. Ours are expected limits of
simulated searches; no number was set from a limit (one choice of method was: how deficits are treated). The
questions to ask first are in
[How a limit comes about](chain.md); here are their sizes.

A limit is $|U|^2 = \\mathrm{UL}(N_S) / (N_K\\,A\\,B_1)$ with $B_1 = B(K^+\\to\\ell^+\\nu)\\,\\rho(m)$:
a ratio of two limits is a ratio of N_K, one of A and one of UL(N_S). A published curve tells only UL(N_S) / A, by its
own N_K.

"""


@dataclass(frozen=True)
class Against:
    """Our expected limits over those of a curve, where it covers them."""

    name: str
    ratio: np.ndarray[Any, np.dtype[np.float64]]
    inside: float

    def cells(self) -> list[str]:
        """Cells of the table."""
        curve = published(self.name)
        low, middle, high = np.quantile(self.ratio, [0.16, 0.5, 0.84])
        return [
            f"`{self.name}`",
            f"{curve.quantity}, {curve.standing}, {curve.kind}",
            str(self.ratio.size),
            f"{middle:.2f}",
            f"{low / middle:.2f} to {high / middle:.2f}",
            f"{100.0 * self.inside:.0f} %",
        ]


def against(search: Search, name: str) -> Against | None:
    """The comparison with one curve; None where fewer than ten masses are covered."""
    result, curve = search.result, published(name)
    if (curve.meson, curve.flavour) != (result.meson, result.lepton):
        return None
    masses, ours = result.number("m_n_mev"), result.number("u2_ul_expected")
    on = curve.covers(masses) & result.sound & np.isfinite(ours)
    if int(on.sum()) < 10:
        return None
    theirs = np.asarray(curve.limit(masses[on]))
    ratio = ours[on] / theirs
    low, high = (
        result.number(f"u2_ul_expected_{end}")[on] / float(np.median(ratio)) for end in ("m2s", "p2s")
    )
    return Against(name, ratio, float(np.mean((low <= theirs) & (theirs <= high))))


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A table as lines."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def curves(search: Search) -> list[str]:
    """Our limits beside all curves of the flavour."""
    found = [made for name in list_published() if (made := against(search, name)) is not None]
    head = ["curve", "what it is", "masses", "median of ours / theirs", "16 to 84 %, over the median"]
    return table([*head, "theirs inside our ±2σ times 1 / median"], [made.cells() for made in found])


def parts_of_2015(search: Search) -> list[str]:
    """N_K and UL(N_S) / A of 2015 beside what the final curve means."""
    result, card = search.result, search.card
    curve, rows = published("na62-2015-e"), []
    theirs_n_k = None if card is None else card.normalisation.published_n_kaon
    for mass in MASSES_2015:
        row = result.row(float(mass))
        if theirs_n_k is None or not curve.covers(mass):
            continue
        limit = float(curve.limit(mass))
        both = row["n_signal_ul_expected"] / row["acceptance"]
        of_them = theirs_n_k * row["branching_fraction_per_u2"] * limit
        rows.append(
            [
                str(mass),
                f"{row['u2_ul_expected']:.2e}",
                f"{limit:.2e}",
                f"{row['u2_ul_expected'] / limit:.2f}",
                f"{theirs_n_k / row['n_kaon']:.2f}",
                f"{both / of_them:.2f}",
                f"{row['n_signal_ul_expected']:.1f}",
                f"{row['acceptance']:.3f}",
            ]
        )
    head = [
        "m_N [MeV]",
        "ours",
        "`na62-2015-e`",
        "ratio",
        "of it 1 / N_K",
        "UL(N_S) / A",
        "our UL(N_S)",
        "our A",
    ]
    return table(head, rows)


def parts_of_2007(search: Search) -> list[str]:
    """All three parts of 2007, from the tables of the public analysis."""
    result, rows = search.result, []
    with TABLE.open(encoding="utf-8") as file:
        known = {int(row["mass_mev"]): row for row in csv.DictReader(file)}
    n_k = 5.977e7 if search.card is None else search.card.normalisation.published_n_kaon or 5.977e7
    for mass in MASSES_2007:
        row, theirs = result.row(float(mass)), known[mass]
        if row["u2_ul_expected"] is None:
            continue
        parts = {
            "u2": row["u2_ul_expected"] / float(theirs["exp_ul_u2_exact_rho"]),
            "kaons": n_k / row["n_kaon"],
            "acceptance": float(theirs["a_window"]) / row["acceptance"],
            "events": row["n_signal_ul_expected"] / float(theirs["exp_ul_ns"]),
            "b": row["background"] / float(theirs["b"]),
        }
        limits = [f"{row['u2_ul_expected']:.2e}", f"{float(theirs['exp_ul_u2_exact_rho']):.2e}"]
        rows.append([str(mass), *limits, *(f"{value:.2f}" for value in parts.values())])
    head = ["m_N [MeV]", "ours", "tables", "ratio", "of it 1 / N_K", "1 / A", "UL(N_S)", "b, ours / theirs"]
    return table(head, rows)


def composition(folder: Path) -> Iterator[str]:
    """b by source now and in an early version, at the masses of the page."""
    with (folder / "composition.csv").open(encoding="utf-8") as file:
        now = {int(float(row["m_n_mev"])): row for row in csv.DictReader(file)}
    with BEFORE.open(encoding="utf-8") as file:
        before = {int(row["m_n_mev"]): row for row in csv.DictReader(file)}
    sources = [
        name.removesuffix("_error")
        for name in next(iter(now.values()))
        if name.endswith("_error") and name != "background_error"
    ]
    seen = [s for s in sources if max(float(now[mass][s] or 0.0) for mass in MASSES_2015) >= 0.05]
    rows = []
    for mass in MASSES_2015:
        cells = []
        for source in seen:
            old = before.get(mass, {}).get(source, "")
            cells.append(
                f"{old} → {float(now[mass][source]):.1f}" if old else f"{float(now[mass][source]):.1f}"
            )
        whole = f"{float(now[mass]['simulated']):.1f}"
        rows.append([str(mass), *cells, whole, f"{float(now[mass]['background']):.1f}"])
    yield from table(["m_N [MeV]", *seen, "all simulated", "b from side bands"], rows)


def about(search: Search) -> list[str]:
    """Which run it is, and its limits beside those of others."""
    exposure, result = search.result.exposure, search.result
    if exposure is None or search.card is None or exposure.decays != search.card.exposure.decays:
        raise ValueError(f"{result.analysis}: expected a run at the exposure of its card")
    kind = exposure.pseudo_data
    how = "simulated decay by decay" if kind is None else f"pseudo-data: {kind}"
    n_kaon = result.normalisation.n_kaon.value
    return [f"A run of {exposure.decays:.4g} decays ({how}), N_K = {n_kaon:.4g}.", "", *curves(search)]


def page(run_2015: Path, run_2007: Path | None) -> str:
    """Text of the page."""
    electron = read_search(run_2015)
    muon = None if run_2007 is None else read_search(run_2007)
    lines = [HEAD, "## 2015, K⁺ → e⁺N", "", *about(electron)]
    lines += ["Beside the final curve, part by part:", "", *parts_of_2015(electron)]
    if muon is not None:
        lines += ["## 2007, K⁺ → μ⁺N", "", *about(muon)]
        lines += ["Beside the tables of the public analysis code (no result of NA62), part by part:", ""]
        lines += parts_of_2007(muon)
    lines += [
        "## What b is made of in 2015",
        "",
        "Simulated events in the window at the exposure of the card: an early version → now, where both are known.",
        "",
        *composition(run_2015),
        REASONS,
    ]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write the page; 2 where the folders are not named."""
    if len(sys.argv) not in (2, 3):
        print("usage: python docs/make_limits_compared.py RUN2015 [RUN2007]")
        return 2
    first, *second = map(Path, sys.argv[1:])
    PAGE.write_text(page(first, second[0] if second else None), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
