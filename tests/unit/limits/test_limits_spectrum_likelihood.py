"""Likelihoods of whole spectra: against pyhf with the same model, doubled exposure, and toys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyhf_limit import pyhf_limit
from single_function import Single

from hnlpeak.background.bands import shape_design
from hnlpeak.background.functions import SidebandModel
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.signal import SignalModel, SignalPoint, signal_model
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.limits.combine import combine
from hnlpeak.limits.peaked import Peaked, peaked
from hnlpeak.limits.scan import scan
from hnlpeak.limits.search import Search
from hnlpeak.limits.spectrum_likelihood import spectrum_pieces
from hnlpeak.limits.windowed import Windowed, disjoint, windowed
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.window import search_window
from hnlpeak.statistics import SharedRate

EDGES = np.linspace(240.0, 360.0, 1201)
ANALYSIS = load_analysis("na62-2015-ke2")
CARD = ANALYSIS.card
assert isinstance(CARD.background, SidebandBackground)


def flat(per_group: float, times: float = 1.0, seed: int = 1, order: int = 0, single: bool = True) -> Peaked:
    """Counts about 300 MeV, resolution 4 MeV; what is expected is the truth."""
    design = shape_design([search_window(300.0, 4.0, k=1.0, edges=EDGES)], EDGES, CARD.background)
    truth = per_group * design.basis[:, :, 0] / design.basis[0, 0, 0]
    counts = np.random.Generator(np.random.Philox(seed)).poisson(truth).astype(float)
    model = (Single if single else SidebandModel)(order, order + 1)
    return peaked(design, times * counts, design.signal, model, times * truth)


def free(name: str, data: NDArray[np.float64]) -> dict[str, Any]:
    factor = {"name": name, "type": "normfactor", "data": None}
    return {"name": name, "data": data.tolist(), "modifiers": [factor]}


@pytest.mark.filterwarnings("ignore")
def test_a_peak_on_a_constant_is_that_of_pyhf() -> None:
    one = flat(3.0)
    m = int(one.bands.groups[0])
    channel = {
        "name": "spectrum",
        "samples": [free("mu", one.bands.peak[0, :m]), free("level", 3.0 * np.ones(m))],
    }
    theirs = pyhf_limit([channel], {"spectrum": one.bands.counts[0, :m]}, low=1.2, high=60.0, bound=180.0)
    ours = SharedRate.of([one], [1.0]).interval(method="cls")
    # a barrier of 1e-4 events a group keeps backgrounds above zero
    assert np.asarray(ours.upper)[0] == pytest.approx(theirs, rel=5e-4)


def templates(seed: int = 1, signal: float = 0.0, size: int = 1) -> tuple[Windowed, dict[str, Any]]:
    """Seven windows, two errors that they share, and each mass' own statistics; the truth is drawn again."""
    rng = np.random.Generator(np.random.Philox(seed))
    mass = np.linspace(300.0, 360.0, 7)
    b, sigma = np.linspace(40.0, 12.0, 7), np.full(7, 4.0)
    own, halo, scale = 0.04 * b, np.linspace(1.0, 4.0, 7), 0.08 * b
    made = []
    share = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    for _ in range(size):
        true = b + own * rng.normal(size=7) + halo * rng.normal() + scale * rng.normal() + signal * share
        counts = rng.poisson(np.maximum(true, 0.0)).astype(float)
        shared = {"halo": halo, "scale": scale}
        made.append(windowed(mass - 5.0, mass + 5.0, mass, 0.01 * sigma, counts, b, own, shared, ["s"] * 7))
    at = np.array([3])
    parts = [one[at] for one in made]
    whole = Windowed(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Windowed.__dataclass_fields__)
    )
    return whole, {"b": b, "own": own, "halo": halo, "scale": scale}


@pytest.mark.filterwarnings("ignore")
def test_windows_with_shared_errors_are_those_of_pyhf() -> None:
    one, truth = templates()
    order = [3, 4, 5, 6, 2, 1, 0]
    b = truth["b"][order]

    def shift(name: str, part: NDArray[np.float64]) -> dict[str, Any]:
        ends = {"hi_data": (b + part).tolist(), "lo_data": (b - part).tolist()}
        return {"name": name, "type": "histosys", "data": ends}

    moves = [shift(name, truth[name][order]) for name in ("halo", "scale")]
    moves += [shift(f"own{k}", truth["own"][order] * (np.arange(7) == k)) for k in range(7)]
    samples = [free("mu", one.peak[0]), {"name": "background", "data": b.tolist(), "modifiers": moves}]
    np.testing.assert_array_equal(one.background[0], b)
    channel = {"name": "windows", "samples": samples}
    theirs = pyhf_limit([channel], {"windows": one.counts[0]}, low=0.8, high=40.0, bound=120.0)
    ours = SharedRate.of([one], [1.0]).interval(method="cls")
    assert np.asarray(ours.upper)[0] == pytest.approx(theirs, rel=3e-4)


def test_slopes_are_those_of_the_likelihoods() -> None:
    several = flat(2.0, order=2, single=False, seed=4)
    for one in (several, templates(seed=2)[0]):
        at = np.zeros(1, dtype=np.intp)
        for t in (0.0, 3.0, 20.0):
            low, high = (one.profile(at, np.array([x]))[0][0] for x in (max(t - 1e-3, 0.0), t + 1e-3))
            slope = (high - low) / (t + 1e-3 - max(t - 1e-3, 0.0))
            assert one.profile(at, np.array([t]))[1][0] == pytest.approx(slope, rel=2e-3, abs=2e-4)


@pytest.mark.parametrize("method", ["rolke-lopez", "cls"])
def test_average_data_give_the_median(method: str) -> None:
    for one in (flat(3.0), templates()[0]):
        average = SharedRate.of([one.expected()], [1.0])
        upper = np.asarray(average.interval(method=method).upper)
        np.testing.assert_allclose(upper, average.bands(method=method)[2], rtol=1e-5)


@pytest.mark.parametrize("method", ["rolke-lopez", "cls"])
def test_two_equal_spectra_are_one_of_doubled_exposure(method: str) -> None:
    one, doubled = flat(3.0, order=2), flat(3.0, 2.0, order=2)
    both = SharedRate.of([one, one], [1.0, 1.0]).interval(method=method)
    # the barrier counts twice in two spectra
    np.testing.assert_allclose(
        both.upper, SharedRate.of([doubled], [2.0]).interval(method=method).upper, rtol=2e-4
    )


def test_limits_on_windows_cover_and_neighbours_tell_of_the_errors() -> None:
    toys, events = 1500, 12.0
    many, _ = templates(seed=5, signal=events, size=toys)
    upper = np.asarray(SharedRate.of([many], [1.0]).interval().upper)
    assert np.mean(upper >= events) == pytest.approx(0.95, abs=4.9 * np.sqrt(0.05 * 0.95 / toys))
    alone = replace(many, windows=np.ones(toys, dtype=np.int64))
    assert np.median(upper) < np.median(np.asarray(SharedRate.of([alone], [1.0]).interval().upper))


def test_windows_beside_each_other_do_not_overlap() -> None:
    mass = np.arange(300.0, 331.0)
    found = disjoint(mass - 4.0, mass + 4.0, 10)
    assert [mass[i] for i in found] == [310.0, 318.0, 326.0, 302.0]


def nested(seed: int = 1) -> tuple[Search, SignalModel]:
    """A search with a tight and a loose selection, a third of whose events are in the tight one."""
    rng = np.random.Generator(np.random.Philox(seed))
    tight, rest = rng.poisson(0.1, 45_000), rng.poisson(0.2, 45_000)
    spectrum = Spectrum.from_counts(
        np.stack([tight, tight + rest])[:, None].astype(np.int64),
        selections=["tight", "loose"],
        components=["data"],
        simulated=True,
        label="flat",
    )
    points = {
        name: [
            SignalPoint(m, Measured(s), Measured(0.6827 * a), Measured(a), n_kaon=Measured(3e8))
            for m, s in ((160, 12.0), (450, 0.9))
        ]
        for name, a in (("tight", 0.2), ("loose", 0.3))
    }
    card = CARD.model_copy(
        update={"scan": CARD.scan.model_copy(update={"mass_min": 330.0, "mass_max": 370.0, "step": 4.0})}
    )
    signal = signal_model(points, window=card.scan.window, source="test")
    result = scan(spectrum, card, signal=signal)
    analysis = Analysis(card, ANALYSIS.experiment, ANALYSIS.text)
    return Search(result, analysis=analysis, data=spectrum, signal=signal), signal


def test_events_of_two_selections_count_once() -> None:
    search, _ = nested()
    tight, rest = spectrum_pieces(search)
    assert search.data is not None
    loose = search.data.project("loose").values
    for piece in (tight, rest):
        np.testing.assert_allclose(piece.mass, search.result.hypotheses.mass)
    # from the first to the last group the categories hold each loose event once, on both sides of 350 MeV
    counts = [np.asarray(piece.experiment.bands.counts).sum(axis=1) for piece in (tight, rest)]  # type: ignore[attr-defined]
    assert np.all(counts[0] > 0.0)
    for i, mass in enumerate(tight.mass):
        reach = 11.25 * search.result.hypotheses.sigma[i]
        edges = search.data.edges
        inside = (edges[:-1] > mass - reach - 0.03) & (edges[1:] < mass + reach + 0.03)
        assert counts[0][i] + counts[1][i] == pytest.approx(loose[inside].sum(), abs=6.0)
    # signals: 2/3 of the loose ones are tight, over the whole peak
    np.testing.assert_allclose(rest.signal / tight.signal, 0.5, rtol=1e-6)


def test_the_whole_spectrum_is_worth_more_than_one_selection() -> None:
    search, _ = nested()
    made = combine([search], likelihood="spectrum")
    low = made.mass < 350.0
    gain = made.expected[2] / made.own_expected[0]
    # S / sqrt B of both categories in quadrature over that of the selection, 0.67 / 0.63 and 0.67 / 0.55, and the shape
    assert 0.8 < np.median(gain[low]) < 0.95
    assert 0.68 < np.median(gain[~low]) < 0.82
    both = combine([search, search], likelihood="spectrum")
    assert np.all(both.expected[2] < 0.85 * made.expected[2])
    assert both.searches[0].count("+") == 1


def test_what_a_spectrum_needs() -> None:
    search, _ = nested()
    with pytest.raises(UsageError, match="whole folder"):
        combine([search.result], likelihood="spectrum")
    assert search.data is not None
    wrong = replace(
        search,
        data=Spectrum.from_counts(
            np.random.Generator(np.random.Philox(1)).poisson(0.2, (2, 1, 45_000)),
            selections=["tight", "loose"],
            components=["data"],
            simulated=True,
            label="apart",
        ),
    )
    with pytest.raises(UsageError, match="counted once"):
        spectrum_pieces(wrong)
    with pytest.raises(UsageError, match="--shared"):
        combine([search], likelihood="spectrum", errors=("acceptance",))
    with pytest.raises(UsageError, match="counting, spectrum"):
        combine([search], likelihood="unbinned")  # type: ignore[arg-type]
