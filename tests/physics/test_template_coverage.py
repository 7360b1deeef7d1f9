"""Backgrounds from templates and a scaled control run: is b +- sigma_b honest, do limits cover, are windows correlated?

A toy draws everything again that the errors stand for: the simulated decays, the control run, the data, N_K, the rate
of each mode within its error and the carrying of the halo's scale from its region to the windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import hist
import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.background.template_sums import components
from hnlpeak.background.templates import TemplateBackground, template_estimates
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.fixed_point import FIXED_POINT
from hnlpeak.statistics import Gaussian, rolke_lopez

SELECTIONS, MODES, KAONS = ("search", "halo"), ("kmu2", "kmu3"), 1e6
ERRORS, CARRY, KAON_ERROR, SIMULATED, CONTROL = {"kmu2": 0.1, "kmu3": 0.05}, 0.2, 0.02, 20.0, 4.0
CARD = TemplateBackground.model_validate(
    {
        "method": "templates",
        "errors": ERRORS,
        "control_low": "240 MeV",
        "control_high": "290 MeV",
        "control_run": {
            "selection": "halo",
            "low": "300 MeV",
            "high": "380 MeV",
            "error": CARRY,
            "muons": 1000,
            "reference": "toy",
            "confidence": "E",
        },
        "reference": "toy",
        "confidence": "E",
    }
)
# events a MeV in the search, and in the region of the halo: kmu2 falls, kmu3 is flat, halo rises
DECAYS = np.array([[np.linspace(3.0, 1.0, 200), np.full(200, 4.0)], [np.full(200, 0.02), np.full(200, 0.03)]])
HALO = np.array([np.linspace(0.5, 4.0, 200), np.full(200, 3.0)])
LOW = np.array([310.0, 350.0])
WIDTH = 6.0
AT: dict[str, Any] = {"selections": ["search", "search"], "low": LOW, "high": LOW + WIDTH}


@dataclass(frozen=True)
class Toys:
    """Arrays (toy, window): estimate, its error, true expectation. ``expected``: correlation that the errors imply."""

    estimate: NDArray[np.float64]
    error: NDArray[np.float64]
    truth: NDArray[np.float64]
    expected: float


def spectrum(values: NDArray[Any], components: tuple[str, ...], weight: float = 0.0) -> Spectrum:
    common: dict[str, Any] = {
        "selections": SELECTIONS,
        "components": components,
        "simulated": True,
        "label": "toy",
        "decays_in_fiducial": KAONS,
        "axis": hist.axis.Regular(200, 200.0, 400.0, name="m_miss"),
    }
    if not weight:
        return Spectrum.from_counts(values.astype(np.int64), **common)
    w = np.rint(values * weight * FIXED_POINT).astype(np.int64)
    return Spectrum.from_weights(w, np.rint(w * weight).astype(np.int64), **common)


@cache
def toys(exposure: float, count: int) -> Toys:
    rng = np.random.Generator(np.random.Philox(int(91 * exposure) + count))
    windows = [slice(int(low - 200.0), int(low - 200.0 + WIDTH)) for low in LOW]
    rows, correlation = [], []
    for _ in range(count):
        rates = np.array([1.0 + ERRORS[mode] * rng.normal() for mode in MODES])
        carried = 1.0 + CARRY * rng.normal()
        decays = exposure * DECAYS
        true = decays * rates[None, :, None]
        # the data's halo is the control run's; from the region to the windows it may change its size
        halo = exposure * HALO * np.array([carried, 1.0])[:, None]
        inputs = BackgroundInputs(
            spectrum(rng.poisson(SIMULATED * decays), MODES, weight=1.0 / SIMULATED),
            spectrum(rng.poisson(CONTROL * exposure * HALO)[:, None], ("halo",)),
        )
        data = spectrum(rng.poisson(true.sum(axis=1) + halo)[:, None], ("data",))
        kaons = {"n_kaon": np.full(2, KAONS * (1.0 + KAON_ERROR * rng.normal()))}
        found = template_estimates(
            data, inputs, CARD, **AT, **kaons, n_kaon_error=np.full(2, KAON_ERROR * KAONS)
        )
        truth = [(true[0].sum(axis=0) + halo[0])[window].sum() for window in windows]
        rows.append((found.background, found.error, truth))
        if len(correlation) < 50:
            parts, _halo = components(data, inputs, CARD, **AT, **kaons)
            # the statistics of the halo's scale are in its parts
            shared = [part for p in parts.values() for part in p.parts.values()]
            shared.append(KAON_ERROR * sum(parts[mode].events for mode in MODES))
            correlation.append(sum(s[0] * s[1] for s in shared) / np.prod(found.error))
    estimate, error, truth = (np.array(column) for column in zip(*rows, strict=True))
    return Toys(estimate, error, truth, float(np.mean(correlation)))


SIZES = [pytest.param(300, id="300"), pytest.param(2000, id="2000", marks=pytest.mark.slow)]


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("exposure", [0.3, 3.0])
def test_pulls_of_backgrounds_from_templates(exposure: float, count: int) -> None:
    made = toys(exposure, count)
    pulls = (made.estimate - made.truth) / made.error
    for k in range(2):
        print(
            f"window {LOW[k]:g}: b {made.truth[:, k].mean():.1f}, pull {pulls[:, k].mean():+.3f} "
            f"width {pulls[:, k].std():.3f}"
        )
        # the estimate and its error fluctuate together: a few per cent of a standard deviation
        assert abs(pulls[:, k].mean()) < 4.9 / np.sqrt(count) + 0.08
        assert pulls[:, k].std() == pytest.approx(1.0, abs=4.9 / np.sqrt(2.0 * count) + 0.06)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("exposure", [0.3, 3.0])
def test_errors_of_windows_are_correlated_as_their_parts_say(exposure: float, count: int) -> None:
    made = toys(exposure, count)
    seen = float(np.corrcoef((made.estimate - made.truth).T)[0, 1])
    print(f"correlation {seen:.3f}, from the parts {made.expected:.3f}")
    assert made.expected > 0.2
    assert np.arctanh(seen) == pytest.approx(np.arctanh(made.expected), abs=4.9 / np.sqrt(count) + 0.06)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("exposure", [0.3, 3.0])
@pytest.mark.parametrize("events", [0.0, 3.0, 10.0, 30.0])
def test_limits_on_templates_cover(events: float, exposure: float, count: int) -> None:
    """The upper end of a two-sided 90 % interval: nominal 0.95, by exact sums 0.93 and more at these backgrounds."""
    made = toys(exposure, count)
    rng = np.random.Generator(np.random.Philox(int(events) + 1000 * count))
    n = rng.poisson(np.maximum(made.truth, 0.0) + events)
    upper = rolke_lopez(n, background=Gaussian(made.estimate, made.error)).upper
    share = np.mean(upper >= events, axis=0)
    print(f"{events:g} events: upper coverage {share}")
    assert np.all(share > 0.93 - 4.9 * np.sqrt(0.07 * 0.93 / count))
