from __future__ import annotations

import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import flux_record, measure_flux

A = Measured(0.22, syst=0.001)
B = Measured(1.582e-5, syst=0.007e-5)


def test_solves_for_the_flux_that_its_own_background_shares() -> None:
    n_kaon, beta, fixed = 3.01e8, 2e-8, 12.0
    n_sm = n_kaon * (A.value * B.value + beta) + fixed
    flux = measure_flux(
        n_sm,
        acceptance_sm=A,
        branching_fraction=B,
        background_per_kaon=Measured(beta, syst=0.4e-8),
        background_events=Measured(fixed, syst=3.0),
    )
    assert flux.n_kaon.value == pytest.approx(n_kaon, rel=1e-12)
    assert flux.n_background is not None
    assert flux.n_background.value == pytest.approx(fixed + n_kaon * beta, rel=1e-12)
    assert flux.n_kaon.stat == pytest.approx(n_sm**0.5 / (A.value * B.value + beta), rel=1e-12)


@pytest.mark.parametrize(
    ("which", "error"),
    [
        ("acceptance_sm", 1e-3),
        ("branching_fraction", 7e-8),
        ("background_per_kaon", 4e-9),
        ("background_events", 3.0),
    ],
)
def test_each_systematic_error_is_the_shift_it_causes(which: str, error: float) -> None:
    values = {
        "acceptance_sm": 0.22,
        "branching_fraction": 1.582e-5,
        "background_per_kaon": 2e-8,
        "background_events": 12.0,
    }

    def flux(shift: float, syst: float) -> Measured:
        inputs = {
            name: Measured(value + (shift if name == which else 0.0), syst=syst if name == which else 0.0)
            for name, value in values.items()
        }
        return measure_flux(1071.0, **inputs).n_kaon

    step = 1e-4 * error
    slope = (flux(step, 0.0).value - flux(-step, 0.0).value) / (2.0 * step)
    assert flux(0.0, error).syst == pytest.approx(abs(slope) * error, rel=1e-6)


@pytest.mark.parametrize(
    ("n_sm", "acceptance", "background", "message"),
    [
        (10.0, 0.0, 0.0, "must be positive"),
        (10.0, 0.2, 11.0, "no events above"),
        (0.0, 0.2, 0.0, "no events above"),
    ],
)
def test_no_flux(n_sm: float, acceptance: float, background: float, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        measure_flux(
            n_sm,
            acceptance_sm=Measured(acceptance),
            branching_fraction=B,
            background_events=Measured(background),
        )


def test_record_keeps_values_and_errors() -> None:
    record = flux_record(measure_flux(1048.0, acceptance_sm=A, branching_fraction=B))
    assert record["n_kaon"]["value"] == pytest.approx(1048.0 / (0.22 * 1.582e-5))
    assert record["acceptance_sm"]["syst"] == 0.001
    assert record["n_sm"] == 1048.0
