"""Data drawn from the expected spectrum: the numbers of plain simulation, without simulating every decay."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.estimation.peak import mode_fraction
from hnlpeak.execution.context import RunContext
from hnlpeak.execution.run import usable_cpus
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.limits.search import Search
from hnlpeak.searches.expected import Expectation, drawn
from hnlpeak.searches.plan import SIGNAL, Injection, plan
from hnlpeak.searches.run import run_search
from hnlpeak.spectrum.axis import m_miss_axis
from hnlpeak.spectrum.fixed_point import FIXED_POINT, LARGEST_SUM
from hnlpeak.spectrum.spectrum import Spectrum

KAONS = 3e5
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def made(analysis: Analysis, pseudo_data: str, **given: object) -> Search:
    context = RunContext(seed=8, workers=usable_cpus())
    return run_search(analysis, context=context, pseudo_data=pseudo_data, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The made-up search with the two modes alone that it has templates of, and fewer decays."""
    folder = tmp_path_factory.mktemp("cards")
    text = (EXAMPLES / "compact-kmu2.toml").read_text("utf-8")
    for pattern, value in (
        (r"background_modes = .*", 'background_modes = ["kmu2", "kmu3"]'),
        (r"normalisation_decays = .*", "normalisation_decays = 50_000"),
        (r"calibration_decays = .*", "calibration_decays = 50_000"),
        (r"signal_decays = .*", "signal_decays = 10_000"),
    ):
        text, count = re.subn(rf"(?m)^{pattern}$", value, text)
        assert count == 1
    (folder / "card.toml").write_text(text, "utf-8")
    shutil.copy(EXAMPLES / "compact.toml", folder)
    return load_analysis(folder / "card.toml")


@pytest.mark.parametrize("scale", [0.02, 0.7, 30.0, 1e12])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_draw_has_the_mean_and_the_variance_of_a_count(scale: float, share: float) -> None:
    n = 20_000
    for turned in (1, -1):
        means = np.stack([np.full((1, n), scale), np.full((1, n), share * scale)])[::turned]
        counts = drawn(means, np.random.Generator(np.random.Philox(4)))
        for mean, count in zip(means[:, 0, 0], counts[:, 0], strict=True):
            assert abs(count.mean() - mean) <= 5.0 * np.sqrt(mean / n)
            assert abs(count.var() - mean) <= 5.0 * np.sqrt((2.0 * mean**2 + mean) / n)
        wide, narrow = counts[::turned, 0]
        assert np.all(narrow <= wide)


def test_the_sources_are_those_of_simulated_data() -> None:
    analysis = load_analysis("na62-2015-ke2")
    inject = Injection(300.0, 1e-4)
    simulated, expected = (
        plan(analysis, inject=inject, pseudo_data=kind) for kind in ("simulated", "expected")
    )  # type: ignore[arg-type]
    assert simulated.data is not None
    assert expected.data is None
    assert set(expected.expected) == set(simulated.data.components)
    names = {sample.name for sample in expected.expected.values()}
    assert names == {*(sample.name for sample in expected.templates.values()), "expected/signal"}
    assert not simulated.expected


def test_halo_and_lost_photons_have_samples_of_their_own() -> None:
    todo = plan(load_analysis("na62-2007-kmu2"), pseudo_data="expected")
    names = [sample.name for sample in todo.expected.values()]
    assert names[-1] == "expected/halo"
    assert all(name.startswith("expected/") for name in names)
    assert len(todo.samples) == len({sample.name for sample in todo.samples})


def test_the_same_numbers_as_plain_simulation_at_a_small_exposure(analysis: Analysis) -> None:
    plain, drawn_, whole = (made(analysis, kind, kaons=KAONS) for kind in ("simulated", "expected", "asimov"))
    names = plain.data.selections  # type: ignore[union-attr]
    edges = plain.data.edges  # type: ignore[union-attr]
    fine = np.linspace(edges[0], edges[-1], 91)
    templates = whole.templates
    assert templates is not None
    # data are of two modes alone: as many as so many kaons have
    true = KAONS / sum(mode_fraction(mode).value for mode in ("kmu2", "kmu3"))
    for name in names:
        counts = {
            kind: found.data.between(name, fine[:-1], fine[1:]).values  # type: ignore[union-attr]
            for kind, found in (("plain", plain), ("drawn", drawn_), ("whole", whole))
        }
        expected = counts["whole"]
        simulated = templates.scaled_to(true) ** 2 * templates.between(name, fine[:-1], fine[1:]).variances
        some = expected > 10.0
        assert some.sum() >= 8
        # the draw shares the templates' own fluctuations, plain simulation does not
        for kind, variance in (("drawn", expected), ("plain", expected + simulated)):
            pulls = (counts[kind] - expected)[some] / np.sqrt(variance[some])
            assert np.abs(pulls).max() < 5.5, (name, kind)
            assert 0.5 < np.sqrt(np.mean(pulls**2)) < 1.6, (name, kind)
    kaons = [found.result.normalisation.n_kaon for found in (plain, drawn_, whole)]
    for n_kaon in kaons:
        assert abs(n_kaon.value - true) < 5.0 * n_kaon.error
    limits = [np.nanmedian(found.result.limits.expected.median.u2) for found in (plain, drawn_, whole)]
    assert max(limits) < 1.25 * min(limits)
    assert [found.result.exposure.pseudo_data for found in (plain, drawn_, whole)] == [  # type: ignore[union-attr]
        None,
        "expected",
        "asimov",
    ]


def lumpy(component: str) -> tuple[Spectrum, float]:
    """A template of a dozen events with very different weights, as one of which a hundred are expected."""
    rng, axis = np.random.default_rng(len(component)), m_miss_axis()
    w = np.zeros((2, 1, len(axis)))
    places = np.searchsorted(axis.edges, rng.uniform(160.0, 440.0, 12))
    w[:, 0, places] = rng.exponential(size=12) ** 3
    fixed = np.rint(FIXED_POINT * w).astype(np.int64), np.rint(FIXED_POINT * w**2).astype(np.int64)
    made = Spectrum.from_weights(
        *fixed, selections=["tight", "loose"], components=[component], simulated=True, label="t", axis=axis
    )
    return made, 100.0


def test_smooth_data_keep_what_is_expected_and_the_signal() -> None:
    parts = {name: lumpy(name) for name in ("kmu2", "ke3", SIGNAL)}
    means = np.stack([scale * made.values[:, 0] for made, scale in parts.values()], axis=1)
    like = next(iter(parts.values()))[0]
    raw = Expectation(means, tuple(parts), 1e12, like, tuple(parts.values()))
    found = raw.smooth(150.0, 475.0)
    middles = 0.5 * (like.edges[1:] + like.edges[:-1])
    inside = (middles > 150.0) & (middles < 475.0)
    assert np.array_equal(found.means[:, 2], raw.means[:, 2])
    assert np.array_equal(found.means[..., ~inside], raw.means[..., ~inside])
    assert found.means.sum(axis=2) == pytest.approx(raw.means.sum(axis=2), rel=1e-9)
    # no bin of 0.02 MeV differs from its neighbours as the lumps did
    for k in (0, 1):
        assert np.count_nonzero(raw.means[0, k]) == 12
        steps = np.abs(np.diff(found.means[0, k][inside]))
        assert steps.max() < 1e-3 * found.means[0, k].max()


def test_what_is_known_is_all_but_the_signal() -> None:
    """Outside of the side bands' range as well, where windows may lie; a bin of the peak may hold more than is kept."""
    parts = {name: lumpy(name) for name in ("kmu2", "ke3", SIGNAL)}
    means = np.stack([scale * made.values[:, 0] for made, scale in parts.values()], axis=1)
    like = next(iter(parts.values()))[0]
    means[:, 0, 7] = 2.0 * LARGEST_SUM
    whole = Expectation(means, tuple(parts), 1e12, like, tuple(parts.values()))
    known, some = whole.known(), np.arange(means.shape[2]) != 7
    expected = means[:, :2].sum(axis=1)
    np.testing.assert_allclose(known.values[:, 0][:, some], expected[:, some], atol=1e-9)
    np.testing.assert_allclose(known.values[:, 0, 7], LARGEST_SUM)


def test_too_much_for_asimov_data_is_said(analysis: Analysis) -> None:
    with pytest.raises(UsageError, match="give fewer --kaons, or --pseudo-data expected"):
        made(analysis, "asimov", kaons=1e13)


def test_statistics_of_the_templates_are_told(analysis: Analysis) -> None:
    """Ten times the exposure has a tenth of the templates' events over the data's."""
    few, many = (made(analysis, "expected", kaons=kaons).result.templates for kaons in (1e9, 1e10))
    assert few is not None
    assert many is not None
    some = few.effective > 0.0
    assert some.sum() > 2
    assert few.effective == pytest.approx(many.effective, rel=1e-6)
    assert few.over_data[some] / many.over_data[some] == pytest.approx(np.full(some.sum(), 10.0), rel=0.05)
    assert np.all(few.over_data[~some] == 0.0)


@pytest.mark.slow
def test_the_same_limits_as_plain_simulation_at_the_exposure_of_2015() -> None:
    analysis = load_analysis("na62-2015-ke2")
    plain, drawn_ = made(analysis, "simulated"), made(analysis, "expected")
    a, b = plain.result, drawn_.result
    pull = (a.normalisation.n_kaon.value - b.normalisation.n_kaon.value) / np.hypot(
        a.normalisation.n_kaon.stat, b.normalisation.n_kaon.stat
    )
    assert abs(pull) < 5.0
    sound = a.sound & b.sound
    assert sound.sum() > 200
    ratio = (b.limits.expected.median.u2 / a.limits.expected.median.u2)[sound]
    assert 0.93 < np.median(ratio) < 1.07
    # backgrounds of neighbouring masses share their side bands: compare what they share least
    far = slice(0, None, 25)
    pulls = (
        (b.background.background - a.background.background) / np.hypot(b.background.error, a.background.error)
    )[far]
    assert np.abs(pulls).max() < 5.0
    observed = (b.limits.observed.u2 / a.limits.observed.u2)[sound]
    assert 0.8 < np.median(observed) < 1.25
