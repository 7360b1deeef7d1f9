"""Decays of the beam's other particles and the halo in data and templates: how many there are, and who is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.core.card import card_text
from hnlpeak.core.errors import CardError, UsageError
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.searches.companions import companion, decays_of, halo_template, per_meson_decay, with_companions
from hnlpeak.searches.plan import plan
from hnlpeak.simulation.sample import background_sample


def cards() -> Analysis:
    return load_analysis("na62-2015-ke2")


def test_pions_for_each_kaon() -> None:
    """70 pions for 6 kaons, 75 m of 4194 m and of 564 m after 2.6 m from the end of the beam line."""
    pions, kaons = 4193.9, 563.8
    decayed = [np.exp(-2.6 / path) - np.exp(-77.6 / path) for path in (pions, kaons)]
    found = companion(cards().experiment, "pi+")
    assert found.decays == pytest.approx(70.0 / 6.0 * decayed[0] / decayed[1], rel=1e-3)
    assert companion(cards().experiment, "K+").decays == 1.0
    with pytest.raises(UsageError, match=r"no D\+ in the beam"):
        companion(cards().experiment, "D+")


def test_data_hold_companions_and_halo_in_proportion() -> None:
    analysis = cards()
    data = plan(analysis, kaons=1e8).data
    assert data is not None
    halo = analysis.experiment.card.halo
    assert halo is not None
    per_source = np.zeros(len(data.components))
    np.add.at(per_source, data.table.sources, np.diff(data.table.cumulative, prepend=0.0) * data.decays)
    by_name = dict(zip(data.components, per_source, strict=True))
    assert by_name["pie2"] == pytest.approx(decays_of(analysis, "pie2", 1e8), rel=1e-3)
    assert by_name["pimu2"] == pytest.approx(decays_of(analysis, "pimu2", 1e8), rel=1e-3)
    assert by_name["halo"] > 1e8 * halo.rate * halo.kaon_share
    assert by_name["kmu2"] == pytest.approx(
        1e8 * 0.6356 * analysis.experiment.decays_simulated_per_fiducial, rel=1e-3
    )
    # only decays of the kaon count as such
    counted = data.table.parents == data.table.counted
    assert {data.components[s] for s in data.table.sources[~counted]} == {"pimu2", "pie2", "halo"}


def test_nothing_is_added_without_exposure() -> None:
    analysis = cards()
    base = background_sample("data", ["kmu2"], 10)
    made = with_companions(analysis, base, 0.0)
    assert made.decays == 10


def test_a_template_of_the_halo_forces_decays() -> None:
    analysis = cards()
    made = halo_template(analysis, 1000, forced_decay=0.5)
    assert abs(made.decays - 1000) <= 2
    assert made.weighted
    assert sorted(made.table.tagged.tolist()) == [0, 1]


def test_companions_are_a_small_part() -> None:
    """The tag of another particle is there for less than a hundredth of the pions."""
    share = per_meson_decay(cards(), "pimu2")
    assert 0.005 < share / companion(cards().experiment, "pi+").decays < 0.010


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('window = "10 ns"\nreference = "proceedings: KTAG', 'reference = "KTAG', "halo: its muons never|"),
        ('companions = { "pi+" = 0.70, "p" = 0.24 }', 'companions = { "pi+" = 0.99 }', "add up to 1.05"),
        ('companions = { "pi+" = 0.70, "p" = 0.24 }', 'companions = { "K" = 0.5 }', "is the decaying meson"),
        ('companions = { "pi+" = 0.70, "p" = 0.24 }', 'companions = { "muon" = 0.5 }', "no beam particle"),
        ('companions = { "pi+" = 0.70, "p" = 0.24 }', "", r"not in the beam of \['K\+'\]"),
        ('photoelectrons = { "K+" = 16.0', 'photoelectrons = { "K+" = 0.0', "nothing is tagged"),
    ],
)
def test_beams_that_cannot_be(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = card_text("na62-2015")
    assert old in text
    (tmp_path / "beam.toml").write_text(text.replace(old, new), "utf-8")
    analysis = card_text("na62-2015-ke2").replace('experiment = "na62-2015"', 'experiment = "beam.toml"')
    path = tmp_path / "analysis.toml"
    path.write_text(analysis, "utf-8")
    if message.endswith("|"):  # kaons of this halo are tagged themselves, pions are not
        load_analysis(path)
        (tmp_path / "beam.toml").write_text(
            text.replace(old, new).replace("kaon_share = 0.29", "kaon_share = 0.0"), "utf-8"
        )
        message = message.rstrip("|")
    with pytest.raises(CardError, match=message):
        load_analysis(path)


def test_modes_of_no_companion_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "analysis.toml"
    text = card_text("na62-2015-ke2").replace('["pimu2", "pie2"]', '["pimu2", "kmu2"]')
    path.write_text(text, "utf-8")
    with pytest.raises(CardError, match=r"samples\.companion_modes: 'kmu2' is a decay of K\+, not of pi\+"):
        load_analysis(path)


def test_the_same_decays_without_a_tag_in_the_trigger() -> None:
    """Where the trigger asks for no tag all pions count."""
    analysis = cards()
    free = analysis.experiment.setup.copy()
    free.setflags(write=True)
    free[0]["n_levels"] = 1  # CHOD and MUV3 alone
    open_trigger = replace(analysis, experiment=replace(analysis.experiment, setup=free))
    assert companion(open_trigger.experiment, "pi+").chance == 1.0
