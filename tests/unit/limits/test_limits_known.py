"""Where pseudo-data come from a known expectation, masses that the side bands' function misses are not quoted."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from hump import KAONS, RATE, card, signal, spectrum

from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.limits.known import NOT_FOLLOWED
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan


def search(times: float, *, known: bool = True) -> SearchResult:
    """The hump of the tests of spurious signals, so many times larger."""
    rng = np.random.Generator(np.random.Philox(3))
    return scan(
        spectrum(rng.poisson(RATE * times)),
        card("fixed"),
        signal=signal(),
        flux=KaonFlux(Measured(KAONS * times)),
        known=spectrum(RATE * times, weight=1.0) if known else None,
    )


def missed(result: SearchResult) -> list[float]:
    return [
        mass
        for mass, words in zip(result.hypotheses.mass, result.status, strict=True)
        if NOT_FOLLOWED in words.split()
    ]


def test_a_function_that_is_too_stiff_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="hnlpeak"):
        result = search(300.0)
    assert 300.0 in missed(result)
    assert not result.sound[result.place(300.0)]
    assert [
        r.message
        for r in caplog.records
        if "raise order, 5 at most, or lower outer in [background]" in r.message
    ]


def test_a_small_exposure_and_unknown_data_are_left(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="hnlpeak"):
        assert missed(search(0.02)) == []
        assert missed(search(300.0, known=False)) == []
    assert not [r for r in caplog.records if "raise order" in r.message]
