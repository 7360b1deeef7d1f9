"""Halo scaled part by part, cross-talk, efficiency of the trigger, and the parts of the error of b."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hist
import numpy as np
import pytest

from hnlpeak.background.control_run import scaled_control
from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.background.templates import TemplateBackground, template_estimates
from hnlpeak.core.errors import UsageError
from hnlpeak.estimation.templates import seen
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.fixed_point import FIXED_POINT

SELECTIONS = ("lower", "upper", "search", "scaling lower", "scaling upper", "peak")
KAONS = 1e6
SCALES = {"lower": 5.0, "upper": 3.0}
RECORD: dict[str, Any] = {
    "method": "templates",
    "errors": {"kmu2": 0.0, "kmu3": 0.01},
    "common_errors": {"muon identification": 0.02},
    "control_low": "240 MeV",
    "control_high": "290 MeV",
    "trigger": {
        "value": 0.9,
        "error": 0.025,
        "applies_to": ["kmu3", "halo"],
        "reference": "toy",
        "confidence": "E",
    },
    "control_run": {
        "selection": "peak",
        "low": "300 MeV",
        "high": "380 MeV",
        "error": 0.15,
        "muons": 1000,
        "cross_talk": {"mode": "kmu3", "decays": 1e5, "error": 0.04, "simulated": 1000},
        "regions": [
            {
                "of": "search",
                "part": part,
                "selection": f"scaling {part}",
                "low": "220 MeV",
                "high": "320 MeV",
                "error": error,
            }
            for part, error in (("lower", 0.1), ("upper", 0.2))
        ],
        "reference": "toy",
        "confidence": "E",
    },
    "reference": "toy",
    "confidence": "E",
}
CARD = TemplateBackground.model_validate(RECORD)


def spectrum(rows: dict[str, float], components: dict[str, float], weighted: bool) -> Spectrum:
    """Events a bin of 1 MeV: those of the selection times those of the component."""
    values = np.array([[np.full(200, rows[s] * f) for f in components.values()] for s in SELECTIONS])
    common: dict[str, Any] = {
        "selections": SELECTIONS,
        "components": tuple(components),
        "simulated": True,
        "label": "toy",
        "decays_in_fiducial": KAONS,
        "axis": hist.axis.Regular(200, 200.0, 400.0, name="m_miss"),
    }
    if not weighted:
        return Spectrum.from_counts(values.astype(np.int64), **common)
    w = np.rint(values * FIXED_POINT).astype(np.int64)
    return Spectrum.from_weights(w, np.rint(w * 0.01).astype(np.int64), **common)


DECAYS = dict(zip(SELECTIONS, (30.0, 10.0, 40.0, 0.0, 0.0, 5.0), strict=True))
CONTROL = dict(zip(SELECTIONS, (20.0, 12.0, 32.0, 40.0, 22.0, 9.0), strict=True))
TALK = dict(zip(SELECTIONS, (4.0, 2.0, 6.0, 0.0, 0.0, 1.0), strict=True))
# in the scaling regions the data are the control run times the scale of the part
DATA = {**dict.fromkeys(SELECTIONS, 60.0), "scaling lower": 200.0, "scaling upper": 66.0}


def inputs() -> BackgroundInputs:
    return BackgroundInputs(
        spectrum(DECAYS, {"kmu2": 1.0, "kmu3": 2.0}, weighted=True),
        spectrum(CONTROL, {"halo": 1.0}, weighted=False),
        spectrum(TALK, {"kmu3": 1.0}, weighted=True),
    )


def estimate(
    selection: str = "search", card: TemplateBackground = CARD, given: BackgroundInputs | None = None
) -> Any:
    low = np.array([310.0, 350.0])
    return template_estimates(
        spectrum(DATA, {"data": 1.0}, weighted=False),
        given or inputs(),
        card,
        selections=[selection] * 2,
        low=low,
        high=low + 10.0,
        n_kaon=np.full(2, KAONS),
        n_kaon_error=np.full(2, 0.005 * KAONS),
    )


def test_b_is_the_sum_of_decays_and_halo_of_both_parts() -> None:
    found = estimate()
    halo = 0.9 * 10.0 * (5.0 * (20.0 - 4.0) + 3.0 * (12.0 - 2.0))
    assert found.details.events["kmu2"][0] == pytest.approx(400.0)
    assert found.details.events["kmu3"][0] == pytest.approx(0.9 * 800.0)
    assert found.details.events["halo"][0] == pytest.approx(halo)
    assert found.background == pytest.approx(400.0 + 720.0 + halo)
    assert [(run.part, run.scale) for run in found.details.control_runs] == [
        ("lower", pytest.approx(5.0)),
        ("upper", pytest.approx(3.0)),
    ]


def test_every_part_of_the_error_is_what_it_is_of() -> None:
    found = estimate()
    budget = {name: part[0] for name, part in found.details.budget.items()}
    b = found.background[0]
    held = {"lower": 160.0, "upper": 100.0}  # events of the control run without cross-talk, 10 bins
    assert budget["trigger"] == pytest.approx(0.025 / 0.9 * (b - 400.0))
    assert budget["muon identification"] == pytest.approx(0.02 * b)
    assert budget["number of kaons"] == pytest.approx(0.005 * (400.0 + 720.0))
    assert budget["kmu3"] == pytest.approx(0.01 * 720.0)
    assert "kmu2" not in budget
    assert budget["halo shape"] == pytest.approx(0.15 * found.details.events["halo"][0])
    assert budget["cross-talk"] == pytest.approx(0.9 * 0.04 * (5.0 * 40.0 + 3.0 * 20.0))
    parts = (("lower", 200.0, 40.0), ("upper", 120.0, 20.0))
    statistics = 0.9 * np.hypot(*(SCALES[p] * (n + 0.01 * talk) ** 0.5 for p, n, talk in parts))
    assert budget["halo statistics"] == pytest.approx(statistics)
    # data and control run of 100 bins, and the error of the card
    scale = [
        SCALES[p] * np.sqrt(1.0 / (100.0 * n) + 1.0 / (100.0 * h) + e * e) * held[p]
        for p, n, h, e in (("lower", 200.0, 40.0, 0.1), ("upper", 66.0, 22.0, 0.2))
    ]
    assert budget["halo scale"] == pytest.approx(0.9 * np.hypot(*scale))
    assert budget["simulation"] == pytest.approx(np.hypot(np.sqrt(4.0), 0.9 * np.sqrt(8.0)))
    assert np.sqrt(sum(part**2 for part in budget.values())) == pytest.approx(found.error[0])
    assert np.hypot(found.stat, found.syst) == pytest.approx(found.error)


def test_what_moves_from_one_repetition_to_the_next_is_statistics() -> None:
    """Counts of the control run and of the scaling regions, and N_K; not the card's errors, not the simulation."""
    found = estimate()
    moving, fixed = found.details.repeated(found.stat, found.syst)
    budget = {name: part[0] for name, part in found.details.budget.items()}
    scale = [
        SCALES[p] * np.sqrt(1.0 / (100.0 * n) + 1.0 / (100.0 * h)) * held
        for p, n, h, held in (("lower", 200.0, 40.0, 160.0), ("upper", 66.0, 22.0, 100.0))
    ]
    parts = (budget["halo statistics"], budget["number of kaons"], *(0.9 * np.array(scale)))
    assert moving[0] == pytest.approx(np.linalg.norm(parts))
    assert fixed[0] == budget["simulation"]
    assert np.hypot(moving, fixed)[0] < 0.8 * found.error[0]


def test_errors_of_the_card_move_nothing() -> None:
    free = {
        name: dict.fromkeys(part, 0.0) for name, part in RECORD.items() if name in ("errors", "common_errors")
    }
    run = RECORD["control_run"]
    regions = [{**region, "error": 0.0} for region in run["regions"]]
    exact = {**RECORD, **free, "control_run": {**run, "error": 0.0, "regions": regions}}
    made, plain = estimate(card=TemplateBackground.model_validate(exact)), estimate()
    ours, theirs = (each.details.repeated(each.stat, each.syst) for each in (made, plain))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


TAILS: dict[str, Any] = {
    "modes": ["kmu2"],
    "decays": 1000,
    "angle_chance": 0.008,
    "angle_onset": "11 MeV",
    "angle_most": "165 MeV",
    "momentum_chance": 0.004,
    "momentum_onset": 0.08,
    "momentum_most": 1.0,
    "reference": "toy",
    "confidence": "E",
}


def test_what_tails_move_is_an_error_and_no_part_of_b() -> None:
    """1.5 events a bin are brought in, 0.02 of 40 would be taken out: 10 bins."""
    card = TemplateBackground.model_validate({**RECORD, "tails": TAILS})
    kicked = spectrum(dict.fromkeys(SELECTIONS, 1.5), {"kmu2": 1.0}, weighted=True)
    with_kicks = replace(inputs(), tails=kicked)
    found, plain = estimate(card=card, given=with_kicks), estimate()
    assert found.background == pytest.approx(plain.background)
    budget = found.details.budget
    assert budget["scattering"] == pytest.approx([15.0 - 0.02 * 400.0] * 2)
    assert found.error == pytest.approx(np.hypot(plain.error, 7.0))
    with pytest.raises(UsageError, match="tails of tracks"):
        estimate(card=card)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"angle_onset": "200 MeV"}, "below its largest kick"),
        ({"momentum_most": 0.05}, "below its largest kick"),
        ({"angle_chance": 0.06}, "two kicks"),
        ({"modes": []}, "modes"),
    ],
)
def test_tails_that_make_no_sense(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TemplateBackground.model_validate({**RECORD, "tails": {**TAILS, **change}})


def test_tails_are_of_templates() -> None:
    card = TemplateBackground.model_validate({**RECORD, "tails": {**TAILS, "modes": ["ke3"]}})
    with pytest.raises(ValueError, match=r"background.tails: no template \['ke3'\]"):
        card.check(selections=SELECTIONS, modes=["kmu2", "kmu3"])


def test_a_part_alone_has_its_own_scale_and_other_selections_that_of_the_run() -> None:
    assert estimate("lower").details.events["halo"][0] == pytest.approx(0.9 * 5.0 * 160.0)
    # 80 bins of 60 events less 5 x 3 decays, over 80 bins of 9 - 1
    scale = (60.0 - 15.0) / 8.0
    assert estimate("peak").details.events["halo"][0] == pytest.approx(0.9 * scale * 80.0)


def test_drawn_templates_are_what_is_summed() -> None:
    given, made = spectrum(DATA, {"data": 1.0}, weighted=False), inputs()
    values, variances = scaled_control(given, made, CARD, "search", n_kaon=KAONS)
    assert values == pytest.approx(np.full(200, 5.0 * 16.0 + 3.0 * 10.0))
    assert variances == pytest.approx(np.full(200, 25.0 * 20.04 + 9.0 * 12.02))
    drawn = seen(made.decays, {"kmu3": 0.9})
    assert drawn.project("search", components=["kmu3"]).values == pytest.approx(np.full(200, 72.0))
    assert drawn.project("search", components=["kmu2"]).values == pytest.approx(np.full(200, 40.0))


def test_checks_compare_without_fitting() -> None:
    """60 data events a bin in the part that is checked; the error of the halo moves all bins together."""
    card = TemplateBackground.model_validate(
        {**RECORD, "checks": [{"selection": "lower", "low": "300 MeV", "high": "340 MeV"}]}
    )
    check = estimate(card=card).details.checks["lower"]
    assert (check.low, check.high) == (300.0, 340.0)
    assert check.observed == 40 * 60.0
    assert check.expected == pytest.approx(40 * (30.0 + 0.9 * 60.0 + 0.9 * 5.0 * 16.0))
    assert 0.0 < check.p_value < 1.0
    wrong = TemplateBackground.model_validate(
        {**RECORD, "checks": [{"selection": "nowhere", "low": "300 MeV", "high": "340 MeV"}]}
    )
    with pytest.raises(ValueError, match=r"background.checks: no selection \['nowhere'\]"):
        wrong.check(selections=SELECTIONS, modes=["kmu2", "kmu3"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"regions": [{**RECORD["control_run"]["regions"][0], "part": "middle"}]}, "no selection"),
        ({"selection": "nowhere"}, "no selection"),
    ],
)
def test_regions_name_selections(change: dict[str, Any], message: str) -> None:
    card = TemplateBackground.model_validate({**RECORD, "control_run": {**RECORD["control_run"], **change}})
    with pytest.raises(ValueError, match=message):
        card.check(selections=SELECTIONS, modes=["kmu2", "kmu3"])


def test_the_trigger_names_sources() -> None:
    trigger = {**RECORD["trigger"], "applies_to": ["kmu4"]}
    card = TemplateBackground.model_validate({**RECORD, "trigger": trigger})
    with pytest.raises(ValueError, match="no source"):
        card.check(selections=SELECTIONS, modes=["kmu2", "kmu3"])
