"""Removal of systems: with a detector go its triggers, its cuts and its place in the acceptance."""

from __future__ import annotations

import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.remove import SOURCES, removable, without
from hnlpeak.searches.companions import companion
from hnlpeak.searches.plan import plan

BOTH = ("na62-2015-ke2", "na62-2007-kmu2")


def cuts(analysis) -> set[str]:
    return {cut.name for selection in analysis.card.selections for cut in analysis.card.cuts_of(selection)}


@pytest.mark.parametrize("name", BOTH)
def test_everything_but_the_spectrometer_can_be_removed(name: str) -> None:
    analysis = load_analysis(name)
    systems = removable(analysis.experiment.card)
    assert set(systems) | {"STRAW", "DCH"} >= set(analysis.experiment.card.systems())
    assert not {"STRAW", "DCH"} & set(systems)
    for system in systems:
        made = without(analysis, system)
        assert made.text != analysis.text
        assert plan(made, kaons=1e5).decays > 0
    with pytest.raises(UsageError, match="cannot be removed"):
        without(analysis, "DCH")


@pytest.mark.parametrize(
    ("name", "system", "gone"),
    [
        ("na62-2015-ke2", "KTAG", {"KTAG"}),
        ("na62-2015-ke2", "LKr", {"E/p", "LKr clusters"}),
        ("na62-2015-ke2", "RICH", {"RICH"}),
        ("na62-2015-ke2", "GTK", set()),
        ("na62-2015-ke2", "MUV3", {"MUV3"}),
        ("na62-2007-kmu2", "MUV2", {"MUV in x"}),
        ("na62-2007-kmu2", "LKr", {"LKr clusters", "associated clusters", "dead cells"}),
    ],
)
def test_cuts_go_with_their_system(name: str, system: str, gone: set[str]) -> None:
    analysis = load_analysis(name)
    made = without(analysis, system)
    assert cuts(analysis) - cuts(made) == gone
    assert system not in made.experiment.card.systems()
    for level in made.experiment.card.trigger:
        assert system not in (*level.require, *level.veto)


def test_without_the_tagger_all_pions_trigger() -> None:
    analysis = load_analysis("na62-2015-ke2")
    assert companion(analysis.experiment, "pi+").chance < 0.01
    assert companion(without(analysis, "KTAG").experiment, "pi+").chance == 1.0


def test_sources_go_from_the_data() -> None:
    analysis = load_analysis("na62-2015-ke2")
    beam, halo, _, _ = SOURCES
    for source, gone in ((beam, {"pimu2", "pie2"}), (halo, {"halo"})):
        data = plan(without(analysis, source), kaons=1e6).data
        everything = plan(analysis, kaons=1e6).data
        assert data is not None
        assert everything is not None
        assert set(everything.components) - set(data.components) == gone
