"""The background from templates and a scaled control run, against sums by hand and toys."""

from __future__ import annotations

import math
from typing import Any

import hist
import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.background.agreement import agreement, bins_with
from hnlpeak.background.control_run import ControlRegion, control_region, control_scale, under_peak
from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.background.template_sums import components, control_agreement, simulated_over_expected
from hnlpeak.background.templates import TemplateBackground, template_estimates
from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.composition import effective_events
from hnlpeak.estimation.flux import measure_flux
from hnlpeak.estimation.templates import combine, decays_that_fit, seen
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.fixed_point import FIXED_POINT, squares_to_fixed, to_fixed

SELECTIONS = ("search", "halo")
MODES = ("kmu2", "kmu3")
KAONS = 1e6
EDGES = np.linspace(200.0, 400.0, 201)
CARD = TemplateBackground.model_validate(
    {
        "method": "templates",
        "errors": {"kmu2": 0.1, "kmu3": 0.05},
        "control_low": "240 MeV",
        "control_high": "290 MeV",
        "control_run": {
            "selection": "halo",
            "low": "300 MeV",
            "high": "380 MeV",
            "error": 0.2,
            "muons": 1000,
            "reference": "toy",
            "confidence": "E",
        },
        "reference": "toy",
        "confidence": "E",
    }
)
ALONE = CARD.model_copy(update={"control_run": None})


def spectrum(
    values: NDArray[Any], *, components: tuple[str, ...], label: str, weight: float = 0.0
) -> Spectrum:
    """Counts [selection, source, bin], or weights of one size."""
    common: dict[str, Any] = {
        "selections": SELECTIONS,
        "components": components,
        "simulated": True,
        "label": label,
        "decays_in_fiducial": KAONS,
        "axis": hist.axis.Regular(200, 200.0, 400.0, name="m_miss"),
    }
    if not weight:
        return Spectrum.from_counts(values.astype(np.int64), **common)
    w = np.rint(values * weight * FIXED_POINT).astype(np.int64)
    return Spectrum.from_weights(w, np.rint(w * weight).astype(np.int64), **common)


# events a bin: kmu2 falls, kmu3 is flat, halo rises; in the halo region decays are few
TRUTH = {
    "kmu2": np.array([np.linspace(30.0, 10.0, 200), np.full(200, 0.2)]),
    "kmu3": np.array([np.full(200, 40.0), np.full(200, 0.3)]),
}
HALO = np.array([np.linspace(5.0, 40.0, 200), np.full(200, 30.0)])
SCALE = 0.25


@pytest.fixture(scope="module")
def sources() -> BackgroundInputs:
    """Templates of 20 times the data's statistics, a control run of four times its halo."""
    rng = np.random.Generator(np.random.Philox(5))
    decays = np.stack([rng.poisson(20.0 * TRUTH[mode]) for mode in MODES], axis=1)
    control = rng.poisson(HALO / SCALE)[:, None]
    return BackgroundInputs(
        spectrum(decays, components=MODES, label="templates", weight=0.05),
        spectrum(control, components=("halo",), label="control"),
    )


def data(rng: np.random.Generator) -> Spectrum:
    counts = rng.poisson(TRUTH["kmu2"] + TRUTH["kmu3"] + HALO)[:, None]
    return spectrum(counts, components=("data",), label="data")


def estimate(given: Spectrum, sources: BackgroundInputs, card: TemplateBackground = CARD) -> Any:
    low = np.array([310.0, 350.0])
    return template_estimates(
        given,
        sources,
        card,
        selections=["search", "search"],
        low=low,
        high=low + 6.0,
        n_kaon=np.full(2, KAONS),
        n_kaon_error=np.full(2, 0.01 * KAONS),
    )


def test_estimate_is_the_sum_of_its_parts(sources: BackgroundInputs) -> None:
    given = data(np.random.Generator(np.random.Philox(6)))
    found = estimate(given, sources)
    region = control_region(given, sources, CARD)
    assert region is not None
    decays, control = (s.histogram.values() for s in (sources.decays, sources.control))
    inside = slice(100, 180)
    n = given.histogram.values()[1, 0, inside].sum()
    k = decays[1, :, inside].sum()
    h = control[1, 0, inside].sum()
    scale = (n - k) / h
    assert region.observed == n
    assert region.control == h
    assert region.per_decay * KAONS == pytest.approx(k, rel=1e-9)
    assert found.details.control_runs[0].scale == pytest.approx(scale, rel=1e-9)
    for i, first in enumerate((110, 150)):
        window = slice(first, first + 6)
        modes = decays[0, :, window].sum(axis=1)
        halo = control[0, 0, window].sum()
        assert found.background[i] == pytest.approx(modes.sum() + scale * halo, rel=1e-9)
        scale_stat = math.hypot(math.sqrt(n + 0.05 * k) / h, scale / math.sqrt(h))
        stat = math.sqrt(0.05 * modes.sum() + scale**2 * halo + (scale_stat * halo) ** 2)
        assert found.stat[i] == pytest.approx(stat, rel=1e-6)
        scale_syst = math.hypot(
            0.2 * scale, math.hypot(0.1 * decays[1, 0, inside].sum(), 0.05 * decays[1, 1, inside].sum()) / h
        )
        syst = math.sqrt(
            (0.1 * modes[0]) ** 2
            + (0.05 * modes[1]) ** 2
            + (scale_syst * halo) ** 2
            + (0.01 * modes.sum()) ** 2
        )
        assert found.syst[i] == pytest.approx(syst, rel=1e-6)
    assert found.status.tolist() == ["ok", "ok"]
    assert np.all(found.leakage == 0.0)
    assert found.details.method == "templates"


def test_pulls_of_the_estimate(sources: BackgroundInputs) -> None:
    """b from 400 toys of the data: unbiased, with the spread of the part of its error that toys have."""
    rng = np.random.Generator(np.random.Philox(7))
    window = slice(150, 156)
    truth = sum(TRUTH[mode][0, window].sum() for mode in MODES) + HALO[0, window].sum()
    found = np.array([estimate(data(rng), sources).background[1] for _ in range(400)])
    # templates and control run are the same in all toys: their own fluctuation is an offset
    region = sources.control.histogram.values()[1, 0, 100:180].sum()
    halo = sources.control.histogram.values()[0, 0, window].sum()
    spread = math.sqrt((TRUTH["kmu2"][1] + TRUTH["kmu3"][1] + HALO[1])[100:180].sum()) / region * halo
    assert found.std() == pytest.approx(spread, rel=5.0 / math.sqrt(2.0 * 400))
    offset = math.sqrt(0.05 * sum(TRUTH[m][0, window].sum() for m in MODES) + SCALE**2 * halo)
    assert abs(found.mean() - truth) < 5.0 * math.hypot(offset, spread / 20.0)


def test_fewer_events_than_decays_in_the_region_of_the_halo(sources: BackgroundInputs) -> None:
    empty = spectrum(np.zeros((2, 1, 200)), components=("data",), label="empty")
    found = estimate(empty, sources)
    assert found.status.tolist() == ["control-below-decays"] * 2
    parts, scale = components(
        empty,
        sources,
        CARD,
        selections=["search"],
        low=np.array([310.0]),
        high=np.array([316.0]),
        n_kaon=np.array([KAONS]),
    )
    assert scale is not None
    assert parts["halo"].events[0] == 0.0
    assert parts["halo"].shared[0] > 0.0


def test_without_a_control_run_only_decays(sources: BackgroundInputs) -> None:
    given = data(np.random.Generator(np.random.Philox(8)))
    found = estimate(given, BackgroundInputs(sources.decays), ALONE)
    assert found.background[0] == pytest.approx(sources.decays.histogram.values()[0, :, 110:116].sum())
    assert found.details.control_runs == ()
    assert found.details.relative_errors == CARD.errors


def test_refusals(sources: BackgroundInputs) -> None:
    given = data(np.random.Generator(np.random.Philox(9)))
    with pytest.raises(UsageError, match="needs simulated decays"):
        template_estimates(
            given,
            None,
            CARD,
            selections=["search"],
            low=np.array([310.0]),
            high=np.array([316.0]),
            n_kaon=np.array([KAONS]),
            n_kaon_error=np.zeros(1),
        )
    with pytest.raises(UsageError, match="there is none"):
        control_region(given, BackgroundInputs(sources.decays), CARD)
    own = hist.Hist(hist.axis.Regular(200, 200.0, 400.0, name="m"), storage=hist.storage.Int64())
    with pytest.raises(UsageError, match="one selection for all"):
        control_region(Spectrum.from_uhi(own), sources, CARD)
    nothing = spectrum(np.zeros((2, 1, 200)), components=("halo",), label="nothing")
    with pytest.raises(UsageError, match="no event of the selection 'halo'"):
        control_region(given, BackgroundInputs(sources.decays, nothing), CARD)


def test_kaons_and_scale_are_solved_together() -> None:
    """N_K and s from two counts: the flux formula with the control run folded in gives the solution of both."""
    acceptance, b, k_peak, k_far, h_peak, h_far = 0.4, 0.63, 1e-4, 2e-5, 300.0, 5000.0
    n_kaon, scale = 2e6, 0.3
    n_peak = n_kaon * (acceptance * b + k_peak) + scale * h_peak
    n_far = n_kaon * k_far + scale * h_far
    region = ControlRegion(n_far, h_far, k_far, 0.0, 0.0, 0.2)
    fixed, less = under_peak(region, h_peak)
    flux = measure_flux(
        n_peak,
        acceptance_sm=Measured(acceptance),
        branching_fraction=Measured(b),
        background_per_kaon=Measured(k_peak + less.value),
        background_events=fixed,
    )
    assert flux.n_kaon.value == pytest.approx(n_kaon, rel=1e-12)
    assert control_scale(region, np.array([flux.n_kaon.value])).value[0] == pytest.approx(scale, rel=1e-9)


def test_agreement_of_toys_is_flat_and_sees_a_wrong_shape(sources: BackgroundInputs) -> None:
    rng = np.random.Generator(np.random.Philox(10))
    p = np.array(
        [
            control_agreement(
                data(rng), sources, CARD, selection="search", low=240.0, high=290.0, n_kaon=KAONS
            ).p_value
            for _ in range(200)
        ]
    )
    # systematic errors are not in the toys: p leans to 1, never to 0
    assert np.mean(p < 0.05) < 0.12
    assert np.mean(p) > 0.45
    wrong = TRUTH["kmu2"] + TRUTH["kmu3"] + HALO
    wrong = wrong * (1.0 + 0.5 * np.sin(np.arange(200) / 8.0))
    given = spectrum(rng.poisson(wrong)[:, None], components=("data",), label="wrong")
    assert (
        control_agreement(
            given, sources, CARD, selection="search", low=240.0, high=290.0, n_kaon=KAONS
        ).p_value
        < 1e-6
    )


def test_agreement_by_hand() -> None:
    n, b = np.array([12.0, 8.0]), np.array([9.0, 9.0])
    found = agreement(n, {"s": b}, {"s": np.zeros(2)}, {"s": np.zeros(2)})
    assert found.chi2 == pytest.approx(1.0 + 1.0 / 9.0)
    # chi2 with two degrees of freedom: exp(-chi2 / 2)
    assert found.p_value == pytest.approx(math.exp(-0.5 * found.chi2))
    shift = np.array([3.0, 3.0])
    moved = agreement(n, {"s": b}, {"s": np.zeros(2)}, {"s": shift})
    covariance = np.diag(b) + np.outer(shift, shift)
    assert moved.chi2 == pytest.approx((n - b) @ np.linalg.inv(covariance) @ (n - b))
    assert math.isnan(agreement(n, {"s": 0.0 * b}, {"s": 0.0 * b}, {"s": 0.0 * b}).p_value)


def test_bins_hold_enough() -> None:
    assert bins_with(np.array([10.0, 10.0, 10.0, 30.0, 5.0]), 25.0).tolist() == [0, 3, 5]
    assert bins_with(np.array([1.0, 2.0]), 25.0).tolist() == [0, 2]


def test_control_run_as_a_source(sources: BackgroundInputs) -> None:
    assert sources.control is not None
    held = {name: sources.control.project(name) for name in SELECTIONS}
    scaled = {name: (SCALE * part.values, SCALE**2 * part.variances) for name, part in held.items()}
    drawn = seen(sources.decays, {"kmu2": 0.5}, scaled, source="halo")
    assert drawn.components == (*MODES, "halo")
    values = drawn.project("search", components=["halo"])
    counts = sources.control.project("search").values
    assert values.values == pytest.approx(SCALE * counts, rel=1e-9)
    assert values.variances == pytest.approx(SCALE**2 * counts, rel=1e-9)
    assert drawn.project("search", components=["kmu3"]).values == pytest.approx(
        sources.decays.project("search", components=["kmu3"]).values
    )
    whole, half = (s.project("search", components=["kmu2"]) for s in (sources.decays, drawn))
    assert half.values == pytest.approx(0.5 * whole.values, rel=1e-9)
    assert half.variances == pytest.approx(0.25 * whole.variances, rel=1e-9)


def test_effective_statistics(sources: BackgroundInputs) -> None:
    found = simulated_over_expected(sources, selection="search", low=300.0, high=380.0, n_kaon=KAONS)
    assert found == {name: pytest.approx(20.0, rel=1e-6) for name in (*MODES, "all")}


def test_small_weights_have_an_error_however_small_their_squares_are() -> None:
    """1e-7 squared is a hundredth of the unit of fixed point, and so is 1e-3 squared where it stands for 1e-4 times."""
    common: dict[str, Any] = {
        "selections": ["search"],
        "components": ["kmu3"],
        "simulated": True,
        "label": "light",
        "decays_in_fiducial": 1e6,
        "axis": hist.axis.Regular(4, 0.0, 400.0, name="m_miss"),
    }
    weights = np.array([[[0.0, 1e-7, 3e-5, 1.0]]])
    made = Spectrum.from_weights(to_fixed(weights), squares_to_fixed(weights**2), **common)

    def variances(each: Spectrum) -> NDArray[np.float64]:
        return np.asarray(each.histogram.variances()).ravel()

    assert (variances(made) > 0.0).tolist() == (weights > 0.0).ravel().tolist()
    # what is above the unit keeps its square
    assert variances(made)[2:] == pytest.approx([9e-10, 1.0], rel=1e-3)
    for each in (combine({"kmu3": (made, 1e-4)}, decays=1e6, label="few"), seen(made, {"kmu3": 1e-4})):
        assert (variances(each) > 0.0).tolist() == [False, True, True, True]
        assert variances(each).max() == pytest.approx(1e-8, rel=1e-3)


def test_squares_of_large_weights_stand_for_fewer_decays() -> None:
    """300 events of weight 200 a bin for 1e6 decays: at 1e8 the squares would be 1.2e11, more than an integer holds."""
    weights = np.full((1, 1, 4), 300 * 200.0)
    made = Spectrum.from_weights(
        to_fixed(weights),
        to_fixed(weights * 100.0),
        selections=["search"],
        components=["kmu2"],
        simulated=True,
        label="heavy",
        decays_in_fiducial=1e6,
        axis=hist.axis.Regular(4, 0.0, 400.0, name="m_miss"),
    )
    samples = {"kmu2": (made, 0.5)}
    with pytest.raises(UsageError, match=r"heavy ones: weights of kmu2 are too large for 1e[+]08 decays"):
        combine(samples, decays=1e8, label="heavy ones")
    fewer = decays_that_fit(samples, 1e8)
    assert 1e8 / fewer == 2.0 ** round(np.log2(1e8 / fewer)) > 1.0
    small, plain = (combine(samples, decays=d, label="some") for d in (fewer, 1e6))
    a, b = small.between("search", 0.0, 400.0), plain.between("search", 0.0, 400.0)
    assert a.values * small.scaled_to(1e6) == pytest.approx(b.values, rel=1e-12)
    assert a.variances * small.scaled_to(1e6) ** 2 == pytest.approx(b.variances, rel=1e-12)
    assert decays_that_fit(samples, 1e5) == 1e5


def test_effective_events_of_weights() -> None:
    """(sum w)^2 / sum w^2: of three of weight 2 three, of one of 3 and one of 1 (16 / 10), of none 0."""
    found = effective_events(np.array([6.0, 4.0, 0.0]), np.array([12.0, 10.0, 0.0]))
    assert found.tolist() == pytest.approx([3.0, 1.6, 0.0])
