"""The page on the 2007 search: its verdicts, and whether it says what the tables say."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from maker import maker

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture(scope="module")
def script() -> Any:
    return maker("make_search_2007")


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (110.0, 100.0, "agrees"),
        (113.0, 100.0, "off by +13 %"),
        (87.0, 100.0, "off by -13 %"),
        (None, 100.0, "not measured"),
    ],
)
def test_verdicts(script: Any, ours: float | None, theirs: float, verdict: str) -> None:
    assert script.Row("b", 300, ours, theirs, 0.12).cells()[-1] == verdict


def test_statistics_of_the_templates_by_hand(script: Any) -> None:
    """400 decays before a trigger of 0.899 with an error of 5: 400 / 25 / 0.899^2 x 0.899 times those of the data."""
    details = {
        "events": {"kmu2": [100.0, 300.0], "kmu3": [300.0, 600.0], "halo": [1e6, 1e6]},
        "budget": {"simulation": [5.0, 5.0]},
    }
    text = script._statistics(details, [250.0, 251.0])
    assert f"at least {0.899 * 400.0 / 25.0:.1f} times" in text
    assert "least at 250 MeV" in text


def test_the_page_has_every_row_and_the_numbers_of_the_tables() -> None:
    with (DOCS / "reference_2007.csv").open(encoding="utf-8") as file:
        table = {int(row["mass_mev"]): row for row in csv.DictReader(file)}
    text = (DOCS / "search_2007.md").read_text("utf-8")
    rows = [
        [c.strip() for c in line.strip("| ").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    found = {(row[0], int(row[1])): row for row in rows if len(row) == 6 and re.fullmatch(r"\d{3}", row[1])}
    names = {
        "A, final selection": "a_full",
        "half-width of the window [MeV]": "half_width_mev",
        "A in the window": "a_window",
        "K_μ3 in their window": "n_kmu3_before_trig",
        "K_μ2 in their window": "n_kmu2_before_trig",
        "halo in their window": "n_halo_before_trig",
        "b": "b",
        "expected limit on N_S": "exp_ul_ns",
        "expected limit on the mixing": "exp_ul_u2_exact_rho",
    }
    for mass in (250, 275, 300, 325, 350, 360, 370, 375):
        for name, column in names.items():
            row = found[name, mass]
            rounding = 0.51 if "." not in row[3] else 0.0  # whole events
            theirs = pytest.approx(float(table[mass][column]), rel=6e-3, abs=rounding)
            assert float(row[3]) == theirs, (name, mass)
            if name.startswith("expected limit") and row[2] == "-":
                assert row[5] == "not measured"  # limits are compared at the full exposure alone
                continue
            # a small control run may have no event of the halo in a window
            assert float(row[2]) > 0.0 or (name.startswith("halo") and float(row[2]) == 0.0)
            agrees = abs(float(row[2]) / float(row[3]) - 1.0) <= 0.01 * float(row[4].split()[0])
            # printed numbers are rounded
            near = abs(abs(float(row[2]) / float(row[3]) - 1.0) - 0.01 * float(row[4].split()[0])) < 0.02
            assert near or agrees == (row[5] == "agrees"), row
