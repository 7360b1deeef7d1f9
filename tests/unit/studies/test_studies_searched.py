"""Rows of validation that whole searches tell: of which events they are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.studies.validation import searched

ROW = {
    "window_low_mev": 298.0,
    "window_high_mev": 302.0,
    "background": 1000.0,
    "background_error": 40.0,
    "n_signal_ul_expected": 100.0,
    "u2_ul_expected": 1e-6,
}


def test_events_by_source_are_before_the_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates of figures hold its efficiency, 0.899; the public tables have events without it, b with it."""
    made: Any = SimpleNamespace(
        analysis=load_analysis("na62-2007-kmu2"),
        result=SimpleNamespace(row=lambda _mass: ROW),
        templates=None,
        data=None,
    )
    monkeypatch.setattr(searched, "_composition", lambda _made, _mass: {"kmu2": 89.9, "kmu3": 899.0})
    rows = {key: value.value for key, value in searched._of_2007(made)}
    wider = 1.0 + 200.0 / 600.0 / 4.0  # 0.0002 GeV2 at 300 MeV, of a window of 4 MeV
    assert rows["n_kmu3_2007_300"] == pytest.approx(1000.0 * wider)
    assert rows["n_kmu2_rad_2007_300"] == pytest.approx(100.0 * wider)
    assert rows["b_2007_300"] == pytest.approx(1000.0 * wider)


def test_a_card_without_that_efficiency_has_seen_all() -> None:
    made: Any = SimpleNamespace(analysis=load_analysis("na62-2015-ke2"))
    assert searched._triggered(made, "kmu2") == 1.0
