"""Pages made from data files: they say what the files say, and the files have every row."""

from __future__ import annotations

import csv
import json
import tomllib
from pathlib import Path

import pytest
from maker import maker

from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.studies.validation.made_with import made_with

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["make_validation", "make_closure"])
def test_the_page_is_that_of_its_data(name: str) -> None:
    made = maker(name)
    assert made.PAGE.read_text("utf-8") == made.page()


@pytest.mark.parametrize("table", ["targets.csv", "intervals.csv"])
def test_every_target_has_a_row_with_its_verdict(table: str) -> None:
    text = (ROOT / "docs" / "validation.md").read_text("utf-8")
    targets = ROOT / "src" / "hnlpeak" / "library" / "validation" / table
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


@pytest.mark.parametrize("name", ["na62-2015-ke2", "na62-2007-kmu2"])
def test_every_system_of_a_card_is_shown_to_act(name: str) -> None:
    systems = maker("systems")
    wanted = load_analysis(name).experiment.card.systems()
    shown = tomllib.loads(systems.SYSTEMS.read_text("utf-8"))[name]
    assert list(shown) == wanted
    # the spectrometer is what cannot be removed
    assert set(wanted) - set(systems.removals(name)) in ({"STRAW"}, {"DCH"})
    for system, (_, words) in shown.items():
        assert words or not systems.removals(name)[system].startswith("nothing") or system == "pipe"


def test_the_page_says_what_its_numbers_were_made_with() -> None:
    record = json.loads((ROOT / "docs" / "validation.json").read_text("utf-8"))["made_with"]
    now = made_with()
    assert record.keys() == now.keys()
    assert record["cards"].keys() == now["cards"].keys()
    text = (ROOT / "docs" / "validation.md").read_text("utf-8")
    assert all(word in text for word in (record["version"], record["events"], *record["cards"].values()))


def test_built_pages_say_what_has_changed_since(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other code or another card is named; the sentence comes behind the one of the page."""
    words, now = maker("made_with"), made_with()
    assert words.since(now, now) == "Sources and cards are the same today."
    assert "the sources that make events; the numbers" in words.since({**now, "events": "other"}, now)
    other = {**now, "cards": {**now["cards"], "analyses/na62-2015-ke2": "other"}}
    assert "then: the card `analyses/na62-2015-ke2`; the numbers" in words.since(other, now)
    record = json.loads((ROOT / "docs" / "validation.json").read_text("utf-8"))["made_with"]
    for then, sentence in (
        (record, "Sources and cards are"),
        ({**record, "events": "x"}, "Changed since then: the s"),
    ):
        monkeypatch.setattr("hnlpeak.studies.validation.made_with.made_with", lambda then=then: then)
        source = [(ROOT / "docs" / "validation.md").read_text("utf-8")]
        words._add(None, "validation", source)
        assert f"{words.made(record)} {sentence}" in source[0]


def test_a_row_that_is_off_has_the_reason_of_the_longest_key() -> None:
    made = maker("make_validation")
    reasons = {"b_2007": "all", "b_2007_375": "this one"}
    assert made.reason("b_2007_375", reasons) == "this one"
    assert made.reason("b_2007_350", reasons) == "all"
    assert made.reason("other", reasons) == "not known"
