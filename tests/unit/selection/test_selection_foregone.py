"""What fails in all selections, read from cuts: bounds that all share, reach of clusters, the last veto."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hnlpeak.detectors.hodoscope import Hodoscope
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment, build_setup
from hnlpeak.experiment.selection_card import Cut, SelectionCard
from hnlpeak.selection.foregone import foregone_of, last_veto
from hnlpeak.simulation.foregone import FOLLOW_ALL, Foregone

Fields = dict[str, Any]
TRACKS: Fields = {"name": "one track", "column": "n_tracks", "min": 1, "max": 1}
LAV: Fields = {"name": "LAV", "column": "dt_lav_ns", "min": "5 ns"}
TAG: Fields = {"name": "KTAG", "column": "dt_ktag_ns", "max": "10 ns"}
EXTRA: Fields = {"name": "clusters", "column": "e_extra_mev", "max": "300 MeV"}
MOMENTUM: Fields = {"name": "momentum", "column": "p_mev", "min": "5 GeV"}
BINNED: Fields = {
    "name": "LAV by momentum",
    "column": "dt_lav_ns",
    "by": "p_mev",
    "edges": ["10 GeV", "20 GeV", "60 GeV"],
    "min": ["8 ns", "3 ns"],
}


def shipped() -> Analysis:
    return load_analysis("na62-2015-ke2")


def card(
    common: list[Fields], *selections: Fields, every: int = 16, named: list[Fields] | None = None
) -> AnalysisCard:
    """The shipped card with these cuts; selections are told by their fields, their cuts as fields too."""
    whole = shipped().card
    made = [
        SelectionCard(**{**fields, "cuts": [Cut.model_validate(cut) for cut in fields.get("cuts", [])]})
        for fields in selections or ({"name": "only"},)
    ]
    return whole.model_copy(
        update={
            "cuts": [Cut.model_validate(cut) for cut in common],
            "named_cuts": [Cut.model_validate(cut) for cut in named or []],
            "selections": made,
            "samples": whole.samples.model_copy(update={"cutflow_every": every}),
        }
    )


def windows(found: Foregone, experiment: Experiment) -> dict[str, float]:
    """Windows by system, those that there are."""
    pairs = zip(experiment.card.systems(), found.windows, strict=False)
    return {system: float(window) for system, window in pairs if window != 0.0}


def with_reconstruction(experiment: Experiment, **changes: float) -> Experiment:
    reconstruction = experiment.card.reconstruction.model_copy(update=changes)
    made = experiment.card.model_copy(update={"reconstruction": reconstruction})
    return Experiment(made, "", build_setup(made))


def test_bounds_that_the_cuts_state() -> None:
    experiment = shipped().experiment
    found = foregone_of(card([TRACKS, TAG, LAV, EXTRA, MOMENTUM], every=2), experiment)
    assert windows(found, experiment) == {"LAV": 5.0}
    assert (found.most_tracks, found.extra, found.every) == (1, 300.0, 2)


def test_without_cuts_on_them_nothing_is_foregone_but_at_the_stated_rate() -> None:
    experiment = shipped().experiment
    found = foregone_of(card([MOMENTUM]), experiment)
    assert windows(found, experiment) == {}
    assert (found.most_tracks, found.extra) == (FOLLOW_ALL.most_tracks, math.inf)
    followed = foregone_of(card([TRACKS, LAV], every=1), experiment)
    assert followed._replace(aims=FOLLOW_ALL.aims, lepton_mass=FOLLOW_ALL.lepton_mass) == FOLLOW_ALL


def test_of_two_cuts_of_a_selection_the_tighter_holds_and_of_two_selections_the_looser() -> None:
    experiment = shipped().experiment
    tighter = {**LAV, "name": "LAV again", "min": "7 ns"}
    tight = {"name": "tight", "cuts": [tighter, {**EXTRA, "name": "small clusters", "max": "100 MeV"}]}
    assert windows(foregone_of(card([LAV, EXTRA], tight), experiment), experiment) == {"LAV": 7.0}
    both = foregone_of(card([LAV, EXTRA], tight, {"name": "loose"}), experiment)
    assert windows(both, experiment) == {"LAV": 5.0}
    assert both.extra == 300.0
    # a selection that goes without a cut takes what fails it
    free = foregone_of(card([LAV, EXTRA], tight, {"name": "free", "without": ["LAV"]}), experiment)
    assert windows(free, experiment) == {}
    assert free.extra == 300.0


def test_cuts_that_follow_another_column_end_nothing_early() -> None:
    """A window that depends on the momentum is not known before the track is."""
    experiment = shipped().experiment
    assert windows(foregone_of(card([BINNED]), experiment), experiment) == {}
    assert windows(foregone_of(card([BINNED, LAV]), experiment), experiment) == {"LAV": 5.0}


def test_a_union_asks_for_nothing_of_its_own() -> None:
    """Its members are asked instead: a union without cuts would take everything otherwise."""
    experiment = shipped().experiment
    union = {"name": "either", "any_of": ["a", "b"]}
    members = [
        {"name": name, "cuts": [{**LAV, "name": f"LAV {name}", "min": f"{window} ns"}]}
        for name, window in (("a", 4), ("b", 9))
    ]
    assert windows(foregone_of(card([], *members, union), experiment), experiment) == {"LAV": 4.0}


def test_clusters_apart_are_beyond_every_zone_and_a_merger_moves_them() -> None:
    """The widest of the three zones about a track, and 50 mm; a merger moves clusters besides."""
    experiment = shipped().experiment
    merging = max(getattr(spec, "merge_distance", 0.0) for spec in experiment.card.detectors)
    assert merging > 0.0
    base = {"association_radius": 150.0, "track_zone": 150.0, "undeflected_zone": 150.0}
    for zone in base:
        wide = with_reconstruction(experiment, **{**base, zone: 400.0})
        found = foregone_of(card([EXTRA]), wide)
        assert (found.apart, found.moved) == (pytest.approx(400.0 + 50.0), merging)


def test_clusters_that_count_in_an_acceptance_alone_are_judged_early_too() -> None:
    """Where they are is asked of each, with what a merger may move it by."""
    for acceptance in (80.0, 0.0):
        made = with_reconstruction(shipped().experiment, cluster_acceptance=acceptance)
        assert foregone_of(card([EXTRA]), made).extra == 300.0


def test_the_acceptance_ends_events_where_every_selection_asks_for_it() -> None:
    inside: Fields = {"name": "acceptance", "column": "in_acceptance", "min": 1, "max": 1}
    experiment = shipped().experiment
    assert foregone_of(card([inside]), experiment).accepted
    assert not foregone_of(card([MOMENTUM]), experiment).accepted
    some = card([], {"name": "with", "cuts": [inside]}, {"name": "without", "cuts": [MOMENTUM]})
    assert not foregone_of(some, experiment).accepted
    assert last_veto(card([MOMENTUM, inside, MOMENTUM]), "only") == 2


def test_energies_are_left_out_where_no_cut_looks_at_them() -> None:
    energy: Fields = {"name": "E/p", "column": "e_over_p", "max": 0.2}
    experiment = shipped().experiment
    assert foregone_of(card([], {"name": "one", "cuts": [energy]}, {"name": "other"}), experiment).energies
    assert not foregone_of(card([MOMENTUM]), experiment).energies


def test_muons_are_followed_behind_the_calorimeter_where_a_cut_looks_at_a_counter_there() -> None:
    """The SAC of 2015 has a signal of muons that reach it; the LAV stands before the calorimeter."""
    experiment = shipped().experiment
    sac = {**LAV, "name": "SAC", "column": "dt_sac_ns"}
    assert foregone_of(card([sac]), experiment).energies
    assert not foregone_of(card([LAV]), experiment).energies


def test_times_of_tracks_are_off_by_eight_resolutions_of_the_hodoscope_at_most() -> None:
    experiment = shipped().experiment
    (chod,) = (spec for spec in experiment.card.detectors if isinstance(spec, Hodoscope))
    assert foregone_of(card([LAV]), experiment).blur == pytest.approx(8.0 * chod.time_resolution)


@pytest.mark.parametrize(
    ("cuts", "step"),
    [
        ([MOMENTUM, TRACKS, LAV, EXTRA], 4),
        ([MOMENTUM, TRACKS, LAV, MOMENTUM], 3),
        ([TRACKS, TAG, MOMENTUM], 1),  # a signal that is asked for is no veto
        ([MOMENTUM, TAG], 0),
        ([LAV, BINNED], 1),  # what follows another column is judged with the track
        ([EXTRA, MOMENTUM], 1),
    ],
)
def test_step_of_the_last_veto(cuts: list[Fields], step: int) -> None:
    assert last_veto(card(cuts), "only") == step


def test_last_veto_of_a_union_is_the_latest_of_its_members() -> None:
    late = {"name": "late", "cuts": [MOMENTUM, {**MOMENTUM, "name": "again"}, EXTRA]}
    union = {"name": "either", "any_of": ["early", "late"]}
    made = card([LAV], {"name": "early"}, late, union)
    assert [last_veto(made, name) for name in ("early", "late", "either")] == [1, 4, 4]


def test_an_experiment_without_calorimeter_and_hodoscope_has_no_mergers_and_no_blur() -> None:
    """Nothing merges, and no time of a track is measured that could be off."""
    whole = shipped().experiment
    zones = {"association_radius": 150.0, "track_zone": 140.0, "undeflected_zone": 130.0}
    bare = [
        spec
        for spec in whole.card.detectors
        if not isinstance(spec, Hodoscope) and not hasattr(spec, "merge_distance")
    ]
    reconstruction = whole.card.reconstruction.model_copy(update=zones)
    trigger = [whole.card.trigger[0].model_copy(update={"require": ["RICH"]})]
    changes = {"detectors": bare, "reconstruction": reconstruction, "trigger": trigger}
    card_of_it = whole.card.model_copy(update=changes)
    found = foregone_of(card([LAV]), Experiment(card_of_it, "", build_setup(card_of_it)))
    assert (found.apart, found.blur, found.moved) == (200.0, 0.0, 0.0)
