"""What the scaled control run has under the peak: by propagation of the errors of three counts."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from hnlpeak.background.card import CheckRegion, ControlRegionCard
from hnlpeak.background.control_run import ControlRegion, under_peak


@pytest.mark.parametrize("control_error", [None, 0.03])
def test_halo_under_the_peak_has_the_errors_of_its_three_counts(control_error: float | None) -> None:
    """n = 400 in the region of the data, h = 1600 of the control run there and 900 under the peak: 225."""
    region = ControlRegion(400.0, 1600.0, 2e-6, 1e-7, 3e-7, 0.05, control_error)
    fixed, per_kaon = under_peak(region, 900.0)
    assert fixed.value == pytest.approx(225.0)
    of_control = 1.0 / 40.0 if control_error is None else control_error
    assert fixed.stat == pytest.approx(225.0 * math.sqrt(1.0 / 400.0 + 1.0 / 900.0 + of_control**2))
    assert fixed.syst == pytest.approx(0.05 * 225.0)
    # decays in the region are taken for halo: each kaon takes away so many
    assert per_kaon.value == pytest.approx(-900.0 / 1600.0 * 2e-6)
    assert (per_kaon.stat, per_kaon.syst) == pytest.approx((0.5625e-7, 3.0 * 0.5625e-7))


@pytest.mark.parametrize(("low", "high"), [("10 MeV", "10 MeV"), ("10 MeV", "-10 MeV")])
def test_regions_that_hold_nothing_are_refused(low: str, high: str) -> None:
    ends = {"low": low, "high": high}
    with pytest.raises(ValidationError, match="empty region: low is not below high"):
        ControlRegionCard.model_validate(
            {"of": "search", "part": "a", "selection": "halo", "error": 0.1, **ends}
        )
    with pytest.raises(ValidationError, match="empty region: low is not below high"):
        CheckRegion.model_validate({"selection": "halo", **ends})


def test_a_region_keeps_its_ends() -> None:
    made = ControlRegionCard.model_validate(
        {"of": "search", "part": "a", "selection": "halo", "error": 0.1, "low": "-20 MeV", "high": "0.1 GeV"}
    )
    assert (made.low, made.high) == (-20.0, 100.0)
