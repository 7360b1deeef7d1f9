"""Events in a window from the command line: as many as the search counts, each one again by itself."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from command import Command
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.formats.search_files import write_search
from hnlpeak.searches.run import run_search


@pytest.fixture(scope="module")
def searched(card: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a search in few decays: they are simulated again, with records of each event."""
    place = tmp_path_factory.mktemp("searched")
    write_search(run_search(load_analysis(card), kaons=4e5, context=RunContext(seed=3)), place)
    return place


def best_mass(folder: Path) -> tuple[float, float]:
    """The mass with most observed events."""
    with (folder / "limits.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    row = max(rows, key=lambda row: float(row["n_observed"]))
    return float(row["m_n_mev"]), float(row["n_observed"])


def test_all_events_of_a_window_are_found_again(searched: Path, hnlpeak: Command, tmp_path: Path) -> None:
    mass, observed = best_mass(searched)
    assert observed > 1
    table = tmp_path / "events.csv"
    done = hnlpeak("events", searched, mass, "--json", "-o", table)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["observed"] == observed == len(found["events"])
    sources = {row["source"] for row in found["events"]}
    assert sources <= {"kmu2", "ke2", "ke3", "ke2g-sd", "pipi0", "kmu3", "halo", "pie2", "pimu2", "ke2g-sdm"}
    for row in found["events"]:
        assert found["low"] <= row["m_miss_mev"] < found["high"]
    lines = table.read_text("utf-8").splitlines()
    assert len(lines) == 1 + observed
    first = hnlpeak("events", searched, mass, "-n", 1)
    assert first.code == 0, first.err
    assert f"{observed:g} events (simulated)" in first.out
    assert "1 listed" in first.out


def test_real_candidates_are_listed_from_their_file(
    searched: Path, hnlpeak: Command, card: Path, tmp_path: Path
) -> None:
    mass, _ = best_mass(searched)
    ntuple = tmp_path / "signal.root"
    made = hnlpeak("simulate", card, "--mode", "hnl", "--mass", mass, "-n", 500, "-o", ntuple)
    assert made.code == 0, made.err
    done = hnlpeak("events", searched, mass, "--data", ntuple, "--json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)["events"]
    # of 500 decays some 90 are selected in one resolution of their mass
    assert 40 < len(rows) < 200
    assert len({row["event"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("arguments", "words"), [((301.5,), "no hypothesis at 301.5 MeV"), ((300, "-n", 0), "-n")]
)
def test_what_cannot_be_listed(
    searched: Path, hnlpeak: Command, arguments: tuple[object, ...], words: str
) -> None:
    done = hnlpeak("events", searched, *arguments)
    assert done.code == 2
    assert words in done.err
