"""The statistical method of a search: any of the registry, by the card, in scan, toys, explanation and figures."""

from __future__ import annotations

import re
from typing import Any

import hist
import numpy as np
import pytest
from numpy.typing import ArrayLike
from pydantic import ValidationError

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalPoint, signal_model
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.analysis_card import StatisticsCard
from hnlpeak.formats.results import methods_table
from hnlpeak.limits.columns import LIMITS_COLUMNS
from hnlpeak.limits.explain import explain
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.report.style import convention
from hnlpeak.report.tables import treatments_table
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.statistics import METHODS, Gaussian, Interval, Known, Method, cls, expected_limit

CARD = load_analysis("na62-2015-ke2").card


def statistics(**changes: Any) -> StatisticsCard:
    table = {"method": "rolke-lopez", "cl": 0.9, "reference": "test", "confidence": "E", **changes}
    return StatisticsCard.model_validate(table)


def search(rate: float = 0.5, **changes: Any) -> SearchResult:
    """Four masses in a flat spectrum of ``rate`` events in each MeV."""
    update = {
        "scan": CARD.scan.model_copy(update={"mass_min": 240.0, "mass_max": 270.0, "step": 10.0}),
        "statistics": statistics(**changes),
    }
    counts = np.random.Generator(np.random.Philox(11)).poisson(0.2 * rate, 1950).astype(np.int64)
    spectrum = Spectrum.from_counts(
        counts[None, None],
        selections=["any"],
        components=["s"],
        simulated=True,
        label="toy",
        axis=hist.axis.Regular(counts.size, 100.0, 490.0, name="m_miss"),
    )
    points = [SignalPoint(m, Measured(4.0), Measured(0.15), Measured(0.22)) for m in (160.0, 400.0)]
    return scan(
        spectrum,
        CARD.model_copy(update=update),
        signal=signal_model({"any": points}, window=1.0, source="toy"),
        flux=KaonFlux(Measured(3e8)),
    )


def made_up(n: ArrayLike, *, background: Gaussian, **_: Any) -> Interval:
    """No statistics at all: the limit is n + 7 + the background's error, at any level."""
    counts, b, sigma = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (n, background.value, background.sigma))
    )
    return Interval.of(0.0 * counts, counts + 7.0 + sigma, counts - b, np.zeros(counts.shape, dtype=np.int8))


def test_a_method_is_an_entry_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scan, expected limits, toys, record, explanation, figure and table know a new one by that alone."""
    words = "{cl} % of nothing; never to be quoted"
    monkeypatch.setitem(METHODS, "made-up", Method(made_up, "a test's own", words, label="Made up"))
    result = search(method="made-up", toys=20)
    n, sigma = result.n_observed, result.background.error
    assert result.limits.observed.n_signal == pytest.approx(n + 7.0 + sigma)
    assert np.all(result.limits.expected.m2s.n_signal >= 7.0)
    assert result.toys is not None
    assert np.all(result.toys.expected.m2s.n_signal > 7.0)
    assert result.treatments == {}
    again = SearchResult.from_record(result.to_dict(), "here")
    assert again.to_dict() == result.to_dict()
    for known in (result, again):
        text = explain(known, 250.0)
        row = known.row(250.0)
        share = f"{row['net_efficiency']:.4g}"
        assert (
            f"made-up(n, b +- sigma_b, efficiency {share}; 0.9) = {row['n_signal_ul_observed']:.6g} events"
            in text
        )
        assert "90 % of nothing; never to be quoted" in text
        assert convention(known) == "Made up: 90 % of nothing"
    assert treatments_table(result).head[3:] == ("made-up", "with errors")


def test_cls_is_cls_everywhere() -> None:
    result, usual = search(method="cls"), search()
    n, b, sigma = result.n_observed, result.background.background, result.background.error
    net = Known(result.efficiency.value)
    direct = cls(n, background=Gaussian(b, sigma), efficiency=net, cl=0.9)
    assert result.limits.observed.n_signal == pytest.approx(direct.upper, rel=1e-9)
    wanted = expected_limit(background=Gaussian(b, sigma), efficiency=net, cl=0.9, method="cls")
    assert result.limits.expected.p1s.n_signal == pytest.approx(wanted.p1s, rel=1e-9)
    assert not np.allclose(result.limits.observed.u2, usual.limits.observed.u2, rtol=1e-3)
    assert result.excess.p_value == pytest.approx(usual.excess.p_value)
    # this table has no errors of the signal
    assert result.with_errors.n_signal == pytest.approx(result.limits.observed.n_signal, rel=1e-9)
    assert result.settings.convention == "one-sided 90 % CLs upper limit"
    said = explain(result, 250.0) + convention(result) + str(result.to_dict())
    assert "two-sided" not in said
    assert "bounded" not in said
    assert "two-sided" in explain(usual, 250.0)
    assert convention(usual) == "Rolke–López: two-sided 90 % interval, deficits bounded"


def test_further_methods_stand_beside_the_first() -> None:
    result = search(methods=["cls", "one-sided"])
    usual, alone = search(), search(method="cls")
    for name in LIMITS_COLUMNS:
        assert result[name].tolist() == usual[name].tolist()
    assert result.number("n_signal_ul_cls").tolist() == alone.limits.observed.n_signal.tolist()
    assert result.number("u2_ul_cls_expected_p1s").tolist() == alone.limits.expected.p1s.u2.tolist()
    again = SearchResult.from_record(result.to_dict(), "here")
    assert again.to_dict() == result.to_dict()
    assert list(again.methods) == ["cls", "one-sided"]
    assert treatments_table(again).head[-3:] == ("cls", "one-sided", "with errors")
    header, first, *_ = methods_table(again).splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert list(row)[:5] == [
        "m_n_mev",
        "n_observed",
        "background",
        "background_error",
        "n_signal_ul_rolke_lopez",
    ]
    assert len(row) == 4 + 3 * 12
    assert float(row["u2_ul_one_sided_expected_m2s"]) == again.row(240.0)["u2_ul_one_sided_expected_m2s"]
    assert float(row["n_signal_ul_rolke_lopez"]) == again.row(240.0)["n_signal_ul_observed"]


def test_expected_definitions_of_the_card() -> None:
    fast = search(method="cls", expected="asymptotic").limits.expected.median.n_signal
    exact = search(method="cls").limits.expected.median.n_signal
    assert fast == pytest.approx(exact, rel=0.3)
    assert not np.allclose(fast, exact, rtol=1e-3)


def test_no_interval_without_the_background_that_a_method_needs() -> None:
    """Empty side bands: b = 0 exactly, which a gamma prior cannot have."""
    result = search(rate=0.0, method="bayes")
    assert result.status.tolist() == ["order-lowered background-zero"] * 4
    assert np.isnan(result.limits.observed.n_signal).all()
    assert "There is no upper limit at this mass" in explain(result, 250.0)
    assert np.isfinite(search(rate=0.0).limits.observed.n_signal).all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "guess"}, r"method must be of rolke-lopez, cls, .*got 'guess'"),
        ({"methods": ["cls", "guess"]}, r"methods must be of rolke-lopez, cls, .*got 'guess'"),
        ({"methods": ["cls", "rolke-lopez"]}, "a name appears twice"),
        (
            {"method": "cls", "methods": ["bayes"], "expected": "asymptotic"},
            "belongs to method cls, got bayes",
        ),
        ({"method": "cls", "treatment": "bounded"}, "treatment applies to rolke-lopez only"),
        ({"expected": "asymptotic"}, "belongs to method cls"),
        ({"treatment": "boundless"}, "treatment"),
    ],
)
def test_cards_that_ask_for_what_is_not_there(changes: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        statistics(**changes)


def test_the_usual_treatment() -> None:
    assert statistics().treatment == "bounded"
    assert statistics(treatment="trolke").treatment == "trolke"
    assert statistics(method="one-sided").treatment is None


def test_an_analysis_with_another_method_has_another_text() -> None:
    """The text is what a folder keeps, and its hash what it belongs to."""
    own = load_analysis("na62-2015-ke2")
    other = own.with_method("cls")
    assert (other.card.statistics.method, other.card.statistics.treatment) == ("cls", None)
    assert other.card.model_copy(update={"statistics": own.card.statistics}) == own.card
    changed = set(own.text.splitlines()) ^ set(other.text.splitlines())
    assert {line.split("=")[0].strip() for line in changed} == {"method", "treatment"}
    assert own.with_method("rolke-lopez") is own
    assert other.with_method("rolke-lopez").card.statistics == own.card.statistics
    with pytest.raises(UsageError, match=r"--method: got 'guess', allowed are rolke-lopez, cls"):
        own.with_method("guess")
    inline = own.text.replace("[statistics]", "[statistics] # own line", 1)
    assert Analysis(own.card, own.experiment, inline).with_method("bayes").card.statistics.method == "bayes"
    table = 'statistics = { method = "rolke-lopez", cl = 0.9, reference = "test", confidence = "E" }\n'
    moved = table + re.sub(r"\n\[statistics\].*?(?=\n\[)", "", own.text, flags=re.S)
    with pytest.raises(UsageError, match=r"no line 'method = ...'"):
        Analysis(own.card, own.experiment, moved).with_method("cls")


def test_an_analysis_with_toys_has_another_text() -> None:
    own = load_analysis("na62-2015-ke2")
    other = own.with_toys(500)
    assert other.card.statistics.toys == 500
    assert other.card.model_copy(update={"statistics": own.card.statistics}) == own.card
    assert set(own.text.splitlines()) ^ set(other.text.splitlines()) == {"toys = 500"}
    assert other.with_toys(500) is other
    assert other.with_toys(20).text.count("toys = ") == 1
    assert other.with_method("cls").card.statistics.toys == 500
    with pytest.raises(
        UsageError, match=r"--toys -1: statistics.toys: .* greater than or equal to 0, got '-1'"
    ):
        own.with_toys(-1)
    with pytest.raises(
        UsageError, match=r"--toys 9: statistics.toys: background method 'templates' has no toys"
    ):
        load_analysis("na62-2007-kmu2").with_toys(9)
