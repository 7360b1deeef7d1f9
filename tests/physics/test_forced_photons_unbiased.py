"""Templates of 2015 whose photons are forced away agree with plain sampling, in totals and spectra."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.sample_run import run_sample
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.analysis_card import Template
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.simulation.sample import mode_sample

VETOES = ("LAV", "IRC", "SAC")
EDGES = np.arange(140.0, 470.0, 30.0)


@cache
def search() -> Analysis:
    return load_analysis("na62-2015-ke2")


@cache
def beam() -> BeamCalibration:
    return calibrate(mode_sample("calibration", "pi3", 40_000), search().experiment, RunContext(seed=1))


def options(mode: str) -> dict[str, float]:
    """What the card forces in the template of a mode."""
    template = next(t for t in search().card.samples.templates if t.mode == mode)
    fields = set(Template.model_fields) - {"mode", "decays"}
    return {name: getattr(template, name) for name in fields}


def selected(
    name: str, mode: str, decays: int, without: tuple[str, ...], forced: dict[str, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Selected events per decay in bins, with their variances, after all cuts but some."""
    card = search().card
    left = card.model_copy(update={"cuts": [cut for cut in card.cuts if cut.name not in without]})
    sample = mode_sample(name, mode, decays, **forced)
    made = run_sample(sample, search().experiment, left, beam(), RunContext(seed=4))
    edges, values, variances = made.spectrum.project("loose")
    places = np.searchsorted(edges, EDGES)
    n = made.decays_in_fiducial
    sums = [np.diff(np.concatenate([[0.0], np.cumsum(x)])[places]) for x in (values, variances)]
    return sums[0] / n, sums[1] / n**2


@pytest.mark.parametrize(
    ("mode", "without", "plain", "forced", "least"),
    [
        ("ke3", (*VETOES, "LKr clusters"), 200_000, 400_000, 6),  # nothing is asked of the photons
        ("ke3", VETOES, 400_000, 400_000, 4),  # both leave the calorimeter
        ("ke3", ("LKr clusters",), 200_000, 400_000, 6),  # none hits the other vetoes
        ("pipi0", (*VETOES, "LKr clusters", "E/p", "RICH"), 200_000, 400_000, 1),
    ],
)
def test_forced_photons_keep_totals_and_spectra(
    mode: str, without: tuple[str, ...], plain: int, forced: int, least: int
) -> None:
    from scipy.special import gammaincc

    biased = options(mode)
    assert biased["forced_soft"] > 0.0
    assert biased["forced_near"] > 0.0
    assert biased["forced_gap"] > 0.0
    assert (biased["forced_spread"] > 0.0) == (mode == "ke3")
    assert (biased["forced_both"] > 0.0) == (mode == "ke3")
    name = "".join(without)
    found, spread = selected(f"forced/{mode}/{name}", mode, forced, without, biased)
    expected, natural = selected(f"plain/{mode}/{name}", mode, plain, without, {})
    keep = (expected**2 > 10.0 * natural) & (found**2 > 10.0 * spread)
    assert keep.sum() >= least
    pull = (found - expected)[keep] / np.sqrt(spread + natural)[keep]
    assert float(gammaincc(0.5 * keep.sum(), 0.5 * float(pull @ pull))) > 1e-6, pull
    total = (found - expected).sum() / np.sqrt((spread + natural).sum())
    assert abs(total) < 4.9


@pytest.mark.slow
def test_all_cuts_let_as_many_through() -> None:
    """Two photons lost by nature: twelve events in three million decays."""
    found, spread = selected("forced/ke3", "ke3", 1_000_000, (), options("ke3"))
    expected, natural = selected("plain/ke3", "ke3", 3_000_000, (), {})
    assert np.sqrt(spread.sum()) < 0.1 * found.sum()
    assert expected.sum() > 0.0
    assert abs(found.sum() - expected.sum()) < 4.9 * np.sqrt(found.sum() / 3_000_000 + spread.sum())
    assert natural.sum() > 0.0


def test_mixtures_of_ways_agree() -> None:
    """Other shares of all ways, and leptons as by nature in most decays: the same events in ranges of missing mass."""
    card = options("ke3")
    other = card | {
        "forced_soft": 0.45,
        "forced_gap": 0.2,
        "forced_near": 0.3,
        "forced_both": 0.03,
        "forced_pairs": 0.1,
        "forced_spread": 0.3,
    }
    assert all(
        card[name] != other[name] for name in ("forced_soft", "forced_gap", "forced_near", "forced_both")
    )
    (a, va), (b, vb) = (selected(f"mixture/{k}", "ke3", 800_000, (), o) for k, o in enumerate((card, other)))
    assert va.sum() < vb.sum()
    ranges = np.searchsorted(EDGES, [170.0, 260.0, 350.0, 410.0])  # each to the next one, the last to the end
    x, y, vx, vy = (np.add.reduceat(values, ranges) for values in (a, b, va, vb))
    assert np.all(x > 5.0 * np.sqrt(vx))
    pull = (x - y) / np.sqrt(vx + vy)
    assert np.abs(pull).max() < 4.5, pull
    assert abs((a - b).sum()) < 4.5 * np.sqrt((va + vb).sum())
