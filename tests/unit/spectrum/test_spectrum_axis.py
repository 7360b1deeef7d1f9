"""The internal axis follows the decaying meson."""

from __future__ import annotations

import hist
import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.spectrum.axis import missing_mass_axis
from hnlpeak.theory.mesons import MESONS


def test_axis_of_kaons() -> None:
    axis = missing_mass_axis("K+").regular()
    assert np.array_equal(axis.edges, hist.axis.Regular(45_000, -400.0, 500.0).edges)


@pytest.mark.parametrize(
    ("meson", "low", "high"), [("pi+", -120.0, 150.0), ("D_s+", -1600.0, 2000.0), ("B+", -4800.0, 6000.0)]
)
def test_axes_of_others(meson: str, low: float, high: float) -> None:
    axis = missing_mass_axis(meson)
    assert (axis.low, axis.high) == (low, high)
    assert axis.width <= 0.02 * (1.0 + 1e-12)
    assert axis.low + axis.bins * axis.width == pytest.approx(high)


@pytest.mark.parametrize("meson", MESONS)
def test_no_missing_mass_is_beyond(meson: str) -> None:
    assert MESONS[meson].mass <= missing_mass_axis(meson).high < 1.5 * MESONS[meson].mass


def test_unknown_meson() -> None:
    with pytest.raises(UsageError, match="unknown meson"):
        missing_mass_axis("K0")
