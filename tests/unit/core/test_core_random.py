"""Streams of random numbers: distributions, and numbers that belong to a decay alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from hnlpeak.core.kernel import kernel
from hnlpeak.core.random import Stream, begin

N = 1_000_000
P_MIN = 1e-6


@kernel
def draw(rng: Stream, first: int, stage: int, out: NDArray[np.float64]) -> None:
    """One number of each kind for each decay."""
    for i in range(out.shape[1]):
        begin(rng, first + i, stage)
        out[0, i] = rng.random()
        out[1, i] = rng.standard_normal()
        out[2, i] = rng.exponential()
        out[3, i] = rng.poisson(12.5)


def drawn(key: tuple[int, int] = (1, 2), first: int = 0, stage: int = 0, n: int = N) -> NDArray[np.float64]:
    out = np.zeros((4, n))
    draw(Stream(*key), first, stage, out)
    return out


def test_numbers_follow_their_distributions() -> None:
    uniform, normal, exponential, poisson = drawn()
    assert stats.kstest(uniform, "uniform").pvalue > P_MIN
    assert stats.kstest(normal, "norm").pvalue > P_MIN
    assert stats.kstest(exponential, "expon").pvalue > P_MIN
    counts = np.bincount(poisson.astype(int), minlength=40)[:40]
    expected = N * stats.poisson.pmf(np.arange(40), 12.5)
    kept = expected > 20.0
    assert stats.chi2.sf(((counts - expected)[kept] ** 2 / expected[kept]).sum(), kept.sum()) > P_MIN


@pytest.mark.parametrize("above", [3.0, 3.654, 3.7, 4.0])
def test_tails_are_those_of_the_laws(above: float) -> None:
    # the ziggurat's last layer begins at 3.654 and 7.697
    normal = np.concatenate([drawn(stage=stage)[1] for stage in range(4)])
    expected = normal.size * 2.0 * stats.norm.sf(above)
    assert abs((np.abs(normal) > above).sum() - expected) < 5.0 * np.sqrt(expected)
    exponential = np.concatenate([drawn(stage=stage)[2] for stage in range(4)])
    expected = exponential.size * np.exp(-2.1 * above)
    assert abs((exponential > 2.1 * above).sum() - expected) < 5.0 * np.sqrt(expected)


def test_a_decay_has_its_numbers_wherever_one_begins() -> None:
    whole, later = drawn(n=2000), drawn(first=1500, n=500)
    assert np.array_equal(whole[:, 1500:], later)


@pytest.mark.parametrize("other", [{"key": (1, 3)}, {"key": (2, 2)}, {"stage": 1}, {"first": 1}])
def test_other_keys_stages_and_decays_have_other_numbers(other: dict[str, object]) -> None:
    a, b = drawn(n=100_000), drawn(n=100_000, **other)  # type: ignore[arg-type]
    assert not np.any(a[0] == b[0])
    for x, y in zip(a[:3], b[:3], strict=True):
        assert abs(np.corrcoef(x, y)[0, 1]) < 5.0 / np.sqrt(x.size)


def test_neighbours_are_not_correlated() -> None:
    for x in drawn()[:3]:
        assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 5.0 / np.sqrt(N)


def test_python_draws_what_kernels_draw() -> None:
    stream = Stream(1, 2)
    found = [stream.random(), stream.standard_normal(), stream.exponential(), float(stream.poisson(12.5))]
    assert found == drawn(n=1)[:, 0].tolist()


def test_a_generator_of_numpy_goes_on() -> None:
    @kernel
    def two(rng: np.random.Generator) -> tuple[float, float]:
        first = rng.random()
        begin(rng, 0, 0)
        return first, rng.random()

    a, b = two(np.random.Generator(np.random.Philox(1)))
    expected = np.random.Generator(np.random.Philox(1)).random(2)
    assert [a, b] == expected.tolist()
