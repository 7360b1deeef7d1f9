"""A made-up background method: one record, registered by one line, works in cards, a scan, its record and explain."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import hist
import numpy as np
import pytest
from pydantic import ValidationError

from hnlpeak.background.card import BackgroundCard
from hnlpeak.background.estimates import BackgroundDetails, BackgroundEstimates, StatusWord
from hnlpeak.background.method import BackgroundMethod, Task
from hnlpeak.background.methods import METHODS
from hnlpeak.core.card import read_card
from hnlpeak.core.errors import InputDataError
from hnlpeak.core.measured import Measured
from hnlpeak.core.records import Column, Key, Vector
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalPoint, signal_model
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.explain import explain
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.report.figures.binning import Stack, with_systematics
from hnlpeak.report.summary import verdict
from hnlpeak.report.tables import search_settings_table
from hnlpeak.spectrum.spectrum import Spectrum

CARD, TEXT, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")


class FlatBackground(BackgroundCard):
    """So many events in each MeV of a window, with a relative error."""

    method: Literal["flat"]
    per_mev: float
    error: float


@dataclass(frozen=True, eq=False)
class FlatDetails(BackgroundDetails):
    per_mev: Annotated[float, Key("events_per_mev")]
    widths: Annotated[Vector, Column("flat_width_mev")]

    @property
    def relative_errors(self) -> dict[str, float]:
        return {"flat": 0.5}


def _estimate(task: Task, card: FlatBackground) -> BackgroundEstimates:
    widths = np.array([w.high - w.low for w in task.windows])
    b = card.per_mev * widths
    return BackgroundEstimates.of(
        b,
        stat=0.0 * b,
        syst=card.error * b,
        leakage=0.0 * b,
        status=["as-stated"] + ["ok"] * (b.size - 1),
        details=FlatDetails(card.method, card.per_mev, widths),
    )


def _explain(estimates: BackgroundEstimates, i: int) -> str:
    return f"(stated per MeV, {estimates.details.widths[i]:g} MeV wide)"


STATUSES = {"as-stated": StatusWord("a test says so", sound=False)}
TABLE = {"method": "flat", "per_mev": 2.0, "error": 0.1, "reference": "test", "confidence": "E"}


@pytest.fixture
def flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        METHODS, "flat", BackgroundMethod(FlatBackground, FlatDetails, _estimate, _explain, STATUSES)
    )


def card_of(background: dict[str, Any], **statistics: Any) -> AnalysisCard:
    table = tomllib.loads(TEXT)
    table["background"] = background
    table["statistics"].update(statistics)
    table["scan"].update(mass_min="200 MeV", mass_max="230 MeV", step="10 MeV")
    return AnalysisCard.model_validate(table)


def search(card: AnalysisCard) -> SearchResult:
    counts = np.full((1, 1, 3900), 1, dtype=np.int64)
    axis = hist.axis.Regular(3900, 100.0, 490.0, name="m_miss")
    spectrum = Spectrum.from_counts(
        counts, selections=["any"], components=["s"], simulated=True, label="toy", axis=axis
    )
    points = [SignalPoint(m, Measured(4.0), Measured(0.15), Measured(0.22)) for m in (160.0, 400.0)]
    signal = signal_model({"any": points}, window=1.0, source="toy")
    return scan(spectrum, card, signal=signal, flux=KaonFlux(Measured(3e8)))


@pytest.mark.usefixtures("flat")
def test_a_method_works_everywhere_by_its_record() -> None:
    result = search(card_of(TABLE))
    assert result.background.background == pytest.approx(np.full(4, 16.0))
    assert result.number("background_error") == pytest.approx(np.full(4, 1.6))
    assert result.n_observed.tolist() == [80.0] * 4
    assert np.all(result.excess.significance > 5.0)
    assert np.all(result.limits.observed.n_signal > 64.0)
    assert result.status.tolist() == ["as-stated", "ok", "ok", "ok"]
    assert result.sound.tolist() == [False, True, True, True]
    assert verdict(result).startswith("1 of 4 masses are not quoted: 1 as-stated. A local excess above 3σ")
    assert result.number("flat_width_mev") == pytest.approx(np.full(4, 8.0))
    # not a smooth function: no shape, no toys, none of their columns nor those of other methods
    assert result.shape is None
    assert not any(word in name for name in result.columns for word in ("shape", "toys", "sideband", "order"))
    again = SearchResult.from_record(result.to_dict(), "here")
    assert again.to_dict() == result.to_dict()
    assert again.background.details.per_mev == 2.0
    assert "b = 16 +- 1.6 (stated per MeV, 8 MeV wide)" in explain(again, 210.0)
    assert ("background: events per [MeV]", "2") in search_settings_table(again).rows
    drawn = Stack({"flat": np.array([4.0])}, np.array([4.0]), np.array([0.0]))
    assert with_systematics(drawn, again).error == pytest.approx([2.0])


@pytest.mark.usefixtures("flat")
def test_a_result_of_an_unknown_method_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    record = search(card_of(TABLE)).to_dict()
    monkeypatch.delitem(METHODS, "flat")
    with pytest.raises(InputDataError, match="here: made with the background method 'flat'"):
        SearchResult.from_record(record, "here")


@pytest.mark.usefixtures("flat")
@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        (
            {"method": "magic"},
            ("background",),
            f"method must be one of {', '.join([*METHODS, 'flat'])}, got 'magic'",
        ),
        ({"per_mev": "two"}, ("background", "per_mev"), "valid number"),
        ({"order": 2}, ("background", "order"), "Extra inputs"),
    ],
)
def test_cards_name_the_key_that_is_wrong(change: dict[str, Any], key: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        card_of({**TABLE, **change})
    first = error.value.errors()[0]
    assert first["loc"] == key
    assert said in first["msg"]


@pytest.mark.usefixtures("flat")
def test_toys_need_a_smooth_background() -> None:
    with pytest.raises(
        ValidationError, match=r"background method '[a-z-]+' has no toys; those that do: sideband"
    ):
        card_of(TABLE, toys=10)
