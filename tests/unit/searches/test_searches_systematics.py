"""Sources of the card varied by simulation: what a variation must and must not move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hnlpeak.chain.selected import SelectedEvents, joined
from hnlpeak.core.errors import UsageError
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.systematics_card import VariedSource
from hnlpeak.experiment.vary import variation
from hnlpeak.limits.systematics_table import shift_rows
from hnlpeak.searches.systematics import _difference2, _ratio, systematic_decays
from hnlpeak.studies.systematics import systematics_study, with_sources
from hnlpeak.theory.modes import MODES

ANALYSIS = load_analysis("na62-2015-ke2")


def varied(name: str, **vary: float) -> VariedSource:
    return VariedSource(
        name=name,
        vary={key.replace("__", "."): value for key, value in vary.items()},
        reference="here",
        confidence="E",
    )


def events(numbers: list[int], weights: list[float]) -> SelectedEvents:
    n = len(numbers)
    return SelectedEvents(
        np.array(numbers), np.full(n, 300.0), np.array(weights), {"a": np.ones(n, dtype=bool)}, 100.0
    )


def test_only_events_that_one_world_selects_alone_count_in_the_error() -> None:
    before, after = events([1, 2, 5], [1.0, 1.0, 3.0]), events([2, 5, 9], [1.0, 2.5, 1.0])
    # 1 is lost, 9 is won, 5 has another weight
    assert _difference2(before, after, ("a", 290.0, 310.0)) == pytest.approx(1.0 + 1.0 + 0.25)
    assert _difference2(before, after, ("a", 310.0, 320.0)) == 0.0


def test_a_world_that_selects_nothing_has_no_estimate() -> None:
    some, nothing = events([1, 2, 5], [1.0, 1.0, 1.0]), events([], [])
    where = ("a", 290.0, 310.0)
    for worlds in ((some, nothing), (nothing, some), (nothing, nothing)):
        found = _ratio(({"x": worlds[0]}, {"x": worlds[1]}), "x", where)
        assert np.isnan([found.value, found.stat]).all()
    assert _ratio(({"x": some}, {"x": some}), "x", where).value == 1.0


def test_a_study_goes_on_where_a_varied_world_selects_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing has E/p of an electron once the response of the calorimeter is a tenth."""
    sources = [
        varied("dark", detectors__LKr__energy_scale=0.1),
        varied("fraction", modes__ke2__branching_fraction=1.01),
    ]
    analysis = with_sources(ANALYSIS, sources)
    small = analysis.card.samples.model_copy(update={"signal_decays": 20_000, "calibration_decays": 50_000})
    analysis = replace(analysis, card=analysis.card.model_copy(update={"samples": small}))
    with caplog.at_level("WARNING", logger="hnlpeak"):
        found = systematics_study(analysis, RunContext(), share=0.1)
    dark, fraction = found.sources
    assert np.isnan(dark.efficiency.value).all()
    assert "dark has no estimate at 170, " in caplog.text
    assert fraction.efficiency.value == pytest.approx([1.0 / 1.01 - 1.0] * 6)
    mass = np.array([200.0, 300.0])
    assert found.efficiency(dark, mass).tolist() == [0.0, 0.0]
    for row in shift_rows(found):
        shown = [row[f"{name}_shift"] for name in ("acceptance", "n_kaon", "efficiency")]
        assert shown == [None] * 3 if row["source"] == "dark" else None not in shown


def test_numbers_go_on_from_part_to_part() -> None:
    whole = joined([events([1, 3], [1.0, 1.0]), events([0], [1.0])], [10, 20])
    assert whole.number.tolist() == [1, 3, 10]
    assert whole.decays == 200.0


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("calibration.p", "of the calibrated beam there are momentum"),
        ("modes.kmu3.slope", "of kmu3 there are branching_fraction, lambda_plus, lambda_zero"),
        ("modes.nothing.slope", "expected modes.MODE.NUMBER"),
        ("beam.nothing", "no key 'nothing'"),
        ("detectors.MUV9.efficiency", "no system 'MUV9'"),
    ],
)
def test_addresses_that_are_not_there(address: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        variation({address: 1.1}, ANALYSIS.experiment.card)


def test_form_factors_are_those_of_the_mode_times_the_factor() -> None:
    varied = variation(
        {"modes.kmu3.lambda_plus": 1.1, "modes.kmu3.branching_fraction": 1.01}, ANALYSIS.experiment.card
    )
    assert varied.form_factors("kmu3") == {"lambda_plus": pytest.approx(1.1 * 0.0296)}
    assert varied.fraction("kmu3") == 1.01
    assert varied.form_factors("ke3") == {}
    assert not varied.moves_all
    assert not np.array_equal(MODES["kmu3"].pack(**varied.form_factors("kmu3")), MODES["kmu3"].pack())


def test_shifts_of_a_small_study() -> None:
    """A fraction is exact; matter empties the windows of electrons."""
    sources = [
        varied("fraction", modes__ke2__branching_fraction=1.01),
        varied("matter", detectors__STRAW__radiation_lengths=4.0),
    ]
    analysis = with_sources(ANALYSIS, sources)
    small = analysis.card.samples.model_copy(update={"signal_decays": 20_000, "calibration_decays": 50_000})
    analysis = replace(analysis, card=analysis.card.model_copy(update={"samples": small}))
    heard: list[int] = []
    context = RunContext(progress=lambda name, decays: heard.append(decays * name.startswith("systematics")))
    found = systematics_study(analysis, context, share=0.1)
    assert sum(heard) == systematic_decays(analysis, 0.1)
    fraction, matter = found.sources
    assert fraction.n_kaon.value == pytest.approx([1.0 / 1.01 - 1.0] * 6)
    assert fraction.efficiency.value == pytest.approx([1.0 / 1.01 - 1.0] * 6)
    assert fraction.efficiency.error == (0.0,) * 6
    assert fraction.background is None
    # 5.4 % of a radiation length more before the magnet and behind it: electrons radiate, and scatter twice as much
    assert all(-0.5 < value < -0.05 for value in matter.acceptance.value)
    assert all(0.0 < error < 0.1 for error in matter.acceptance.error)
    again = systematics_study(analysis, RunContext(workers=3), share=0.1)
    assert again == found
