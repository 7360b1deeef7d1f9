"""Limits beside the lowest of earlier ones, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hnlpeak.limits.earlier import beside_earlier, lowest
from hnlpeak.limits.published import PublishedLimit, published

MASS = np.array([290.0, 300.0, 310.0, 320.0, 330.0, 340.0])


def curve(name: str, first: float, last: float, u2: float) -> PublishedLimit:
    return replace(published("kek-mu"), name=name, mass=np.array([first, last]), u2=np.array([u2, u2]))


LOW, HIGH = curve("low", 290.0, 310.0, 1e-6), curve("high", 300.0, 330.0, 4e-6)


def test_the_lowest_of_all_that_cover_a_mass() -> None:
    np.testing.assert_allclose(lowest([HIGH, LOW], MASS), [1e-6, 1e-6, 1e-6, 4e-6, 4e-6, np.nan])
    assert np.isnan(lowest([], MASS)).all()


def test_masses_below_above_and_new_are_counted_apart() -> None:
    u2 = np.array([2e-6, np.nan, 0.5e-6, 2e-6, 6e-6, 1e-6])
    row = beside_earlier("ours", MASS, u2, [LOW, HIGH])
    assert (row.masses, row.low, row.high, row.below) == (4, 290.0, 330.0, 2)
    # 2, 0.5, 0.5 and 1.5
    assert (row.median, row.least, row.most) == pytest.approx((1.0, 0.5, 2.0))
    assert (row.new, row.new_low, row.new_high) == (1, 340.0, 340.0)
    assert "ours against low, high: below at 2 of 4 masses, 290 to 330 MeV" in row.words()
    assert "no earlier limit at 1 masses, 340 to 340 MeV" in row.words()


def test_an_equal_limit_is_no_improvement() -> None:
    row = beside_earlier("same", MASS, lowest([LOW, HIGH], MASS), [LOW, HIGH])
    assert (row.below, row.masses, row.new) == (0, 5, 0)


def test_a_curve_that_must_not_be_quoted_says_so() -> None:
    digitised = published("na62-2007-mu")
    assert digitised.confidence == "m"
    row = beside_earlier("ours", MASS, np.full(6, 1e-6), [LOW, digitised])
    assert "ours against low, na62-2007-mu (approximate): " in row.words()


def test_without_a_limit_there_is_nothing_to_tell() -> None:
    row = beside_earlier("none", MASS, np.full(6, np.nan), [LOW])
    assert (row.masses, row.below, row.new) == (0, 0, 0)
    assert np.isnan([row.low, row.median, row.new_high]).all()
    assert row.words() == "none against low: no limit"
