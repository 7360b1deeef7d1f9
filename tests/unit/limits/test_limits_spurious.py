"""Spurious signals: what the background estimate leaves of a simulated background without fluctuations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hist
import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.core.card import read_card
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalModel, SignalPoint, signal_model
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.limits.search import Search
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.fixed_point import FIXED_POINT
from hnlpeak.studies.spurious import spurious_study

LIBRARY, _, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")
EDGES = np.linspace(200.0, 400.0, 2001)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
SIGMA, KAONS, WEIGHT = 2.0, 1e8, 0.1
# a hump of 0.7 of the side bands' reach about 300 MeV on a flat floor, events a bin
RATE = 2.0 + 20.0 * np.exp(-(((CENTRES - 300.0) / (11.25 * SIGMA)) ** 2) / 0.98)


def card(choice: str) -> AnalysisCard:
    return LIBRARY.model_copy(
        update={
            "scan": LIBRARY.scan.model_copy(update={"mass_min": 250.0, "mass_max": 350.0, "step": 10.0}),
            "background": LIBRARY.background.model_copy(update={"order_choice": choice}),
        }
    )


def spectrum(values: NDArray[Any], *, weight: float = 0.0) -> Spectrum:
    common: dict[str, Any] = {
        "selections": ["any"],
        "components": ["kmu2"],
        "simulated": True,
        "label": "toy",
        "decays_in_fiducial": KAONS,
        "axis": hist.axis.Regular(2000, 200.0, 400.0, name="m_miss"),
    }
    if not weight:
        return Spectrum.from_counts(values.astype(np.int64)[None, None], **common)
    w = np.rint(values * FIXED_POINT).astype(np.int64)[None, None]
    return Spectrum.from_weights(w, np.rint(w * weight).astype(np.int64), **common)


def signal() -> SignalModel:
    points = [SignalPoint(m, Measured(SIGMA), Measured(0.2), Measured(0.2 / 0.6827)) for m in (240.0, 360.0)]
    return signal_model({"any": points}, window=1.0, source="toy")


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
