"""N_K from the peak of a spectrum: what is subtracted from it, and with which sign."""

from __future__ import annotations

import hist
import numpy as np
import pytest

from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.chain.sample_run import SampleResult
from hnlpeak.core.errors import UsageError
from hnlpeak.estimation.peak import mode_fraction, peak_flux, peak_region
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.spectrum.axis import m_miss_axis
from hnlpeak.spectrum.fixed_point import FIXED_POINT
from hnlpeak.spectrum.spectrum import Spectrum

CARD = load_analysis("na62-2007-kmu2").card
SELECTIONS = ["normalisation", "search", "halo"]
AXIS = m_miss_axis()
CENTRES = np.asarray(AXIS.centers)
PEAK = int(np.argmin(np.abs(CENTRES)))
REGION = int(
    np.argmin(np.abs(CENTRES - 0.5 * (CARD.background.control_run.low + CARD.background.control_run.high)))
)
N_K, ACCEPTANCE, OTHERS = 1e6, 0.5, 0.01  # decays; of the mode, and of the other modes under the peak
HALO_PEAK, HALO_REGION, SCALE = 400.0, 800.0, 3.0
IN_REGION = 2e-4  # decays in the region of the halo


def counts(**places: float) -> np.ndarray:
    """[selection, bin]: events ``peak`` in the bin of the peak, ``region`` in that of the halo; all selections."""
    table = np.zeros((3, CENTRES.size))
    table[:, PEAK] = places.get("peak", 0.0)
    table[:, REGION] = places.get("region", 0.0)
    return table


def spectrum(
    components: dict[str, np.ndarray], decays: float | None = None, weighted: bool = False
) -> Spectrum:
    table = np.stack(list(components.values()), axis=1)
    common = {
        "selections": SELECTIONS,
        "components": list(components),
        "simulated": True,
        "label": "made",
        "decays_in_fiducial": decays,
    }
    if weighted:
        fixed = np.rint(table * FIXED_POINT).astype(np.int64)
        return Spectrum.from_weights(fixed, fixed, **common)
    return Spectrum.from_counts(np.rint(table).astype(np.int64), **common)


def normalisation() -> SampleResult:
    made = spectrum({"kmu2": counts(peak=1e5 * ACCEPTANCE)}, 1e5)
    return SampleResult(made, (), 200_000, 100_000, 60_000)


def sources() -> BackgroundInputs:
    modes = {name: counts() for name in CARD.background.errors}
    fraction = mode_fraction("kmu2", CARD.fractions).value
    modes["kmu2"] = counts(peak=1e6 * fraction * ACCEPTANCE)
    other = next(name for name in modes if name != "kmu2")
    modes[other] = counts(peak=1e6 * OTHERS, region=1e6 * IN_REGION)
    decays = spectrum(modes, 1e6, weighted=True)
    return BackgroundInputs(decays, spectrum({"halo": counts(peak=HALO_PEAK, region=HALO_REGION)}))


def data(halo: float) -> Spectrum:
    peak = N_K * (mode_fraction("kmu2", CARD.fractions).value * ACCEPTANCE + OTHERS) + halo * HALO_PEAK
    return spectrum({"data": counts(peak=peak, region=N_K * IN_REGION + halo * HALO_REGION)})


def test_halo_and_other_decays_under_the_peak_are_subtracted() -> None:
    """The data are made of N_K decays and ``SCALE`` times the control run: N_K comes back."""
    for scale in (0.0, SCALE, 20.0):
        flux = peak_flux(CARD, data(scale), normalisation(), sources())
        assert flux.n_kaon.value == pytest.approx(N_K, rel=1e-5)
        assert flux.n_background is not None
        expected = N_K * OTHERS + scale * HALO_PEAK
        assert flux.n_background.value == pytest.approx(expected, rel=1e-3)


def test_the_control_run_adds_its_error() -> None:
    with_halo, without = (peak_flux(CARD, data(s), normalisation(), sources()).n_kaon for s in (20.0, 0.0))
    rate = mode_fraction("kmu2", CARD.fractions).value * ACCEPTANCE + OTHERS
    # scale of 20 with the card's relative error, on 400 events
    assert with_halo.syst > 0.9 * 20.0 * HALO_PEAK * CARD.background.control_run.error / rate
    assert with_halo.syst > without.syst


def test_without_sources_the_whole_peak_is_signal() -> None:
    flux = peak_flux(
        CARD.model_copy(update={"background": load_analysis("na62-2015-ke2").card.background}),
        data(0.0),
        normalisation(),
        None,
    )
    rate = mode_fraction("kmu2", CARD.fractions).value * ACCEPTANCE
    assert flux.n_kaon.value == pytest.approx(N_K * (rate + OTHERS) / rate, rel=1e-5)
    assert flux.acceptance_sm is not None
    assert flux.acceptance_sm.value == ACCEPTANCE
    assert flux.acceptance_sm.stat == pytest.approx((ACCEPTANCE * (1 - ACCEPTANCE) / 1e5) ** 0.5, rel=1e-9)


def test_no_event_in_the_peak() -> None:
    with pytest.raises(UsageError, match="no event in the Standard-Model region"):
        peak_flux(CARD, spectrum({"data": counts(region=10.0)}), normalisation(), sources())


def test_region_is_symmetric_on_the_bins() -> None:
    low, high = peak_region(CARD, data(0.0))
    width = float(AXIS.widths[0])
    assert low == pytest.approx(-high, abs=1e-9)
    assert abs(high - CARD.normalisation.m2_max**0.5) <= 0.5 * width


@pytest.mark.parametrize("ends", [(-1.0, 500.0), (-400.0, 1.0), (1.0, 500.0)])
def test_a_spectrum_that_ends_inside_the_peak_is_refused(ends: tuple[float, float]) -> None:
    """At either end: what is left of the peak would be taken for all of it."""
    short = Spectrum.from_counts(
        np.ones((1, 1, 100), dtype=np.int64),
        selections=["normalisation"],
        components=["data"],
        simulated=False,
        label="short",
        axis=hist.axis.Regular(100, *ends, name="m_miss"),
    )
    with pytest.raises(UsageError, match=r"'short' .* does not hold the Standard-Model peak"):
        peak_region(CARD, short)
