"""A trial of which nothing is left says after which cut, what the cut saw, and without which part there would be."""

from __future__ import annotations

from pathlib import Path

import pytest

from hnlpeak.core.card import card_text
from hnlpeak.core.errors import CardError
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.searches.trial import trial


def failed(place: Path, apparatus: tuple[str, str] | None, search: tuple[str, str] | None) -> str:
    """What the trial of the small search says with another line in one of its cards."""
    texts = {"mine": card_text("fixed-target"), "search": card_text("fixed-target-kmu2")}
    for name, change in (("mine", apparatus), ("search", search)):
        if change is not None:
            assert change[0] in texts[name]
            texts[name] = texts[name].replace(change[0], change[1])
    texts["search"] = texts["search"].replace('experiment = "fixed-target"', 'experiment = "mine.toml"')
    for name, text in texts.items():
        (place / f"{name}.toml").write_text(text, "utf-8")
    with pytest.raises(CardError) as error:
        list(trial(load_analysis(place / "search.toml")))
    return str(error.value)


def test_a_cut_that_is_too_hard_names_the_values_that_it_saw(tmp_path: Path) -> None:
    said = failed(tmp_path, None, ('min = "4 GeV"\nmax = "26 GeV"', 'min = "25.9 GeV"\nmax = "26.5 GeV"'))
    assert "none is left after 'momentum': p_mev is from " in said
    assert "the cut takes from 25900 to 26500 MeV" in said


def test_a_detector_that_no_track_reaches_is_named(tmp_path: Path) -> None:
    """The muon counters are hidden behind a hole as large as they are."""
    hidden = 'shape = { hole_radius = "100 mm", half_width = "1300 mm", half_height = "1200 mm" }'
    small = 'shape = { hole_radius = "100 mm", half_width = "101 mm", half_height = "101 mm" }'
    said = failed(tmp_path, (hidden, small), None)
    assert "none is left after 'acceptance': in_acceptance is 0 for all, the cut takes 1 or more" in said
    assert "without Muons some are: look at its place, size and efficiency" in said


def test_a_beam_that_cannot_be_measured_says_where_to_look(tmp_path: Path) -> None:
    said = failed(tmp_path, ('kick = "150 MeV"', 'kick = "15 GeV"'), None)
    assert "the mean beam cannot be measured: 20000 simulated pi3 decays: only 0 fully reconstructed" in said
    assert "magnet.kick" in said
