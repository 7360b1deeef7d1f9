from __future__ import annotations

import logging
import math
from dataclasses import replace
from typing import Any

import hist
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, norm

from hnlpeak.core.card import read_card
from hnlpeak.core.errors import HnlpeakError, InputDataError, UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux, measure_flux
from hnlpeak.estimation.signal import SignalModel, SignalPoint, signal_model
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.columns import LIMITS_COLUMNS
from hnlpeak.limits.convert import branching_fraction_of, mixing_of
from hnlpeak.limits.explain import explain
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.fixed_point import to_fixed
from hnlpeak.statistics import Gaussian, coverage_of_limit, rolke_lopez

LIBRARY, _, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")
N_K = 3.01e8


def card(**changes: Any) -> AnalysisCard:
    """The library's card with a scan of 16 masses, 15 MeV apart."""
    step = {"mass_min": 170.0, "mass_max": 395.0, "step": 15.0}
    table = LIBRARY.model_dump(by_alias=True)
    return LIBRARY.model_copy(
        update={
            name: getattr(LIBRARY, name).model_copy(
                update={**(step if name == "scan" else {}), **changes.get(name, {})}
            )
            for name in ("scan", "background", "statistics")
            if name in table
        }
    )


def sigma(mass: float) -> float:
    return 22.0 - 0.05 * mass


def model(
    acceptance: float = 0.15, window: float = 1.0, error: float = 0.0, sigma_error: float = 0.0
) -> SignalModel:
    points = [
        SignalPoint(
            m,
            Measured(sigma(m), stat=sigma_error * sigma(m)),
            Measured(acceptance, stat=error * acceptance),
            Measured(acceptance / 0.6826894921),
        )
        for m in (160.0, 400.0)
    ]
    return signal_model({"any": points}, window=window, source="toy")


def flux(error: float = 0.0) -> KaonFlux:
    return KaonFlux(Measured(N_K, stat=error * N_K))


def spectrum(counts: NDArray[Any], low: float = 100.0, high: float = 490.0) -> Spectrum:
    axis = hist.axis.Regular(counts.size, low, high, name="m_miss")
    common: dict[str, Any] = {
        "selections": ["any"],
        "components": ["s"],
        "simulated": True,
        "label": "toy",
        "axis": axis,
    }
    if counts.dtype.kind == "f":
        w = to_fixed(counts)[None, None]
        return Spectrum.from_weights(w, w, **common)
    return Spectrum.from_counts(counts[None, None], **common)


def flat(per_mev: float, bins: int = 3900) -> NDArray[np.float64]:
    return np.full(bins, per_mev * 390.0 / bins)


@pytest.fixture(scope="module")
def asimov() -> SearchResult:
    return scan(spectrum(flat(3.0)), card(), signal=model(), flux=flux())


def test_asimov_spectrum_gives_the_limit_of_the_formula(asimov: SearchResult) -> None:
    width = asimov.number("window_high_mev") - asimov.number("window_low_mev")
    b, error = asimov.number("background"), asimov.number("background_error")
    assert asimov.number("n_observed") == pytest.approx(3.0 * width)
    assert b == pytest.approx(3.0 * width, rel=1e-4)
    # b* = b + l' mu: what leaks into the side bands is no longer an excess in the window
    net = 1.0 - asimov.number("leakage") / 0.6826894921
    assert asimov.number("net_efficiency") == pytest.approx(net, rel=0.02)
    direct = rolke_lopez(3.0 * width, background=Gaussian(b, error), cl=0.9, treatment="bounded")
    assert asimov.number("n_signal_ul_observed") == pytest.approx(
        direct.upper / asimov.number("net_efficiency"), rel=1e-6
    )
    # and near its large-number form 1.645 sqrt(b + sigma_b^2), two-sided at 90 %
    assert net * asimov.number("n_signal_ul_observed") == pytest.approx(
        1.645 * np.sqrt(b + error**2), rel=0.12
    )
    # the median expected limit is the one of the Asimov spectrum, but for discreteness and skewness
    assert asimov.number("n_signal_ul_expected") == pytest.approx(
        asimov.number("n_signal_ul_observed"), rel=0.1
    )
    # below 170 MeV the limits of the card leave no side band, below 185 MeV 16 MeV of it, 1.2 resolutions
    assert asimov["status"].tolist() == ["one-sided", "short-side-band"] + ["ok"] * 14


def test_bands_are_ordered_and_treatments_agree_without_deficit(asimov: SearchResult) -> None:
    for kind in ("n_signal_ul", "u2_ul"):
        names = [f"{kind}_expected{band}" for band in ("_m2s", "_m1s", "", "_p1s", "_p2s")]
        bands = np.array([asimov.number(name) for name in names])
        assert np.all(np.diff(bands, axis=0) > 0.0)
    assert asimov.number("n_signal_ul_unbounded") == pytest.approx(
        asimov.number("n_signal_ul_bounded"), rel=1e-3
    )


def test_conversions_by_hand(asimov: SearchResult) -> None:
    row = asimov.row(305.0)
    b = row["n_signal_ul_observed"] / (N_K * row["acceptance"])
    assert row["branching_fraction_ul_observed"] == pytest.approx(b, rel=1e-11)
    # rho_e(300) = 137112.6 and B(K_e2) = 1.582e-5: 2.169 per unit of |U|^2
    near = scan(
        spectrum(flat(3.0)),
        card(scan={"mass_min": 300.0, "mass_max": 310.0, "step": 5.0}),
        signal=model(),
        flux=flux(),
    ).row(300.0)
    assert near["branching_fraction_per_u2"] == pytest.approx(137112.6 * 1.582e-5, rel=2e-3)
    assert near["u2_ul_observed"] == pytest.approx(
        near["branching_fraction_ul_observed"] / near["branching_fraction_per_u2"], rel=1e-11
    )
    assert branching_fraction_of(np.array([30.0]), n_kaon=np.array([3e8]), acceptance=np.array([0.1])) == 1e-6
    assert mixing_of(np.array([1e-6]), per_u2=np.array([2.0])) == 5e-7
    assert np.isnan(mixing_of(np.array([1e-6]), per_u2=np.array([0.0])))
    assert np.isnan(
        branching_fraction_of(np.array([1.0]), n_kaon=np.array([3e8]), acceptance=np.array([0.0]))
    )


def test_injected_signal_is_found_where_it_is() -> None:
    rng = np.random.Generator(np.random.Philox(31))
    counts = rng.poisson(flat(3.0))
    signal = np.histogram(rng.normal(305.0, sigma(305.0), 120), np.linspace(100.0, 490.0, 3901))[0]
    before, after = (
        scan(spectrum(c), card(), signal=model(), flux=flux()) for c in (counts, counts + signal)
    )
    assert after["m_n_mev"][int(np.argmin(after.number("p_value")))] == 305.0
    assert after.row(305.0)["local_significance"] > 5.5
    assert abs(before.row(305.0)["local_significance"]) < 4.0
    found, inside = after.row(305.0), 120 * math.erf(1.0 / math.sqrt(2.0))
    assert found["n_signal_lower"] < inside < found["n_signal_ul_observed"]
    # side bands of masses up to 11.25 sigma away see the peak
    far = after.number("m_n_mev") >= 380.0
    assert after.number("n_signal_ul_observed")[far] == pytest.approx(
        before.number("n_signal_ul_observed")[far]
    )


def test_errors_of_the_signal_only_weaken(asimov: SearchResult) -> None:
    for name in ("observed", "expected", "bounded"):
        assert asimov.number("n_signal_ul_with_errors") == pytest.approx(
            asimov.number("n_signal_ul_observed"), rel=1e-9
        ), name
    both = scan(spectrum(flat(3.0)), card(), signal=model(error=0.1), flux=flux(error=0.2))
    assert np.all(both.number("n_signal_ul_with_errors") > asimov.number("n_signal_ul_with_errors"))
    assert both.number("n_signal_ul_observed") == pytest.approx(asimov.number("n_signal_ul_observed"))


def test_errors_that_the_card_names_are_in_all_limits() -> None:
    """A 10 %, N_K 20 %, sigma 8 %: its part is k phi(k) / (Phi(k) - 1/2) = 0.709 of 8 % at k = 1."""
    given = {"signal": model(error=0.1, sigma_error=0.08), "flux": flux(error=0.2)}

    def limits(*errors: str) -> SearchResult:
        return scan(spectrum(flat(3.0)), card(statistics={"errors": errors}), **given)

    plain, every = limits(), limits("acceptance", "resolution", "kaons")
    relative = every.number("net_efficiency_error") / every.number("net_efficiency")
    share = {name: every.number(f"{name}_error") / every.number(name) for name in ("acceptance", "n_kaon")}
    wide = 0.709 * every.number("sigma_error_mev") / every.number("sigma_mev")
    assert relative == pytest.approx(np.sqrt(sum(s**2 for s in share.values()) + wide**2), rel=5e-3)
    assert np.all(relative > 0.2)
    sigma_alone = limits("resolution")
    assert sigma_alone.number("net_efficiency_error") == pytest.approx(
        wide * sigma_alone.number("net_efficiency"), rel=0.03
    )
    for name in ("n_signal_ul_observed", "n_signal_ul_expected", "n_signal_ul_unbounded"):
        assert np.all(every.number(name) > plain.number(name)), name
    assert every.number("n_signal_ul_observed") == pytest.approx(every.number("n_signal_ul_with_errors"))
    direct = rolke_lopez(
        every.n_observed,
        background=Gaussian(every.number("background"), every.number("background_error")),
        efficiency=Gaussian(every.number("net_efficiency"), every.number("net_efficiency_error")),
        cl=0.9,
    )
    assert every.number("n_signal_ul_observed") == pytest.approx(direct.upper, rel=1e-9)
    assert "errors of acceptance, resolution, kaons" in every.settings.errors
    assert "+-" in explain(every, 305.0).split("N_S")[1].split("\n")[0]


def test_each_limit_comes_with_its_coverage() -> None:
    """Few events: a "90 %" limit is not one, and the explanation says so."""
    rng = np.random.Generator(np.random.Philox(9))
    found = scan(spectrum(rng.poisson(flat(0.05))), card(), signal=model(), flux=flux())
    b, sigma_b = found.number("background"), found.number("background_error")
    i = 9
    direct = coverage_of_limit(
        found.number("n_signal_ul_observed")[i] * found.number("net_efficiency")[i],
        background=Gaussian(b[i], sigma_b[i]),
    )
    assert found.number("coverage_at_limit")[i] == pytest.approx(direct.contained)
    assert found.number("coverage_min")[i] == pytest.approx(direct.minimum.contained)
    assert found.number("upper_coverage_min")[i] == pytest.approx(direct.minimum.not_below)
    assert np.all(found.number("coverage_min") < 0.9)
    assert np.all(found.number("coverage_min") <= found.number("coverage_at_limit") + 1e-12)
    mass = found.number("m_n_mev")[i]
    assert f"{direct.minimum.contained:.3f} at worst" in explain(found, mass)
    rare = scan(
        spectrum(flat(0.05)),
        card(
            scan={"mass_max": 185.0},
            statistics={"method": "cls-exact", "treatment": None, "expected": "asimov"},
        ),
        signal=model(),
        flux=flux(),
    )
    assert rare.coverage is None
    assert "coverage" not in explain(rare, 185.0)


def test_a_signal_table_without_the_whole_acceptance_has_a_gaussian_one(asimov: SearchResult) -> None:
    """The leakage is per event of the full peak, of which a window of one sigma holds erf(1/sqrt 2)."""
    bare = signal_model(
        {"any": [replace(model().at(m, "any"), acceptance_no_window=None) for m in (160.0, 400.0)]},
        window=1.0,
        source="toy",
    )
    found = scan(spectrum(flat(3.0)), card(), signal=bare, flux=flux())
    assert np.all(np.isnan(found.number("acceptance_no_window")))
    assert found.number("net_efficiency") == pytest.approx(asimov.number("net_efficiency"), abs=3e-3)
    assert np.all(found.number("net_efficiency") < 1.0 - 1.3 * found.number("leakage"))


def test_a_significant_peak_is_left_out_of_its_neighbours_side_bands() -> None:
    rng = np.random.Generator(np.random.Philox(31))
    counts = rng.poisson(flat(3.0))
    peak = np.histogram(rng.normal(275.0, sigma(275.0), 400), np.linspace(100.0, 490.0, 3901))[0]
    before, after = (scan(spectrum(c), card(), signal=model(), flux=flux()) for c in (counts, counts + peak))
    masses, said = after.number("m_n_mev"), [s.split() for s in after["status"].tolist()]
    assert after.row(275.0)["local_significance"] > 8.0
    # side bands reach to 11.25 resolutions, the mask from the peak to 3
    near = np.abs(masses - 275.0) < 11.25 * np.array([sigma(m) for m in masses]) + 3.0 * sigma(275.0)
    assert [bool("peak-masked" in words) for words in said] == near.tolist()
    assert not any("peak-masked" in words for words in before["status"].tolist())
    # beyond the peak itself b is what it was without it
    beside = near & (np.abs(masses - 275.0) > 4.5 * sigma(275.0))
    moved = (after.number("background") - before.number("background")) / before.number("background_error")
    assert beside.sum() >= 6
    assert np.all(np.abs(moved[beside]) < 1.5)
    # and the peak's own side bands begin where it has ended
    assert after.row(275.0)["net_efficiency"] > 0.99


def test_limits_scale_with_exposure_and_acceptance(asimov: SearchResult) -> None:
    half = scan(spectrum(flat(3.0)), card(), signal=model(acceptance=0.075), flux=flux())
    assert half.number("u2_ul_observed") == pytest.approx(2.0 * asimov.number("u2_ul_observed"))
    assert half.number("n_signal_ul_observed") == pytest.approx(asimov.number("n_signal_ul_observed"))


def test_coarse_bins_give_the_same_limits_and_a_warning(
    asimov: SearchResult, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="hnlpeak"):
        coarse = scan(spectrum(flat(3.0, bins=78)), card(), signal=model(), flux=flux())
    assert "snapped to the bins" in caplog.text
    assert coarse.settings.windows_snapped > 0
    assert asimov.settings.windows_snapped == 0
    ratio = coarse.number("u2_ul_observed") / asimov.number("u2_ul_observed")
    # where the window still spans bins: unless the acceptance followed the windows, limits would move by as
    # much as those do
    wide = (coarse.number("m_n_mev") > 180.0) & (coarse.number("sigma_mev") > 4.5)
    assert np.all(np.abs(np.log(ratio[wide])) < 0.12)
    assert np.max(np.abs(np.log(coarse.number("window_efficiency_ratio")[wide]))) > 0.12


def test_masses_without_a_limit_are_rows_with_a_status() -> None:
    rows = scan(
        spectrum(flat(3.0)),
        card(background={"low_limit": 200.0, "high_limit": 300.0}),
        signal=model(),
        flux=flux(),
    )
    status = dict(zip(rows["m_n_mev"].tolist(), rows["status"].tolist(), strict=True))
    assert status[245.0] == "ok"
    assert status[215.0] == "one-sided"
    assert status[395.0] == "no-side-bands"
    empty = rows.row(395.0)
    assert empty["n_observed"] > 0
    assert empty["background"] is None
    assert empty["u2_ul_observed"] is None
    assert "no upper limit" in explain(rows, 395.0)
    closed = scan(spectrum(flat(3.0)), card(), signal=model(acceptance=0.0), flux=flux())
    assert all(status.endswith("no-acceptance") for status in closed["status"])
    assert np.all(np.isnan(closed.number("u2_ul_observed")))
    assert np.all(np.isfinite(closed.number("n_signal_ul_observed")))


def test_empty_intervals_are_said_not_replaced() -> None:
    counts = np.full(3900, 1, dtype=np.int64)
    centres = np.linspace(100.05, 489.95, 3900)
    counts[np.abs(centres - 305.0) < sigma(305.0)] = 0
    rows = scan(spectrum(counts), card(statistics={"treatment": "unbounded"}), signal=model(), flux=flux())
    row = rows.row(305.0)
    assert "interval-empty" in row["status"].split()
    assert row["u2_ul_observed"] is None
    assert row["u2_ul_bounded"] > 0.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"spectrum": spectrum(flat(3.0), low=180.0)}, InputDataError, "covers 180 to 490 MeV, the windows"),
        ({"spectrum": spectrum(flat(3.0), low=0.1, high=0.49)}, InputDataError, "axis in GeV"),
        ({"card": card(scan={"mass_max": 440.0})}, UsageError, "never extrapolated"),
        ({"signal": model(window=1.5)}, UsageError, "window of 1.5 sigma, the card asks for 1"),
        ({"flux": None}, UsageError, "number of kaon decays"),
    ],
)
def test_scans_that_cannot_be(arguments: dict[str, Any], error: type[HnlpeakError], message: str) -> None:
    inputs: dict[str, Any] = {
        "spectrum": spectrum(flat(3.0)),
        "card": card(),
        "signal": model(),
        "flux": flux(),
    }
    inputs.update(arguments)
    with pytest.raises(error, match=message):
        scan(inputs["spectrum"], inputs["card"], signal=inputs["signal"], flux=inputs["flux"])


def test_selections_change_at_350() -> None:
    axis = hist.axis.Regular(3900, 100.0, 490.0, name="m_miss")
    counts = np.stack([np.full((1, 3900), 1), np.full((1, 3900), 2)]).astype(np.int64)
    two = Spectrum.from_counts(
        counts, selections=["tight", "loose"], components=["s"], simulated=True, label="toy", axis=axis
    )
    points = model().curves["any"]
    signal = SignalModel(
        {"tight": points, "loose": replace(points, acceptance=2.0 * points.acceptance)}, 1.0, "toy"
    )
    rows = scan(two, card(), signal=signal, flux=flux())
    loose = rows.number("m_n_mev") >= 350.0
    assert rows["selection"][loose].tolist() == ["loose"] * int(loose.sum())
    assert rows.number("acceptance")[loose] == pytest.approx(0.3, rel=0.02)
    assert rows.number("acceptance")[~loose] == pytest.approx(0.15, rel=0.02)
    width = rows.number("window_high_mev") - rows.number("window_low_mev")
    assert rows.number("n_observed") == pytest.approx(np.where(loose, 20.0, 10.0) * width)


def test_result_record_round_trip(asimov: SearchResult) -> None:
    record = asimov.to_dict()
    again = SearchResult.from_record(record, "here")
    assert again.to_dict() == record
    assert list(record["columns"]["m_n_mev"]) == [170.0 + 15.0 * i for i in range(16)]
    assert set(LIMITS_COLUMNS) <= set(record["columns"])
    assert record["normalisation"]["n_kaon"]["value"] == N_K
    with pytest.raises(UsageError, match="no hypothesis at 301 MeV"):
        asimov.row(301.0)
    with pytest.raises(UsageError, match="no column"):
        asimov["x"]
    with pytest.raises(UsageError, match=r"of 16 masses has columns of another length: \['n_observed'\]"):
        replace(asimov, n_observed=np.zeros(1))
    with pytest.raises(
        InputDataError, match="here: result schema 1, this version reads 3; run the search again"
    ):
        SearchResult.from_record({**record, "schema": 1}, "here")
    for spoiled in ({"columns": {}}, {"settings": {}}, {"background": {"details": {"method": "sideband"}}}):
        with pytest.raises(InputDataError, match="here: no search result"):
            SearchResult.from_record({**record, **spoiled}, "here")


def test_normalisation_is_part_of_the_result() -> None:
    measured = measure_flux(1048.0, acceptance_sm=Measured(0.22), branching_fraction=Measured(1.582e-5))
    rows = scan(spectrum(flat(3.0)), card(), signal=model(), flux=measured)
    assert rows.normalisation.n_sm == 1048.0
    assert rows.number("n_kaon") == pytest.approx(measured.n_kaon.value)


def test_explanation_follows_from_its_inputs_or_says_so(asimov: SearchResult) -> None:
    text = explain(asimov, 305.0)
    row = asimov.row(305.0)
    for number in ("n_signal_ul_observed", "branching_fraction_ul_observed", "u2_ul_observed", "n_kaon"):
        assert f"{row[number]:.6g}" in text
    assert text.startswith("The simulated data limit K+ -> e+ N at m_N = 305 MeV")
    assert "two-sided" in text
    moved = replace(asimov.background, background=asimov.background.background * 1.001)
    with pytest.raises(HnlpeakError, match="disagrees with its own inputs: n_signal_ul_observed"):
        explain(replace(asimov, background=moved), 305.0)


def _excess_line(result: SearchResult, mass: float) -> str:
    return next(line for line in explain(result, mass).splitlines() if line.startswith("excess"))


def test_explanation_says_where_the_error_of_b_allows_no_stronger_claim() -> None:
    """Six events on next to nothing: p is that of one event, and the significance the same number."""
    counts = np.random.Generator(np.random.Philox(1)).poisson(flat(0.01))
    counts[int((335.0 - 100.0) / 0.1)] += 6
    found = scan(spectrum(counts), card(), signal=model(), flux=flux())
    i = found.place(335.0)
    n, error = found.n_observed[i], found.background.error[i]
    assert error > found.background.background[i]
    share = error / (1.0 + error)
    p = binom.sf(n - 1.0, n + 1.0, share)
    assert found.excess.p_value[i] == pytest.approx(p, rel=1e-9)
    assert found.excess.significance[i] == pytest.approx(norm.isf(p), rel=1e-9)
    said = _excess_line(found, 335.0)
    assert said.endswith(
        f"; sigma_b is large: p is that of one event in a control region {1.0 / error:.2g} times the window, "
        "and no smaller"
    )
    assert "asymptotic" not in said
    assert "in full" not in said


def test_explanation_says_why_p_and_the_significance_differ() -> None:
    counts = np.random.Generator(np.random.Philox(3)).poisson(flat(0.3))
    found = scan(spectrum(counts), card(), signal=model(), flux=flux())
    differ = np.abs(norm.isf(found.excess.p_value) - found.excess.significance) > 0.1
    differ &= (found.excess.p_value > 0.0) & (found.excess.p_value < 1.0)
    assert 3 <= differ.sum() < differ.size
    for mass, some in zip(found.hypotheses.mass, differ, strict=True):
        said = _excess_line(found, float(mass))
        reasons = (
            "asymptotic, which few events do not follow",
            "it has the probability of exactly n in full",
        )
        assert sum(reason in said for reason in reasons) == int(some)
