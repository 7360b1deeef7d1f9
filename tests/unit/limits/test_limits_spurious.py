"""Spurious signals: what the background estimate leaves of a simulated background without fluctuations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hump import KAONS, RATE, WEIGHT, card, signal, spectrum

from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.limits.search import Search
from hnlpeak.studies.spurious import spurious_study


def search(choice: str, kaons: float = KAONS) -> SearchResult:
    rng = np.random.Generator(np.random.Philox(3))
    return scan(
        spectrum(rng.poisson(RATE * kaons / KAONS)),
        card(choice),
        signal=signal(),
        flux=KaonFlux(Measured(kaons)),
        inputs=BackgroundInputs(spectrum(RATE, weight=WEIGHT)),
    )


def test_a_hump_is_a_spurious_signal_of_order_2_and_hardly_of_an_average() -> None:
    fixed, average = search("fixed"), search("average")
    for result in (fixed, average):
        # 20 bins in the window of 4 MeV at 300 MeV, in the middle of the hump
        assert result.row(300.0)["simulated_background"] == pytest.approx(RATE[980:1020].sum(), rel=1e-9)
    assert fixed.row(300.0)["spurious_signal"] > 1.5 * fixed.row(300.0)["background_stat"]
    assert abs(average.row(300.0)["spurious_signal"]) < 0.25 * fixed.row(300.0)["spurious_signal"]
    assert abs(average.row(300.0)["spurious_signal_relative"]) < 0.5
    # far from it both fit
    assert abs(fixed.row(250.0)["spurious_signal_relative"]) < 1.0
    again = SearchResult.from_record(average.to_dict(), "here")
    assert again["spurious_signal"] == pytest.approx(average["spurious_signal"])


def test_the_error_is_that_of_the_simulation() -> None:
    """Events of weight 0.1: the window has sqrt(0.1 n), the side bands sqrt(0.1) of the error of real data."""
    result = search("average")
    row = result.row(300.0)
    n, stat = row["simulated_background"], row["background_stat"]
    assert row["spurious_signal_error"] == pytest.approx(np.sqrt(WEIGHT * n + WEIGHT * stat**2), rel=0.1)


def test_a_study_scales_the_expectation_and_finds_the_worst_mass() -> None:
    result = search("fixed")
    cards = replace(load_analysis("na62-2015-ke2"), card=card("fixed"))
    whole = Search(result, cards, templates=spectrum(RATE, weight=WEIGHT), signal=signal())
    here, more = spurious_study(whole), spurious_study(whole, kaons=10.0 * KAONS)
    assert here.spurious.signal == pytest.approx(result["spurious_signal"])
    assert more.decays == 10.0 * KAONS
    i = int(np.flatnonzero(here.mass == 300.0)[0])
    assert more.spurious.signal[i] == pytest.approx(10.0 * here.spurious.signal[i], rel=0.05)
    assert abs(here.spurious.relative[here.worst]) == np.nanmax(np.abs(here.spurious.relative))
