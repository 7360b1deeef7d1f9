"""Pages made from data files: they say what the files say, and the files have every row."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from maker import maker

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["make_validation", "make_closure"])
def test_the_page_is_that_of_its_data(name: str) -> None:
    made = maker(name)
    assert made.PAGE.read_text("utf-8") == made.page()


def test_every_target_has_a_row_with_its_verdict() -> None:
    text = (ROOT / "docs" / "validation.md").read_text("utf-8")
    targets = ROOT / "src" / "hnlpeak" / "library" / "validation" / "targets.csv"
    rows = {
        row["key"]: row for row in json.loads((ROOT / "docs" / "validation.json").read_text("utf-8"))["rows"]
    }
    with targets.open(encoding="utf-8") as file:
        for target in csv.DictReader(file):
            row = rows[target["key"]]
            assert f"| `{target['key']}` | " in text
            reach = float(target["tolerance"]) * (
                abs(float(target["target"])) if target["tolerance_kind"] == "relative" else 1.0
            )
            if row["value"] is None:
                assert row["status"] == "not measured"
            elif target["kind"] != "report":
                agrees = abs(row["value"] - float(target["target"])) <= reach
                assert row["status"] == ("ok" if agrees else "off")


def test_a_row_that_is_off_has_the_reason_of_the_longest_key() -> None:
    made = maker("make_validation")
    reasons = {"b_2007": "all", "b_2007_375": "this one"}
    assert made.reason("b_2007_375", reasons) == "this one"
    assert made.reason("b_2007_350", reasons) == "all"
    assert made.reason("other", reasons) == "not known"
